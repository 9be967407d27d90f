"""``proofmill mine --ai``: real results between block proofs."""

import json
import time

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.boards.shapes import SMALLEST
from proofmill.hdl.presets import TOY_SHAPE, with_matrices
from proofmill.host.cli.main import main
from proofmill.host.cli.mine_ai import Filler, array_on
from proofmill.host.cli.records import FIELDS
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.array.jobs import Kind
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import BOARD_HZ
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.devices.matrices import WEIGHT_WORDS, AcceleratorModel
from proofmill.host.prover.inference.array import Array
from proofmill.host.prover.inference.making import make
from proofmill.host.prover.inference.quantisation import Quantisation
from proofmill.sim.verilated import Simulation, build
from tests.host.prover.devices.multiplying import ON_TOY
from tests.host.prover.inference.onnx_models import Qdq

PATIENCE = 60.0


@pytest.fixture(scope="module")
def digits_model(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("model") / "mlp.onnx"
    make("mlp", path)
    return str(path)


def test_results_are_computed_between_block_proofs(digits_model, capsys) -> None:
    filler = Filler(digits_model, 0, 6.0, Screen())
    until = time.monotonic() + PATIENCE
    with filler.array:
        while not filler.digits and time.monotonic() < until:
            with filler.block(len(filler.array.turns)):
                time.sleep(0.001)
            time.sleep(0.02)
    record, array = filler.record(), filler.market(7).arrays[0]
    assert set(record) == set(FIELDS["mine: ai"])
    assert record["results"] >= 1
    assert record["digits"] > 0 and record["right"] > 0.9 * record["digits"]
    assert record["block_proofs"] == len(filler.array.turns) and record["block_proofs_late"] == 0
    assert record["seconds_sold"] > 0
    assert not filler.array.book.jobs    # what was taken was done
    blocks, _, results = array.earned
    assert (blocks.done, blocks.late, blocks.gwei) == (record["block_proofs"], 0, 7)
    assert (results.done, results.late, results.gwei) == (
        record["results"], record["results_late"], record["gwei"])
    assert array.orders == record["orders"] and blocks.seconds > 0 and results.seconds > 0
    filler.show(Screen())
    assert f"{record['results']} of {record['orders']} orders done" in capsys.readouterr().out


def test_results_are_computed_on_an_array(digits_model) -> None:
    """The model of one: every digit is read as on the processor, in commands of its cycles."""
    shape = with_matrices(SMALLEST).matrix
    assert shape is not None
    array = Array(AcceleratorModel(shape, 8), 20_000)
    filler = Filler(digits_model, 0, 6.0, Screen(), array)
    assert filler.array.book.longest_tile == 20_000
    until, rated = time.monotonic() + PATIENCE, len(array.commands)
    with filler.array:
        while not filler.digits and time.monotonic() < until:
            time.sleep(0.02)
    assert filler.right > 0.9 * filler.digits > 0
    assert filler.array.book.earned[Kind.RESULT].cycles == sum(array.commands[rated:])


def test_a_device_computes_results_where_it_multiplies_matrices() -> None:
    """In commands of a thousandth of a second, in its own share of the memory; where it was opened
    anew, on that one."""
    for shape, there in ((TOY_SHAPE, False), (with_matrices(TOY_SHAPE), True)):
        gateware, library = build(shape)
        opened = []
        for _ in range(2):
            board = Accelerator(Simulation(library), gateware.identity)
            before = board.memory
            opened.append(LanesDevice("toy", [board], groups=board.groups, arithmetic=ON_TOY,
                                      weight_words=WEIGHT_WORDS))
            assert before - board.memory == WEIGHT_WORDS * there
        array = array_on(lambda: opened[-1])    # noqa: B023
        assert (array is not None) == there
        if array is not None:
            x, w = np.arange(-20, 40).reshape(12, 5), np.arange(15).reshape(5, 3)
            for _ in range(2):
                assert np.array_equal(array.multiply(x, w), x @ w)
                opened.pop().close()
            assert array.most_cycles == BOARD_HZ // 1_000 and array.failure is None
    assert array_on(CpuDevice) is None


def test_a_model_that_takes_no_digits_is_refused(tmp_path) -> None:
    graph = Qdq((2,))
    x = graph.quantised("x", Quantisation(np.float32(0.25), 3, "uint8"))
    weight = graph.constant("w", [[3, 1], [-2, 4]], np.float32(0.5))
    out = graph.quantised(graph.node("MatMul", [x, weight], "y"),
                          Quantisation(np.float32(0.5), -7, "int8"))
    path = graph.save(tmp_path / "model.onnx", out)
    with pytest.raises(ProofmillError, match="and no digits"):
        Filler(str(path), 0, 6.0, Screen())


@pytest.mark.slow
def test_mining_with_results(capsys) -> None:
    assert main(["mine", "--ai", "--json", "--device", "cpu", "--blocks", "1", "--accounts", "2",
                 "--transfers", "1"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["proofs_included"] == found["ai"]["block_proofs"] == 1
    assert found["ai"]["block_proofs_late"] == 0 and found["ai"]["results"] > 0
    assert found["layer2_gwei_matured"] > 0
    (array,) = found["market"]["arrays"]
    assert array["earned"][0]["gwei"] == found["layer2_gwei_matured"] + found["layer2_gwei_pending"]
    assert "orders done by the model mlp" in captured.err and "INFO" not in captured.err
