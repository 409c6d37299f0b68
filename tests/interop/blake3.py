"""BLAKE3 from its specification: the unkeyed hash and the key derivation mode, 32 bytes of output."""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
ROUNDS = 7
BLOCK = 64
CHUNK = 1024
MASK = 0xFFFFFFFF

CHUNK_START = 1
CHUNK_END = 2
PARENT = 4
ROOT = 8
DERIVE_KEY_CONTEXT = 32
DERIVE_KEY_MATERIAL = 64

# The four columns, then the four diagonals, each as indices of the state.
QUARTERS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)

Words = tuple[int, ...]


def _schedules() -> list[Words]:
    """Which word of the block stands at each of the 16 places, for each round."""
    schedule = tuple(range(16))
    schedules = []
    for _ in range(ROUNDS):
        schedules.append(schedule)
        schedule = tuple(schedule[place] for place in PERMUTATION)
    return schedules


SCHEDULES = _schedules()


def _compress(chaining: Words, block: Words, counter: int, length: int, flags: int) -> Words:
    """The compression function, cut to the 8 words that are a chaining value or the 32 bytes of output."""
    state = [*chaining, *IV[:4], counter & MASK, counter >> 32, length, flags]
    for schedule in SCHEDULES:
        place = 0
        for a, b, c, d in QUARTERS:
            va, vb, vc, vd = state[a], state[b], state[c], state[d]
            va = (va + vb + block[schedule[place]]) & MASK
            vd ^= va
            vd = (vd >> 16 | vd << 16) & MASK
            vc = (vc + vd) & MASK
            vb ^= vc
            vb = (vb >> 12 | vb << 20) & MASK
            va = (va + vb + block[schedule[place + 1]]) & MASK
            vd ^= va
            vd = (vd >> 8 | vd << 24) & MASK
            vc = (vc + vd) & MASK
            vb ^= vc
            vb = (vb >> 7 | vb << 25) & MASK
            state[a], state[b], state[c], state[d] = va, vb, vc, vd
            place += 2
    return tuple(state[i] ^ state[i + 8] for i in range(8))


def _words(data: bytes) -> Words:
    return tuple(int.from_bytes(data[at:at + 4], "little") for at in range(0, len(data), 4))


def _bytes(words: Words) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


def _chunk(key: Words, data: bytes, counter: int, flags: int, root: bool) -> Words:
    """The chaining value of one chunk of at most 1024 bytes."""
    blocks = [data[at:at + BLOCK] for at in range(0, len(data), BLOCK)] or [b""]
    chaining = key
    for number, block in enumerate(blocks):
        last = number == len(blocks) - 1
        flag = flags
        flag |= CHUNK_START if number == 0 else 0
        flag |= CHUNK_END if last else 0
        flag |= ROOT if last and root else 0
        chaining = _compress(chaining, _words(block.ljust(BLOCK, b"\0")), counter, len(block), flag)
    return chaining


def _tree(key: Words, data: bytes, counter: int, flags: int, root: bool) -> Words:
    """The chaining value of a subtree whose first chunk has the number `counter`."""
    if len(data) <= CHUNK:
        return _chunk(key, data, counter, flags, root)
    # The left subtree is the largest complete one that leaves at least one byte to the right.
    chunks = 1 << ((len(data) - 1) // CHUNK).bit_length() - 1
    left = _tree(key, data[:chunks * CHUNK], counter, flags, False)
    right = _tree(key, data[chunks * CHUNK:], counter + chunks, flags, False)
    return _compress(key, left + right, 0, BLOCK, flags | PARENT | (ROOT if root else 0))


def hash32(data: bytes) -> bytes:
    """The unkeyed hash."""
    return _bytes(_tree(IV, data, 0, 0, True))


def derive_key(context: str, material: bytes) -> bytes:
    """The key derivation mode."""
    key = _tree(IV, context.encode(), 0, DERIVE_KEY_CONTEXT, True)
    return _bytes(_tree(key, material, 0, DERIVE_KEY_MATERIAL, True))
