"""The contract of the consensus layer where mixes go through a delay function."""

import pytest

from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.deployment import NO_STATEMENT, on_block, on_delayed_mix
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import SYSTEM_ADDRESS, DevelopmentEvm, RevertedError
from proofmill.host.network.evm.contract import Contract
from tests.host.network.contracts.world import GENESIS_MIX, GENESIS_TIME, SECONDS, private_key

SLOTS = 8
MIX = bytes(range(32))


def made(evm: DevelopmentEvm, delayed: bool) -> Contract:
    return Contract.deploy(Account(evm, private_key("deployer")), evm, compiled("Consensus"),
                           GENESIS_TIME, SECONDS, SLOTS, GENESIS_MIX, SYSTEM_ADDRESS, delayed)


def call(evm: DevelopmentEvm, consensus: Contract, slot: int, data: bytes, later: int = 0) -> None:
    evm.next_block(GENESIS_TIME + slot * SECONDS + later)
    evm.system_call(consensus.address, data)


def block(evm: DevelopmentEvm, consensus: Contract, slot: int) -> None:
    call(evm, consensus, slot, on_block(consensus, NO_STATEMENT, 0), later=5)


def test_the_mix_that_is_brought_draws(evm: DevelopmentEvm) -> None:
    consensus = made(evm, True)
    assert consensus.call("DELAYED")
    for slot in (1, 9):
        block(evm, consensus, slot)
    assert consensus.call("mix_for", 15) == (True, GENESIS_MIX)
    assert consensus.call("mix_for", 16) == (False, bytes(32))
    call(evm, consensus, 18, on_delayed_mix(consensus, MIX))
    block(evm, consensus, 18)
    assert consensus.call("mix_for", 16) == consensus.call("mix_for", 23) == (True, MIX)
    assert consensus.call("mix_for", 24) == (False, bytes(32))
    # Nothing is filled in from `prevrandao`, not for an epoch without a block either.
    block(evm, consensus, 40)
    assert not consensus.call("mix_for", 40)[0] and not consensus.call("mix_for", 24)[0]


@pytest.mark.parametrize("before, slot", [((), 15), ((16,), 17), ((24,), 24)])
def test_a_mix_comes_in_the_first_block_of_an_epoch_alone(
        evm: DevelopmentEvm, before: tuple[int, ...], slot: int) -> None:
    consensus = made(evm, True)
    for each in before:
        block(evm, consensus, each)
    with pytest.raises(RevertedError, match="no mix is due in this block"):
        call(evm, consensus, slot, on_delayed_mix(consensus, MIX), later=9)


def test_nobody_else_brings_it_and_none_to_other_chains(evm: DevelopmentEvm) -> None:
    thief = Account(evm, private_key("thief"))
    with pytest.raises(RevertedError, match="only the protocol reports"):
        made(evm, True).send(thief, "on_delayed_mix", MIX)
    plain = made(evm, False)
    with pytest.raises(RevertedError, match="mixes draw as they are here"):
        call(evm, plain, 16, on_delayed_mix(plain, MIX))
    block(evm, plain, 16)
    assert plain.call("mix_for", 16) == (True, evm.block().mix)
