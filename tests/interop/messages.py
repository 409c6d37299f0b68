"""Headers, certificates and what seals show (sections 6 and 8.5)."""

import spec
from chain import Chain
from hashing import header_digest, shown_digest, signed_bytes
from members import Rejected, quorum, quorum_check
from values import Certificate, EchoStatement, Excerpt, Header, SealedSource

LARGEST_COUNTER = (1 << 64) - 1


def header_check(header: Header, seats: int) -> None:
    """header-check."""
    if header.source >= seats:
        raise Rejected("malformed:unknown-seat")
    if header.first == 0:
        raise Rejected("malformed:counter")
    if not 1 <= header.len <= spec.MAX_MESSAGE_OPS:
        raise Rejected("malformed:length")
    if header.first + header.len > LARGEST_COUNTER:
        raise Rejected("malformed:counter")
    before = -1
    for seat, counter in header.causes:
        if seat <= before:
            raise Rejected("malformed:causes-unsorted")
        if seat >= seats:
            raise Rejected("malformed:unknown-seat")
        if seat == header.source or counter == 0:
            raise Rejected("malformed:needless-cause")
        before = seat


def certificate_quorum_check(certificate: Certificate, chain: Chain) -> None:
    """The quorum-check of a certificate, whose generation the chain has."""
    members = chain.has(certificate.generation)
    echo = EchoStatement(certificate.generation, header_digest(chain.network, certificate.header))
    covered = signed_bytes(chain.network, echo)
    quorum_check(members, certificate.signers, certificate.signatures, covered, quorum(len(members.actors)))


def certificate_check(certificate: Certificate, chain: Chain) -> None:
    """certificate-check."""
    header_check(certificate.header, len(chain.has(certificate.generation).seats))
    certificate_quorum_check(certificate, chain)


def sealed_source_check(shown: SealedSource, seats: int, generation: int, network: bytes) -> None:
    """sealed-source-check."""
    seal = Rejected("malformed:seal")
    first, previous = 1, network
    if shown.best is not None:
        header_check(shown.best.header, seats)
        if shown.best.header.source != shown.source or shown.best.generation > generation:
            raise seal
        first, previous = shown.best.header.last() + 1, header_digest(network, shown.best.header)
    elif not shown.open:
        raise seal
    before = b""
    for signed in shown.open:
        header_check(signed.header, seats)
        if signed.header.source != shown.source or signed.generation > generation:
            raise seal
        if signed.header.first != first or signed.header.previous != previous:
            raise seal
        own = header_digest(network, signed.header)
        if own <= before:
            raise seal
        before = own


def excerpt_check(excerpt: Excerpt, source: int, chain: Chain) -> None:
    """excerpt-check."""
    contents, shown = excerpt.contents, excerpt.shown
    if any(one[0] >= other[0] for one, other in zip(contents, contents[1:])):
        raise Rejected("malformed:seal")
    listed = dict(contents).get(source)
    if (listed is None) != (shown is None):
        raise Rejected("malformed:seal")
    if shown is None:
        return
    if shown.source != source or shown_digest(shown) != listed:
        raise Rejected("malformed:seal")
    members = chain.of(excerpt.generation)
    if members is not None:
        sealed_source_check(shown, len(members.seats), excerpt.generation, chain.network)


def hides(excerpt: Excerpt, header: Header, network: bytes) -> bool:
    """Whether a seal hides a header of the source it is an excerpt for."""
    shown = excerpt.shown
    if shown is None:
        return True
    if shown.best is not None and shown.best.header.last() >= header.first:
        return False
    own = header_digest(network, header)
    return all(header_digest(network, signed.header) != own for signed in shown.open)
