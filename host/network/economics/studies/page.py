"""A study's results as pictures with bands, and as one page that needs nothing else."""

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display is needed, nor wanted

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.output import write_atomically
from proofmill.host.network.economics.plots import COLOURS, DOTS_PER_INCH
from proofmill.host.network.economics.simulate import LABELS
from proofmill.host.network.economics.studies.answers import answer
from proofmill.host.network.economics.studies.results import Result, provenance
from proofmill.host.network.economics.studies.study import Study, Value, named

TITLES = {
    "top_share": "largest share of income", "gini_of_income": "Gini of income",
    "proven_rate": "blocks proven, of all", "latency_mean": "seconds until a proof",
    "work_per_proof": "proofs' worth of work for a block", "joules_per_proof": "joules for a block",
    "first_layer_share": "stake left on layer 1, of all", "bonded_gwei": "gwei bonded on layer 2",
    "first_layer_herfindahl": "Herfindahl of layer 1's stake", "machines": "machines",
    "still_proving": "provers at work", "herfindahl_of_income": "Herfindahl of income",
    "nakamoto_of_income": "provers with half of all income (Nakamoto)",
    "proofs_per_hour": "proofs an hour that can be made", "burned_gwei": "gwei of fines burned"}
"""Of panels; others have their figure's name."""
LOGARITHMIC = 100
"""A panel whose values differ by more than this factor has logarithms."""
MOST_LINES = 4
STYLES = ("-", "--", "-.", ":")


def write_page(folder: Path, study: Study, rows: Sequence[Result], depends: Sequence[JsonObject],
               version: str) -> list[Path]:
    """Write study.png, study.svg and report.html; returns their paths. `depends`: rows of
    `sensitivity_rows`."""
    lines = 1 + (len(study.panels) > 3)
    columns = -(-len(study.panels) // lines)
    figure = Figure(figsize=(max(7.0, 11 / 3 * columns), 3.1 * lines), layout="constrained")
    places = list(figure.subplots(lines, columns, squeeze=False).flat)
    for axes, name in zip(places, study.panels, strict=False):
        _panel(axes, study, [row for row in rows if row.figure == name], TITLES.get(name, name))
    for axes in places[len(study.panels):]:
        axes.set_visible(False)
    handles, texts = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    between = "" if study.title.endswith("?") else ":"
    figure.suptitle(f"{study.title}{between} Means of {study.seeds} seeds of {study.slots:,} "
                    "slots, with 95 % intervals", fontsize=10, x=0.01, ha="left")
    vector = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": study.digest}):  # the same text every time
        figure.savefig(vector, format="svg", metadata={"Date": None})
    svg, png, page = folder / "study.svg", folder / "study.png", folder / "report.html"
    figure.savefig(png, dpi=DOTS_PER_INCH)
    write_atomically(svg, [vector.getvalue().encode()])
    write_atomically(page, [_page(
        study, rows, depends, version, vector.getvalue()).encode()])
    return [svg, png, page]


def _panel(axes: Axes, study: Study, rows: Sequence[Result], title: str) -> None:
    """One figure against the first key, a line for each combination of the others."""
    mechanisms = list(dict.fromkeys(row.mechanism for row in rows))
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_xlabel(study.axis or study.keys[0], fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    if study.method:
        for mechanism in mechanisms:
            seen = [(row.values[0], row.interval) for row in rows
                    if row.mechanism == mechanism and row.interval is not None]
            axes.errorbar([value for value, _ in seen], [one.mean for _, one in seen],
                          [one.half_width for _, one in seen], fmt="o", ms=3, lw=1, alpha=0.7,
                          color=COLOURS[mechanism], label=LABELS[mechanism])
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        return
    steps = list(dict.fromkeys(row.values[0] for row in rows))
    numbers = [step for step in steps if isinstance(step, int | float)
               and not isinstance(step, bool)]
    places: Sequence[float] = numbers if len(numbers) == len(steps) else range(len(steps))
    others = list(dict.fromkeys(row.values[1:] for row in rows))[:MOST_LINES]
    for mechanism in mechanisms:
        for style, other in zip(STYLES, others, strict=False):
            found = {row.values[0]: row.interval for row in rows
                     if row.mechanism == mechanism and row.values[1:] == other}
            mean, low, high = (np.array([np.nan if (one := found[step]) is None
                                         else getattr(one, end) for step in steps])
                               for end in ("mean", "lower", "upper"))
            varied = [place for place in range(len(other))
                      if len({each[place] for each in others}) > 1]
            words = named(tuple(study.keys[1:][place] for place in varied),
                          tuple(other[place] for place in varied))
            axes.plot(places, mean, style, marker="o", ms=3, color=COLOURS[mechanism],
                      label=LABELS[mechanism] + (f", {words}" if words else ""))
            axes.fill_between(places, low, high, color=COLOURS[mechanism], alpha=0.2, lw=0)
    if places is not numbers:
        axes.set_xticks(list(places), [str(step) for step in steps])
    elif study.logarithmic and min(numbers) > 0:
        axes.set_xscale("log")
    elif numbers and max(numbers) >= 1e6:
        axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    means = [one.mean for row in rows if (one := row.interval) is not None]
    if means and min(means) > 0 and max(means) > LOGARITHMIC * min(means):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def _page(study: Study, rows: Sequence[Result], depends: Sequence[JsonObject], version: str,
          picture: str) -> str:
    """HTML with the picture in it, every figure, and what they follow from."""
    head = "".join(f"<th>{escape(word)}</th>" for word in
                   (*study.keys, "mechanism", "figure", "mean", "95 % interval", "seeds"))
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(_said(value))}</td>" for value in row.values)
        + f"<td>{LABELS[row.mechanism]}</td><td>{escape(row.figure)}</td>"
        + ("<td>-</td><td>-</td>" if (one := row.interval) is None else
           f"<td>{one.mean:.6g}</td><td>{one.lower:.6g} to {one.upper:.6g}</td>")
        + f"<td>{row.count}</td></tr>" for row in rows)
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
                    for name, value in provenance(study, version).items() if name != "points")
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{escape(study.title)}</title>
<style>
body {{ font: 15px/1.5 sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em }}
svg {{ width: 100%; height: auto }}
table {{ border-collapse: collapse; font-size: 13px }}
td, th {{ padding: 2px 10px; border-bottom: 1px solid #ddd; text-align: left }}
dt {{ float: left; clear: left; width: 9em; color: #666 }} dd {{ margin-left: 10em }}
</style>
<h1>{escape(study.title)}</h1>
{picture[picture.index("<svg"):]}
{f"<p>{escape(said)}</p>" if (said := answer(study, rows)) else ""}
<h2>What it follows from</h2>
<dl>{facts}</dl>
{_sensitivity(depends)}<h2>Every figure</h2>
<table><thead><tr>{head}</tr></thead><tbody>
{body}
</tbody></table>
</html>
"""


def _sensitivity(depends: Sequence[JsonObject]) -> str:
    """A table of what matters for what; nothing for a study of combinations."""
    if not depends:
        return ""
    body = "\n".join(
        f"<tr><td>{LABELS[one['mechanism']]}</td><td>{escape(one['figure'])}</td>"
        f"<td>{escape(one['key'])}</td><td>{one['measure']}</td><td>{one['value']:.3f}</td>"
        f"<td>{one['lower']:.3f} to {one['upper']:.3f}</td></tr>" for one in depends)
    return ("<h2>What it depends on</h2>\n<table><thead><tr><th>mechanism</th><th>figure</th>"
            "<th>key</th><th>measure</th><th>value</th><th>95 % interval</th></tr></thead><tbody>"
            f"\n{body}\n</tbody></table>\n")


def _said(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
