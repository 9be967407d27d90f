"""Plots of a run, as PNG files: who earns, how long it takes, what work is done twice."""

from collections import Counter
from math import ceil, isfinite
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display is needed, nor wanted

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from proofmill.host.network.economics.simulate import LABELS, Run
from proofmill.host.network.economics.tables import prover_rows
from proofmill.host.network.economics.world import World

COLOURS = {"staged": "#1b6ca8", "race": "#d1495b", "work": "#8d6a9f", "rule": "#2e8b57"}
DOTS_PER_INCH = 120
MOST_BARS = 40


def write_plots(run: Run, folder: Path) -> list[Path]:
    """Write shares.png, latency.png, work.png and rho.png; returns their paths."""
    drawn = {"shares.png": _shares, "latency.png": _latency, "work.png": _work, "rho.png": _rho}
    paths = []
    for name, plot in drawn.items():
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        plot(run, figure.subplots())
        figure.savefig(folder / name, dpi=DOTS_PER_INCH)
        paths.append(folder / name)
    return paths


def _finish(run: Run, axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(f"{title}\n{run.scenario.title}, {run.slots:,} slots, seed {run.seed}",
                   fontsize=10, loc="left")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)


def labels(names: list[str]) -> list[str]:
    """`names`, those that come more than once numbered: "prover 1", "prover 2", "fast"."""
    often, seen = Counter(names), Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} {seen[name]}" if often[name] > 1 else name)
    return found


def _shares(run: Run, axes: Axes) -> None:
    """Share of income beside share of stake; of many provers, those with the largest stake."""
    everyone = prover_rows(run)
    named = zip(labels([row["name"] for row in everyone]), everyone, strict=True)
    rows = sorted(named, key=lambda each: -each[1]["stake_gwei"])[:MOST_BARS]
    places = np.arange(len(rows))
    width = 0.8 / len(run.worlds)
    for number, name in enumerate(run.worlds):
        offset = (number + 0.5) * width - 0.4
        axes.bar(places + offset, [row[f"{name}_income_share"] for _, row in rows], width,
                 color=COLOURS[name], label=f"income, {LABELS[name]}")
    axes.hlines([row["stake_share"] for _, row in rows], places - 0.42, places + 0.42, color="k",
                lw=1.5, label="share of the stake")
    axes.set_xticks(places, [label for label, _ in rows], rotation=60, ha="right",
                    rotation_mode="anchor", fontsize=8)
    axes.margins(x=0.01)
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])  # room for the legend
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(frameon=False)
    cut = "" if len(rows) == len(everyone) else (
        f": the {len(rows)} with the largest stake, of {len(everyone)}")
    _finish(run, axes, f"Who earns layer 2{cut}", "", "share")


def _latency(run: Run, axes: Axes) -> None:
    slot = run.scenario.network.slot_seconds
    curves = {name: np.sort([o.seconds for o in run.worlds[name].outcomes if o.seconds is not None])
              for name in run.worlds}
    last = max((float(seconds[-1]) for seconds in curves.values() if len(seconds)), default=slot)
    slots = max(1, ceil(last / slot))
    for name, seconds in curves.items():
        if len(seconds):
            reached = np.arange(1, len(seconds) + 1) / max(1, len(run.worlds[name].outcomes))
            # To the axis' end, so that it is seen where blocks stay without a proof.
            axes.step([*seconds, slots * slot], [*reached, reached[-1]], where="post",
                      color=COLOURS[name], label=LABELS[name])
    for number in range(1, slots + 1):
        axes.axvline(number * slot, color="k", alpha=0.12, lw=1)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0, slots * slot * 1.01)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if any(map(len, curves.values())):
        axes.legend(frameon=False, loc="lower right")
    else:
        axes.annotate("no block was proven", (0.5, 0.5), xycoords="axes fraction", ha="center")
    _finish(run, axes, "Time until the network has a block's proof (grey: slots)",
            "seconds after the slot's start", "blocks proven")


def _work(run: Run, axes: Axes) -> None:
    names: list[str] = []
    for place, name in enumerate(run.worlds):
        figures = run.figures[name]
        proven = isfinite(figures.work_per_proof)
        height = figures.work_per_proof if proven else 0.0
        axes.bar(place, height, 0.5, color=COLOURS[name])
        axes.annotate(f"{height:.2f} proofs, {figures.joules_per_proof:,.0f} J" if proven
                      else "no block was proven", (place, height), xytext=(0, 3),
                      textcoords="offset points", ha="center", va="bottom")
        names.append(LABELS[name])
    axes.axhline(1, color="k", lw=1, ls="--")
    axes.set_xticks(range(len(names)), names)
    axes.margins(y=0.12)
    _finish(run, axes, "Work for one proof that counts (dashed: none done twice)", "",
            "proofs' worth of work")


def _rho(run: Run, axes: Axes) -> None:
    for name, world in run.worlds.items():
        if isinstance(world, World):
            axes.plot([rho / 1e9 for rho in world.rho[:run.slots]],
                      color=COLOURS[name], label=LABELS[name],
                      ls="--" if name == "race" else "-")
    axes.axhline(run.scenario.parameters.rho_min / 1e9, color="k", alpha=0.4, lw=1, ls=":")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, max(1, run.slots - 1))
    if axes.lines[1:]:
        axes.legend(frameon=False)
    _finish(run, axes, "rho: layer 2's part of layer 1's base (dotted: its floor)", "slot", "rho")
