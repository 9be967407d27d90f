"""``proofmill mine``: join the embedded chain, prove its blocks, earn the second layer."""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proofmill.host.cli.prove import add_device
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.units import GWEI
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import BOARD_HZ, Device

if TYPE_CHECKING:  # these take seconds to import
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.keys import ValidatorKey
    from proofmill.host.network.consensus.miner import Event, Summary
    from proofmill.host.network.consensus.records import Claim, SlotReport
    from proofmill.host.network.evm.external import ExternalEvm
    from proofmill.host.network.second_layer.engines import EvmEngines
    from proofmill.host.network.second_layer.second_layer import SecondLayer
    from proofmill.host.prover.circuits.block import BlockCircuit
    from proofmill.host.prover.groth16.proving_key import ProvingKey

EPOCHS_BEFORE = 2
"""Epochs that the chain has run when the miner joins."""

MINER_VALIDATOR = 5
"""Who mines: its account owns the bond and is where rewards go."""

COLUMNS = "{:>5}  {:>8}  {:>9}  {:<6}  {:>11}  {:>7}  {:<9}  {:>13}  {}"


def register(commands: Commands) -> None:
    """Add the command."""
    mine = commands.add_parser(
        "mine", help="prove the blocks of a proof-of-stake chain and earn by it",
        description="Start the embedded chain (Ethereum's executable specification, minimal "
                    "preset, 64 validators), join it after two epochs, prove its next blocks on "
                    "the device, and run on until the blocks are final and the rewards mature.")
    mine.add_argument("--blocks", type=int, default=4, metavar="N",
                      help="blocks to prove (default: 4)")
    add_device(mine, "rtl")
    mine.add_argument("--execution", metavar="URL",
                      help="have the contracts on the node with this JSON-RPC address, such as "
                           "http://127.0.0.1:8545, instead of in the chain's own blocks")
    mine.add_argument("--chain-id", type=int, default=31337, metavar="N",
                      help="chain that the node has to be of (default: 31337, a development one)")
    mine.add_argument("--slot-seconds", type=int, default=24, metavar="N",
                      help="length of a slot on a node whose clock cannot be set (default: 24)")
    mine.add_argument("--seed", type=int, default=0, metavar="N",
                      help="the chain and its key follow from it; a proof's own randomness does "
                           "not (default: 0)")
    mine.add_argument("--json", action="store_true",
                      help="one JSON object on stdout at the end, everything else on stderr")
    mine.set_defaults(run=run)


@dataclass
class Totals:
    """What the proofs of a run took."""

    cycles: int = 0
    calls: int = 0
    calls_on_device: int = 0
    faults: list[str] = field(default_factory=list)


class Report:
    """Turns the miner's events into a line a slot."""

    def __init__(self, screen: Screen, device: Device) -> None:
        self.screen, self.device = screen, device
        self.slot: SlotReport | None = None
        self.cycles, self.seconds = 0, 0.0
        self.notes: list[str] = []

    def head(self) -> None:
        """The table's first line."""
        self.screen.line(COLUMNS.format(
            "slot", "proposer", "transfers", "device", "cycles", "seconds", "verdict",
            "reward (gwei)", "notes"), style="bold")

    def __call__(self, event: "Event") -> None:
        from proofmill.host.network.consensus.miner import (
            ProofJudged,
            ProofMade,
            RewardChanged,
            SlotPassed,
        )
        from proofmill.host.network.consensus.records import Status

        match event:
            case SlotPassed(report=report, proving=proving):
                self.flush()
                self.slot = report
                self.verdict, self.reward = ("" if proving else "-"), ""
                self.cycles, self.seconds = 0, 0.0
                epochs = (report.justified_epoch, report.finalized_epoch)
                self.notes = ["justified {}, finalised {}".format(*epochs)]
            case RewardChanged(credit=credit):
                if credit.status is Status.PENDING:
                    self.notes.append(f"includes the proof of slot {credit.slot}")
                else:
                    reason = f": {credit.reason}" if credit.reason else ""
                    self.notes.append(
                        f"reward of slot {credit.slot} {credit.status.value}{reason}")
            case ProofMade(seconds=seconds, valid=valid):
                self.seconds = seconds
                if not valid:
                    self.verdict = "invalid"
            case ProofJudged(verdict=verdict, wei=wei):
                self.verdict = "accepted" if verdict.accepted else "refused"
                self.reward = f"{wei // GWEI:,}" if verdict.accepted else ""
                if verdict.reason:
                    self.notes.append(verdict.reason)
                self.flush()

    def flush(self) -> None:
        """Show the slot at hand."""
        if self.slot is None:
            return
        proven = self.verdict != "-"
        self.screen.line(COLUMNS.format(
            self.slot.slot, self.slot.proposer, self.slot.transfers,
            self.device.name if proven else "-", f"{self.cycles:,}" if self.cycles else "-",
            f"{self.seconds:.2f}" if proven else "-", self.verdict, self.reward or "-",
            "; ".join(self.notes)))
        self.slot = None


def block_key(screen: Screen, circuit: "BlockCircuit", seed: int) -> "ProvingKey":
    """The development key of the block circuit: from the cache, or made now and kept there."""
    import hashlib

    from proofmill.host.ground.cache import cache_folder
    from proofmill.host.prover.groth16.proving_key import is_development_key
    from proofmill.host.prover.groth16.setup import circuit_hash, development_setup
    from proofmill.host.prover.groth16.zkey import read_zkey

    digest = hashlib.sha256(circuit_hash(circuit.r1cs) + seed.to_bytes(32, "little", signed=True))
    path = cache_folder("keys") / f"{digest.hexdigest()}.zkey"
    if path.exists():
        try:
            key = read_zkey(path)
            if is_development_key(key):
                return key
        except ProofmillError:
            screen.line(f"the kept key {path} is damaged; making it again")
    return development_setup(circuit.r1cs, path, digest.digest())


def run(options: argparse.Namespace) -> int:
    """Mine."""
    start = time.perf_counter()
    if options.blocks < 1:
        raise ProofmillError(f"--blocks {options.blocks}: there must be at least one to prove")
    if options.slot_seconds < 1:
        raise ProofmillError(f"--slot-seconds {options.slot_seconds}: give a second or more")
    screen = Screen(machine=options.json)
    with _execution(options) as node:
        with screen.bar("preparing the device") as bar:
            device = open_device(options.device, progress=bar.step)
        try:
            summary, totals, layer = _mine(options, screen, device, node)
        finally:
            device.close()
    seconds = time.perf_counter() - start
    record = {
        "blocks": summary.blocks, "slots": summary.slots,
        "finalized_epoch": summary.finalized_epoch, "proofs_made": summary.proofs_made,
        "proofs_included": summary.proofs_included, "proofs_rejected": summary.proofs_rejected,
        "device": options.device, "device_cycles": totals.cycles,
        "msm_calls_on_device": totals.calls_on_device, "msm_calls_total": totals.calls,
        "layer1_gwei": summary.layer1_gwei,
        "layer2_gwei_matured": summary.layer2_matured_wei // GWEI,
        "layer2_gwei_pending": summary.layer2_pending_wei // GWEI, **layer,
        "seconds": round(seconds, 3),
    }
    _show(screen, record, device, summary.interrupted)
    if options.json:
        print(json.dumps(record))
    return 130 if summary.interrupted else 0


def _mine(
    options: argparse.Namespace, screen: Screen, device: Device, node: "ExternalEvm | None"
) -> tuple["Summary", Totals, JsonObject]:
    """Mine on the contracts of the chain's own blocks, or on those of `node`."""
    from proofmill.host.network.consensus.block_proofs import (
        block_verifier,
        check_key,
        proof_to_bytes,
    )
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.engines import ledger_engines
    from proofmill.host.network.consensus.keys import derive_keys
    from proofmill.host.network.consensus.miner import Miner
    from proofmill.host.network.contracts.deployment import prepare
    from proofmill.host.network.second_layer.engines import EvmEngines
    from proofmill.host.prover.circuits.block import BlockCircuit
    from proofmill.host.prover.circuits.block_size import BlockSize
    from proofmill.host.prover.devices.cpu import CpuDevice
    from proofmill.host.prover.groth16.prove import Prover

    with screen.bar("preparing the block circuit and its key"):
        circuit = BlockCircuit(BlockSize())
        key = block_key(screen, circuit, options.seed)
    fallback = None if device.name == "cpu" else CpuDevice()
    prover = Prover(key, device, fallback, circuit.r1cs)
    with screen.bar("preparing the contracts") as bar:
        prepare(bar.step)
    miner = derive_keys(options.seed, MINER_VALIDATOR + 1)[MINER_VALIDATOR]
    with screen.bar("starting the chain") as bar:
        engines = EvmEngines(key.verification_key, rich=(miner.address,))
        chain = EmbeddedChain(
            block_verifier(key.verification_key), seed=options.seed,
            engines=ledger_engines if node else engines)
        slots = EPOCHS_BEFORE * chain.slots_per_epoch
        for done in range(slots):
            bar(done, slots)
            chain.advance()
    check_key(key, local=chain.local)
    size = circuit.size
    screen.line(
        f"chain: {len(chain.keys)} validators, slot {chain.slot}; ledger: {size.accounts} "
        f"accounts, {size.transfers} transfers a block; circuit: {circuit.r1cs.constraints:,} "
        f"constraints, development key; device: {device.name}")
    totals, report = Totals(), Report(screen, device)

    def prove(claim: "Claim") -> bytes:
        witness = circuit.witness(claim.task.ledger, claim.task.batch, claim.statement)
        with screen.bar(f"slot {claim.task.slot}: proving on {device.name}") as bar:
            result = prover.prove(witness, bar)
        totals.cycles += result.cycles
        totals.calls += result.calls
        totals.calls_on_device += result.calls_on_device
        report.cycles = result.cycles
        for fault in result.faults:
            if fault not in totals.faults:
                totals.faults.append(fault)
                screen.line(f"warning: {fault}; it is put aside, the proof is made on "
                            f"{result.device}", style="yellow")
        return proof_to_bytes(result.proof)

    rewards = _second_layer(options, screen, chain, miner, engines, node)
    report.head()
    summary = Miner(chain, MINER_VALIDATOR, rewards, prove, report).run(options.blocks)
    report.flush()
    return summary, totals, _record(rewards)


def _second_layer(
    options: argparse.Namespace, screen: Screen, chain: "EmbeddedChain",
    miner: "ValidatorKey", engines: "EvmEngines", node: "ExternalEvm | None",
) -> "SecondLayer":
    from proofmill.host.network.second_layer.external_layer import ExternalLayer
    from proofmill.host.network.second_layer.second_layer import embedded_layer

    if node is None:
        return embedded_layer(chain, miner, engines)
    with screen.bar(f"creating the contracts at {node.url}"):
        layer = ExternalLayer(chain, miner, engines, node, options.seed, options.slot_seconds)
    pace = "its clock is set" if node.development else f"{options.slot_seconds} s a slot"
    screen.line(f"contracts: at {node.url}, chain {node.chain_id}, {pace}; consensus, payloads and "
                "finality stay here, and an account of this process reports them there")
    return layer


@contextmanager
def _execution(options: argparse.Namespace) -> Iterator["ExternalEvm | None"]:
    """The node that was named, with its journal and this process as its only sender; or None."""
    if options.execution is None:
        yield None
        return
    from proofmill.host.ground.cache import cache_folder
    from proofmill.host.ground.owner import Owner
    from proofmill.host.network.consensus.keys import derive_keys
    from proofmill.host.network.evm.external import ExternalEvm

    node = ExternalEvm(options.execution, options.chain_id)
    account = derive_keys(options.seed, MINER_VALIDATOR + 1)[MINER_VALIDATOR].address.hex()
    folder = cache_folder("execution", f"{node.chain_id}-{node.genesis_hash.hex()[:16]}-{account}")
    with Owner(folder, f"mining with account 0x{account}"), closing(node):
        node.keep_in(folder)
        yield node


def _record(rewards: "SecondLayer") -> JsonObject:
    """The contracts and what they hold, for the summary; wei as text, being so large."""
    return {
        "execution": getattr(rewards.layer.rewards.evm, "url", "embedded"),
        "contracts": {name: f"0x{address.hex()}"
                      for name, address in rewards.layer.addresses.items()},
        "reward_address": f"0x{rewards.reward_address.hex()}",
        "balances_wei": {name: str(value) for name, value in rewards.balances().items()},
    }


def _show(screen: Screen, record: JsonObject, device: Device, interrupted: bool) -> None:
    screen.line()
    if interrupted:
        screen.line("stopped; so far:", style="bold")
    made, cycles = record["proofs_made"], record["device_cycles"]
    clock_hz = getattr(device, "clock_hz", 0) or BOARD_HZ
    screen.line(f"blocks      {record['blocks']} to prove, {record['slots']} slots, "
                f"epoch {record['finalized_epoch']} final")
    screen.line(f"proofs      {made} made, {record['proofs_included']} included, "
                f"{record['proofs_rejected']} rejected")
    screen.line(f"layer 1     {record['layer1_gwei']:,} gwei for staking, as without proving")
    screen.line(f"layer 2     {record['layer2_gwei_matured']:,} gwei matured, "
                f"{record['layer2_gwei_pending']:,} pending, for proving")
    screen.line(f"contract    {record['contracts']['rewards']} holds "
                f"{int(record['balances_wei']['reward']) // GWEI:,} gwei of it for "
                f"{record['reward_address']}")
    if cycles and made:
        screen.line(
            f"{record['device']:<11} {record['msm_calls_on_device']} of "
            f"{record['msm_calls_total']} multi-scalar multiplications, {cycles:,} cycles: "
            f"{cycles / made / clock_hz:.3f} s a proof on one board at {clock_hz / 1e6:g} MHz")
    if made and device.name.startswith("serial:"):
        from proofmill.host.prover.devices.serial import beside_the_line

        link = device.accelerators[0].link  # type: ignore[attr-defined]
        took = beside_the_line(link, clock_hz, cycles)
        screen.line(f"line        {took['line_bytes']:,} bytes with the key's points: "
                    f"{took['line_seconds'] / made:.3f} s a proof at {link.baud:,} baud, "
                    "scalars while the board computes")
    screen.line(f"time        {record['seconds']:.1f} s")
