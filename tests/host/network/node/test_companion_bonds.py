"""A companion key that signs twice loses its bond in the next block of whoever has heard it."""

from collections.abc import Container, Iterator
from pathlib import Path
from typing import cast

from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.companion import companion_secret, registered
from proofmill.host.network.consensus.genesis import genesis_validators_root
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.node.certifier import places_for
from proofmill.host.network.node.companion_bonds import (
    COMPANION_BOND_WEI,
    BondedKeys,
    Bonding,
    SlashedKey,
    founder,
)
from proofmill.host.network.node.companions import Companions
from proofmill.host.network.node.follower import ATTEST_MS
from proofmill.host.network.node.opening import GenesisEngines
from proofmill.host.network.node.wire import Topic
from tests.host.network.node.chains import KEYS, Source, chain_setup

EPOCH_1 = 8
"""Its first slot: votes of epoch 0 lead nowhere."""


class Hearing:
    """What a node has heard that proposes."""

    bonded: BondedKeys

    def unpaid(self, paid: Container[int]) -> Iterator[Certificate]:
        return iter(())

    def evidence(self) -> Iterator[tuple[bytes, bytes]]:
        return self.bonded.evidence()


def test_who_signs_twice_loses_its_bond(tmp_path: Path) -> None:
    bonded = (0, 2)
    setup = chain_setup(founder(KEYS, genesis_validators_root(KEYS), [
        Bonding(validator, 63) for validator in bonded]))
    hearing = Hearing()
    source = Source(tmp_path, lambda topic, data: None, chain=setup, certifying=hearing)
    follower, evm = source.follower, source.follower.execution_layer.evm
    address = cast(GenesisEngines, setup.engines).place
    companions = Companions(follower, registered(KEYS), {
        index: companion_secret(key) for index, key in enumerate(KEYS)}, places_for(64))
    hearing.bonded = BondedKeys(follower, address, companions)
    contract = Contract(evm, compiled("CompanionBonds"), address)

    def bond_of(validator: int) -> int:
        (key,) = companions.keys_of(validator)
        return int(contract.call("bonds", *key)["amount"])

    assert [bond_of(each) for each in bonded] == [COMPANION_BOND_WEI] * 2
    source.confirm(0)
    # Until one of the bonded keys' turn: no slot has a block so far, which makes no difference.
    slot, voters = EPOCH_1, set()
    while not voters & set(bonded):
        follower.tick(slot, ATTEST_MS)
        source.validators.attest()
        attestation = spec.Attestation.decode_bytes(source.sent[Topic.ATTESTATION][-1])
        state = follower.store.checkpoint_states[attestation.data.target]
        voters = set(map(int, spec.get_attesting_indices(state, attestation)))
        slot += 1
    guilty = min(voters & set(bonded))
    # A key that has no bond signs twice as well: there is nothing to be taken from it.
    poor = min(voters - set(bonded))
    for raw in companions.sign(attestation):
        companions.take(raw)
    assert list(hearing.evidence()) == []
    twice = spec.copy(attestation)
    twice.data.beacon_block_root = spec.Root(b"\xee" * 32)
    for raw in companions.sign(twice, {guilty, poor}):
        companions.take(raw)
    assert {pair[0].validator for pair in companions.evidence} == {guilty, poor}
    assert len(list(hearing.evidence())) == 1 and hearing.bonded.slashed == ()

    source.slot(slot)
    assert bond_of(guilty) == 0
    assert [bond_of(each) for each in bonded if each != guilty] == [COMPANION_BOND_WEI]
    # Its operator reports in every block that the node proposes.
    assert hearing.bonded.slashed == (SlashedKey(
        guilty, 63, COMPANION_BOND_WEI // 8, COMPANION_BOND_WEI * 7 // 8),)
    assert list(hearing.evidence()) == []
