"""``proofmill simulate``: what the mechanism pays whom, over thousands of slots."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from proofmill.host.cli import simulate_market
from proofmill.host.cli.arguments import output_folder, seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.economics.limits import MOST_SLOTS


def register(commands: Commands) -> None:
    """Add the command."""
    simulate = commands.add_parser(
        "simulate", help="what the second layer pays whom, over thousands of slots",
        description="Play a scenario of provers under the staged lottery and under a pure race, on "
                    "the same luck, and compare shares, latency, duplicate work, energy and the "
                    "cost of attack. The invariants are checked at every slot. `market` plays a "
                    "day of operators that sell an array's time for block proofs, for other "
                    "proofs, for results of models, or for all of these (docs/market.md).")
    simulate.add_argument("scenario", metavar="SCENARIO.toml",
                          help="a file, or the name of a scenario of the package: equal, whale, "
                               "unreliable, thrifty, entry, stakers, divided; or `market`")
    simulate.add_argument("--slots", type=whole(1, MOST_SLOTS), metavar="N",
                          help="default: the scenario's")
    simulate.add_argument("--hours", type=whole(1, simulate_market.MOST_HOURS), metavar="N",
                          help="of `market` (default: 24)")
    simulate.add_argument("--seed", type=seed, default=0, metavar="S",
                          help="of all chance (default: 0)")
    simulate.add_argument("--strategy", metavar="[KIND=]FILE.py:Class", action="append",
                          default=[], help="a strategy of your own for all provers, or those of "
                                           "one kind (docs/studies.md)")
    simulate.add_argument("--rule", metavar="FILE.py:Class",
                          help="a rule of your own, played beside the lottery")
    simulate.add_argument("--out", metavar="FOLDER", type=output_folder,
                          help="write CSV tables and PNG plots there")
    simulate.add_argument("--json", action="store_true", help="one JSON object on stdout")
    simulate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Simulate and report."""
    if options.scenario == simulate_market.NAME:
        return simulate_market.run(options)
    if options.hours is not None:
        raise ProofmillError("--hours is of `simulate market` alone; a scenario has --slots")
    from proofmill.host.network.economics.scenario import load_scenario
    from proofmill.host.network.economics.simulate import simulate
    from proofmill.host.network.economics.tables import flat, prover_rows, write_tables
    from proofmill.host.network.economics.user_classes import rule_of, strategy_of

    scenario = load_scenario(options.scenario)
    strategies = dict(strategy_of(text, scenario) for text in options.strategy)
    rule = rule_of(options.rule) if options.rule else None
    folder = None if options.out is None else Path(options.out)
    if folder is not None:
        from proofmill.host.network.economics.plots import (
            write_plots,  # says what it needs before the work
        )
    screen = Screen(machine=options.json)
    with screen.bar(scenario.title) as bar:
        result = simulate(scenario, options.slots, options.seed, bar, strategies, rule)
    written: list[Path] = []
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        # All or nothing: a full disk must not leave half of a run among the files of another.
        with (screen.bar("writing tables and plots"),
              tempfile.TemporaryDirectory(dir=folder) as scratch):
            made = [*write_tables(result, Path(scratch)), *write_plots(result, Path(scratch))]
            written = [path.replace(folder / path.name) for path in made]
    if options.json:
        print_record("simulate", {
            "title": scenario.title, "slots": result.slots, "seed": result.seed,
            **{name: flat(figures) for name, figures in result.figures.items()},
            "attack_cost": flat(result.attack_cost), "provers": prover_rows(result),
            "files": [str(path) for path in written]})
        return 0
    _show(screen, result)
    for path in written:
        screen.line(f"wrote {path}")
    return 0


ROWS = (
    ("slots proven", "proven_rate", "{:.1%}"), ("  in stage 1", "stage_rates_1", "{:.1%}"),
    ("  in stage 2", "stage_rates_2", "{:.1%}"), ("  in stage 3, open", "stage_rates_3", "{:.1%}"),
    ("largest share of income", "top_share", "{:.1%}"),
    ("Gini of income", "gini_of_income", "{:.3f}"),
    ("Gini of income per stake", "gini_of_income_over_stake", "{:.3f}"),
    ("latency, median", "latency_p50", "{:.2f} s"), ("latency, 95 %", "latency_p95", "{:.2f} s"),
    ("latency, 99 %", "latency_p99", "{:.2f} s"), ("slots to inclusion", "delay_mean", "{:.2f}"),
    ("work per useful proof", "work_per_proof", "{:.2f}"),
    ("energy per useful proof", "joules_per_proof", "{:,.0f} J"),
    ("minted", "minted_gwei", "{:,} gwei"), ("burned", "burned_gwei", "{:,} gwei"),
    ("rho at the end", "rho_last", "{:.4f}"), ("provers still at work", "still_proving", "{}"),
)
NOT_OF = {name: ("stage_rates_1", "stage_rates_2", "stage_rates_3") for name in ("race", "work")}
"""What a mechanism has no figures of: there are no stages."""


def _show(screen: Screen, result: Any) -> None:
    from proofmill.host.network.economics.simulate import LABELS
    from proofmill.host.network.economics.tables import flat, prover_rows

    screen.line(f"{result.scenario.title}: {result.slots:,} slots, "
                f"{len(result.scenario.each())} provers, seed {result.seed}")
    found = {name: flat(figures) for name, figures in result.figures.items()}
    screen.line(f"{'':26}" + "".join(f"{LABELS[name]:>20}" for name in found))
    for label, key, pattern in ROWS:
        said = ("-" if figures[key] is None or key in NOT_OF.get(name, ()) else
                pattern.format(figures[key]) for name, figures in found.items())
        screen.line(f"{label:26}" + "".join(f"{text:>20}" for text in said))
    screen.line()
    heads = [f"{name} income" for name in found]
    screen.line(f"{'kind':<16}{'stake':>8}"
                + "".join(f"{head:>15}" for head in heads) + "   (shares)")
    groups: dict[str, list[JsonObject]] = {}
    for row in prover_rows(result):
        groups.setdefault(row["name"], []).append(row)
    for name, rows in groups.items():
        stake, *shares = (sum(row[key] for row in rows) for key in (
            "stake_share", *(f"{one}_income_share" for one in found)))
        label = f"{len(rows)} x {name}"
        screen.line(f"{label:<16}{stake:>8.1%}" + "".join(f"{one:>15.1%}" for one in shares))
    cost = result.attack_cost
    screen.line()
    screen.line("To win half of the slots takes "
                f"{cost.majority_stake_gwei / 1e9:,.1f} ETH more stake in the lottery; in the "
                f"race, a usual prover {cost.majority_speed_up:.2f} times as fast.")
    screen.line("A primary that leaves its slot to the committee loses "
                f"{cost.withheld_slot_gwei:,} gwei at the first rho.")
