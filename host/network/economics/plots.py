"""Plots of a run, as PNG files: who earns, how long it takes, what work is done twice."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display is needed, nor wanted

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from proofmill.host.network.economics.simulate import MECHANISMS, Run
from proofmill.host.network.economics.tables import prover_rows

COLOURS = {"staged": "#1b6ca8", "race": "#d1495b"}
LABELS = {"staged": "staged lottery", "race": "pure race"}
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


def _shares(run: Run, axes: Axes) -> None:
    """Share of income beside share of stake; of many provers, those with the largest stake."""
    rows = sorted(prover_rows(run), key=lambda row: -row["stake_gwei"])
    rows = rows[:MOST_BARS]
    places = np.arange(len(rows))
    for offset, name in ((-0.2, "staged"), (0.2, "race")):
        axes.bar(places + offset, [row[f"{name}_income_share"] for row in rows], 0.4,
                 color=COLOURS[name], label=f"income, {LABELS[name]}")
    axes.plot(places, [row["stake_share"] for row in rows], "k_", markersize=14,
              label="share of the stake")
    axes.set_xticks(places, [row["name"] for row in rows], rotation=60, ha="right", fontsize=8)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(frameon=False)
    _finish(run, axes, "Who earns layer 2", "", "share")


def _latency(run: Run, axes: Axes) -> None:
    for name in MECHANISMS:
        outcomes = run.worlds[name].outcomes
        seconds = np.sort([o.seconds for o in outcomes if o.seconds is not None])
        if len(seconds):
            reached = np.arange(1, len(seconds) + 1) / max(1, len(outcomes))
            axes.step(seconds, reached, where="post", color=COLOURS[name], label=LABELS[name])
    for slot in range(1, run.scenario.parameters.window_slots + 1):
        axes.axvline(slot * run.scenario.network.slot_seconds, color="k", alpha=0.12, lw=1)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if axes.lines[0].get_label() in LABELS.values():  # else nothing was proven
        axes.legend(frameon=False, loc="lower right")
    _finish(run, axes, "Time until the network has a block's proof (grey: slots)",
            "seconds after the slot's start", "blocks proven")


def _work(run: Run, axes: Axes) -> None:
    names: list[str] = []
    for place, name in enumerate(MECHANISMS):
        figures = run.figures[name]
        axes.bar(place, figures.work_per_proof, 0.5, color=COLOURS[name])
        axes.annotate(f"{figures.work_per_proof:.2f} proofs, {figures.joules_per_proof:,.0f} J",
                      (place, figures.work_per_proof), ha="center", va="bottom")
        names.append(LABELS[name])
    axes.axhline(1, color="k", lw=1, ls="--")
    axes.set_xticks(range(len(names)), names)
    axes.margins(y=0.12)
    _finish(run, axes, "Work for one proof that counts (dashed: none done twice)", "",
            "proofs' worth of work")


def _rho(run: Run, axes: Axes) -> None:
    for name in MECHANISMS:
        axes.plot([rho / 1e9 for rho in run.worlds[name].rho[:run.slots]],
                  color=COLOURS[name], label=LABELS[name],
                  ls="-" if name == "staged" else "--")
    axes.axhline(run.scenario.parameters.rho_min / 1e9, color="k", alpha=0.4, lw=1, ls=":")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    _finish(run, axes, "rho: layer 2's part of layer 1's base (dotted: its floor)", "slot", "rho")
