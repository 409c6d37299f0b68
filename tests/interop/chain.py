"""Links, chains and pins (sections 8.2 to 8.4)."""

import re
from dataclasses import dataclass

import ed25519
from files import BadInput
from hashing import decision_digest, keys_digest, signed_bytes
from members import Members, Rejected, indices, quorum, quorum_check
from values import Link, SecondVoteStatement


class ChainFault(Exception):
    """The chain does not hold; the kind, behind `chain:`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Pin:
    """A decision the verifier is sure of."""

    generation: int
    decision: bytes


PIN = re.compile(r"\+?([0-9]+):([0-9a-f]{64})")


def read_pin(text: str) -> Pin:
    """A pin as it is written."""
    match = PIN.fullmatch(text)
    if match is None or int(match[1]) >= 1 << 64:
        raise BadInput("pin")
    return Pin(int(match[1]), bytes.fromhex(match[2]))


class Chain:
    """The generations that are proven so far."""

    def __init__(self, network: bytes, genesis: list[bytes]) -> None:
        self.network = network
        self.generations = [Members.genesis(genesis)]
        self.digests = [network]  # of the decision that made each generation

    @property
    def newest(self) -> Members:
        """The last generation."""
        return self.generations[-1]

    def of(self, generation: int) -> Members | None:
        """The members of a generation, if the chain has it."""
        return self.generations[generation] if generation < len(self.generations) else None

    def has(self, generation: int) -> Members:
        """The same; a generation that the chain does not have is refused."""
        members = self.of(generation)
        if members is None:
            raise Rejected("future-generation")
        return members

    def next_keys_check(self, link: Link) -> None:
        """next-keys-check."""
        members = self.newest
        named = indices(link.keys.members, len(members.actors))
        subject = link.decision.change.actor
        if named is None or len(named) != len(link.keys.keys):
            raise Rejected("malformed:next-keys")
        if any(members.actors[index] == subject for index in named):
            raise Rejected("malformed:next-keys")
        if keys_digest(link.keys) != link.decision.keys:
            raise Rejected("malformed:next-keys")

    def link_check(self, link: Link, vouched: bool) -> None:
        """link-check; a link that a pin vouches for needs no votes."""
        members, decision = self.newest, link.decision
        if decision.generation != members.generation + 1 or decision.link != self.digests[-1]:
            raise Rejected("broken-chain")
        self.next_keys_check(link)
        fault = members.change_fault(decision.change)
        if fault is not None:
            raise Rejected(f"change:{fault}")
        if not all(ed25519.acceptable(key) for key in link.keys.keys):
            raise Rejected("weak-key")
        if not vouched:
            decided = decision_digest(self.network, decision)
            vote = signed_bytes(self.network, SecondVoteStatement(members.generation, link.attempt, decided))
            quorum_check(members, link.signers, link.signatures, vote, quorum(len(members.actors)))

    def append(self, link: Link) -> None:
        """Adds a link that was checked."""
        self.generations.append(self.newest.after(link.decision.change, link.keys))
        self.digests.append(decision_digest(self.network, link.decision))

    def pin_check(self, pin: Pin) -> None:
        """Whether the pinned generation, which the chain has, was made by the pinned decision."""
        if self.digests[pin.generation] != pin.decision:
            raise ChainFault("off-pin")

    def extend(self, links: list[Link], pin: Pin | None) -> None:
        """Checks and adds the links of a file."""
        for link in links:
            makes = self.newest.generation + 1
            if pin is not None and makes == pin.generation + 1:
                self.pin_check(pin)
            try:
                self.link_check(link, vouched=pin is not None and makes <= pin.generation)
            except Rejected as rejected:
                raise ChainFault(f"link:{rejected.kind}") from rejected
            self.append(link)
        if pin is not None:
            if pin.generation > self.newest.generation:
                raise ChainFault("short-of-pin")
            self.pin_check(pin)


