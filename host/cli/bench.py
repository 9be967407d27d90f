"""``proofmill bench``: the figures, each by a command that anyone can run."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofmill.host.bench.kinds import BASES, CIRCUITS, KINDS, MOST_POINTS
from proofmill.host.cli.arguments import ONE, input_file, seed, whole
from proofmill.host.cli.bench_batch import add_batch
from proofmill.host.cli.bench_certificate import add_certificate
from proofmill.host.cli.bench_delay import add_delay
from proofmill.host.cli.bench_endomorphism import add_endomorphism
from proofmill.host.cli.bench_evaluation import add_evaluation
from proofmill.host.cli.bench_files import block_files
from proofmill.host.cli.bench_gates import add_gates
from proofmill.host.cli.bench_history import add_history
from proofmill.host.cli.bench_kzg import add_kzg
from proofmill.host.cli.bench_light import add_light
from proofmill.host.cli.bench_matmul import add_matmul
from proofmill.host.cli.bench_pairing import add_pairing
from proofmill.host.cli.bench_prove import add_prove
from proofmill.host.cli.bench_rivals import add_rivals
from proofmill.host.cli.bench_scale import add_scale
from proofmill.host.cli.bench_soak import add_soak
from proofmill.host.cli.bench_systems import add_systems
from proofmill.host.cli.ledger_size import WATCHED, accounts
from proofmill.host.cli.measure_options import CURVES
from proofmill.host.cli.prove import add_device
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.waveform import add_waves, dumped
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.economics.limits import MOST_PROVERS, MOST_SLOTS
from proofmill.host.prover.circuits.rollup.size import MAXIMUM_TRANSFERS
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import Device

if TYPE_CHECKING:
    from proofmill.sim.dump import Dump

POINTS = "there must be at least one, and at most 2^32 - 1"
DEFAULT_INTERVAL = 12
MOST_COPIES = 127
MOST_COPIES_SAID = "there must be at least one, the point itself, and at most 127, of two bits each"
POWERS = (10, 12, 16)
CHIPS = ("rtl+h", "model+h")
"""Devices that compute the scalars h on the chip."""
SIZES = (10, 12, 14)
LEAST_POWER, MOST_POWER = 4, 20
"""Of the domains of `proofmill bench proving`."""


def _told(kinds: dict[str, str]) -> str:
    """Kinds and what they are, in a line."""
    return "; ".join(f"{kind}: {text}" for kind, text in kinds.items())


def register(commands: Commands) -> None:
    """Add the commands."""
    bench = commands.add_parser(
        "bench", help="measure, on this machine",
        description="Measure cycles and seconds on this machine: the figures of the README.")
    actions = bench.add_subparsers(metavar="WHAT", required=True)

    msm = actions.add_parser(
        "msm", help="one multi-scalar multiplication: cycles, ratio to the bound, seconds",
        description="One multi-scalar multiplication, checked against an independent "
                    "computation.")
    _add_product(msm, "rtl")
    msm.add_argument("--scalars", choices=tuple(KINDS), default="uniform", metavar="|".join(KINDS),
                     help=f"{_told(KINDS)} (default: uniform)")
    msm.add_argument("--bases", choices=tuple(BASES), default="random", metavar="|".join(BASES),
                     help=f"{_told(BASES)} (default: random)")
    msm.add_argument("--seed", type=seed, default=0, metavar="N",
                     help="points and scalars follow from it (default: 0)")
    msm.add_argument("--counters", action="store_true", help="what the accelerator counted")
    add_waves(msm, "the simulated accelerator, of rtl or model")
    msm.set_defaults(run=run_msm)

    several = actions.add_parser(
        "ratios", help="cycles over the bound, for every kind of scalars and points",
        description="Cycles, bucket sums included, over non-zero digits times the adder's "
                    "interval: the least, median and greatest over several seeds. Every sum is "
                    "checked.")
    _add_product(several, "model")
    several.add_argument("--seeds", type=whole(1, otherwise=ONE), default=5, metavar="N",
                         help="seeds 0 to N - 1 (default: 5)")
    several.set_defaults(run=run_ratios)

    simulation = actions.add_parser(
        "sim", help="additions a second in RTL simulation, beside the golden Python model's",
        description="Compute the same multi-scalar multiplication over and over on one simulated "
                    "accelerator, on one core, in turn with complete additions by the golden "
                    "model in plain Python; show additions and cycles a second of both.")
    simulation.add_argument("--points", type=whole(1, MOST_POINTS, POINTS), default=4096,
                            metavar="N", help="points of G1 (default: 4096)")
    simulation.add_argument("--json", action="store_true", help="one JSON object")
    simulation.set_defaults(run=run_simulation)

    transforms = actions.add_parser(
        "transforms", help="the scalars h of a proof on the accelerator: cycles and products",
        description="Compute the scalars of the points H from random A w and B w on the "
                    "accelerator, check them against this machine's, and show the cycles beside "
                    "the products and what the model says. 2^12 values are the most that the "
                    "standard accelerator's mailboxes hold; more are computed in tiles of as many, "
                    "which its memory holds.")
    transforms.add_argument("--device", choices=CHIPS, default=CHIPS[0], metavar="|".join(CHIPS),
                            help="what computes; of model+h the cycles alone (default: "
                                 "%(default)s)")
    transforms.add_argument("--power", metavar="K", dest="powers", action="append",
                            type=whole(1, 27),
                            help="vectors of 2^K values; may be given several times (default: "
                                 "10, 12 and 14)")
    transforms.add_argument("--json", action="store_true", help="one JSON object")
    add_waves(transforms, "the accelerator")
    transforms.set_defaults(run=run_transforms)
    add_batch(actions)
    add_evaluation(actions)
    add_pairing(actions)
    add_rivals(actions)
    add_endomorphism(actions)
    add_gates(actions)
    add_systems(actions)
    add_kzg(actions)
    add_matmul(actions)
    add_delay(actions)
    add_scale(actions)

    add_prove(actions)

    proving = actions.add_parser(
        "proving", help="whole processes of `prove --device cpu` beside another prover's",
        description="Prove circuits of several sizes by `proofmill prove` and by another program, "
                    "in alternation, each proof in a process of its own; show the least processor "
                    "and wall time and peak memory of both, and the ratios; and those of a proof "
                    "by `proofmill serve`, which holds the key. In a chain all values are random, "
                    "as in 40 Poseidon hashes; in a mixed circuit most are 0 or 1.")
    proving.add_argument("--peer", metavar="PROVER", type=input_file(),
                         help="a program with the arguments of rapidsnark's prover (default: the "
                              "prover of the accelerators' host, in NumPy and mcl)")
    proving.add_argument("--power", metavar="K", dest="powers", action="append",
                         type=whole(LEAST_POWER, MOST_POWER),
                         help="circuits for a domain of 2^K; may be given several times (default: "
                              f"{', '.join(map(str, POWERS))})")
    proving.add_argument("--zkey", metavar="CIRCUIT.zkey", type=input_file(),
                         help="measure this key alone; needs --wtns")
    proving.add_argument("--wtns", metavar="WITNESS.wtns", type=input_file(),
                         help="a witness for --zkey")
    proving.add_argument("--rounds", type=whole(1, otherwise=ONE), default=5, metavar="N",
                         help="proofs of each program; the least counts (default: 5)")
    proving.add_argument("--threads", type=whole(1), metavar="N",
                         help="threads of `proofmill prove` (default: one a core)")
    proving.add_argument("--memory", type=whole(1), metavar="MB",
                         help="measure `proofmill serve --memory MB` as well")
    proving.add_argument("--json", action="store_true", help="one JSON object")
    proving.set_defaults(run=run_proving)

    fuzz = actions.add_parser(
        "fuzz", help="damaged keys and witnesses against the native library, under sanitizers",
        description="Compile the native library with the compiler's sanitizers and its own checks, "
                    "and prove with damaged keys and witnesses in every vector class. Whatever is "
                    "not answered by a proof or a fault ends the command with status 2, and says "
                    "which input it was.")
    fuzz.add_argument("--inputs", type=whole(1, otherwise=ONE), default=20_000, metavar="N",
                      help="pairs of files (default: 20,000; some 200 a second of one core)")
    fuzz.add_argument("--seed", type=seed, default=0, metavar="N",
                      help="inputs follow from it (default: 0)")
    fuzz.add_argument("--first", type=whole(0), default=0, metavar="I",
                      help="the first input's number (default: 0)")
    fuzz.add_argument("--every", type=whole(1), default=1, metavar="N",
                      help="prove with one of N inputs; of the others everything is read and "
                           "converted, which is quicker (default: 1)")
    fuzz.add_argument("--json", action="store_true", help="one JSON object")
    fuzz.set_defaults(run=run_fuzz)

    setup = actions.add_parser(
        "setup", help="keys of a ceremony and for development, step by step",
        description="Make a circuit, powers of tau from a known secret, a development key and "
                    "the keys of a ceremony, and verify the last; show processor and wall time "
                    "and peak memory of every step, each in a process of its own. What is mapped "
                    "from files counts as memory, though the system may take it back.")
    setup.add_argument("--power", type=whole(LEAST_POWER, MOST_POWER), default=14, metavar="K",
                       help="a circuit for a domain of 2^K (default: 14)")
    setup.add_argument("--circuit", choices=tuple(CIRCUITS), default="mixed",
                       metavar="|".join(CIRCUITS), help=f"{_told(CIRCUITS)} (default: mixed)")
    setup.add_argument("--json", action="store_true", help="one JSON object")
    setup.set_defaults(run=run_setup)

    block = actions.add_parser(
        "block", help="a block's proof by its signed transfers: constraints, key, seconds, cycles",
        description="Prove full batches of 1, 4, 16 and 64 signed transfers on every device, the "
                    "smallest first. Where a device would take more than about a minute, by its "
                    "time for the size before, it is left out, and that is said; what is asked for "
                    "with --device is always run. The largest circuit and its key take minutes.")
    block.add_argument("--transfers", metavar="N", action="append",
                       type=whole(1, MAXIMUM_TRANSFERS,
                                  f"a batch has 1 to {MAXIMUM_TRANSFERS} transfers"),
                       help="places for transfers; may be given several times (default: 1, 4, 16 "
                            "and 64)")
    block.add_argument("--accounts", metavar="2^K", type=accounts, default=WATCHED.accounts,
                       help="places for accounts, a power of two (default: "
                            f"{WATCHED.accounts})")
    block.add_argument("--device", metavar="NAME", action="append", type=_measured_device,
                       help="cpu, model or rtl; may be given several times (default: all)")
    block.add_argument("--json", action="store_true", help="one JSON object")
    block.set_defaults(run=run_block)
    add_certificate(actions)
    add_history(actions)
    add_light(actions)
    settlement = actions.add_parser(
        "settlement", help="the most gas the contracts can use at the start of a block",
        description="Construct the worst block: all places of provers taken, all penalties that "
                    "an epoch can have, a chain that stood still; play it on the embedded "
                    "machine and show the protocol's calls. Takes some minutes. Exit status 1 if "
                    "one uses more than half of its gas.")
    settlement.add_argument(
        "--provers", type=whole(17, 128, "17 to 128 provers"), default=128, metavar="N",
        help="how many there are (default: 128)")
    settlement.add_argument("--json", action="store_true", help="one JSON object")
    settlement.set_defaults(run=run_settlement)

    growth = actions.add_parser(
        "simulate", help="how fast the mechanism is simulated, and how time grows",
        description="Simulate the reward mechanism, staged lottery and pure race, for a day of a "
                    "large network on one core; again with fewer provers, and with fewer slots; "
                    "show processor seconds, memory and how the seconds grow. Then a twentieth of "
                    "the slots beside the ledger as it is defined, where every draw walks all "
                    "provers. Exit status 1 if an amount differs.")
    growth.add_argument("--provers", type=whole(1, MOST_PROVERS), default=10_000, metavar="N",
                        help="how many there are (default: 10,000)")
    growth.add_argument("--slots", type=whole(1, MOST_SLOTS), default=7_200, metavar="N",
                        help="how many pass (default: 7,200, a day of 12 s)")
    growth.add_argument("--json", action="store_true", help="one JSON object")
    growth.set_defaults(run=run_simulate)
    add_soak(actions)

    table = actions.add_parser("table", help="the README's table of figures, as Markdown",
                               description="Measure all that the README's table of figures has, "
                                           "and print it as Markdown. Takes some minutes.")
    table.set_defaults(run=run_table)


def _add_product(parser: argparse.ArgumentParser, device: str) -> None:
    """The options that say which product, on which accelerator."""
    add_device(parser, device)
    parser.add_argument("--curve", choices=CURVES, metavar="|".join(CURVES), default=CURVES[0],
                        help=f"whose points are added; of others than {CURVES[0]} on simulated "
                             "accelerators, of bls12-377 in G1 (default: %(default)s)")
    parser.add_argument("--group", choices=("g1", "g2"), default="g1",
                        help="of which group the points are (default: g1)")
    parser.add_argument("--points", type=whole(1, MOST_POINTS, POINTS), default=4096, metavar="N",
                        help="how many points and scalars (default: 4096)")
    parser.add_argument("--window", type=whole(2, 16, "a window has 2 to 16 bits"), metavar="BITS",
                        help="force the window width (default: the one with the fewest additions)")
    parser.add_argument("--copies", type=whole(1, MOST_COPIES, MOST_COPIES_SAID), metavar="N",
                        help="copies of every point, multiplied by powers of two, that are stored "
                             "with it, itself among them (default: as many as save cycles and fit)")
    parser.add_argument("--at-once", type=whole(1, otherwise=ONE), metavar="N",
                        help="windows computed in one pass, without copies (default: all that fit "
                             "the mailboxes)")
    parser.add_argument("--interval", type=whole(), choices=(12, 6, 4, 3, 2, 1),
                        metavar="12|6|4|3|2|1",
                        help="cycles from one G1 addition to the next (default: 12); below, there "
                             "are more multipliers and mailbox units")
    parser.add_argument("--json", action="store_true", help="one JSON object")


@contextmanager
def _product_device(options: argparse.Namespace, screen: Screen,
                    dump: "Dump | None" = None) -> Iterator[Device]:
    """The device that the options of `_add_product` name, closed at the end."""
    from proofmill.hdl.curve import Group
    from proofmill.hdl.presets import at_interval

    for name in ("window", "at_once", "copies", "interval"):
        if getattr(options, name) is not None and not _is_simulated(options.device) and (
                name != "window" or options.device == "cpu"):
            raise ProofmillError(f"--{name.replace('_', '-')} {getattr(options, name)}: is of "
                                 f"simulated accelerators, not of {options.device}; leave it out, "
                                 "or choose --device rtl or model")
    shape, parameters = at_interval(options.interval or DEFAULT_INTERVAL), dict[str, Any]()
    if options.curve != CURVES[0]:
        shape, parameters["arithmetic"] = _on_curve(options, shape)
    if _is_simulated(options.device):
        _check_windows(options, shape)  # before a simulation is built, which takes a minute
    with _one_lane(options.device, screen, window=options.window, at_once=options.at_once,
                   copies=options.copies, shape=shape, groups=[Group(options.group)],
                   dump=dump, **parameters) as device:
        try:
            yield device
        except ValueError as error:  # of a board, whose mailboxes are known only now
            raise ProofmillError(f"--window: {error}") from error


def _on_curve(options: argparse.Namespace, shape: Any) -> tuple[Any, Any]:
    """`shape` on another curve than BN254, and the arithmetic that goes with it."""
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.curve import Group
    from proofmill.hdl.presets import of_curve
    from proofmill.host.bench.known import known_on

    said = f"--curve {options.curve}:"
    if not _is_simulated(options.device) or "h" in options.device.partition("+")[2]:
        raise ProofmillError(f"{said} sums on it are simulated, without transforms, and not "
                             f"computed on {options.device}; choose --device rtl or model")
    curve = TABLE[options.curve]
    if Group(options.group) not in curve.b:
        raise ProofmillError(f"{said} sums on it are of G1 alone; leave --group out")
    return of_curve(curve, shape), known_on(options.curve).arithmetic


@contextmanager
def _one_lane(name: str, screen: Screen, **parameters: Any) -> Iterator[Device]:
    """A device, of simulated accelerators one, opened beside a bar and closed at the end."""
    with screen.bar("preparing the device") as bar:
        device = open_device(name, lanes=1, progress=bar.step, **parameters)
    with closing(device):
        yield device


def _is_simulated(device: str) -> bool:
    return device.partition("+")[0] in ("rtl", "model")


def _check_windows(options: argparse.Namespace, shape: Any) -> None:
    """Raise where an accelerator of `shape` cannot cut scalars as `options` say."""
    from proofmill.hdl.accelerator import identity_words
    from proofmill.hdl.curve import Group
    from proofmill.hdl.plans import best_plan, uniform
    from proofmill.host.prover.devices.lanes import machine_of

    machine = machine_of(identity_words(shape, 0), Group(options.group),
                         order=shape.adder.curve.scalar.modulus)
    if options.copies not in (None, 1) and options.at_once is not None:
        raise ProofmillError("--at-once: is of points without copies; leave --copies out, or say 1")
    try:
        best_plan(machine, uniform(machine.order, options.points), window=options.window or 0,
                  at_once=options.at_once or 0)
    except ValueError as error:
        said = " and ".join(f"--{name.replace('_', '-')} {value}" for name in ("window", "at_once")
                            if (value := getattr(options, name)) is not None)
        raise ProofmillError(f"{said or '--interval'}: {error}") from error


def run_ratios(options: argparse.Namespace) -> int:
    """Print a line for each kind of scalars and points."""
    from proofmill.hdl.curve import Group
    from proofmill.host.bench.known import known_on
    from proofmill.host.bench.ratios import CASES, ratios

    if options.device == "cpu":
        raise ProofmillError("--device cpu: counts no cycles, so has no ratio to a bound; choose "
                             "rtl, model or serial:PORT")
    screen = Screen(machine=options.json)
    found: list[dict[str, Any]] = []
    row = "{:10} {:11} {:>6} {:>4} {:>6} {:>6} {:>12} {:>7} {:>7} {:>8}"
    screen.line(row.format("scalars", "points", "window", "sets", "copies", "passes", "cycles",
                           "least", "median", "greatest"), style="bold")
    with _product_device(options, screen) as device:
        with screen.bar(f"multiplying on {device.name}") as bar:
            for figures in ratios(device, Group(options.group), options.points, options.seeds,
                                  known=known_on(options.curve)):
                found.append(figures)
                bar(len(found), len(CASES))
                screen.line(row.format(
                    *(figures[name] for name in ("scalars", "bases", "window", "sets", "copies",
                                                 "passes")),
                    f"{figures['cycles']:,}",
                    *(f"{figures[name]:.3f}" for name in ("least", "median", "greatest"))))
    if options.json:
        print_record("bench ratios", {
            "device": device.name, "curve": options.curve, "group": options.group,
            "points": options.points, "interval": found[0]["interval"],
            "seeds": options.seeds, "ratios": found})
    return 0


def run_msm(options: argparse.Namespace) -> int:
    """Measure one product."""
    from proofmill.hdl.curve import Group
    from proofmill.host.bench.known import known_on
    from proofmill.host.bench.msm import measure

    screen = Screen(machine=options.json)
    if options.waves is not None and not _is_simulated(options.device):
        raise ProofmillError(f"--waves {options.waves}: is of simulated accelerators, not of "
                             f"{options.device}; choose --device rtl. Of a simulated board: "
                             "proofmill board simulate BOARD --waves FILE")
    with (dumped(options, "accelerator", screen) as dump,
          _product_device(options, screen, dump) as device):
        with screen.bar(f"multiplying on {device.name}") as bar:
            figures = measure(device, Group(options.group), options.points, options.scalars,
                              options.bases, options.seed, bar, known_on(options.curve))
        figures |= _line_figures(device, figures.get("cycles", 0))
    if options.json:
        print_record("bench msm", figures)
        return 0
    counters = figures.pop("counters", {})
    _table(screen, figures)
    if options.counters:
        screen.line("counters:")
        _table(screen, counters)
    return 0


def run_transforms(options: argparse.Namespace) -> int:
    """Print a line for each size."""
    from proofmill.host.bench.transforms import figures
    from proofmill.host.prover.devices.device import Transforming

    screen = Screen(machine=options.json)
    found: list[JsonObject] = []
    with (dumped(options, "accelerator", screen) as dump,
          _one_lane(options.device, screen, dump=dump) as device):
        assert isinstance(device, Transforming)
        with screen.bar(f"transforming on {device.name}") as bar:
            powers = options.powers or SIZES
            for each in figures(device, powers):
                found.append(each)
                bar(len(found), len(powers))
                limit = "" if each["bar"] is None else f", at most {each['bar']:,} wanted"
                screen.line(
                    f"2^{each['power']:<2} {each['cycles']:9,} cycles{limit}; the model says "
                    f"{each['model_cycles']:,}; {each['products']:,} products, "
                    f"{each['products_a_cycle']:.4f} a cycle; {each['butterflies_a_cycle']:.4f} "
                    f"butterflies a cycle; {each['moved']:,} cycles for the memory; "
                    f"{each['seconds']:.2f} s")
    if options.json:
        print_record("bench transforms", {"device": options.device, "sizes": found})
    return 0


def _line_figures(device: Any, cycles: int) -> dict[str, float]:
    """Of a device on a serial line: what the line took, beside what computing took."""
    if not device.name.startswith("serial:"):
        return {}
    from proofmill.host.prover.devices.serial import beside_the_line

    took = beside_the_line(device.accelerators[0].link, device.clock_hz, cycles)
    return {name: round(value, 6) for name, value in took.items()}


def run_simulation(options: argparse.Namespace) -> int:
    """Measure the simulation."""
    from proofmill.host.bench.simulation import simulation_speed

    screen = Screen(machine=options.json)
    with screen.bar("preparing the device") as bar:
        figures = simulation_speed(options.points, progress=bar.step)
    if options.json:
        print_record("bench sim", figures)
    else:
        _table(screen, figures)
    return 0


def run_proving(options: argparse.Namespace) -> int:
    """Measure the processor's prover beside another."""
    from proofmill.host.bench.peer import compare, markdown
    from proofmill.host.prover.native.library import library

    if os.name != "posix":
        raise ProofmillError("bench proving measures processes as POSIX counts them; run it there")
    if (options.zkey is None) != (options.wtns is None):
        raise ProofmillError("--zkey and --wtns go together; give both")
    if options.zkey is not None and options.powers:
        raise ProofmillError(f"--power {options.powers[0]} is of circuits that are made here, and "
                             "--zkey names one; leave one out")
    own = None if options.zkey is None else (options.zkey, options.wtns)
    screen = Screen(machine=options.json)
    with tempfile.TemporaryDirectory() as folder:
        with screen.bar("preparing") as bar:
            library(bar.step)
        with screen.bar("preparing the circuits") as bar:
            found = compare(Path(folder), options.peer, tuple(options.powers or POWERS),
                            options.rounds, options.threads, bar.step, own, options.memory)
    if options.json:
        print_record("bench proving", found)
    else:
        screen.line(f"proofmill / {found['peer']}, the least of {found['rounds']} runs")
        screen.line()
        for line in markdown(found).splitlines():
            screen.line(line)
    return 0


def run_simulate(options: argparse.Namespace) -> int:
    """Measure three runs and show them."""
    from proofmill.host.bench.simulating import simulation_growth

    screen = Screen(machine=options.json)
    with screen.bar("simulating") as bar:
        made = simulation_growth(options.provers, options.slots, bar)
    if options.json:
        print_record("bench simulate", made)
        return 0 if made["same_amounts"] else 1
    for provers, slots, seconds in (
            (made["provers"], made["slots"], made["seconds"]),
            (made["fewer_provers"], made["slots"], made["seconds_with_fewer_provers"]),
            (made["provers"], made["fewer_slots"], made["seconds_with_fewer_slots"])):
        screen.line(f"{provers:>7,} provers  {slots:>9,} slots  {seconds:>9.2f} s")
    for what in ("provers", "slots"):
        exponent = made[f"growth_in_{what}"]
        if exponent is not None:
            screen.line(f"seconds grow as {what} ^ {exponent:.2f}")
    screen.line(f"peak memory {made['peak_bytes'] / 1e6:,.0f} MB")
    screen.line()
    for name in ("ledger", "definition"):
        screen.line(f"{made['provers']:>7,} provers  {made['defined_slots']:>9,} slots  "
                    f"{made[f'seconds_of_{name}']:>9.2f} s  the {name}")
    same = "every amount the same" if made["same_amounts"] else "AMOUNTS DIFFER"
    screen.line(f"{made['times_as_fast']:.1f} times as fast as its definition, {same}")
    return 0 if made["same_amounts"] else 1


def run_fuzz(options: argparse.Namespace) -> int:
    """Try damaged files; show how they were answered."""
    from proofmill.host.bench.fuzz import fuzz

    screen = Screen(machine=options.json)
    with screen.bar("compiling") as bar:
        found = fuzz(options.inputs, options.seed, options.first, bar.step, options.every)
    if options.json:
        print_record("bench fuzz", found)
        return 0
    screen.line(f"{found['inputs']:,} inputs in {found['seconds']:,.0f} s, every one answered:")
    for name, count in sorted(found["answers"].items(), key=lambda each: -int(each[1])):
        screen.line(f"  {name.replace('_', ' '):20} {count:9,}")
    return 0


def run_setup(options: argparse.Namespace) -> int:
    """Measure every step of a key's making."""
    from proofmill.host.bench.setup import markdown, measure

    screen = Screen(machine=options.json)
    with tempfile.TemporaryDirectory() as folder, screen.bar("making the circuit") as bar:
        found = measure(Path(folder), options.circuit, options.power, bar.step)
    if options.json:
        print_record("bench setup", found)
        return 0
    screen.line(f"{found['circuit']}, {found['constraints']:,} constraints, {found['wires']:,} "
                f"wires: a key of {found['key_megabytes']:,.1f} MB")
    screen.line()
    for line in markdown(found).splitlines():
        screen.line(line)
    return 0


def _measured_device(text: str) -> str:
    """Takes the devices that every machine has."""
    if text not in ("cpu", "model", "rtl"):
        raise argparse.ArgumentTypeError(f"there is no {text!r}; give cpu, model or rtl")
    return text


def run_block(options: argparse.Namespace) -> int:
    """Measure every size on every device."""
    from proofmill.host.bench.block import DEVICES, TRANSFERS, figures, lines

    screen = Screen(machine=options.json)
    sizes = []
    with tempfile.TemporaryDirectory() as folder, screen.bar("preparing") as bar:
        for found in figures(Path(folder), options.accounts, options.transfers or TRANSFERS,
                             options.device or DEVICES, options.device is not None, bar.begin):
            sizes.append(found)
            for line in lines(found):
                screen.line(line)
    if options.json:
        print_record("bench block", {"sizes": sizes})
    return 0


def run_settlement(options: argparse.Namespace) -> int:
    """Measure every call, and compare the worst with half of the limit."""
    from proofmill.host.network.contracts.settlement import MOST_COMMITTEE, measure
    from proofmill.host.network.evm.embedded import SYSTEM_CALL_GAS
    from proofmill.host.network.mechanism.parameters import Parameters

    screen = Screen(machine=options.json)
    calls = []
    with screen.bar("playing the worst blocks") as bar:
        for call in measure(options.provers, told=bar.step):
            calls.append(call)
            screen.line(f"slot {call.slot:>4}  {call.gas:>12,} gas  {call.done}")
    worst = max(calls, key=lambda call: call.gas)
    if options.json:
        print_record("bench settlement", {
            "provers": options.provers, "committee": MOST_COMMITTEE,
            "penalties_a_block": Parameters().settlements_per_block,
            "gas_limit": SYSTEM_CALL_GAS, "worst_gas": worst.gas, "worst_done": worst.done,
            "share": worst.gas / SYSTEM_CALL_GAS,
            "calls": [{"slot": call.slot, "done": call.done, "gas": call.gas}
                      for call in calls]})
    screen.line(f"the worst: {worst.gas:,} of {SYSTEM_CALL_GAS:,} gas, "
                f"{worst.gas / SYSTEM_CALL_GAS:.0%}")
    return 1 if 2 * worst.gas > SYSTEM_CALL_GAS else 0


def run_table(options: argparse.Namespace) -> int:
    """Print the table, line by line."""
    from proofmill.host.bench.table import figures

    with tempfile.TemporaryDirectory() as folder, Screen(machine=True).bar("measuring"):
        for line in figures(*block_files(Path(folder))):
            print(line, flush=True)
    return 0


def _table(screen: Screen, figures: JsonObject) -> None:
    longest = max(map(len, figures))
    for name, value in figures.items():
        if isinstance(value, float):
            value = f"{value:,.4f}" if value < 100 else f"{value:,.0f}"
        elif isinstance(value, int):
            value = f"{value:,}"
        screen.line(f"{name.replace('_', ' '):{longest}}  {value}")
