"""The values that files are made of, by the names of the schema in docs/protocol.md.

`encoding.py` reads and writes them by that schema. A variant of an enum is a class of its own; the variants whose name is
also the name of a struct or of another variant are called after their enum as well.
"""

from dataclasses import dataclass

Pair = tuple[int, bytes]


@dataclass
class Header:
    source: int
    first: int
    len: int
    previous: bytes
    causes: list[tuple[int, int]]
    ops: bytes

    def last(self) -> int:
        """The counter of its last operation."""
        return self.first + self.len - 1


@dataclass
class Certificate:
    generation: int
    header: Header
    signers: bytes
    signatures: list[bytes]


@dataclass
class SignedHeader:
    generation: int
    header: Header
    sig: bytes


@dataclass
class SignedDigest:
    digest: bytes
    sig: bytes


@dataclass
class EchoStatement:
    generation: int
    header: bytes


@dataclass
class ProposeStatement:
    generation: int
    attempt: int
    decision: bytes


@dataclass
class FirstVoteStatement:
    generation: int
    attempt: int
    decision: bytes


@dataclass
class SecondVoteStatement:
    generation: int
    attempt: int
    decision: bytes


@dataclass
class TimeoutStatement:
    generation: int
    attempt: int
    highest: Pair | None


@dataclass
class SealStatement:
    generation: int
    link: bytes
    content: bytes


@dataclass
class Head:
    name: str
    algorithm: str
    members: list[bytes]


@dataclass(frozen=True)
class ChangeJoin:
    actor: bytes


@dataclass(frozen=True)
class ChangeLeave:
    actor: bytes


@dataclass(frozen=True)
class ChangeExpel:
    actor: bytes


Change = ChangeJoin | ChangeLeave | ChangeExpel


@dataclass
class NextKeys:
    members: bytes
    keys: list[bytes]


@dataclass
class Decision:
    generation: int
    link: bytes
    change: Change
    keys: bytes


@dataclass
class Link:
    decision: Decision
    keys: NextKeys
    attempt: int
    signers: bytes
    signatures: list[bytes]


@dataclass(frozen=True)
class PhaseFirst:
    pass


@dataclass(frozen=True)
class PhaseSecond:
    pass


Phase = PhaseFirst | PhaseSecond


@dataclass
class SealedSource:
    source: int
    best: Certificate | None
    open: list[SignedHeader]


@dataclass
class Excerpt:
    generation: int
    contents: list[Pair]
    shown: SealedSource | None
    sig: bytes


@dataclass
class Headers:
    one: SignedHeader
    other: SignedHeader


@dataclass
class Votes:
    generation: int
    attempt: int
    phase: Phase
    one: SignedDigest
    other: SignedDigest


@dataclass
class StaleTimeout:
    generation: int
    voted: int
    vote: SignedDigest
    given_up: int
    highest: Pair | None
    timeout: bytes


@dataclass
class Proposals:
    generation: int
    attempt: int
    one: SignedDigest
    other: SignedDigest


@dataclass
class Seals:
    generation: int
    one: SignedDigest
    other: SignedDigest


@dataclass
class Hidden:
    echo: SignedHeader
    seal: Excerpt


@dataclass(frozen=True)
class InventionCertificate:
    pass


@dataclass(frozen=True)
class InventionOpen:
    place: int


Invention = InventionCertificate | InventionOpen


@dataclass
class Invented:
    seal: Excerpt
    what: Invention


Contradiction = Headers | Votes | StaleTimeout | Proposals | Seals | Hidden | Invented


@dataclass
class Evidence:
    culprit: bytes
    contradiction: Contradiction


@dataclass
class PartNetwork:
    network: bytes


@dataclass
class PartLink:
    link: Link


@dataclass
class PartEvidence:
    evidence: Evidence


@dataclass
class PartProof:
    certificate: Certificate
    ops: bytes


Part = PartNetwork | PartLink | PartEvidence | PartProof

STRUCTS = {
    cls.__name__: cls
    for cls in (
        Header, Certificate, SignedHeader, SignedDigest, EchoStatement, ProposeStatement, FirstVoteStatement,
        SecondVoteStatement, TimeoutStatement, SealStatement, Head, NextKeys, Decision, Link, SealedSource, Excerpt,
        Evidence,
    )
}

# By the names of the enum and the variant.
VARIANTS = {
    ("Change", "Join"): ChangeJoin,
    ("Change", "Leave"): ChangeLeave,
    ("Change", "Expel"): ChangeExpel,
    ("Phase", "First"): PhaseFirst,
    ("Phase", "Second"): PhaseSecond,
    ("Contradiction", "Headers"): Headers,
    ("Contradiction", "Votes"): Votes,
    ("Contradiction", "StaleTimeout"): StaleTimeout,
    ("Contradiction", "Proposals"): Proposals,
    ("Contradiction", "Seals"): Seals,
    ("Contradiction", "Hidden"): Hidden,
    ("Contradiction", "Invented"): Invented,
    ("Invention", "Certificate"): InventionCertificate,
    ("Invention", "Open"): InventionOpen,
    ("FilePart", "Network"): PartNetwork,
    ("FilePart", "Link"): PartLink,
    ("FilePart", "Evidence"): PartEvidence,
    ("FilePart", "Proof"): PartProof,
}
