"""All contracts of the second layer of reward, created and connected."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from proofmill.host.ground.units import Bps, Wei
from proofmill.host.network.contracts.block_verifiers import GROTH16_NUMBERS, for_proofs_of
from proofmill.host.network.contracts.compiler import compile_source, compiled, contract_source
from proofmill.host.network.contracts.prover_tag import prover_tag_artifact, prover_tag_source
from proofmill.host.network.contracts.provisional import for_provisional
from proofmill.host.network.contracts.vyper_output import compile_all
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import SYSTEM_ADDRESS, Address, Evm
from proofmill.host.network.evm.contract import Artifact, Contract
from proofmill.host.network.mechanism.bonds import unbonding_epochs
from proofmill.host.network.mechanism.division import TOLD_SLOTS
from proofmill.host.network.mechanism.parameters import Parameters


@dataclass(frozen=True)
class Clock:
    """How block times are slots, and what the first draws use. Times in seconds. `delayed`: mixes
    go through a delay function, and the protocol brings what comes out (`on_delayed_mix`)."""

    genesis_time: int
    seconds_per_slot: int
    genesis_mix: bytes = bytes(32)
    delayed: bool = False


@dataclass(frozen=True)
class Layer:
    """The contracts, connected, at their addresses."""

    consensus: Contract
    bonds: Contract
    assignment: Contract
    tags: Contract
    rewards: Contract
    verifier: Address

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """All of them but the verifier."""
        return self.consensus, self.bonds, self.assignment, self.tags, self.rewards

    @property
    def addresses(self) -> dict[str, Address]:
        """Of all of them, by name."""
        return {
            "consensus": self.consensus.address, "bonds": self.bonds.address,
            "assignment": self.assignment.address, "tags": self.tags.address,
            "rewards": self.rewards.address, "verifier": self.verifier,
        }


LAYER = "Consensus", "Bonds", "Assignment", "Rewards"
"""The files of the layer's contracts; the tag and the verifier are generated."""


def prepare(step: Callable[[str, int, int], None], more: Mapping[str, str] | None = None,
            numbers: int = GROTH16_NUMBERS, provisional: bool = False) -> None:
    """Compile the contracts that were not compiled on this machine before, some side by side.

    `step` is told what is done, how much of it, and of how much, where that takes time. `more`: the
    sources of others, by their names. `numbers`: of a proof; `provisional`: as `deploy_layer`.
    Raises as `output_of`.
    """
    sources = {name: _rewards_source(numbers, provisional) if name == "Rewards" else for_proofs_of(
        contract_source(name), numbers) for name in LAYER}
    compile_all({**sources, "ProverTag": prover_tag_source(),
                 "VerifierRegistry": contract_source("VerifierRegistry"), **(more or {})},
                lambda done, total: step("compiling the contracts", done, total))


def deploy_layer(
    account: Account,
    evm: Evm,
    verifier: Address,
    clock: Clock,
    parameters: Parameters,
    minimum_bond: int,
    statement_chain_id: int,
    system: Address = SYSTEM_ADDRESS,
    tag: Artifact | None = None,
    numbers: int = GROTH16_NUMBERS,
    provisional: bool = False,
) -> Layer:
    """Create the contracts and connect them; seven transactions, 8 million gas.

    `verifier`: of the block circuit's key (`host.network.contracts.verifier`). `minimum_bond`: wei.
    `statement_chain_id`: what provers put into their tags. `system`: who reports blocks. `tag`: a
    contract that computes tags otherwise than `host.network.contracts.prover_tag`. `numbers`: of a
    proof, as the verifier takes it. `provisional`: `system` is a contract of provisional reports
    (`contracts.provisional`), not a protocol whose word is final. Raises `ProofmillError` where a
    constructor refuses a parameter.
    """
    consensus = Contract.deploy(
        account, evm, compiled("Consensus"), clock.genesis_time, clock.seconds_per_slot,
        parameters.slots_per_epoch, clock.genesis_mix, system, clock.delayed)
    bonds = Contract.deploy(account, evm, compiled("Bonds"), consensus.address,
                            bond_parameters(parameters, minimum_bond))
    assignment = Contract.deploy(account, evm, compiled("Assignment"), consensus.address,
                                 bonds.address, parameters.committee_size)
    tags = Contract.deploy(account, evm, tag or prover_tag_artifact(), statement_chain_id)
    rewards = Contract.deploy(
        account, evm, compile_source("Rewards", _rewards_source(numbers, provisional)),
        consensus.address, bonds.address, assignment.address,
        tags.address, verifier, reward_parameters(parameters))
    bonds.send(account, "connect", rewards.address)
    consensus.send(account, "connect", assignment.address, rewards.address)
    return Layer(consensus, bonds, assignment, tags, rewards, verifier)


def _rewards_source(numbers: int, provisional: bool) -> str:
    source = for_proofs_of(contract_source("Rewards"), numbers)
    return for_provisional(source) if provisional else source


def bond_parameters(parameters: Parameters, minimum_bond: int) -> tuple[int, ...]:
    """The structure `Parameters` of Bonds.vy; no calibration where that defence is off."""
    return (
        minimum_bond, unbonding_epochs(parameters), parameters.kappa_bps,
        parameters.reliability_start_bps, parameters.reliability_min_bps,
        parameters.reliability_gain_divisor, parameters.reliability_miss_bps,
        parameters.reliability_idle_bps,
        parameters.calibration_proofs if parameters.defences.calibration else 0,
        parameters.calibration_epochs, parameters.places)


def reward_parameters(parameters: Parameters) -> tuple[int, ...]:
    """The structure `Parameters` of Rewards.vy."""
    return (
        parameters.stage1_blocks, parameters.stage2_blocks, parameters.window_blocks,
        parameters.late_bps, parameters.rho_start, parameters.rho_min, parameters.rho_max,
        parameters.controller_divisor, parameters.target_coverage_bps,
        parameters.penalty_multiple, parameters.committee_divisor, parameters.burn_bps,
        parameters.relief_one_in, parameters.relief_divisor, parameters.settlements_per_block,
        parameters.defences.witnesses)


@dataclass(frozen=True)
class BlockStatement:
    """What a block's proof has to state, as `Consensus.on_block` takes it.

    `base_wei`: B, layer 1's base of the slot; `load_bps`: G in basis points; `proposer`: the
    address that layer 1's fees of the block went to.
    """

    slot: int
    payload_root: bytes
    old_root: int
    new_root: int
    commitment: int
    base_wei: Wei
    load_bps: Bps
    proposer: Address

    @property
    def fields(self) -> tuple[object, ...]:
        """In the contract's order."""
        return (self.slot, self.payload_root, self.old_root, self.new_root, self.commitment,
                self.base_wei, self.load_bps, self.proposer)


NO_STATEMENT = BlockStatement(0, bytes(32), 0, 0, 0, Wei(0), Bps(0), bytes(20))
"""For a block whose parent has nothing to prove: the first."""


def on_block(consensus: Contract, parent: BlockStatement, finalized_slot: int,
             divided: int = 0) -> bytes:
    """The data of the protocol's call at the start of a block; `divided`: see `divided_bits`."""
    return consensus.encode("on_block", parent.fields, finalized_slot, divided)


def on_delayed_mix(consensus: Contract, mix: bytes) -> bytes:
    """The data of the protocol's call before that, in an epoch's first block on a chain whose mixes
    go through a delay function: what came out, 32 bytes."""
    return consensus.encode("on_delayed_mix", mix)


@dataclass(frozen=True, order=True)
class Witnessed:
    """Witnesses of `slot` had, more than half of them, the proof that the prover of this number
    made for the payload of `proven_slot`."""

    slot: int
    proven_slot: int
    payload_root: bytes
    prover: int

    @property
    def fields(self) -> tuple[object, ...]:
        """In the contract's order."""
        return self.slot, self.proven_slot, self.payload_root, self.prover


def on_witnesses(consensus: Contract, told: Iterable[Witnessed]) -> bytes:
    """The data of the protocol's call after `on_block`, where a block says what witnesses had."""
    return consensus.encode("on_witnesses", [each.fields for each in told])


def divided_bits(slot: int, divided: Iterable[int]) -> int:
    """The slots before `slot` in which the network was divided, as the protocol's call at the start
    of its block has them: ``2^(slot - 1 - s)`` for each s; those further back are left out."""
    return sum(1 << slot - 1 - each for each in divided if 0 < slot - each <= TOLD_SLOTS)
