"""Matrices on an accelerator, or on the model of one: weights that stay where they were put."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.device import BOARD_HZ, DeviceError, Multiplying
from proofmill.sim.matrix import Plan, Whole, matmul_words, product, sums_of, weight_words
from proofmill.sim.matrix_gateware import Multiplied, planned

POINT_WORDS = 8
"""Words that an identity's `memory_cycles` are of."""
WEIGHT_WORDS = 1 << 16
"""Of a board's memory, for the weights of models whose results are sold: eight times what has room
on the ULX3S' chip."""


@dataclass(frozen=True)
class MatrixUse:
    """How a device multiplies matrices. `memory_cycles`: in which 8 words of weights come from its
    memory; `clock_hz`: of its cycles."""

    shape: MatrixUnitShape
    memory_cycles: int
    clock_hz: int


@dataclass
class Placed:
    """Which weights are in a memory with so much `room`, by name; from where on. The chip's own is
    counted in entries, the one beside it in words."""

    room: int
    used: int = 0
    places: dict[bytes, int] = field(default_factory=dict)

    def place(self, name: bytes, size: int) -> tuple[int, bool]:
        """(Where the weights called `name` begin, whether they are there.) Where there is no room
        behind the others, those are given up."""
        if name in self.places:
            return self.places[name], True
        if self.used + size > self.room:
            self.forget()
        self.places[name] = first = self.used
        self.used += size
        return first, False

    def forget(self) -> None:
        """None are there any more, or nobody knows which."""
        self.places.clear()
        self.used = 0


def memory_cycles(words: int, cycles: int) -> int:
    """Cycles in which a memory gives so many words, at best; `cycles` as an identity says them."""
    return -(-words * cycles // POINT_WORDS)


def least_rows(shape: MatrixUnitShape, cycles: int) -> int:
    """Rows of activations from which on a weight that comes from the memory is no wait: the blocks
    then take as long for it as the memory, whose `cycles` are an identity's."""
    return -(-shape.multiplier.rows * shape.weight_words * cycles // POINT_WORDS)


def name_of(plan: Plan, w: Whole) -> bytes:
    """Of weights."""
    return hashlib.sha256(repr((plan.terms, plan.columns)).encode() + w.tobytes()).digest()


class AcceleratorModel:
    """An accelerator that multiplies matrices, without its gateware: the same sums and cycles."""

    def __init__(self, shape: MatrixUnitShape, cycles: int) -> None:
        """`cycles`: of its memory, see `hdl.commands.IDENTITY`."""
        self.shape, self.memory_cycles = shape, cycles
        self._there = Placed(1 << shape.weight_bits)

    def multiply(self, x: Whole, w: Whole) -> Multiplied:
        """``x w``, of unsigned elements. Raises ValueError for what has no room."""
        plan = planned(self.shape, x, w)
        _, there = self._there.place(name_of(plan, w), plan.weight_entries)
        fetched = 0 if there else plan.weight_entries * self.shape.weight_words
        return Multiplied(product(x, w), plan.cycles, fetched)

    def close(self) -> None:
        """There is nothing to free."""


class AcceleratorUnit:
    """An accelerator that multiplies matrices, by command.

    Others may have it between two products: then weights are sent to the chip anew.
    """

    def __init__(self, accelerator: Accelerator, room: int | None = None) -> None:
        """`room`: words of its memory for weights, at least as many as have room on the chip; all
        if it is left out. Raises `ProofmillError` where it multiplies no matrices."""
        shape = accelerator.matrices()
        if shape is None:
            raise ProofmillError("the device multiplies no matrices: its gateware was built "
                                 "without; build it with --matrices, or use --device model")
        if not accelerator.identity["datapath"]:
            raise ProofmillError("the device has no datapath; use --device model")
        self.shape, self.memory_cycles = shape, accelerator.identity["memory_cycles"]
        self._accelerator = accelerator
        self._stored = Placed(accelerator.memory - accelerator.used if room is None else room)
        self._first = accelerator.reserve(self._stored.room)
        self._there = Placed(1 << shape.weight_bits)
        self._overwritten = accelerator.overwritten

    def multiply(self, x: Whole, w: Whole) -> Multiplied:
        """See `AcceleratorModel.multiply`; raises `DeviceError` where the device answers what
        cannot be."""
        plan = planned(self.shape, x, w)
        name = name_of(plan, w)
        words = plan.weight_entries * self.shape.weight_words
        if self._overwritten != self._accelerator.overwritten:
            self._there.forget()
            self._overwritten = self._accelerator.overwritten
        entry, there = self._there.place(name, plan.weight_entries)
        fetched = 0 if there else words
        try:
            address = 0 if there else self._address(name, plan, w, words)
            answers = self._accelerator.matmul(
                matmul_words(plan, x, address, fetched, entry), plan.sums + 1)
        except BaseException:
            # Whatever it came to: those that were to be placed may not be there, nor others.
            self._there.forget()
            self._stored.forget()
            raise
        return Multiplied(sums_of(plan, answers[:-1]), int(answers[-1]), fetched)

    def _address(self, name: bytes, plan: Plan, w: Whole, words: int) -> int:
        """Where weights lie in the device's memory, loaded there if they are not."""
        place, there = self._stored.place(name, words)
        if not there:
            self._accelerator.write(self._first + place, weight_words(plan, w))
        return self._first + place

    def close(self) -> None:
        """Close the device."""
        self._accelerator.close()


def multiplier_on(accelerator: Accelerator, room: int) -> AcceleratorUnit | AcceleratorModel | None:
    """What multiplies matrices on an accelerator, with weights in `room` words of its memory; its
    model where it has no datapath; None where its gateware was built without matrices."""
    shape = accelerator.matrices()
    if shape is None:
        return None
    if not accelerator.identity["datapath"]:
        return AcceleratorModel(shape, accelerator.identity["memory_cycles"])
    return AcceleratorUnit(accelerator, room)


def use_of(accelerator: Accelerator, unit: AcceleratorUnit | AcceleratorModel) -> MatrixUse:
    """How `unit` multiplies on the accelerator."""
    return MatrixUse(unit.shape, unit.memory_cycles, accelerator.identity["clock_hz"] or BOARD_HZ)


class DeviceUnit:
    """A device that multiplies matrices between its sums, see `device.Multiplying`, as a unit."""

    def __init__(self, use: MatrixUse, device: Callable[[], Multiplying]) -> None:
        """`device`: the one that there is, which may be opened anew between two products."""
        self.shape, self.memory_cycles = use.shape, use.memory_cycles
        self._device = device

    def multiply(self, x: Whole, w: Whole) -> Multiplied:
        """See `AcceleratorModel.multiply`; raises `DeviceError`."""
        return self._device().product(x, w)

    def close(self) -> None:
        """It is its owner's."""


class OrModel:
    """A unit, and in its place, from when it fails on, the model of its like: the same sums."""

    def __init__(self, unit: AcceleratorUnit | DeviceUnit) -> None:
        self.shape, self.memory_cycles = unit.shape, unit.memory_cycles
        self._unit: AcceleratorUnit | DeviceUnit | AcceleratorModel = unit
        self.failure: DeviceError | None = None
        """What it failed with."""

    def multiply(self, x: Whole, w: Whole) -> Multiplied:
        """See `AcceleratorModel.multiply`."""
        try:
            return self._unit.multiply(x, w)
        except DeviceError as error:
            self.failure = error
            self._unit = AcceleratorModel(self.shape, self.memory_cycles)
            return self._unit.multiply(x, w)

    def close(self) -> None:
        """Close what it is now."""
        self._unit.close()
