"""What an account's key signs: a transfer, or an exit."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.eddsa import SIGNATURE_BYTES, Signature, sign
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.kinds import (
    ADDRESS_BYTES,
    NONCE_AT,
    Kind,
    Words,
    packed,
)
from proofmill.host.prover.circuits.rollup.size import (
    BALANCE_BITS,
    FEE_BITS,
    INDEX_BITS,
    NONCE_BITS,
)

MESSAGE_DOMAIN = int.from_bytes(b"proofmill.transfer.1", "big")
"""Keeps messages apart from every other use of Poseidon."""
EXIT_DOMAIN = int.from_bytes(b"mill.exit.1", "big") << 8 * ADDRESS_BYTES
"""The same for exits; its last 20 bytes are free for the address."""

_BITS = {"sender": INDEX_BITS, "receiver": INDEX_BITS, "address": 8 * ADDRESS_BYTES,
         "amount": BALANCE_BITS, "fee": FEE_BITS}
TRANSFER_BYTES = (2 * INDEX_BITS + BALANCE_BITS + FEE_BITS) // 8
"""A transfer without its signature: 20 bytes."""
SIGNED_BYTES = TRANSFER_BYTES + SIGNATURE_BYTES
"""With what shows that the sender wanted it, before there is a proof: 84 bytes."""
EXIT_BYTES = TRANSFER_BYTES - INDEX_BITS // 8 + ADDRESS_BYTES
"""An exit without its signature: 36 bytes; 100 with it."""


class Signable(ABC):
    """A transfer or an exit."""

    FIELDS: ClassVar[tuple[str, ...]]
    sender: int
    amount: int
    fee: int

    def __post_init__(self) -> None:
        for name in self.FIELDS:
            value = getattr(self, name)
            if isinstance(value, bytes):
                if len(value) != ADDRESS_BYTES:
                    raise ProofmillError(f"{self._named} {name} has {ADDRESS_BYTES} bytes, "
                                         f"not {len(value)}")
                continue
            least = int(name == "amount")
            if not least <= value < 1 << _BITS[name]:
                raise ProofmillError(f"{self._named} {name} must be {least} to "
                                     f"{(1 << _BITS[name]) - 1}, not {value}")

    @property
    @abstractmethod
    def _named(self) -> str:
        """Whose field it is, in messages."""

    @property
    @abstractmethod
    def words(self) -> Words:
        """What stands in the batch's commitment (`kinds`)."""

    @property
    @abstractmethod
    def domain(self) -> int:
        """The first of the three numbers whose hash is signed."""

    def message(self, chain_id: int, nonce: int) -> int:
        """What is signed: ``poseidon((domain, chain id, word 0 + 2^160 nonce))``.

        `nonce`: the sender's, how many transfers and exits it has made; each is used once.
        """
        if not 0 <= nonce < 1 << NONCE_BITS:
            raise ProofmillError(f"a nonce must be 0 to {(1 << NONCE_BITS) - 1}, not {nonce}")
        return poseidon((self.domain, chain_id, self.words[0] | nonce << NONCE_AT))

    def signed(self, key: bytes, chain_id: int, nonce: int) -> "SignedTransfer":
        """With the signature of the private `key`."""
        return SignedTransfer(self, sign(key, self.message(chain_id, nonce)))

    def to_bytes(self) -> bytes:
        """The fields in their order, big-endian, each in as many bytes as it has bits."""
        return b"".join(
            value if isinstance(value := getattr(self, name), bytes)
            else value.to_bytes(_BITS[name] // 8, "big") for name in self.FIELDS)

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """The inverse; raises `ProofmillError` where the bytes are none of this kind."""
        length = sum(_BITS[name] for name in cls.FIELDS) // 8
        if len(encoded) != length:
            raise ProofmillError(f"a {cls.__name__.lower()} takes {length} bytes, "
                                 f"not {len(encoded)}")
        values, start = {}, 0
        for name in cls.FIELDS:
            part = encoded[start:start + _BITS[name] // 8]
            values[name] = part if name == "address" else int.from_bytes(part, "big")
            start += len(part)
        return cls(**values)


@dataclass(frozen=True)
class Transfer(Signable):
    """`amount` from account `sender` to account `receiver`, and `fee` to who makes the batch.

    Bytes: sender (4), receiver (4), amount (8), fee (4). Raises `ProofmillError` for a number that
    does not fit, or an amount of 0.
    """

    FIELDS = "sender", "receiver", "amount", "fee"
    sender: int
    receiver: int
    amount: int
    fee: int = 0

    @property
    def _named(self) -> str:
        return "a transfer's"

    @property
    def words(self) -> Words:
        return packed(Kind.TRANSFER, self.sender, self.receiver, self.amount, self.fee), 0, 0

    @property
    def domain(self) -> int:
        return MESSAGE_DOMAIN


@dataclass(frozen=True)
class Exit(Signable):
    """`amount` from account `sender` out of the ledger, to `address` of the chain that holds the
    coins, and `fee` to who makes the batch.

    Bytes: sender (4), address (20), amount (8), fee (4). Raises `ProofmillError` for a number that
    does not fit, an amount of 0, or an address of another length.
    """

    FIELDS = "sender", "address", "amount", "fee"
    sender: int
    address: bytes
    amount: int
    fee: int = 0

    @property
    def _named(self) -> str:
        return "an exit's"

    @property
    def words(self) -> Words:
        return (packed(Kind.EXIT, self.sender, 0, self.amount, self.fee),
                int.from_bytes(self.address, "big"), 0)

    @property
    def domain(self) -> int:
        return EXIT_DOMAIN | int.from_bytes(self.address, "big")


@dataclass(frozen=True)
class SignedTransfer:
    """A transfer or an exit, and its sender's signature of it under its chain and nonce."""

    transfer: Signable
    signature: Signature

    def to_bytes(self) -> bytes:
        """The transfer, `SIGNED_BYTES` with the signature, or the exit, 16 more."""
        return self.transfer.to_bytes() + self.signature.to_bytes()

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "SignedTransfer":
        """The inverse; raises `ProofmillError` where the bytes are no signed transfer or exit."""
        length = len(encoded) - SIGNATURE_BYTES
        if length not in (TRANSFER_BYTES, EXIT_BYTES):
            raise ProofmillError(
                f"a signed transfer takes {SIGNED_BYTES} bytes, a signed exit "
                f"{EXIT_BYTES + SIGNATURE_BYTES}, not {len(encoded)}")
        kind: type[Signable] = Transfer if length == TRANSFER_BYTES else Exit
        try:
            signature = Signature.from_bytes(encoded[length:])
        except ValueError as error:
            raise ProofmillError(f"a transfer's signature: {error}") from error
        return cls(kind.from_bytes(encoded[:length]), signature)
