"""What the contracts cost: every step of a slot played once on the embedded machine."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from eth_hash.auto import keccak

from proofmill.host.ground.units import BPS, ETHER, Wei
from proofmill.host.network.contracts.deployment import (
    NO_STATEMENT,
    BlockStatement,
    Clock,
    Layer,
    Witnessed,
    deploy_layer,
    on_block,
    on_witnesses,
)
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.transfers.load import full_batch
from proofmill.host.network.transfers.opening import opening_ledger
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup

CHAIN_ID = 1337
GENESIS_TIME = 1_000_000
SECONDS = 1_000
PARAMETERS = Parameters(defences=Defences(calibration=False))


@dataclass(frozen=True)
class Cost:
    """The gas of one step; what the protocol's calls use is paid by nobody."""

    step: str
    gas: int


def measure(provers: int) -> Iterator[Cost]:
    """The gas of every step with so many provers (1 to 128), with a real proof; half a minute.

    The circuit is the smallest: the verifier's gas depends on the number of public signals
    alone.
    """
    circuit = RollupCircuit(SMALLEST)
    prover = Prover(development_setup(circuit.r1cs, seed=b"gas"), CpuDevice())
    key = bytes(keccak(b"gas of the contracts"))
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**7 * ETHER}, GENESIS_TIME - 1_000)
    account = Account(evm, key)
    verifier = Contract.deploy(account, evm, verifier_artifact(prover.key.verification_key))
    yield Cost("create the verifier", evm.block().gas_used)
    start = evm.block().number
    layer = deploy_layer(account, evm, verifier.address, Clock(GENESIS_TIME, SECONDS),
                         PARAMETERS, ETHER, CHAIN_ID)
    names = {contract.address: contract.artifact.name for contract in layer.contracts}
    for number in range(start + 1, evm.block().number + 1):
        (receipt,) = evm.executed(evm.block(number).hash).receipts
        if receipt.contract is not None:
            yield Cost(f"create {names[receipt.contract]}", receipt.gas_used)
    for number in range(provers):
        receipt = layer.bonds.send(account, "register", _address(number), value=10 * ETHER)
    yield Cost("register a prover", receipt.gas_used)
    yield Cost("deposit", layer.bonds.send(account, "deposit", 0, value=ETHER).gas_used)
    yield Cost("delegate", layer.bonds.send(account, "delegate", 0, value=ETHER).gas_used)

    ledger = opening_ledger(1, SMALLEST)
    batch = full_batch(1, ledger, CHAIN_ID)
    statement = BlockStatement(0, bytes(32), ledger.root, ledger.apply(batch).root,
                               batch.commitment, Wei(ETHER // 10), BPS, b"\x01" * 20)
    proven = PARAMETERS.slots_per_epoch + 2
    yield Cost("protocol: an epoch's first block", advance(evm, layer, 1, NO_STATEMENT))
    for slot in range(2, proven + 2):
        gas = advance(evm, layer, slot, replace(
            statement, slot=slot - 1, payload_root=slot.to_bytes(32, "big")))
    yield Cost("protocol: a block with misses to judge", gas)
    primary = layer.rewards.call("record", proven)["primary"]
    named = Statement(CHAIN_ID, proven, primary, _address(primary))
    proof = prover.prove(circuit.witness(ledger, batch, named)).proof.numbers
    receipt = layer.rewards.send(account, "submit", proven, primary, proof)
    yield Cost("submit a proof", receipt.gas_used)
    signals = [statement.old_root, statement.new_root, statement.commitment, named.prover_tag]
    yield Cost("of that: verify it (as a transaction)",
               verifier.send(account, "verify", proof, signals).gas_used)
    yield Cost("of that: the prover's tag (as a transaction)", layer.tags.send(
        account, "tag", proven, primary, _address(primary)).gas_used)
    last = 2 * PARAMETERS.slots_per_epoch
    for slot in range(proven + 2, last + 1):
        gas = advance(evm, layer, slot, replace(
            statement, slot=slot - 1, payload_root=slot.to_bytes(32, "big")), proven + 1)
    yield Cost("protocol: an epoch's first block, another settled", gas)
    yield Cost("mature a reward", layer.rewards.send(account, "mature", proven).gas_used)
    yield Cost("protocol: what witnesses had, a proof", _told(evm, account, layer, last + 1))


def _told(evm: EmbeddedEvm, account: Account, layer: Layer, slot: int) -> int:
    """The gas of being told of a proof that witnesses had, where they count: of two, less one."""
    witnessing = deploy_layer(
        account, evm, layer.verifier, Clock(GENESIS_TIME, SECONDS),
        replace(PARAMETERS, defences=replace(PARAMETERS.defences, witnesses=True)), ETHER, CHAIN_ID)
    for number in range(2):
        witnessing.bonds.send(account, "register", _address(number), value=10 * ETHER)
    root = b"\x01" * 32
    advance(evm, witnessing, slot, NO_STATEMENT)
    advance(evm, witnessing, slot + 1, replace(
        NO_STATEMENT, slot=slot, payload_root=root, base_wei=Wei(ETHER // 10), load_bps=BPS))
    used, told = [], [Witnessed(slot, slot, root, number) for number in range(2)]
    for said in (told[:1], told[:1], told):
        evm.next_block(evm.block().timestamp + 1)
        evm.system_call(witnessing.consensus.address, on_witnesses(witnessing.consensus, said))
        used.append(evm.executed(evm.head).system_gas)
    assert witnessing.consensus.call("failed_hooks") == 0, "a call to the contracts failed"
    return used[2] - used[1]


def advance(evm: EmbeddedEvm, layer: Layer, slot: int, parent: BlockStatement,
            finalized: int = 0) -> int:
    """Begin the block of a slot with the protocol's call about its parent; the gas of that."""
    evm.next_block(GENESIS_TIME + slot * SECONDS)
    evm.system_call(layer.consensus.address,
                    on_block(layer.consensus, parent, finalized))
    assert layer.consensus.call("failed_hooks") == 0, "a call to the contracts failed"
    return evm.executed(evm.head).system_gas


def _address(number: int) -> bytes:
    return b"\x77" * 19 + number.to_bytes(1, "big")
