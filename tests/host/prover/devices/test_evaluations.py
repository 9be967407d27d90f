"""A w and B w from the device: used where it evaluates, and this machine's where it has no room."""

import numpy as np
import pytest

from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.evaluate import room_words
from proofmill.hdl.presets import STANDARD, control_only, with_evaluation
from proofmill.host.bench.evaluations import entries_of
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, from_limbs
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import DeviceError, Evaluating, Quotient
from proofmill.host.prover.devices.lanes import LanesDevice
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
ROOM = Room(**room_words(UNIT, SHAPE.transform))
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
    found = matrices_of(key)
    assert [(row, wire, found.coefficients[which]) for row, wire, which in zip(
        found.rows.tolist(), found.wires.tolist(), found.which.tolist(), strict=True)] == [
            tuple(entry) for entry in entries_of(key)]
    assert 2 << found.power == 2 * key.domain_size


class Board(Accelerator):
    """An accelerator without a datapath that keeps words, and says what it was asked."""

    evaluation = ROOM

    def __init__(self, memory_words: int) -> None:
        super().__init__(Identified(identity_words(
            control_only(SHAPE), 1, memory_words=memory_words)))
        self.asked: list[tuple[tuple[int, int], int]] = []

    def load(self, words: Limbs) -> int:
        self.used += words.size
        return self.used - words.size

    def evaluate(self, program: tuple[int, int], witness: Limbs, power: int
                 ) -> tuple[Limbs, dict[str, int]]:
        self.asked.append((program, power))
        return witness, {"moved": 1, "transform": 2, "brought": 3, "evaluated": 4, "given": 5}


def test_a_program_is_loaded_once_and_only_where_it_has_room() -> None:
    key, witness = inputs("chain4")
    matrices = matrices_of(key)
    size = len(program(ROOM, SCALAR_MODULUS, matrices))
    for memory, there in ((size + witness.size, True), (size + witness.size - 1, False)):
        board = Board(memory)
        device = LanesDevice("board", [board])
        kept = device.keep(matrices)
        for _ in range(2):
            found = device.evaluated(kept, witness)
            assert found == (Quotient(None, 15, 1, 12) if there else None)
        assert board.asked == [((0, size), matrices.power)] * (2 * there)
        assert board.used == size * there
        other = device.keep(matrices)  # for which there is no room beside the first
        assert device.evaluated(other, witness) is None


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
            monkeypatch.setattr(Evaluator, "evaluate", no_evaluation)
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
    device = open_device("rtl+e", lanes=1)
    assert isinstance(device, LanesDevice)
    for name in ("chain4", "merkle8", "semaphore10"):
        key, witness = inputs(name)
        found = device.evaluated(device.keep(matrices_of(key)), witness)
        assert found is not None and found.scalars is not None
        evaluator = Evaluator(key)
        assert np.array_equal(found.scalars, evaluator.quotient(witness))
        assert np.array_equal(found.scalars, quotient_of(
            *evaluator.evaluate(witness),
            scalars.root_of_unity(key.domain_size.bit_length())))
    device.close()
