"""Blocks of an accelerator's memory, and what is written to them."""

from collections.abc import Callable, Iterable

from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.accelerator import Accelerator

ALIGNED = 8
"""Words: no transfer of any port is cut by what begins at a multiple of these."""


def aligned(words: int) -> int:
    """So many words, or the next multiple of `ALIGNED`."""
    return words + -words % ALIGNED


class Blocks:
    """Blocks of an accelerator's memory, taken and given back in any order.

    `wanted`: how many words others want, of those that are not reserved.
    """

    def __init__(self, accelerator: Accelerator, wanted: Callable[[], int] = lambda: 0) -> None:
        self._accelerator, self._wanted = accelerator, wanted
        self.words = accelerator.words
        self._free: list[tuple[int, int]] = []
        self._reserved = 0

    def most(self) -> int:
        """Words of all blocks, and of what may yet be taken."""
        first, words = self._rest()
        return self._reserved + words - max(0, self._accelerator.used - first)

    def largest(self) -> int:
        """Words of the largest block that may be taken."""
        return max((words for _, words in (*self._free, self._rest())), default=0)

    def take(self, words: int) -> tuple[int, int] | None:
        """The place, (address, words), of so many; None where no block is as large."""
        words = aligned(words)
        for number, (address, size) in enumerate(self._free):
            if size >= words:
                self._free[number] = address + words, size - words
                return address, words
        first, left = self._rest()
        if words > left:
            return None
        if self._free and self._free[-1][0] == first:
            del self._free[-1]
        more = first + words - self._accelerator.used
        self._accelerator.reserve(more)
        self._reserved += more
        return first, words

    def give_back(self, place: tuple[int, int]) -> None:
        """Have `place` be free again, with what is free beside it."""
        merged: list[tuple[int, int]] = []
        for address, words in sorted([*self._free, place]):
            if merged and sum(merged[-1]) == address:
                merged[-1] = merged[-1][0], merged[-1][1] + words
            elif words:
                merged.append((address, words))
        self._free = merged

    def write(self, address: int, parts: Iterable[Limbs]) -> tuple[list[int], int]:
        """Write `parts` one behind the other, from `address` on: (the address of each, that behind
        them all)."""
        addresses = []
        for words in parts:
            addresses.append(address)
            self._accelerator.write(address, words)
            address += aligned(words.size)
        return addresses, address

    def release(self) -> None:
        """Leave what is free at the end of all that is in use to others."""
        if self._free and sum(self._free[-1]) == self._accelerator.used:
            _, words = self._free.pop()
            self._accelerator.give_back(words)
            self._reserved -= words

    def _rest(self) -> tuple[int, int]:
        """What nobody has had yet and nobody else wants, with what is free before it."""
        used = self._accelerator.used
        first, end = aligned(used), used + self._accelerator.memory - self._wanted()
        if self._free and sum(self._free[-1]) == used:
            first = self._free[-1][0]
        return first, max(0, min(self.words, end) - first)
