"""``proofmill bench scale``: many workers, and what is lost when they are killed."""

import argparse
from collections.abc import Iterator
from typing import Any

from proofmill.host.cli.arguments import above_zero, seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

COUNTS = (1, 2, 4, 8)
SOME = "must be more than none"


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
                    "--power, then a whole proof over workers on the processor. With --provers, "
                    "then so many provers in simulated time: node, queue's rules and workers' "
                    "code as in production, simulated devices and clock.",
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
    scale.add_argument("--provers", metavar="N", type=whole(8, 10**5),
                       help="simulate so many, while workers, node and server are killed; 10,000 "
                            "for five minutes take about as long of a processor")
    scale.add_argument("--minutes", default=5.0, metavar="M", type=above_zero(SOME),
                       help="of simulated time that count (default: 5)")
    scale.add_argument("--piece-seconds", default=60.0, metavar="S", type=above_zero(SOME),
                       help="that a piece of a job takes a simulated prover; half as long to one "
                            "and a half times, from machine to machine (default: 60)")
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
    many = None
    if options.provers:
        from proofmill.host.bench.provers import simulate

        with screen.bar("simulating provers") as bar:
            many = simulate(options.provers, options.piece_seconds, options.minutes, options.seed,
                            bar)
        for sentence in _sentences(many, BAR, GRACE_SECONDS):
            screen.line(sentence)
    if options.json:
        print_record("bench scale", {
            "points": options.points, "cycles": cycles, "clock_hz": CLOCK_HZ, "bar": BAR,
            "runs": runs, "kills": killed, "takeover_seconds": taken,
            "takeover_limit": limit, "proof": proof, "provers": many})
    amiss = [found for found in (killed, many)
             if found and (found["lost"] or found["twice"] or found["wrong"])]
    return int(bool(amiss) or (killed is not None and killed["kills"] < options.kills))


def _sentences(many: dict[str, Any], bar: float, grace: float) -> Iterator[str]:
    """What came of simulated provers."""
    yield (f"{many['provers']:,} simulated provers, {many['minutes']:g} min with "
           f"{many['kills']} kills: {100 * many['busy']:.1f} % busy (at least {100 * bar:.0f} % "
           f"wanted); {many['jobs']:,} jobs of {many['tasks']:,} pieces: {many['lost']} lost, "
           f"{many['twice']} submitted twice, {many['wrong']} wrong; {many['again']:,} pieces "
           "begun again")
    yield (f"a piece of a prover that was killed was there for another after at most "
           f"{many['offered']:.2f} s (at most {many['lease_seconds'] + grace:g} s wanted, from the "
           f"kill or the server's return; {many['offers']} pieces); another, most of which are "
           f"busy, had asked for it after at most {many['handed']:.2f} s, absences of the server "
           f"included, and was at it after at most {many['resumed']:.2f} s")
    yield (f"queue's server at work for {100 * many['server']:.1f} % of the time; "
           f"{many['simulated_seconds']:,.0f} s of node and provers took "
           f"{many['processor_seconds']:,.0f} s of a processor")
