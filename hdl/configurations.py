"""Every way to spend a device's blocks on an accelerator, and which ways nothing else beats."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from proofmill.hdl.cost import (
    Block,
    latency,
    machine,
    mailbox_memory_bits,
    multiplier_blocks,
    register_bits,
)
from proofmill.hdl.curve import PRODUCTS, Curve, Group
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.plans import MOST_COPIES, Machine, best_plan, expected_cycles, strides, uniform
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.windows import WindowPlan


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a device has: multiplier blocks of a kind, and memory in blocks, in kbit of 1,024."""

    title: str
    block: str
    dsp: int
    memory_kbit: int


DEVICES = {
    "ecp5-25f": Device(title="Lattice ECP5-25F", block="18x18", dsp=28, memory_kbit=1008),
    "ecp5-45f": Device(title="Lattice ECP5-45F", block="18x18", dsp=72, memory_kbit=1944),
    "ecp5-85f": Device(title="Lattice ECP5-85F", block="18x18", dsp=156, memory_kbit=3744),
    "gw5ast-138": Device(title="Gowin GW5AST-138", block="26x17", dsp=298, memory_kbit=6120),
    "lifcl-40": Device(title="Lattice Nexus LIFCL-40", block="18x18", dsp=56, memory_kbit=1512),
    "xc7a100t": Device(title="AMD Artix-7 100T", block="24x17", dsp=240, memory_kbit=4860),
    "xc7a200t": Device(title="AMD Artix-7 200T", block="24x17", dsp=740, memory_kbit=13140),
    "xc7k325t": Device(title="AMD Kintex-7 325T", block="24x17", dsp=840, memory_kbit=16020),
    "xcvu9p": Device(title="AMD Virtex UltraScale+ VU9P", block="26x17", dsp=6840,
                     memory_kbit=354240),
}
"""Multiplier blocks and block memory.

Lattice ECP5: MULT18X18D and DP16KD (18 kbit) as nextpnr-ecp5 0.11 counts them in its chip databases
(Project Trellis): 28 and 56, 72 and 108, 156 and 208; Nexus: MULT18X18 and memories of 18 kbit as
nextpnr-nexus 0.11 counts them (Project Oxide), 56 and 84. Gowin: MULTALU27X18 and BSRAM of 18 kbit
as nextpnr-himbaechel-gowin 0.11 counts them (Project Apicula), 298 and 340. AMD: DSP slices, RAMB36
of 36 kbit and, of the VU9P, UltraRAM of 288 kbit: 240 and 135 (Digilent's Nexys A7-100T), 740 and
365, 840 and 445 (its Genesys 2 has the part), 6,840, 2,160 and 960 (AMD's VCU118). These are as
boards' pages and utilisation reports in public repositories repeat them; they were not compared
with AMD's own data sheets. Blocks are whole memories: how well 256-bit coordinates fill their
widths is not counted here."""

SUMS = {Group.G1: 16, Group.G2: 79}
"""Sums in the addition formula of each group."""

OPERAND_BITS = 264
"""Wide enough for what both groups' formulas add up before they multiply."""

LEAST_MAILBOX_BITS = 8
"""Fewer mailboxes than 256 save no block memory, and take many passes."""

TILES = {"18x18": (18, 18), "17x17": (17, 17), "24x17": (17, 24), "26x17": (17, 26)}
"""Digit and limb that fill a block of each kind."""


@dataclass(frozen=True)
class Configuration:
    """An accelerator and its figures.

    `memory_bits` are the mailboxes', `register_bits` the adder's banks', `latency` a G1 sum's in
    cycles, `cycles` those of one multi-scalar multiplication.
    """

    shape: MsmShape
    plan: WindowPlan
    points: int
    dsp: int
    memory_bits: int
    register_bits: int
    latency: int
    cycles: float

    @property
    def multiplier(self) -> MultiplierShape:
        return self.shape.adder.multiplier

    @property
    def interval(self) -> int:
        """Cycles from one G1 addition to the next."""
        return self.shape.adder.interval[Group.G1]

    @property
    def additions_per_cycle(self) -> float:
        """Complete G1 additions a cycle; a million times it, additions a second per MHz."""
        return 1 / self.interval


def multipliers(curve: Curve, digit: int, limb: int) -> Iterator[MultiplierShape]:
    """Every kind of multiplier with such digits and limbs."""
    base = {"field": curve.base, "digit": digit, "limb": limb,
            "operand_bits": OPERAND_BITS - 254 + curve.base.bits}
    yield MultiplierShape(**base)
    for depth in (1, 2):
        yield KaratsubaShape(**base, depth=depth)
    seen = set()
    for interval in range(2, MultiplierShape(**base).steps + 1):
        shape = FoldedShape(**base, interval=interval)
        if shape.rows not in seen:  # the same rows at a longer interval are worth nothing
            seen.add(shape.rows)
            yield shape


def groups_of(curve: Curve) -> tuple[Group, ...]:
    """The groups of a curve that accelerators compute in: those that it has an equation of."""
    return tuple(group for group in Group if group in curve.b)


def intervals(multiplier: MultiplierShape, count: int, groups: tuple[Group, ...]
              ) -> tuple[tuple[Group, int], ...]:
    """The shortest intervals at which `count` multipliers do each group's formula."""
    every = multiplier.interval
    return tuple((group, -(-PRODUCTS[group] // count) * every) for group in groups)


def units(found: tuple[tuple[Group, int], ...]) -> int:
    """Mailbox units that feed an adder in turn: so many that the frame of each has four service
    slots, for a sum, a fetch and two operands."""
    return max(1, *(-(-4 * 3 * group.degree // interval) for group, interval in found))


def adders(found: tuple[tuple[Group, int], ...]) -> int:
    """Adders that leave every group's schedule some room: a quarter more than its sums take."""
    return max(-(-SUMS[group] * 5 // (4 * interval)) for group, interval in found)


def refusal(shape: AdderShape) -> str | None:
    """Why such an adder cannot be scheduled, or no mailboxes can feed it; or None."""
    boxes = Mailboxes.__new__(Mailboxes)
    boxes._MustUse__silence = True  # it is asked, and never built
    try:
        shape.schedules  # noqa: B018
        boxes.__init__(shape, 10, datapath=False)
    except ValueError as error:
        return str(error)
    return None


def adder_shapes(curve: Curve, block: Block, dsp: int) -> Iterator[AdderShape]:
    """Every adder with at most `dsp` blocks; where more multipliers help nothing, the fewest."""
    for multiplier in multipliers(curve, *TILES[block.name]):
        each = block.total(multiplier.multiplications)
        seen = set()
        for count in range(1, min(dsp // each, PRODUCTS[Group.G1]) + 1):
            found = intervals(multiplier, count, groups_of(curve))
            if found[0] not in seen:
                seen.add(found[0])
                yield AdderShape(curve=curve, multiplier=multiplier, multipliers=count,
                                 adders=adders(found), units=units(found), intervals=found)


def configurations(curve: Curve, block: Block, dsp: int, memory_bits: int, points: int,
                   refused: list[str] | None = None,
                   most_copies: int = MOST_COPIES) -> Iterator[Configuration]:
    """Every accelerator that fits `dsp` blocks and `memory_bits`, at its best windows and copies.

    The memory beside it gives a word a cycle and holds all copies, at most `most_copies` of a
    point. More mailboxes that save less than a hundredth of the cycles are left out. Sentences
    about adders that cannot be built are added to `refused`.
    """
    reach = uniform(curve.scalar.modulus, points)

    @cache
    def plan_for(machine: Machine) -> WindowPlan | None:
        try:
            return best_plan(machine, reach, strides(machine, most_copies))
        except ValueError:
            return None  # too few mailboxes for any window

    for adder in adder_shapes(curve, block, dsp):
        sentence = refusal(adder)
        if sentence is not None:
            if refused is not None:
                refused.append(f"{in_brief(adder)}: {sentence}")
            continue
        fewest = float("inf")
        for bits in range(LEAST_MAILBOX_BITS, 33):
            shape = MsmShape(adder=adder, mailbox_bits=bits)
            if mailbox_memory_bits(shape) > memory_bits:
                break
            plan = plan_for(on := machine(shape, Group.G1))
            if plan is None:
                continue
            cycles = expected_cycles(on, plan, reach)
            if cycles > 0.99 * fewest:
                continue
            fewest = cycles
            yield Configuration(
                shape=shape, plan=plan, points=points, dsp=multiplier_blocks(adder, block),
                memory_bits=mailbox_memory_bits(shape), register_bits=register_bits(adder),
                latency=latency(adder, Group.G1), cycles=cycles)


def least(curve: Curve, block: Block) -> tuple[int, int]:
    """(blocks, memory in bits) of the smallest accelerators there are."""
    dsp = min(block.total(multiplier.multiplications)
              for multiplier in multipliers(curve, *TILES[block.name]))
    adder = next(adder_shapes(curve, block, 1 << 30))
    return dsp, mailbox_memory_bits(MsmShape(adder=adder, mailbox_bits=LEAST_MAILBOX_BITS))


def in_brief(adder: AdderShape) -> str:
    """An adder in a few words, which do not tell it from every other: "3 x folded/5 18x18"."""
    multiplier = adder.multiplier
    kind = multiplier.kind
    if multiplier.interval > 1:
        kind += f"/{multiplier.interval}"
    if isinstance(multiplier, KaratsubaShape):
        kind += f"^{multiplier.depth}"
    return f"{adder.multipliers} x {kind} {multiplier.digit}x{multiplier.limb}"


def front(found: Iterable[Configuration]) -> list[Configuration]:
    """Those that no other beats in blocks, memory and cycles at once; the fastest first."""
    kept: list[Configuration] = []
    for one in sorted(found, key=lambda c: (c.cycles, c.dsp, c.memory_bits, c.register_bits)):
        if not any(other.dsp <= one.dsp and other.memory_bits <= one.memory_bits
                   for other in kept):
            kept.append(one)
    return kept
