"""The canonical encoding (section 2). The codecs are built from the schema in `spec.py`."""

import re
from dataclasses import fields
from typing import Any, Protocol

import spec
from values import STRUCTS, VARIANTS


class Undecodable(Exception):
    """The bytes are not the encoding of a value of the type."""


class Reader:
    """What is left of the bytes that are decoded."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count > len(self.data) - self.at:
            raise Undecodable("ends inside the value")
        self.at += count
        return self.data[self.at - count:self.at]

    def length(self) -> int:
        """A length whose elements there is room for."""
        count = read_varint(self, 64)
        if count > len(self.data) - self.at:
            raise Undecodable("a length that the input cannot hold")
        return count


class Codec(Protocol):
    """How values of one type are read and written."""

    def read(self, reader: Reader) -> Any:
        """The value at the front."""

    def write(self, value: Any) -> bytes:
        """Its encoding."""


WIDTHS = ((0xFB, 2), (0xFC, 4), (0xFD, 8))
LARGEST_BYTE = 250


def write_varint(number: int) -> bytes:
    """The shortest form of a number."""
    if number <= LARGEST_BYTE:
        return bytes([number])
    mark, width = next((mark, width) for mark, width in WIDTHS if number < 1 << 8 * width)
    return bytes([mark]) + number.to_bytes(width, "little")


def read_varint(reader: Reader, bits: int) -> int:
    """A number of so many bits."""
    first = reader.take(1)[0]
    if first <= LARGEST_BYTE:
        return first
    width = dict(WIDTHS).get(first)
    if width is None:
        raise Undecodable("a first byte that no number has")
    number = int.from_bytes(reader.take(width), "little")
    if number >= 1 << bits:
        raise Undecodable("a number too large for its type")
    if len(write_varint(number)) != width + 1:
        raise Undecodable("a padded number")
    return number


class Number:
    """`u16`, `u32`, `u64`."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def read(self, reader: Reader) -> int:
        return read_varint(reader, self.bits)

    def write(self, value: int) -> bytes:
        if not 0 <= value < 1 << self.bits:
            raise ValueError(f"{value} does not fit {self.bits} bits")
        return write_varint(value)


class Bytes:
    """`bytes`, `[u8]`, and what has a fixed length but is written as `bytes`."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size

    def read(self, reader: Reader) -> bytes:
        count = reader.length()
        if self.size is not None and count != self.size:
            raise Undecodable("another length than its type has")
        return reader.take(count)

    def write(self, value: bytes) -> bytes:
        if self.size is not None and len(value) != self.size:
            raise ValueError("another length than its type has")
        return write_varint(len(value)) + value


class Text:
    """`text`."""

    def read(self, reader: Reader) -> str:
        try:
            return Bytes().read(reader).decode()
        except UnicodeDecodeError as error:
            raise Undecodable("no UTF-8") from error

    def write(self, value: str) -> bytes:
        return Bytes().write(value.encode())


class Option:
    """`T?`."""

    def __init__(self, inner: Codec) -> None:
        self.inner = inner

    def read(self, reader: Reader) -> Any:
        tag = reader.take(1)[0]
        if tag > 1:
            raise Undecodable("an option that is neither 0 nor 1")
        return self.inner.read(reader) if tag else None

    def write(self, value: Any) -> bytes:
        return b"\0" if value is None else b"\1" + self.inner.write(value)


class Sequence:
    """`[T]`, with or without a limit."""

    def __init__(self, inner: Codec, most: int | None) -> None:
        self.inner = inner
        self.most = most

    def read(self, reader: Reader) -> list[Any]:
        count = reader.length()
        if self.most is not None and count > self.most:
            raise Undecodable("a list above its limit")
        return [self.inner.read(reader) for _ in range(count)]

    def write(self, value: list[Any]) -> bytes:
        return write_varint(len(value)) + b"".join(self.inner.write(each) for each in value)


class Tuple:
    """`(A, B)`."""

    def __init__(self, inner: list[Codec]) -> None:
        self.inner = inner

    def read(self, reader: Reader) -> tuple[Any, ...]:
        return tuple(codec.read(reader) for codec in self.inner)

    def write(self, value: tuple[Any, ...]) -> bytes:
        return b"".join(codec.write(each) for codec, each in zip(self.inner, value, strict=True))


class Struct:
    """Fields in order."""

    def __init__(self, cls: type, inner: list[Codec]) -> None:
        self.cls = cls
        self.names = [field.name for field in fields(cls)]
        self.inner = inner

    def read(self, reader: Reader) -> Any:
        return self.cls(*[codec.read(reader) for codec in self.inner])

    def write(self, value: Any) -> bytes:
        parts = zip(self.names, self.inner, strict=True)
        return b"".join(codec.write(getattr(value, name)) for name, codec in parts)


class Enum:
    """A tag, then the fields of its variant."""

    def __init__(self) -> None:
        self.variants: dict[int, Struct] = {}

    def read(self, reader: Reader) -> Any:
        variant = self.variants.get(read_varint(reader, 32))
        if variant is None:
            raise Undecodable("an unknown tag")
        return variant.read(reader)

    def write(self, value: Any) -> bytes:
        for tag, variant in self.variants.items():
            if isinstance(value, variant.cls):
                return write_varint(tag) + variant.write(value)
        raise ValueError("no variant of the enum")


CODECS: dict[str, Codec] = {
    "u8": Number(8),
    "u16": Number(16),
    "u32": Number(32),
    "u64": Number(64),
    "bytes": Bytes(),
    "text": Text(),
    "Actor": Bytes(32),
    "Digest": Bytes(32),
    "Sig": Bytes(64),
}


def split(text: str) -> list[str]:
    """The parts of a list between commas that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return parts + [text[begin:].strip()]


def codec_of(text: str) -> Codec:
    """The codec of a type as the schema writes it."""
    if text.endswith("?"):
        return Option(codec_of(text[:-1]))
    if text.startswith("("):
        return Tuple([codec_of(part) for part in split(text[1:-1])])
    if text == "[u8]":
        return Bytes()
    if text.startswith("["):
        inner, _, limit = text[1:-1].partition("; at most ")
        return Sequence(codec_of(inner), getattr(spec, limit) if limit else None)
    return CODECS[text]


NAMED = re.compile(r"(?P<name>\w+) \{ (?P<fields>.*) \}")
ALIAS = re.compile(r"(?P<name>\w+) = (?P<type>.*)")
VARIANT = re.compile(r"(?P<enum>\w+) (?P<tag>\d+) = (?P<name>\w+)(?: \{ (?P<fields>.*) \}|\((?P<tuple>.*)\))?")


def struct(cls: type, listed: str, unnamed: bool = False) -> Struct:
    """The codec of a struct whose fields are written like this; their names must be those of the class."""
    parts = [part for part in split(listed) if part]
    if not unnamed:
        named = [part.split(": ", 1) for part in parts]
        names = [name for name, _ in named]
        if names != [field.name for field in fields(cls)]:
            raise ValueError(f"{cls.__name__} has other fields than in the schema")
        parts = [text for _, text in named]
    return Struct(cls, [codec_of(part) for part in parts])


def build(schema: str) -> None:
    """Adds the codec of every type in the schema; a type stands after those it is made of, but for enums."""
    lines = schema.split("\n")
    for line in lines:
        if match := VARIANT.fullmatch(line):
            CODECS.setdefault(match["enum"], Enum())
    for line in filter(None, lines):
        if match := VARIANT.fullmatch(line):
            cls = VARIANTS[match["enum"], match["name"]]
            variant = struct(cls, match["fields"] or match["tuple"] or "", match["fields"] is None)
            enum = CODECS[match["enum"]]
            assert isinstance(enum, Enum)
            enum.variants[int(match["tag"])] = variant
        elif match := NAMED.fullmatch(line):
            CODECS[match["name"]] = struct(STRUCTS[match["name"]], match["fields"])
        elif match := ALIAS.fullmatch(line):
            CODECS[match["name"]] = codec_of(match["type"])
        else:
            raise ValueError(f"no line of a schema: {line}")


build(spec.SCHEMA)

# What the content of a seal is the digest of: the field of an excerpt.
CODECS["Contents"] = codec_of("[(Seat, Digest); at most MAX_SEATS]")


def encode(name: str, value: Any) -> bytes:
    """The encoding of a value of the named type."""
    return CODECS[name].write(value)


def decode(name: str, data: bytes) -> Any:
    """The value of the named type that the bytes are the encoding of."""
    if len(data) > spec.MAX_PACKET_BYTES:
        raise Undecodable("longer than a packet")
    reader = Reader(data)
    value = CODECS[name].read(reader)
    if reader.at != len(data):
        raise Undecodable("bytes behind the value")
    return value


def decode_front(name: str, data: bytes) -> Any:
    """The value of the named type that the bytes begin with."""
    return CODECS[name].read(Reader(data))
