"""The wide processor's gateware: the model's values and cycles, in both simulators."""

from contextlib import closing
from random import Random

import pytest

from proofmill.firmware.pairing.programs import pairing, tower_product
from proofmill.hdl.curve import GENERATOR_G1, GENERATOR_G2
from proofmill.hdl.field import BN254_BASE, TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD, STANDARD_WIDE
from proofmill.hdl.wide_processor import WideProcessor
from proofmill.hdl.wide_shape import WideShape
from proofmill.host.bench.pairings import SHAPES
from proofmill.sim.pairing import program_words, times
from proofmill.sim.wide_gateware import WideGateware, wide_library
from proofmill.sim.wide_processor import given_words, input_words, run
from tests.firmware.wide_programs import FOLDED_WIDE, TOY_WIDE, random_program
from tests.simulation import simulate
from tests.streams import receive, send

P = BN254_BASE.modulus


def gateware_runs(shape, runs, pauses=None):
    """In Amaranth's simulator: for each (program, key, lists of words) both are loaded, and run on
    every list. Returns [(sent, cycles)], and holds every register to its bound."""
    dut = WideProcessor(shape)
    found = []

    pace = {"rng": pauses or Random(0), "pause": 0.4 if pauses else 0}

    async def bench(ctx):
        for program, key, lists in runs:
            await send(ctx, dut.words, map(shape.layout.struct.from_bits, program.words), **pace)
            await send(ctx, dut.i, map(shape.given.from_bits, given_words(program, key)), **pace)
            for words in lists:
                begin = cycle[0]
                await send(ctx, dut.i, map(shape.given.from_bits, input_words(program, words)),
                           **pace)
                sent = await receive(ctx, dut.o, program.outputs, **pace)
                found.append((sent, cycle[0] - begin))
                for contents in dut.banks:
                    for n in range(contents.depth):
                        assert ctx.get(contents[n]) < 2 * shape.field.modulus

    cycle = [0]

    async def count(ctx):
        while True:
            await ctx.tick()
            cycle[0] += 1

    simulate(dut, bench, background=[count], cycles=40_000)
    return found


def test_random_programs_one_after_another():
    random, runs, expected = Random(1), [], []
    for seed in range(6):
        program, key, formula = random_program(seed)
        lists = [[random.randrange(256) for _ in range(4)] for _ in range(3)]
        runs.append((program, key, lists))
        expected += [(formula(words), program.cycles) for words in lists]
    assert gateware_runs(TOY_WIDE, runs) == expected


@pytest.mark.parametrize("name", FOLDED_WIDE)
def test_folded_multipliers(name):
    """Runs begin in any cycle of the multiplier's interval."""
    runs, expected = [], []
    for seed in range(2):
        program, key, formula = random_program(seed, shape=FOLDED_WIDE[name])
        lists = [[seed, 3, 161, n] for n in range(3)]
        runs.append((program, key, lists))
        expected += [(formula(words), program.cycles) for words in lists]
    assert gateware_runs(FOLDED_WIDE[name], runs) == expected


@pytest.mark.parametrize("shape", [TOY_WIDE, FOLDED_WIDE["2 of 4"]], ids=["pipelined", "folded"])
def test_streams_that_pause_change_no_value(shape):
    program, key, formula = random_program(7, shape=shape)
    lists = [[n, 3 * n, 162 - n, 5] for n in range(4)]
    found = gateware_runs(shape, [(program, key, lists)], Random(2))
    assert [sent for sent, _ in found] == [formula(words) for words in lists]


def test_a_product_and_a_square_in_fp12_at_full_width():
    shape = WideShape(multiplier=STANDARD.adder.multiplier, store=512)
    program, random = tower_product(shape), Random(3)
    words = [random.choice([0, 1, P - 1, random.randrange(P)]) for _ in range(24)]
    execution = run(program, words)
    assert gateware_runs(shape, [(program, [], [words])]) == [(execution.sent, execution.cycles)]


@pytest.fixture(scope="module")
def library():
    return wide_library(STANDARD_WIDE)


def test_a_pairing_on_the_verilog(library):
    """A whole pairing, as it is and with streams that pause; a point off its curve between."""
    program, random = pairing(STANDARD_WIDE), Random(4)
    gateware = WideGateware(program, library)
    q = times(GENERATOR_G2, random.getrandbits(250))
    for words in (program_words(GENERATOR_G1, q), [2, 1, 1, 0, 0, 0, 0],
                  program_words(None, q)):
        assert gateware.run(words) == run(program, words)
    paused = gateware.run(words, pauses_in=random.getrandbits(64),
                          pauses_out=random.getrandbits(64))
    assert paused.sent == run(program, words).sent and paused.cycles > program.cycles
    gateware.close()
    with pytest.raises(ValueError, match="the simulation is closed"):
        gateware.run(words)
    two = pairing(STANDARD_WIDE, 2)
    words += program_words(GENERATOR_G1, GENERATOR_G2)
    with closing(WideGateware(two, library)) as gateware:
        assert gateware.run(words) == run(two, words)


@pytest.mark.slow
def test_a_pairing_on_the_verilog_of_a_folded_multiplier():
    shape = SHAPES["folded"]
    program, words = pairing(shape), program_words(GENERATOR_G1, GENERATOR_G2)
    with closing(WideGateware(program, wide_library(shape))) as gateware:
        for each in (words, [2, 1, 1, 0, 0, 0, 0]):
            assert gateware.run(each) == run(program, each)


def test_shapes_that_cannot_be():
    with pytest.raises(ValueError, match="operands every 15 cycles, .* make `stride` a divisor"):
        WideShape(multiplier=FoldedShape(field=BN254_BASE, operand_bits=264, digit=18, limb=18,
                                         interval=15), stride=2)
    with pytest.raises(ValueError, match="at least one adder, 2 bits of address, 1 of the"):
        WideShape(multiplier=STANDARD.adder.multiplier, adders=0)
    with pytest.raises(ValueError, match="can reach twice the modulus; take more than 9 operand"):
        WideShape(multiplier=MultiplierShape(field=TOY, operand_bits=9, digit=3, limb=4))
