"""``proofmill devnet``: several independent nodes, stakers and provers, through finality."""

from __future__ import annotations  # of the chain's parts, which take seconds to load

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import output_file, seed, whole
from proofmill.host.cli.blob_devnet import (
    add_blobs,
    blob_checks,
    blob_rows,
    prepare_blobs,
    show_blobs,
)
from proofmill.host.cli.delay_option import add_delay
from proofmill.host.cli.ledger_size import add_ledger_size, ledger_size
from proofmill.host.cli.light_devnet import (
    add_light,
    ask_light,
    beside,
    bond_checks,
    light_checks,
    made_eras,
    prepare_light,
    show_light,
    signing_twice,
)
from proofmill.host.cli.logs import for_nodes
from proofmill.host.cli.market import show_market
from proofmill.host.cli.market_devnet import market_checks, market_record, prepare_market
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Bar, Screen, load_chain
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.witnesses_option import add_witnesses
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.units import GWEI

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proofmill.host.network.economics.disturbances import Check
    from proofmill.host.network.node.devnet import Devnet, DevnetSetup, NodePlan
    from proofmill.host.network.node.disturbance import Disturbance
    from proofmill.host.network.node.node import DeviceSpeed, NodeReport
    from proofmill.host.network.node.outcome import RunOutcome, SlotRow
    from proofmill.host.network.node.process import NodeFailure

Events = dict[int, list[tuple[str, str]]]
"""(act, node) by the slot after which it is done."""

DEFAULT_DEVICES = ("cpu", "model", "slow", "cpu")
"""What provers prove on if nothing is said, in turn."""
EXAMPLES = {"NODE:A:B": "1:10:16", "A:B": "10:16", "NODE:A": "1:10", "NODE:MS": "1:-400",
            "NODE": "1"}
MOST_DRIFT_MS = 12_000
"""A slot."""
CPU_MS, SLOW_MS = 500, 7000
"""What a proof on this machine's processor counts for in chain time, and on a slowed one."""
SLOT_COLUMNS = "{:>4}  {:>7}  {:<12}  {:<12}  {:>6}  {:<9}  {:>5}  {:>8}  {:>13}  {:<8} {}"
NODE_COLUMNS = (
    "{:<8} {:<7} {:<8} {:>4} {:>5} {:>6} {:>4} {:>6} {:>7} {:>14} {:>14} {:>13} {:>13} {:>11}")


def register(commands: Commands) -> None:
    """Add the command."""
    devnet = commands.add_parser(
        "devnet", help="run several independent nodes of the chain, stakers and provers",
        description="Start a node for each prover and one that only stakes, each a process of its "
                    "own with its own chain, virtual machine, keys and log; let them gossip over "
                    "loopback for a number of slots in virtual time, and show who was drawn, who "
                    "proved and who earned what on which layer. Rewards, bonds and penalties are "
                    "those of the contracts in the blocks' payloads. The first rewards mature "
                    "about slot 34.",
        epilog="examples: proofmill devnet --provers 2 --device cpu --device slow; "
               "proofmill devnet --forge 3 --kill 1:10:16 --cut 2:12:15; "
               "proofmill devnet --hang-device 1:3:6 --split 8:11. What has to hold after each of "
               "these is in docs/devnet.md; the run looks itself, and ends with status 1 where it "
               "does not.")
    devnet.add_argument("--validators", default=64,
                        type=whole(64, otherwise="the minimal preset needs 64 or more"),
                        metavar="N",
                        help="validators, shared out among the nodes that stake (default: 64)")
    devnet.add_argument("--provers", default=4,
                        type=whole(1, 16, "give 1 to 16; each is a process"), metavar="N",
                        help="nodes that prove; every other one also stakes (default: 4)")
    devnet.add_argument("--slots", default=40,
                        type=whole(1, otherwise="there must be at least one"), metavar="N",
                        help="slots to run, 8 an epoch (default: 40)")
    add_ledger_size(devnet)
    add_light(devnet)
    devnet.add_argument("--device", action="append", metavar="NAME[:MS]",
                        help="what provers prove on, in turn: cpu, slow (a cpu that takes "
                             f"{SLOW_MS:,} ms), model, rtl; with MS a proof counts for so many "
                             "milliseconds of chain time (default: cpu, model, slow, cpu)")
    devnet.add_argument("--forge", action="append", metavar="NODE", default=[],
                        help="this node signs proofs that do not verify, and is slashed for it")
    devnet.add_argument("--kill", action="append", metavar="NODE:A:B", default=[],
                        help="kill -9 this node after slot A, start it again after slot B")
    devnet.add_argument("--cut", action="append", metavar="NODE:A:B", default=[],
                        help="break this node's connections from slot A to slot B")
    devnet.add_argument("--fail-device", action="append", metavar="NODE:A:B", default=[],
                        help="this node's device fails from slot A to slot B")
    devnet.add_argument("--hang-device", action="append", metavar="NODE:A:B", default=[],
                        help="this node's device does not answer from slot A to slot B")
    devnet.add_argument("--split", metavar="A:B",
                        help="the first half of the nodes and the second do not hear each other "
                             "from slot A to slot B")
    devnet.add_argument("--late", action="append", metavar="NODE:A", default=[],
                        help="this node joins after slot A")
    devnet.add_argument("--drift", action="append", metavar="NODE:MS", default=[],
                        help="this node's clock is ahead by so many milliseconds, or behind (-MS)")
    devnet.add_argument("--withhold", action="append", metavar="NODE", default=[],
                        help="this node makes proofs and does not send them")
    devnet.add_argument("--sign-twice", metavar="NODE",
                        help="the companion key of this node's first validator signs two votes of "
                             "which it may sign one; with --light")
    devnet.add_argument("--market", action="store_true",
                        help="let a buyer post jobs for proofs and for results of a model, and "
                             "every prover sell them beside its block proofs (extra ai)")
    add_blobs(devnet)
    add_delay(devnet)
    add_witnesses(devnet)
    devnet.add_argument("--folder", metavar="FOLDER",
                        help="a new folder for what the nodes write, kept afterwards: chains, job "
                             "logs, signing histories, node.log (default: a temporary one)")
    devnet.add_argument("--record", metavar="FILE.json", type=output_file,
                        help="write down what everybody can see of the run, for proofmill why")
    devnet.add_argument("--seed", type=seed, default=0, metavar="N",
                        help="the chain, its keys, its transfers and who is drawn follow from it; "
                             "who wins among proofs of one slot, on the proofs' own randomness as "
                             "well (default: 0)")
    devnet.add_argument("--json", action="store_true",
                        help="one JSON object on stdout at the end, everything else on stderr")
    devnet.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the nodes; 1 if one ended by an error, they differ, a slot was lost, or something else
    does not hold."""
    for text in options.device or ():
        _proving_on(text)
    if options.market:
        # A missing extra is told before anything is started.
        import proofmill.host.prover.inference.digits  # noqa: F401
    disturbances = disturbances_of(options)
    if options.delay:
        from proofmill.host.network.consensus.delay_function import require_library

        require_library()
    start = time.perf_counter()
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.cli.block_key import block_key
    from proofmill.host.network.economics.disturbances import checks
    from proofmill.host.network.economics.recorded import replayed
    from proofmill.host.network.node.devnet import Devnet, DevnetSetup, NoNodeLeftError, plan_nodes
    from proofmill.host.network.node.light_outcome import light_rows
    from proofmill.host.network.node.opening import devnet_parameters
    from proofmill.host.network.node.outcome import outcome
    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
    from proofmill.host.prover.groth16.zkey import write_zkey

    names = DEFAULT_DEVICES if options.device is None else options.device
    devices = [_device(names[index % len(names)]) for index in range(options.provers)]
    _prepare(screen, devices)
    plans = signing_twice(
        _disturbed(plan_nodes(options.validators, devices), disturbances, options), options)
    prepare_blobs(screen, options, plans)
    found: list[Check] = []
    size = ledger_size(options)
    with _folder(options) as folder:
        with screen.bar("preparing the block circuit and its key"):
            key = block_key(RollupCircuit(size), options.seed)
            zkey = Path(folder) / "block.zkey"
            write_zkey(zkey, key)
        setup = DevnetSetup(plans, Path(folder), options.seed, size, key.verification_key, zkey,
                            log_to=for_nodes(options),
                            light=prepare_light(screen, options, Path(folder),
                                                key.verification_key),
                            market=prepare_market(screen, options, Path(folder)),
                            delay_squarings=options.delay, blobs=options.blobs,
                            parameters=devnet_parameters(options.witnesses))
        with screen.bar(f"starting {len(plans) + options.light} nodes"):
            net = Devnet(setup)
            net.__enter__()
        try:
            _show_plan(screen, plans)
            net.start_reference(options.slots)
            before = time.perf_counter()
            with screen.bar("slots") as bar:
                net.run(options.slots, _Watch(screen, net, _events(disturbances), bar))
            running = time.perf_counter() - before
            reports = net.reports()
            other = beside(reports.values())
            asked = ask_light(net, other, size.accounts)
            light_reports = net.light_reports()
            first = next((each for plan in plans if not plan.drift_ms
                          and (each := reports.get(plan.name))), next(iter(reports.values())))
            record = _record(options, setup, first, net.failures, reports)
            with screen.bar("waiting for the run without provers"):
                reference = net.reference()
            comparable = not net.dead and not net.outages and not options.drift
            result = outcome(plans, reports, net.dead, reference if comparable else None,
                             net.outages,
                             # A clock that is off may make any of its slots late.
                             range(options.slots + 1) if options.drift else net.disturbed)
            if disturbances:
                found = checks(plans, reports, result, reference, disturbances, replayed(record),
                               options.slots)
            light = light_rows(light_reports, first.history, other.ledger_roots, asked)
            made = made_eras(reports.values())
            found += light_checks(light, bool(disturbances))
            found += bond_checks(plans, result.slashed_keys)
            found += market_checks(reports, options)
            blobs = blob_rows(plans, reports)
            found += blob_checks(blobs)
        except KeyboardInterrupt:
            net.close()
            screen.line(f"stopped in slot {net.slot}; every node has ended")
            raise
        except NoNodeLeftError as error:
            return _failed(options, setup, net, error)
        finally:
            net.close()
    seconds = time.perf_counter() - start
    _show(screen, result, net.failures, net.unsettled, seconds, running)
    show_light(screen, light, made)
    show_blobs(screen, blobs)
    if (market := market_record(reports)) is not None:
        screen.line()
        show_market(screen, market)
    for check in found:
        screen.line(f"{'BROKEN' if check.broken else 'holds':<12}{check.sentence}",
                    style="red" if check.broken else None)
    if options.json:
        print_record("devnet", {
            **result.record(), "light": [row.record() for row in light],
            "eras": [vars(era) for era in made],
            "checks": [vars(check) for check in found], "seconds": round(seconds, 3),
            **({} if market is None else {"market": market.record}),
            **({"blobs": blobs} if blobs else {})})
    broken = _broken(result, found, net.failed)
    for sentence in broken:
        print(f"proofmill: {sentence}", file=sys.stderr)
    return 1 if broken else 0


def _broken(
    result: RunOutcome, found: Sequence[Check], failed: Mapping[str, str]
) -> list[str]:
    """A sentence for each thing that does not hold. `failed`: nodes that nobody has killed."""
    broken = [check.sentence for check in found if check.broken]
    broken += [f"{name} has ended: {reason}" for name, reason in failed.items()]
    if not result.agreed:
        broken.append("the nodes have different chains or ledgers")
    if result.layer1_same is False:
        broken.append("layer 1 is not the same as in a run without provers")
    if result.lost:
        broken.append(result.lost)
    return broken


@contextmanager
def _folder(options: argparse.Namespace) -> Iterator[str]:
    """Where the nodes write; gone afterwards unless the user wants to have it."""
    if options.folder is None:
        with tempfile.TemporaryDirectory(prefix="proofmill-devnet-") as folder:
            yield folder
        return
    try:
        Path(options.folder).mkdir(parents=True, exist_ok=True)
        filled = next(Path(options.folder).iterdir(), None)
    except OSError as error:
        raise ProofmillError(f"--folder {options.folder}: cannot be made: {error.strerror}; "
                             "choose another place") from error
    if filled is not None:
        raise ProofmillError(f"--folder {options.folder}: is not empty ({filled.name}); a run's "
                             "nodes have new keys, so give it a folder of its own")
    yield options.folder


class _Watch:
    """What happens after a slot: outages as they were asked for, and word of who has died."""

    def __init__(self, screen: Screen, net: Devnet, events: Events, bar: Bar) -> None:
        self._screen, self._net, self._events, self._bar = screen, net, events, bar
        self._known: set[str] = set()

    def __call__(self, done: int, total: int) -> None:
        self._bar(done, total)
        net = self._net
        for act, name in self._events.get(done, ()):
            if act in ("cut", "heal") and name in net.dead:
                continue  # nobody is there any more
            if act == "kill" and name in net.dead or act == "restart" and name not in net.dead:
                continue  # it has ended before, and that is told
            self._do(act, name)
            self._screen.line(net.outages[-1])
            self._known.add(name)
        for name in net.dead.keys() - self._known:
            self._known.add(name)
            self._screen.line(f"warning: {name} is dead ({net.dead[name]}); the others go on",
                              style="yellow")

    def _do(self, act: str, name: str) -> None:
        net = self._net
        if act == "split":
            net.split()
        elif act == "join halves":
            net.join_halves()
        else:
            {"kill": net.kill, "restart": net.restart, "cut": net.cut, "heal": net.heal,
             "join": net.join}[act](name)


def _failed(
    options: argparse.Namespace, setup: DevnetSetup, net: Devnet, error: ProofmillError
) -> int:
    """No node has come to the end: the record of what was, and a sentence. 1 if the chain itself is
    wrong, and what else has ended the nodes is raised, with a way out."""
    last = next((each for each in net.failures.values() if each.branch), None)
    if last is not None:
        _record(options, setup, last, net.failures, {})
    kept = (f"the run so far is in {options.record}" if options.record and last is not None else
            "--record FILE.json keeps the run so far, and what each node says of its end")
    if any(each.broken for each in net.failures.values()):
        print(f"proofmill: {error}; {kept}", file=sys.stderr)
        return 1
    raise ProofmillError(f"{error}; {kept}; run it again with fewer provers or slots, or with "
                         "more memory") from error


def _record(
    options: argparse.Namespace, setup: DevnetSetup, report: NodeReport | NodeFailure,
    failures: Mapping[str, NodeFailure], reports: Mapping[str, NodeReport],
) -> JsonObject:
    """The run's record, written down if that was asked for: the chain as `report` has it."""
    from proofmill.host.network.economics.recorded import record_of, save_run
    from proofmill.host.network.node.node import NodeReport
    from proofmill.host.network.node.opening import BOND_WEI, GENESIS_MIX, minimum_bond_wei

    notes = {plan.prover: reports[plan.name].notes for plan in setup.nodes
             if plan.prover is not None and plan.name in reports}
    bonds = {plan.prover: BOND_WEI for plan in setup.nodes if plan.prover is not None}
    record = record_of(
        options.seed, options.validators, minimum_bond_wei(options.validators, setup.parameters),
        bonds, GENESIS_MIX, report.final_slot, report.branch, notes,
        report.certificates if isinstance(report, NodeReport) else (),
        setup.parameters.defences.witnesses)
    if (market := market_record(reports)) is not None:
        record["market"] = market.record
    if failures:
        record["failures"] = {
            name: {"reason": each.reason, "trace": each.trace} for name, each in failures.items()}
    if options.record:
        save_run(options.record, record)
    return record


def _node(options: argparse.Namespace, option: str, text: str, count: int) -> int:
    """The number of a node below `count`."""
    if not (text.isascii() and text.isdigit() and int(text[:4]) < count):
        raise ProofmillError(f"{option} {text}: give the number of a node, 0 to {count - 1}")
    return int(text)


def _events(disturbances: Iterable[Disturbance]) -> Events:
    """What is done to whom while the nodes run."""
    events: Events = {}
    acts = {"kill": ("kill", "restart"), "cut": ("cut", "heal"), "split": ("split", "join halves"),
            "late": ("", "join")}
    for each in disturbances:
        first, last = acts.get(each.kind, ("", ""))
        if first:
            events.setdefault(each.start, []).append((first, each.node or ""))
        if last:
            events.setdefault(each.end, []).append((last, each.node or ""))
    return events


def disturbances_of(options: argparse.Namespace) -> list[Disturbance]:
    """What the options do to nodes, checked as far as that needs no node."""
    from proofmill.host.network.node.disturbance import FOR_GOOD, Disturbance

    found: list[Disturbance] = []

    def add(kind: str, text: str, form: str, provers: bool = False) -> None:
        parts = dict(zip(form.split(":"), text.split(":"), strict=False))
        if len(parts) != len(form.split(":")) or text.count(":") != form.count(":"):
            raise ProofmillError(f"--{kind} {text}: give {form}, as in {EXAMPLES[form]}")
        node = None
        if "NODE" in parts:
            count = options.provers + (not provers)
            if not parts["NODE"].isascii() or not parts["NODE"].isdigit():
                raise ProofmillError(f"--{kind} {text}: give {form}, as in {EXAMPLES[form]}")
            node = f"node {_node(options, f'--{kind}', parts['NODE'], count)}"
        start, end = 0, options.slots
        if "A" in parts:
            numbers = [parts[name] for name in ("A", "B") if name in parts]
            if not all(each.isascii() and each.isdigit() for each in numbers):
                raise ProofmillError(f"--{kind} {text}: give {form}, as in {EXAMPLES[form]}")
            start, end = ([int(each[:9]) for each in numbers] if "B" in parts
                          else [0, int(numbers[0][:9])])
            if not (0 if kind == "late" else 1) <= start < end < options.slots:
                raise ProofmillError(
                    f"--{kind} {text}: the slots must ascend, from 1 to below {options.slots}")
        if "MS" in parts:
            _drift(text)
        if any(node == each.node and _exclude(kind, each.kind) for each in found):
            raise ProofmillError(
                f"--{kind} {text}: " + (f"node {parts['NODE']} has one outage already" if node
                                        else "there is one split already"))
        found.append(Disturbance(kind, node, start, end))

    for kind in ("fail-device", "hang-device"):
        for text in getattr(options, kind.replace("-", "_")):
            add(kind, text, "NODE:A:B", provers=True)
    for kind in ("kill", "cut"):
        for text in getattr(options, kind):
            add(kind, text, "NODE:A:B")
    for text in options.late:
        add("late", text, "NODE:A")
    if len(options.late) > options.provers:
        raise ProofmillError(f"--late {options.late[-1]}: one node must be there from the start")
    if options.split is not None:
        add("split", options.split, "A:B")
    for text in options.drift:
        add("drift", text, "NODE:MS")
    for kind in FOR_GOOD[1:]:
        for text in getattr(options, kind):
            add(kind, text, "NODE", provers=True)
    return found


def _exclude(one: str, other: str) -> bool:
    """Whether both cannot be done to one node."""
    return one == other or any({one, other} <= set(group) for group in (
        ("kill", "cut", "late"), ("fail-device", "hang-device"), ("withhold", "forge")))


def _drift(text: str) -> int:
    """The milliseconds of NODE:MS."""
    number = text.partition(":")[2]
    digits = number.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits[:9]) <= MOST_DRIFT_MS):
        raise ProofmillError(f"--drift {text}: {number!r} is not 1 to {MOST_DRIFT_MS:,} "
                             "milliseconds, or as many behind with a minus")
    return int(number)


def _disturbed(
    plans: Sequence[NodePlan], disturbances: Sequence[Disturbance], options: argparse.Namespace
) -> list[NodePlan]:
    """The plans, with what is done to nodes from their start on."""
    from proofmill.host.network.node.node import Fault

    drifts = {f"node {int(text.partition(':')[0])}": _drift(text) for text in options.drift}
    made = []
    for plan in plans:
        mine = [each for each in disturbances if each.node == plan.name]
        kinds = {each.kind: each for each in mine}
        made.append(replace(
            plan, forge="forge" in kinds, withhold="withhold" in kinds,
            drift_ms=drifts.get(plan.name, 0), late=kinds["late"].end if "late" in kinds else 0,
            faults=tuple(Fault(each.kind.removesuffix("-device"), each.start, each.end)
                         for each in mine if each.kind.endswith("-device"))))
    return made


def _device(text: str) -> DeviceSpeed:
    from proofmill.host.network.node.node import DeviceSpeed

    return DeviceSpeed(text, *_proving_on(text))


def _proving_on(text: str) -> tuple[str, int | None]:
    """(device, milliseconds of chain time a proof, None for those of its cycles) of a name."""
    from proofmill.host.prover.devices.catalogue import DEVICES

    name, _, given = text.partition(":")
    known: dict[str, tuple[str, int | None]] = {each: (each, None) for each in DEVICES}
    known |= {"cpu": ("cpu", CPU_MS), "slow": ("cpu", SLOW_MS)}
    if name not in known:
        raise ProofmillError(f"--device {text}: there is no {name!r}; give {', '.join(known)}")
    device, milliseconds = known[name]
    if given:
        if not given.isascii() or not given.isdigit() or not 1 <= int(given[:12]) <= 10**6:
            raise ProofmillError(
                f"--device {text}: {given!r} is not 1 to 1,000,000 milliseconds")
        milliseconds = int(given)
    return device, milliseconds


def _prepare(screen: Screen, devices: Sequence[DeviceSpeed]) -> None:
    """Build what the nodes' devices need once, so that they only have to load it."""
    from proofmill.host.prover.devices.catalogue import open_device

    for name in sorted({device.name for device in devices} - {"cpu"}):
        with screen.bar(f"preparing the device {name}") as bar:
            open_device(name, lanes=1, progress=bar.step).close()


def _show_plan(screen: Screen, plans: Iterable[NodePlan]) -> None:
    for plan in plans:
        line = f"{plan.name}: {plan.role}, {len(plan.validators)} validators"
        if plan.device:
            line += f", proves as validator {plan.prover} on {plan.device.label}"
        if plan.forge:
            line += ", and forges its proofs"
        if plan.withhold:
            line += ", and withholds its proofs"
        if plan.sign_twice:
            line += f", and the companion key of validator {plan.validators[0]} signs twice"
        for fault in plan.faults:
            line += f"; the device {fault.kind}s from slot {fault.start} to slot {fault.end}"
        if plan.drift_ms:
            line += (f"; its clock is {abs(plan.drift_ms):,} ms "
                     f"{'ahead' if plan.drift_ms > 0 else 'behind'}")
        if plan.late:
            line += f"; joins after slot {plan.late}"
        screen.line(line)


def _slot_line(row: SlotRow) -> str:
    def who(node: int | None) -> str:
        return "-" if node is None else str(node)

    stages = ("-", "primary", "committee", "open")
    penalties = [f"{each}: missed" for each in row.missed]
    penalties += [f"{each}: invalid proof" for each in row.invalid]
    return SLOT_COLUMNS.format(
        row.slot, who(row.primary), " ".join(map(str, row.committee)) or "-",
        " ".join(map(str, row.made)) or "-", who(row.winner), stages[row.stage],
        row.delay or "-", who(row.includer),
        f"{row.reward_wei // GWEI:,}" if row.stage else "-",
        "matured" if row.matured else "pending" if row.stage else "-",
        ", ".join(penalties)).rstrip()


def _show(
    screen: Screen, result: RunOutcome, failures: Mapping[str, NodeFailure], unsettled: int,
    seconds: float, running: float
) -> None:
    screen.line()
    screen.line("Everybody is named by the number of the node; amounts are in gwei. Who is drawn "
                "as primary has the first two slots, then the committee may prove as well, then "
                "everybody.")
    screen.line()
    screen.line(SLOT_COLUMNS.format(
        "slot", "primary", "committee", "proved by", "paid", "stage", "delay", "includer",
        "reward", "", "penalties"), style="bold")
    rows = {row.slot: _slot_line(row) for row in result.slots}
    rows |= {slot: f"{slot:>4}  (empty)" for slot in result.empty_slots}
    for _, line in sorted(rows.items()):
        screen.line(line)
    screen.line()
    screen.line(NODE_COLUMNS.format(
        "node", "role", "device", "vals", "drawn", "proofs", "paid", "missed", "invalid",
        "layer 1", "layer 2", "pending", "penalties", "bounties"), style="bold")
    for row in result.nodes:
        screen.line(NODE_COLUMNS.format(
            row.name, row.role, row.device, row.validators, row.drawn, row.proved, row.paid,
            row.missed, row.invalid, f"{row.layer1_gwei:,}",
            f"{row.layer2_matured_wei // GWEI:,}", f"{row.layer2_pending_wei // GWEI:,}",
            f"{row.penalties_wei // GWEI:,}", f"{row.bounties_wei // GWEI:,}"))
        if row.dead:
            screen.line(f"  died: {row.dead}", style="yellow")
        for peer, reason in row.dropped.items():
            screen.line(f"  dropped {peer}: {reason}", style="yellow")
        if row.fetched:
            screen.line(f"  had missed {row.fetched} blocks, and has them from its peers")
    screen.line()
    screen.line(f"finality    epoch {result.finalized_epoch} is final")
    screen.line(f"work        {result.proofs} proofs of {len(result.slots)} payloads, "
                f"{result.duplicates} of them of a payload that another also proved")
    screen.line(f"layer 2     {result.minted_wei // GWEI:,} gwei minted by the contract of rewards")
    if result.certificates:
        matured = sum(each.prover_wei + each.includer_wei
                      for each in result.certificates if each.matured)
        screen.line(f"            {matured // GWEI:,} of it for certificates; those of epochs "
                    f"{', '.join(str(each.epoch) for each in result.certificates)} are in blocks")
    for key in result.slashed_keys:
        screen.line(f"companion   the key of validator {key.validator} has signed twice: "
                    f"{key.burned_wei // GWEI:,} gwei of its bond were burned, "
                    f"{key.bounty_wei // GWEI:,} went to validator {key.reporter}, whose block had "
                    "the votes")
    broken = [f"{name}: {failure.reason}" for name, failure in failures.items() if failure.broken]
    screen.line("contracts   " + (
        f"do NOT agree with the mechanism's reference, say {'; '.join(broken)}" if broken else
        "agreed with the mechanism's reference at every block, to the wei, and no invariant broke"))
    screen.line("nodes       " + ("all have the same chain and the same ledger" if result.agreed
                                  else "they have DIFFERENT chains or ledgers"))
    untouched = ("NOT the same as in a run without provers" if result.layer1_same is False else
                 "not compared as a whole: nodes were away, or their clocks wrong")
    if result.layer1_same:
        untouched = ("balances, votes, duties and finality of every slot are those of a run "
                     "without provers: identical")
    screen.line(f"layer 1     {untouched}")
    for each in result.outages:
        screen.line(f"outage      {each}")
    if result.lost:
        screen.line(f"lost        {result.lost}; see --folder's node.log", style="yellow")
    for reason in result.refused:
        screen.line(f"refused     {reason}", style="yellow")
    if unsettled:
        screen.line(f"clock       {unsettled} steps went on before every message had come",
                    style="yellow")
    screen.line(f"time        {seconds:.1f} s, {running / len(rows):.2f} s a slot")
