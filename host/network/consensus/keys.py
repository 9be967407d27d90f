"""The validators' keys, derived from a seed, and signing in the name of several of them at once."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from proofmill.host.network.consensus.spec import bls
from proofmill.host.network.evm.account import address_of

CURVE_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""The order of BLS12-381's groups: secret keys are integers from 1 to this, exclusive."""


@dataclass(frozen=True)
class ValidatorKey:
    """One validator's secret key, its public key (48 bytes) and its execution address (20)."""

    secret: int
    public: bytes
    address: bytes

    @property
    def account(self) -> bytes:
        """The private key of the account at `address`, 32 bytes, derived from `secret`."""
        return _account(self.secret)


def derive_keys(seed: int, count: int) -> tuple[ValidatorKey, ...]:
    """The keys of validators 0 to count-1.

    secret_i = 1 + SHA-256("proofmill validator <seed> <i>") mod (order - 1). The account's private
    key is SHA-256("proofmill account ", secret as 32 bytes), its address Ethereum's for it. For a
    local chain: whoever knows the seed has the keys.
    """
    keys = []
    for index in range(count):
        digest = sha256(b"proofmill validator %d %d" % (seed, index)).digest()
        keys.append(key_of(1 + int.from_bytes(digest, "big") % (CURVE_ORDER - 1)))
    return tuple(keys)


def random_key() -> ValidatorKey:
    """A key that nobody else has, from the system's random numbers."""
    return key_of(1 + secrets.randbelow(CURVE_ORDER - 1))


def key_of(secret: int) -> ValidatorKey:
    """The key with that secret, 1 to the order - 1."""
    return ValidatorKey(secret, bytes(bls.SkToPk(secret)), address_of(_account(secret)))


def sign_together(keys: Iterable[ValidatorKey], signing_root: bytes) -> bytes:
    """The aggregate of these keys' signatures of one message, 96 bytes.

    A BLS signature is secret * H(message), so the sum of the signatures is the signature by the
    sum of the secrets: one multiplication instead of one each. A key given twice counts twice,
    as in the specification's `FastAggregateVerify`.
    """
    secret = sum(key.secret for key in keys) % CURVE_ORDER
    return bytes(bls.Sign(secret, signing_root))


def _account(secret: int) -> bytes:
    # Above the order of secp256k1 or zero: one in 2^128, and then `address_of` raises.
    return sha256(b"proofmill account " + secret.to_bytes(32, "big")).digest()
