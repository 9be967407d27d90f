"""What a pairing, and a Groth16 check, cost on the wide processor: cycles by the model, which are
the gateware's."""

from collections.abc import Callable
from random import Random

from proofmill.firmware.pairing.programs import groth16_check, pairing
from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.curve import GENERATOR_G2, Group
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD_WIDE
from proofmill.hdl.wide_shape import WideShape
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.groth16.plain import PlainKey, PlainProof
from proofmill.host.prover.groth16.plain_points import from_array
from proofmill.host.prover.groth16.wide_check import check
from proofmill.sim.pairing import R, program_pairing, program_value, program_words, times
from proofmill.sim.wide_processor import run

SHAPES = {
    "26x34": STANDARD_WIDE,
    "17x26": WideShape(multiplier=MultiplierShape(
        field=BN254_BASE, operand_bits=264, digit=17, limb=26)),
    "karatsuba": WideShape(multiplier=KaratsubaShape(
        field=BN254_BASE, operand_bits=264, digit=17, limb=26, depth=2)),
}
"""Processors by what their multiplier is cut into: the simulation's; blocks of 27 x 18 bits; the
same by Karatsuba's formula, which takes the fewest."""

BARS = {("pairing", "26x34"): 21_000, ("pairing", "17x26"): 24_500,
        ("pairing", "karatsuba"): 29_000, ("check", "26x34"): 25_500,
        ("check", "17x26"): 28_500, ("check", "karatsuba"): 32_000}
"""Cycles that are the most one may take."""


def _point(group: Group, number: int) -> tuple[int, ...]:
    """`number` times the generator, in plain coordinates."""
    return from_array(group, multiply(group, generator(group), number))[0]


def _pairing_is_right(shape: WideShape, random: Random) -> bool:
    """Whether the pairing of two random points is the golden model's."""
    x, y = _point(Group.G1, random.randrange(1, R))
    q = times(GENERATOR_G2, random.randrange(1, R))
    found = run(pairing(shape), program_words((x, y), q))
    return program_value(found.sent) == program_pairing((x, y), q)


def _check_is_right(shape: WideShape, random: Random) -> bool:
    """Whether a proof of points with random logarithms is found right, and one with another C
    wrong."""
    a, b, alpha, beta, signals, gamma, delta = (random.randrange(1, R) for _ in range(7))
    c = (a * b - alpha * beta - signals * gamma) * pow(delta, -1, R)
    g1, g2 = Group.G1, Group.G2
    key = PlainKey(_point(g1, alpha), _point(g2, beta), _point(g2, gamma), _point(g2, delta),
                   (_point(g1, signals),), "random")
    right, wrong = (check("model", key, [], PlainProof(
        _point(g1, a), _point(g2, b), _point(g1, number)), shape=shape).right
        for number in (c, c + 1))
    return right and not wrong


PROGRAMS: dict[str, tuple[Callable[[WideShape], WideProgram],
                          Callable[[WideShape, Random], bool]]] = {
    "pairing": (pairing, _pairing_is_right), "check": (groth16_check, _check_is_right)}
"""What is computed: its program, and whether that gives what it should."""


def figures(what: str, name: str, seed: int) -> JsonObject:
    """Of program `what` for processor `name`, tried on random points by the model."""
    make, is_right = PROGRAMS[what]
    shape = SHAPES[name]
    program = make(shape)
    return {"what": what, "multiplier": name, "latency": shape.multiplier.latency,
            "cycles": program.cycles, "bar": BARS[what, name], "chain": program.chain,
            "products": program.products, "sums": program.sums,
            "multiplier_busy": program.products / program.cycles,
            "adders_busy": program.sums / shape.adders / program.cycles,
            "registers": sum(program.depths), "store_bits": program.bits,
            "checked": is_right(shape, Random(seed))}
