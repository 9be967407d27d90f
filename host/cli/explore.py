"""``proofmill explore``: which accelerators fit a device, and which of them nothing beats."""

import argparse
from typing import Any

from proofmill.host.bench.kinds import MOST_POINTS
from proofmill.host.cli.arguments import ONE, above_zero, unknown, whole
from proofmill.host.cli.measure_options import CURVES
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.tables import Column, Table
from proofmill.host.ground.errors import ProofmillError

AFFORDABLE = 400_000_000
"""Cycles up to which --exact simulates: some minutes."""

COLUMNS = (
    Column("multipliers", 20, "<", most=30), Column("interval", 8, rank=4),
    Column("units", 5, rank=7), Column("latency", 7, rank=9), Column("window", 6, rank=5),
    Column("sets", 4, rank=10), Column("copies", 6, rank=11), Column("passes", 6, rank=6),
    Column("DSP", 5), Column("memory", 12, rank=1),
    Column("registers", 9, rank=8), Column("adds/s/MHz", 10, rank=3), Column("cycles", 11, rank=2),
    Column("seconds", 9))

DESCRIPTION = """\
Go through all multipliers (schoolbook, Karatsuba, folded), their number, the
mailbox units that feed the adder, and the memory for mailboxes, each with the
windows and copies of points that take the fewest cycles; show those
accelerators that fit and that no other beats in DSP blocks, memory and time at
once. Nothing is synthesised."""


def register(commands: Commands) -> None:
    """Add the command."""
    explore = commands.add_parser(
        "explore", help="show the accelerators that fit a device and that none beats",
        description=DESCRIPTION)
    explore.add_argument("--dsp", type=whole(1, otherwise=ONE), metavar="N",
                         help="DSP blocks (default: the device's)")
    explore.add_argument("--memory-kbit", type=whole(1, otherwise=ONE), metavar="N",
                         help="block memory for mailboxes, kbit of 1,024 (default: the device's)")
    explore.add_argument("--device", help="a device: its blocks, their kind, its memory")
    explore.add_argument("--block", help="kind of DSP block, by its unsigned operands: 18x18, "
                                         "17x17, 24x17 or 26x17 (default: the device's, or 18x18)")
    explore.add_argument("--curve", choices=CURVES, metavar="|".join(CURVES), default=CURVES[0],
                         help="whose points are added (default: %(default)s)")
    explore.add_argument("--points", required=True, metavar="N",
                         type=whole(1, MOST_POINTS, "give 1 to 2^32 - 1, as an accelerator counts"),
                         help="points of a multi-scalar multiplication on G1")
    explore.add_argument("--copies", type=whole(1, otherwise=ONE), metavar="N",
                         help="copies of a point, itself among them, that the memory beside the "
                              "accelerator holds at the most (default: as many as save cycles)")
    explore.add_argument("--mhz", default=100.0, metavar="MHZ",
                         type=above_zero("the clock rate must be above zero"),
                         help="clock rate (default: 100)")
    explore.add_argument("--exact", action="store_true",
                         help="count the cycles of those shown by simulating their control with "
                              "uniform scalars (a minute each to build, then kept)")
    explore.add_argument("--json", action="store_true", help="one JSON object a line")
    explore.set_defaults(run=run_explore)


def _budget(options: argparse.Namespace) -> tuple[str, int, int]:
    """(kind of block, blocks, memory in kbit), of the options and the device they name."""
    from proofmill.hdl.configurations import DEVICES
    from proofmill.hdl.cost import BLOCKS

    if options.device is not None and options.device not in DEVICES:
        raise ProofmillError(f"--device {options.device}: {unknown(options.device, DEVICES)}, or "
                             "say --dsp and --memory-kbit")
    block, dsp, memory = options.block, options.dsp, options.memory_kbit
    if options.device is not None:
        device = DEVICES[options.device]
        block = device.block if block is None else block
        dsp = device.dsp if dsp is None else dsp
        memory = device.memory_kbit if memory is None else memory
    elif dsp is None or memory is None:
        raise ProofmillError("say --device, or both --dsp and --memory-kbit: how much there is")
    block = "18x18" if block is None else block
    if block not in BLOCKS:
        raise ProofmillError(f"--block {block}: {unknown(block, BLOCKS)}")
    return block, dsp, memory


def run_explore(options: argparse.Namespace) -> int:
    """Show the front."""
    from proofmill.hdl.configurations import configurations, front, in_brief, least
    from proofmill.hdl.cost import BLOCKS
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.description import describe
    from proofmill.hdl.plans import MOST_COPIES

    block, dsp, memory = _budget(options)
    screen, refused = Screen(machine=options.json), list[str]()
    curve = TABLE[options.curve]
    with screen.bar("scheduling"):
        found = list(configurations(
            curve, BLOCKS[block], dsp, memory << 10, options.points, refused,
            min(options.copies or MOST_COPIES, MOST_COPIES)))
    if not found:
        fewest, bits = least(curve, BLOCKS[block])
        raise ProofmillError(
            f"no accelerator fits {dsp} blocks of {block} and {memory} kbit; the smallest takes "
            f"{fewest} blocks and {-(-bits >> 10)} kbit")
    shown, rows = front(found), []
    # Unused mailboxes change no cycle: one simulation serves all windows of an adder.
    largest = {entry.shape.adder: entry.shape
               for entry in sorted(shown, key=lambda entry: entry.shape.mailbox_bits)}
    for entry in shown:
        cycles, how = entry.cycles, "estimated"
        if options.exact and cycles <= AFFORDABLE:
            cycles, how = _simulate(entry, largest, screen), "simulated"
        adder = entry.shape.adder
        rows.append({
            "multiplier": entry.multiplier.kind, "multipliers": adder.multipliers,
            "multiplier_interval": entry.multiplier.interval,
            "digit": entry.multiplier.digit, "limb": entry.multiplier.limb,
            "depth": getattr(entry.multiplier, "depth", None),
            "multiplier_latency": entry.multiplier.latency, "adders": adder.adders,
            "interval": entry.interval, "units": adder.units, "latency": entry.latency,
            "window": entry.plan.window, "sets": entry.plan.windows,
            "copies": entry.plan.copies, "passes": len(entry.plan.passes),
            "mailbox_bits": entry.shape.mailbox_bits, "dsp": entry.dsp,
            "memory_kbit": round(entry.memory_bits / 1024, 1),
            "register_bits": entry.register_bits,
            "additions_per_second_per_mhz": 1e6 * entry.additions_per_cycle,
            "cycles": round(cycles), "cycles_are": how,
            "seconds": cycles / options.mhz / 1e6, "name": in_brief(adder),
            "parameters": describe(entry.shape)})
    if options.json:
        for row in rows:
            print_record("explore", row)
        return 0
    screen.line(f"{options.points:,} points of {options.curve.upper()} G1, {dsp:,} blocks of "
                f"{block}, {memory:,} kbit, {options.mhz:g} MHz; {len(found)} fit, these are "
                "beaten by none")
    table = Table(screen, COLUMNS)
    for row in rows:
        table.widen("multipliers", row["name"])
    for row in rows:
        mark = "" if row["cycles_are"] == "simulated" else "~"
        table.row([
            row["name"], row["interval"], row["units"], row["latency"], row["window"],
            row["sets"], row["copies"], row["passes"], row["dsp"],
            f"{row['memory_kbit']:,.0f} kbit",
            f"{row['register_bits']:,}", f"{row['additions_per_second_per_mhz']:,.0f}",
            mark + format(row["cycles"], ","), f"{row['seconds']:.4g}"])
    if any(row["cycles_are"] == "estimated" for row in rows):
        screen.line("~ estimated by formula from measured overheads; --exact counts up to "
                    f"{AFFORDABLE:,} cycles by simulation")
    for sentence in refused:
        screen.line(f"left out: {sentence}")
    return 0


def _simulate(entry: Any, shapes: dict[Any, Any], screen: Screen) -> int:
    """The exact cycles of one multi-scalar multiplication with uniform scalars.

    `shapes` has, for each adder, an accelerator with that adder and mailboxes enough.
    """
    from proofmill.hdl.configurations import in_brief
    from proofmill.host.bench.control import simulated_cycles

    name = in_brief(entry.shape.adder)
    with screen.bar(f"simulating {name}") as bar:
        return simulated_cycles(
            shapes[entry.shape.adder], entry.plan, entry.points,
            lambda what, done, total: bar.step(f"{name}: {what}", done, total), bar)
