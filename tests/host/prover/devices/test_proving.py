"""Proofs by one command: this machine gives a witness and two numbers, and computes nothing; keys
stay with the device as long as there is room."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import WideProgram, assemble
from proofmill.hdl.commands import COUNTERS, HEADER, PHASES, SLICES, WORDS, Command, unpack
from proofmill.hdl.curve import PRODUCTS, Group
from proofmill.hdl.presets import TOY_SHAPE, with_check
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.parent import same_packages
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.points import infinity
from proofmill.host.prover.devices.apart import FIRST_SECONDS, ApartDevice
from proofmill.host.prover.devices.blocks import Blocks
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.checking import CheckingLanes
from proofmill.host.prover.devices.device import (
    Checking,
    DeviceError,
    Found,
    Job,
    Progress,
    Proven,
    Proving,
    Quotient,
    SelfCheck,
)
from proofmill.host.prover.devices.inputs import GROUPS
from proofmill.host.prover.devices.lanes import COMBINED
from proofmill.host.prover.devices.places import CLOSING, places_of
from proofmill.host.prover.devices.proving import KEPT, LAST, ORDER, ProvingLanes
from proofmill.host.prover.groth16 import prove as proving
from proofmill.host.prover.groth16 import sums
from proofmill.host.prover.groth16.evaluation import Evaluator, matrices_of
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wide_check import self_check
from proofmill.sim.checker import is_right
from proofmill.sim.evaluator import Matrices
from proofmill.sim.wide_processor import run
from tests.host.prover.devices.test_evaluations import ROOM, Board, EvaluatingChip
from tests.host.prover.groth16.test_prove import inputs

BLINDING = (5, 6)

MORE = 5
"""Numbers beside those of a witness."""


def nothing(*arguments: object) -> None:
    """What stands for this machine's functions where they are not wanted."""
    raise AssertionError("this machine computes")


def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's field and curve functions for a proof raise; its check of it is left."""
    for work in ("evaluate", "quotient"):
        monkeypatch.setattr(Evaluator, work, nothing)
    for module in (proving, sums):
        for work in ("add", "multiply", "closed"):
            monkeypatch.setattr(module, work, nothing)
    monkeypatch.setattr(proving, "assemble", nothing)


class ProvingChip(EvaluatingChip):
    """The processor, by the definition of what a device is asked for."""

    proves, blind, room = 12, False, True

    def hold(self, matrices: Matrices, points: Sequence[Limbs], private: int,
             check: SelfCheck | None = None) -> Any:
        return matrices, points, private

    def prove(self, key: tuple[Matrices, Sequence[Limbs], int], witness: Limbs,
              blinding: tuple[int, int], h: Limbs | None = None,
              progress: Progress | None = None) -> Proven | None:
        matrices, points, private = key
        r, s = blinding
        if not self.room:
            return None
        if not self.blind:
            found = self.evaluated(matrices, witness)
            assert found is not None and h is None
            h = found.scalars
        assert h is not None
        scalars = [*(np.concatenate([witness, to_limbs(more)]) for more in (
            [1, r], [1], [1, s])), witness[private:], h]
        scalars[3:], points = [np.concatenate(scalars[3:])], [
            *points[:3], np.concatenate(points[3:])]
        results = self.run([Job(self.load(group, own), each) for group, own, each in zip(
            GROUPS, points, scalars, strict=False)], progress)
        kept = np.stack([results[number].point for number in KEPT])
        closing, = self.run([Job(self.load(Group.G1, kept), to_limbs([r, 1, s]))])
        return Proven(Quotient(None, 7, 1, 2), results, replace(closing, cycles=4), 3, 9)


@pytest.mark.parametrize("name", ["chain4", "merkle8"])
def test_nothing_of_a_proof_is_computed_here(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key, witness = inputs(name)
    nothing_here(monkeypatch)
    chip = ProvingChip(12)
    assert isinstance(chip, Proving)
    told: list[tuple[int, int]] = []
    result = Prover(key, chip).prove(witness, lambda *each: told.append(each))
    assert verify(key.verification_key, result.public, result.proof)
    assert (result.evaluation_cycles, result.transform_cycles, result.closing_cycles) == (2, 5, 4)
    assert (result.words, result.calls_on_device) == ((3, 9), 4) and told[-1][0] == told[-1][1]
    chip.close()


def test_a_blind_device_is_given_h() -> None:
    key, witness = inputs("chain4")
    chip = ProvingChip(12)
    chip.blind = True
    result = Prover(key, chip).prove(witness)
    assert verify(key.verification_key, result.public, result.proof) and result.words == (3, 9)
    chip.close()


def test_a_key_without_room_is_proven_under_otherwise() -> None:
    key, witness = inputs("chain4")
    chip = ProvingChip(12)
    chip.room = False
    result = Prover(key, chip).prove(witness)
    assert verify(key.verification_key, result.public, result.proof) and result.words is None
    chip.close()


def test_a_device_that_proves_wrongly_is_put_aside() -> None:
    key, witness = inputs("chain4")
    chip = ProvingChip(12, wrong=True)
    with pytest.raises(DeviceError, match="^chip computed wrong scalars h, which it keeps, or a"):
        Prover(key, chip).prove(witness)
    chip.close()


def chip_named(name: str) -> ProvingChip:
    """What `ApartDevice` opens."""
    return ProvingChip(12)


def test_a_device_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """... also when it has begun anew, with the key that it was given before."""
    nothing_here(monkeypatch)
    key, witness = inputs("chain4")
    chip = ApartDevice("chip", f"{chip_named.__module__}:{chip_named.__name__}")
    prover, told = Prover(key, chip), list[tuple[int, int]]()
    for _ in range(2):
        assert prover.prove(witness, lambda *each: told.append(each)).words == (3, 9)
        chip.close()
    assert told[0][0] == 0 < told[-1][1] == told[-1][0]


def test_a_process_is_given_a_key_once_and_none_that_is_damaged(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """... and has time for what it has yet to put into the device's memory."""
    key, witness = inputs("chain4")
    chip = ApartDevice("chip", f"{chip_named.__module__}:{chip_named.__name__}")
    chip.least_seconds = 0.0
    asked: list[tuple[str, bool]] = []
    ask = chip._ask

    def heard(question: tuple[Any, ...], seconds: float, progress: Progress | None) -> Any:
        asked.append((question[0], seconds >= FIRST_SECONDS))
        return ask(question, seconds, progress)

    h = key.h.copy()
    h[3, 0] ^= np.uint64(1)
    with pytest.raises(ProofmillError, match="section 9 .*index 3: not on the curve"):
        Prover(replace(key, h=h), chip).prove(witness)
    monkeypatch.setattr(chip, "_ask", heard)
    for closed in (False, False, True):
        if closed:
            chip.close()
            asked.append(("", False))
        assert Prover(key, chip).prove(witness).words == (3, 9)
    chip.close()
    began = [("hold", True), ("prove", True)]
    assert [each for each in asked if ":" not in each[0]] == [
        *began, ("prove", False), ("", False), *began]


class ProvingBoard(Board):
    """... that says which commands it was asked to carry out, and answers zeros."""

    evaluation = replace(ROOM, proves=1)

    def __init__(self, memory_words: int) -> None:
        super().__init__(memory_words)
        self.memory_words, self.commands, self.ended = memory_words, list[tuple[int, int]](), 0

    def load(self, words: Limbs) -> int:
        self._check_free(words.size, "no room")
        return super().load(words)

    def write(self, address: int, words: Limbs) -> None:
        super().write(address, words)
        assert address + words.size <= self.memory_words

    def begin_proof(self, place: tuple[int, int], commands: tuple[int, int], words: Limbs) -> None:
        assert place[1] == words.size
        self.sent += 3 + words.size
        self.commands.append(commands)

    def evaluated(self) -> dict[str, int]:
        return dict.fromkeys(PHASES, 1)

    def counted(self) -> dict[str, int]:
        return dict.fromkeys(COUNTERS, 1)

    def summed(self, group: Group, *, last: bool) -> Limbs | None:
        return infinity(group) if last else None

    def end_proof(self, *, right: bool = True) -> None:
        self.ended += 1


def proven(device: ProvingLanes, key: ProvingKey, witness: Limbs) -> Prover:
    """One proof under the key, by one command, and who made it."""
    prover = Prover(key, device)
    again(prover, witness)
    return prover


def again(prover: Prover, witness: Limbs) -> int:
    """Another; words that were written before it."""
    device = prover._candidates[0]._on.device
    assert isinstance(device, ProvingLanes)
    board = device.accelerators[0]
    assert isinstance(board, ProvingBoard)
    before = sum(words for _, words in board.written)
    result = prover.prove(witness, blinding=BLINDING)
    assert verify(prover.key.verification_key, result.public, result.proof)
    assert result.words == (3 + witness.size + 4 * MORE, 0)
    kept, h = 3 * 8, 4 * prover.key.domain_size
    return sum(words for _, words in board.written) - before - kept - h


def test_keys_stay_as_long_as_there_is_room() -> None:
    """The least recently used leaves; what is loaded again is what was loaded first."""
    key, witness = inputs("chain4")
    other, others = inputs("merkle8")
    wide = ProvingBoard(1 << 26)
    device = ProvingLanes("board", [wide])
    provers = [proven(device, key, witness), proven(device, other, others)]
    assert device.keys == 2
    assert len(wide.commands) == 2 * 3 and wide.ended == 2 * 3
    area = wide.commands[-1]
    assert again(provers[1], others) == 0 and wide.commands[-1] == area
    # The first one's commands name the area that was there before the other's, which is larger.
    loaded = sum(words for _, words in wide.written)
    assert 0 < again(provers[0], witness) < 200 < loaded // 100
    assert again(provers[0], witness) == 0 == again(provers[1], others) and device.keys == 2
    whole = ProvingBoard(1 << 26)
    device = ProvingLanes("board", [whole], copies=1)
    for each, found in ((other, others), (key, witness)):
        proven(device, each, found)
    enough = whole.used + COMBINED * whole.point_words(Group.G1)
    for narrow in (True, False):  # as much as the two take without copies, or a little less
        board = ProvingBoard(enough - 8 * narrow)
        device = ProvingLanes("board", [board], copies=1)
        both = [proven(device, other, others), proven(device, key, witness)]
        assert device.keys == 2 - narrow
        assert (again(both[0], others) > 0) == narrow
        assert (again(both[1], witness) > 0) == narrow
        assert board.used <= whole.used


def test_keys_are_proven_under_in_a_memory_that_they_fill() -> None:
    """What is left then is too small for the transform of a proof by sums one by one."""
    key, witness = inputs("chain4")
    enough = 1 << 26
    for _ in range(2):
        board = ProvingBoard(enough)
        board.identity["tile"] = 3
        device = ProvingLanes("board", [board], copies=1)
        both = [proven(device, key, witness) for _ in range(2)]
        enough = board.used + COMBINED * board.point_words(Group.G1)
        assert device.keys == 2
        assert [again(prover, witness) for prover in both] == [0, 0]
    assert board.room(key.domain_size) > board.memory and key.domain_size <= 1 << device.proves


def test_keys_leave_for_one_that_is_proven_under_by_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """... which has room for that, and for a proof by one command, whose commands are many here,
    almost."""
    monkeypatch.setattr("proofmill.host.prover.devices.proving.COMMAND_WORDS", 1 << 15)
    key, witness = inputs("chain4")
    other, others = inputs("merkle8")
    sizes = []
    for each, found in ((other, others), (key, witness)):
        board = ProvingBoard(1 << 26)
        proven(ProvingLanes("board", [board], copies=1), each, found)
        sizes.append(board.used + COMBINED * board.point_words(Group.G1))
    large = sizes.index(max(sizes))
    order = [(other, others), (key, witness)]
    board = ProvingBoard(sizes[large] - 8)
    device = ProvingLanes("board", [board], copies=1)
    proven(device, *order[1 - large])
    assert device.keys == 1
    result = Prover(order[large][0], device).prove(order[large][1])
    assert result.words is None and not result.faults and device.keys == 0


def test_a_key_whose_loading_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not there, its room is free, and the link is in step again."""
    key, witness = inputs("chain4")
    board = ProvingBoard(1 << 22)
    device, resets = ProvingLanes("board", [board], copies=1), list[None]()
    held, h = device.hold(*holding(key)), Evaluator(key).quotient(witness)
    monkeypatch.setattr(board.link, "reset", lambda: resets.append(None))
    with monkeypatch.context() as patched:
        def interrupted(address: int, words: Limbs) -> None:
            raise KeyboardInterrupt

        patched.setattr(board, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            device.prove(held, witness, BLINDING, h)
    assert (resets, device.keys) == ([None], 0)
    used = board.used
    assert device.prove(held, witness, BLINDING, h) is not None
    assert (resets, device.keys, board.used) == ([None], 1, used)


def test_a_blind_device_plans_as_one_that_does_not_know_h() -> None:
    key, witness = inputs("chain4")
    plans = []
    for h in (Evaluator(key).quotient(witness), np.zeros((key.domain_size, 4), np.uint64)):
        device = ProvingLanes("board", [ProvingBoard(1 << 22)], copies=1)
        held = device.hold(*holding(key))
        assert device.prove(held, witness, BLINDING, h) is not None
        plans.append(held.plans)
    assert plans[0] == plans[1]


def test_plans_are_of_scalars_in_the_memory() -> None:
    """A line that takes long for a scalar takes none of their time."""
    key, witness = inputs("chain4")
    plans = []
    for seconds in (0.0, 1e-4):
        board = ProvingBoard(1 << 22)
        vars(board.link).update(scalar_seconds=seconds)
        board.identity["clock_hz"] = 66_666_667
        device = ProvingLanes("board", [board])
        held = device.hold(*holding(key))
        assert device.prove(held, witness, BLINDING, Evaluator(key).quotient(witness)) is not None
        plans.append(held.plans)
    assert plans[0] == plans[1]


def test_progress_is_of_points() -> None:
    """A point of G2 is three, once for every pass; evaluation and transform are one a row."""
    key, witness = inputs("chain4")
    told: list[tuple[int, int]] = []
    device = ProvingLanes("board", [ProvingBoard(1 << 22)], window=8, at_once=8, copies=1)
    held = device.hold(*holding(key))
    assert device.prove(held, witness, BLINDING, Evaluator(key).quotient(witness),
                        lambda *each: told.append(each)) is not None
    passes = len(held.plans[0].passes)
    total = passes * (sum(PRODUCTS[group] // PRODUCTS[Group.G1] * len(own) for group, own in zip(
        GROUPS, held.points, strict=False)) + 3) + held.values
    assert passes > 1 and told[0] == (0, total) and told[-1] == (total, total)
    assert len(told) == 2 + 5 * passes and told == sorted(told)
    assert told[1] == (held.values, total)


def test_the_sum_of_what_stays_is_of_points_as_answers_have_them() -> None:
    """... where others lie in the memory otherwise; and digits are to no base, since those of
    scalars in the memory are not."""
    key, witness = inputs("chain4")
    for batch in (0, 128):
        board, written = ProvingBoard(1 << 22), dict[int, Limbs]()
        board.identity["batch"] = batch
        write = board.write

        def kept(address: int, words: Limbs, write: Callable[[int, Limbs], None] = write,
                 written: dict[int, Limbs] = written) -> None:
            written[address] = words
            write(address, words)

        board.write = kept  # type: ignore[method-assign]
        device = ProvingLanes("board", [board])
        held = device.hold(*holding(key))
        h = Evaluator(key).quotient(witness)
        assert device.prove(held, witness, BLINDING, h) is not None
        commands = [word for first, _ in held.commands for word in written[first].tolist()]
        head = len(WORDS[Command.MULTIPLY])
        sums = [commands[at:at + head] for at, word in enumerate(commands)
                if word & 255 == Command.MULTIPLY and word >> HEADER["finish"].offset & 3 == 3]
        assert len(sums) == 5
        for number, words in zip(ORDER, sums, strict=True):
            own = unpack(HEADER, words[0]), unpack(SLICES, words[3])
            last = number == LAST
            assert own[0]["finish"] == 3 + 4 * (number in KEPT) + 8 * (last and batch > 0)
            assert bool(own[1]["batched"]) == (batch > 0 and not last)
            assert own[1]["stride"] > 0


def test_a_key_that_has_no_room_at_all() -> None:
    key, witness = inputs("chain4")
    board = ProvingBoard(20_000)
    device = ProvingLanes("board", [board])
    held = device.hold(*holding(key))
    assert device.prove(held, witness, BLINDING, Evaluator(key).quotient(witness)) is None
    assert board.commands == [] and device.keys == board.used == 0


def holding(key: ProvingKey) -> tuple[Matrices, list[Limbs], int]:
    """What a device is given of a key: see `Proving.hold`."""
    found: list[tuple[Matrices, list[Limbs], int]] = []

    class Holder(ProvingChip):
        def hold(self, matrices: Matrices, points: Sequence[Limbs], private: int,
                 check: SelfCheck | None = None) -> Any:
            found.append((matrices, list(points), private))
            return super().hold(matrices, points, private, check)

        def prove(self, *arguments: object) -> Proven | None:  # type: ignore[override]
            return None

    assert sums.KeyOnDevice(Holder(12), key).prove(np.zeros((1, 4), np.uint64), BLINDING,
                                                   lambda: np.zeros((0, 4), np.uint64)) is None
    return found[0]


def test_blocks_of_memory() -> None:
    """Any order; neighbours are one block again."""
    board = ProvingBoard(1_000)
    blocks = Blocks(board)
    places = [blocks.take(words) for words in (100, 8, 300)]
    assert places == [(0, 104), (104, 8), (112, 304)]
    assert blocks.take(600) is None and blocks.largest() == 1_000 - 416
    for place in (places[2], places[0], places[1]):
        assert place is not None
        blocks.give_back(place)
    assert blocks.take(416) == (0, 416)
    blocks.give_back((208, 208))
    assert blocks.largest() == 792  # with what nobody has had
    assert blocks.take(792) == (208, 792) and blocks.take(1) is None


@pytest.mark.parametrize("private", [1, 3])
def test_places_of_a_proofs_numbers(private: int) -> None:
    """Of every sum the points are where their scalars lie, and none is at infinity among those of A
    and of B that need not be, whichever wires they have."""
    generator = np.random.default_rng(private)
    for wires in (1, 2, 9, 40):
        finite = generator.integers(0, 2, (3, wires)).astype(bool)
        points = [np.arange(1, wires + 1, dtype=np.uint64)[:, np.newaxis] * np.ones(
            (1, 8 * group.degree), np.uint64) for group in GROUPS[:4]]
        points[3] = points[3][private:]
        for each, own in zip(points, (finite[0], finite[1], finite[1], finite[2][private:]),
                             strict=True):
            each[~own] = 0
        more = [(101, 102), (101,), (101, 103), ()]
        given = [np.concatenate([each, *(np.full((1, each.shape[1]), number, np.uint64)
                                         for number in own)])
                 for each, own in zip(points, more, strict=True)]
        h = np.full((wires, 8), 200, np.uint64)
        places = places_of([*given, h], private)
        witness = to_limbs([7 * wire + 1 for wire in range(wires)])
        data = places.data(witness, (1_002, 1_003))
        assert len(data) == wires + MORE
        blinding = {101: 1, 102: 1_002, 103: 1_003}
        for number, (own, start) in enumerate(zip(places.points, places.starts, strict=True)):
            if number == 3:  # behind the numbers are the scalars of H
                assert np.array_equal(own[len(data) - start:], h)
                own = own[:len(data) - start]
            pairs = {(int(point), int(scalar)) for point, scalar in zip(
                own[:, 0], data[start:start + len(own), 0], strict=True) if point}
            first = private if number == 3 else 0
            wanted = {(wire + 1, 7 * wire + 1) for wire in range(first, wires)
                      if points[number][wire - first, 0]}
            assert pairs == wanted | {(each, blinding[each]) for each in more[number]}
            if number < 3:  # in G1 there is nothing for s
                assert len(own) == len(pairs) + (number == 1)
        assert data[:CLOSING, 0].tolist() == [1_002, 1, 1_003]
        assert np.array_equal(data[places.wires], witness)


def test_places_of_a_key_without_points() -> None:
    """Of C and H there is one, at infinity."""
    given = [np.ones((1 + more, 8 * group.degree), np.uint64) for group, more in zip(
        GROUPS[:3], (2, 1, 2), strict=True)]
    places = places_of([*given, *(np.zeros((0, 8), np.uint64) for _ in "ch")], 1)
    assert len(places.points[3]) == 1 and not places.points[3].any()


def test_places_of_the_public_wires() -> None:
    """Side by side, wherever A and B have points."""
    generator = np.random.default_rng(1)
    for wires, public in ((3, 0), (9, 1), (40, 5)):
        finite = generator.integers(0, 2, (2, wires)).astype(bool)
        finite[0, :public + 1] = True  # as snarkjs has it
        points = [np.ones((wires, 8 * group.degree), np.uint64) for group in GROUPS[:3]]
        for each, own in zip(points, (finite[0], finite[1], finite[1]), strict=True):
            each[~own] = 0
        given = [np.concatenate([each, np.full((more, each.shape[1]), 9, np.uint64)])
                 for each, more in zip(points, (2, 1, 2), strict=True)]
        signals = np.arange(1, public + 2, dtype=np.uint64)[:, np.newaxis] * np.ones(
            (1, 8), np.uint64)
        places = places_of([*given, np.ones((wires - public - 1, 8), np.uint64),
                            np.zeros((0, 8), np.uint64)], public + 1, signals)
        data = places.data(to_limbs([7 * wire + 1 for wire in range(wires)]), (1_002, 1_003))
        assert places.signals is not None
        start, own = places.signals
        assert len(own) == public + 1
        assert {(int(point), int(scalar)) for point, scalar in zip(
            own[:, 0], data[start:start + len(own), 0], strict=True)} == {
                (wire + 1, 7 * wire + 1) for wire in range(public + 1)}
        assert data[:CLOSING, 0].tolist() == [1_002, 1, 1_003]


def test_a_chip_that_finds_a_right_proof_wrong_is_put_aside() -> None:
    class Doubting(ProvingChip):
        def prove(self, *arguments: Any, **more: Any) -> Proven | None:
            found = super().prove(*arguments, **more)
            assert found is not None
            return replace(found, right=False, check_cycles=5)

    key, witness = inputs("chain4")
    with pytest.raises(DeviceError, match="chip found its own proof wrong, which is right"):
        Prover(key, Doubting(12)).prove(witness)
    wrong = witness.copy()
    wrong[1, 0] ^= np.uint64(1)
    with pytest.raises(ProofmillError, match="the witness does not satisfy the constraints"):
        Prover(key, Doubting(12)).prove(wrong)


class CheckingChip(ProvingChip):
    """... that holds a proof against what it was given with the key, as its program says."""

    checks = with_check(TOY_SHAPE).checker

    def hold(self, matrices: Matrices, points: Sequence[Limbs], private: int,
             check: SelfCheck | None = None) -> Any:
        return (matrices, points, private), check

    def check(self, program: WideProgram, key: Sequence[int], inputs: Sequence[Sequence[int]]
              ) -> list[Found]:
        return [Found(is_right(program, each, key), len(program.words)) for each in inputs]

    def prove(self, key: Any, witness: Limbs, blinding: tuple[int, int], h: Limbs | None = None,
              progress: Progress | None = None) -> Proven | None:
        held, by = key
        made = super().prove(held, witness, blinding, h, progress)
        if made is None or by is None:
            return made
        found, = self.check(by.program, by.key, [list(map(int, by.signals[0, :1]))])
        return replace(made, right=found.right, check_cycles=found.cycles)


def checking_named(name: str) -> CheckingChip:
    """What `ApartDevice` opens."""
    return CheckingChip(12)


def test_a_device_that_checks_proofs_in_a_process_of_its_own() -> None:
    """It is told what a key's proofs are checked by, and what it finds comes back."""
    builder = Builder(CheckingChip.checks)
    one = builder.constant(1)
    builder.output(builder.input() * one - one * builder.key())
    program = assemble(builder)
    chip = ApartDevice("chip", f"{checking_named.__module__}:{checking_named.__name__}")
    assert isinstance(chip, Checking) and chip.checks == CheckingChip.checks
    cycles, modulus = len(program.words), program.shape.field.modulus
    right = -run(program, [0], [77]).sent[0] % modulus    # the input less it is zero
    assert chip.check(program, [77], [[right], [right - 1]]) == [
        Found(True, cycles), Found(False, cycles)]

    key, witness = inputs("chain4")
    points = [np.concatenate([key.a, [key.alpha_g1], [key.delta_g1]]),
              np.concatenate([key.b_g1, [key.beta_g1]]),
              np.concatenate([key.b_g2, [key.beta_g2], [key.delta_g2]]), key.c, key.h]
    signals = np.zeros((1, 8), np.uint64)
    signals[0, 0] = right
    handles = [chip.hold(matrices_of(key), points, key.public + 1, each) for each in (
        None, SelfCheck(program, [77], signals), SelfCheck(program, [78], signals),
        SelfCheck(program, [77], signals.copy()))]
    assert handles == [0, 1, 2, 1]
    found = [chip.prove(handle, witness, BLINDING) for handle in handles[:3]]
    chip.close()
    assert [each and (each.right, each.check_cycles) for each in found] == [
        (True, 0), (True, cycles), (False, cycles)]


@pytest.mark.slow
def test_the_chips_own_check_in_a_process_of_its_own() -> None:
    key, witness = inputs("chain4")
    device = ApartDevice("model+c", lanes=1)
    result = Prover(key, device).prove(witness, blinding=BLINDING)
    device.close()
    assert not result.faults and result.check_cycles > 92_302
    assert verify(key.verification_key, result.public, result.proof)


@pytest.mark.slow
@pytest.mark.parametrize("more", ["c", "bc"])
def test_the_chip_checks_its_own_proof(more: str) -> None:
    """By its own Verilog, in as many cycles as the model; of a wrong witness it says so itself, and
    of a sum that is wrong since two of its points have changed places."""
    key, witness = inputs("chain4")
    wrong = witness.copy()
    wrong[1, 0] ^= np.uint64(1)
    taken = []
    for name in (f"rtl+{more}", f"model+{more}"):
        device = open_device(name, lanes=1)
        assert isinstance(device, CheckingLanes)
        result = Prover(key, device).prove(witness, blinding=BLINDING)
        assert not result.faults and result.check_cycles > 92_302
        assert verify(key.verification_key, result.public, result.proof)
        taken.append((result.cycles, result.check_cycles, result.counters, result.words))
        if name.startswith("rtl"):
            held = device._held_keys[0]
            found = [device.prove(held, each, BLINDING) for each in (wrong, witness)]
            assert [each is not None and each.right for each in found] == [False, True]
            with pytest.raises(ProofmillError, match="the witness does not satisfy the constraint"):
                Prover(key, device).prove(wrong)
            assert device.checks is not None
            matrices, (*others, h), private = holding(key)
            crossed = device.hold(matrices, [*others, h[[1, 0, *range(2, len(h))]]], private,
                                  self_check(device.checks, key.verification_key))
            proven = device.prove(crossed, witness, BLINDING)
            assert proven is not None and not proven.right
        device.close()
    assert taken[0] == taken[1]


@pytest.mark.slow
@pytest.mark.parametrize("more", ["e", "be"])
def test_one_command_of_the_chip(more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof by the accelerator's own Verilog, with the fewest words; the model takes the same
    cycles and, of what is sent to one with a datapath, as many words."""
    key, witness = inputs("chain4")
    taken = []
    for name in (f"rtl+{more}", f"model+{more}"):
        device = open_device(name, lanes=1)
        assert isinstance(device, ProvingLanes)
        prover = Prover(key, device)
        if name.startswith("rtl"):
            nothing_here(monkeypatch)
        for _ in range(2):
            result = prover.prove(witness, blinding=BLINDING)
            assert not result.faults and device.keys == 1
            taken.append((result.cycles, result.counters, result.words, result.digits))
            batched = [each["batched"] for each in result.counters.values()]
            assert all(batched[:-1]) == (more == "be") and not batched[-1]
        monkeypatch.undo()
        assert verify(key.verification_key, result.public, result.proof)
        assert result.words is not None and sum(result.words) <= 4 * key.wires + 300
        device.close()
    assert all(each == taken[0] for each in taken)


def test_proofs_wait_for_no_gateware_of_a_check() -> None:
    """What makes them on a device that checks nothing has read no accelerator and no program."""
    code = ("import sys, proofmill.host.prover.groth16.prove; print([name for name in sys.modules "
            "if name.startswith(('proofmill.hdl.accelerator', 'proofmill.firmware'))])")
    said = subprocess.run([sys.executable, "-c", code], env=same_packages(), capture_output=True,
                          text=True, check=True)
    assert said.stdout.strip() == "[]"
