"""DSP blocks times cycles for a point and window on BLS12-377, beside other accelerators.

    blocks * cycles of a sum / (points * windows)

Bucket sums are in the cycles. Blocks are those of AMD UltraScale+, counted by `hdl.cost`; cycles of
2^26 points are those of `hdl.plans.expected_cycles`, without copies of points, as no memory holds
them, and without the finish.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from proofmill.boards.rivals import WHOLE
from proofmill.boards.units import shape_with
from proofmill.hdl.cost import BLOCKS, machine
from proofmill.hdl.curve import BLS12_377, Group
from proofmill.hdl.edwards import edwards_trace
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.plans import BATCH_OWN, Machine, best_plan, expected_cycles, uniform
from proofmill.hdl.presets import STANDARD, of_curve, with_batches
from proofmill.host.bench.control import simulated_cycles
from proofmill.host.bench.known import known_on
from proofmill.host.bench.msm import measure
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.devices.catalogue import open_device

BLOCK = BLOCKS["26x17"]
"""The multiplier block that is counted, of AMD UltraScale+."""

MAILBOX_BITS = 16
"""Of the mailboxes: a VU9P's memory holds four times as many."""

POWER = 26
"""2^26 points: the ZPrize's sum."""

BAR, GOAL = 2_600, 1_900
"""Blocks times cycles for a point and window that are wanted at the most, and hoped for."""

BETWEEN = BATCH_OWN[1] - 15
"""Slots of a batch beside those of its products: the standard multiplier's batches have 15 products
besides those of their additions, a multiplier of more stages more."""

TABLES = (None, 13, 22)
"""Steps of the multiplier's division in tables: none, enough for the goal, all but the last."""


@dataclass(frozen=True)
class Way:
    """A way to add points.

    Parameters
    ----------
    name : what it is.
    products : of an addition; where sums are made in batches, of a pair of two points.
    machine : what its cycles depend on.
    dsp : blocks of its one multiplier.
    shape : its accelerator; None where there is no gateware.
    """

    name: str
    products: float
    machine: Machine
    dsp: int
    shape: MsmShape | None


def accelerator(tables: int | None) -> MsmShape:
    """With one multiplier by Karatsuba's formula, cut for `BLOCK`."""
    shape: MsmShape = shape_with(
        of_curve(BLS12_377, STANDARD), kind="karatsuba", digit=17, limb=26, depth=3,
        tables=tables, mailbox_bits=MAILBOX_BITS)
    return shape


def ways() -> list[Way]:
    """Those with gateware, and the twisted Edwards form's two formulas by their products alone."""
    plain = accelerator(None)
    multiplier = plain.adder.multiplier
    dsp, there = BLOCK.total(multiplier.multiplications), machine(plain, Group.G1)
    found = [Way("complete formula", plain.adder.interval[Group.G1], there, dsp, plain)]
    for mixed, name in ((False, "of any two sums"), (True, "of a sum and a point from memory")):
        graph, _ = edwards_trace(multiplier, mixed=mixed)
        products = len(graph.products)
        found.append(Way(f"twisted Edwards form, {name}, at the least", products,
                         replace(there, interval=products), dsp, None))
    for tables in TABLES:
        shape = with_batches(accelerator(tables))
        own = replace(machine(shape, Group.G1),
                      batch_own=shape.batches[Group.G1].products + BETWEEN)
        name = f"in batches of {shape.batch}"
        if tables is not None:
            name += f", {tables} steps of the division in tables"
        found.append(Way(name, round(own.batch_interval, 2), own,
                         BLOCK.total(shape.adder.multiplier.multiplications), shape))
    return found


def figures(way: Way, power: int = POWER) -> JsonObject:
    """What a sum of 2 ** `power` points with uniform scalars takes by the model."""
    points = 1 << power
    reach = uniform(way.machine.order, points)
    plan = best_plan(way.machine, reach)
    cycles = expected_cycles(way.machine, plan, reach)
    return {"name": way.name, "gateware": way.shape is not None, "products": way.products,
            "dsp": way.dsp, "power": power, "window": plan.window, "windows": plan.digits,
            "cycles_a_point": cycles / points,
            "cycles_a_point_window": cycles / points / plan.digits,
            "dsp_cycles": way.dsp * cycles / points / plan.digits}


def check(way: Way, power: int, building: Callable[[str, int, int], None],
          tell: Callable[[int, int], None]) -> JsonObject:
    """The exact cycles of 2 ** `power` points, from the accelerator's control, beside the model's.

    Of a shape with fewer mailboxes, which holds what so few points fill.
    """
    points, shape = 1 << power, _small(way)
    small = replace(way.machine, mailbox_bits=shape.mailbox_bits)
    reach = uniform(small.order, points)
    plan = best_plan(small, reach)
    exact = simulated_cycles(shape, plan, points, building, tell)
    return {"name": way.name, "power": power, "window": plan.window, "windows": plan.digits,
            "cycles": exact, "model_cycles": round(expected_cycles(small, plan, reach)),
            "cycles_a_point_window": exact / points / plan.digits,
            "dsp_cycles": way.dsp * exact / points / plan.digits}


def _small(way: Way) -> MsmShape:
    """Its accelerator with as many mailboxes as the standard one has."""
    assert way.shape is not None
    return replace(way.shape, mailbox_bits=STANDARD.mailbox_bits)


def on_rtl(way: Way, power: int, building: Callable[[str, int, int], None],
           tell: Callable[[int, int], None]) -> JsonObject:
    """2 ** `power` points with uniform scalars on the gateware itself, cycle by cycle, beside its
    control alone.

    Raises `ProofmillError` where the sum is wrong, or takes the control other cycles.
    """
    shape, known, found = _small(way), known_on(BLS12_377.name), dict[str, JsonObject]()
    for name in ("model", "rtl"):
        with closing(open_device(name, lanes=1, shape=shape, copies=1, groups=(Group.G1,),
                                 progress=building, arithmetic=known.arithmetic)) as device:
            found[name] = measure(device, Group.G1, 1 << power, "uniform", progress=tell,
                                  known=known)
    cycles = [each["cycles"] for each in found.values()]
    if cycles[0] != cycles[1]:
        raise ProofmillError(f"{way.name}: 2^{power} points take the gateware {cycles[1]:,} "
                             f"cycles, and its control {cycles[0]:,}; please report it")
    return {"name": way.name, "power": power, **{
        key: found["rtl"][key] for key in ("window", "cycles", "additions")},
        "control_cycles": cycles[0]}


def others() -> list[JsonObject]:
    """The rivals' figures."""
    return [{"name": whole.name, "dsp": whole.dsp, "windows": whole.windows,
             "cycles_a_point": whole.cycles,
             "cycles_a_point_window": whole.cycles / whole.windows, "sums": whole.sums,
             "dsp_cycles": whole.dsp * whole.cycles / whole.windows, "source": whole.source}
            for whole in WHOLE]


def table(own: list[JsonObject], rivals: list[JsonObject]) -> str:
    """Both as Markdown."""
    lines = [("| sums on BLS12-377, 2^26 points | products | DSP | windows | cycles a point | "
              "cycles a point and window | DSP × cycles a point and window |"),
             "|---|---:|---:|---:|---:|---:|---:|"]
    rows = [(each["name"] + ("" if each["gateware"] else "; no gateware"), each["products"], each)
            for each in own]
    rows += [(f"{each['name']}, as published"
              + ("" if each["sums"] else "; bucket sums on the host, not counted"), 7, each)
             for each in rivals]
    lines += [f"| {name} | {products:g} | {each['dsp']:,} | {each['windows']} | "
              f"{each['cycles_a_point']:.2f} | {each['cycles_a_point_window']:.3f} | "
              f"{each['dsp_cycles']:,.0f} |" for name, products, each in rows]
    return "\n".join(lines)
