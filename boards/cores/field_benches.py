"""What units that compute in a field must answer, from the golden models."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from proofmill.boards.cores.bench import Bench, number, rows
from proofmill.firmware.library import program
from proofmill.firmware.target import Target
from proofmill.hdl.axi_stream import whole_bytes
from proofmill.hdl.commands import WORD, split
from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.microcode import ADDRESS_BITS
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.transform_shape import TransformShape
from proofmill.sim.field import divided, montgomery_product
from proofmill.sim.processor import run
from proofmill.sim.transform import cycles, quotient

PAIRS = 40
"""Random pairs, beside those of the edges."""

TRANSFORM_POWER = 3
"""Transforms of so many values, 2 to its power, are tried."""


def product_places(shape: MultiplierShape, pairs: Sequence[tuple[int, int]]) -> dict[str, object]:
    """What fills benches/products.sv, and when products come: those of `pairs` of operands."""
    bits, out = shape.operand_bits, shape.product_bits
    greatest = (1 << bits) - 1
    return {
        "COUNT": len(pairs), "LATENCY": shape.latency, "INTERVAL": shape.interval,
        "RADIX": f"2**{shape.radix.bit_length() - 1}", "PRODUCT_MSB": out - 1,
        "OPERAND_MSB": bits - 1, "MODULUS": number(shape.field.modulus, out),
        "BOUND": number(shape.product_bound(greatest, greatest), out),
        "ROWS": rows(a_of=[number(a, bits) for a, _ in pairs],
                     b_of=[number(b, bits) for _, b in pairs],
                     residue_of=[number(montgomery_product(shape, a, b), out)
                                 for a, b in pairs])}


def multiplier_bench(shape: MultiplierShape) -> Bench:
    """Products of the edges of the operands' range and of the field, and of random operands."""
    rng, p = Random(shape.field.modulus), shape.field.modulus
    greatest = (1 << shape.operand_bits) - 1
    edges = [0, 1, p - 1, p, p + 1, 2 * p - 1, greatest]
    pairs = [(a, b) for a in edges for b in edges]
    pairs += [(rng.randint(0, greatest), rng.randint(0, greatest)) for _ in range(PAIRS)]
    folded = shape.interval > 1
    return Bench(
        parts=["products", "multiplier"], answers=len(pairs),
        limit=len(pairs) * shape.interval + shape.latency + 20,
        places=product_places(shape, pairs) | {
            "START_REGISTER": "  reg start = 1'b0;\n" if folded else "",
            "START_PORT": ".start(start), " if folded else "",
            "START_VALUE": "    start <= (now + 1) % INTERVAL == 0;\n" if folded else ""})


def axis_multiplier_bench(shape: MultiplierShape) -> Bench:
    """The same between two AXI4-Streams, of which either pauses."""
    bench = multiplier_bench(shape)
    return replace(
        bench, parts=["products", "axis_multiplier"], limit=4 * bench.limit + 40,
        places=dict(bench.places) | {
            "LANE_MSB": whole_bytes(shape.operand_bits) - 1,
            "OUT_MSB": whole_bytes(shape.product_bits) - 1})


def inverter_bench(shape: InverterShape) -> Bench:
    """Quotients of the edges of the field and of the operands' range, and of random operands."""
    rng, p = Random(shape.field.modulus), shape.field.modulus
    greatest = (1 << shape.operand_bits) - 1
    values = [0, 1, 2, p - 1, p, greatest, greatest // p * p]
    values += [rng.randint(0, greatest) for _ in range(5)]
    found = [divided(shape, value) for value in values]
    return Bench(
        parts=["inverter"], answers=len(values),
        limit=len(values) * (shape.latency + 8) + 20, places={
            "COUNT": len(values), "OPERAND_MSB": shape.operand_bits - 1,
            "VALUE_MSB": shape.field.bits - 1,
            "ZEROS": number(sum((value is None) << n for n, value in enumerate(found)),
                            len(values)),
            "ROWS": rows(operand_of=[number(value, shape.operand_bits) for value in values],
                         value_of=[number(value or 0, shape.field.bits) for value in found])})


def transform_bench(shape: TransformShape) -> Bench:
    """The scalars h of two pairs of vectors: random values, and the field's edges among them."""
    rng, field, size = Random(shape.field.modulus), shape.field, shape.value_words
    power = min(shape.power, TRANSFORM_POWER)
    runs = [tuple([rng.randrange(field.modulus) for _ in range(1 << power)] for _ in range(2))
            for _ in range(2)]
    for a, b in runs:
        a[0], b[-1] = field.modulus - 1, 0

    def words(values: Iterable[int]) -> list[str]:
        return [number(word, WORD) for value in values for word in split(value, size)]

    answers = [word for a, b in runs for word in words(quotient(field, a, b))]
    return Bench(
        parts=["transform"], answers=len(answers),
        limit=4 * len(runs) * (4 * len(answers) + cycles(shape, power)), places={
            "POWER": power, "POWER_PORT": number(power, shape.power.bit_length()),
            "RUNS": len(runs), "EACH": 2 * size << power, "GIVEN": size << power,
            "ROWS": "\n".join([
                rows(word_of=[word for a, b in runs for word in words([*a, *b])]),
                rows(answer_of=answers)])})


def processor_bench(target: Target, name: str) -> Bench:
    """Runs of program `name`: its words, and what the interpreter sends."""
    rng, shape = Random(name), target.shape
    p, bits = shape.field.modulus, shape.multiplier.operand_bits
    code = program(name, target)
    values = [1, p - 1, *(rng.randrange(1, p) for _ in range(2))]
    words = {"invert": lambda value: [value], "multiply": lambda value: [value, p - 2],
             "power": lambda value: [value, 65_537]}[name]
    runs = [words(value) for value in values]
    found = [run(shape, code, each) for each in runs]
    return Bench(
        parts=["processor"], answers=len(runs),
        limit=2 * sum(one.cycles for one in found) + 200,
        places={
            "PROGRAM": name, "RUNS": len(runs), "EACH": len(runs[0]),
            "ENTRY": number(code.entry, ADDRESS_BITS),
            "WORD_MSB": bits - 1, "RESULT_MSB": shape.field.bits - 1,
            "ROWS": "\n".join([
                rows(word_of=[number(word, bits) for each in runs for word in each]),
                rows(result_of=[number(one.sent[0], shape.field.bits) for one in found])])})
