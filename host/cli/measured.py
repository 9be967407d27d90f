"""The records of ``proofmill measure``: the file they are kept in, the table, and each record's
own command."""

import json
from collections.abc import Callable
from pathlib import Path

import platformdirs

from proofmill.host.cli.measure_options import TARGETS, UNITS, command_of
from proofmill.host.ground.cache import only_one
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject

KEYS = {"unit", "target", "parameters", "resources", "interval", "latency", "megahertz",
        "constraint", "estimate", "seed", "placer", "rip_up", "critical", "gateware", "seconds",
        "tools"}
"""What a record has."""

PLACED = ("megahertz", "constraint", "seed", "placer", "rip_up", "critical")
"""What comes of placing."""

PRODUCTS_G1 = 12
"""Products of the complete addition in G1."""

PAGE = "proofmill measure --table"
"""What the table is called in a page: see `host.cli.pages`."""


def data_file() -> Path:
    """The measurements that come with the project: boards/measurements.json."""
    from proofmill import boards

    return Path(boards.__path__[0]) / "measurements.json"


def own_file() -> Path:
    """The user's own measurements, in the platform's folder for data."""
    return platformdirs.user_data_path("proofmill") / "measurements.json"


def read_measurements(path: Path) -> list[JsonObject]:
    """The records of the data file; raises `ProofmillError` where it is damaged."""
    if not path.exists():
        return []
    try:
        records = json.loads(path.read_text())
        if not isinstance(records, list) or not all(KEYS <= r.keys() for r in records):
            raise ValueError("it is no list of records")
    except ValueError as error:
        raise ProofmillError(f"{path}: {error}; restore the file, or choose another with --record"
                             ) from error
    return records


def same_subject(left: JsonObject, right: JsonObject) -> bool:
    """Whether two records are of the same unit, target and parameters."""
    return all(left[key] == right[key] for key in ("unit", "target", "parameters"))


def keep_record(path: Path, record: JsonObject) -> None:
    """Put a record into the data file, in place of an older one of the same subject.

    A clock rate that was placed before stays where this record has none and is of the same
    gateware.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with only_one("measurements"):  # two that end at once are both kept
        _put(path, record, read_measurements(path))


def _put(path: Path, record: JsonObject, records: list[JsonObject]) -> None:
    from proofmill.host.ground.output import write_atomically

    for old in records:
        if (same_subject(old, record) and record["megahertz"] is None
                and old["megahertz"] is not None and old["gateware"] == record["gateware"]):
            record |= {key: old[key] for key in PLACED}
            record["tools"] = old["tools"] | record["tools"]
    records = [old for old in records if not same_subject(old, record)] + [record]
    records.sort(key=lambda r: (UNITS.index(r["unit"]), TARGETS.index(r["target"]),
                                json.dumps(r["parameters"], sort_keys=True)))
    lines = ",\n".join("  " + json.dumps(r, sort_keys=True) for r in records)
    write_atomically(path, [f"[\n{lines}\n]\n".encode()])


def described(record: JsonObject) -> str:
    """The parameters of a record in words."""
    from proofmill.boards.units import multiplier_in

    parameters = record["parameters"]
    multiplier, adder = multiplier_in(parameters), parameters.get("adder", parameters)
    kind, interval = multiplier["kind"], multiplier.get("interval", 1)
    what = [adder.get("curve", multiplier["field"]), kind + (f"/{interval}" if interval > 1 else "")
            + f" {multiplier['digit']} × {multiplier['limb']} bits"]
    if "depth" in multiplier:
        what.append(f"depth {multiplier['depth']}")
    if "tables" in multiplier:
        what.append(f"{multiplier['tables']} steps in tables")
    if multiplier.get("least_loop", 2) > 2:
        what.append(f"{multiplier['least_loop']} cycles a step")
    if adder.get("multipliers", 1) > 1:
        what.append(f"{adder['multipliers']} multipliers")
    if len(groups := adder.get("intervals", [])) == 1:
        what.append(f"{groups[0][0].upper()} alone")
    if "mailbox_bits" in parameters:
        what.append(f"2^{parameters['mailbox_bits']} mailboxes")
    return ", ".join(what)


def addition_cost(record: JsonObject) -> int | None:
    """DSP blocks times cycles of a complete G1 addition, of a multiplier's or an adder's record."""
    if record["unit"] in ("mailboxes", "inverter") or record["interval"] is None:
        return None
    products = PRODUCTS_G1 if record["unit"] == "multiplier" else 1
    return int(products * record["interval"] * record["resources"]["dsp"])


def on_bn254(record: JsonObject) -> bool:
    """Whether it computes in the field of BN254's coordinates."""
    from proofmill.boards.units import multiplier_in
    from proofmill.hdl.field import BN254_BASE

    return bool(multiplier_in(record["parameters"])["field"] == BN254_BASE.name)


def is_stale(record: JsonObject) -> bool:
    """Whether the sources here make another netlist than the one that was measured."""
    from proofmill.boards.units import present_hash

    return bool(present_hash(record["unit"], record["parameters"]) != record["gateware"])


def table(records: list[JsonObject], stale: Callable[[JsonObject], bool] = is_stale) -> str:
    """The records as Markdown, those that are stale marked, and what rivals state beside them."""
    from proofmill.boards.rivals import RIVALS

    rows = [("| unit | parameters | device | interval | DSP | LUT | FF | block RAM "
             "| DSP × cycles per G1 addition | MHz placed | command |"),
            "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---|"]
    marked, best = False, None
    for r in records:
        used, mark = r["resources"], "†" if stale(r) else ""
        marked = marked or bool(mark)
        rate = "–" if r["estimate"] is None else f"about {r['estimate']:.0f}, not placed"
        if r["megahertz"] is not None:
            rate = f"{r['megahertz']:.1f} (of {r['constraint']:g})"
        interval = "–" if r["interval"] is None else r["interval"]
        cost = addition_cost(r)
        if r["unit"] == "multiplier" and r["target"] == "xcup" and on_bn254(r):
            best = min(best or r, r, key=lambda one: addition_cost(one) or 0)
        rows.append(f"| {r['unit']}{mark} | {described(r)} | {r['target']} | {interval} | "
                    f"{used['dsp']:,} | {used['lut']:,} | {used['ff']:,} | {used['bram']:g} | "
                    f"{'–' if cost is None else format(cost, ',')} | {rate} | `{command_of(r)}` |")
    rows.append("")
    if marked:
        rows += ["† The sources make another netlist now than the one that was measured.", ""]
    rows += ["| adder | curve | products | DSP | cycles per addition | DSP × cycles | source |",
             "|---|---|---:|---:|---:|---:|---|"]
    if best is not None:
        rows.append(f"| this one, {best['target']} | BN254, 254 bits | {PRODUCTS_G1}, complete | "
                    f"{PRODUCTS_G1 * best['resources']['dsp']:,} | {best['interval']} | "
                    f"{addition_cost(best):,} | {PRODUCTS_G1} of `{command_of(best)}` |")
    for rival in RIVALS:
        complete = ", complete" if rival.complete else ""
        rows.append(f"| {rival.name}: {rival.remark} | {rival.curve}, {rival.bits} bits | "
                    f"{rival.products or '–'}{complete} | {rival.dsp:,} | {rival.cycles:,.3g} | "
                    f"{rival.cost:,.0f} | {rival.source} |")
    return "\n".join(rows)
