"""What can be measured: the units of the design, and the parameters a record keeps of them.

A record's parameters make the unit again (`unit_from`), so that anyone can tell whether the
gateware that was measured is still what the sources make (`gateware_hash`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from amaranth.back import rtlil

from proofmill.firmware.library import finishing_program
from proofmill.hdl.batch_adder import BatchAdder
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.contracts import SYNTHESIS
from proofmill.hdl.curve import Group
from proofmill.hdl.description import KINDS, describe, shape_from
from proofmill.hdl.inverter import Inverter, InverterShape
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.msm import Msm, MsmShape
from proofmill.hdl.point_adder import AdderShape, PointAdder
from proofmill.hdl.presets import wide, with_checked_proofs, with_matrices, with_proofs
from proofmill.hdl.wide_processor import WideProcessor

UNITS = {
    "multiplier": "one modular multiplier",
    "inverter": "inversion of what the multiplier gives",
    "adder": "the complete point adder with its multipliers",
    "batch_adder": "affine points added in batches, with their multiplier",
    "wide_processor": "the processor of pairings with its multiplier, program and key",
    "mailboxes": "the mailboxes, flags and residents",
    "msm": "all of a multi-scalar multiplication",
}

def multiplier_with(shape: MultiplierShape, *, kind: str | None = None,
                    interval: int | None = None, **changes: int | None) -> MultiplierShape:
    """`shape` with some parameters replaced, or of another kind with those that both have.

    Raises ValueError for a kind that is not there, or parameters that it lacks or misses.
    """
    kind = shape.kind if kind is None else kind
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
    kept = names if kind == shape.kind else {"field", "second", "operand_bits", "digit", "limb"}
    held = {name: getattr(shape, name) for name in kept}
    for name, what in (("depth", "a depth: say how many levels"),
                       ("interval", "an interval: say how many cycles")):
        if name in names and name not in held | wanted:
            raise ValueError(f"a {kind} multiplier needs {what}")
    return KINDS[kind](**held | wanted)


def shape_with(shape: MsmShape, *, kind: str | None = None, multiplier_interval: int | None = None,
               digit: int | None = None, limb: int | None = None, depth: int | None = None,
               tables: int | None = None,
               least_loop: int | None = None, mailbox_bits: int | None = None,
               groups: str | None = None, interval: int | None = None,
               interval_g2: int | None = None, multipliers: int | None = None,
               matrices: bool = False, evaluation: bool = False, check: bool = False) -> MsmShape:
    """`shape` with some parameters replaced; raises ValueError for those that do not fit.

    `matrices` builds in what multiplies matrices, `evaluation` what proves by one command, `check`
    that and what checks proofs.
    A multiplier that takes operands less often makes the groups' intervals as much longer.
    """
    for name, value in (("interval", interval), ("interval_g2", interval_g2),
                        ("multipliers", multipliers), ("mailbox_bits", mailbox_bits)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be 1 or more, not {value}")
    adder = shape.adder
    multiplier = multiplier_with(adder.multiplier, kind=kind, interval=multiplier_interval,
                                 digit=digit, limb=limb, depth=depth, tables=tables,
                                 least_loop=least_loop)
    intervals = {group: cycles * multiplier.interval // adder.multiplier.interval
                 for group, cycles in adder.intervals}
    if groups == "g1":
        intervals.pop(Group.G2, None)
    if interval is not None:
        intervals[Group.G1] = interval
    if interval_g2 is not None and Group.G2 in intervals:
        intervals[Group.G2] = interval_g2
    adder = replace(adder, multiplier=multiplier, intervals=tuple(intervals.items()),
                    multipliers=adder.multipliers if multipliers is None else multipliers)
    changed = replace(shape, adder=adder, **({} if mailbox_bits is None else
                                             {"mailbox_bits": mailbox_bits}))
    if matrices:
        changed = with_matrices(changed)
    if check:
        return with_checked_proofs(changed)
    return with_proofs(changed) if evaluation else changed


def parameters_of(shape: MsmShape, unit: str = "msm") -> dict[str, Any]:
    """What is kept of `shape` in a record of one of its units: what the unit depends on."""
    match unit:
        case "multiplier" | "inverter" | "batch_adder" | "wide_processor":
            return describe(shape.adder.multiplier)
        case "adder":
            return describe(shape.adder)
        case "mailboxes":
            return {"adder": describe(shape.adder), "mailbox_bits": shape.mailbox_bits}
        case "msm":
            return describe(shape)
    raise ValueError(f"there is no unit {unit!r}; the units are {', '.join(UNITS)}")


def unit_from(unit: str, parameters: Mapping[str, Any]) -> Any:
    """The component of a record; raises ValueError where its parameters make none."""
    match unit:
        case "multiplier":
            return shape_from(MultiplierShape, parameters).build()
        case "inverter":
            return Inverter(InverterShape.of(shape_from(MultiplierShape, parameters)))
        case "batch_adder":
            return BatchAdder(BatchShape(multiplier=shape_from(MultiplierShape, parameters)))
        case "wide_processor":
            return WideProcessor(wide(shape_from(MultiplierShape, parameters)))
        case "adder":
            return PointAdder(shape_from(AdderShape, parameters))
        case "mailboxes":
            shape = shape_from(MsmShape, parameters)
            return Mailboxes(shape.adder, shape.mailbox_bits)
        case "msm":
            shape = shape_from(MsmShape, parameters)
            return Msm(shape, finishing_program(shape))
    raise ValueError(f"there is no unit {unit!r}; the units are {', '.join(UNITS)}")


def unit_of(name: str, shape: MsmShape) -> Any:
    """The component called `name` in `shape`."""
    return unit_from(name, parameters_of(shape, name))


def multiplier_in(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The multiplier's part of a record's parameters, whatever the unit."""
    while "kind" not in parameters:
        parameters = parameters["adder" if "adder" in parameters else "multiplier"]
    return parameters


def netlist(component: Any) -> str:
    """A unit as text for Yosys: the same from the same sources, wherever they lie."""
    return str(rtlil.convert(component, name="unit", platform=SYNTHESIS, emit_src=False))


def gateware_hash(text: str) -> str:
    """A short name for a netlist."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def present_hash(unit: str, parameters: Mapping[str, Any]) -> str | None:
    """The hash of the unit that the sources make now; None where they make none like it."""
    try:
        return gateware_hash(netlist(unit_from(unit, parameters)))
    except ValueError:
        return None
