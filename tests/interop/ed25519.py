"""Ed25519 with the strict, cofactorless verification of section 3. Points are in extended coordinates (X, Y, Z, T)."""

from functools import lru_cache
from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)


def add(a: Point, b: Point) -> Point:
    """The sum of two points; the formula is complete."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    left = (y1 - x1) * (y2 - x2) % P
    right = (y1 + x1) * (y2 + x2) % P
    product = 2 * D * t1 * t2 % P
    double = 2 * z1 * z2 % P
    e, f, g, h = right - left, double - product, double + product, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(a: Point) -> Point:
    """Twice a point."""
    x, y, z, _ = a
    xx = x * x % P
    yy = y * y % P
    h = xx + yy
    e = h - (x + y) * (x + y) % P
    g = xx - yy
    f = 2 * z * z + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def negate(a: Point) -> Point:
    """The inverse of a point."""
    x, y, z, t = a
    return P - x, y, z, P - t


def multiples(point: Point) -> list[Point]:
    """0 to 15 times a point."""
    table = [IDENTITY]
    for _ in range(15):
        table.append(add(table[-1], point))
    return table


def times(scalar: int, point: Point) -> Point:
    """A multiple of a point, four bits at a time."""
    table = multiples(point)
    result = IDENTITY
    for shift in range(252, -1, -4):
        result = double(double(double(double(result))))
        digit = scalar >> shift & 15
        if digit:
            result = add(result, table[digit])
    return result


def encode(point: Point) -> bytes:
    """The canonical encoding: y, and the lowest bit of x as the highest."""
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """The point that 32 bytes stand for, whether or not they are its canonical encoding."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT_OF_MINUS_ONE % P
        if (v * x * x - u) % P:
            return None
    if x & 1 != sign:
        x = (P - x) % P
    return x, y, 1, x * y % P


def small_order(point: Point) -> bool:
    """Whether 8 times the point is the identity."""
    x, y, z, _ = double(double(double(point)))
    return x % P == 0 and (y - z) % P == 0


def _base() -> Point:
    point = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


BASE = _base()


def _base_tables() -> list[list[Point]]:
    """0 to 15 times 16^i times the base point, for each i."""
    tables, point = [], BASE
    for _ in range(64):
        tables.append(multiples(point))
        point = double(double(double(double(point))))
    return tables


BASE_TABLES = _base_tables()


def times_base(scalar: int) -> Point:
    """A multiple of the base point: additions only."""
    result = IDENTITY
    for i, table in enumerate(BASE_TABLES):
        digit = scalar >> 4 * i & 15
        if digit:
            result = add(result, table[digit])
    return result


@lru_cache(maxsize=None)
def acceptable(key: bytes) -> bool:
    """Whether 32 bytes are an acceptable key: a canonical encoding of a point that is not of small order."""
    point = decode(key)
    return point is not None and not small_order(point) and encode(point) == key


def _challenge(*parts: bytes) -> int:
    return int.from_bytes(sha512(b"".join(parts)).digest(), "little") % L


@lru_cache(maxsize=None)
def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature verifies under an acceptable key."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    commitment, point = decode(r), decode(key)
    if commitment is None or small_order(commitment) or point is None:
        return False
    k = _challenge(r, key, message)
    return encode(add(times_base(s), times(k, negate(point)))) == r


@lru_cache(maxsize=None)
def _expanded(seed: bytes) -> tuple[int, bytes]:
    """The secret scalar and the prefix of a seed."""
    digest = sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


@lru_cache(maxsize=None)
def public(seed: bytes) -> bytes:
    """The public key of a seed."""
    return encode(times_base(_expanded(seed)[0]))


@lru_cache(maxsize=None)
def sign(seed: bytes, message: bytes) -> bytes:
    """The signature of RFC 8032."""
    scalar, prefix = _expanded(seed)
    nonce = _challenge(prefix, message)
    r = encode(times_base(nonce))
    s = (nonce + _challenge(r, public(seed), message) * scalar) % L
    return r + s.to_bytes(32, "little")
