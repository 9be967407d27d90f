"""``proofmill bench rivals``: DSP blocks times cycles on the rivals' own curve."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.pages import add_into, show
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

PAGE = "proofmill bench rivals"
"""What the table is called in a page: see `host.cli.pages`."""


def add_rivals(actions: Any) -> None:
    """Add the command."""
    rivals = actions.add_parser(
        "rivals", help="DSP blocks times cycles for a point and window, beside other accelerators",
        description="What a sum of 2^26 points on BLS12-377 takes, a window of a point: by the "
                    "complete formula, in batches, and in the twisted Edwards form that the "
                    "ZPrize's accelerators use, beside what these state. Blocks are counted by the "
                    "cost model of AMD UltraScale+, cycles by the model of sums; --exact counts "
                    "those of fewer points by simulating the control, which is exact.")
    rivals.add_argument("--exact", type=whole(4, 16, "give 4 to 16"), metavar="K",
                        help="simulate 2^K points too, by the complete formula and in batches (a "
                             "minute each to build, then kept)")
    rivals.add_argument("--rtl", type=whole(4, 12, "give 4 to 12"), metavar="K",
                        help="sum 2^K points on the gateware of the first that reaches the goal, "
                             "too, in simulation, and compare sum and cycles (minutes to build, "
                             "then kept)")
    rivals.add_argument("--json", action="store_true", help="one JSON object")
    add_into(rivals, PAGE)
    rivals.set_defaults(run=run_rivals)


def run_rivals(options: argparse.Namespace) -> int:
    """Print the table."""
    from proofmill.host.bench.rivals import (
        BAR,
        GOAL,
        check,
        figures,
        on_rtl,
        others,
        table,
        ways,
    )

    screen = Screen(machine=True)
    with screen.bar("scheduling"):
        every = ways()
        own, published = [figures(way) for way in every], others()
    exact = []
    if options.exact is not None:
        seen = set()
        for way in every:
            if way.shape is None or way.machine.batch in seen:
                continue  # tables change no cycle
            seen.add(way.machine.batch)
            with screen.bar(f"simulating: {way.name}") as bar:
                exact.append(check(way, options.exact, bar.step, bar))
    rtl = []
    if options.rtl is not None:
        way = next(way for way, each in zip(every, own, strict=True)
                   if each["gateware"] and each["dsp_cycles"] <= GOAL)
        with screen.bar(f"on the gateware: {way.name}") as bar:
            rtl.append(on_rtl(way, options.rtl, bar.step, bar))
    if options.json:
        print_record("bench rivals", {"ways": own, "published": published, "exact": exact,
                                      "rtl": rtl, "bar": BAR, "goal": GOAL})
        return 0
    show(table(own, published), PAGE, options.into)
    for each in exact:
        print(f"2^{each['power']} points, {each['name']}: {each['cycles']:,} cycles by simulation, "
              f"{each['model_cycles']:,} by the model; {each['windows']} windows of "
              f"{each['window']} bits, {each['cycles_a_point_window']:.3f} cycles a point and "
              f"window, DSP × cycles {each['dsp_cycles']:,.0f}")
    for each in rtl:
        print(f"2^{each['power']} points on the gateware, {each['name']}: the sum is right, in "
              f"{each['cycles']:,} cycles, as its control takes, with windows of "
              f"{each['window']} bits")
    return 0
