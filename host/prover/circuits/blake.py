"""BLAKE-512, the SHA-3 finalist, which circomlibjs derives keys and nonces with.

Aumasson, Henzen, Meier and Phan, "SHA-3 proposal BLAKE", version 1.3 (2010), section 2.2. hashlib
has its successors alone (BLAKE2 differs in constants, rounds and padding).
"""

from math import isqrt

_MASK = (1 << 64) - 1
_BLOCK_BYTES = 128
_ROUNDS = 16

_INITIAL = tuple(isqrt(prime << 128) & _MASK for prime in (2, 3, 5, 7, 11, 13, 17, 19))
"""The fractions of the primes' square roots, as in SHA-512."""

_PI = (
    0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89,
    0x452821E638D01377, 0xBE5466CF34E90C6C, 0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917,
    0x9216D5D98979FB1B, 0xD1310BA698DFB5AC, 0x2FFD72DBD01ADFB7, 0xB8E1AFED6A267E96,
    0xBA7C9045F12C7F99, 0x24A19947B3916CF7, 0x0801F2E2858EFC16, 0x636920D871574E69)
"""The first 1,024 bits of pi's fraction."""

_ORDER = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0))
"""The order of words and constants, by round modulo 10."""

_LANES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
          (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
"""Columns, then diagonals, of the 4 x 4 state."""


def blake512(data: bytes) -> bytes:
    """64 bytes."""
    zeros = -(len(data) + 18) % _BLOCK_BYTES    # the two marking bits may share a byte
    marks = b"\x80" + bytes(zeros) + b"\x01"
    if zeros == _BLOCK_BYTES - 1:
        marks = b"\x81"
    padded = data + marks + (8 * len(data)).to_bytes(16, "big")
    state = _INITIAL
    for start in range(0, len(padded), _BLOCK_BYTES):
        # Bits of the message so far; 0 in a block that is padding alone.
        hashed = 8 * min(len(data), start + _BLOCK_BYTES) if start < len(data) or not data else 0
        state = _compress(state, padded[start:start + _BLOCK_BYTES], hashed)
    return b"".join(word.to_bytes(8, "big") for word in state)


def _compress(state: tuple[int, ...], block: bytes, hashed: int) -> tuple[int, ...]:
    words = [int.from_bytes(block[place:place + 8], "big") for place in range(0, _BLOCK_BYTES, 8)]
    low, high = hashed & _MASK, hashed >> 64
    v = [*state, *_PI[:4], *(count ^ constant for count, constant
                             in zip((low, low, high, high), _PI[4:8], strict=True))]
    for number in range(_ROUNDS):
        order = _ORDER[number % len(_ORDER)]
        for step, (a, b, c, d) in enumerate(_LANES):
            first, second = order[2 * step:2 * step + 2]
            for word, constant, turn, other in ((first, second, 32, 25), (second, first, 16, 11)):
                v[a] = (v[a] + v[b] + (words[word] ^ _PI[constant])) & _MASK
                v[d] = _rotated(v[d] ^ v[a], turn)
                v[c] = (v[c] + v[d]) & _MASK
                v[b] = _rotated(v[b] ^ v[c], other)
    return tuple(word ^ v[place] ^ v[place + 8] for place, word in enumerate(state))


def _rotated(word: int, bits: int) -> int:
    return (word >> bits | word << 64 - bits) & _MASK
