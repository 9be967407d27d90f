"""Companion keys, their registration, and the registry of a state."""

from dataclasses import replace

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.companion import (
    DOMAIN_COMPANION_KEY,
    Registration,
    companion_secret,
    companions_of,
    register,
    registration_refusal,
    registry_of,
)
from proofmill.host.network.consensus.genesis import STAKE_GWEI, genesis_state
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.baby_jubjub import ZERO
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.registry import unchanging
from tests.host.prover.circuits.finality.small import voted

KEYS = derive_keys(5, 8)
REGISTERED = KEYS[:3]
ROOT = b"\x07" * 32


@pytest.fixture(scope="module")
def made() -> Registration:
    return register(1, KEYS[1], 4, ROOT)


def test_a_registration_binds_a_companion_key(made: Registration) -> None:
    assert made.key == public_key(companion_secret(KEYS[1]))
    assert made.key != public_key(companion_secret(KEYS[0]))
    assert registration_refusal(made, KEYS[1].public, ROOT) == ""
    assert made == register(1, KEYS[1], 4, ROOT)


@pytest.mark.parametrize("changes, validator, root, reason", (
    ({"validator": 2}, 1, ROOT, "validator's key has not"),
    ({"from_epoch": 5}, 1, ROOT, "validator's key has not"),
    ({}, 0, ROOT, "validator's key has not"), ({}, 1, bytes(32), "validator's key has not"),
    ({"signature": bytes(96)}, 1, ROOT, "validator's key has not"),
    ({"key": ZERO}, 1, ROOT, "no point of Baby Jubjub of large order"),
    ({"from_epoch": -1}, 1, ROOT, "0 to 2^64 - 1, not -1"),
    ({"possession": voted(0).signature}, 1, ROOT, "the companion key has not signed it")))
def test_another_registration_does_not_hold(made: Registration, changes, validator, root, reason
                                            ) -> None:
    assert reason in registration_refusal(
        replace(made, **changes), KEYS[validator].public, root)


def test_the_domain_is_the_applications_own() -> None:
    mask = int.from_bytes(spec.DOMAIN_APPLICATION_MASK, "big")
    assert mask & int.from_bytes(DOMAIN_COMPANION_KEY, "big") == mask


def test_nobody_registers_the_key_of_another(made: Registration) -> None:
    stolen = replace(register(0, KEYS[0], 4, ROOT), key=made.key)
    assert registration_refusal(stolen, KEYS[0].public, ROOT) != ""


def test_the_registry_of_a_state() -> None:
    state = genesis_state(KEYS, bytes(32))
    genesis = bytes(state.genesis_validators_root)
    everybody = [register(index, key, 0, genesis) for index, key in enumerate(REGISTERED)]
    companions = companions_of(everybody, state)
    full = registry_of(state, companions, 3)
    assert full.totals == unchanging(8 * STAKE_GWEI) and list(full.members) == [0, 1, 2]
    assert full.fork_domain == bytes(spec.get_domain(state, spec.DOMAIN_BEACON_ATTESTER, 0))
    later = [*everybody[:2], register(2, KEYS[2], 1, genesis), register(8, KEYS[2], 0, genesis)]
    assert list(companions_of(later, state)) == [0, 1], "one counts later, one is of nobody"
    state.validators[0].slashed = True
    state.validators[1].effective_balance = 32 * 10**9
    state.validators[2].exit_epoch = 0
    changed = registry_of(state, companions, 3)
    assert {index: each.balance for index, each in changed.members.items()} == {1: 32 * 10**9}
    assert changed.totals == unchanging(int(spec.get_total_active_balance(state)))
    assert changed.totals == unchanging(6 * STAKE_GWEI + 32 * 10**9)
    assert changed.commitment != full.commitment
    with pytest.raises(ProofmillError, match="registration of validator 1: the validator's key"):
        companions_of([replace(everybody[0], validator=1)], state)


def test_a_registry_knows_who_comes_and_goes() -> None:
    """Four epochs ahead, as far as the specification lets nothing be decided any more."""
    state = genesis_state(KEYS, bytes(32))
    genesis = bytes(state.genesis_validators_root)
    companions = companions_of(
        [register(index, key, 0, genesis) for index, key in enumerate(REGISTERED)], state)
    state.slot = 3 * spec.SLOTS_PER_EPOCH
    state.validators[0].exit_epoch, state.validators[1].activation_epoch = 6, 5
    state.validators[2].exit_epoch = 4
    state.validators[7].exit_epoch = 7      # without a companion key
    found = registry_of(state, companions, 3)
    assert {index: each.active for index, each in found.members.items()} == {0: 0b0011, 1: 0b1110}
    assert found.epoch == 3
    assert [each // STAKE_GWEI for each in found.totals] == [6, 7, 6, 5]
    for ahead, total in enumerate(found.totals, 1):
        later = spec.copy(state)
        later.slot = (3 + ahead) * spec.SLOTS_PER_EPOCH
        assert spec.get_total_active_balance(later) == total
    exiting = spec.copy(state)
    spec.initiate_validator_exit(exiting, spec.ValidatorIndex(5))
    assert registry_of(exiting, companions, 3) == found


def test_the_last_registration_counts() -> None:
    state = genesis_state(KEYS, bytes(32))
    genesis = bytes(state.genesis_validators_root)
    state.slot = 3 * spec.SLOTS_PER_EPOCH
    first, second = (register(0, KEYS[0], epoch, genesis) for epoch in (1, 2))
    for order in ((first, second), (second, first)):
        assert companions_of(order, state) == {0: second.key}
