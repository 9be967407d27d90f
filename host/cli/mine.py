"""``proofmill mine``: join the embedded chain, prove its blocks, earn the second layer."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from proofmill.host.cli import signals
from proofmill.host.cli.arguments import input_file, output_folder, seed, whole
from proofmill.host.cli.block_key import block_key_of, key_in_words
from proofmill.host.cli.delay_option import add_delay
from proofmill.host.cli.ledger_size import add_ledger_size, ledger_size
from proofmill.host.cli.mine_certificates import (
    Certifying,
    certificates_record,
    prepare_certificates,
)
from proofmill.host.cli.mining_devices import Devices, Proving
from proofmill.host.cli.mining_report import Report, Totals, as_record, show_summary
from proofmill.host.cli.prove import add_device, add_fallback
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.witnesses_option import add_witnesses
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.devices.catalogue import multiplies_matrices
from proofmill.host.prover.plonk.systems import GROTH16, SYSTEMS

if TYPE_CHECKING:  # these take seconds to import
    from proofmill.host.cli.mine_ai import Filler
    from proofmill.host.network.certificates.publish import Publisher
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.keys import ValidatorKey
    from proofmill.host.network.consensus.miner import Event, Miner
    from proofmill.host.network.evm.external import ExternalEvm
    from proofmill.host.network.node.certified_chain import CertifiedChain
    from proofmill.host.network.second_layer.engines import EvmEngines
    from proofmill.host.network.second_layer.second_layer import SecondLayer
    from proofmill.host.prover.devices.ahead import Ahead

WHOLE_PROOFS = "rtl+bc"
"""The device where nothing of a proof is asked for: all of it is made there, and checked."""

EPOCHS_BEFORE = 2
"""Epochs that the chain has run when the miner joins."""

MINER_VALIDATOR = 5
"""Who mines: its account owns the bond and is where rewards go."""


def register(commands: Commands) -> None:
    """Add the command."""
    mine = commands.add_parser(
        "mine", help="prove the blocks of a proof-of-stake chain and earn by it",
        description="Start the embedded chain (Ethereum's executable specification, minimal "
                    "preset, 64 validators), join it after two epochs, prove its next blocks on "
                    "the device, and run on until the blocks are final and the rewards mature. Of "
                    "an accelerator's cycles rows say by per cent what were sums, what was for h "
                    "(transforms, with evaluation), and what its own check of the proof. A "
                    "simulated device is built with its first use; until it is there, a screenful "
                    "of blocks more is proven on the processor, as their rows say, but with "
                    "--json, --json-lines, --execution and --no-fallback.")
    mine.add_argument("--blocks", default=2, metavar="N",
                      type=whole(1, otherwise="there must be at least one to prove"),
                      help="blocks to prove (default: 2)")
    add_ledger_size(mine)
    mine.add_argument("--system", choices=SYSTEMS, default=SYSTEMS[0],
                      help="the proof system of the block circuit (default: groth16)")
    add_device(mine, WHOLE_PROOFS)
    add_fallback(mine)
    mine.add_argument("--execution", metavar="URL",
                      help="have the contracts on the node with this JSON-RPC address, such as "
                           "http://127.0.0.1:8545, instead of in the chain's own blocks")
    mine.add_argument("--chain-id", type=whole(1), default=31337, metavar="N",
                      help="chain that the node has to be of (default: 31337, a development one)")
    mine.add_argument("--slot-seconds", default=24, metavar="N",
                      type=whole(1, otherwise="give a second or more"),
                      help="length of a slot on a node whose clock cannot be set (default: 24)")
    mine.add_argument("--inclusion-lists", action="store_true",
                      help="run the chain on Heze, where nobody builds on a payload that leaves "
                           "out a proof on an inclusion list (EIP-7805), instead of on Gloas")
    add_delay(mine)
    add_witnesses(mine)
    mine.add_argument("--certificates", action=argparse.BooleanOptionalAction, default=None,
                      help="have certificates of finality paid on the chain, and make those of the "
                           "blocks' epochs: proofs that two thirds of the stake's companion keys "
                           "voted, on the processor, beside the blocks; an epoch more passes until "
                           "they are paid. With --execution, of every epoch: by them alone is "
                           "proven what the node's contracts are told, which otherwise believe an "
                           "account of this process (default: yes, but with --execution)")
    mine.add_argument("--seed", type=seed, default=0, metavar="N",
                      help="the chain, its transfers and its key follow from it; a proof's own "
                           "randomness, and so the blocks' hashes, do not (default: 0)")
    mine.add_argument("--proofs", type=output_folder, metavar="FOLDER",
                      help="keep the proofs there, for `history aggregate` and light nodes")
    mine.add_argument("--ai", nargs="?", const="", metavar="MODEL.onnx", type=ai_model,
                      help="while there is no block to prove, compute results of a model of digits "
                           "for made-up buyers (extra ai; without a model one is trained)")
    form = mine.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true",
                      help="one JSON object on stdout at the end, everything else on stderr")
    form.add_argument("--json-lines", action="store_true",
                      help="a JSON object on stdout for every slot, reward and failure of the "
                           "device as it comes, the summary as the last; everything else on stderr")
    mine.set_defaults(run=run)


def ai_model(text: str) -> str:
    """The path of a model; empty: none is named."""
    return input_file("`proofmill model train mlp OUT.onnx` makes one")(text) if text else ""


def run(options: argparse.Namespace) -> int:
    """Mine."""
    from proofmill.host.network.consensus.delay_function import require_library
    from proofmill.host.network.consensus.fork import choose
    from proofmill.host.prover.devices.ahead import ahead_of

    if options.inclusion_lists:
        choose("heze")
    if options.proofs is not None and options.system != GROTH16:
        raise ProofmillError(f"--proofs {options.proofs}: is for proofs of groth16, which alone "
                             f"are aggregated, and --system is {options.system}; leave one of "
                             "both away")
    if options.delay and options.execution is not None:
        raise ProofmillError(
            f"--delay {options.delay}: is for contracts in the chain's own blocks, where what "
            f"comes out is checked, and --execution {options.execution} has them on a node; leave "
            "one of both away")
    if options.witnesses and options.execution is not None:
        raise ProofmillError(
            "--witnesses: is for contracts in the chain's own blocks, which carry what witnesses "
            f"sign, and --execution {options.execution} has them on a node; leave one of both away")
    if options.certificates is None:
        options.certificates = options.execution is None
    if options.delay:
        require_library()
    weight_words = 0
    if options.ai is not None:
        # A missing extra is told before the chain is started.
        import proofmill.host.prover.inference.digits  # noqa: F401
        from proofmill.host.prover.devices.matrices import WEIGHT_WORDS

        weight_words = WEIGHT_WORDS
    start = time.perf_counter()
    screen = Screen(machine=options.json or options.json_lines)
    devices = Devices(options.device, weight_words)
    with _execution(options) as node, ExitStack() as until_end:
        ahead = ahead_of(options.device)
        if ahead is not None:
            until_end.enter_context(ahead)
        load_chain(screen)
        until_end.callback(devices.close)
        if ahead is None:
            devices.prepare(screen)
        prepared = _prepare(options, screen, devices, node, ahead, until_end)
        if prepared.certified is not None:
            until_end.callback(prepared.certified.close)
        return _mine(options, prepared, devices, start)


@dataclass
class _Run:
    """All that a run consists of, once it is prepared."""

    miner: "Miner"
    rewards: "SecondLayer"
    report: Report
    totals: Totals
    publisher: "Publisher | None"
    filler: "Filler | None"
    """What the array does between blocks."""
    meanwhile: Callable[[], bool]
    """See `Miner.run`."""
    certified: "CertifiedChain | None"
    """What makes certificates."""


def _mine(options: argparse.Namespace, run: _Run, devices: Devices, start: float) -> int:
    """Mine; whatever ends it, say what it came to."""
    failure: ProofmillError | None = None
    try:
        with run.filler.array if run.filler else nullcontext():
            run.miner.run(options.blocks, run.meanwhile)
        if run.publisher is not None and not run.miner.summary.interrupted:
            run.publisher.finish()
    except ProofmillError as error:
        failure = error
    run.report.flush()
    summary = run.miner.summary
    record = as_record(summary, run.totals, options.device, _contracts(run.rewards),
                       time.perf_counter() - start)
    if run.filler is not None:
        record["ai"] = run.filler.record()
        record["market"] = run.filler.market(
            record["layer2_gwei_matured"] + record["layer2_gwei_pending"]).record
    delays = getattr(run.miner.chain.execution_layer, "delays", None)
    if delays is not None:
        record["delay"] = delays.record()
    witnesses = getattr(run.miner.chain.execution_layer, "witnesses", None)
    if witnesses is not None:
        record["witnesses"] = witnesses.record()
    if run.certified is not None:
        record["certificates"] = certificates_record(summary, run.certified)
    if failure is not None:
        record["failure"] = str(failure)
    ended = (f"stopped{signals.reason()}" if summary.interrupted else
             "failed" if failure is not None else "")
    show_summary(run.report.screen, record, devices, ended, run.totals.meanwhile)
    if run.filler is not None:
        run.filler.show(run.report.screen)
    if options.json:
        print_record("mine", record)
    run.report.event(event="summary", **record)
    if failure is not None:
        raise failure
    return signals.status() if summary.interrupted else 0


def _prepare(options: argparse.Namespace, screen: Screen, devices: Devices,
             node: "ExternalEvm | None", ahead: "Ahead | None", until_end: ExitStack) -> _Run:
    """A miner on the contracts of the chain's own blocks, or on those of `node`. `ahead`: what
    builds the device meanwhile, None where it is open. `until_end`: of the run."""
    from proofmill.host.network.certificates.publish import Publisher
    from proofmill.host.network.certificates.rewards import certificate_sources
    from proofmill.host.network.consensus.block_proofs import block_verifier, check_key
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.engines import ledger_engines
    from proofmill.host.network.consensus.keys import derive_keys
    from proofmill.host.network.consensus.miner import Miner, SlotPassed
    from proofmill.host.network.contracts.block_verifiers import (
        block_verifier_sources,
        proof_numbers_of,
    )
    from proofmill.host.network.contracts.deployment import prepare
    from proofmill.host.network.contracts.ledger import ledger_sources
    from proofmill.host.network.contracts.provisional import reports_sources
    from proofmill.host.network.evm.on_disk import keep_on_disk
    from proofmill.host.network.second_layer.engines import EvmEngines, chain_parameters
    from proofmill.host.network.second_layer.execution_layer import EvmExecutionLayer
    from proofmill.host.network.second_layer.proven_layer import ProvenLayer
    from proofmill.host.network.second_layer.second_layer import EmbeddedLayer
    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
    from proofmill.host.prover.groth16.proving_key import ProvingKey

    with screen.bar("preparing the block circuit and its key") as bar:
        circuit = RollupCircuit(ledger_size(options), short_sums=options.system != GROTH16)
        key = block_key_of(circuit, options.system, options.seed, bar.step)
    numbers = proof_numbers_of(key.verification_key)
    proven = node is not None and options.certificates
    with screen.bar("preparing the contracts") as bar:
        prepare(bar.step, ledger_sources(circuit.size, numbers)
                | block_verifier_sources(key.verification_key)
                | (certificate_sources() if options.certificates else {})
                | (reports_sources() if proven else {}), numbers, provisional=proven)
    miner = derive_keys(options.seed, MINER_VALIDATOR + 1)[MINER_VALIDATOR]
    certifying = prepare_certificates(screen, options.seed) if options.certificates else None
    with screen.bar("starting the chain") as bar:
        engines = EvmEngines(key.verification_key, chain_parameters(options.witnesses),
                             rich=(miner.address,),
                             delay_squarings=options.delay,
                             certificates=None if certifying is None else certifying.terms)
        chain = EmbeddedChain(
            block_verifier(key.verification_key), seed=options.seed, size=circuit.size,
            engines=ledger_engines if node else engines)
        if isinstance(chain.execution_layer, EvmExecutionLayer):
            keep_on_disk(chain.execution_layer.evm, Path(until_end.enter_context(
                TemporaryDirectory(prefix="proofmill-mine-"))), until_end)
        slots = EPOCHS_BEFORE * chain.slots_per_epoch
        for done in range(slots):
            bar(done, slots)
            # Nobody signs transfers before there is somebody to prove them: the contract with the
            # ledger's coins goes on by proofs alone, one block after another.
            chain.advance(users=False)
    check_key(key, local=chain.local)
    if ahead is not None and not _may_be_late(options):
        devices.prepare(screen, ahead)
        ahead = None
    size = circuit.size
    screen.line(
        f"chain: {len(chain.keys)} validators, slot {chain.slot}; ledger: {size.accounts:,} "
        f"accounts, {_signed(size.transfers)} a block; circuit: {circuit.r1cs.constraints:,} "
        f"constraints, {key_in_words(key)}; device: {options.device}"
        + (", which is being built: until then the processor proves" if ahead else ""))
    totals, report = Totals(), Report(screen, options.device, options.json_lines)
    publisher = None if options.proofs is None or not isinstance(key, ProvingKey) else Publisher(
        options.proofs, chain, key.verification_key)
    filler = _filler(options, screen, devices)
    proving = Proving(options, circuit, key, devices, report, totals, publisher, filler, ahead)
    rewards = _second_layer(options, screen, chain, miner, engines, node, certifying)
    certified = (certifying.on(chain, rewards) if certifying is not None
                 and isinstance(rewards, EmbeddedLayer | ProvenLayer) else None)

    def hear(event: "Event") -> None:
        if publisher is not None and isinstance(event, SlotPassed):
            publisher.passed(event.report.slot)
        report(event)

    return _Run(Miner(chain, MINER_VALIDATOR, rewards, proving.prove, hear, certified), rewards,
                report, totals, publisher, filler, proving.meanwhile, certified)


def _may_be_late(options: argparse.Namespace) -> bool:
    """Whether the device may come while blocks are proven without it: for who watches, not for
    what counts rows, and not where nothing but the device is to prove, or to multiply."""
    return not (options.json or options.json_lines or options.execution or options.no_fallback
                or options.ai is not None and multiplies_matrices(options.device))


def _filler(options: argparse.Namespace, screen: Screen, devices: Devices) -> "Filler | None":
    """What the array does between blocks, where that was asked for: on a device that multiplies
    matrices by that, else on this processor."""
    if options.ai is None:
        return None
    from proofmill.host.cli.mine_ai import Filler, array_on
    from proofmill.host.network.consensus.spec import spec

    return Filler(options.ai, options.seed, int(spec.config.SLOT_DURATION_MS) / 1_000, screen,
                  array_on(lambda: devices.last) if devices.there else None)


def _signed(transfers: int) -> str:
    return "1 signed transfer" if transfers == 1 else f"{transfers} signed transfers"


def _second_layer(
    options: argparse.Namespace, screen: Screen, chain: "EmbeddedChain",
    miner: "ValidatorKey", engines: "EvmEngines", node: "ExternalEvm | None",
    certifying: Certifying | None,
) -> "SecondLayer":
    from proofmill.host.network.second_layer.external_layer import ExternalLayer
    from proofmill.host.network.second_layer.proven_layer import ProvenLayer
    from proofmill.host.network.second_layer.second_layer import embedded_layer

    if node is None:
        return embedded_layer(chain, miner, engines)
    with screen.bar(f"creating the contracts at {node.url}"):
        layer = (ExternalLayer(chain, miner, engines, node, options.seed, options.slot_seconds)
                 if certifying is None else
                 ProvenLayer(chain, miner, engines, node, options.seed, options.slot_seconds,
                             certifying.finality))
    pace = "its clock is set" if node.development else f"{options.slot_seconds} s a slot"
    screen.line(f"contracts: at {node.url}, chain {node.chain_id}, {pace}; consensus, payloads and "
                "finality stay here, and " + (
                    "an account of this process reports them there" if certifying is None else
                    "what is reported there is paid when certificates and headers have proven it"))
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


def _contracts(rewards: "SecondLayer") -> JsonObject:
    """The contracts, for the summary."""
    verifier = rewards.verifier
    return {
        "execution": getattr(rewards.layer.rewards.evm, "url", "embedded"),
        "contracts": {name: f"0x{address.hex()}" for name, address in rewards.addresses.items()},
        "proof_system": verifier.system, "verifier_number": verifier.number,
        "ledger": rewards.coins,
        "reward_address": f"0x{rewards.reward_address.hex()}",
    }
