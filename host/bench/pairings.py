"""What a pairing, and a Groth16 check, cost on the wide processor: cycles by the model, which are
the gateware's."""

from collections.abc import Callable
from random import Random

from proofmill.firmware.pairing.programs import groth16_check, pairing
from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.curve import GENERATOR_G2, Group
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD_WIDE, wide
from proofmill.hdl.wide_shape import WideShape
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.groth16.plain import PlainKey, PlainProof
from proofmill.host.prover.groth16.plain_points import from_array
from proofmill.host.prover.groth16.wide_check import check
from proofmill.sim.pairing import R, program_pairing, program_value, program_words, times
from proofmill.sim.programs import kept_program
from proofmill.sim.wide_processor import run

SHAPES = {
    "26x34": STANDARD_WIDE,
    "17x26": wide(MultiplierShape(field=BN254_BASE, operand_bits=264, digit=17, limb=26)),
    "karatsuba": wide(KaratsubaShape(
        field=BN254_BASE, operand_bits=264, digit=17, limb=26, depth=2)),
    "folded": wide(FoldedShape(field=BN254_BASE, operand_bits=264, digit=18, limb=18,
                               interval=15, least_loop=4)),
}
"""Processors by what their multiplier is cut into: the simulation's; blocks of 27 x 18 bits; the
same by Karatsuba's formula, which takes the fewest; and one row of blocks of 18 x 18 bits, as small
boards have them, with a product every 15 cycles."""

BARS = {("pairing", "26x34", 1): 21_000, ("pairing", "17x26", 1): 24_500,
        ("pairing", "karatsuba", 1): 29_000, ("check", "26x34", 1): 25_500,
        ("check", "17x26", 1): 28_500, ("check", "karatsuba", 1): 32_000,
        ("pairing", "26x34", 2): 17_000, ("pairing", "17x26", 2): 17_000,
        ("check", "26x34", 2): 23_000, ("check", "17x26", 2): 23_000,
        ("pairing", "folded", 1): 230_000, ("check", "folded", 1): 310_000}
"""Cycles that are the most one may take, by how many there are at once."""


def _point(group: Group, number: int) -> tuple[int, ...]:
    """`number` times the generator, in plain coordinates."""
    return from_array(group, multiply(group, generator(group), number))[0]


def _pairing_is_right(shape: WideShape, at_once: int, random: Random) -> bool:
    """Whether pairings of two random points are the golden model's."""
    pairs = []
    for _ in range(at_once):
        x, y = _point(Group.G1, random.randrange(1, R))
        pairs.append(((x, y), times(GENERATOR_G2, random.randrange(1, R))))
    sent = run(pairing(shape, at_once), [
        word for pair in pairs for word in program_words(*pair)]).sent
    each = len(sent) // at_once
    return all(program_value(sent[n * each:(n + 1) * each]) == program_pairing(*pair)
               for n, pair in enumerate(pairs))


def _check_is_right(shape: WideShape, at_once: int, random: Random) -> bool:
    """Whether a proof of points with random logarithms is found right, and one with another C
    wrong: one after another, or at once."""
    a, b, alpha, beta, signals, gamma, delta = (random.randrange(1, R) for _ in range(7))
    c = (a * b - alpha * beta - signals * gamma) * pow(delta, -1, R)
    g1, g2 = Group.G1, Group.G2
    key = PlainKey(_point(g1, alpha), _point(g2, beta), _point(g2, gamma), _point(g2, delta),
                   (_point(g1, signals),), "random")
    proofs: list[tuple[list[int], PlainProof]] = [
        ([], PlainProof(_point(g1, a), _point(g2, b), _point(g1, number)))
        for number in (c, c + 1)]
    found = [right for n in range(0, len(proofs), at_once)
             for right in check("model", key, proofs[n:n + at_once], shape=shape).right]
    return found == [True, False]


PROGRAMS: dict[str, tuple[Callable[[WideShape, int], WideProgram],
                          Callable[[WideShape, int, Random], bool]]] = {
    "pairing": (pairing, _pairing_is_right), "check": (groth16_check, _check_is_right)}
"""What is computed: its program, and whether that gives what it should."""


def figures(what: str, name: str, at_once: int, seed: int) -> JsonObject:
    """Of program `what` for processor `name`, for so many `at_once`, tried on random points by the
    model; cycles are one's share."""
    make, is_right = PROGRAMS[what]
    shape = SHAPES[name]
    program = kept_program(make, shape, at_once)
    interval = shape.multiplier.interval
    return {"what": what, "multiplier": name, "at_once": at_once,
            "latency": shape.multiplier.latency, "interval": interval,
            "cycles": -(-program.cycles // at_once), "bar": BARS[what, name, at_once],
            "chain": program.chain, "products": program.products, "sums": program.sums,
            "multiplier_busy": interval * program.products / program.cycles,
            "adders_busy": shape.stride * program.sums / shape.adders / program.cycles,
            "registers": sum(program.depths), "deepest_bank": max(program.depths),
            "store_bits": program.bits,
            "checked": is_right(shape, at_once, Random(seed))}
