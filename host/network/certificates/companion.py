"""Companion keys: a validator's second key, on Baby Jubjub, bound to its first by a signature.

A companion key follows from the validator's secret key, so the keystore that keeps one keeps both:

    companion key = SHA-256("proofmill companion key ", secret as 32 bytes, big-endian)

as the private key of `host.prover.circuits.eddsa`. A registration binds it once: the validator
signs, with BLS, the signing root of ``CompanionKey(validator_index, companion_key, from_epoch)``
under a domain of its own (the companion key packed in 32 bytes, as circomlibjs does), and the
companion key signs ``Poseidon(domain, words(signing root))`` with the domain
``proofmill.companion-proof.1``. The second shows that who registers has the key (Ristenpart
and Yilek, "The power of proofs-of-possession", EUROCRYPT 2007), so nobody registers another's.

A registration counts from an epoch on. All nodes of a chain must know the same registrations, as
they know the same genesis state: the state itself has no place for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.genesis import genesis_validators_root
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.spec import bls, spec
from proofmill.host.prover.circuits.baby_jubjub import Point, pack
from proofmill.host.prover.circuits.eddsa import Signature, public_key, refusal, sign
from proofmill.host.prover.circuits.finality.registry import (
    AHEAD,
    Member,
    Registry,
    check_key,
)
from proofmill.host.prover.circuits.finality.vote import check_number, words
from proofmill.host.prover.circuits.poseidon import poseidon

DOMAIN_COMPANION_KEY = spec.DomainType(bytes.fromhex("70666b01"))
"""Has the specification's DOMAIN_APPLICATION_MASK (0x00000001), so it is none of its own."""

POSSESSION_DOMAIN = int.from_bytes(b"proofmill.companion-proof.1", "big")
"""Keeps these messages apart from every other use of Poseidon."""

assert AHEAD == spec.MAX_SEED_LOOKAHEAD     # by compute_activation_exit_epoch

REMEMBERED = 1 << 13
"""Registrations whose signatures have been checked: each is looked at once, not once an epoch."""


class CompanionKey(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """What a registration's BLS signature is of."""

    validator_index: spec.ValidatorIndex
    companion_key: spec.Bytes32
    from_epoch: spec.Epoch


@dataclass(frozen=True)
class Registration:
    """A companion key, the epoch from which it counts, and both signatures."""

    validator: int
    key: Point
    from_epoch: int
    signature: bytes
    possession: Signature


def companion_secret(key: ValidatorKey) -> bytes:
    """The private companion key of a validator, 32 bytes."""
    return sha256(b"proofmill companion key " + key.secret.to_bytes(32, "big")).digest()


def register(validator: int, key: ValidatorKey, from_epoch: int, genesis_validators_root: bytes
             ) -> Registration:
    """The registration of a validator's companion key."""
    secret = companion_secret(key)
    public = public_key(secret)
    root = _signing_root(validator, public, from_epoch, genesis_validators_root)
    return Registration(validator, public, from_epoch, bytes(bls.Sign(key.secret, root)),
                        sign(secret, _possession(root)))


def registered(keys: Sequence[ValidatorKey]) -> tuple[Registration, ...]:
    """The registrations of all validators of a chain that begins with these keys, from its first
    epoch on."""
    root = genesis_validators_root(keys)
    return tuple(register(index, key, 0, root) for index, key in enumerate(keys))


@lru_cache(REMEMBERED)
def registration_refusal(registration: Registration, validator_key: bytes,
                         genesis_validators_root: bytes) -> str:
    """Why a registration does not bind its key to the validator with that BLS key, or nothing."""
    try:
        check_key(registration.key, "companion key")
        check_number("epoch from which it counts", registration.from_epoch)
        root = _signing_root(registration.validator, registration.key, registration.from_epoch,
                             genesis_validators_root)
    except (ProofmillError, ValueError) as error:
        return str(error)
    if not bls.Verify(validator_key, root, registration.signature):
        return "the validator's key has not signed it"
    if reason := refusal(registration.key, _possession(root), registration.possession):
        return f"the companion key has not signed it: {reason}"
    return ""


def companions_of(registrations: Iterable[Registration], state: spec.BeaconState
                  ) -> dict[int, Point]:
    """The companion keys that count in the epoch of `state`, by validator; the last registered of
    each. Raises `ProofmillError` for a registration that does not hold, or a key of two validators.
    """
    found: dict[int, Registration] = {}
    epoch, root = int(spec.get_current_epoch(state)), bytes(state.genesis_validators_root)
    for each in registrations:
        if not 0 <= each.validator < len(state.validators):
            continue    # of a validator that this state does not have yet
        public = bytes(state.validators[each.validator].pubkey)
        if reason := registration_refusal(each, public, root):
            raise ProofmillError(f"the registration of validator {each.validator}: {reason}")
        before = found.get(each.validator)
        if each.from_epoch <= epoch and (
                before is None or before.from_epoch < each.from_epoch):
            found[each.validator] = each
    return {validator: each.key for validator, each in sorted(found.items())}


def registry_of(state: spec.BeaconState, companions: Mapping[int, Point], depth: int) -> Registry:
    """The registry of a state, by which the votes from its checkpoint count.

    Members are the validators that are active in one of the `AHEAD` epochs after the state's, not
    slashed, and have a companion key; a total is what the specification's
    `get_total_active_balance` will be in its epoch, but for effective balances, which are as they
    are now. The fork's domain is that of the state's epoch, for attesters.
    """
    epoch = spec.get_current_epoch(state)
    active = [spec.get_active_validator_indices(state, spec.Epoch(epoch + ahead))
              for ahead in range(1, AHEAD + 1)]
    bits: dict[int, int] = {}
    for place, indices in enumerate(active):
        for index in map(int, indices):
            if index in companions and not state.validators[index].slashed:
                bits[index] = bits.get(index, 0) | 1 << place
    return Registry(depth, {
        index: Member(companions[index], int(state.validators[index].effective_balance), each)
        for index, each in sorted(bits.items())},
                    tuple(int(spec.get_total_balance(state, set(each))) for each in active),
                    bytes(spec.get_domain(state, spec.DOMAIN_BEACON_ATTESTER, epoch)), int(epoch))


def _signing_root(validator: int, key: Point, from_epoch: int, genesis_validators_root: bytes
                  ) -> bytes:
    message = CompanionKey(validator_index=validator, companion_key=pack(key),
                           from_epoch=from_epoch)
    domain = spec.compute_domain(
        DOMAIN_COMPANION_KEY, genesis_validators_root=genesis_validators_root)
    return bytes(spec.compute_signing_root(message, domain))


def _possession(signing_root: bytes) -> int:
    return poseidon((POSSESSION_DOMAIN, *words(signing_root)))
