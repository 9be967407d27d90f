"""A model in pieces gives what it gives at once."""

import threading

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.boards.shapes import SMALLEST, SMALLEST_HZ
from proofmill.hdl.presets import TOY_SHAPE, with_matrices
from proofmill.hdl.sdram import IS42S16160
from proofmill.hdl.windows import WindowPlan
from proofmill.host.network.array.book import Book, Offer, longest_tile
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.array.shared import Order, SharedArray
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.matrices import (
    AcceleratorModel,
    AcceleratorUnit,
    OrModel,
    memory_cycles,
)
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


def spent_by_each(array: Array, x, w) -> list[int]:
    """Cycles of the device for each command of a product, with the way of its weights."""
    found, before = [], array.spent
    for _ in array.by_commands(x, w):
        found.append(array.spent - before)
        before = array.spent
    return found


@pytest.mark.parametrize("size", [
    (1, 784, 128), (20, 784, 128), (576, 150, 16), (1, 4_096, 300), (400, 400, 40)])
def test_a_command_lasts_a_millisecond_with_the_way_of_its_weights(size) -> None:
    """On the ULX3S: each command's cycles and the memory's, 8 words in 39, are at most what was
    said, and that is at most a thousandth of its clock."""
    most, shape = longest_tile(round(SMALLEST_HZ)), with_matrices(SMALLEST).matrix
    assert shape is not None and IS42S16160.read_cycles(SMALLEST_HZ) == 39
    array = Array(AcceleratorModel(shape, 39), most)
    rows, terms, columns = size
    x, w = np.arange(rows * terms) % 256, np.arange(terms * columns) * 7 % 253 - 128
    bounds = array.bounds(*size)
    spent = spent_by_each(array, x.reshape(rows, terms), w.reshape(terms, columns))
    assert all(a <= b <= most for a, b in zip(spent, bounds, strict=True))
    assert spent[0] == bounds[0] > array.commands[0]
    fetched = array.work.fetched
    assert array.spent == sum(array.commands) + memory_cycles(fetched, 39) <= len(spent) * most
    assert fetched >= -(-terms // 2) * -(-columns // 15) * shape.weight_words


def test_the_gatewares_commands_last_no_longer_than_was_said() -> None:
    """The same on an accelerator, by its gateware's count of its cycles and words."""
    gateware, library = build(with_matrices(TOY_SHAPE))
    accelerator = Accelerator(Simulation(library), gateware.identity)
    unit = AcceleratorUnit(accelerator, 1 << 12)
    x, w = np.arange(60).reshape(5, 12) % 4, np.arange(12 * 30).reshape(12, 30) % 4
    whole = max(Array(unit).bounds(5, 12, 30))
    array = Array(unit, whole // 2)
    bounds = array.bounds(5, 12, 30)
    spent = spent_by_each(array, x, w)
    assert len(spent) > 1 and all(
        a <= b <= whole // 2 for a, b in zip(spent, bounds, strict=True))
    assert spent[0] == bounds[0] > array.commands[0]
    accelerator.close()


def test_in_how_many_commands_the_memory_binds() -> None:
    """64 terms by 15 columns are 32 entries of 4 words on one row: 624 cycles of the ULX3S' memory.
    The blocks take 467 for up to four rows of activations, and 128 more for each four."""
    shape, rng = with_matrices(SMALLEST).matrix, np.random.default_rng(6)
    assert shape is not None
    array = Array(AcceleratorModel(shape, 39))
    found = []
    for rows, weights in ((1, 0), (1, 0), (8, 1), (12, 2), (1, 2)):
        w = np.roll(np.arange(64 * 15), weights).reshape(64, 15) % 251 - 128
        array.multiply(rng.integers(0, 256, (rows, 64)), w)
        found.append((array.work.fetched, array.work.waiting, array.work.bound))
    # There already the second time, and the fifth.
    assert found == [(128, 624, 1), (128, 624, 1), (256, 1_248, 2), (384, 1_872, 2),
                     (384, 1_872, 2)]
    assert array.commands == [467, 467, 595, 723, 467] and array.work.least_rows == 20


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
