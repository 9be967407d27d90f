"""A device that is told to fail or to hang: what a run that tries out failures proves on.

It is opened in a process of its own (`apart.ApartDevice`), and what it is told stands in a file, so
that it also holds for the process that is begun anew.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import (
    Bases,
    Device,
    DeviceError,
    Job,
    Multiplying,
    Progress,
    Result,
)
from proofmill.host.prover.devices.matrices import MatrixUse
from proofmill.sim.matrix import Whole
from proofmill.sim.matrix_gateware import Multiplied

FAIL, HANG = "fail", "hang"


class FaultyDevice:
    """`device` as it is, unless the file `orders` says ``fail`` or ``hang`` when a run begins, or a
    product of matrices."""

    def __init__(self, device: Device, orders: Path) -> None:
        self.name = device.name
        self._device = device
        self._orders = orders

    def load(self, group: Group, points: Limbs) -> Bases:
        """As the device does."""
        return self._device.load(group, points)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """As the device does; DeviceError, or no end, where that is what was ordered."""
        self._obey()
        return self._device.run(jobs, progress)

    @property
    def multiplies(self) -> MatrixUse | None:
        """As the device does."""
        return self._device.multiplies if isinstance(self._device, Multiplying) else None

    def product(self, x: Whole, w: Whole) -> Multiplied:
        """As the device does; see `run`."""
        assert isinstance(self._device, Multiplying)
        self._obey()
        return self._device.product(x, w)

    def _obey(self) -> None:
        orders = self._orders.read_text().strip() if self._orders.exists() else ""
        if orders == FAIL:
            raise DeviceError("it was told to fail")
        while orders == HANG:
            time.sleep(60)

    def close(self) -> None:
        """As the device does."""
        self._device.close()


def open_faulty(name: str, *, orders: str, lanes: int | None = None,
                weight_words: int = 0) -> FaultyDevice:
    """The device `name` of the catalogue, which obeys the file `orders`."""
    device = CpuDevice(threads=lanes) if name == "cpu" else open_device(
        name, lanes=lanes, weight_words=weight_words)
    return FaultyDevice(device, Path(orders))


OPENER = f"{__name__}:{open_faulty.__name__}"
"""For an `apart.ApartDevice`."""
