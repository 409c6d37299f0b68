"""Members, seats and keys of a generation, and changes of them (sections 5.2 to 5.4)."""

from dataclasses import dataclass

import ed25519
import spec
from values import Change, ChangeJoin, NextKeys


class Rejected(Exception):
    """Something does not follow from the rules; the kind of the rejection."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def faults(n: int) -> int:
    """f(n)."""
    return (n - 1) // 3


def quorum(n: int) -> int:
    """q(n)."""
    return 2 * n // 3 + 1


def indices(signers: bytes, n: int) -> list[int] | None:
    """The member indices in a bitmap of n members, in increasing order; None if it is not of the canonical form."""
    if len(signers) != (n + 7) // 8 or int.from_bytes(signers, "little") >> n:
        return None
    return [index for index in range(n) if signers[index // 8] >> index % 8 & 1]


def bitmap(chosen: list[int], n: int) -> bytes:
    """The bitmap of these indices."""
    return sum(1 << index for index in chosen).to_bytes((n + 7) // 8, "little")


@dataclass(frozen=True)
class Members:
    """One generation: its number, its members in order, and everybody who ever was one, by seat."""

    generation: int
    actors: tuple[bytes, ...]
    keys: tuple[bytes, ...]  # of the members, by index
    seats: tuple[bytes, ...]  # actors, by seat

    @staticmethod
    def genesis(actors: list[bytes]) -> "Members":
        """Generation 0."""
        return Members(0, tuple(actors), tuple(actors), tuple(actors))

    def key_of(self, actor: bytes) -> bytes | None:
        """The key of a member; None of anybody else."""
        return self.keys[self.actors.index(actor)] if actor in self.actors else None

    def change_fault(self, change: Change) -> str | None:
        """Why a change does not apply; None if it does."""
        actor = change.actor
        if self.generation + 1 >= 1 << 64:
            return "too-many-seats"
        if not isinstance(change, ChangeJoin):
            if actor not in self.actors:
                return "not-member"
            return None if len(self.actors) > 1 else "last-member"
        if actor in self.actors:
            return "already-member"
        if actor in self.seats:
            return "key-used-before"
        if len(self.actors) >= spec.MAX_MEMBERS:
            return "too-many-members"
        if len(self.seats) >= spec.MAX_SEATS:
            return "too-many-seats"
        return None if ed25519.acceptable(actor) else "weak-key"

    def after(self, change: Change, next_keys: NextKeys) -> "Members":
        """The next generation."""
        keys = dict(zip(self.actors, self.keys, strict=True))
        named = indices(next_keys.members, len(self.actors)) or []
        for index, key in zip(named, next_keys.keys, strict=True):
            keys[self.actors[index]] = key
        seats = self.seats
        if isinstance(change, ChangeJoin):
            keys[change.actor] = change.actor
            seats += (change.actor,)
        else:
            del keys[change.actor]
        actors = tuple(sorted(keys))
        return Members(self.generation + 1, actors, tuple(keys[actor] for actor in actors), seats)


def quorum_check(members: Members, signers: bytes, signatures: list[bytes], covered: bytes, least: int) -> None:
    """quorum-check."""
    signed = indices(signers, len(members.actors))
    if signed is None or len(signed) != len(signatures):
        raise Rejected("malformed:signers")
    if len(signed) < least:
        raise Rejected("quorum-too-small")
    for index, signature in zip(signed, signatures, strict=True):
        if not ed25519.verifies(members.keys[index], covered, signature):
            raise Rejected("invalid-signature")
