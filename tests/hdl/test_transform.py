"""Transforms and the quotient: exact, in the model's cycles, at toy and at full size."""

from dataclasses import replace
from itertools import islice, product
from random import Random

import pytest

from proofmill.boards.shapes import FIVE_ROWS, SMALLEST
from proofmill.hdl.field import BN254_BASE, BN254_SCALAR, TOY, TOY_ROOTS, PrimeField
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD, with_transforms
from proofmill.hdl.transform_passes import OUTSIDE, Passes
from proofmill.hdl.transform_shape import TransformShape, root_of_unity
from proofmill.hdl.transform_steps import Pass
from proofmill.hdl.transform_unit import TransformUnit
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import from_limbs, to_limbs
from proofmill.host.prover.groth16.evaluation import Evaluator, quotient_of
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.sim.transform import butterflies, cycles, passes, products, quotient
from tests.choice import slow_but
from tests.hdl.transform_runs import Runs, vectors, with_pauses
from tests.host.prover.groth16.files import ALL, VECTORS
from tests.simulation import simulate

CUT = dict(field=TOY, second=TOY_ROOTS, operand_bits=12)
TOYS = {
    "pipelined": TransformShape(multiplier=MultiplierShape(**CUT, digit=4, limb=5), power=4),
    "folded": TransformShape(multiplier=FoldedShape(**CUT, digit=4, limb=5, interval=3), power=4),
    "shared": TransformShape(multiplier=MultiplierShape(**CUT, digit=4, limb=5), power=4, more=2),
    "karatsuba": TransformShape(multiplier=KaratsubaShape(
        **CUT, digit=4, limb=5, depth=1), power=3),
    # Tiles of so many values: one column of them, two, four, and as many as there are.
    **{f"tiles of {1 << power}": TransformShape(
        multiplier=MultiplierShape(**CUT, digit=4, limb=5), power=power, reach=min(2 * power, 5))
       for power in (1, 2, 3, 4)},
    "tiles, folded": TransformShape(multiplier=FoldedShape(
        **CUT, digit=4, limb=5, interval=3), power=3, reach=5),
}
WIDE = {
    "standard": replace(STANDARD.adder.multiplier, second=BN254_SCALAR),
    "one row": replace(SMALLEST.adder.multiplier, second=BN254_SCALAR),
    "five rows": replace(FIVE_ROWS.adder.multiplier, second=BN254_SCALAR),
    "karatsuba": KaratsubaShape(field=BN254_BASE, second=BN254_SCALAR, operand_bits=264, digit=17,
                                limb=26, depth=2),
}


def run_pausing(shape, cases, seed):
    """(h, cycles) of every case in Amaranth's simulator, with words that come and go at random."""
    dut, rng, results = TransformUnit(shape), Random(seed), []

    async def bench(ctx):
        for power, a, b in cases:
            while not ctx.get(dut.ready):
                await ctx.tick()
            ctx.set(dut.power, power)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            results.append(await with_pauses(ctx, dut, shape, [*a, *b], len(a), rng))

    simulate(dut, bench, cycles=40_000)
    return results


@pytest.mark.parametrize("name", slow_but([name for name in TOYS if "tiles" not in name], TOYS))
def test_every_size_while_words_pause(name):
    """Golden values and golden cycles, whatever the streams do."""
    shape = TOYS[name]
    cases = [(power, a, b) for power in range(1, shape.most + 1)
             for a, b in list(vectors(TOY_ROOTS, power, power))[-2:]]
    for (power, a, b), (h, took) in zip(cases, run_pausing(shape, cases, seed=3), strict=True):
        assert h == quotient(TOY_ROOTS, a, b)
        assert took == cycles(shape, power)


@pytest.mark.parametrize("name", slow_but(
    ["pipelined", "tiles of 2", "tiles of 8"], [name for name in TOYS if name != "karatsuba"]))
def test_every_size_in_verilog(name):
    """The emitted Verilog: edges and random vectors of all sizes, one after another, in place and
    in tiles."""
    shape = TOYS[name]
    cases = [(power, a, b) for seed in range(20) for power in range(1, shape.most + 1)
             for a, b in vectors(TOY_ROOTS, power, seed)]
    for (power, a, b), (h, took) in zip(cases, Runs(shape)(cases), strict=True):
        assert h == quotient(TOY_ROOTS, a, b)
        assert took == cycles(shape, power)


@pytest.mark.slow
@pytest.mark.parametrize("modulus", [5, 17])
def test_every_pair_of_vectors(modulus):
    """All vectors of two values in a field of 5 elements, and of 17, in the emitted Verilog."""
    field = PrimeField(name=f"of-{modulus}", modulus=modulus)
    shape = TransformShape(power=1, multiplier=MultiplierShape(
        field=TOY, second=field, operand_bits=9, digit=4, limb=5))
    runs = Runs(shape)
    cases = list(product(range(modulus), repeat=4))
    for begin in range(0, len(cases), 4096):
        part = [(1, values[:2], values[2:]) for values in cases[begin:begin + 4096]]
        for (_, a, b), (h, took) in zip(part, runs(part), strict=True):
            assert h == quotient(field, a, b)
            assert took == cycles(shape, 1)


@pytest.mark.slow
def test_every_vector_in_tiles():
    """All vectors of four values as a, tiles of two, in a field of 17 elements, with one b."""
    field = PrimeField(name="of-17", modulus=17)
    shape = TransformShape(power=1, reach=2, multiplier=MultiplierShape(
        field=TOY, second=field, operand_bits=9, digit=4, limb=5))
    runs, other = Runs(shape), (3, 16, 0, 7)
    cases = [(2, values, other) for values in product(range(17), repeat=4)]
    for begin in range(0, len(cases), 4096):
        part = cases[begin:begin + 4096]
        for (_, a, b), (h, took) in zip(part, runs(part), strict=True):
            assert h == quotient(field, a, b)
            assert took == cycles(shape, 2)


def on_the_host(a, b):
    """The same by the host's transforms, which its tests hold to snarkjs' proofs."""
    power = len(a).bit_length() - 1
    return from_limbs(quotient_of(*(scalars.from_plain(to_limbs(values)) for values in (a, b)),
                                  scalars.root_of_unity(power + 1)))


def test_the_roots_are_the_hosts():
    assert root_of_unity(BN254_SCALAR, 28) == pow(5, BN254_SCALAR.modulus >> 28,
                                                  BN254_SCALAR.modulus)
    a, b = list(vectors(BN254_SCALAR, 3, 1))[-1]
    assert on_the_host(a, b) == quotient(BN254_SCALAR, a, b)


@pytest.mark.parametrize("name", [
    "standard", *(pytest.param(name, marks=pytest.mark.slow) for name in list(WIDE)[1:])])
def test_full_width(name):
    """Few values at full width, in Amaranth's simulator."""
    shape = TransformShape(multiplier=WIDE[name], power=2)
    cases = [(2, a, b) for a, b in list(vectors(BN254_SCALAR, 2, 5))[-4:]]
    for (power, a, b), (h, took) in zip(cases, run_pausing(shape, cases, seed=1), strict=True):
        assert h == quotient(BN254_SCALAR, a, b)
        assert took == cycles(shape, power)


def of_the_keys():
    """(power, A w, B w, h as the prover has it) of the circuits whose proofs snarkjs takes."""
    for name in ALL:
        key = read_zkey(VECTORS / name / "circuit.zkey")
        witness = read_witness(VECTORS / name / "witness.wtns")
        evaluator = Evaluator(key)
        a, b = (from_limbs(scalars.to_plain(v)) for v in evaluator.evaluate(witness))
        yield key.domain_size.bit_length() - 1, a, b, from_limbs(evaluator.quotient(witness))


@pytest.mark.slow
def test_the_block_circuits_size():
    """2^12 values on the standard multiplier's Verilog, and smaller ones: the host's h, real
    circuits' among them, and the cycles that the model says."""
    shape = TransformShape(multiplier=WIDE["standard"], power=12)
    cases = [(power, a, b, on_the_host(a, b)) for power in (1, 5, 6, 10, 12)
             for a, b in list(vectors(BN254_SCALAR, power, 7))[1 if power < 12 else -2:]]
    cases += of_the_keys()
    assert max(power for power, *_ in cases) == 12
    results = Runs(shape)([case[:3] for case in cases])
    for (power, _, _, wanted), (h, took) in zip(cases, results, strict=True):
        assert h == wanted
        assert took == cycles(shape, power)


@pytest.mark.slow
def test_a_folded_multiplier():
    """The same on the multiplier of a small board, a product every 15 cycles."""
    shape = TransformShape(multiplier=WIDE["one row"], power=12)
    cases = [(power, *list(vectors(BN254_SCALAR, power, 3))[-1]) for power in (2, 7, 12)]
    for (power, a, b), (h, took) in zip(cases, Runs(shape)(cases), strict=True):
        assert h == on_the_host(a, b)
        assert took == cycles(shape, power)
    assert took <= 2_500_000


def test_cycles():
    """What was set as the bar, at interval 1 and folded by 15; and where the cycles go."""
    standard, folded = (TransformShape(multiplier=WIDE[name], power=14)
                        for name in ("standard", "one row"))
    assert products(12) == 40 * 4096
    assert cycles(standard, 12) <= 166_000 and cycles(folded, 12) <= 2_500_000
    for power in range(8, 15):
        # Stages follow one another without a gap: what is lost is lost before and after them.
        alone = sum(waiting for _, waiting in passes(power) if waiting == 1)
        assert cycles(standard, power) - products(power) <= alone * standard.latency
    around = products(12) - butterflies(12)
    assert butterflies(12) / (cycles(standard, 12) - around) > 0.99


def test_cycles_in_tiles():
    """At least 0.95 butterflies a slot, tables included, without the products of the values."""
    shape = with_transforms(STANDARD).transform
    for power in range(shape.power + 1, shape.most + 1):
        assert butterflies(power) >= 0.95 * (cycles(shape, power) - (3 << power))
        twists = 2 * ((1 << power) - (1 << shape.power))
        assert products(power, shape.power) - butterflies(power) - (3 << power) <= twists + (
            4 << shape.power)
        # Columns of one value, of two, ... are the same butterflies, whatever the tile.
        assert products(power, shape.power) < products(power, power - 1) + 4 * (1 << power)


@pytest.mark.parametrize("name, most", [("pipelined", 5), ("folded", 3)])
def test_every_slot_reads_and_writes_where_it_should(name, most):
    """All slots of all sizes, against the definition: which values, which power, which planes."""
    shape = replace(TOYS[name], power=most)
    dut = Passes(shape)
    bits = shape.power

    def place(vector, index):
        odd = index.bit_count() % 2
        return (vector + odd) % 3, index >> 1 | odd << (bits - 1)

    def plain(slot, name):
        plane = {"first": slot.first_plane, "second": slot.second_plane}[name]
        return plane, getattr(slot, name)

    async def bench(ctx):
        for power in range(1, most + 1):
            ctx.set(dut.power, power)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for name in ("slot", "loaded", "room"):
                ctx.set(getattr(dut, name), 1)
            found, count, last = [], 1 << power, False
            while True:
                ctx.set(dut.written, last)  # whatever is issued is written at once
                slot = ctx.get(dut.issued)
                if not slot.valid and ctx.get(dut.ready):
                    break
                last = bool(slot.valid & slot.last) and Pass(slot.action) not in OUTSIDE
                found += [slot] if slot.valid else []
                await ctx.tick()
            by_pass = {action: [s for s in found if Pass(s.action) == action] for action in Pass}
            for action, inverse in ((Pass.INVERSE, True), (Pass.FORWARD, False)):
                slots = iter(by_pass[action])
                for position in (range(power - 1, -1, -1) if inverse else range(power)):
                    for vector in range(3):
                        for number, slot in enumerate(islice(slots, count // 2)):
                            k = number & (1 << position) - 1
                            low = (number - k) << 1 | k
                            high = low | 1 << position
                            assert plain(slot, "first") == place(vector, low)
                            assert plain(slot, "second") == place(vector, high)
                            assert slot.target == slot.second_plane
                            third = {0, 1, 2} - {slot.first_plane, slot.second_plane}
                            assert third == {slot.beside}
                            step = 1 << (power - 1 - position)
                            e = 2 * step * k if inverse else (2 * k + 1) * step
                            wanted = -e % count if inverse else e
                            assert slot.third == wanted | 1 << bits
                            # The difference is u - v, or v - u where -g^(n - e) is taken.
                            turned = not inverse or e > 0
                            assert (slot.left == slot.second_plane) == turned
                            assert {slot.left, slot.right} == {slot.first_plane,
                                                               slot.second_plane}
                assert next(slots, None) is None
            for action in (Pass.FIRST, Pass.MIDDLE, Pass.LAST, Pass.HAND_OUT):
                for index, slot in enumerate(by_pass[action]):
                    (a, row), (b, _), (c, _) = (place(vector, index) for vector in range(3))
                    assert (slot.first, slot.second, slot.third) == (row, row, row)
                    if action in (Pass.FIRST, Pass.MIDDLE):
                        assert (slot.left, slot.right, slot.beside) == (a, b, c)
                    else:
                        assert slot.left == c
                    assert slot.target == c or action == Pass.HAND_OUT
                assert len(by_pass[action]) == count
            loads = by_pass[Pass.LOAD]
            assert [(s.target, s.second) for s in loads] == [
                place(vector, index) for vector in range(2) for index in range(count)]
            assert len(by_pass[Pass.TABLE]) == count - 1 and len(by_pass[Pass.SEED]) == 1
            for number, slot in enumerate(by_pass[Pass.TABLE], 1):
                block = 1 << number.bit_length() - 1
                assert slot.third == number - block | 1 << bits
                assert slot.second == number | 1 << bits
                assert slot.constant == power + 1 - (block.bit_length() - 1)

    simulate(dut, bench, cycles=20_000)


@pytest.mark.parametrize("shape", [
    *TOYS.values(), *(TransformShape(multiplier=m, power=12) for m in WIDE.values()),
    TransformShape(power=1, multiplier=MultiplierShape(
        field=PrimeField(name="of-5", modulus=5), operand_bits=9, digit=4, limb=5))],
    ids=lambda shape: f"{shape.multiplier.kind}-{shape.field.name}")
def test_what_is_stored_is_within_its_bound(shape):
    """For every estimate of every sum: the rest is not negative, and not above what is stored."""
    modulus, block = shape.field.modulus, 1 << shape.top
    assert shape.stored < 1 << shape.field.bits + (shape.field.bits < 10)
    for above in range((shape.total >> shape.top) + 1):
        for total in {above * block, above * block + 1,
                      min(above * block + block - 1, shape.total),
                      min(above * block + block - 2, shape.total)}:
            if total >> shape.top != above or total > shape.total:
                continue
            k = sum(above >= threshold for threshold in shape.thresholds)
            assert k == shape.multiple(total)
            assert 0 <= total - k * modulus <= shape.stored
            k = shape.multiple(total, halve=True)
            half, odd = divmod(total - k * modulus, 2)
            assert not odd and -1 <= k and 0 <= half <= shape.stored
    assert shape.difference_lift >= shape.stored and shape.product_lift >= shape.product
    assert shape.difference < 1 << shape.multiplier.operand_bits
    assert shape.product >= shape.multiplier.product_bound(
        shape.stored, modulus, second=shape.multiplier.second is not None)


@pytest.mark.parametrize("power, sentence", [
    (0, (r"^toy-roots has transforms of 2 to 2 \*\* 5 values onto the odd roots of unity, "
         r"not of 2 \*\* 0$")), (6, r"not of 2 \*\* 6$")])
def test_sizes_without_roots_are_refused(power, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(TOYS["pipelined"], power=power)


def test_operands_that_are_too_narrow_are_refused():
    with pytest.raises(ValueError, match="^operands of 9 bits cannot hold a difference of 10 bits"):
        TransformShape(power=1, multiplier=MultiplierShape(
            field=TOY_ROOTS, operand_bits=9, digit=4, limb=5))


def test_a_root_that_is_not_there():
    with pytest.raises(ValueError, match=r"^toy-roots has no root of unity of order 2 \*\* 7: 2 "
                                         "divides its units 6 times$"):
        root_of_unity(TOY_ROOTS, 7)
    with pytest.raises(ValueError, match=r"2 divides its units 28 times$"):
        root_of_unity(BN254_SCALAR, 29)
