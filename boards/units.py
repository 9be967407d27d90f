"""What can be measured: the units of the design, and the parameters a record keeps of them.

A record's parameters make the unit again (`shape_of`), so that anyone can tell whether the
gateware that was measured is still what the sources make (`gateware_hash`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from amaranth.back import rtlil

from proofmill.firmware.library import finishing_program
from proofmill.hdl.curve import BN254, TOY_CURVE, Group
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.msm import Msm, MsmShape
from proofmill.hdl.point_adder import AdderShape, PointAdder

UNITS = {
    "multiplier": "one modular multiplier",
    "adder": "the complete point adder with its multipliers",
    "mailboxes": "the mailboxes, flags and residents",
    "msm": "all of a multi-scalar multiplication",
}

KINDS: dict[str, type[MultiplierShape]] = {
    shape.kind: shape for shape in (MultiplierShape, KaratsubaShape, FoldedShape)}
"""Multipliers, by what each kind is called."""

CURVES = {curve.name: curve for curve in (BN254, TOY_CURVE)}

MULTIPLIER = ("operand_bits", "digit", "limb", "carry_cycles", "depth", "least_loop")
"""Parameters of multipliers that a record keeps under their own names, where a kind has them."""


def multiplier_with(shape: MultiplierShape, *, kind: str | None = None,
                    interval: int | None = None, **changes: int | None) -> MultiplierShape:
    """`shape` with some parameters replaced, or of another kind with those that both have.

    Raises ValueError for a kind that is not there, or parameters that it lacks or misses.
    """
    kind = kind or shape.kind
    if kind not in KINDS:
        raise ValueError(f"there is no multiplier {kind!r}; the kinds are {', '.join(KINDS)}")
    wanted = {name: value for name, value in {**changes, "interval": interval}.items()
              if value is not None}
    if "digit" in wanted and "limb" not in wanted:
        wanted["limb"] = max(wanted["digit"], shape.limb)
    names = {field.name for field in fields(KINDS[kind])}
    if unknown := sorted(wanted.keys() - names):
        raise ValueError(f"a {kind} multiplier has no {unknown[0]}")
    # Another kind's own default of a parameter is the better one.
    kept = names if kind == shape.kind else {"field", "operand_bits", "digit", "limb"}
    held = {name: getattr(shape, name) for name in kept}
    for name, what in (("depth", "a depth: say how many levels"),
                       ("interval", "an interval: say how many cycles")):
        if name in names and name not in held | wanted:
            raise ValueError(f"a {kind} multiplier needs {what}")
    return KINDS[kind](**held | wanted)


def shape_with(shape: MsmShape, *, kind: str | None = None, multiplier_interval: int | None = None,
               digit: int | None = None, limb: int | None = None, depth: int | None = None,
               least_loop: int | None = None, mailbox_bits: int | None = None,
               groups: str | None = None, interval: int | None = None,
               interval_g2: int | None = None, multipliers: int | None = None) -> MsmShape:
    """`shape` with some parameters replaced; raises ValueError for those that do not fit.

    A multiplier that takes operands less often makes the groups' intervals as much longer.
    """
    adder = shape.adder
    multiplier = multiplier_with(adder.multiplier, kind=kind, interval=multiplier_interval,
                                 digit=digit, limb=limb, depth=depth, least_loop=least_loop)
    intervals = {group: cycles * multiplier.interval // adder.multiplier.interval
                 for group, cycles in adder.intervals}
    if groups == "g1":
        intervals.pop(Group.G2, None)
    if interval:
        intervals[Group.G1] = interval
    if interval_g2 and Group.G2 in intervals:
        intervals[Group.G2] = interval_g2
    adder = replace(adder, multiplier=multiplier, intervals=tuple(intervals.items()),
                    multipliers=multipliers or adder.multipliers)
    return replace(shape, adder=adder, mailbox_bits=mailbox_bits or shape.mailbox_bits)


def unit_of(name: str, shape: MsmShape) -> Any:
    """The component called `name` in `shape`."""
    match name:
        case "multiplier":
            return shape.adder.multiplier.build()
        case "adder":
            return PointAdder(shape.adder)
        case "mailboxes":
            return Mailboxes(shape.adder, shape.mailbox_bits)
        case "msm":
            return Msm(shape, finishing_program(shape))
    raise ValueError(f"there is no unit {name!r}; the units are {', '.join(UNITS)}")


def parameters_of(shape: MsmShape, unit: str = "msm") -> dict[str, Any]:
    """What is kept of `shape` in a record of one of its units: what the unit depends on."""
    adder, multiplier = shape.adder, shape.adder.multiplier
    words: dict[str, Any] = {"curve": adder.curve.name, "kind": multiplier.kind,
                             "multiplier_interval": multiplier.interval}
    words |= {name: getattr(multiplier, name) for name in MULTIPLIER if hasattr(multiplier, name)}
    if unit == "multiplier":
        return words
    words |= {"multipliers": adder.multipliers, "adders": adder.adders, "units": adder.units,
              "sum_latency": adder.sum_latency}
    for group, interval in adder.intervals:
        words[f"interval_{group.value}"] = interval
    if unit != "adder":
        words["mailbox_bits"] = shape.mailbox_bits
    if unit == "msm":
        words["finisher"] = shape.finisher
    return words


def shape_of(parameters: Mapping[str, Any]) -> MsmShape:
    """An accelerator with such parameters; raises ValueError where they make none."""
    try:
        curve, kind = CURVES[parameters["curve"]], KINDS[parameters["kind"]]
        held: dict[str, Any] = {name: parameters[name] for name in MULTIPLIER if name in parameters}
        if "interval" in {field.name for field in fields(kind)}:
            held["interval"] = parameters["multiplier_interval"]
        intervals = tuple((group, parameters[f"interval_{group.value}"]) for group in Group
                          if f"interval_{group.value}" in parameters)
        adder = AdderShape(
            curve=curve, multiplier=kind(field=curve.base, **held), intervals=intervals,
            multipliers=parameters.get("multipliers", 1), adders=parameters.get("adders", 1),
            units=parameters.get("units", 1), sum_latency=parameters.get("sum_latency", 2))
        return MsmShape(adder=adder, mailbox_bits=parameters.get("mailbox_bits", 1),
                        finisher=parameters.get("finisher", True))
    except (KeyError, TypeError) as error:
        raise ValueError(f"the parameters make no unit: {error}") from error


def netlist(component: Any) -> str:
    """A unit as text for Yosys: the same from the same sources, wherever they lie."""
    return str(rtlil.convert(component, name="unit", emit_src=False))


def gateware_hash(text: str) -> str:
    """A short name for a netlist."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def present_hash(unit: str, parameters: Mapping[str, Any]) -> str | None:
    """The hash of the unit that the sources make now; None where they make none like it."""
    try:
        return gateware_hash(netlist(unit_of(unit, shape_of(parameters))))
    except ValueError:
        return None
