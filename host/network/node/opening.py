"""A devnet's first state: its contracts, and the provers that have handed in their bonds.

Registering takes effect with the weights of a later epoch, so the devnet's provers have registered
before its first slot, by transactions that they have signed and that every node executes. They
count as calibrated.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from proofmill.host.ground.units import ETHER, Gwei, Wei, to_wei
from proofmill.host.network.consensus.engines import Engines
from proofmill.host.network.consensus.genesis import STAKE_GWEI
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.proofs import Verify
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Evm
from proofmill.host.network.evm.pool import PooledEvm
from proofmill.host.network.mechanism.bonds import minimum_bond
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.rewards import largest_budget
from proofmill.host.network.node.contract_state import ProverAccount
from proofmill.host.network.second_layer.engines import EvmEngines, chain_parameters
from proofmill.host.network.second_layer.execution_layer import EvmExecutionLayer
from proofmill.host.network.second_layer.proof_engine import EvmProofEngine
from proofmill.host.prover.circuits.rollup.size import RollupSize

Founder = Callable[[Evm, Parameters], Any]
"""Sends transactions in blocks of their own before a chain's first slot; what comes of it, as plain
data."""
BOND_WEI = Wei(10 * ETHER)
"""Each prover's bond at the start: 10 ether."""
GENESIS_MIX = bytes(32)
"""What draws the first two epochs: the contracts are older than the chain's own mix."""
REGISTER_GAS = 1_000_000


@dataclass(frozen=True)
class GenesisEngines:
    """`base`, after the transactions of `opening` (raw), each in a block before the first slot: a
    prover's bond each."""

    base: EvmEngines
    opening: tuple[bytes, ...] = ()
    founding: tuple[bytes, ...] = ()
    """What comes after it."""
    place: Any = None
    """What the founder of `open_chain` has given back."""

    def __call__(
        self, seed: int, size: RollupSize, chain_id: int, verify: Verify
    ) -> Engines[EvmExecutionLayer]:
        execution = self.base(seed, size, chain_id, verify).execution
        execution.evm.pooling = False
        for raw in (*self.opening, *self.founding):
            execution.evm.send(raw)
        execution.evm.pooling = True
        execution.genesis_hash = execution.evm.head
        registered = execution.layer.bonds.call("prover_count")
        assert registered == len(self.opening), "a prover's bond was refused"
        return Engines(execution, EvmProofEngine(execution, verify))


def devnet_parameters(witnesses: bool = False) -> Parameters:
    """The mechanism's, for provers that are calibrated from the start; `witnesses`: whether they
    count."""
    return replace(chain_parameters(),
                   defences=Defences(calibration=False, witnesses=witnesses))


def minimum_bond_wei(validators: int, parameters: Parameters) -> Wei:
    """The least bond, from layer 1's rewards for so many validators at genesis."""
    increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
    increments = validators * STAKE_GWEI // increment
    per_increment = increment * int(spec.BASE_REWARD_FACTOR) // math.isqrt(increments * increment)
    base = per_increment * increments // int(spec.SLOTS_PER_EPOCH)
    return to_wei(Gwei(minimum_bond(parameters, largest_budget(parameters, base))))


def both(first: Founder | None, second: Founder | None) -> Founder | None:
    """What does the one and then the other, and gives back both their results, None for one that
    is not there; None for neither."""
    if first is second is None:
        return None
    return lambda evm, parameters: tuple(
        None if each is None else each(evm, parameters) for each in (first, second))


def open_chain(
    base: EvmEngines, seed: int, size: RollupSize, keys: Sequence[ValidatorKey],
    provers: Sequence[ProverAccount], bond: Wei, founder: Founder | None = None,
) -> GenesisEngines:
    """The engines of a chain on which `provers`, in this order, have bonds of `bond` wei.

    `keys`: of all validators, with the secrets of those whose accounts own the bonds. `founder`:
    sends more transactions, after the bonds.
    """
    chain_id = int(spec.config.DEPOSIT_CHAIN_ID)
    execution = base(seed, size, chain_id, lambda public, proof: False).execution
    bonds, evm = execution.layer.bonds, execution.evm
    opening = tuple(
        Account(evm, keys[each.identity].account).sign(
            bonds.address, bonds.encode("register", each.reward_address), bond, REGISTER_GAS)
        for each in provers)
    if founder is None:
        return GenesisEngines(base, opening)
    evm.pooling = False
    for raw in opening:
        evm.send(raw)
    before = evm.block().number
    place = founder(evm, base.parameters)
    return GenesisEngines(base, opening, _sent_after(evm, before), place)


def _sent_after(evm: PooledEvm, number: int) -> tuple[bytes, ...]:
    """The raw transactions of the blocks after that number, in order."""
    found: list[bytes] = []
    executed = evm.executed(evm.head)
    while executed.block.number > number:
        found[:0] = [each.encode() for each in executed.transactions]
        executed = evm.executed(executed.block.parent_hash)
    return tuple(found)
