"""Transactions of type 2 (EIP-1559), the only ones that wait in pools here, signed and read; and
those of type 3 (EIP-4844), which bring blobs, as who builds a payload signs them for its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from eth_account import Account as Signer
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_hash.auto import keccak
from hexbytes import HexBytes

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.units import Wei
from proofmill.host.network.evm.client import Address
from proofmill.host.network.pool import NotSigned

TYPE, BLOB_TYPE = 2, 3
NOTHING = Wei(0)
MOST_KNOWN = 128
"""Transactions that are remembered: a pool, a builder and whoever judges a block read each anew,
and who signed it is dear to find out."""


class NoTransaction(NotSigned):
    """Bytes that are no signed transaction of type 2."""


@dataclass(frozen=True)
class Transaction:
    """A signed transaction. `to`: 20 bytes, empty where it creates a contract.

    `max_fee`: wei for a unit of gas; `value`: wei.
    """

    raw: bytes
    chain_id: int
    nonce: int
    gas: int
    max_fee: Wei
    value: Wei
    to: Address
    data: bytes

    @cached_property
    def hash(self) -> bytes:
        """The Keccak-256 of its bytes: its name."""
        return bytes(keccak(self.raw))

    @cached_property
    def sender(self) -> Address:
        """Who signed it. NoTransaction where the signature is nobody's."""
        try:
            return bytes.fromhex(Signer.recover_transaction(self.raw)[2:])
        except MemoryError:
            raise  # own trouble says nothing about the bytes
        except Exception as error:  # the library has no one class for what may be wrong
            raise NoTransaction(f"no signed transaction ({type(error).__name__})") from error

    @property
    def most(self) -> Wei:
        """Wei that its sender has to have."""
        return Wei(self.gas * self.max_fee + self.value)


def decode_transaction(raw: bytes | bytearray) -> Transaction:
    """The inverse of `sign_transaction`, whoever signed; NoTransaction for anything else."""
    return _decoded(bytes(raw))


@lru_cache(MOST_KNOWN)
def _decoded(raw: bytes) -> Transaction:
    fields = _fields(raw)
    if fields["type"] != TYPE:
        raise NoTransaction(f"no signed transaction (one of type {fields['type']})")
    return Transaction(
        raw, fields["chainId"], fields["nonce"], fields["gas"], Wei(fields["maxFeePerGas"]),
        Wei(fields["value"]), bytes(fields["to"]), bytes(fields["data"]))


def _fields(raw: bytes) -> JsonObject:
    try:
        return dict(TypedTransaction.from_bytes(HexBytes(raw)).as_dict())
    except MemoryError:
        raise  # own trouble says nothing about the bytes
    except Exception as error:  # whatever a stranger's bytes lead to
        raise NoTransaction(f"no signed transaction ({type(error).__name__})") from error


def blob_hashes(raw: bytes) -> tuple[bytes, ...]:
    """The versioned hashes of the blobs that a payload's transaction brings, in its order; none
    of another type than 3. NoTransaction for what claims to be of type 3 and is none."""
    if raw[:1] != bytes([BLOB_TYPE]):
        return ()
    return tuple(bytes(each) for each in _fields(raw)["blobVersionedHashes"])


def most_price(base_fee: int) -> Wei:
    """Wei that a transaction offers for a unit of gas when the latest block's base fee is that."""
    return Wei(2 * base_fee + 1)


def sign_transaction(
    signer: LocalAccount, chain_id: int, nonce: int, base_fee: Wei, to: Address | None,
    data: bytes = b"", value: Wei = NOTHING, gas: int = 21_000,
) -> bytes:
    """The raw transaction; it offers twice the base fee, so that the next blocks' may rise.

    `base_fee`: of the latest block, wei. `to` None creates a contract from `data`.
    """
    fields: JsonObject = {
        "type": TYPE, "chainId": chain_id, "nonce": nonce, "gas": gas,
        "maxFeePerGas": most_price(base_fee), "maxPriorityFeePerGas": 1, "value": value,
        "data": data,
    }
    if to is not None:
        fields["to"] = to
    return bytes(signer.sign_transaction(fields).raw_transaction)


def sign_blob_transaction(
    signer: LocalAccount, chain_id: int, nonce: int, base_fee: Wei, to: Address, gas: int,
    blob_fee: Wei, hashes: Sequence[bytes],
) -> bytes:
    """The raw transaction of type 3, as a payload has it: without the blobs.

    `blob_fee`: the most wei for a unit of blob gas, 131,072 units a blob; `hashes`: versioned
    hashes of the commitments, 32 bytes each.
    """
    fields: JsonObject = {
        "type": BLOB_TYPE, "chainId": chain_id, "nonce": nonce, "gas": gas,
        "maxFeePerGas": most_price(base_fee), "maxPriorityFeePerGas": 1, "value": 0, "data": b"",
        "to": to, "maxFeePerBlobGas": blob_fee, "blobVersionedHashes": list(hashes),
    }
    return bytes(signer.sign_transaction(fields).raw_transaction)
