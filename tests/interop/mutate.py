"""Changes decoded files in ways that mean something, and signs them anew or not."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from random import Random
from typing import Any

from files import GenesisFile, ProofFile
from members import bitmap, indices
from signing import Keyring, Signer, test_seed
import ed25519
from values import (
    Certificate, ChangeExpel, ChangeJoin, ChangeLeave, Decision, Evidence, Header, Headers, Link, NextKeys, PartProof,
    PhaseFirst, PhaseSecond, Proposals, Seals, SignedDigest, SignedHeader, StaleTimeout, Votes,
)

LARGEST = (1 << 64) - 1


@dataclass(frozen=True)
class Mutant:
    """A changed file, and what was done to it."""

    what: str
    data: bytes


class Inapplicable(Exception):
    """This change cannot be made to this file."""


@dataclass
class Target:
    """A file to be changed, with what a change may draw from."""

    genesis: GenesisFile
    file: ProofFile
    keyring: Keyring
    rng: Random

    def link(self) -> Link:
        """Some link."""
        if not self.file.links:
            raise Inapplicable
        return self.rng.choice(self.file.links)

    def proof(self) -> PartProof:
        """The proof that the file is about."""
        if not isinstance(self.file.subject, PartProof):
            raise Inapplicable
        return self.file.subject

    def evidence(self) -> Evidence:
        """The evidence that the file is about."""
        if not isinstance(self.file.subject, Evidence):
            raise Inapplicable
        return self.file.subject

    def signed(self) -> Link | Certificate:
        """Something that carries signatures of many."""
        found: list[Link | Certificate] = list(self.file.links)
        if isinstance(self.file.subject, PartProof):
            found.append(self.file.subject.certificate)
        if not found:
            raise Inapplicable
        return self.rng.choice(found)

    def digest(self) -> bytes:
        """Any digest."""
        return self.file.network if self.rng.random() < 0.2 else self.rng.randbytes(32)

    def actor(self) -> bytes:
        """Somebody, usually a member."""
        stranger = ed25519.public(test_seed(self.rng.randrange(16)))
        return stranger if self.rng.random() < 0.1 else self.rng.choice(self.genesis.head.members)

    def generation(self) -> int:
        """A generation of the chain, or the one behind it."""
        return self.rng.randint(0, len(self.file.links) + (self.rng.random() < 0.2))

    def header(self) -> Header:
        """A first message of somebody."""
        source = self.rng.randrange(len(self.genesis.head.members))
        return Header(source, 1, 1, self.file.network, [], self.rng.randbytes(32))


def add_signer(target: Target) -> None:
    """One signer more, or one less."""
    signed = target.signed()
    size = 8 * len(signed.signers)
    place = target.rng.randrange(size)
    chosen = indices(signed.signers, size) or []
    changed = set(chosen) ^ {place}
    signed.signers = bitmap(sorted(changed), size)


def drop_signer(target: Target) -> None:
    """The last signer and its signature left out: what remains may still be a quorum."""
    signed = target.signed()
    size = 8 * len(signed.signers)
    chosen = indices(signed.signers, size) or []
    if not chosen or not signed.signatures:
        raise Inapplicable
    signed.signers = bitmap(chosen[:-1], size)
    signed.signatures.pop()


def swap_signatures(target: Target) -> None:
    """Two signatures in each other's place."""
    signatures = target.signed().signatures
    if len(signatures) < 2:
        raise Inapplicable
    one, other = target.rng.sample(range(len(signatures)), 2)
    signatures[one], signatures[other] = signatures[other], signatures[one]


def other_attempt(target: Target) -> None:
    """A link of another attempt."""
    target.link().attempt = target.rng.choice([0, 1, 250, 251, (1 << 32) - 1])


def other_change(target: Target) -> None:
    """Another change: by another way, or of somebody else."""
    decision = target.link().decision
    kind = target.rng.choice([ChangeJoin, ChangeLeave, ChangeExpel])
    decision.change = kind(target.rng.choice([decision.change.actor, target.actor()]))


def drop_key(target: Target) -> None:
    """A link that names one key less."""
    keys = target.link().keys
    size = 8 * len(keys.members)
    chosen = indices(keys.members, size) or []
    if not chosen or len(chosen) != len(keys.keys):
        raise Inapplicable
    place = target.rng.randrange(len(chosen))
    del chosen[place], keys.keys[place]
    keys.members = bitmap(chosen, size)


def drop_link(target: Target) -> None:
    """A link left out."""
    target.link()
    del target.file.links[target.rng.randrange(len(target.file.links))]


def repeat_link(target: Target) -> None:
    """A link twice."""
    links = target.file.links
    place = links.index(target.link())
    links.insert(place, copy.deepcopy(links[place]))


def swap_links(target: Target) -> None:
    """Two links in each other's place."""
    links = target.file.links
    if len(links) < 2:
        raise Inapplicable
    one, other = target.rng.sample(range(len(links)), 2)
    links[one], links[other] = links[other], links[one]


def add_link(target: Target) -> None:
    """One generation more, by everybody who was there at first."""
    members = target.genesis.head.members
    if target.file.links:
        raise Inapplicable
    size = len(members)
    change = target.rng.choice([ChangeJoin, ChangeLeave, ChangeExpel])(target.actor())
    decision = Decision(1, target.file.network, change, bytes(32))
    keys = NextKeys(bitmap([], size), [])
    link = Link(decision, keys, target.rng.randrange(3), bitmap(list(range(size)), size), [])
    link.signatures = [bytes(64)] * size
    target.file.links.append(link)


def only_the_chain(target: Target) -> None:
    """A file about the chain alone."""
    if target.file.subject is None:
        raise Inapplicable
    target.file.subject = None


def other_operations(target: Target) -> None:
    """Other operations than those in the header."""
    proof = target.proof()
    proof.ops = target.rng.choice([b"", proof.ops[:-1], proof.ops + b"\0", target.rng.randbytes(20)])


def other_header(target: Target) -> None:
    """A header with one field changed."""
    header, rng = target.proof().certificate.header, target.rng
    match rng.randrange(6):
        case 0:
            header.source = rng.choice([0, header.source + 1, 65535])
        case 1:
            header.first = rng.choice([0, 1, header.first + 1, LARGEST, LARGEST - header.len])
        case 2:
            header.len = rng.choice([0, 1, 2, 4096, 4097])
        case 3:
            header.previous = target.digest()
        case 4:
            header.causes = [(rng.randrange(5), rng.randrange(3)) for _ in range(rng.randrange(3))]
        case 5:
            header.ops = target.digest()


def other_generation(target: Target) -> None:
    """A certificate of another generation."""
    target.proof().certificate.generation = target.generation()


def other_culprit(target: Target) -> None:
    """Evidence against somebody else."""
    target.evidence().culprit = target.actor()


def other_side(target: Target) -> None:
    """Two statements in each other's place, or one of them twice."""
    found = target.evidence().contradiction
    if not isinstance(found, Headers | Votes | Proposals | Seals):
        raise Inapplicable
    if target.rng.random() < 0.7:
        found.one, found.other = found.other, found.one
    else:
        found.other = copy.deepcopy(found.one)


def new_evidence(target: Target) -> None:
    """Evidence that was not there: somebody says two things of one kind."""
    rng, generation, attempt = target.rng, target.generation(), target.rng.randrange(3)
    one, other = (SignedDigest(target.digest(), bytes(64)) for _ in range(2))
    found: Any
    match rng.randrange(5):
        case 0:
            found = Votes(generation, attempt, rng.choice([PhaseFirst(), PhaseSecond()]), one, other)
        case 1:
            found = Proposals(generation, attempt, one, other)
        case 2:
            found = Seals(generation, one, other)
        case 3:
            highest = rng.choice([None, (rng.randrange(3), target.digest())])
            found = StaleTimeout(generation, attempt, one, rng.randrange(4), highest, bytes(64))
        case _:
            header = target.header()
            twin = copy.deepcopy(header)
            twin.ops = rng.randbytes(32)
            later = generation if rng.random() < 0.7 else target.generation()
            found = Headers(SignedHeader(generation, header, bytes(64)), SignedHeader(later, twin, bytes(64)))
    target.file.subject = Evidence(target.actor(), found)


def leaves(value: Any, found: list[tuple[Any, Any]]) -> None:
    """Every place in a value that holds something without parts, as what it is in and where there."""
    if isinstance(value, list):
        places = [(index, each) for index, each in enumerate(value)]
    else:
        places = [(field.name, getattr(value, field.name)) for field in fields(value)]
    for place, each in places:
        frozen = is_dataclass(each) and type(each).__dataclass_params__.frozen  # type: ignore[attr-defined]
        if (is_dataclass(each) and not frozen) or isinstance(each, list):
            found.append((value, place))
            leaves(each, found)
        elif isinstance(each, int | bytes | tuple) or each is None:
            found.append((value, place))


def changed(each: Any, target: Target) -> Any:
    """Another value of the same type."""
    rng = target.rng
    match each:
        case int():
            return rng.choice([0, 1, max(each - 1, 0), each + 1, 2 * each, 250, 251, 65535])
        case bytes() if len(each) == 32:
            return rng.choice([target.digest(), target.actor()])
        case bytes():
            return rng.choice([each[::-1], each[:-1] + b"\1", rng.randbytes(len(each))])
        case tuple():
            place = rng.randrange(len(each))
            return tuple(changed(part, target) if at == place else part for at, part in enumerate(each))
        case list():
            return rng.choice([each[:-1], each[1:], each + each[-1:], each[::-1]])
        case _:
            return None


def any_field(target: Target) -> None:
    """Any field of the subject, or of a link, set to something else."""
    subject = target.file.subject
    chosen = target.link() if subject is None or (target.file.links and target.rng.random() < 0.2) else subject
    found: list[tuple[Any, Any]] = []
    leaves(chosen, found)
    owner, place = target.rng.choice(found)
    if isinstance(owner, list):
        owner[place] = changed(owner[place], target)
    else:
        setattr(owner, place, changed(getattr(owner, place), target))


CHANGES: list[Callable[[Target], None]] = [
    add_signer, drop_signer, swap_signatures, other_attempt, other_change, drop_key, drop_link, repeat_link, swap_links,
    add_link, only_the_chain, other_operations, other_header, other_generation, other_culprit, other_side, new_evidence,
    new_evidence, new_evidence, new_evidence, new_evidence, other_attempt, other_attempt, drop_signer, only_the_chain,
    any_field, any_field, any_field, any_field,
]


def mutate(genesis: GenesisFile, file: ProofFile, keyring: Keyring, rng: Random) -> Mutant:
    """One change, and perhaps everything signed anew; with digests and orders that fit again, or as they are."""
    while True:
        target = Target(genesis, copy.deepcopy(file), keyring, rng)
        change = rng.choice(CHANGES)
        then = rng.choice(["as it is", "signed anew", "mended and signed anew", "mended and signed anew"])
        try:
            change(target)
            if then != "as it is":
                Signer(genesis, target.file, keyring, mends=then.startswith("mended")).sign_all()
            data = target.file.to_bytes()
        except (Inapplicable, ValueError, AttributeError, TypeError):
            # Not a change of this file, or to a value that has no encoding.
            continue
        if data != file.to_bytes():
            return Mutant(f"{change.__name__}, {then}", data)
