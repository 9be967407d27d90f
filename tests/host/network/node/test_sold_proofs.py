"""Proofs that are sold, on devices between block proofs, and elsewhere where these fail."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest

from proofmill.host.network.node.patience import FIRST_PAUSE_MS, PatientProver
from proofmill.host.network.node.sold_proofs import SoldProofs, words_of
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device, DeviceError, Progress, Proven
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify
from tests.host.prover.devices.hanging import GivingWay, Small
from tests.host.prover.devices.test_proving import ProvingChip
from tests.host.prover.groth16.files import cube_circuit, cube_witness

BLOCKS = development_setup(cube_circuit(), seed=b"blocks")
SOLD = development_setup(cube_circuit(), seed=b"sold")
WITNESS = cube_witness(5)
PATIENCE = 60.0


def opener(device: type) -> str:
    return f"{device.__module__}:{device.__name__}"


class Node:
    """What of a node proves, with a clock that a test sets."""

    def __init__(self, *devices: Device) -> None:
        self.now_ms = 0
        self.prover = PatientProver(BLOCKS, devices, cube_circuit())
        self.sold = SoldProofs(self.prover, lambda: self.now_ms,
                               {"cube": (SOLD, cube_circuit)})
        self.sold.look()

    def sell(self) -> None:
        """Prove something, rightly."""
        result = self.sold.prove("cube", WITNESS)
        assert verify(SOLD.verification_key, result.public, result.proof)

    def prove_block(self) -> str:
        """... of a block; on which device."""
        return self.prover.prove(WITNESS, self.now_ms).device

    @property
    def proofs(self) -> dict[str, int]:
        return self.sold.record.proofs


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders"
    path.write_text("")
    return path


@pytest.fixture
def chip(orders: Path) -> Iterator[ApartDevice]:
    made = ApartDevice(str(orders), opener(GivingWay))
    yield made
    made.close()


def test_sums_are_those_devices_that_give_way(chip: ApartDevice) -> None:
    node = Node(CpuDevice(threads=1), chip)
    node.sell()
    first = node.prover.reserve(0)
    assert node.prove_block() == chip.name and first is not None
    node.sell()
    assert node.proofs == {chip.name: 2}
    assert node.sold.record.reason == "cpu: it does not give way in the midst of a sum"
    assert not node.sold.record.broken_off


def test_a_sum_gives_way_to_a_block_proof_and_is_done_anew(
    chip: ApartDevice, orders: Path,
) -> None:
    node = Node(chip)
    orders.write_text("go go endless")    # the third of five
    with ThreadPoolExecutor(1) as beside:
        sale = beside.submit(node.sell)
        while orders.read_text():
            sleep(0.01)
        assert not sale.done()
        start = monotonic()
        assert node.prove_block() == chip.name
        assert monotonic() - start < PATIENCE
        sale.result(PATIENCE)
    assert node.proofs == {chip.name: 1} and node.sold.record.broken_off == 1


class OneCommand(ProvingChip):
    """Proves by one command, and gives way in its midst; the first that it is told to never ends.
    """

    gives_way = 1 << 22
    ends = Event()
    begun = Event()

    def prove(self, key: Any, witness: Limbs, blinding: tuple[int, int], h: Limbs | None = None,
              progress: Progress | None = None) -> Proven | None:
        while progress is not None and not self.ends.is_set():
            self.begun.set()
            sleep(0.01)
            progress(0, 1)
        return super().prove(key, witness, blinding, h, progress)


def test_a_proof_by_one_command_gives_way_to_a_block_proof() -> None:
    node = Node(OneCommand(12))
    with ThreadPoolExecutor(1) as beside:
        sale = beside.submit(node.sell)
        assert OneCommand.begun.wait(PATIENCE)
        assert node.prove_block() == "chip" and not sale.done()
        OneCommand.ends.set()
        sale.result(PATIENCE)
    assert node.proofs == {"chip": 1} and node.sold.record.broken_off >= 1


def test_where_a_device_fails_another_or_this_processor_proves(
    chip: ApartDevice, orders: Path,
) -> None:
    node = Node(chip)
    orders.write_text("fail")
    node.sell()
    assert node.proofs == {chip.name: 1} and not node.sold.record.reason
    orders.write_text("go end go fail")
    node.sell()
    node.sell()
    assert node.proofs == {chip.name: 1, "": 2}
    assert node.sold.record.reason.startswith(f"{chip.name}: ")
    assert "ValueError('no such register')" in node.sold.record.reason
    assert node.prove_block() == chip.name
    node.now_ms = FIRST_PAUSE_MS
    node.sell()
    assert node.proofs == {chip.name: 2, "": 2} and not node.sold.record.reason
    orders.write_text("fail fail")
    with pytest.raises(DeviceError):
        node.prove_block()
    node.sell()
    assert node.proofs == {chip.name: 2, "": 3} and "put aside" in node.sold.record.reason


def test_a_device_that_has_no_room_for_all_keys_has_block_proofs_alone(orders: Path) -> None:
    small = ApartDevice(str(orders), opener(Small))
    node = Node(small)
    node.sell()
    assert node.proofs == {"": 1}
    assert node.sold.record.reason == (
        f"{small.name}: 100 words of its memory are too few for the keys, whose points have "
        f"{words_of(BLOCKS) + words_of(SOLD):,}")
    small.close()


def test_a_node_that_ends_lets_a_proof_go(chip: ApartDevice, orders: Path) -> None:
    node = Node(chip)
    orders.write_text("endless")
    with ThreadPoolExecutor(1) as beside:
        sale = beside.submit(node.sell)
        while orders.read_text():
            sleep(0.01)
        node.prover.close()
        with pytest.raises(DeviceError):
            sale.result(PATIENCE)


@pytest.mark.slow
def test_a_result_with_its_proof_is_all_a_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the accelerator's model: matrices by MATMUL, and the sums of the proof, whose result is
    the same. A processor that multiplies or sums here would raise."""
    pytest.importorskip("onnxruntime")
    from proofmill.host.network.node import sold_proofs
    from proofmill.host.network.node.goods import Goods
    from proofmill.host.network.node.market_place import GoodsFiles
    from proofmill.host.network.node.matrices import Matrices
    from proofmill.host.prover.circuits.preimage import PREIMAGE, preimage_circuit
    from proofmill.host.prover.devices import matrices
    from proofmill.host.prover.devices.matrices import WEIGHT_WORDS
    from proofmill.host.prover.inference.making import make
    from proofmill.host.prover.inference.proving import compile_model
    from proofmill.sim import matrix_gateware

    files = GoodsFiles(tmp_path / "mlp.onnx", tmp_path / "compiled", tmp_path / "preimage.zkey")
    make("mlp", files.model)
    compile_model(files.model, files.compiled, b"sold".ljust(32))
    development_setup(preimage_circuit().to_r1cs("preimage"), files.preimage_key, b"sold".ljust(32))
    chip = ApartDevice("model+m", lanes=1, weight_words=WEIGHT_WORDS)
    node = Node(chip)
    goods = Goods(files, Matrices(node.prover, lambda: 0, lambda *said: None), node.prover,
                  lambda: 0)
    goods.look()

    def never(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("this process computes")

    for module in (matrices, matrix_gateware):
        monkeypatch.setattr(module, "product", never)
    monkeypatch.setattr(sold_proofs, "CpuDevice", never)
    integers = [goods.model.quantisation.least + n % 17 for n in range(64)]
    found = goods.with_proof(integers, 5, 7)
    assert found.output == goods.output(integers).output and len(found.proof)
    assert found.output == goods.proven_output(integers, 6, 7)[0]
    goods.preimage_proof({PREIMAGE: 7})
    assert goods.sold.record.proofs == {chip.name: 3} and not goods.sold.record.reason
    assert [*goods.matrices.record.commands] == [chip.name]
    chip.close()
