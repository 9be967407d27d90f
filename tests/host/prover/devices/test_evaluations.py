"""A w and B w from the device: used where it evaluates, and this machine's where it has no room."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.commands import SUM_COUNTERS
from proofmill.hdl.curve import Group
from proofmill.hdl.evaluate import room_words
from proofmill.hdl.presets import STANDARD, control_only, with_evaluation
from proofmill.hdl.windows import WindowPlan
from proofmill.host.bench.evaluations import entries_of
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, from_limbs
from proofmill.host.prover.devices.accelerator import Accelerator, Sum
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import (
    DeviceError,
    Evaluating,
    Held,
    Job,
    Progress,
    Quotient,
    Result,
)
from proofmill.host.prover.devices.inputs import check_jobs
from proofmill.host.prover.devices.lanes import TAIL, LanesDevice
from proofmill.host.prover.devices.link import Link
from proofmill.host.prover.groth16.evaluation import Evaluator, matrices_of, quotient_of
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verify import verify
from proofmill.sim.evaluator import Matrices, Room, program, run
from tests.host.prover.devices.links import Identified
from tests.host.prover.devices.test_transforms import CYCLES, Chip
from tests.host.prover.groth16.test_prove import inputs

SHAPE = with_evaluation(STANDARD)
assert SHAPE.evaluator is not None and SHAPE.transform is not None
UNIT = SHAPE.evaluator
ROOM = Room(**room_words(SHAPE))
PHASE_CYCLES = 9_000


class EvaluatingChip(Chip):
    """The processor, and an accelerator's transforms, and evaluation by its program's segments."""

    evaluates, full = True, False

    def keep(self, matrices: Matrices) -> Matrices:
        return matrices

    def evaluated(self, kept: Matrices, witness: Limbs) -> Quotient | None:
        if self.full:
            return None
        words = program(ROOM, SCALAR_MODULUS, kept).tolist()
        found = run(ROOM, UNIT, words, from_limbs(witness), kept.power)
        assert not found.fault
        size = 1 << kept.power
        a, b = (scalars.to_plain(scalars.from_integers(values))
                for values in (found.results[:size], found.results[size:]))
        made = self.quotient(a, b)
        return Quotient(made.scalars, made.cycles + PHASE_CYCLES, 0, PHASE_CYCLES)


class HoldingChip(EvaluatingChip):
    """... where h stays, for its sum."""

    h: Limbs | None = None

    def evaluated(self, kept: Matrices, witness: Limbs) -> Quotient | None:
        found = super().evaluated(kept, witness)
        assert found is not None and found.scalars is not None
        self.h = found.scalars
        return replace(found, scalars=None, held=Held(len(self.h), "h", not self.datapath))

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        check_jobs(jobs)
        assert [job.held is not None for job in jobs] == [False] * 4 + [True]
        assert self.h is not None
        if self.datapath:
            assert jobs[-1].scalars.shape == (0, 4)
        else:
            assert np.array_equal(jobs[-1].scalars, self.h)
        return super().run([*jobs[:-1], Job(jobs[-1].bases, self.h)], progress)


def no_evaluation(self: Evaluator, witness: Limbs) -> None:
    """What stands for this machine's evaluation where it is not wanted."""
    raise AssertionError("this machine evaluates")


@pytest.mark.parametrize("name", ["chain4", "merkle8"])
def test_nothing_is_evaluated_here(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Evaluator, "evaluate", no_evaluation)
    key, witness = inputs(name)
    chip = EvaluatingChip(12)
    assert isinstance(chip, Evaluating)
    prover = Prover(key, chip)
    for _ in range(2):
        result = prover.prove(witness)
        assert verify(key.verification_key, result.public, result.proof)
        assert (result.transform_cycles, result.evaluation_cycles) == (CYCLES, PHASE_CYCLES)
        assert result.cycles == CYCLES + PHASE_CYCLES
    chip.close()


def test_h_stays_with_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine neither makes nor sees it; but for a device without a datapath it makes it."""
    key, witness = inputs("chain4")
    chip = HoldingChip(12)
    with monkeypatch.context() as patched:
        patched.setattr(Evaluator, "quotient", no_evaluation)
        result = Prover(key, chip).prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    blind = HoldingChip(12)
    blind.datapath = False
    monkeypatch.setattr(blind, "quotient", Chip(12).quotient)
    result = Prover(key, blind).prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    for each in (chip, blind):
        each.close()


def test_a_device_with_wrong_scalars_of_its_own_is_put_aside() -> None:
    key, witness = inputs("chain4")
    chip = HoldingChip(12, wrong=True)
    with pytest.raises(DeviceError, match="^chip computed wrong scalars h, which it keeps, or a "
                                          "wrong sum for H; no other device"):
        Prover(key, chip).prove(witness)
    chip.close()


def test_matrices_that_have_no_room_are_evaluated_here() -> None:
    key, witness = inputs("chain4")
    chip = EvaluatingChip(12)
    chip.full = True
    result = Prover(key, chip).prove(witness)
    assert (result.transform_cycles, result.evaluation_cycles) == (CYCLES, 0)
    chip.close()


def test_a_device_that_evaluates_wrongly_is_put_aside() -> None:
    key, witness = inputs("chain4")
    chip = EvaluatingChip(12, wrong=True)
    with pytest.raises(DeviceError, match="^chip computed wrong scalars h; no other device"):
        Prover(key, chip).prove(witness)
    chip.close()


def chip_named(name: str) -> Chip:
    """What `ApartDevice` opens."""
    return EvaluatingChip(12)


def test_a_device_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """... also when it has begun anew, with the matrices that it was given before."""
    monkeypatch.setattr(Evaluator, "evaluate", no_evaluation)
    key, witness = inputs("chain4")
    chip = ApartDevice("chip", f"{chip_named.__module__}:{chip_named.__name__}")
    prover = Prover(key, chip)
    for _ in range(2):
        assert prover.prove(witness).evaluation_cycles == PHASE_CYCLES
        chip.close()


def test_the_matrices_of_a_key() -> None:
    key, _ = inputs("chain4")
    stored = key.coefficients
    values = scalars.to_integers(scalars.from_double_montgomery_limbs(stored["value"]))
    assert entries_of(key) == [
        (matrix * key.domain_size + row, wire, value) for matrix, row, wire, value in zip(
            *(stored[name].tolist() for name in ("matrix", "constraint", "signal")), values,
            strict=True)]
    assert 1 << matrices_of(key).power == key.domain_size


class Board(Accelerator):
    """An accelerator without a datapath that keeps words, and says what it was asked."""

    evaluation = ROOM

    def __init__(self, memory_words: int) -> None:
        super().__init__(Identified(identity_words(
            control_only(SHAPE), 1, memory_words=memory_words)))
        self.asked: list[tuple[tuple[int, int], int, int | None]] = []
        self.written: list[tuple[int, int]] = []
        self.held: dict[int, int | None] = {}

    def load(self, words: Limbs) -> int:
        self.used += words.size
        return self.used - words.size

    def write(self, address: int, words: Limbs) -> None:
        self.written.append((address, words.size))

    def evaluate(self, program: tuple[int, int], witness: tuple[int, int], power: int,
                 stays: int | None = None) -> tuple[Limbs, dict[str, int]]:
        assert witness == self.written[-1]
        self.asked.append((program, power, stays))
        return np.zeros((0, 4), np.uint64), {
            "moved": 1, "transform": 2, "brought": 3, "evaluated": 4, "given": 5}

    def multiply(self, group: Group, address: int, scalars: Limbs, plan: WindowPlan,
                 progress: Callable[[int], None] | None = None, *, finish: bool = True,
                 stored: int = 0, digits: int = 0, held: int | None = None) -> Sum:
        self.held[len(scalars) + (group is Group.G2)] = held
        return Sum(dict.fromkeys(SUM_COUNTERS, 0))


def test_a_program_is_loaded_once_and_only_where_it_has_room() -> None:
    key, witness = inputs("chain4")
    matrices = matrices_of(key)
    size = len(program(ROOM, SCALAR_MODULUS, matrices))
    own = witness.size + 4 * TAIL
    whole = size + own + 4 * key.domain_size
    for memory, there in ((whole, True), (whole - 1, False)):
        board = Board(memory)
        device = LanesDevice("board", [board])
        kept = device.keep(matrices)
        for _ in range(2):
            found = device.evaluated(kept, witness)
            if there:
                assert found is not None and found.held is not None
                assert (found.held.count, found.held.blind) == (key.domain_size, True)
                found = replace(found, held=None)
            assert found == (Quotient(None, 15, 1, 12) if there else None)
        assert board.asked == [((whole - size, size), matrices.power, own)] * (2 * there)
        assert board.used == memory * there
        other = device.keep(matrices)  # for which there is no room beside the first
        assert device.evaluated(other, witness) is None


@pytest.mark.parametrize("line", [True, False])
def test_over_a_line_sums_find_the_witness_in_the_memory(line: bool) -> None:
    """... with the proof's random numbers behind; and that of H what was left there."""
    key, witness = inputs("chain4")
    board = Board(1 << 22)
    vars(board.link).update(scalar_seconds=1e-6 * line)
    result = Prover(key, LanesDevice("board", [board])).prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    wires, tails = key.wires, [(witness.size, 4 * more) for more in (1, 2, 2)]
    h = witness.size + 4 * TAIL
    if line:
        assert board.held == {wires + 2: 0, wires + 1: 0, wires + 3: 0,
                              len(key.c): 4 * (key.public + 1), len(key.h): h, 4: None}
    else:
        assert board.held.pop(len(key.h)) == h
        assert set(board.held.values()) == {None}
    assert sorted(board.written) == [(0, witness.size), *tails[:3 * line], (h, 4 * len(key.h))]


def test_scalars_of_another_witness_are_not_summed() -> None:
    key, witness = inputs("chain4")
    device = LanesDevice("board", [Board(1 << 22)])
    kept, bases = device.keep(matrices_of(key)), device.load(Group.G1, np.array(key.h))
    first, second = (device.evaluated(kept, witness) for _ in range(2))
    assert first is not None and second is not None
    h = Evaluator(key).quotient(witness)
    device.run([Job(bases, h, second.held)])
    with pytest.raises(DeviceError, match="^board does not hold the scalars any more"):
        device.run([Job(bases, h, first.held)])
    with pytest.raises(ValueError, match="^job 0: 1024 bases need as many .* the device has 5"):
        device.run([Job(bases, h, Held(5, 2))])


class Line:
    """A simulation's link as a line that takes its time for a word: only the words are counted."""

    scalar_seconds = 1e-6

    def __init__(self, link: Link) -> None:
        self.link, self.words, self.answers = link, 0, 0

    def exchange(self, words: Limbs, room: int, cycles: int) -> tuple[int, Limbs]:
        taken, answers = self.link.exchange(words, room, cycles)
        self.words += taken
        self.answers += len(answers)
        return taken, answers

    def reset(self) -> None:
        self.link.reset()

    def close(self) -> None:
        self.link.close()


@pytest.mark.slow
def test_a_proof_over_a_line() -> None:
    """Of a witness' words none goes over it twice, and none of h, by the accelerator's own
    Verilog."""
    key, witness = inputs("chain4")
    device = open_device("rtl+e", lanes=1)
    assert isinstance(device, LanesDevice)
    prover = Prover(key, device)
    prover.prove(witness)  # which loads the key
    line = device.accelerators[0].link = Line(device.accelerators[0].link)
    result = prover.prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    assert result.calls_on_device == 5 and not result.faults
    assert witness.size <= line.words <= witness.size + 300
    assert line.answers <= 300
    device.close()


@pytest.mark.slow
def test_a_proof_of_the_chips_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A w, B w, h and the sums by the accelerator's own Verilog; the model takes the same
    cycles."""
    key, witness = inputs("chain4")
    words = program(ROOM, SCALAR_MODULUS, matrices_of(key)).tolist()
    phases = run(ROOM, UNIT, words, from_limbs(witness), 10).phases
    taken = []
    for name in ("rtl+e", "model+e"):
        device = open_device(name, lanes=1)
        if name == "rtl+e":
            for work in ("evaluate", "quotient"):
                monkeypatch.setattr(Evaluator, work, no_evaluation)
        result = Prover(key, device).prove(witness, blinding=(5, 6))
        monkeypatch.undo()
        assert verify(key.verification_key, result.public, result.proof)
        assert result.calls_on_device == 5 and not result.faults
        assert result.evaluation_cycles == sum(phases.values())
        taken.append((result.cycles, result.transform_cycles, result.digits))
        device.close()
    assert taken[0] == taken[1]


@pytest.mark.slow
def test_every_key_at_hand() -> None:
    """h from a witness, of keys with more wires, rows or coefficients than there are places."""
    for name in ("chain4", "merkle8", "semaphore10"):
        key, witness = inputs(name)
        device = open_device("rtl+e", lanes=1)
        assert isinstance(device, LanesDevice)
        kept = device.keep(matrices_of(key))
        found = device.evaluated(kept, witness)
        assert found is not None and found.held is not None and kept.place is not None
        h, _ = device.accelerators[0].evaluate(kept.place, (0, witness.size), kept.matrices.power)
        evaluator = Evaluator(key)
        assert np.array_equal(h, evaluator.quotient(witness))
        assert np.array_equal(h, quotient_of(
            *evaluator.evaluate(witness),
            scalars.root_of_unity(key.domain_size.bit_length())))
        device.close()
