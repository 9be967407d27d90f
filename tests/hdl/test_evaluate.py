# amaranth: UnusedElaboratable=no
"""Matrices evaluated within the accelerator: by command, on the adder's multiplier, in the planes
of its mailboxes, from its memory; and on to the transforms."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import PLACE, ROOM, SIZE, Command, Error, Segment, pack
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.evaluate import room_words
from proofmill.hdl.field import BN254_SCALAR, TOY_ROOTS
from proofmill.hdl.presets import (
    STANDARD,
    TOY_SHAPE,
    control_only,
    with_batches,
    with_evaluation,
    with_matrices,
)
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import multiply_words, raw_load_words
from proofmill.sim.evaluation import Entry
from proofmill.sim.evaluator import run
from proofmill.sim.transform import cycles, quotient
from proofmill.sim.verilated import Simulation, build
from tests.choice import slow_but
from tests.hdl.evaluation_runs import Run, random_entries, room_of
from tests.hdl.points import toy_points
from tests.hdl.test_accelerator import converse
from tests.hdl.test_transform import on_the_host
from tests.hdl.test_transform_accelerator import FOLDED
from tests.hdl.words import Expected, Link, answer, header

TOY_EVALUATOR = with_evaluation(TOY_SHAPE)
FEW = replace(TOY_EVALUATOR, mailbox_bits=4, transforms=3)
"""16 places: rows in blocks, wires and coefficients in chunks, transforms in tiles."""
SHAPES = {
    "toy": TOY_EVALUATOR, "few places": FEW, "control": control_only(FEW),
    "folded": with_evaluation(FOLDED), "matrices": with_matrices(TOY_EVALUATOR)}
P = TOY_ROOTS.modulus


def opened(shape):
    return Link(Simulation(build(shape)[1]))


def given(link, run):
    """What an EVALUATE answers, its words loaded before."""
    for words in run.loads:
        assert link.ask(words, 1) == [answer(Command.LOAD)]
    return run.split(link.ask(run.command, run.answers))


def checked(link, one):
    """... compared with the definition: its cycles too, where those are exact."""
    first, values, last, phases = given(link, one)
    wanted = quotient(TOY_ROOTS, one.a, one.b) if one.finish else [*one.a, *one.b]
    assert first == answer(Command.EVALUATE) & ~(1 << 8)
    assert values == (wanted if one.shape.datapath else [0] * len(wanted))
    assert last == answer(Command.EVALUATE)
    model = run(one.room, one.shape.evaluator, one.words, one.witness, one.power,
                direct=one.finish and one.power <= one.shape.transform.power)
    assert (model.results, model.fault) == ([*one.a, *one.b], False)
    if one.finish:
        assert link.counters()["transform"] == cycles(one.shape.transform, one.power)
    return phases, model.phases


@pytest.mark.parametrize("name", slow_but(["toy", "few places"], list(SHAPES)))
def test_between_sums(name):
    """Every size, with and without its transform, before and after sums: neither disturbs the
    other, and what was in the planes before means nothing."""
    shape = SHAPES[name]
    link, rng = opened(shape), Random(1)
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2)
    points = rng.sample(toy_points(Group.G1), 6)
    total = Expected(shape, Group.G1, plan, [rng.randrange(181) for _ in points], points)
    sums = plan.mailboxes <= shape.mailboxes(Group.G1)
    link.load(TOY_CURVE, Group.G1, points)
    for power in range(1, shape.transform.most + 1):
        for finish in (False, True):
            entries, witness = random_entries(
                TOY_ROOTS, power, rng.choice([2, 20, 90]), 10 << power, power)
            phases, model = checked(link, Run(shape, power, entries, witness, finish, address=48))
            if shape.evaluator.interval == 1:
                assert phases == model
        if sums:
            link.multiply(total)
    link.assert_silent()


def test_every_product_of_the_toy_field():
    """Every value times every coefficient, in as many rows as there are."""
    entries = [Entry((wire * 7 + value) % 64, wire, value)
               for wire in range(P) for value in range(P)]
    checked(opened(TOY_EVALUATOR), Run(TOY_EVALUATOR, 5, entries, list(range(P)), False))


def test_edges():
    """No entries, one, one row that has all; and a witness that is zero."""
    link = opened(FEW)
    for entries, witness in (([], [1]), ([Entry(3, 1, 5)], [1, P - 1]),
                             ([Entry(7, n % 40, n % P) for n in range(300)], [P - 1] * 40),
                             ([Entry(n % 8, n, 9) for n in range(20)], [0] * 20)):
        for finish in (False, True):
            checked(link, Run(FEW, 2, entries, witness, finish))


def test_streams_that_stall():
    """In Amaranth's simulator, all streams pausing, in tiles and in place."""
    runs = [Run(FEW, power, *random_entries(TOY_ROOTS, power, 20, 30, power), finish)
            for power, finish in ((4, True), (2, True), (3, False))]
    answers = converse(
        Accelerator(FEW, finishing_program(FEW)),
        [([header(Command.EVALUATION)], 1 + len(ROOM)),
         *(each for one in runs for each in (*((words, 1) for words in one.loads),
                                             (one.command, one.answers)))],
        seed=3, pause=0.3, cycles=60_000)
    assert answers[0] == [answer(Command.EVALUATION),
                          *room_words(FEW).values()]
    for one, words in zip(runs, answers[3::3], strict=True):
        _, values, last, _ = one.split(words)
        assert last == answer(Command.EVALUATE)
        assert values == (quotient(TOY_ROOTS, one.a, one.b) if one.finish else [*one.a, *one.b])


def stored_product(plan, count, at, **fields):
    """The words of a MULTIPLY whose scalars lie in the memory from word `at` on."""
    return multiply_words(Group.G1, plan, [], count=count, words=at, finish=2, **fields)


@pytest.mark.parametrize("name", slow_but(["toy"], ["toy", "control", "folded"]))
def test_sums_of_scalars_in_the_memory(name):
    """As many as there are, zeros among them, between others from the link."""
    shape = SHAPES[name]
    link, rng = opened(shape), Random(2)
    plan = WindowPlan(TOY_CURVE.scalar.bits, 3 if name != "control" else 2)
    if plan.mailboxes > shape.mailboxes(Group.G1):
        shape = control_only(TOY_EVALUATOR)
        link = opened(shape)
    points = [None, *rng.choices(toy_points(Group.G1), k=69)]
    link.load(TOY_CURVE, Group.G1, points)
    for count in (0, 1, 31, 32, 70, 70):
        scalars = [rng.choice([0, 1, rng.randrange(181)]) for _ in range(count)]
        assert link.ask(raw_load_words(1000, scalars), 1) == [answer(Command.LOAD)]
        total = Expected(shape, Group.G1, plan, scalars, points[:count])
        total.check(link.ask(stored_product(plan, count, 1000), total.words))
        found = link.counters()
        link.multiply(total)
        sent = link.counters()
        for same in ("digits", "additions", "skipped"):
            assert found[same] == sent[same]
    link.assert_silent()


@pytest.mark.parametrize("power", [3, 5])
def test_h_stays_in_the_memory_for_its_sum(power):
    """... of a transform in place; A w and B w likewise, side by side."""
    link, shape = opened(TOY_EVALUATOR), TOY_EVALUATOR
    plan, points = WindowPlan(TOY_CURVE.scalar.bits, 3), toy_points(Group.G1)[:2 << power]
    link.load(TOY_CURVE, Group.G1, points)
    entries, witness = random_entries(TOY_ROOTS, power, 20, 90, power)
    for finish in (True, False):
        one = Run(shape, power, entries, witness, finish, address=1000, stays=True)
        first, values, last, _ = given(link, one)
        assert (first & 0xff, values, last) == (Command.EVALUATE, [], answer(Command.EVALUATE))
        results = quotient(TOY_ROOTS, one.a, one.b) if finish else [*one.a, *one.b]
        total = Expected(shape, Group.G1, plan, results, points[:len(results)])
        total.check(link.ask(stored_product(plan, len(results), one.behind), total.words))


def test_h_of_tiles_stays_before_them():
    """In Amaranth's simulator, whose memory may be looked into; what is beyond it is refused."""
    one = Run(FEW, 4, *random_entries(TOY_ROOTS, 4, 9, 20, 1), True, stays=True)
    memory, end = {}, one.behind + 64
    dut = Accelerator(FEW, finishing_program(FEW), memory_words=end)
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2, at_once=1)
    answers = converse(dut, [
        *((words, 1) for words in one.loads), (one.command, one.answers),
        (stored_product(plan, 2, end - 1, windows=1), 1),
        ([header(Command.EVALUATION)], 1 + len(ROOM))],
        seed=1, pause=0, cycles=30_000, memory=memory)
    assert one.split(answers[2])[2] == answer(Command.EVALUATE)
    assert [memory[one.behind + n] for n in range(16)] == quotient(TOY_ROOTS, one.a, one.b)
    assert answers[3] == [answer(Command.MULTIPLY, error=Error.MEMORY)]
    assert answers[4][0] == answer(Command.EVALUATION)


def segment(kind, at, count, first=0):
    return [kind | at << 8 | count << 32, first]


@pytest.mark.parametrize("finish", [False, True], ids=["sums", "transform"])
def test_what_is_no_program(finish):
    """As many results come as are wanted, zeros for those that are missing, and a fault."""
    link = opened(FEW)
    whole = segment(Segment.ROWS, 0, 8)
    for words in ([], [4], segment(0, 0, 8), segment(5, 0, 8), segment(Segment.ROWS, 0, 9),
                  segment(Segment.ROWS, 0, 7), [*whole, *whole], [*whole, 0],
                  segment(Segment.NUMBERS, 3, 1), segment(Segment.ENTRIES, 0, 2),
                  [*segment(Segment.ENTRIES, 0, 1), 0, *whole],
                  segment(Segment.WIRES, 0, 3), segment(Segment.WIRES, 0, 1, 2),
                  segment(Segment.WIRES, 0, 0xffffffff, 0xffffffff)):
        one = Run(FEW, 2, [], [5, 6], finish, words=words)
        _, values, last, phases = given(link, one)
        model = run(one.room, FEW.evaluator, words, one.witness, 2)
        assert model.fault and last == answer(Command.EVALUATE, error=Error.EVALUATION)
        assert values == [0] * len(values)
        assert {name: phases[name] for name in ("brought", "evaluated")} == {
            name: model.phases[name] for name in ("brought", "evaluated")}
    checked(link, Run(FEW, 2, *random_entries(TOY_ROOTS, 2, 20, 30, 1), finish))


def test_what_is_not_possible_is_refused_and_all_of_it_taken():
    """Sizes that are not there, words and places that do not fit, and a memory that ends before."""
    one = Run(FEW, 4, *random_entries(TOY_ROOTS, 4, 9, 20, 1), True)
    end = 400
    dut = Accelerator(FEW, finishing_program(FEW), memory_words=end)

    def with_word(place, layout, following=0, **fields):
        return [*one.command[:place], pack(layout, **fields), *one.command[place + 1:],
                *[7] * following]

    bad = [with_word(4, SIZE, power=power) for power in (0, 6, 1 << 31)]
    bad += [[header(Command.EVALUATE, finish=3), *one.command[1:]]]
    bad += [with_word(4, SIZE, 3, power=4, words=3), with_word(3, PLACE, address=300, count=0),
            with_word(3, PLACE, address=300, count=47)]
    beyond = [with_word(place, PLACE, address=end + 1 - count, count=count)
              for place, count in ((1, len(one.words)), (2, 9), (3, 48))]
    answers = converse(dut, [*((words, 1) for words in (*bad, *beyond, *one.loads)),
                             (one.command, one.answers)], seed=1, pause=0, cycles=60_000)
    assert answers[:7] == [[answer(Command.EVALUATE, error=Error.EVALUATION)]] * 7
    assert answers[7:10] == [[answer(Command.EVALUATE, error=Error.MEMORY)]] * 3
    assert one.split(answers[-1])[1] == quotient(TOY_ROOTS, one.a, one.b)


def test_a_reset_in_the_middle():
    link = opened(FEW)
    one = Run(FEW, 4, *random_entries(TOY_ROOTS, 4, 30, 90, 1), True)
    for wait in (0, 30, 200, 500, 900, 2000):
        for words in one.loads:
            link.ask(words, 1)
        link.ask(one.command, 0)
        link.simulation.exchange(one.command[:0], 0, wait)
        link.simulation.reset()
        checked(link, one)


def test_gateware_without_evaluation_says_so():
    link = opened(TOY_SHAPE)
    for command in (Command.EVALUATION, Command.EVALUATE):
        assert link.ask([header(command)], 1) == [
            answer(command, error=Error.UNKNOWN_COMMAND)]


def test_shapes_that_cannot_be():
    with pytest.raises(ValueError, match="evaluated for transforms, and there are none"):
        replace(TOY_SHAPE, evaluation=True)


IN_BATCHES = replace(with_evaluation(with_batches(STANDARD)), mailbox_bits=9, transforms=8)
"""... with batches, whose memory answers two words in a cycle, and few places."""


@pytest.mark.slow
@pytest.mark.parametrize("shape, sizes", [
    (with_evaluation(STANDARD), ((1, 40), (5, 900), (13, 12_000))),
    (IN_BATCHES, ((1, 40), (5, 300), (9, 900), (11, 900)))], ids=["standard", "batches"])
def test_full_width(shape, sizes):
    """The standard accelerator: edges and random values, in place and in tiles; from a memory that
    answers two words in a cycle they move in as many fewer."""
    link = opened(shape)
    assert room_of(shape).places == shape.mailbox_bits
    for power, wires in sizes:  # more than there are places
        entries, witness = random_entries(BN254_SCALAR, power, wires, 2 * wires, power)
        one = Run(shape, power, entries, witness, True, address=8)
        _, h, last, phases = given(link, one)
        assert last == answer(Command.EVALUATE) and h == on_the_host(one.a, one.b)
        assert phases == run(one.room, shape.evaluator, one.words, one.witness, power,
                             direct=power <= shape.transforms).phases
        moved, values = link.counters()["moved"], 4 << power
        if power > shape.transforms:
            words = (8 // shape.port_words + 7) * values
            assert words <= moved <= 1.2 * words
