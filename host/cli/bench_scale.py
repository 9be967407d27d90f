"""``proofmill bench scale``: many workers, and what is lost when they are killed."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

COUNTS = (1, 2, 4, 8)


def add_scale(actions: Any) -> None:
    """Add the command."""
    scale = actions.add_parser(
        "scale", help="workers on many machines: how busy, and what kills cost",
        description="Begin a queue as a node has it, and workers. First, how busy 1 to 8 workers "
                    "are kept: their devices are timed stand-ins, which wait for as long as the "
                    "accelerator would take (by the cost model of the preset standard, at 25 MHz) "
                    "and give the processor's sums. Then kill workers, server and node at random, "
                    "and go back to copies of the server's store, while jobs go through the job "
                    "log: how many were lost, or submitted twice. Then how long it takes until "
                    "another worker has the task of one that was killed. With "
                    "--power, then a whole proof over workers on the processor.",
        epilog="example: proofmill bench scale --tasks 0 --kills 1000")
    scale.add_argument("--workers", action="append", metavar="N", type=whole(1, 64),
                       help="how many; may be given several times (default: 1, 2, 4 and 8)")
    scale.add_argument("--points", default=16_384, metavar="N", type=whole(256, 1 << 17),
                       help="of each task's sum (default: %(default)s)")
    scale.add_argument("--tasks", default=20, metavar="N", type=whole(0, 10**5),
                       help="for each worker; 0 leaves out how busy they are (default: "
                            "%(default)s)")
    scale.add_argument("--kills", default=20, metavar="N", type=whole(0, 10**6),
                       help="how many (default: %(default)s)")
    scale.add_argument("--takeovers", default=3, metavar="N", type=whole(0, 10**4),
                       help="how often a worker is killed with a task (default: %(default)s)")
    scale.add_argument("--power", metavar="K", type=whole(8, 22),
                       help="prove a chain of 2^K - 2 constraints in pieces over workers that are "
                            "processes, the greatest of --workers in number (default: 2), in "
                            "pieces of --points, and by this process alone")
    scale.add_argument("--seed", type=seed, default=0, metavar="N",
                       help="the kills' kinds and moments follow from it (default: 0)")
    scale.add_argument("--json", action="store_true", help="one JSON object")
    scale.set_defaults(run=run_scale)


def run_scale(options: argparse.Namespace) -> int:
    """Print what was found; 1 where a job was lost, submitted twice or wrong."""
    from proofmill.host.bench.busy import BAR, CLOCK_HZ, busy
    from proofmill.host.bench.killed_node import LEASE_SECONDS
    from proofmill.host.bench.kills import GRACE_SECONDS, kills, takeovers
    from proofmill.host.bench.timed import cycles_of

    screen = Screen(machine=options.json)
    cycles = cycles_of(options.points)
    runs = []
    if options.tasks:
        screen.line(f"each task: {options.points:,} points, {cycles:,} cycles, "
                    f"{1000 * cycles / CLOCK_HZ:.0f} ms at {CLOCK_HZ / 1e6:g} MHz, on stand-ins")
        with screen.bar("keeping workers busy") as bar:
            runs = busy(tuple(options.workers or COUNTS), options.points, options.tasks, bar)
    for run in runs:
        screen.line(f"{run['workers']:>3} workers {100 * run['busy']:5.1f} % busy "
                    f"(at least {100 * BAR:.0f} % wanted), "
                    f"{run['overhead_milliseconds']:.1f} ms between tasks")
    killed = None
    if options.kills:
        with screen.bar("killing") as bar:
            killed = kills(options.kills, options.seed, bar)
        screen.line(f"{killed['kills']} kills, {killed['jobs']} jobs: {killed['lost']} lost, "
                    f"{killed['twice']} submitted twice, {killed['wrong']} wrong")
    taken = [round(each, 3) for each in takeovers(options.takeovers, options.seed)]
    limit = LEASE_SECONDS + GRACE_SECONDS
    if taken:
        screen.line(f"another worker had the task of one that was killed after at most "
                    f"{max(taken):.2f} s (lease {LEASE_SECONDS} s, at most {limit:g} s wanted)")
    proof = None
    if options.power:
        from proofmill.host.bench.spread import spread

        with screen.bar("proving over workers") as bar:
            proof = spread(options.power, max(options.workers or [2]), options.points, bar.step)
        screen.line(f"a proof of {proof['constraints']:,} constraints over {proof['workers']} "
                    f"workers, {proof['pieces']} pieces of {proof['piece']:,} points at most: "
                    f"{proof['first_seconds']:.1f} s with the key of "
                    f"{proof['key_bytes'] / 1e6:,.0f} MB, then {proof['seconds']:.1f} s; "
                    f"{proof['alone_seconds']:.1f} s without them, on the same processor")
    if options.json:
        print_record("bench scale", {
            "points": options.points, "cycles": cycles, "clock_hz": CLOCK_HZ, "bar": BAR,
            "runs": runs, "kills": killed, "takeover_seconds": taken,
            "takeover_limit": limit, "proof": proof})
    return int(killed is not None and bool(
        killed["kills"] < options.kills or killed["lost"] or killed["twice"] or killed["wrong"]))
