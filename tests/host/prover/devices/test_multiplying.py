"""Matrices on devices that sum: the same products, in a process of their own too."""

from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.presets import STANDARD, TOY_SHAPE, control_only, with_matrices
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.catalogue import open_device, simulated_shape
from proofmill.host.prover.devices.device import BOARD_HZ, DeviceError, Multiplying
from proofmill.host.prover.devices.faulty import FAIL, FaultyDevice
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.devices.matrices import WEIGHT_WORDS, AcceleratorModel, DeviceUnit
from proofmill.host.prover.inference.array import Array
from proofmill.sim.verilated import Simulation, build
from tests.host.prover.devices.multiplying import ON_TOY, OPENER, toy

RNG = np.random.default_rng(27)
X, W = RNG.integers(0, 256, (7, 5)), RNG.integers(0, 256, (5, 4))


def test_products_of_a_device_apart_are_its_accelerators(tmp_path: Path) -> None:
    """... in its cycles; where its process ends, the next one is given the weights anew."""
    device = ApartDevice(str(tmp_path / "orders"), OPENER)
    use = device.multiplies
    assert isinstance(device, Multiplying) and use is not None and use.clock_hz == BOARD_HZ
    model = AcceleratorModel(use.shape, use.memory_cycles)
    for _ in range(2):
        found, wanted = device.product(X, W), model.multiply(X, W)
        assert np.array_equal(found.sums, X @ W)
        assert (found.cycles, found.fetched) == (wanted.cycles, wanted.fetched)
    assert not found.fetched
    (tmp_path / "orders.products").write_text("end")
    with pytest.raises(DeviceError, match="its process has ended"):
        device.product(X, W)
    found = device.product(X, W)
    assert np.array_equal(found.sums, X @ W) and found.fetched
    (tmp_path / "orders.products").write_text("hang")
    device.least_seconds = 0.5
    with pytest.raises(DeviceError, match="no answer within"):
        device.product(X, W)
    device.close()


def test_lanes_multiply_where_they_have_room_for_weights(tmp_path: Path) -> None:
    def lanes(accelerator: Accelerator, words: int) -> LanesDevice:
        return LanesDevice("toy", [accelerator], groups=accelerator.groups, arithmetic=ON_TOY,
                           weight_words=words)

    assert lanes(toy(), 0).multiplies is None
    gateware, library = build(TOY_SHAPE)
    without = lanes(Accelerator(Simulation(library), gateware.identity), WEIGHT_WORDS)
    assert without.multiplies is None and not without.accelerators[0].used
    accelerator = toy()
    device = lanes(accelerator, WEIGHT_WORDS)
    assert device.multiplies is not None and accelerator.used == WEIGHT_WORDS
    assert np.array_equal(device.product(X, W).sums, X @ W)
    orders = tmp_path / "orders"
    told = FaultyDevice(device, orders)
    assert told.multiplies == device.multiplies
    assert np.array_equal(told.product(X, W).sums, X @ W)
    orders.write_text(FAIL)
    with pytest.raises(DeviceError, match="told to fail"):
        told.product(X, W)
    for each in (device, without):
        each.close()


@pytest.mark.slow
def test_the_simulated_device_multiplies_at_full_width() -> None:
    """BN254's accelerator, built whole: 256 x 256 x 256, its golden model's sums and cycles."""
    device = open_device("rtl+m", lanes=1, weight_words=WEIGHT_WORDS)
    assert isinstance(device, Multiplying) and (use := device.multiplies) is not None
    x, w = RNG.integers(-128, 128, (2, 256, 256))
    arrays = [Array(unit) for unit in (
        DeviceUnit(use, lambda: device), AcceleratorModel(use.shape, use.memory_cycles))]
    for array in arrays:
        assert np.array_equal(array.multiply(x, w), x @ w)
    assert arrays[0].commands == arrays[1].commands and len(arrays[0].commands) == 2
    device.close()


def test_a_name_says_whether_matrices_are_multiplied() -> None:
    assert simulated_shape("rtl+m") == with_matrices(STANDARD)
    assert simulated_shape("model+m") == control_only(with_matrices(STANDARD))
    assert simulated_shape("model").matrix is None
