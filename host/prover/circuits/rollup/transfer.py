"""A transfer that its sender signed."""

from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.eddsa import SIGNATURE_BYTES, Signature, sign
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.size import (
    BALANCE_BITS,
    FEE_BITS,
    INDEX_BITS,
    NONCE_BITS,
)

MESSAGE_DOMAIN = int.from_bytes(b"proofmill.transfer.1", "big")
"""Keeps messages apart from every other use of Poseidon."""

_FIELDS = (("sender", INDEX_BITS), ("receiver", INDEX_BITS), ("amount", BALANCE_BITS),
           ("fee", FEE_BITS))
TRANSFER_BYTES = sum(bits for _, bits in _FIELDS) // 8
"""What a ledger can be rebuilt from: 20 bytes a transfer."""
SIGNED_BYTES = TRANSFER_BYTES + SIGNATURE_BYTES
"""With what shows that the sender wanted it, before there is a proof: 84 bytes."""


@dataclass(frozen=True)
class Transfer:
    """`amount` from account `sender` to account `receiver`, and `fee` to who makes the batch.

    Raises `ProofmillError` for a number that does not fit, or an amount of 0.
    """

    sender: int
    receiver: int
    amount: int
    fee: int = 0

    def __post_init__(self) -> None:
        for name, bits in _FIELDS:
            least, value = int(name == "amount"), getattr(self, name)
            if not least <= value < 1 << bits:
                raise ProofmillError(
                    f"a transfer's {name} must be {least} to {(1 << bits) - 1}, not {value}")

    @property
    def packed(self) -> int:
        """``sender + 2^32 receiver + 2^64 amount + 2^128 fee``: 160 bits."""
        return (self.sender | self.receiver << INDEX_BITS | self.amount << 2 * INDEX_BITS
                | self.fee << 2 * INDEX_BITS + BALANCE_BITS)

    def message(self, chain_id: int, nonce: int) -> int:
        """What is signed: ``poseidon((domain, chain id, packed + 2^160 nonce))``.

        `nonce`: the sender's, how many transfers it has made; each is used once.
        """
        if not 0 <= nonce < 1 << NONCE_BITS:
            raise ProofmillError(f"a nonce must be 0 to {(1 << NONCE_BITS) - 1}, not {nonce}")
        return poseidon((MESSAGE_DOMAIN, chain_id, self.packed | nonce << 8 * TRANSFER_BYTES))

    def signed(self, key: bytes, chain_id: int, nonce: int) -> "SignedTransfer":
        """With the signature of the private `key`."""
        return SignedTransfer(self, sign(key, self.message(chain_id, nonce)))

    def to_bytes(self) -> bytes:
        """Sender (4 bytes), receiver (4), amount (8), fee (4), big-endian."""
        return b"".join(getattr(self, name).to_bytes(bits // 8, "big") for name, bits in _FIELDS)

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "Transfer":
        """The inverse; raises `ProofmillError` where the bytes are no transfer."""
        if len(encoded) != TRANSFER_BYTES:
            raise ProofmillError(f"a transfer takes {TRANSFER_BYTES} bytes, not {len(encoded)}")
        values, start = [], 0
        for _, bits in _FIELDS:
            values.append(int.from_bytes(encoded[start:start + bits // 8], "big"))
            start += bits // 8
        return cls(*values)


@dataclass(frozen=True)
class SignedTransfer:
    """A transfer, and its sender's signature of it under its chain and nonce."""

    transfer: Transfer
    signature: Signature

    def to_bytes(self) -> bytes:
        """The transfer, then the signature: `SIGNED_BYTES`."""
        return self.transfer.to_bytes() + self.signature.to_bytes()

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "SignedTransfer":
        """The inverse; raises `ProofmillError` where the bytes are no signed transfer."""
        if len(encoded) != SIGNED_BYTES:
            raise ProofmillError(
                f"a signed transfer takes {SIGNED_BYTES} bytes, not {len(encoded)}")
        try:
            signature = Signature.from_bytes(encoded[TRANSFER_BYTES:])
        except ValueError as error:
            raise ProofmillError(f"a transfer's signature: {error}") from error
        return cls(Transfer.from_bytes(encoded[:TRANSFER_BYTES]), signature)
