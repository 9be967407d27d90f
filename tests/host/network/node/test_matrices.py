"""A model's matrices on devices that prove: between two proofs, and elsewhere where one fails."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.boards.shapes import SMALL_TOY, SMALLEST_HZ
from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.presets import with_matrices
from proofmill.hdl.sdram import IS42S16160
from proofmill.host.network.node.matrices import Matrices, array_of
from proofmill.host.network.node.patience import FIRST_PAUSE_MS, PatientProver
from proofmill.host.prover.devices import matrices as on_devices
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device, DeviceError
from proofmill.host.prover.devices.matrices import MatrixUse
from proofmill.host.prover.groth16.prove import ProofResult
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.inference.comparing import differences
from proofmill.host.prover.inference.digits import digits, shaped
from proofmill.host.prover.inference.making import make
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.sim.board import START_CYCLES, RunningBoard, build_board
from proofmill.sim.matrix_gateware import Multiplied
from tests.host.prover.devices.multiplying import OPENER
from tests.host.prover.groth16.files import cube_circuit, cube_witness

KEY = development_setup(cube_circuit(), seed=b"matrices")
WITNESS = cube_witness(5)
RNG = np.random.default_rng(27)
X, W = RNG.integers(-128, 128, (60, 24)), RNG.integers(-128, 128, (24, 16))
PATIENCE = 60.0


class Node:
    """What of a node multiplies and proves, with a clock that a test sets."""

    def __init__(self, *devices: Device,
                 took: Callable[[ProofResult], int] = lambda result: 0) -> None:
        self.now_ms = 0
        self.told: list[tuple[str, str]] = []
        self.prover = PatientProver(KEY, devices, cube_circuit(), took=took)
        self.matrices = Matrices(self.prover, lambda: self.now_ms,
                                 lambda *said: self.told.append(said))

    def result(self) -> int:
        """Compute a product of many commands, which is right; how many they were."""
        unit = self.matrices.unit()
        array = array_of(unit.use, unit)
        array.most_cycles = 400
        assert np.array_equal(array.multiply(X, W), X @ W)
        assert array.spent >= sum(array.commands) > 0
        return len(array.commands)

    @property
    def commands(self) -> dict[str, int]:
        return self.matrices.record.commands


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[ApartDevice]:
    made = ApartDevice(str(tmp_path / "chip"), OPENER)
    yield made
    made.close()


def order(chip: ApartDevice, products: str = "", sums: str = "") -> None:
    """A word for each product, and for each run, from now on."""
    Path(f"{chip.name}.products").write_text(products)
    Path(chip.name).write_text(sums)


@pytest.fixture(autouse=True)
def no_orders(chip: ApartDevice) -> None:
    order(chip)


def test_a_models_result_is_a_devices_and_this_process_multiplies_nothing(
    chip: ApartDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """... equal to onnxruntime's in every integer; devices that do not multiply are named."""
    def never(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        raise AssertionError("this process multiplies no matrices")

    monkeypatch.setattr(on_devices, "product", never)
    node, path = Node(CpuDevice(threads=1), chip), tmp_path / "mlp.onnx"
    make("mlp", path)
    model = read_model(path)
    samples = shaped(digits()[0][:2], model.shape)
    assert samples is not None
    unit = node.matrices.unit()
    array = array_of(unit.use, unit)
    found = model.run(samples, array.multiply)
    assert differences(path, model, samples, found) == 0
    assert node.told == [(chip.name, "cpu: it multiplies no matrices")]
    assert node.commands == {chip.name: len(array.commands)}


def test_a_block_proof_waits_for_one_command_and_the_result_goes_on(chip: ApartDevice) -> None:
    counts: list[int] = []
    node = Node(chip, took=lambda result: counts.append(node.commands[chip.name]) or 0)
    with ThreadPoolExecutor(1) as beside:
        result = beside.submit(node.result)
        while not node.commands:
            assert not result.done()
        device = node.prover.reserve(0)
        assert device is not None and device.device is chip
        before = node.commands[chip.name]
        assert node.prover.prove(WITNESS, 0, device).device == chip.name
        # When the proof was there: the command that was under way, and no other.
        assert before <= counts[0] <= before + 1
        total = result.result(PATIENCE)
    assert counts[0] < total and node.commands == {chip.name: total}


def test_a_result_goes_on_elsewhere_where_a_device_fails_in_its_midst(
    chip: ApartDevice, tmp_path: Path,
) -> None:
    """On the next device, or on this processor; block proofs are tried on the device as before, and
    after a pause results are, too."""
    other = ApartDevice(str(tmp_path / "other"), OPENER)
    node = Node(chip, other)
    order(chip, "go go end fail")
    total = node.result()
    assert node.commands == {chip.name: 2, other.name: total - 2}
    assert [name for name, _ in node.told] == [chip.name, other.name]
    assert f"{chip.name}: {chip.name}: ValueError('no such block')" == node.told[1][1]
    order(other, "go fail fail")
    assert node.result() == total
    assert node.commands == {chip.name: 2, other.name: total - 2 + 1, "": total - 1}
    assert node.told[2][0] == "" and node.told[2][1].startswith(f"{chip.name}: ")
    assert f"; {other.name}: " in node.told[2][1]
    assert not node.prover.put_aside(0)
    assert node.prover.prove(WITNESS, 0).device == chip.name
    node.now_ms = FIRST_PAUSE_MS
    assert node.result() == total
    assert node.commands[chip.name] == 2 + total and node.told[3:] == [(chip.name, "")]
    other.close()


def test_a_device_that_block_proofs_have_put_aside_multiplies_nothing(chip: ApartDevice) -> None:
    node = Node(chip)
    total = node.result()
    order(chip, sums="fail fail")
    with pytest.raises(DeviceError, match="no such register"):
        node.prover.prove(WITNESS, 0)
    here = node.result()
    assert node.commands == {chip.name: total, "": here}
    name, reason = node.told[-1]
    assert name == "" and reason.startswith(f"{chip.name}: it is put aside: ")
    assert node.prover.prove(WITNESS, FIRST_PAUSE_MS).device == chip.name
    assert node.result() == total and node.told[-1] == (chip.name, "")


def test_where_no_device_multiplies_this_processor_does_and_says_why() -> None:
    node = Node(CpuDevice(threads=1))
    total = node.result()
    assert node.commands == {"": total}
    assert node.told == [("", "cpu: it multiplies no matrices")]
    assert node.matrices.record.reason == node.told[0][1]


@pytest.mark.parametrize("said", ["multiplies", "product"])
def test_no_error_of_a_driver_ends_a_result(chip: ApartDevice, said: str) -> None:
    """A device in this process may raise anything; another then does its work, and it is told."""
    class Broken(CpuDevice):
        name = "broken"

        @property
        def multiplies(self) -> MatrixUse | None:
            if said == "multiplies":
                raise OSError("the register is gone")
            return chip.multiplies

        def product(self, x: np.ndarray, w: np.ndarray) -> Multiplied:
            raise KeyError("no such block")

    node = Node(Broken(threads=1), chip)
    total = node.result()
    assert node.commands == {chip.name: total}
    reason = {"multiplies": "OSError('the register is gone')",
              "product": "KeyError('no such block')"}[said]
    assert node.told[-1] == (chip.name, f"broken: {reason}")
    node.now_ms = FIRST_PAUSE_MS
    assert node.result() == total and node.commands == {chip.name: 2 * total}


def test_a_node_that_ends_lets_a_result_go(chip: ApartDevice) -> None:
    node = Node(chip)
    assert node.prover.reserve(0) is not None
    with ThreadPoolExecutor(1) as beside:
        result = beside.submit(node.result)
        assert not result.done()
        node.prover.close()
        with pytest.raises(DeviceError, match="given back"):
            result.result(PATIENCE)


@pytest.mark.slow
def test_a_board_at_a_serial_port_multiplies_between_proofs(tmp_path: Path) -> None:
    """Its gateware with its SDRAM in simulation, behind a line; a proof comes in its midst."""
    core = BoardCore(with_matrices(SMALL_TOY), divisor=2, clock_hz=SMALLEST_HZ, timing=IS42S16160,
                     start_cycles=START_CYCLES)
    board = RunningBoard(build_board(core), 2)
    orders = tmp_path / "board"
    orders.write_text("")
    device = ApartDevice(str(orders), OPENER, board=f"serial:{board.path}")
    node = Node(device)
    try:
        with ThreadPoolExecutor(1) as beside:
            result = beside.submit(node.result)
            while not node.commands:
                assert not result.done()
            assert node.prover.prove(WITNESS, 0).device == device.name
            assert not result.done()
            assert result.result() == node.commands[device.name]
        assert node.told == [(device.name, "")] and board.fault is None
        assert node.matrices.use.clock_hz == int(SMALLEST_HZ)
    finally:
        device.close()
        board.close()
