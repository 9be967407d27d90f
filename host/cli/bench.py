"""``proofmill bench``: the figures, each by a command that anyone can run."""

import argparse
import os
import tempfile
from pathlib import Path

from proofmill.host.bench.kinds import CIRCUITS, MOST_POINTS
from proofmill.host.cli.arguments import ONE, input_file, seed, whole
from proofmill.host.cli.bench_batch import add_batch
from proofmill.host.cli.bench_certificate import add_certificate
from proofmill.host.cli.bench_delay import add_delay
from proofmill.host.cli.bench_device import show, told
from proofmill.host.cli.bench_endomorphism import add_endomorphism
from proofmill.host.cli.bench_evaluation import add_evaluation
from proofmill.host.cli.bench_files import block_files
from proofmill.host.cli.bench_gates import add_gates
from proofmill.host.cli.bench_history import add_history
from proofmill.host.cli.bench_kzg import add_kzg
from proofmill.host.cli.bench_light import add_light
from proofmill.host.cli.bench_matmul import add_matmul
from proofmill.host.cli.bench_msm import POINTS, add_products
from proofmill.host.cli.bench_pairing import add_pairing
from proofmill.host.cli.bench_prove import add_prove
from proofmill.host.cli.bench_rivals import add_rivals
from proofmill.host.cli.bench_scale import add_scale
from proofmill.host.cli.bench_soak import add_soak
from proofmill.host.cli.bench_systems import add_systems
from proofmill.host.cli.bench_transforms import add_transforms
from proofmill.host.cli.ledger_size import WATCHED, accounts
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.limits import MOST_PROVERS, MOST_SLOTS
from proofmill.host.prover.circuits.rollup.size import MAXIMUM_TRANSFERS

POWERS = (10, 12, 16)
LEAST_POWER, MOST_POWER = 4, 20
"""Of the domains of `proofmill bench proving`."""


def register(commands: Commands) -> None:
    """Add the commands."""
    bench = commands.add_parser(
        "bench", help="measure, on this machine",
        description="Measure cycles and seconds on this machine: the figures of the README.")
    actions = bench.add_subparsers(metavar="WHAT", required=True)

    add_products(actions)
    simulation = actions.add_parser(
        "sim", help="additions a second in RTL simulation, beside the golden Python model's",
        description="Compute the same multi-scalar multiplication over and over on one simulated "
                    "accelerator, on one core, in turn with complete additions by the golden "
                    "model in plain Python; show additions and cycles a second of both.")
    simulation.add_argument("--points", type=whole(1, MOST_POINTS, POINTS), default=4096,
                            metavar="N", help="points of G1 (default: 4096)")
    simulation.add_argument("--json", action="store_true", help="one JSON object")
    simulation.set_defaults(run=run_simulation)
    add_transforms(actions)
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
                       metavar="|".join(CIRCUITS), help=f"{told(CIRCUITS)} (default: mixed)")
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


def run_simulation(options: argparse.Namespace) -> int:
    """Measure the simulation."""
    from proofmill.host.bench.simulation import simulation_speed

    screen = Screen(machine=options.json)
    with screen.bar("preparing the device") as bar:
        figures = simulation_speed(options.points, progress=bar.step)
    if options.json:
        print_record("bench sim", figures)
    else:
        show(screen, figures)
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
