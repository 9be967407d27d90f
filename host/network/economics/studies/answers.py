"""The sentence that answers a study's question, with its figures and their intervals.

A study's `answer` has places as ``{staged proven_rate at 0.25 as percent}``: mechanism, figure, the
varied keys' values in their order, and how to write it (left out: three digits). Each becomes
``MEAN (LOWER to UPPER)``.
"""

import re
from collections.abc import Callable, Sequence

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.intervals import Interval
from proofmill.host.network.economics.studies.results import Result
from proofmill.host.network.economics.studies.study import Study

PLACE = re.compile(r"\{(\w+) (\w+) at ([^{}]*?)(?: as (\w+))?\}")
WAYS: dict[str, Callable[[float], str]] = {
    "number": lambda value: f"{value:,.3g}" if abs(value) < 1_000 else f"{value:,.0f}",
    "percent": lambda value: f"{100 * value:.1f} %",
    "kilojoules": lambda value: f"{value / 1e3:,.1f} kJ",
    "ether": lambda value: f"{value / 1e9:,.0f} ETH",
    "seconds": lambda value: f"{value:.2f} s"}


def answer(study: Study, rows: Sequence[Result]) -> str:
    """The sentence; empty where the study has none. ProofmillError for a place that is not one of
    its points, mechanisms and figures."""
    found = {(row.mechanism, row.figure, ", ".join(map(str, row.values))): row.interval
             for row in rows}

    def filled(place: re.Match[str]) -> str:
        mechanism, figure, values, way = place.groups()
        key, way = (mechanism, figure, values), way or "number"
        if key not in found or way not in WAYS:
            raise ProofmillError(
                f"answer: {place[0]}: the study has no such figure at these values, or there is no "
                f"such way to write it; a point is {', '.join(map(str, study.points[0].values))}, "
                f"ways are {', '.join(WAYS)}")
        return _said(found[key], WAYS[way])

    return PLACE.sub(filled, study.answer)


def _said(one: Interval | None, way: Callable[[float], str]) -> str:
    if one is None:
        return "-"
    ends = way(one.lower), way(one.upper)
    return way(one.mean) if ends[0] == ends[1] else f"{way(one.mean)} ({ends[0]} to {ends[1]})"
