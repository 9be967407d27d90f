# amaranth: UnusedElaboratable=no
"""A million products at full width through compiled Verilog, for each kind of multiplier."""

import numpy as np
import pytest
from amaranth import *
from amaranth.hdl import Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow, In, Out

from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD
from tests.hdl.compiled import Compiled

PRODUCTS, AT_ONCE = 1_000_000, 100_000
WORD = 64


class InWords(wiring.Component):
    """A component whose wide ports are cut into words: "a" is "a0", the lowest, "a1", ..."""

    def __init__(self, component):
        self.component, self.widths = component, {}
        ports = {}
        for name, member in component.signature.members.items():
            width = self.widths[name] = Shape.cast(member.shape).width
            for n, low in enumerate(range(0, width, WORD)):
                part = min(WORD, width - low)
                ports[f"{name}{n}"] = In(part) if member.flow is Flow.In else Out(part)
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = self.component
        for name, member in self.component.signature.members.items():
            words = Cat(getattr(self, f"{name}{n}")
                        for n in range(-(-self.widths[name] // WORD)))
            port = getattr(self.component, name)
            m.d.comb += port.eq(words) if member.flow is Flow.In else words.eq(port)
        return m


def operands(shape, count, rng):
    """Random operands as rows of words, the low one first: half of them evenly spread, half with
    long runs of zeros and ones, along which carries run."""
    words = -(-shape.operand_bits // WORD)
    rows = rng.integers(0, 1 << WORD, (count, words), dtype=np.uint64)
    runs = rng.integers(0, 4, (count, words))
    mask = (rng.random((count, 1)) < 0.5) & (runs < 2)
    rows = np.where(mask, np.where(runs == 0, np.uint64(0), ~np.uint64(0)), rows)
    rows[:, -1] &= np.uint64((1 << shape.operand_bits - WORD * (words - 1)) - 1)
    return rows


def numbers(rows):
    """The numbers whose words are `rows`."""
    size = 8 * rows.shape[1]
    data = np.ascontiguousarray(rows).tobytes()
    return [int.from_bytes(data[at:at + size], "little") for at in range(0, len(data), size)]


def million(shape, interval=1):
    """Multiply a million pairs, one every `interval` cycles, and check each by the definition."""
    dut = Compiled(InWords(shape.build()))
    modulus, rng = shape.field.modulus, np.random.default_rng(2024)
    inverse = pow(shape.radix, -1, modulus)
    slack = shape.product_bound(0, 0) + 1   # what the quotients add, rounded down
    for _ in range(PRODUCTS // AT_ONCE):
        pairs = [operands(shape, AT_ONCE, rng) for _ in range(2)]
        cycles = AT_ONCE * interval + shape.latency
        inputs = {"start0": np.arange(cycles) % interval == 0} if interval > 1 else {}
        for name, rows in zip("ab", pairs, strict=True):
            for n in range(rows.shape[1]):
                port = rng.integers(0, 256, cycles, dtype=np.uint64)  # noise between the starts
                port[:AT_ONCE * interval:interval] = rows[:, n]
                inputs[f"{name}{n}"] = port
        outputs = dut.run(cycles, **inputs)
        products = np.stack([outputs[f"product{n}"][shape.latency::interval][:AT_ONCE]
                             for n in range(sum(name.startswith("product") for name in outputs))],
                            axis=1)
        for a, b, product in zip(*map(numbers, (*pairs, products)), strict=True):
            assert product % modulus == a * b * inverse % modulus
            assert product <= a * b // shape.radix + slack


@pytest.mark.slow
@pytest.mark.parametrize("digit, limb", [(26, 34), (17, 17), (18, 36)])
def test_the_pipelined_multiplier(digit, limb):
    shape = STANDARD.adder.multiplier
    if (digit, limb) != (shape.digit, shape.limb):
        shape = MultiplierShape(field=BN254_BASE, operand_bits=264, digit=digit, limb=limb)
    million(shape)


@pytest.mark.slow
@pytest.mark.parametrize("interval, digit, limb", [(3, 17, 26), (15, 18, 36)])
def test_the_folded_multiplier(interval, digit, limb):
    million(FoldedShape(field=BN254_BASE, operand_bits=264, digit=digit, limb=limb,
                        interval=interval), interval)


@pytest.mark.slow
@pytest.mark.parametrize("depth, digit, limb", [(2, 17, 26), (1, 18, 36)])
def test_karatsubas_multiplier(depth, digit, limb):
    million(KaratsubaShape(field=BN254_BASE, operand_bits=264, digit=digit, limb=limb,
                           depth=depth))
