"""The tree over the exits of one batch, as ``Ledger.vy`` hashes it.

    leaf = Keccak-256(place, receiver, amount), each 32 bytes,    node = Keccak-256(left, right)

A node without a sibling has 32 zeros for one; the root of one leaf is the leaf. Exits are in no
tree of the circuit: a contract makes this one from the words that the proof is for. A level costs
it, and whoever withdraws, some hundred gas, where one of Poseidon costs tens of thousands.
"""

from dataclasses import dataclass

from eth_hash.auto import keccak

from proofmill.host.network.evm.client import Address
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.requests import ForcedExit
from proofmill.host.prover.circuits.rollup.transfer import Exit

_NONE = bytes(32)


@dataclass(frozen=True)
class Leaving:
    """`amount` units on their way out to `receiver`."""

    receiver: Address
    amount: int


@dataclass(frozen=True)
class ExitTree:
    """The exits of a batch in their order, forced ones first."""

    exits: tuple[Leaving, ...]

    @classmethod
    def of(cls, batch: Batch) -> "ExitTree":
        """What leaves in a batch."""
        forced = [Leaving(each.address, each.amount) for each in batch.requests
                  if isinstance(each, ForcedExit)]
        signed = [Leaving(each.transfer.address, each.transfer.amount) for each in batch.transfers
                  if isinstance(each.transfer, Exit)]
        return cls((*forced, *signed))

    @property
    def root(self) -> bytes:
        """What stands for all of them; zeros where there are none."""
        return self._levels()[-1][0]

    def branch(self, place: int) -> list[bytes]:
        """The siblings from the leaf at `place` to the root, its own first."""
        if not 0 <= place < len(self.exits):
            raise IndexError(f"exit {place} of {len(self.exits)}")
        siblings = []
        for height, level in enumerate(self._levels()[:-1]):
            sibling = place >> height ^ 1
            siblings.append(level[sibling] if sibling < len(level) else _NONE)
        return siblings

    def _levels(self) -> list[list[bytes]]:
        levels = [[_leaf(place, each) for place, each in enumerate(self.exits)] or [_NONE]]
        while len(below := levels[-1]) > 1:
            even = below + [_NONE] * (len(below) % 2)
            levels.append([keccak(even[place] + even[place + 1])
                           for place in range(0, len(even), 2)])
        return levels


def _leaf(place: int, each: Leaving) -> bytes:
    return bytes(keccak(place.to_bytes(32, "big") + bytes(12) + each.receiver
                        + each.amount.to_bytes(32, "big")))
