"""A model in pieces gives what it gives at once."""

import threading

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.boards.shapes import SMALLEST
from proofmill.hdl.presets import TOY_SHAPE, with_matrices
from proofmill.hdl.windows import WindowPlan
from proofmill.host.network.array.book import Book, Offer
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.array.shared import Order, SharedArray
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.matrices import AcceleratorModel, AcceleratorUnit, OrModel
from proofmill.host.prover.inference.array import Array
from proofmill.host.prover.inference.digits import digits, shaped
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.tiles import OnArray, Tiled
from proofmill.sim.verilated import Simulation, build

CLOCK, PATIENCE = 1_000_000, 60.0


@pytest.mark.parametrize(("kind", "most"), [("mlp", 1), ("mlp", 6_000), ("cnn", 30_000)])
def test_pieces_give_the_outputs_of_the_whole(kind, most, trained) -> None:
    model = read_model(trained(kind))
    samples = shaped(digits()[0][:3], model.shape)
    assert samples is not None
    tiled = Tiled(model, samples, most)
    done = list(tiled.run())
    assert sum(done) == tiled.work and max(done) == tiled.longest
    least = max(piece.products // (piece.last - piece.first) for piece in tiled.pieces)
    assert tiled.longest <= max(most, least)
    for name, values in model.run(samples).items():
        np.testing.assert_array_equal(tiled.outputs()[name], values)


def on_model(most_cycles: int | None = None) -> Array:
    shape = with_matrices(SMALLEST).matrix
    assert shape is not None
    return Array(AcceleratorModel(shape, 8), most_cycles)


@pytest.mark.parametrize(("kind", "most"), [("mlp", None), ("mlp", 600), ("cnn", 20_000)])
def test_commands_give_the_outputs_of_the_whole(kind, most, trained) -> None:
    """... by the cycles that were planned, which on the model are those that were taken."""
    model = read_model(trained(kind))
    samples = shaped(digits()[0][:5], model.shape)
    assert samples is not None
    array = on_model(most)
    tiles = OnArray(model, samples, array)
    done = list(tiles.run())
    assert done == tiles.commands == array.commands
    assert tiles.longest == max(done) <= (most or max(done))
    for name, values in model.run(samples).items():
        np.testing.assert_array_equal(tiles.outputs()[name], values)


def test_a_block_proof_has_the_accelerator_at_a_commands_end(trained) -> None:
    """A model's job and sums on one accelerator, its gateware: the job goes on where it stopped,
    its weights are sent anew, and neither's results are others than alone."""
    model = read_model(trained("mlp"))
    samples = shaped(digits()[0][:1], model.shape)
    assert samples is not None
    gateware, library = build(with_matrices(TOY_SHAPE))
    accelerator = Accelerator(Simulation(library), gateware.identity)
    unit = AcceleratorUnit(accelerator, 1 << 12)
    group, plan = accelerator.groups[0], WindowPlan(TOY_SHAPE.adder.curve.scalar.bits, 3, 1, 1)
    points = accelerator.load(np.ones((1, accelerator.point_words(group)), dtype=np.uint64))
    scalars = np.array([[5, 0, 0, 0]], dtype=np.uint64)
    alone = accelerator.multiply(group, points, scalars, plan)

    array = Array(unit)
    tiles, outputs, begun = OnArray(model, samples, array), [], threading.Semaphore(0)
    assert len(tiles.commands) > 8

    def work():
        for cycles in tiles.run():
            begun.release()
            yield cycles
        outputs.append(tiles.outputs())

    job = Job("result", Kind.RESULT, 0, tiles.work, 3_600 * CLOCK, tiles.longest, 7)
    orders = [[Order(Offer(job), work())]]
    with SharedArray(Book(CLOCK, 0, most_tile=tiles.longest),
                     lambda now: orders.pop() if orders else [], due=PATIENCE) as shared:
        for number in range(2):
            assert begun.acquire(timeout=PATIENCE)
            with shared.block(f"block {number}"):
                before = len(array.commands)
                assert before < len(tiles.commands)
                again = accelerator.multiply(group, points, scalars, plan)
                assert np.array_equal(again.point, alone.point)
                assert again.points == alone.points and len(array.commands) == before
    assert shared.book.earned[Kind.RESULT].preempted >= 1
    assert array.commands == tiles.commands
    for name, values in model.run(samples).items():
        np.testing.assert_array_equal(outputs[0][name], values)
    accelerator.close()


def test_where_an_accelerator_fails_its_model_goes_on(monkeypatch) -> None:
    gateware, library = build(with_matrices(TOY_SHAPE))
    accelerator = Accelerator(Simulation(library), gateware.identity)
    unit = OrModel(AcceleratorUnit(accelerator, 1 << 12))
    array, x, w = Array(unit), np.arange(12).reshape(3, 4), np.arange(8).reshape(4, 2)
    assert np.array_equal(array.multiply(x, w), x @ w) and unit.failure is None

    def broken(words, answers):
        raise DeviceError("no answer")

    monkeypatch.setattr(accelerator, "matmul", broken)
    assert np.array_equal(array.multiply(x, w), x @ w)
    assert str(array.failure) == "no answer"
    accelerator.close()
