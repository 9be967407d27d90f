"""Runs inside the Verilog simulator; test_card.py starts it."""

import os
from itertools import cycle
from random import Random

import cocotb
from cocotb.clock import Clock
from cocotb.handle import Force, Release
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import (
    AxiBus,
    AxiLiteBus,
    AxiLiteMaster,
    AxiRam,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from proofmill.hdl.card import COUNT, FIRST, STRIDE, TABLE
from proofmill.hdl.commands import IDENTITY, WORD, Command, Error
from proofmill.hdl.curve import Group
from proofmill.sim.commands import load_words, multiply_words
from tests.hdl.points import toy_points
from tests.hdl.test_card import CARDS, WORDS
from tests.hdl.words import Expected, answer, header, patterns, plan_for

NAME = os.environ["CARD"]
PAUSE = float(os.environ["PAUSE"])
SHAPE, ACCELERATORS = CARDS[NAME]
CURVE = SHAPE.adder.curve
ADDRESS = {each.name: each.address for each in TABLE}


def pauses(rng):
    """Cycles that are let pass, for cocotbext's generators."""
    return (rng.random() < PAUSE for _ in cycle([None]))


def hold(channel):
    """It pauses until somebody ends that."""
    channel.clear_pause_generator()
    channel.pause = True


class Host:
    """The other side of all ports; memories are `AxiRam`s of one size, one a channel."""

    def __init__(self, dut, rng):
        self.dut, self.rng = dut, rng
        dut._log.setLevel("WARNING")  # the buses' models tell of every transfer
        Clock(dut.aclk, 10, unit="ns").start()
        reset = {"clock": dut.aclk, "reset": dut.aresetn, "reset_active_level": False}
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), **reset)
        self.rams, self.sources, self.sinks = [], [], []
        for n in range(ACCELERATORS):
            ram = AxiRam(AxiBus.from_prefix(dut, f"m_axi{n}"), size=ACCELERATORS * WORDS * 8,
                         **reset)
            self.rams.append(ram)
            self.sources.append(AxiStreamSource(
                AxiStreamBus.from_prefix(dut, f"s_axis{n}"), byte_lanes=1, **reset))
            self.sinks.append(AxiStreamSink(
                AxiStreamBus.from_prefix(dut, f"m_axis{n}"), byte_lanes=1, **reset))
            if PAUSE:
                for channel in (ram.write_if.aw_channel, ram.write_if.w_channel,
                                ram.write_if.b_channel, ram.read_if.ar_channel,
                                ram.read_if.r_channel, self.sources[n], self.sinks[n]):
                    channel.set_pause_generator(pauses(Random(rng.random())))

    async def reset(self):
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 4)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 2)

    async def ask(self, n, words, count):
        """`words` in, so many answers out."""
        await self.sources[n].send(AxiStreamFrame(list(words)))
        found = []
        while len(found) < count:
            found += (await self.sinks[n].recv()).tdata
        assert len(found) == count
        return found

    async def register(self, n, name):
        return await self.lite.read_dword(FIRST + n * STRIDE + ADDRESS[name])

    async def session(self, n):
        """Begin anew, and wait until that is over; what is left of before is thrown away."""
        await self.lite.write_dword(FIRST + n * STRIDE + ADDRESS["session"], 1)
        self.rams[n].read_if.r_channel.pause = False
        for _ in range(300):
            if not await self.register(n, "status") & 1:
                break
        else:
            raise AssertionError("the memory does not come to rest")
        await ClockCycles(self.dut.aclk, 10)
        self.sinks[n].clear()

    async def rest(self, n):
        """Until all that is written has been acknowledged."""
        while not await self.register(n, "status") & 2:
            pass

    def word(self, n, address):
        """What the memory of accelerator n holds there, as the bus addresses it."""
        return int.from_bytes(self.rams[n].read((n * WORDS + address) * 8, 8), "little")


def small_sum(points, scalars):
    """(The words of LOAD, those of MULTIPLY, what is to come) in G1."""
    group, plan = Group.G1, plan_for(SHAPE, 3)
    return (load_words(CURVE, group, points, unit=SHAPE.unit(group)),
            multiply_words(group, plan, scalars), Expected(SHAPE, group, plan, scalars, points))


async def sums(host, n, rng, kinds=2):
    """LOAD and MULTIPLY at once in all groups, checked: what is read has just been written."""
    for group, window, address in ((Group.G1, 3, 506), (Group.G2, 2, 0)):
        plan = plan_for(SHAPE, window)
        points = [None, *rng.choices(toy_points(group), k=7)]
        load = load_words(CURVE, group, points, address, SHAPE.unit(group))
        for scalars in list(patterns(CURVE.scalar.modulus, len(points), window).values())[:kinds]:
            run = Expected(SHAPE, group, plan, scalars, points)
            multiply = multiply_words(group, plan, scalars, address=address)
            first, *found = await host.ask(n, [*load, *multiply], 1 + run.words)
            assert first == answer(Command.LOAD)
            run.check(found)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def answers_match_the_definition(dut):
    rng = Random(cocotb.RANDOM_SEED)
    host = Host(dut, rng)
    await host.reset()
    assert await host.lite.read_dword(COUNT.address) == ACCELERATORS

    async def one(n):
        assert (await host.ask(n, [header(Command.IDENTIFY)], 1 + len(IDENTITY)))[0] == answer(
            Command.IDENTIFY)
        assert await host.ask(n, [header(200)], 1) == [answer(200, error=Error.UNKNOWN_COMMAND)]
        await sums(host, n, Random(n))

    running = [cocotb.start_soon(one(n)) for n in range(ACCELERATORS)]
    for each in running:
        await each
    for n in range(ACCELERATORS):
        assert await host.register(n, "status") == 0b10
        assert await host.register(n, "commands") > await host.register(n, "answers") > 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def every_word_lies_where_it_was_put(dut):
    """Over pages and beats, whole and in part; and the memory has each once it is answered."""
    rng = Random(cocotb.RANDOM_SEED)
    host = Host(dut, rng)
    await host.reset()
    for n in range(ACCELERATORS):
        held = {}
        for address, count in ((0, 1), (3, 2), (510, 5), (505, 40), (1021, 3), (WORDS - 9, 9),
                               (1, 1), (507, 2), (1017, 1)):
            values = [rng.getrandbits(WORD) for _ in range(count)]
            words = [header(Command.LOAD), address | count << 32, *values]
            assert await host.ask(n, words, 1) == [answer(Command.LOAD)]
            held |= dict(enumerate(values, address))
        await host.rest(n)
        assert {address: host.word(n, address) for address in held} == held
        assert await host.ask(n, [header(Command.LOAD), WORDS - 1 | 2 << 32, 1, 2], 1) == [
            answer(Command.LOAD, error=Error.MEMORY)]


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def what_is_read_has_been_written(dut):
    """... and acknowledged, however long the memory takes."""
    host = Host(dut, Random(cocotb.RANDOM_SEED))
    await host.reset()
    last = ACCELERATORS - 1
    load, multiply, run = small_sum(toy_points(Group.G1)[:8], [1] * 8)
    asking = cocotb.start_soon(host.ask(last, [*load, *multiply], 1 + run.words))
    write = host.rams[last].write_if
    hold(write.w_channel)
    hold(write.b_channel)
    for channel in (write.w_channel, write.b_channel):
        for _ in range(400):
            await RisingEdge(dut.aclk)
            assert getattr(dut, f"m_axi{last}_arvalid").value == 0
        channel.pause = False
    first, *found = await asking
    assert first == answer(Command.LOAD)
    run.check(found)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def a_new_session_forgets_what_was_under_way(dut):
    """... wherever it was, and the other accelerators go on; so after a reset of all."""
    rng = Random(cocotb.RANDOM_SEED)
    host = Host(dut, rng)
    await host.reset()
    last = ACCELERATORS - 1
    points = rng.choices(toy_points(Group.G1), k=8)
    load, words, run = small_sum(points, [rng.randrange(CURVE.scalar.modulus) for _ in points])
    for part in (load[:7], words[:6], words[:-1], words):
        assert await host.ask(last, load, 1) == [answer(Command.LOAD)]
        other = cocotb.start_soon(sums(host, 0, Random(5), 1)) if last else None
        if part is words:
            hold(host.rams[last].read_if.r_channel)  # what was asked for is under way
        await host.sources[last].send(AxiStreamFrame(part))
        await host.sources[last].wait()
        await ClockCycles(dut.aclk, rng.randrange(80))
        await host.session(last)
        if other is not None:
            await other
        if part == load[:7]:  # it wrote a part of the points
            continue
        run.check(await host.ask(last, words, run.words))
    await host.sources[last].send(AxiStreamFrame(words[:-2]))
    await host.sources[last].wait()
    await ClockCycles(dut.aclk, 20)
    await host.reset()
    for each in (*host.sources, *host.sinks):
        each.clear()
    await sums(host, last, rng, 1)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def faults_and_wrong_registers_are_told(dut):
    host = Host(dut, Random(cocotb.RANDOM_SEED))
    await host.reset()
    last = ACCELERATORS - 1
    for address in (4, FIRST + ADDRESS["status"], FIRST + ACCELERATORS * STRIDE - 4):
        written = await host.lite.write(address, b"\1\0\0\0")
        assert written.resp == AxiResp.SLVERR
    read = await host.lite.read(FIRST + ACCELERATORS * STRIDE - 4, 4)
    assert read.resp == AxiResp.SLVERR
    load, multiply, run = small_sum(toy_points(Group.G1)[:8], [1] * 8)
    for name, bit, words, answers in (("bresp", 8, load, 1), ("rresp", 4, multiply, run.words)):
        assert not await host.register(last, "status") & bit
        response = getattr(dut, f"m_axi{last}_{name}")
        response.value = Force(2)
        await host.ask(last, words, answers)
        await host.rest(last)
        response.value = Release()
        assert await host.register(last, "status") & bit
    await host.reset()
    assert not await host.register(last, "status") & 0b1100
