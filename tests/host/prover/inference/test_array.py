"""Matrix products on a multiplier's blocks: the processor's integers, and the cycles."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.boards.shapes import SMALL_TOY, SMALLEST_HZ
from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.field import TOY
from proofmill.hdl.matrix_shape import MatrixShape
from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.hdl.presets import MATRICES, TOY_SHAPE, with_matrices
from proofmill.hdl.sdram import IS42S16160
from proofmill.hdl.windows import WindowPlan
from proofmill.host.bench.matrices import matrix_figures
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.matrices import AcceleratorModel, AcceleratorUnit, Placed
from proofmill.host.prover.inference import operators as op
from proofmill.host.prover.inference.array import Array, open_array
from proofmill.host.prover.inference.comparing import differences
from proofmill.host.prover.inference.digits import digits, shaped
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.quantisation import Quantisation
from proofmill.sim.board import START_CYCLES, RunningBoard, build_board
from proofmill.sim.compiling import untold
from proofmill.sim.matrix import Plan
from proofmill.sim.matrix_gateware import MatrixModel
from proofmill.sim.verilated import Simulation, build

SMALL = MatrixUnitShape(weight_bits=5, element_bits=6, multiplier=MatrixShape(
    field=TOY, operand_bits=20, digit=10, limb=10, interval=2))
"""Bytes on a toy field's multiplier, of two columns."""


@pytest.mark.parametrize("x_range", [(-128, 127), (0, 255), (-255, 0), (-3, 200)])
@pytest.mark.parametrize("w_range", [(-128, 127), (-7, 248)])
def test_signed_products_cut_to_what_has_room(x_range, w_range):
    """More rows, terms and columns than the small unit has room for at a time."""
    rng = np.random.default_rng(1)
    array = Array(MatrixModel(SMALL))
    for size in ((1, 1, 1), (23, 150, 37)):
        rows, terms, columns = size
        x = rng.integers(x_range[0], x_range[1] + 1, (rows, terms))
        w = rng.integers(w_range[0], w_range[1] + 1, (terms, columns))
        x[0, 0], w[0, 0] = x_range[0], w_range[1]
        assert np.array_equal(array.multiply(x, w), x @ w)
    assert array.work.products == 1 + 23 * 150 * 37
    assert array.work.rate == array.work.products / array.work.cycles / array.work.blocks


@pytest.mark.parametrize(("shape", "size", "most"), [
    (SMALL, (23, 150, 37), 160), (MATRICES["18x18, one row"], (112, 36, 1_700), 100_000)])
def test_commands_can_be_cut_so_that_something_else_has_the_blocks_soon(shape, size, most):
    rows, terms, columns = size
    x = np.arange(rows * terms).reshape(rows, terms) % 251 - 100
    w = np.arange(terms * columns).reshape(terms, columns) % 253 - 128
    whole, cut = Array(MatrixModel(shape)), Array(MatrixModel(shape), most)
    for array in (whole, cut):
        assert np.array_equal(array.multiply(x, w), x @ w)
    assert max(cut.commands) <= most < max(whole.commands)
    assert cut.work.cycles == sum(cut.commands)


@pytest.mark.parametrize("name", ["18x18, one row", "18x18, five rows", "26x17, one row"])
def test_a_large_product_takes_the_benchs_cycles(name):
    """Terms, columns and rows are cut, each command to what has room, and the sums are whole."""
    rng, array = np.random.default_rng(5), Array(MatrixModel(MATRICES[name]))
    x, w = rng.integers(0, 256, (256, 256)), rng.integers(-128, 128, (256, 256))
    assert np.array_equal(array.multiply(x, w), x @ w)
    figure, = (each for each in matrix_figures((256,)) if each["array"] == name)
    assert (len(array.commands), array.work.cycles) == (figure["commands"], figure["cycles"])
    assert array.work.rate == figure["rate"]


@pytest.mark.parametrize("size", [(23, 150, 37), (1, 64, 32), (9, 33, 64), (200, 17, 3)])
def test_terms_are_cut_to_take_the_fewest_cycles(size):
    """Of all ways to cut to what has room, rows last, columns before them."""
    array, multiplier = Array(MatrixModel(SMALL)), SMALL.multiplier
    rows, terms, columns = size
    found = []
    for steps in range(1, -(-terms // multiplier.step_terms) + 1):
        most = ((1 << SMALL.element_bits) // (steps * multiplier.loop) * multiplier.loop,
                steps * multiplier.step_terms,
                (1 << SMALL.weight_bits) // (steps * multiplier.rows) * multiplier.columns)
        if all(most):
            cut = [[min(part, whole - first) for first in range(0, whole, part)]
                   for whole, part in zip(size, most, strict=True)]
            found.append(sum(Plan(SMALL, *each).cycles for each in product(*cut)))
    assert sum(array.planned(*size)) == min(found)


def test_columns_may_lie_apart():
    """Each by itself spans a byte: weights with a zero point for each column."""
    w = np.array([[-255, 0], [0, 255]])
    x = np.array([[3, -4]])
    assert np.array_equal(Array(MatrixModel(SMALL)).multiply(x, w), x @ w)


def test_more_than_a_byte_is_refused():
    with pytest.raises(ValueError, match="^the elements span more than a byte$"):
        Array(MatrixModel(SMALL)).multiply(np.array([[-1, 255]]), np.array([[1], [1]]))


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_is_one_product_for_each_group(groups):
    rng, of_bytes = np.random.default_rng(2), Quantisation(np.float32(1), 7, "uint8")
    layer = op.Convolution(
        of_bytes, of_bytes, op.Window((3, 2), (2, 1), (1, 0, 1, 1)),
        rng.integers(-128, 128, (6, 4 // groups, 3, 2)), rng.integers(-9, 9, 6),
        np.float32(1), groups)
    values = rng.integers(0, 256, (3, 4, 9, 8))
    array = Array(MatrixModel(SMALL))
    assert np.array_equal(layer.sums(values), layer.sums(values, array.multiply))


@pytest.mark.parametrize("kind, count", [("mlp", 1797), ("cnn", 4)])
def test_no_integer_differs_from_onnxruntime(kind, count, trained):
    path = trained(kind)
    model = read_model(path)
    samples = shaped(digits()[0][:count], model.shape)
    array = open_array("model", untold)
    found = model.run(samples, array.multiply)
    assert differences(path, model, samples, found) == 0
    assert array.work.products and array.work.cycles


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_the_command_shows_cycles(kind, trained, capsys):
    path = str(trained(kind))
    assert main(["infer", path, "digits:3-4", "--device", "model", "--compare"]) == 0
    shown = capsys.readouterr().out
    assert "cycles of 31 blocks for" in shown and shown.endswith("differ from onnxruntime's\n")
    assert main(["infer", path, "digits:3-4", "--device", "model", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert f"{record['cycles']:,} cycles of {record['blocks']} blocks" in shown
    if kind == "mlp":
        assert record["products"] == 2 * (64 * 32 + 32 * 10)
    assert main(["infer", path, "digits:3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cycles"] is None


def toy(port=None):
    """A toy accelerator, its gateware compiled, with bytes on its multiplier."""
    gateware, library = build(replace(with_matrices(TOY_SHAPE), port=port))
    return Accelerator(Simulation(library), gateware.identity)


@pytest.mark.parametrize("port", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_an_accelerator_takes_weights_from_its_memory_once(port):
    """... as its model says, which has the same sums and cycles."""
    unit, wanted = AcceleratorUnit(toy(port)), with_matrices(TOY_SHAPE).matrix
    assert unit.shape == replace(wanted, multiplier=replace(
        wanted.multiplier, least_loop=wanted.multiplier.loop))
    model = AcceleratorModel(unit.shape, unit.memory_cycles)
    rng = np.random.default_rng(3)
    cases = [(rng.integers(0, 256, (rows, 5)), rng.integers(0, 256, (5, 4))) for rows in (7, 1)]
    for n, (x, w) in enumerate([*cases, (cases[0][0][::-1], cases[0][1])]):
        found, wanted = unit.multiply(x, w), model.multiply(x, w)
        assert np.array_equal(found.sums, x @ w) and np.array_equal(wanted.sums, x @ w)
        assert (found.cycles, found.fetched) == (wanted.cycles, wanted.fetched)
        assert bool(found.fetched) == (n < 2)
    unit.close()


@pytest.mark.parametrize("lost", ["link", "sum", "reset"])
def test_weights_are_sent_anew_where_they_may_not_be_there(lost, monkeypatch):
    """After a command that did not come to its end, and after what uses their place."""
    accelerator = toy()
    unit, rng = AcceleratorUnit(accelerator), np.random.default_rng(4)
    x, w = rng.integers(0, 256, (3, 5)), rng.integers(0, 256, (5, 4))
    if lost == "link":
        def broken(words, answers):
            raise DeviceError("no answer")

        with monkeypatch.context() as patch, pytest.raises(DeviceError, match="^no answer$"):
            patch.setattr(accelerator, "matmul", broken)
            unit.multiply(x, w)
    else:
        assert unit.multiply(x, w).fetched and not unit.multiply(x, w).fetched
        if lost == "reset":
            accelerator.reset()
        else:
            group = accelerator.groups[0]
            points = np.zeros((1, accelerator.point_words(group)), dtype=np.uint64)
            accelerator.multiply(group, accelerator.load(points), np.ones((1, 4), np.uint64),
                                 WindowPlan(TOY_SHAPE.adder.curve.scalar.bits, 3, 1, 1))
    found = unit.multiply(x, w)
    assert found.fetched and np.array_equal(found.sums, x @ w)
    unit.close()


def test_a_device_without_a_datapath_is_refused_before_anything_is_loaded():
    accelerator = toy()
    accelerator.identity = {**accelerator.identity, "datapath": 0}
    with pytest.raises(ProofmillError, match="^the device has no datapath"):
        AcceleratorUnit(accelerator)


def test_a_model_on_an_accelerator_small_as_it_is(trained):
    """Every integer of a network, whose weights take each other's place on the chip."""
    model = read_model(trained("mlp"))
    samples = shaped(digits()[0][:2], model.shape)
    array = Array(AcceleratorUnit(toy()))
    found = model.run(samples, array.multiply)
    assert differences(trained("mlp"), model, samples, found) == 0
    other = Array(AcceleratorModel(with_matrices(TOY_SHAPE).matrix, 8))
    model.run(samples, other.multiply)
    assert array.work == other.work and array.work.fetched > 0
    array.close()


@pytest.mark.slow
def test_a_board_at_a_serial_port(trained, capsys):
    """A board's gateware around the toy accelerator, simulated with its SDRAM, by the command."""
    core = BoardCore(with_matrices(SMALL_TOY), divisor=2, clock_hz=SMALLEST_HZ, timing=IS42S16160,
                     start_cycles=START_CYCLES)
    board = RunningBoard(build_board(core), 2)
    try:
        line = ["infer", str(trained("mlp")), "digits:0-1", "--json"]
        assert main([*line, "--device", f"serial:{board.path}", "--compare"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert main(line) == 0
        assert found["outputs"] == json.loads(capsys.readouterr().out)["outputs"]
        assert found["differences"] == 0 and found["memory_words"] > 0
        assert found["least_rows"] == -(-core.memory_cycles // 8)
        assert board.fault is None, board.fault
    finally:
        board.close()


def test_an_accelerator_without_matrices_is_refused():
    gateware, library = build(TOY_SHAPE)
    with pytest.raises(ProofmillError, match="^the device multiplies no matrices: its gateware"):
        AcceleratorUnit(Accelerator(Simulation(library), gateware.identity))


def test_weights_on_the_chip_are_given_up_where_there_is_no_room():
    there = Placed(10)
    assert there.place(b"a", 6) == (0, False) and there.place(b"a", 6) == (0, True)
    assert there.place(b"b", 4) == (6, False) and there.place(b"a", 6) == (0, True)
    assert there.place(b"c", 1) == (0, False) and there.place(b"b", 4) == (1, False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_the_gateware_gives_the_models_sums_and_cycles(kind, trained, capsys):
    records = []
    for device in ("cpu", "model", "rtl"):
        assert main(["infer", str(trained(kind)), "digits:0-2", "--device", device, "--json"]) == 0
        records.append(json.loads(capsys.readouterr().out))
    assert records[0]["outputs"] == records[1]["outputs"] == records[2]["outputs"]
    assert records[1]["cycles"] == records[2]["cycles"] > 0


def test_every_array_is_of_bytes():
    assert all(shape.multiplier.element == 8 and shape.multiplier.most_terms > 65_536
               for shape in MATRICES.values())
