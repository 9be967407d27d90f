"""Simulated accelerators as behind a board's line."""

import pytest

from proofmill.host.bench.line import Line, put_behind
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.devices.proving import ProvingLanes
from proofmill.host.prover.groth16.evaluation import Evaluator
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verify import verify
from tests.host.prover.devices.test_evaluations import Board
from tests.host.prover.devices.test_proving import BLINDING, ProvingBoard, holding
from tests.host.prover.groth16.test_prove import inputs

LINE = Line(3_000_000, 66_666_667, 1 << 22)


def test_what_goes_over_it_is_what_does_on_a_board() -> None:
    """The witness is there for the sums, as a line takes its time for every scalar; and copies of
    points are as the board has room for them."""
    key, witness = inputs("chain4")
    board = Board(0)
    device = LanesDevice("model+e", [board])
    put_behind(device, LINE)
    result = Prover(key, device).prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    assert board.held[key.wires + 2] is not None and board.words == 1 << 22
    assert device.clock_hz == 66_666_667


def test_its_seconds_are_the_busier_ways() -> None:
    seconds = LINE.seconds(63_000, 10)
    assert seconds == LINE.seconds(10, 63_000) == LINE.seconds(63_000, 63_000)
    assert seconds == pytest.approx(1_000 * (63 * 8 + 14) * 10 / 3_000_000)


def test_a_memory_that_a_board_has_not_is_not_taken() -> None:
    """A key that a simulation has room for has none behind a small board's line."""
    key, witness = inputs("chain4")
    for words, there in ((1 << 22, True), (20_000, False)):
        board = ProvingBoard(0)
        device = ProvingLanes("model+e", [board])
        put_behind(device, Line(3_000_000, 66_666_667, words))
        board.memory_words = words
        held = device.hold(*holding(key))
        proven = device.prove(held, witness, BLINDING, Evaluator(key).quotient(witness))
        assert (proven is not None) == there
