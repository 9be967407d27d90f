"""Runs inside the Verilog simulator; test_axi_stream.py starts it."""

import os
from random import Random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from proofmill.firmware.library import program
from proofmill.hdl.axi_lite import registers_of
from proofmill.hdl.axi_stream import whole_bytes
from proofmill.hdl.commands import WORD
from proofmill.sim.curve import complete_sum, equation, to_homogeneous
from proofmill.sim.field import divided, montgomery_product
from proofmill.sim.processor import run
from proofmill.sim.transform import quotient
from tests.hdl.affine_batches import joined
from tests.hdl.points import toy_points
from tests.hdl.test_axi_stream import CORES
from tests.hdl.transform_runs import words_of

NAME = os.environ["CORE"]
CORE = CORES[NAME]
LITE = CORE.bus == "axi4-lite"
BATCHES = (CORE.unit, CORE.bus) == ("batch_adder", "axi-stream")
FUNCTION = None if CORE.unit == "transform" else CORE.component() if BATCHES else CORE.function()
if FUNCTION is not None:
    FUNCTION._MustUse__silence = True
MULTIPLIER = CORE.shape.adder.multiplier
P = MULTIPLIER.field.modulus
RUNS = {"multiplier": 40, "adder": 8, "inverter": 8, "processor": 5, "transform": 3,
        "batch_adder": 40 if BATCHES else 8}[CORE.unit]


def affine(prefix, point, infinity=5):
    """An affine point by the names of a bus; at infinity anything."""
    x, y = (infinity, infinity) if point is None else (
        joined(CORE.batches, coordinate) for coordinate in point)
    return {f"{prefix}x": x, f"{prefix}y": y, f"{prefix}infinite": int(point is None)}


def case(rng):
    """Operands by name, and a check of the results by name."""
    operands = {name: rng.getrandbits(bits) for name, bits in FUNCTION.operands.items()}
    match CORE.unit:
        case "multiplier":
            wanted = montgomery_product(MULTIPLIER, operands["a"], operands["b"])

            def check(found):
                assert found["product"] % P == wanted
        case "inverter":
            operands["x"] = rng.choice([0, operands["x"]])
            wanted = divided(FUNCTION.shape, operands["x"])

            def check(found):
                assert found == {"value": wanted or 0, "zero": int(wanted is None)}
        case "processor":
            operands = {name: rng.randrange(1, P) for name in operands}
            code = program(CORE.program, CORE.target)
            wanted = run(CORE.target.shape, code, list(operands.values())).sent[0]

            def check(found):
                assert found["result"] == wanted
        case "adder":
            group = FUNCTION.group
            points = toy_points(group)
            pair = [to_homogeneous(rng.choice([None, *points]),
                                   (rng.randrange(1, P), *[0] * (group.degree - 1)), P)
                    for _ in range(2)]
            operands = dict(zip(operands, [part for point in pair for coordinate in point
                                           for part in coordinate], strict=True))
            wanted = [part * pow(MULTIPLIER.radix, -3, P) % P
                      for coordinate in complete_sum(CORE.shape.adder.curve, group, *pair)
                      for part in coordinate]

            def check(found):
                assert [value % P for value in found.values()] == wanted
        case "batch_adder":
            group = CORE.shape.adder.groups[0]
            points, law = toy_points(group), equation(CORE.shape.adder.curve, group)
            p = rng.choice([None, *points])
            q = rng.choice([p, None if p is None else law.negate(p), rng.choice(points)])
            operands = affine("p_", p) | affine("q_", q)
            wanted = affine("", law.add(p, q), 0) | {"fault": 0}

            def check(found):
                assert found == wanted
    return operands, check


def transform_case(rng):
    """Words of a packet, and a check of the answer's words."""
    shape, power = CORE.transforms, rng.choice([1, 3])
    a, b = ([rng.randrange(shape.field.modulus) for _ in range(1 << power)] for _ in range(2))

    return [power, *words_of(shape, [*a, *b])], words_of(shape, quotient(shape.field, a, b))


def pauses(rng):
    while True:
        yield rng.random() < 0.4


async def reset(dut):
    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 3)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 1)


def packed(operands):
    """Operands as TDATA has them, the first lowest."""
    return b"".join(value.to_bytes(whole_bytes(FUNCTION.operands[name]) // 8, "little")
                    for name, value in operands.items())


def unpacked(tdata):
    found, place = {}, 0
    for name, bits in FUNCTION.results.items():
        size = whole_bytes(bits) // 8
        found[name] = int.from_bytes(tdata[place:place + size], "little")
        place += size
    return found


@cocotb.test(skip=not BATCHES, timeout_time=2, timeout_unit="ms")
async def packets_of_pairs_become_packets_of_sums(dut):
    """In whatever order, each with its pair's tag; and after a reset in the middle."""
    rng = Random(1)
    source, sink = ends(dut)
    for session in range(3):
        await reset(dut)
        source.clear()
        sink.clear()
        packets = [[case(rng) for _ in range(count)] for count in (1, RUNS, 3)]
        for cases in packets:
            for n, (given, _) in enumerate(cases):
                given["tag"] = n
            await source.send(AxiStreamFrame(b"".join(packed(given) for given, _ in cases)))
        if session < 2:
            await ClockCycles(dut.aclk, rng.randrange(20, 900))
            continue
        for cases in packets:
            data = bytes((await sink.recv()).tdata)
            size = len(dut.m_axis_tdata) // 8
            sums = [unpacked(data[n:n + size]) for n in range(0, len(data), size)]
            assert sorted(found["tag"] for found in sums) == list(range(len(cases)))
            for found in sums:
                cases[found.pop("tag")][1](found)
        await ClockCycles(dut.aclk, 20)
        assert sink.empty()


def ends(dut):
    """Whoever gives and takes, both with pauses; the clock runs from here on."""
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, dut.aresetn,
                             reset_active_level=False, byte_lanes=len(dut.s_axis_tdata) // 8)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, dut.aresetn,
                         reset_active_level=False, byte_lanes=len(dut.m_axis_tdata) // 8)
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, unit="ns").start()
    source.set_pause_generator(pauses(Random(2)))
    sink.set_pause_generator(pauses(Random(3)))
    return source, sink


@cocotb.test(skip=LITE or BATCHES, timeout_time=2, timeout_unit="ms")
async def streams_answer_in_order(dut):
    rng = Random(1)
    source, sink = ends(dut)
    for session in range(3):
        await reset(dut)
        source.clear()
        sink.clear()
        cases = [transform_case(rng) if FUNCTION is None else case(rng) for _ in range(RUNS)]
        for given, _ in cases:
            await source.send(AxiStreamFrame(
                packed(given) if FUNCTION else b"".join(word.to_bytes(8, "little")
                                                        for word in given)))
        if session < 2:  # and in the middle of it a reset
            await ClockCycles(dut.aclk, rng.randrange(20, 200))
            continue
        for _, check in cases:
            frame = await sink.recv()
            if FUNCTION:
                check(unpacked(bytes(frame.tdata)))
            else:
                data = bytes(frame.tdata)
                assert [int.from_bytes(data[n:n + WORD // 8], "little")
                        for n in range(0, len(data), WORD // 8)] == check
        await ClockCycles(dut.aclk, 20)
        assert sink.empty()


class Registers:
    """The registers by their names."""

    def __init__(self, dut):
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.aclk, dut.aresetn,
                                    reset_active_level=False)
        self.table = {each.name: each for each in registers_of(FUNCTION)}

    async def write(self, name, value):
        each = self.table[name]
        done = await self.master.write(each.address, value.to_bytes(4 * each.words, "little"))
        return done.resp

    async def read(self, name):
        each = self.table[name]
        found = await self.master.read(each.address, 4 * each.words)
        assert found.resp == AxiResp.OKAY
        return int.from_bytes(found.data, "little")

    async def call(self, operands):
        for name, value in operands.items():
            assert await self.write(name, value) == AxiResp.OKAY
        assert await self.write("start", 1) == AxiResp.OKAY

    async def results(self):
        while not await self.read("status") & 2:
            pass
        return {name: await self.read(name) for name in FUNCTION.results}


@cocotb.test(skip=not LITE, timeout_time=2, timeout_unit="ms")
async def registers_answer(dut):
    rng, registers = Random(1), Registers(dut)
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, unit="ns").start()
    write, read = registers.master.write_if, registers.master.read_if
    for n, channel in enumerate((write.aw_channel, write.w_channel, write.b_channel,
                                 read.ar_channel, read.r_channel)):
        channel.set_pause_generator(pauses(Random(n)))
    for _ in range(2):
        await reset(dut)
        assert await registers.read("status") == 0
        for _ in range(RUNS // 4 or 1):
            operands, check = case(rng)
            await registers.call(operands)
            check(await registers.results())
            for name, value in operands.items():
                assert await registers.read(name) == value
        # What is written while it is busy changes nothing.
        operands, check = case(rng)
        await registers.call(operands)
        first = next(iter(operands))
        answers = [await registers.write(first, 0)] if await registers.read("status") & 1 else []
        if CORE.unit == "inverter":
            assert answers == [AxiResp.SLVERR]
        check(await registers.results())
        # One byte of a word.
        ones = (1 << FUNCTION.operands[first]) - 1
        await registers.write(first, ones)
        await registers.master.write(registers.table[first].address, b"\x01")
        assert await registers.read(first) == ones - 0xfe
        # What is not there, and what is only read.
        last = next(reversed(FUNCTION.results))
        assert await registers.write(last, 0) == AxiResp.SLVERR
        if (end := registers.table[last].end) < 1 << len(dut.s_axil_araddr):
            assert (await registers.master.read(end, 4)).resp == AxiResp.SLVERR
            assert (await registers.master.write(end, bytes(4))).resp == AxiResp.SLVERR
        # A reset in the middle.
        await registers.call(case(rng)[0])
