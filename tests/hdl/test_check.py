"""Programs whose results have to be zero, run within the accelerator: by command, on the adder's
multiplier, in the planes of its mailboxes, from its memory."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import ANSWER, COUNTERS, PLACE, Command, Error, pack, unpack
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.presets import (
    STANDARD,
    TOY_SHAPE,
    control_only,
    with_batches,
    with_check,
    with_evaluation,
)
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.evaluator import prove_words
from proofmill.sim.verilated import Simulation, build
from tests.choice import slow_but
from tests.hdl.check_runs import Run
from tests.hdl.points import toy_points
from tests.hdl.test_accelerator import converse
from tests.hdl.test_transform_accelerator import FOLDED
from tests.hdl.words import Expected, Link, answer, header

SHAPE = with_check(TOY_SHAPE)
BATCHES = with_check(with_batches(TOY_SHAPE, pairs=16))
SHAPES = {"toy": SHAPE, "batches": BATCHES, "folded": with_check(FOLDED),
          "bn254": with_check(with_batches(STANDARD))}
"""The last has a memory that answers two words in a cycle."""


def opened(shape):
    return Link(Simulation(build(shape)[1]))


def loaded(link, run):
    for words in run.loads:
        assert link.ask(words, 1) == [answer(Command.LOAD)]


def said(link, run):
    """(the error, cycles) of a CHECK."""
    found = unpack(ANSWER, link.ask(run.command, 1)[0])
    assert (found["command"], found["last"], found["unit"]) == (Command.CHECK, 1, 0)
    return found["error"], found["group"]


@pytest.mark.parametrize("name", slow_but(["toy", "batches"], list(SHAPES)))
def test_right_and_wrong(name):
    """Each result changed alone, and in as many cycles without a datapath: where a multiplier takes
    operands now and then, but for those until it first does."""
    shape = SHAPES[name]
    link, control = opened(shape), opened(control_only(shape))
    interval = shape.adder.multiplier.interval

    def is_said(link, run, wanted, cycles):
        error, others = said(link, run)
        assert error == wanted and abs(others - cycles) < interval

    for seed in range(6):
        run = Run(shape, seed, steps=8 + 8 * seed)
        loaded(link, run)
        loaded(control, run)
        error, cycles = said(link, run)
        assert error == Error.NONE
        assert cycles > run.places[0][1]
        is_said(control, run, Error.NONE, cycles)
        for wrong in range(1, len(run.results) + 1):
            assert link.ask(run.load_inputs(wrong), 1) == [answer(Command.LOAD)]
            is_said(link, run, Error.PROOF, cycles)
        assert link.ask(run.load_inputs(0), 1) == [answer(Command.LOAD)]
        is_said(link, run, Error.NONE, cycles)
    link.assert_silent()


@pytest.mark.parametrize("name, batched", [("toy", 0), ("batches", 2)])
def test_between_sums(name, batched):
    """Neither disturbs the other, and what was in the planes before means nothing."""
    shape = SHAPES[name]
    link, rng, run = opened(shape), Random(1), Run(shape, 3)
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2, batched=batched)
    points = rng.sample(toy_points(Group.G1), 40)
    total = Expected(shape, Group.G1, plan, [rng.randrange(181) for _ in points], points)
    loaded(link, run)
    found = said(link, run)
    for _ in range(2):
        link.load_copies(TOY_CURVE, Group.G1, plan, points, shape.unit(Group.G1))
        link.multiply(total)
        assert (link.counters()["batches"] > 0) == (batched > 0)
        assert said(link, run) == found
    assert link.ask([header(Command.RESET)], 1) == [answer(Command.RESET)]
    assert said(link, run) == found


def test_what_is_refused():
    link, run = opened(SHAPE), Run(SHAPE, 1)
    loaded(link, run)
    head, program, inputs, key = run.command
    none = pack(PLACE, address=0, count=0)
    for words in ([head, none, inputs, key],
                  [head, program, inputs, pack(PLACE, address=0, count=64)]):
        assert link.ask(words, 1) == [answer(Command.CHECK, error=Error.CHECK)]
    assert link.ask([header(Command.CHECK)], 1) == [
        answer(Command.CHECK, unit=SHAPE.mailbox_bits)]
    assert said(link, run)[0] == Error.NONE


def test_any_program_ends():
    """Words at random: what they say is nobody's, but it is said, and the next check is right."""
    link, control, run = opened(SHAPE), opened(control_only(SHAPE)), Run(SHAPE, 2)
    for seed in range(8):
        rng = Random(seed)
        words = [rng.getrandbits(64) for _ in range(2 * rng.randrange(1, 40))]
        link.ask([header(Command.LOAD), pack(PLACE, address=0, count=len(words)), *words], 1)
        control.ask([header(Command.LOAD), pack(PLACE, address=0, count=len(words)), *words], 1)
        loaded(link, run)
        command = [run.command[0], pack(PLACE, address=0, count=len(words)), *run.command[2:]]
        one, other = (unpack(ANSWER, each.ask(command, 1)[0]) for each in (link, control))
        assert one["error"] in (Error.NONE, Error.PROOF)
        assert one["group"] == other["group"]
        assert said(link, run)[0] == Error.NONE


def test_within_a_proof():
    """As one of the commands of a PROVE, whose last it is where it finds something wrong."""
    link, run = opened(SHAPE), Run(SHAPE, 4)
    loaded(link, run)
    script = [*run.command, header(Command.COUNTERS)]
    link.ask([header(Command.LOAD), pack(PLACE, address=0, count=len(script)), *script], 1)
    (inputs, size), end = run.places[1], answer(Command.PROVE)
    cycles = said(link, run)[1]
    words = link.ask([*prove_words((inputs, size), (0, len(script))), *run.words(0)],
                     2 + len(COUNTERS) + 1)
    assert words[:2] == [answer(Command.CHECK, group=cycles), answer(Command.COUNTERS)]
    assert words[-1] == end
    for wrong in range(1, 4):
        words = link.ask([*prove_words((inputs, size), (0, len(script))), *run.words(wrong)], 2)
        assert words == [answer(Command.CHECK, error=Error.PROOF, group=cycles),
                         answer(Command.PROVE, error=Error.PROOF)]
    for there in range(1, len(run.command)):  # its words end before it does
        words = link.ask([*prove_words((inputs, size), (0, there)), *run.words(0)], 2)
        assert words == [answer(each, error=Error.MEMORY)
                         for each in (Command.CHECK, Command.PROVE)]
    link.assert_silent()


def test_where_the_memory_ends():
    """In Amaranth's simulator: a place that the memory has not."""
    run = Run(SHAPE, 1, steps=4, address=0)
    size = sum(count + count % 2 for _, count in run.places)
    dut = Accelerator(SHAPE, finishing_program(SHAPE), memory_words=size)
    address, count = run.places[2]
    beyond = [*run.command[:3], pack(PLACE, address=address + 2, count=count)]
    exchanges = [*((load, 1) for load in run.loads), (beyond, 1), (run.command, 1)]
    *found, last = converse(dut, exchanges, seed=1, pause=0.2, cycles=4000)
    assert found == [[answer(Command.LOAD)]] * 3 + [[answer(Command.CHECK, error=Error.MEMORY)]]
    assert unpack(ANSWER, last[0])["error"] == Error.NONE


def test_it_is_a_command_only_where_there_is_a_check():
    link = opened(with_evaluation(TOY_SHAPE))
    assert link.ask([header(Command.CHECK)], 1) == [
        answer(Command.CHECK, error=Error.UNKNOWN_COMMAND)]


def test_shapes_that_check_nothing():
    with pytest.raises(ValueError, match="a proof is checked where one can be made"):
        replace(TOY_SHAPE, check=True)
    with pytest.raises(ValueError, match="does not fit 64 bits; take at most 11 row_bits"):
        replace(SHAPE.checker, row_bits=12)
    assert with_check(STANDARD).checker.row_bits == 11 < STANDARD.mailbox_bits
