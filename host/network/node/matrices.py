"""What multiplies the matrices of the models whose results a node sells.

Its devices do, by MATMUL, a command at a time between two block proofs; where none of them can,
this processor does, on the model of the same commands: the integers are the same.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile
from threading import Lock

from proofmill.hdl.presets import MATRICES
from proofmill.host.network.array.book import longest_tile
from proofmill.host.network.array.record import Multiplied as Record
from proofmill.host.network.node.patience import TRIES, PatientProver
from proofmill.host.network.node.spare import Spare
from proofmill.host.prover.devices.device import BOARD_HZ, Multiplying
from proofmill.host.prover.devices.matrices import AcceleratorModel, MatrixUse
from proofmill.host.prover.inference.array import Array
from proofmill.sim.matrix import Whole
from proofmill.sim.matrix_gateware import Multiplied, planned

HERE = MatrixUse(MATRICES["18x18, one row"], 0, BOARD_HZ)
"""What commands are of where no device multiplies."""
Told = Callable[[str, str], None]
"""Hears what multiplies from now on, empty for this processor, and what is wrong with others."""


@dataclass
class _Device(Spare):
    """A device and how it multiplies, None where it does not, or has not said so yet."""

    use: MatrixUse | None = None
    asked: bool = False


def array_of(use: MatrixUse, unit: "Unit | AcceleratorModel | None" = None) -> Array:
    """An array of such commands, each of a thousandth of a second at the most, weights' way from
    the memory among it; by the model of them if no `unit` is given."""
    return Array(unit or AcceleratorModel(use.shape, use.memory_cycles),
                 longest_tile(use.clock_hz))


class Matrices:
    """The devices of a node that multiply matrices. All but `use` may take long: it is for threads,
    any number of them."""

    def __init__(self, prover: PatientProver, now_ms: Callable[[], int], told: Told) -> None:
        """`prover`: whose devices these are, and whose proofs go before. `now_ms`: of the clock by
        which devices are put aside."""
        self._prover, self._now_ms, self._told = prover, now_ms, told
        self._devices = [_Device(each) for each in prover.devices]
        self._lock = Lock()
        self._said: tuple[str, str] | None = None
        self._commands: Counter[str] = Counter()

    @property
    def use(self) -> MatrixUse:
        """Of what commands would be now, as far as devices have said."""
        return next((each.use for each in self._able() if each.use is not None), HERE)

    @property
    def record(self) -> Record:
        """What multiplied so far."""
        with self._lock:
            return Record(dict(self._commands), self._said[1] if self._said else "")

    def unit(self) -> "Unit":
        """What multiplies for one result, after devices that have not said yet were asked."""
        self.look()
        return Unit(self, self.use)

    def look(self) -> None:
        """Ask the devices that have not said yet how they multiply, and tell what does."""
        for each in self._devices:
            if each.asked or self._now_ms() < each.free_at_ms:
                continue
            device = each.turn.device
            try:
                with self._prover.tile(each.turn):
                    each.use = device.multiplies if isinstance(device, Multiplying) else None
            except Exception as error:  # from the device's driver, whatever it is
                if self._prover.closed:
                    raise
                each.failed(error, self._now_ms())
                continue
            each.asked = True
            each.reason = "" if each.use else "it multiplies no matrices"
        self._tell()

    def multiplied(self, x: Whole, w: Whole, like: MatrixUse) -> Multiplied | None:
        """``x w`` by the first device that does it, in cycles of `like`'s clock; None for none."""
        for each in self._able():
            if each.use is None or not (each.use == like or _fits(each.use, x, w)):
                continue
            found = self._tried(each, x, w)
            if found is not None:
                self.count(each.turn.device.name)
                return replace(found, cycles=-(-found.cycles * like.clock_hz
                                               // each.use.clock_hz))
        return None

    def count(self, name: str) -> None:
        """A command was computed by the device `name`, empty for this processor."""
        with self._lock:
            self._commands[name] += 1

    def _able(self) -> list[_Device]:
        now = self._now_ms()
        return [each for each in self._devices if each.use is not None and each.able(now)]

    def _tried(self, each: _Device, x: Whole, w: Whole) -> Multiplied | None:
        device = each.turn.device
        assert isinstance(device, Multiplying)
        for attempt in range(TRIES):
            try:
                with self._prover.tile(each.turn):
                    found = device.product(x, w)
            except Exception as error:  # likewise
                if self._prover.closed:
                    raise
                if each.turn.fault or attempt == TRIES - 1:
                    each.failed(error, self._now_ms())
                    break
            else:
                each.worked()
                self._tell()
                return found
        self._tell()
        return None

    def _tell(self) -> None:
        """Tell what multiplies from now on, if that is another."""
        able = next(iter(self._able()), None)
        name = able.turn.device.name if able is not None else ""
        before = takewhile(lambda each: each is not able, self._devices)
        reason = "; ".join(each.said for each in before)
        with self._lock:
            if self._said is not None and self._said[0] == name:
                return
            self._said = name, reason
        self._told(name, reason)


class Unit:
    """What multiplies for one result, see `inference.array.Unit`: whatever device can, at each
    command; so a result goes on where a device stopped."""

    def __init__(self, matrices: Matrices, use: MatrixUse) -> None:
        self.use, self.shape, self.memory_cycles = use, use.shape, use.memory_cycles
        self._matrices = matrices
        self._model = AcceleratorModel(use.shape, use.memory_cycles)

    def multiply(self, x: Whole, w: Whole) -> Multiplied:
        """See `AcceleratorModel.multiply`."""
        found = self._matrices.multiplied(x, w, self.use)
        if found is None:
            found = self._model.multiply(x, w)
            self._matrices.count("")
        return found

    def close(self) -> None:
        """The devices are the node's."""


def _fits(use: MatrixUse, x: Whole, w: Whole) -> bool:
    """Whether a command that was cut for another device has room on this one, and ends as soon."""
    try:
        plan = planned(use.shape, x, w)
    except ValueError:
        return False
    # What would have to be cut further would take two commands.
    return len(array_of(use).bounds(plan.rows, plan.terms, plan.columns)) == 1
