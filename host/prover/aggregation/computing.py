"""What computes the sums and the pairings of an aggregate: this machine, or a device."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.cores import cores
from proofmill.host.prover.curve import target
from proofmill.host.prover.curve.arithmetic import multi_scalar_multiplication
from proofmill.host.prover.curve.limbs import Limbs, from_coordinates, to_coordinates
from proofmill.host.prover.curve.pairing import product
from proofmill.host.prover.curve.points import is_infinity
from proofmill.host.prover.devices.device import Device, Job

if TYPE_CHECKING:
    from proofmill.sim.wide_processor import WideExecution

Pairs = tuple[Limbs, Limbs]
"""Points of G1 and of G2 to be paired: (n, 8) and (n, 16)."""
Sum = tuple[Limbs, Limbs]
"""Points and scalars of ``sum(scalars[i] * points[i])``: as of `multi_scalar_multiplication`."""

WIDE_DEVICES = ("model", "rtl")
"""Those that have the wide processor, which computes pairings."""


class Computing(Protocol):
    """Sums and products of pairings; points are in their groups of order r."""

    def sums(self, group: Group, several: Sequence[Sum]) -> list[Limbs]:
        """Of each, an affine point, shape (8,) or (16,)."""
        ...

    def products(self, several: Sequence[Sequence[Pairs]]) -> list[Limbs]:
        """Of each, the product of all its pairs' pairings in GT, shape (48,)."""
        ...


class OnThisMachine:
    """By mcl, on all cores."""

    def sums(self, group: Group, several: Sequence[Sum]) -> list[Limbs]:
        """As of `Computing`."""
        return [multi_scalar_multiplication(group, points, scalars) for points, scalars in several]

    def products(self, several: Sequence[Sequence[Pairs]]) -> list[Limbs]:
        """As of `Computing`."""
        with ThreadPoolExecutor(cores()) as pool:
            return list(pool.map(lambda pairs: product(
                np.concatenate([g1 for g1, _ in pairs]),
                np.concatenate([g2 for _, g2 in pairs])), several))


class OnDevice:
    """Sums by a device; pairings by the wide processor beside it, in simulation, where the device
    has one, else by this machine. What is multiplied in GT this machine multiplies."""

    def __init__(self, device: Device) -> None:
        """`device` stays its owner's; `close` gives back what the pairings need."""
        self._device, self._here = device, OnThisMachine()
        self._files = ExitStack()
        self._wide: Callable[[Sequence[int]], WideExecution] | None = None
        self.sum_cycles = 0
        """Of all sums."""
        self.pairings = 0
        """That the wide processor has computed."""
        self.pairing_cycles = 0
        """Of these."""

    def close(self) -> None:
        """End the wide processor."""
        self._files.close()

    def sums(self, group: Group, several: Sequence[Sum]) -> list[Limbs]:
        """As of `Computing`; raises `DeviceError`."""
        jobs = [Job(self._device.load(group, points), scalars) for points, scalars in several]
        results = self._device.run(jobs)
        self.sum_cycles += sum(each.cycles for each in results)
        return [each.point for each in results]

    def products(self, several: Sequence[Sequence[Pairs]]) -> list[Limbs]:
        """As of `Computing`."""
        if self._device.name.partition("+")[0] not in WIDE_DEVICES:
            return self._here.products(several)
        return [self._product(pairs) for pairs in several]

    def _product(self, pairs: Sequence[Pairs]) -> Limbs:
        value = target.one()
        for g1, g2 in pairs:
            for p, q in zip(g1, g2, strict=True):
                if not (is_infinity(p.reshape(1, -1))[0] or is_infinity(q.reshape(1, -1))[0]):
                    value = target.times(value, self._pairing(p, q))
        return value

    def _pairing(self, p: Limbs, q: Limbs) -> Limbs:
        """Of two finite points."""
        from proofmill.sim.pairing import program_value, program_words

        x, y = to_coordinates(p)
        x_re, x_im, y_re, y_im = to_coordinates(q)
        if self._wide is None:
            self._wide = self._opened()
        found = self._wide(program_words((x, y), ((x_re, x_im), (y_re, y_im))))
        self.pairings += 1
        self.pairing_cycles += found.cycles
        return from_program(program_value(found.sent))

    def _opened(self) -> "Callable[[Sequence[int]], WideExecution]":
        """What runs the program of a pairing on the wide processor."""
        from proofmill.firmware.pairing.programs import pairing
        from proofmill.hdl.presets import STANDARD_WIDE
        from proofmill.sim.wide_gateware import WideGateware, wide_library
        from proofmill.sim.wide_processor import run

        program = pairing(STANDARD_WIDE)
        if self._device.name.startswith("model"):
            return partial(run, program)
        gateware = WideGateware(program, wide_library(program.shape))
        self._files.callback(gateware.close)
        return gateware.run


def from_program(value: Sequence[int]) -> Limbs:
    """The element of GT, shape (48,), in what the program of a pairing sends: six coefficients over
    Fp2, of 1, w, ..., w^5, where w^2 = v."""
    coordinates = [0] * len(value)
    for power in range(len(value) // 2):
        place = len(value) // 2 * (power % 2) + 2 * (power // 2)
        coordinates[place:place + 2] = value[2 * power:2 * power + 2]
    return from_coordinates(coordinates).reshape(-1)
