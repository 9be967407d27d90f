"""A picture of operators' days: when the shared array is sold, and what each earns."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display is needed, nor wanted

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from proofmill.host.network.array.jobs import Kind
from proofmill.host.network.economics.operators import Day
from proofmill.host.network.economics.plots import DOTS_PER_INCH

COLOURS = {Kind.BLOCK: "#1b6ca8", Kind.PROOF: "#d1495b", Kind.RESULT: "#2e8b57"}
SHARED = "shared"
NAME = "market.png"


def write_plot(days: Sequence[Day], folder: Path) -> Path:
    """Write market.png; its path."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    above, below = figure.subplots(2, 1)
    _hours(next(day for day in days if day.name == SHARED), above)
    _earnings(days, below)
    figure.savefig(folder / NAME, dpi=DOTS_PER_INCH)
    return folder / NAME


def _hours(day: Day, axes: Axes) -> None:
    below = [0.0] * day.hours
    for kind, colour in COLOURS.items():
        heights = [hour[kind] / 3_600 for hour in day.hourly]
        axes.bar(range(day.hours), heights, 0.9, bottom=below, color=colour, align="edge",
                 label=kind)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    axes.set_xlim(0, day.hours)
    axes.set_ylim(0, 1.2)    # room for the legend
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("The shared array: its time that is sold, by hour", fontsize=10, loc="left")
    axes.set_xlabel("hour")
    axes.legend(frameon=False, loc="upper left", ncols=len(COLOURS))
    _finish(axes)


def _earnings(days: Sequence[Day], axes: Axes) -> None:
    for place, day in enumerate(days):
        high = low = 0.0
        for kind, colour in COLOURS.items():
            gwei = day.book.earned[kind].gwei / 1e9
            axes.bar(place, gwei, 0.6, bottom=high if gwei >= 0 else low, color=colour)
            high, low = high + max(gwei, 0.0), low + min(gwei, 0.0)
        sold = sum(day.share(kind) for kind in Kind)
        axes.annotate(f"{sold:.0%} of its time, {day.late} late", (place, high), xytext=(0, 3),
                      textcoords="offset points", ha="center", va="bottom", fontsize=9)
    axes.axhline(0, color="k", lw=0.8)
    axes.set_xticks(range(len(days)), [day.name for day in days])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.1f} ETH"))
    axes.margins(y=0.12)
    axes.set_title("What each earns in the day, before energy (same colours)", fontsize=10,
                   loc="left")
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
