"""A signed transfer before it is in a block: with the nonce that it is signed for."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.pool import NotSigned
from proofmill.host.prover.circuits.eddsa import refusal
from proofmill.host.prover.circuits.rollup.ledger import Account
from proofmill.host.prover.circuits.rollup.size import NONCE_BITS
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer

_NONCE_BYTES = NONCE_BITS // 8


class NoTransfer(NotSigned):
    """Bytes that are no transfer anybody could have signed, or that their sender has not."""


@dataclass(frozen=True)
class Waiting:
    """`signed`, by its sender under `nonce`. A block needs no nonces, since there they follow."""

    nonce: int
    signed: SignedTransfer

    @property
    def sender(self) -> int:
        """The account that it takes from."""
        return self.signed.transfer.sender

    @property
    def fee(self) -> int:
        """What it pays to who takes it into a block."""
        return self.signed.transfer.fee

    @property
    def cost(self) -> int:
        """What its sender has less afterwards: amount and fee."""
        return self.signed.transfer.amount + self.fee

    @cached_property
    def raw(self) -> bytes:
        """The nonce (4 bytes, big-endian), then the signed transfer."""
        return self.nonce.to_bytes(_NONCE_BYTES, "big") + self.signed.to_bytes()

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of `raw`: its name."""
        return sha256(self.raw).digest()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Waiting":
        """The inverse of `raw`; `NoTransfer` where the bytes are none."""
        try:
            return cls(int.from_bytes(raw[:_NONCE_BYTES], "big"),
                       SignedTransfer.from_bytes(raw[_NONCE_BYTES:]))
        except ProofmillError as error:
            raise NoTransfer(str(error)) from error

    def check_signature(self, account: Account, chain_id: int) -> None:
        """`NoTransfer` unless the key of `account` has signed it for this chain and nonce."""
        wrong = refusal(account.key, self.signed.transfer.message(chain_id, self.nonce),
                        self.signed.signature)
        if wrong:
            raise NoTransfer(f"account {self.sender} did not sign it for chain {chain_id} and "
                             f"nonce {self.nonce}: {wrong}")
