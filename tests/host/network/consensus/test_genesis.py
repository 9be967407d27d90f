"""Keys, the genesis state and the store's shortcuts."""

import sys
import typing
from dataclasses import replace
from typing import Any

import pytest
from remerkleable.core import View

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import derive_keys, sign_together
from proofmill.host.network.consensus.spec import bls, spec
from tests.host.network.consensus.conftest import MakeChain


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python itself does so from 3.12 on")
def test_what_makes_a_view_is_found_out_once() -> None:
    members: Any = typing.__dict__["_get_protocol_attrs"]
    assert isinstance(spec.Slot(1), View) and not isinstance(1, View)
    before = members.cache_info()
    assert isinstance(spec.Checkpoint(), View) and not isinstance("", View)
    assert members.cache_info().misses == before.misses


def test_keys_come_from_the_seed() -> None:
    keys = derive_keys(7, 8)
    assert keys == derive_keys(7, 8)
    assert not {key.public for key in keys} & {key.public for key in derive_keys(8, 8)}
    assert all(bls.KeyValidate(key.public) and len(key.address) == 20 for key in keys)


def test_signing_together_is_aggregating_signatures() -> None:
    keys = derive_keys(7, 3)
    members = [keys[0], keys[2], keys[2], keys[1]]
    message = b"\x07" * 32
    aggregate = bls.Aggregate([bls.Sign(key.secret, message) for key in members])
    assert sign_together(members, message) == aggregate
    assert bls.FastAggregateVerify([key.public for key in members], message, aggregate)


def test_every_validator_is_active_and_has_its_own_key(make_chain: MakeChain) -> None:
    chain = make_chain()
    state = chain.head_state
    assert [bytes(v.pubkey) for v in state.validators] == [key.public for key in chain.keys]
    assert len(spec.get_active_validator_indices(state, 0)) == 64
    assert state.genesis_validators_root == spec.hash_tree_root(state.validators)


def test_genesis_is_the_seed_s(make_chain: MakeChain) -> None:
    assert make_chain(1).head.root == make_chain(1).head.root
    assert make_chain(1).head.root != make_chain(2).head.root


def test_too_few_validators_are_refused() -> None:
    with pytest.raises(ProofmillError, match="63 validators"):
        EmbeddedChain(lambda public, proof: False, validators=63)


def test_pins_change_nothing(make_chain: MakeChain) -> None:
    chain = make_chain()
    for _ in range(9):
        chain.advance()
    store = chain.store
    plain = replace(
        store,
        blocks={root: spec.copy(block) for root, block in store.blocks.items()},
        checkpoint_states={
            checkpoint: spec.copy(state) for checkpoint, state in store.checkpoint_states.items()
        },
    )
    assert "slot" in vars(next(iter(store.blocks.values())))
    assert "slot" not in vars(next(iter(plain.blocks.values())))
    assert spec.get_head(plain) == spec.get_head(store) == chain.head
    for root in store.blocks:
        node = spec.ForkChoiceNode(root=root, payload_status=spec.PAYLOAD_STATUS_PENDING)
        assert spec.get_weight(plain, node) == spec.get_weight(store, node)
        assert spec.hash_tree_root(plain.blocks[root]) == root
