"""Lists of 32-bit numbers as gnark packs them, by the library `intcomp`, and varints.

A packed list is blocks and, as its last word, the size of the last one. A block begins with how
many numbers and how many words it has; every number is kept as its difference from the one before.

* Fewer than 128 numbers: differences in bytes of 7 bits, the lowest first, the eighth bit set where
  more follow; of each word the highest byte first.
* Else: the first number, then for each 128 a word with four bytes, of 32 numbers each the highest
  byte first: how many bits a difference has, plus 128 where it is signed: 0, -1, 1, -2 as 0, 1, 2,
  3, and so on. The differences follow, the first in the lowest bits; with 32 bits the numbers
  themselves.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCK, GROUP = 128, 32
_MASK = 0xffffffff


def unpacked(words: Sequence[int]) -> list[int]:
    """The numbers of a packed list, 32 bits each. ValueError where it is none."""
    found: list[int] = []
    at, end = 0, max(0, len(words) - 1)
    while at < end:
        count, size = words[at], words[at + 1] if at + 1 < end else 0
        block = words[at:at + size]
        if size < 2 or at + size > end:
            raise ValueError(f"a block of {size} words at word {at} of {end}")
        numbers = _differences_in_bytes(block) if count < BLOCK else _differences_in_bits(block)
        if len(numbers) != count:
            raise ValueError(f"a block with {len(numbers)} numbers, not {count}")
        found += numbers
        at += size
    return found


def _differences_in_bytes(block: Sequence[int]) -> list[int]:
    found, last, difference, shift = [], 0, 0, 0
    for byte in b"".join(word.to_bytes(4, "big") for word in block[2:]):
        difference |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            last = last + difference & _MASK
            found.append(last)
            difference = shift = 0
            if len(found) == block[0]:
                break
    return found


def _differences_in_bits(block: Sequence[int]) -> list[int]:
    found: list[int] = []
    last, at = block[2] if len(block) > 2 else 0, 3
    while len(found) < block[0] and at < len(block):
        head = block[at].to_bytes(4, "big")
        at += 1
        for bits, signed in ((byte & 0x7f, byte >> 7) for byte in head):
            packed = b"".join(word.to_bytes(4, "little") for word in block[at:at + bits])
            at += bits
            if not bits:
                found += [last] * GROUP
                continue
            if bits == GROUP:
                found += block[at - bits:at]
                last = found[-1]
                continue
            rest = int.from_bytes(packed, "little")
            for shift in range(0, GROUP * bits, bits):
                difference = rest >> shift & (1 << bits) - 1
                if signed:
                    difference = -(difference & 1) ^ difference >> 1
                last = last + difference & _MASK
                found.append(last)
    return found


def varints(data: bytes, count: int) -> NDArray[np.uint32]:
    """`count` numbers of 32 bits, each in bytes of 7 bits, the lowest first. ValueError where there
    are not so many, or one is greater."""
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(octets < 0x80)
    if len(ends) != count or (count and int(ends[-1]) != len(octets) - 1):
        raise ValueError(f"{len(ends)} numbers, not {count}")
    starts = np.concatenate(([0], ends[:-1] + 1)) if count else ends
    sizes = ends - starts + 1
    if count and int(sizes.max()) > 5:
        raise ValueError("a number of more than 32 bits")
    values = np.zeros(count, dtype=np.uint64)
    for place in range(5):
        there = sizes > place
        values[there] |= (octets[starts[there] + place] & np.uint8(0x7f)).astype(
            np.uint64) << np.uint64(7 * place)
    if count and int(values.max()) > _MASK:
        raise ValueError("a number of more than 32 bits")
    return values.astype(np.uint32)
