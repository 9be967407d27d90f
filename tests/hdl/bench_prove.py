"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from random import Random

import cocotb

from proofmill.hdl.commands import COUNTERS, ROOM, Command, Error
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.evaluate import room_words
from proofmill.sim.commands import raw_load_words
from proofmill.sim.evaluator import prove_words
from tests.cocotb_streams import Stream, start
from tests.hdl.cocotb_memory import memory
from tests.hdl.test_finish_verilated import file_words
from tests.hdl.test_prove import SCALARS, SCRIPT, SHAPE, Proof
from tests.hdl.words import answer, header

PAUSE = float(os.environ["PAUSE"])


@cocotb.test(timeout_time=400, timeout_unit="us")
async def a_proof_is_the_definitions(dut):
    """Twice under one key, with what is refused between; the memory has a witness and what stays
    where they belong, and nothing else has changed."""
    rng, words = Random(cocotb.RANDOM_SEED), {}
    commands, answers = Stream(dut, "commands"), Stream(dut, "answers")
    await start(dut, commands.valid, commands.payload, answers.ready, dut.points__valid,
                dut.points__payload, dut.requests__ready, dut.writes__ready)
    cocotb.start_soon(memory(dut, words, Random(rng.random()), PAUSE))

    async def ask(asked, count):
        sending = cocotb.start_soon(commands.send(asked, Random(rng.random()), PAUSE))
        received = await answers.receive(count, Random(rng.random()), PAUSE)
        await sending
        return received

    assert await ask([header(Command.EVALUATION)], 1 + len(ROOM)) == [
        answer(Command.EVALUATION), *room_words(SHAPE).values()]
    proof = Proof(power=2)
    for load in proof.loads:
        assert await ask(load, 1) == [answer(Command.LOAD)]
    before = dict(words)
    for _ in range(2):
        proof.check(await ask(proof.prove, proof.answers))
        assert [words[SCALARS + n] for n in range(len(proof.data))] == proof.data
        stay = [file_words(TOY_CURVE, Group.G1, point) for point in proof.sums()[1:3]]
        assert [words[proof.kept + n] for n in range(2 * proof.point_words)] == sum(stay, [])
        own = {*range(SCALARS, SCRIPT), *range(proof.kept, proof.kept + 2 * proof.point_words)}
        assert {at: word for at, word in words.items() if at not in own} == {
            at: word for at, word in before.items() if at not in own}
        # The words of a command that end within it, and one that is none.
        cut = raw_load_words(SCRIPT + 500, [header(Command.COUNTERS), *proof.commands[:3]])
        assert await ask(cut, 1) == [answer(Command.LOAD)]
        found = await ask([*prove_words((SCALARS, 1), (SCRIPT + 500, 4)), 9], 3 + len(COUNTERS))
        assert found[:1] + found[-2:] == [answer(Command.COUNTERS), *(
            answer(each, error=Error.MEMORY) for each in (Command.EVALUATE, Command.PROVE))]
        before |= {at: words[at] for at in range(SCRIPT + 500, SCRIPT + 504)}
