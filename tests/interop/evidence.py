"""Evidence against a member (section 10)."""

from collections.abc import Callable

import ed25519
from chain import Chain
from hashing import Statement, content_digest, header_digest, signed_bytes
from members import Rejected
from messages import certificate_quorum_check, excerpt_check, header_check, hides
from values import (
    EchoStatement, Evidence, Excerpt, FirstVoteStatement, Headers, Hidden, Invented, InventionCertificate,
    InventionOpen, PhaseFirst, Proposals, ProposeStatement, Seals, SealedSource, SealStatement, SecondVoteStatement,
    SignedDigest, SignedHeader, StaleTimeout, TimeoutStatement, Votes,
)


def no_contradiction() -> Rejected:
    """The rejection of two statements that may well be of one correct member."""
    return Rejected("malformed:no-contradiction")


class Case:
    """What one piece of evidence is verified with."""

    def __init__(self, culprit: bytes, chain: Chain) -> None:
        self.culprit = culprit
        self.chain = chain
        self.network = chain.network

    def signed(self, generation: int, statement: Statement, sig: bytes) -> None:
        """signed(g, bytes, sig)."""
        key = self.chain.has(generation).key_of(self.culprit)
        if key is None:
            raise Rejected("not-member")
        if not ed25519.verifies(key, signed_bytes(self.network, statement), sig):
            raise Rejected("invalid-signature")

    def echoed(self, signed: SignedHeader) -> None:
        """The same, of an echo."""
        statement = EchoStatement(signed.generation, header_digest(self.network, signed.header))
        self.signed(signed.generation, statement, signed.sig)

    def sealed(self, excerpt: Excerpt) -> None:
        """The same, of a seal."""
        generation = excerpt.generation
        self.chain.has(generation)
        link = self.chain.digests[generation]
        statement = SealStatement(generation, link, content_digest(excerpt.contents))
        self.signed(generation, statement, excerpt.sig)

    def two(
        self, generation: int, one: SignedDigest, other: SignedDigest, statement: Callable[[bytes], Statement]
    ) -> None:
        """Two signed digests in increasing order."""
        if one.digest >= other.digest:
            raise no_contradiction()
        for signed in (one, other):
            self.signed(generation, statement(signed.digest), signed.sig)

    def headers(self, found: Headers) -> None:
        """Two headers for one slot."""
        one, other = found.one, found.other
        for signed in (one, other):
            header_check(signed.header, len(self.chain.has(signed.generation).seats))
        if header_digest(self.network, one.header) >= header_digest(self.network, other.header):
            raise no_contradiction()
        if (one.header.source, one.header.first) != (other.header.source, other.header.first):
            raise no_contradiction()
        seats = self.chain.newest.seats
        if seats[one.header.source] != self.culprit and one.generation != other.generation:
            raise no_contradiction()
        self.echoed(one)
        self.echoed(other)

    def votes(self, found: Votes) -> None:
        """Two votes of one phase of one attempt."""
        kind = FirstVoteStatement if isinstance(found.phase, PhaseFirst) else SecondVoteStatement
        generation, attempt = found.generation, found.attempt
        self.two(generation, found.one, found.other, lambda digest: kind(generation, attempt, digest))

    def stale_timeout(self, found: StaleTimeout) -> None:
        """A second vote, and a timeout that denies it."""
        generation = found.generation
        if found.given_up < found.voted or (found.highest is not None and found.highest[0] >= found.voted):
            raise no_contradiction()
        vote = SecondVoteStatement(generation, found.voted, found.vote.digest)
        self.signed(generation, vote, found.vote.sig)
        self.signed(generation, TimeoutStatement(generation, found.given_up, found.highest), found.timeout)

    def proposals(self, found: Proposals) -> None:
        """Two proposals of one attempt."""
        generation, attempt = found.generation, found.attempt
        self.two(generation, found.one, found.other, lambda digest: ProposeStatement(generation, attempt, digest))

    def seals(self, found: Seals) -> None:
        """Two seals of one generation."""
        generation = found.generation
        self.chain.has(generation)
        link = self.chain.digests[generation]
        self.two(generation, found.one, found.other, lambda digest: SealStatement(generation, link, digest))

    def hidden(self, found: Hidden) -> None:
        """An echo that the seal does not show."""
        echo, seal = found.echo, found.seal
        header_check(echo.header, len(self.chain.has(echo.generation).seats))
        excerpt_check(seal, echo.header.source, self.chain)
        if echo.generation != seal.generation or not hides(seal, echo.header, self.network):
            raise no_contradiction()
        self.sealed(seal)
        self.echoed(echo)

    def invented(self, found: Invented) -> None:
        """A seal that shows what was never signed."""
        shown = found.seal.shown
        if shown is None:
            raise no_contradiction()
        excerpt_check(found.seal, shown.source, self.chain)
        self.sealed(found.seal)
        if isinstance(found.what, InventionCertificate):
            genuine = self.genuine_best(shown)
        else:
            genuine = self.genuine_open(shown, found.what)
        if genuine:
            raise no_contradiction()

    def genuine_best(self, shown: SealedSource) -> bool:
        """Whether there is no best certificate, or it holds."""
        if shown.best is None:
            return True
        try:
            certificate_quorum_check(shown.best, self.chain)
        except Rejected:
            return False
        return True

    def genuine_open(self, shown: SealedSource, what: InventionOpen) -> bool:
        """Whether there is no such open header, or its source has signed it, of seats that there were."""
        if what.place >= len(shown.open):
            return True
        signed = shown.open[what.place]
        source = self.chain.newest.seats[signed.header.source]
        try:
            header_check(signed.header, len(self.chain.has(signed.generation).seats))
            Case(source, self.chain).echoed(signed)
        except Rejected:
            return False
        return True


def evidence_check(evidence: Evidence, chain: Chain) -> None:
    """Verifies evidence with the chain alone."""
    if evidence.culprit not in chain.newest.seats:
        raise Rejected("not-member")
    case, found = Case(evidence.culprit, chain), evidence.contradiction
    match found:
        case Headers():
            case.headers(found)
        case Votes():
            case.votes(found)
        case StaleTimeout():
            case.stale_timeout(found)
        case Proposals():
            case.proposals(found)
        case Seals():
            case.seals(found)
        case Hidden():
            case.hidden(found)
        case Invented():
            case.invented(found)
