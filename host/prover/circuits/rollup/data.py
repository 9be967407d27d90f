"""A batch's transfers and exits in few bytes, without signatures: what a ledger is rebuilt from.

    collector   its number
    then each   head        1 byte: 1 bit for an exit, 4 for the bytes of the amount, 3 of the fee
                sender      its number
                receiver    its number; of an exit, the address, 20 bytes
                amount      0 to 8 bytes
                fee         0 to 4 bytes

All are big-endian; an account's number takes as many bytes as `RollupSize.depth` bits need. A proof
stands in for the signatures. Requests are not in here: whoever has the chain has its queue.
"""

from collections.abc import Iterator, Sequence

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.rollup.kinds import ADDRESS_BYTES
from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, FEE_BITS, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, Signable, Transfer

_EXIT = 1 << 7
_AMOUNT_AT = 3
_FEE_MASK = (1 << _AMOUNT_AT) - 1


def number_bytes(size: RollupSize) -> int:
    """The bytes of an account's number."""
    return -(-size.depth // 8)


def encode(size: RollupSize, collector: int, operations: Sequence[Signable]) -> bytes:
    """The data of a batch with these transfers and exits."""
    length = number_bytes(size)
    return b"".join((collector.to_bytes(length, "big"),
                     *(_encode(length, each) for each in operations)))


def decode(size: RollupSize, data: bytes) -> tuple[int, list[Signable]]:
    """The collector, and the transfers and exits; raises `ProofmillError` where there are none."""
    take = _Taking(data)
    length = number_bytes(size)
    collector = take.number(length)
    return collector, list(_operations(take, length))


def _encode(length: int, each: Signable) -> bytes:
    amount, fee = (_shortest(value) for value in (each.amount, each.fee))
    head = len(amount) << _AMOUNT_AT | len(fee)
    match each:
        case Exit(sender, address):
            return b"".join((bytes([head | _EXIT]), sender.to_bytes(length, "big"), address,
                             amount, fee))
        case Transfer(sender, receiver):
            return b"".join((bytes([head]), sender.to_bytes(length, "big"),
                             receiver.to_bytes(length, "big"), amount, fee))
    raise TypeError(f"{each!r} is neither a transfer nor an exit")


def _operations(take: "_Taking", length: int) -> Iterator[Signable]:
    while take.left:
        head = take.number(1)
        sender = take.number(length)
        amount_bytes, fee_bytes = (head & ~_EXIT) >> _AMOUNT_AT, head & _FEE_MASK
        if amount_bytes > BALANCE_BITS // 8 or fee_bytes > FEE_BITS // 8:
            raise ProofmillError(f"the data of a batch, byte {take.place}: an amount of "
                                 f"{amount_bytes} bytes or a fee of {fee_bytes}")
        if head & _EXIT:
            address = take.bytes(ADDRESS_BYTES)
            yield Exit(sender, address, take.number(amount_bytes), take.number(fee_bytes))
        else:
            receiver = take.number(length)
            yield Transfer(sender, receiver, take.number(amount_bytes), take.number(fee_bytes))


def _shortest(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


class _Taking:
    """Bytes from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    @property
    def left(self) -> int:
        """How many there are."""
        return len(self._data) - self.place

    def bytes(self, count: int) -> bytes:
        """The next so many; `ProofmillError` where there are fewer."""
        if self.left < count:
            raise ProofmillError(f"the data of a batch end at byte {len(self._data)}, within a "
                                 "transfer, an exit or the collector's number")
        self.place += count
        return self._data[self.place - count:self.place]

    def number(self, count: int) -> int:
        """The next so many as a number."""
        return int.from_bytes(self.bytes(count), "big")
