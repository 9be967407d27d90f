"""What was queued on the chain that holds the coins: deposits, and exits that an owner forces.

Whoever queues pays a deposit with it, or owns the account that shall be emptied, which that chain
sees to (`host.network.contracts`, ``Ledger.vy``). So nobody signs a request here, and every request
can be carried out.
"""

from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.rollup.kinds import ADDRESS_BYTES, Kind, Words, packed
from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, INDEX_BITS

_INDEX, _AMOUNT, _COORDINATE = INDEX_BITS // 8, BALANCE_BITS // 8, 32


@dataclass(frozen=True)
class Open:
    """A deposit of `amount` that makes account `number`, which `key` signs for from then on.

    Bytes: number (4), amount (8), x (32), y (32), big-endian.
    """

    number: int
    amount: int
    key: Point

    @property
    def words(self) -> Words:
        """What stands in the batch's commitment (`kinds`)."""
        return packed(Kind.OPEN, 0, self.number, self.amount), self.key.x, self.key.y

    def to_bytes(self) -> bytes:
        """The fields in their order."""
        return (_whole(self.number, _INDEX) + _whole(self.amount, _AMOUNT)
                + _whole(self.key.x, _COORDINATE) + _whole(self.key.y, _COORDINATE))


@dataclass(frozen=True)
class Credit:
    """A deposit of `amount` to account `number`. Bytes: number (4), amount (8)."""

    number: int
    amount: int

    @property
    def words(self) -> Words:
        """What stands in the batch's commitment (`kinds`)."""
        return packed(Kind.CREDIT, 0, self.number, self.amount), 0, 0

    def to_bytes(self) -> bytes:
        """The fields in their order."""
        return _whole(self.number, _INDEX) + _whole(self.amount, _AMOUNT)


@dataclass(frozen=True)
class ForcedExit:
    """All that account `number` has, which is `amount` then and may be 0, leaves to `address`.

    Bytes: number (4), amount (8), address (20). The queue knows no amount: `amount` is what whoever
    makes the batch finds, and the ledger and the circuit hold him to it.
    """

    number: int
    amount: int
    address: bytes

    @property
    def words(self) -> Words:
        """What stands in the batch's commitment (`kinds`)."""
        return (packed(Kind.FORCED, self.number, 0, self.amount),
                int.from_bytes(self.address, "big"), 0)

    def to_bytes(self) -> bytes:
        """The fields in their order."""
        return _whole(self.number, _INDEX) + _whole(self.amount, _AMOUNT) + self.address


Request = Open | Credit | ForcedExit

_CREDIT_BYTES = _INDEX + _AMOUNT
_FORCED_BYTES = _CREDIT_BYTES + ADDRESS_BYTES
_OPEN_BYTES = _CREDIT_BYTES + 2 * _COORDINATE
REQUEST_BYTES = _CREDIT_BYTES, _FORCED_BYTES, _OPEN_BYTES
"""12, 32 and 76 bytes: the length says which kind it is."""


def request_from_bytes(encoded: bytes) -> Request:
    """The inverse of `to_bytes`; raises `ProofmillError` where the bytes are no request."""
    number = int.from_bytes(encoded[:_INDEX], "big")
    amount = int.from_bytes(encoded[_INDEX:_CREDIT_BYTES], "big")
    rest = encoded[_CREDIT_BYTES:]
    if len(encoded) == _CREDIT_BYTES:
        return Credit(number, amount)
    if len(encoded) == _FORCED_BYTES:
        return ForcedExit(number, amount, rest)
    if len(encoded) != _OPEN_BYTES:
        raise ProofmillError(f"a request takes 12, 32 or 76 bytes, not {len(encoded)}")
    key = Point(int.from_bytes(rest[:_COORDINATE], "big"), int.from_bytes(rest[_COORDINATE:],
                                                                          "big"))
    if max(key) >= MODULUS:
        raise ProofmillError("an account's key has a coordinate that is not below r")
    return Open(number, amount, key)


def same_request(queued: Request, taken: Request) -> bool:
    """Whether `taken` is the request that was `queued`; the queue knows no forced exit's amount."""
    if isinstance(queued, ForcedExit) and isinstance(taken, ForcedExit):
        return (queued.number, queued.address) == (taken.number, taken.address)
    return queued == taken


def _whole(value: int, length: int) -> bytes:
    return value.to_bytes(length, "big")
