# amaranth: UnusedElaboratable=no
"""A proof's commands from the accelerator's memory: PROVE, in compiled Verilog and in Amaranth's
simulator."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import (
    COUNTERS,
    HEADER,
    PHASES,
    PLACE,
    ROOM,
    Command,
    Error,
    multiply_head,
    pack,
)
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.evaluate import room_words
from proofmill.hdl.field import TOY_ROOTS
from proofmill.hdl.presets import (
    STANDARD,
    TOY_SHAPE,
    control_only,
    with_batches,
    with_evaluation,
    with_one_way,
)
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words, raw_load_words, stored_words
from proofmill.sim.curve import equation
from proofmill.sim.evaluator import prove_words
from proofmill.sim.msm import multi_scalar_product
from proofmill.sim.transform import quotient
from proofmill.sim.verilated import Simulation, build
from tests.hdl.evaluation_runs import Run, random_entries
from tests.hdl.points import toy_points
from tests.hdl.test_accelerator import converse
from tests.hdl.test_finish_verilated import file_words
from tests.hdl.words import Link, answer, header

SHAPE = with_evaluation(TOY_SHAPE)
IN_BATCHES = with_evaluation(with_batches(TOY_SHAPE, pairs=16))
SCALARS, POINTS, SCRIPT = 1000, 2000, 3000
"""Where a witness lies, before h; points; and commands, before what stays."""

PLAN = WindowPlan(TOY_CURVE.scalar.bits, 3)
AS_ANSWERED = 8
"""In `finish`: points lie in the memory as answers have them."""


class Proof:
    """A proof in small: h of a witness, the sum of h, two of the witness that stay, and one of
    those with the numbers behind the witness; by commands that lie in the memory."""

    def __init__(self, shape=SHAPE, seed=1, power=3, plan=PLAN):
        rng = Random(seed)
        self.shape, self.power, self.law = shape, power, equation(TOY_CURVE, Group.G1)
        entries, witness = random_entries(TOY_ROOTS, power, 12, 40, seed)
        self.points = [None, *rng.choices(toy_points(Group.G1), k=39)]
        self.numbers = [rng.randrange(181), 1]
        self.run = Run(shape, power, entries, witness, True)
        run = self.run
        self.data = [*witness, *self.numbers]
        self.h = h = SCALARS + len(self.data)
        size = len(run.words)
        evaluation = [*run.command]
        evaluation[0] = header(Command.EVALUATE, finish=3)
        evaluation[1] = pack(PLACE, address=0, count=size)
        evaluation[2] = pack(PLACE, address=SCALARS, count=len(witness))
        evaluation[3] = pack(PLACE, address=h, count=len(witness) and (
            1 << power) + shape.transform.room(power))

        self.passes, command = len(plan.passes), len(multiply_head(Group.G1, plan)) + 1
        self.kept = kept = SCRIPT + len(evaluation) + 4 * self.passes * command

        def product(count, scalars, points, finish, one):
            own = plan
            if shape.sums_answers and points == kept:
                own, finish = replace(plan, batched=0), finish | AS_ANSWERED
            return multiply_head(
                Group.G1, own, count=count, words=scalars, finish=finish, address=points,
                first=one[0], windows=one[1])

        sums = [(1 << power, h, POINTS, 3), (12, SCALARS, POINTS, 7),
                (12, SCALARS, POINTS + 8 * TOY_CURVE.point_words(Group.G1), 7),
                (2, SCALARS + 12, kept, 3)]
        self.commands = [*evaluation, *(
            word for each in sums for one in reversed(plan.passes)
            for word in (*product(*each, one), header(Command.COUNTERS)))]
        assert SCRIPT + len(self.commands) == kept
        self.loads = [
            raw_load_words(0, run.words),
            load_words(TOY_CURVE, Group.G1, self.points, POINTS, shape.unit(Group.G1)),
            raw_load_words(SCRIPT, self.commands)]
        self.prove = [*prove_words((SCALARS, len(self.data)), (SCRIPT, len(self.commands))),
                      *self.data]
        self.point_words = 2 * TOY_CURVE.words
        self.answers = 2 + len(PHASES) + 4 * (
            self.passes * (2 + len(COUNTERS)) + self.point_words) + 1

    def sums(self):
        found = quotient(TOY_ROOTS, self.run.a, self.run.b)
        sums = [multi_scalar_product(self.law, scalars, points) for scalars, points in (
            (found, self.points[:len(found)]), (self.data[:12], self.points[:12]),
            (self.data[:12], self.points[8:20]))]
        return [*sums, multi_scalar_product(self.law, self.numbers, sums[1:])]

    def check(self, words):
        """... of a PROVE's answer; all counters."""
        assert words[0] == answer(Command.EVALUATE) & ~(1 << 8)
        assert words[1] == answer(Command.EVALUATE)
        phases, at, counters = words[2:2 + len(PHASES)], 2 + len(PHASES), []
        for wanted in self.sums():
            for left in range(self.passes - 1, -1, -1):
                assert words[at] == answer(Command.MULTIPLY)
                at += 1
                if not left:
                    point = words[at:at + self.point_words]
                    at += self.point_words
                    if self.shape.datapath:
                        assert point == file_words(TOY_CURVE, Group.G1, wanted)
                assert words[at] == answer(Command.COUNTERS)
                counters.append(words[at + 1:at + 1 + len(COUNTERS)])
                at += 1 + len(COUNTERS)
        assert words[at:] == [answer(Command.PROVE)]
        return [phases, *counters]


def opened(shape):
    return Link(Simulation(build(shape)[1]))


def loaded(link, proof):
    for words in proof.loads:
        assert link.ask(words, 1) == [answer(Command.LOAD)]


@pytest.mark.parametrize("shape", [SHAPE, IN_BATCHES])
def test_a_proof_by_one_command(shape):
    """Twice, with other things between: and only the PROVE's own words go over the link."""
    link, batched = opened(shape), int(shape.batch is not None)
    for seed, power, at_once in ((1, 3, 0), (2, 5, 0), (3, 4, 2)):
        proof = Proof(shape, seed=seed, power=power, plan=WindowPlan(
            TOY_CURVE.scalar.bits, 3, at_once=at_once, batched=batched))
        loaded(link, proof)
        assert len(proof.prove) == 3 + len(proof.data)
        first = proof.check(link.ask(proof.prove, proof.answers))
        assert any(each[COUNTERS.index("batched")] for each in first[1:-1]) == bool(batched)
        assert link.ask([header(Command.RESET)], 1) == [answer(Command.RESET)]
        assert proof.check(link.ask(proof.prove, proof.answers)) == first
    link.assert_silent()


def test_the_commands_one_by_one():
    """What each of them counts is what it counts over the link, but for a cycle a word that stays,
    between the words of a point."""
    link, proof = opened(SHAPE), Proof()
    loaded(link, proof)
    assert link.ask(raw_load_words(SCALARS, proof.data), 1) == [answer(Command.LOAD)]
    by_prove = proof.check(link.ask(proof.prove, proof.answers))
    first = link.ask(proof.commands[:5], 2 + len(PHASES))
    assert first[2:] == by_prove[0]
    words, size = proof.commands[5:], len(multiply_head(Group.G1, PLAN)) + 1
    counted = []
    for n in range(0, 3 * size, size):
        command = words[n:n + size]
        command[0] &= ~pack(HEADER, finish=4)  # which is a proof's alone
        command[-1:] = []
        assert link.ask(command, 1 + proof.point_words)[0] == answer(Command.MULTIPLY)
        found = link.counters()
        found["finish"] += (proof.point_words - 1) * (n > 0)
        counted.append([*found.values()])
    assert counted == by_prove[1:4]


def test_the_control_alone_takes_the_same_cycles():
    """... where what it has no values for is put into its memory between parts of the commands."""
    link, proof = opened(SHAPE), Proof()
    loaded(link, proof)
    wanted = proof.check(link.ask(proof.prove, proof.answers))
    blind = opened(control_only(SHAPE))
    loaded(blind, proof)
    size = 10
    sums = proof.sums()
    found, ends = [], [5, 5 + 3 * size, 5 + 4 * size]
    for number, (start, end, data, stands) in enumerate((
            (0, ends[0], proof.data, (proof.h, quotient(TOY_ROOTS, proof.run.a, proof.run.b))),
            (ends[0], ends[1], [], (proof.kept, stored_words(TOY_CURVE, Group.G1, sums[1:3]))),
            (ends[1], ends[2], [], None))):
        at = SCRIPT + 200 * (number + 1)  # what stays would lie where the next part does
        assert blind.ask(raw_load_words(at, proof.commands[start:end]), 1) == [
            answer(Command.LOAD)]
        count = 2 + len(PHASES) if start == 0 else (end - start) // size * (
            2 + len(COUNTERS) + proof.point_words)
        words = blind.ask([*prove_words((SCALARS, len(data)), (at, end - start)), *data],
                          count + 1)
        assert words[-1] == answer(Command.PROVE)
        found += words[:-1]
        if stands:
            assert blind.ask(raw_load_words(*stands), 1) == [answer(Command.LOAD)]
    dark = Proof(control_only(SHAPE))
    assert dark.check([*found, answer(Command.PROVE)]) == wanted


def refused(command, error):
    return answer(command, error=error)


def test_what_may_not_be_is_answered_and_ends_it():
    """Commands that take words, or cannot be carried out: and the next PROVE finds all in order."""
    link, proof = opened(SHAPE), Proof()
    loaded(link, proof)
    reset = [header(Command.RESET), header(Command.COUNTERS)]
    fields = {"count": 2, "words": SCALARS, "address": POINTS}
    evaluation = list(proof.commands[:5])
    evaluation[4] |= 3 << 32
    for commands, first in (
            ([], None), (reset, refused(Command.RESET, Error.UNKNOWN_COMMAND)),
            ([header(Command.PROVE), 0, 0], refused(Command.PROVE, Error.UNKNOWN_COMMAND)),
            ([header(Command.LOAD), 0, 0], refused(Command.LOAD, Error.UNKNOWN_COMMAND)),
            (multiply_head(Group.G1, PLAN, **fields, window=1),
             refused(Command.MULTIPLY, Error.WINDOW)),
            (multiply_head(Group.G1, PLAN, **fields, finish=4),
             refused(Command.MULTIPLY, Error.FINISH)),
            (evaluation, refused(Command.EVALUATE, Error.EVALUATION)),
            # The words end within a command: behind its header, before its last word.
            *((words[:end], refused(command, Error.MEMORY)) for command, words in (
                (Command.EVALUATE, proof.commands[:5]),
                (Command.MULTIPLY, proof.commands[5:14])) for end in (1, 2, len(words) - 1))):
        whole = not first or first >> 16 & 0xff != Error.MEMORY
        commands = [*commands, *reset] if first and whole else commands
        assert link.ask(raw_load_words(3500, commands), 1) == [answer(Command.LOAD)]
        found = link.ask([*prove_words((SCALARS, 2), (3500, len(commands))), 5, 6],
                         2 if first else 1)
        assert found == ([first, refused(Command.PROVE, first >> 16 & 0xff)] if first
                         else [answer(Command.PROVE)])
    kept = multiply_head(Group.G1, PLAN, count=0, words=0, finish=5)
    assert link.ask(kept, 1) == [refused(Command.MULTIPLY, Error.FINISH)]
    proof.check(link.ask(proof.prove, proof.answers))
    link.assert_silent()


def test_a_point_that_stays_has_to_have_a_place():
    """... which the commands leave it, or do not; nothing is summed where it has none, and nothing
    is written."""
    proof, words = Proof(power=1), 4000
    size, memory = proof.point_words, {}
    command = multiply_head(Group.G1, PLAN, count=2, words=SCALARS, finish=7, address=POINTS)
    dut = Accelerator(SHAPE, finishing_program(SHAPE), memory_words=words)
    first = words - len(command) - size
    _, _, one, _, other = converse(dut, [
        (proof.loads[1], 1), *(each for late in (0, 1) for each in (
            (raw_load_words(first + late, command), 1),
            ([*prove_words((SCALARS, 2), (first + late, len(command))), 1, 1],
             2 if late else 2 + size)))],
        seed=5, pause=0.2, cycles=6_000, memory=memory)
    assert one[0] == answer(Command.MULTIPLY) and one[-1] == answer(Command.PROVE)
    assert max(memory) < words
    assert other == [refused(Command.MULTIPLY, Error.MEMORY), refused(Command.PROVE, Error.MEMORY)]


def test_what_is_no_command_of_a_proof_says_nothing_of_itself():
    """ONE_WAY answers with the largest power by itself, and with an error alone in a PROVE."""
    shape = with_one_way(SHAPE)
    dut = Accelerator(shape, finishing_program(shape), memory_words=4000)
    asked = header(Command.ONE_WAY)
    alone, _, words = converse(dut, [
        ([asked], 1), (raw_load_words(SCRIPT, [asked]), 1),
        (prove_words((SCALARS, 0), (SCRIPT, 1)), 2)], seed=1, pause=0, cycles=1_000)
    assert alone == [answer(Command.ONE_WAY, unit=shape.transform.one_way_most)]
    assert words == [refused(each, Error.UNKNOWN_COMMAND)
                     for each in (Command.ONE_WAY, Command.PROVE)]


def test_streams_that_stall_and_a_memory_that_ends():
    """In Amaranth's simulator; what follows a PROVE that names what is not there is taken."""
    proof, end = Proof(power=1), 3000 + 250
    beyond = [([*prove_words(data, script), 7, 7], 1) for data, script in (
        ((end - 1, 2), (SCRIPT, 3)), ((SCALARS, 2), (end - 1, 2)))]
    dut = Accelerator(SHAPE, finishing_program(SHAPE), memory_words=end)
    first, *loads, one, other, words = converse(dut, [
        ([header(Command.EVALUATION)], 1 + len(ROOM)),
        *((words, 1) for words in proof.loads), *beyond, (proof.prove, proof.answers)],
        seed=3, pause=0.2, cycles=12_000)
    assert first == [answer(Command.EVALUATION), *room_words(SHAPE).values()]
    assert first[-1] == 1
    assert loads == [[answer(Command.LOAD)]] * 3
    assert one == other == [refused(Command.PROVE, Error.MEMORY)]
    proof.check(words)


def test_a_reset_in_the_middle():
    link, proof = opened(SHAPE), Proof()
    loaded(link, proof)
    for wait in (0, 20, 200, 700, 1500, 4000):
        link.ask(proof.prove, 0)
        link.simulation.exchange(proof.prove[:0], 0, wait)
        link.simulation.reset()
        proof.check(link.ask(proof.prove, proof.answers))


@pytest.mark.parametrize("group", Group)
def test_points_as_answers_have_them(group):
    """... are summed as such, in no batches, where others lie in the memory otherwise."""
    link, rng, law = opened(IN_BATCHES), Random(5), equation(TOY_CURVE, group)
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2)
    points = [None, *rng.choices(toy_points(group), k=30)]
    scalars = [rng.randrange(TOY_CURVE.scalar.modulus) for _ in points]
    wanted = file_words(TOY_CURVE, group, multi_scalar_product(law, scalars, points))
    for unit, finish in ((None, 1 | AS_ANSWERED), (IN_BATCHES.unit(group), 1)):
        assert link.ask(load_words(TOY_CURVE, group, points, unit=unit), 1) == [
            answer(Command.LOAD)]
        words = multiply_words(group, plan, scalars, finish=finish)
        assert link.ask(words, 1 + len(wanted)) == [answer(Command.MULTIPLY), *wanted]
    words = multiply_words(group, replace(plan, batched=1), scalars, finish=1 | AS_ANSWERED)
    assert link.ask(words, 1) == [refused(Command.MULTIPLY, Error.BATCHES)]
    link.assert_silent()


@pytest.mark.parametrize("shape, proves", [
    (replace(SHAPE, finisher=False), 0), (with_evaluation(with_batches(STANDARD)), 1), (SHAPE, 1)])
def test_who_proves(shape, proves):
    """Who makes no point does not."""
    assert room_words(shape)["proves"] == shape.proves == proves
    assert shape.sums_answers == (proves and shape.batch is not None)
