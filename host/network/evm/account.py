"""An account: the key that signs its transactions, and the one owner of its nonce."""

from collections.abc import Sequence
from threading import Lock
from time import monotonic, sleep

from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, derive_private_key
from eth_account import Account as Signer
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import Wei
from proofmill.host.network.evm.client import Address, Evm, Receipt
from proofmill.host.network.evm.transaction import (
    sign_blob_transaction,
    sign_transaction,
)

TRANSACTION_GAS = 15_000_000
"""The limit of a transaction whose sender names none; below the 2^24 of EIP-7825."""

RECEIPT_SECONDS = 60.0


def address_of(private_key: bytes) -> Address:
    """The address of a key's account: the last 20 bytes of the Keccak-256 of the public key's
    coordinates (Ethereum yellow paper, appendix F).

    `private_key`: 32 bytes. Raises `ProofmillError` where it is not a private key of secp256k1.
    """
    try:
        if len(private_key) != 32:
            raise ValueError("it is not 32 bytes")
        key = derive_private_key(int.from_bytes(private_key, "big"), SECP256K1())
    except ValueError as error:
        raise ProofmillError(
            "the account's key is not a private key; use 32 bytes, not zero and below the "
            "order of secp256k1") from error
    point = key.public_key().public_numbers()
    return bytes(keccak(point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")))[12:]


class Account:
    """Sends transactions in order. One object an account, or nonces are used twice.

    The nonce is read from the node once and counted here from then on; a transaction that the node
    does not take gives its nonce back. After a reorganisation call `resynchronise`.
    """

    def __init__(self, evm: Evm, private_key: bytes) -> None:
        """Raises `ProofmillError` where the key is not a private key of secp256k1."""
        self._evm = evm
        self.address = address_of(private_key)
        self._signer = Signer.from_key(private_key)
        self._lock = Lock()
        self._nonce: int | None = None

    def resynchronise(self) -> None:
        """Read the nonce again: the branch has changed, or a transaction was lost."""
        with self._lock:
            self._nonce = None

    def sign_hash(self, digest: bytes) -> bytes:
        """65 bytes, r, s and v (27 or 28), over a digest of 32 bytes, as `ecrecover` takes it."""
        return bytes(self._signer.unsafe_sign_hash(digest).signature)

    def hand_in(
        self, to: Address | None, data: bytes = b"", value: int = 0, gas: int = TRANSACTION_GAS
    ) -> bytes:
        """Sign and send without waiting for a block; the transaction's hash.

        To None creates a contract from `data`. Raises `ProofmillError` where the node does not
        take it, and then its nonce is free again.
        """
        with self._lock:
            transaction_hash = self._evm.send(self._sign(to, data, value, gas))
            assert self._nonce is not None
            self._nonce += 1
        return transaction_hash

    def sign(
        self, to: Address | None, data: bytes = b"", value: int = 0, gas: int = TRANSACTION_GAS,
        nonce: int | None = None,
    ) -> bytes:
        """The raw transaction with the next nonce, which it does not use up, or with `nonce`."""
        with self._lock:
            return self._sign(to, data, value, gas, nonce)

    def sign_blobs(self, to: Address, hashes: Sequence[bytes], blob_fee: Wei, gas: int, nonce: int
                   ) -> bytes:
        """The raw transaction of type 3 with that nonce, which it does not use up; see
        `sign_blob_transaction`."""
        return sign_blob_transaction(
            self._signer, self._evm.chain_id, nonce, Wei(self._evm.block().base_fee), to, gas,
            blob_fee, hashes)

    def _sign(self, to: Address | None, data: bytes, value: int, gas: int,
              nonce: int | None = None) -> bytes:
        if nonce is None:
            if self._nonce is None:
                self._nonce = self._evm.nonce(self.address)
            nonce = self._nonce
        return sign_transaction(
            self._signer, self._evm.chain_id, nonce, Wei(self._evm.block().base_fee), to, data,
            Wei(value), gas)

    def send(
        self, to: Address | None, data: bytes = b"", value: int = 0, gas: int = TRANSACTION_GAS
    ) -> Receipt:
        """`hand_in`, and wait for the receipt.

        A transaction that its contract refused has a receipt too: see `Receipt.succeeded`. Raises
        `ProofmillError` where the node does not take it, or no block does within a minute.
        """
        transaction_hash = self.hand_in(to, data, value, gas)
        deadline = monotonic() + RECEIPT_SECONDS
        while (receipt := self._evm.receipt(transaction_hash)) is None:
            if monotonic() > deadline:
                raise ProofmillError(
                    f"transaction 0x{transaction_hash.hex()} is in no block after "
                    f"{RECEIPT_SECONDS:.0f} s; see whether the node makes blocks")
            sleep(0.05)
        return receipt
