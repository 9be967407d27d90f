"""A run as tables: a row a prover, a row a slot, a row a figure."""

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.output import write_atomically
from proofmill.host.network.economics.costs import energy_gwei
from proofmill.host.network.economics.simulate import Run
from proofmill.host.network.economics.table import Table


def prover_rows(run: Run) -> list[JsonObject]:
    """A row for each prover: what it is, and what it did and earned under every mechanism."""
    rows = []
    kinds = run.scenario.each()
    stake = sum(kind.stake_gwei + kind.delegated_gwei for kind in kinds)
    tallies = {name: world.tallies for name, world in run.worlds.items()}
    totals = {name: sum(max(0, tally.gwei) for tally in tallies[name]) for name in tallies}
    for identity, kind in enumerate(kinds):
        row: JsonObject = {
            "prover": identity, "name": kind.name, "strategy": kind.strategy,
            "seconds": kind.seconds, "stake_gwei": kind.stake_gwei + kind.delegated_gwei,
            "stake_share": round((kind.stake_gwei + kind.delegated_gwei) / stake, 6)}
        for name in run.worlds:
            tally, total = tallies[name][identity], totals[name]
            cost = energy_gwei(run.scenario.network, tally.joules)
            row |= {
                f"{name}_wins": tally.wins,
                f"{name}_income_gwei": tally.gwei,
                f"{name}_income_share": round(max(0, tally.gwei) / total, 6) if total else 0.0,
                f"{name}_penalties_gwei": tally.penalties_gwei,
                f"{name}_energy_gwei": round(cost),
                f"{name}_profit_gwei": round(tally.gwei - cost - tally.machines_gwei),
                f"{name}_machines": tally.machines, f"{name}_bond_gwei": tally.bond_gwei}
        rows.append(row)
    return rows


def slot_rows(run: Run) -> list[JsonObject]:
    """A row for each slot and mechanism, in the order of the slots; empty where unproven."""
    rows = [{"mechanism": name, **vars(outcome)}
            for name, world in run.worlds.items() for outcome in world.outcomes]
    return sorted(rows, key=lambda row: (row["slot"], row["mechanism"]))


def figure_rows(run: Run) -> list[JsonObject]:
    """A row for each figure, all mechanisms side by side."""
    found = {name: flat(figures) for name, figures in run.figures.items()}
    return [{"figure": key, **{name: of[key] for name, of in found.items()}}
            for key in next(iter(found.values()))]


def flat(record: Any) -> JsonObject:
    """A dataclass as a dictionary with tuples spelled out, numbered from 1; None for no value."""
    found: JsonObject = {}
    for name, value in dataclasses.asdict(record).items():
        if isinstance(value, tuple):
            found |= {f"{name}_{place}": part for place, part in enumerate(value, 1)}
        else:
            found[name] = None if value != value else value
    return found


def tables(run: Run) -> dict[str, Table]:
    """All of a run: `provers`, `slots`, `figures`."""
    return {"provers": Table(tuple(prover_rows(run))), "slots": Table(tuple(slot_rows(run))),
            "figures": Table(tuple(figure_rows(run)))}


def write_tables(run: Run, folder: Path) -> list[Path]:
    """Write provers.csv, slots.csv and figures.csv; returns their paths."""
    return [write_csv(folder / f"{name}.csv", table.rows) for name, table in tables(run).items()]


def write_csv(path: Path, rows: Sequence[JsonObject]) -> Path:
    """Write rows of the same columns, whose names are the first line; returns the path."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, [text.getvalue().encode()])
    return path
