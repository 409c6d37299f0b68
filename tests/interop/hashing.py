"""Digests of section 3.1 and the bytes that signatures cover (section 4)."""

from typing import Any

import spec
from blake3 import hash32
from encoding import encode
from values import (
    Decision, EchoStatement, FirstVoteStatement, Header, NextKeys, ProposeStatement, SealedSource, SealStatement,
    SecondVoteStatement, TimeoutStatement,
)

Statement = (
    EchoStatement | ProposeStatement | FirstVoteStatement | SecondVoteStatement | TimeoutStatement | SealStatement
)

DOMAINS: dict[type, str] = {
    EchoStatement: spec.DOMAIN_ECHO,
    ProposeStatement: spec.DOMAIN_PROPOSE,
    FirstVoteStatement: spec.DOMAIN_FIRST_VOTE,
    SecondVoteStatement: spec.DOMAIN_SECOND_VOTE,
    TimeoutStatement: spec.DOMAIN_TIMEOUT,
    SealStatement: spec.DOMAIN_SEAL,
}


def digest(domain: str, *parts: bytes) -> bytes:
    """D(domain; parts)."""
    hashed = b""
    for part in (domain.encode(), *parts):
        hashed += len(part).to_bytes(8, "little") + part
    return hash32(hashed)


def header_digest(network: bytes, header: Header) -> bytes:
    """The digest of a header."""
    return digest(spec.DOMAIN_HEADER, network, encode("Header", header))


def decision_digest(network: bytes, decision: Decision) -> bytes:
    """The digest of a decision."""
    return digest(spec.DOMAIN_DECISION, network, encode("Decision", decision))


def keys_digest(keys: NextKeys) -> bytes:
    """The digest of the keys that a decision names."""
    return digest(spec.DOMAIN_NEXT_KEYS, encode("NextKeys", keys))


def shown_digest(shown: SealedSource) -> bytes:
    """The digest of what a seal shows of one source."""
    return digest(spec.DOMAIN_SEALED_SOURCE, encode("SealedSource", shown))


def content_digest(contents: list[tuple[int, bytes]]) -> bytes:
    """The digest of the content of a seal."""
    return digest(spec.DOMAIN_SEALED, encode("Contents", contents))


def signed_bytes(network: bytes, statement: Any) -> bytes:
    """What a signature of a statement covers."""
    domain = DOMAINS[type(statement)].encode()
    return bytes([len(domain)]) + domain + network + encode(type(statement).__name__, statement)
