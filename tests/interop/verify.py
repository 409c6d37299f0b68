"""What a proof file proves (section 13.2). As a command: `verify.py FILE --genesis FILE [--pin GENERATION:DIGEST]`."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import ed25519
import spec
from blake3 import hash32
from chain import Chain, ChainFault, read_pin
from evidence import evidence_check
from files import BadInput, GenesisFile, ProofFile, read_genesis, read_proof
from members import Rejected
from messages import certificate_check
from values import Evidence, PartProof

EXIT_CODES = {"proven": 0, "not-proven": 1, "bad-input": 2}


@dataclass(frozen=True)
class Answer:
    """A verdict, and its kind: empty if the file proves what it says."""

    verdict: str
    kind: str


def proof_check(proof: PartProof, chain: Chain) -> None:
    """Whether a quorum has acknowledged the operations."""
    chain.has(proof.certificate.generation)
    certificate_check(proof.certificate, chain)
    if len(proof.ops) > spec.MAX_MESSAGE_BYTES or hash32(proof.ops) != proof.certificate.header.ops:
        raise Rejected("ops-mismatch")


def subject_check(file: ProofFile, chain: Chain) -> None:
    """What the file is about, beyond the chain."""
    if isinstance(file.subject, Evidence):
        evidence_check(file.subject, chain)
    elif file.subject is not None:
        proof_check(file.subject, chain)


def not_proven(genesis: GenesisFile, file: ProofFile, chain: Chain, pin: str | None) -> str | None:
    """The kind of a file that proves nothing; None of one that proves what it says."""
    if file.network != genesis.network():
        return "network"
    try:
        chain.extend(file.links, None if pin is None else read_pin(pin))
    except ChainFault as fault:
        return f"chain:{fault.kind}"
    try:
        subject_check(file, chain)
    except Rejected as rejected:
        return f"subject:{rejected.kind}"
    return None


def verify(genesis_bytes: bytes, file_bytes: bytes, pin: str | None = None) -> Answer:
    """What a verifier answers."""
    try:
        genesis = read_genesis(genesis_bytes)
        file = read_proof(file_bytes)
        if pin is not None:
            read_pin(pin)
        if not all(ed25519.acceptable(member) for member in genesis.head.members):
            raise BadInput("weak-key")
    except BadInput as bad:
        return Answer("bad-input", bad.kind)
    chain = Chain(genesis.network(), genesis.head.members)
    kind = not_proven(genesis, file, chain, pin)
    return Answer("proven", "") if kind is None else Answer("not-proven", kind)


def main() -> int:
    """Prints the answer as JSON; the exit code says the verdict."""
    parser = argparse.ArgumentParser(description="Check a proof file offline.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--genesis", type=Path, required=True)
    parser.add_argument("--pin")
    arguments = parser.parse_args()
    answer = verify(arguments.genesis.read_bytes(), arguments.file.read_bytes(), arguments.pin)
    print(json.dumps({"verdict": answer.verdict, "kind": answer.kind}))
    return EXIT_CODES[answer.verdict]


if __name__ == "__main__":
    sys.exit(main())
