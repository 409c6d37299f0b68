"""Genesis files and proof files (section 13), and the frames they are made of (section 12.1)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import spec
from blake3 import hash32
from encoding import Undecodable, decode, decode_front, encode
from hashing import digest
from values import Evidence, Head, Link, Part, PartEvidence, PartLink, PartNetwork, PartProof


class BadInput(Exception):
    """What cannot be read; its kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass
class GenesisFile:
    """A genesis: its bytes, and what stands before the state."""

    body: bytes
    head: Head

    def network(self) -> bytes:
        """The network id."""
        return digest(spec.DOMAIN_GENESIS, self.body)


@dataclass
class ProofFile:
    """A network, a chain, and what the file is about: nothing more, evidence, or a proof."""

    network: bytes
    links: list[Link] = field(default_factory=list)
    subject: Evidence | PartProof | None = None

    def parts(self) -> list[Part]:
        """The parts in their order."""
        parts: list[Part] = [PartNetwork(self.network)]
        parts += [PartLink(link) for link in self.links]
        if isinstance(self.subject, Evidence):
            parts.append(PartEvidence(self.subject))
        elif self.subject is not None:
            parts.append(self.subject)
        return parts

    def to_bytes(self) -> bytes:
        """The file."""
        return file_of(spec.LINE_PROOF, [encode("FilePart", part) for part in self.parts()])


def first_line(line: str) -> bytes:
    """The first line of a file, with its end."""
    return line.encode() + b"\n"


def frame(body: bytes) -> bytes:
    """A frame."""
    head = len(body).to_bytes(spec.LENGTH, "little") + hash32(body)[:spec.CHECKSUM]
    return head + hash32(head)[:spec.HEAD_CHECKSUM] + body


def file_of(line: str, bodies: list[bytes]) -> bytes:
    """A file of these frames."""
    return first_line(line) + b"".join(frame(body) for body in bodies)


def frames(data: bytes, limit: int) -> Iterator[tuple[bytes, bytes]]:
    """The bodies of the frames, one by one, each with the bytes behind it."""
    while data:
        if len(data) < spec.HEAD:
            raise BadInput("cut-off")
        head, rest = data[:spec.HEAD], data[spec.HEAD:]
        checked = head[:spec.LENGTH + spec.CHECKSUM]
        length = int.from_bytes(head[:spec.LENGTH], "little")
        if hash32(checked)[:spec.HEAD_CHECKSUM] != head[spec.LENGTH + spec.CHECKSUM:]:
            raise BadInput("damaged")
        if length > limit:
            raise BadInput("damaged")
        if len(rest) < length:
            raise BadInput("cut-off")
        body, data = rest[:length], rest[length:]
        if hash32(body)[:spec.CHECKSUM] != checked[spec.LENGTH:]:
            raise BadInput("damaged" if data else "cut-off")
        yield body, data


def after_line(data: bytes, line: str) -> bytes:
    """What stands behind the first line."""
    if not data:
        raise BadInput("empty")
    if len(data) > spec.MAX_FILE_BYTES:
        raise BadInput("too-large")
    full = first_line(line)
    if data.startswith(full):
        return data[len(full):]
    to_version = line[:line.rindex(" ") + 1].encode()
    raise BadInput("version" if data.startswith(to_version) else "magic")


def read_genesis(data: bytes) -> GenesisFile:
    """Reads a genesis file."""
    found = next(frames(after_line(data, spec.LINE_GENESIS), spec.MAX_FILE_BYTES), None)
    if found is None:
        raise BadInput("cut-off")
    body, behind = found
    if behind:
        raise BadInput("misplaced")
    try:
        head = decode_front("Head", body)
    except Undecodable as error:
        raise BadInput("undecodable") from error
    members = head.members
    if not members or any(one >= other for one, other in zip(members, members[1:])):
        raise BadInput("members")
    return GenesisFile(body, head)


def read_proof(data: bytes) -> ProofFile:
    """Reads a proof file."""
    found: ProofFile | None = None
    for body, _ in frames(after_line(data, spec.LINE_PROOF), spec.MAX_PACKET_BYTES):
        try:
            part = decode("FilePart", body)
        except Undecodable as error:
            raise BadInput("undecodable") from error
        if isinstance(part, PartNetwork) != (found is None) or (found and found.subject is not None):
            raise BadInput("misplaced")
        if isinstance(part, PartNetwork):
            found = ProofFile(part.network)
        elif isinstance(part, PartLink) and found:
            found.links.append(part.link)
        elif isinstance(part, PartEvidence) and found:
            found.subject = part.evidence
        elif isinstance(part, PartProof) and found:
            found.subject = part
    if found is None:
        raise BadInput("cut-off")
    return found
