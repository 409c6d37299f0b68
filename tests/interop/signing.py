"""Signs changed files anew with test keys, as a quorum of liars would."""

import ed25519
import spec
from blake3 import derive_key, hash32
from chain import Chain
from files import GenesisFile, ProofFile
from hashing import (
    Statement, content_digest, decision_digest, header_digest, keys_digest, shown_digest, signed_bytes,
)
from members import Members, indices
from values import (
    Certificate, EchoStatement, Evidence, Excerpt, FirstVoteStatement, Headers, Hidden, Invented,
    InventionCertificate, Link, PhaseFirst, Proposals, ProposeStatement, SealedSource, Seals, SealStatement,
    SecondVoteStatement, SignedDigest, SignedHeader, StaleTimeout, TimeoutStatement, Votes,
)

TEST_SEEDS = 16
SUCCESSORS = 6
NO_SIGNATURE = bytes(64)


def test_seed(number: int) -> bytes:
    """The seed of a test network with this number."""
    counted = number.to_bytes(spec.TEST_SEED_NUMBER_BYTES, "little")
    return counted.ljust(32, bytes([spec.TEST_SEED_BYTE]))


def identity_seed(name: str) -> bytes:
    """The seed of somebody in a scenario."""
    return derive_key(spec.CONTEXT_IDENTITY, name.encode())


class Keyring:
    """Seeds by their public keys."""

    def __init__(self, seeds: list[bytes]) -> None:
        self.seeds: dict[bytes, bytes] = {}
        for seed in seeds:
            for _ in range(SUCCESSORS):
                self.seeds[ed25519.public(seed)] = seed
                seed = derive_key(spec.CONTEXT_NEXT_SECRET, seed)

    def sign(self, key: bytes | None, covered: bytes) -> bytes:
        """A signature of a key; one that verifies for nobody if its seed is not known."""
        seed = self.seeds.get(key or b"")
        return NO_SIGNATURE if seed is None else ed25519.sign(seed, covered)


class Signer:
    """Signs the parts of one file. What cannot be signed, for example in a generation that is not there, is left."""

    def __init__(self, genesis: GenesisFile, file: ProofFile, keyring: Keyring, mends: bool) -> None:
        self.file = file
        self.keyring = keyring
        self.mends = mends  # whether digests and orders are made to fit first
        self.network = genesis.network()
        self.chain = Chain(self.network, genesis.head.members)

    def sign_all(self) -> None:
        """Signs everything in the file."""
        for link in self.file.links:
            self.link(link)
            members = self.chain.newest
            named = indices(link.keys.members, len(members.actors))
            if named is None or len(named) != len(link.keys.keys) or members.change_fault(link.decision.change):
                break
            self.chain.append(link)
        subject = self.file.subject
        if isinstance(subject, Evidence):
            self.evidence(subject)
        elif subject is not None:
            if self.mends:
                subject.certificate.header.ops = hash32(subject.ops)
            self.certificate(subject.certificate)

    def quorum(self, members: Members, signers: bytes, statement: Statement) -> list[bytes] | None:
        """The signatures of these signers."""
        signed = indices(signers, len(members.actors))
        covered = signed_bytes(self.network, statement)
        return None if signed is None else [self.keyring.sign(members.keys[index], covered) for index in signed]

    def link(self, link: Link) -> None:
        """Signs a link."""
        if self.mends:
            link.decision.link = self.chain.digests[-1]
            link.decision.generation = self.chain.newest.generation + 1
            link.decision.keys = keys_digest(link.keys)
        decided = decision_digest(self.network, link.decision)
        vote = SecondVoteStatement(self.chain.newest.generation, link.attempt, decided)
        link.signatures = self.quorum(self.chain.newest, link.signers, vote) or link.signatures

    def certificate(self, certificate: Certificate) -> None:
        """Signs a certificate."""
        members = self.chain.of(certificate.generation)
        if members is not None:
            echo = EchoStatement(certificate.generation, header_digest(self.network, certificate.header))
            certificate.signatures = self.quorum(members, certificate.signers, echo) or certificate.signatures

    def one(self, actor: bytes, generation: int, statement: Statement) -> bytes:
        """The signature of an actor with its key in a generation."""
        members = self.chain.of(generation)
        key = None if members is None else members.key_of(actor)
        return self.keyring.sign(key, signed_bytes(self.network, statement))

    def echo(self, actor: bytes, signed: SignedHeader) -> None:
        """Signs an echo."""
        statement = EchoStatement(signed.generation, header_digest(self.network, signed.header))
        signed.sig = self.one(actor, signed.generation, statement)

    def shown(self, shown: SealedSource) -> None:
        """Signs what a seal shows."""
        if shown.best is not None:
            self.certificate(shown.best)
        if self.mends:
            shown.open.sort(key=lambda signed: header_digest(self.network, signed.header))
        seats = self.chain.newest.seats
        for signed in shown.open:
            if signed.header.source < len(seats):
                self.echo(seats[signed.header.source], signed)

    def excerpt(self, actor: bytes, excerpt: Excerpt) -> None:
        """Signs a seal by its excerpt."""
        shown = excerpt.shown
        if self.mends and shown is not None:
            others = {seat: digest for seat, digest in excerpt.contents if seat != shown.source}
            excerpt.contents = sorted([*others.items(), (shown.source, shown_digest(shown))])
        if self.chain.of(excerpt.generation) is not None:
            link = self.chain.digests[excerpt.generation]
            statement = SealStatement(excerpt.generation, link, content_digest(excerpt.contents))
            excerpt.sig = self.one(actor, excerpt.generation, statement)

    def digests(self, actor: bytes, found: Votes | Proposals | Seals) -> None:
        """Signs two digests."""
        generation = found.generation
        for signed in (found.one, found.other):
            statement = self.statement_of(found, signed)
            if statement is not None:
                signed.sig = self.one(actor, generation, statement)
        if self.mends and found.one.digest > found.other.digest:
            found.one, found.other = found.other, found.one

    def statement_of(self, found: Votes | Proposals | Seals, signed: SignedDigest) -> Statement | None:
        """What stands signed in evidence by its digest alone."""
        if isinstance(found, Votes):
            vote = FirstVoteStatement if isinstance(found.phase, PhaseFirst) else SecondVoteStatement
            return vote(found.generation, found.attempt, signed.digest)
        if isinstance(found, Proposals):
            return ProposeStatement(found.generation, found.attempt, signed.digest)
        if self.chain.of(found.generation) is None:
            return None
        return SealStatement(found.generation, self.chain.digests[found.generation], signed.digest)

    def evidence(self, evidence: Evidence) -> None:
        """Signs evidence."""
        culprit, found = evidence.culprit, evidence.contradiction
        match found:
            case Votes() | Proposals() | Seals():
                self.digests(culprit, found)
            case Headers():
                self.echo(culprit, found.one)
                self.echo(culprit, found.other)
                one, other = (header_digest(self.network, each.header) for each in (found.one, found.other))
                if self.mends and one > other:
                    found.one, found.other = found.other, found.one
            case StaleTimeout():
                generation = found.generation
                vote = SecondVoteStatement(generation, found.voted, found.vote.digest)
                found.vote.sig = self.one(culprit, generation, vote)
                timeout = TimeoutStatement(generation, found.given_up, found.highest)
                found.timeout = self.one(culprit, generation, timeout)
            case Hidden():
                if found.seal.shown is not None:
                    self.shown(found.seal.shown)
                self.echo(culprit, found.echo)
                self.excerpt(culprit, found.seal)
            case Invented():
                self.invented(culprit, found)

    def invented(self, culprit: bytes, found: Invented) -> None:
        """Signs an invention: all of it but what is invented, unless that would make every file prove nothing."""
        shown = found.seal.shown
        if shown is not None and shown.best is not None and not isinstance(found.what, InventionCertificate):
            self.certificate(shown.best)
        self.excerpt(culprit, found.seal)
