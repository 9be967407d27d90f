"""What a pairing costs on the wide processor: cycles by the model, which are the gateware's."""

from random import Random

from proofmill.firmware.pairing.programs import pairing
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD_WIDE
from proofmill.hdl.wide_shape import WideShape
from proofmill.host.ground.json_text import JsonObject
from proofmill.sim.pairing import (
    GENERATOR_G1,
    GENERATOR_G2,
    R,
    program_pairing,
    program_value,
    program_words,
    times,
)
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

BARS = {"26x34": 21_000, "17x26": 24_500, "karatsuba": 29_000}
"""Cycles of one pairing that are the most it may take."""


def figures(name: str, seed: int) -> JsonObject:
    """A pairing of two random points by the model of processor `name`, held to the golden model."""
    shape, random = SHAPES[name], Random(seed)
    program = pairing(shape)
    p, q = GENERATOR_G1, times(GENERATOR_G2, random.randrange(1, R))
    found = run(program, program_words(p, q))
    return {"multiplier": name, "latency": shape.multiplier.latency, "cycles": found.cycles,
            "bar": BARS[name], "chain": program.chain, "products": program.products,
            "sums": program.sums,
            "multiplier_busy": program.products / found.cycles,
            "adders_busy": program.sums / shape.adders / found.cycles,
            "registers": sum(program.depths), "store_bits": program.bits,
            "checked": program_value(found.sent) == program_pairing(p, q)}
