"""A device in a process of its own: what hangs there is ended, and begun anew.

The process is this module, run with the number of its socket. It is told the device's name, then
points to load, jobs to run, vectors to transform, matrices to keep and witnesses for them, points
to combine, matrices to multiply, keys to prove under and proofs to check, and answers with
progress, results or what went wrong. Where it is told to stop it breaks off its sums at its next
progress.
"""

import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.parent import end_with_parent, same_packages
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import (
    Abilities,
    Bases,
    Checking,
    Combining,
    Device,
    DeviceError,
    Evaluating,
    Found,
    Job,
    Multiplying,
    OneWay,
    Progress,
    Proven,
    Proving,
    Quotient,
    Result,
    SelfCheck,
    Transformed,
    Transforming,
    abilities_of,
)
from proofmill.host.prover.devices.inputs import GROUPS, check_jobs, check_points
from proofmill.host.prover.devices.usual import usual_longest
from proofmill.sim.evaluator import Matrices

if TYPE_CHECKING:  # who has no matrices multiplied, nothing checked need not wait for the gateware
    from proofmill.firmware.wide_program import WideProgram
    from proofmill.hdl.check_shape import CheckShape
    from proofmill.host.prover.devices.matrices import MatrixUse
    from proofmill.sim.matrix import Whole
    from proofmill.sim.matrix_gateware import Multiplied

START_SECONDS = 300.0
"""For opening a device: its simulation may have to be compiled."""

FIRST_SECONDS = 120.0
"""For the first jobs, when nothing has been measured."""

LEAST_SECONDS = 10.0
FACTOR = 4
"""A device that has taken so many times what it usually takes at most is given up."""

STOP_SECONDS = 10.0
"""In which sums that are broken off are."""

REMEMBERED = 256


class ApartDevice:
    """The device `name` of the catalogue, in a process that lives while it answers.

    `opener`: ``module:function`` that makes the device from its name, in that process. Not to be
    used from several threads at once; `close` may be called from any, and ends what runs.
    """

    def __init__(self, name: str, opener: str =
    "proofmill.host.prover.devices.catalogue:open_device",
                 **options: Any) -> None:
        self.name = name
        self._opening = (opener, name, options)
        self._points: list[tuple[Group, Limbs]] = []
        self._matrices: list[Matrices] = []
        self._keys: list[tuple[Matrices, Sequence[Limbs], int, SelfCheck | None]] = []
        self._loaded = self._kept = self._keys_there = 0
        self._abilities = Abilities()
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Connection | None = None
        self._measured: deque[float] = deque(maxlen=REMEMBERED)
        self._largest = 0
        self._multiplied: deque[float] = deque(maxlen=REMEMBERED)
        self._proven: deque[float] = deque(maxlen=REMEMBERED)
        self._proven_there: set[int] = set()
        self.least_seconds = LEAST_SECONDS

    @property
    def deadline_seconds(self) -> float:
        """What jobs may take: by this device's own measurements of the largest, once there are
        any."""
        return self._deadline(self._measured)

    def _deadline(self, measured: Sequence[float]) -> float:
        if not measured:
            return FIRST_SECONDS
        return max(self.least_seconds, FACTOR * usual_longest(list(measured)))

    def load(self, group: Group, points: Limbs) -> Bases:
        """Keep `points` here as well, for every process to come."""
        for handle, (kept_group, kept) in enumerate(self._points):
            if kept_group is group and np.array_equal(kept, points):
                return Bases(group, len(points), handle)
        check_points(group, points)
        self._points.append((group, np.array(points)))
        return Bases(group, len(points), len(self._points) - 1)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Compute every job; DeviceError where the process does not answer in time, or ended."""
        check_jobs(jobs)
        # How long the largest take says nothing of smaller ones, and these nothing of it.
        size = sum(job.bases.count for job in jobs)
        if size > self._largest > 0:
            self._measured.clear()
        self._largest = max(self._largest, size)
        with self._at_work():
            for group, points in self._points[self._loaded:]:
                self._ask(("load", group, points), START_SECONDS, None)
                self._loaded += 1
            start = time.monotonic()
            results: list[Result] = self._ask(
                ("run", [(job.bases.handle, job.scalars, job.held) for job in jobs]),
                self.deadline_seconds, progress)
            if size == self._largest:
                self._measured.append(time.monotonic() - start)
            return results

    @property
    def transforms(self) -> int:
        """See `Transforming.transforms`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.transforms

    def quotient(self, a: Limbs, b: Limbs) -> Quotient:
        """See `Transforming.quotient`; DeviceError where the process does not answer in time."""
        with self._at_work():
            found: Quotient = self._ask(("quotient", a, b), FIRST_SECONDS, None)
            return found

    @property
    def one_way(self) -> int:
        """See `OneWay.one_way`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.one_way

    def transform(self, values: Limbs, *, inverse: bool = False, coset: int = 0) -> Transformed:
        """See `OneWay.transform`; DeviceError where the process does not answer in time."""
        with self._at_work():
            found: Transformed = self._ask(("one way", values, inverse, coset), FIRST_SECONDS,
                                           None)
            return found

    @property
    def evaluates(self) -> bool:
        """See `Evaluating.evaluates`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.evaluates

    def keep(self, matrices: Matrices) -> int:
        """Keep `matrices` here, for every process to come."""
        for handle, kept in enumerate(self._matrices):
            if kept.same_as(matrices):
                return handle
        self._matrices.append(matrices)
        return len(self._matrices) - 1

    def evaluated(self, kept: int, witness: Limbs) -> Quotient | None:
        """See `Evaluating.evaluated`; DeviceError where the process does not answer in time."""
        with self._at_work():
            for matrices in self._matrices[self._kept:]:
                self._ask(("keep", matrices), START_SECONDS, None)
                self._kept += 1
            found: Quotient | None = self._ask(("evaluated", kept, witness), FIRST_SECONDS, None)
            return found

    @property
    def proves(self) -> int:
        """See `Proving.proves`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.proves

    @property
    def blind(self) -> bool:
        """See `Proving.blind`, likewise."""
        with self._at_work():
            return self._abilities.blind

    def hold(self, matrices: Matrices, points: Sequence[Limbs], private: int,
             check: SelfCheck | None = None) -> int:
        """Keep a key here, for every process to come; see `Proving.hold`."""
        for handle, (kept, others, first, by) in enumerate(self._keys):
            if first == private and kept.same_as(matrices) and all(
                    map(np.array_equal, others, points)) and same_check(by, check):
                return handle
        for group, each in zip(GROUPS, points, strict=True):
            check_points(group, each)
        self._keys.append((matrices, points, private, check))
        return len(self._keys) - 1

    def prove(self, key: int, witness: Limbs, blinding: tuple[int, int], h: Limbs | None = None,
              progress: Progress | None = None) -> Proven | None:
        """See `Proving.prove`; DeviceError where the process does not answer in time."""
        with self._at_work():
            for held in self._keys[self._keys_there:]:
                self._ask(("hold", *held), START_SECONDS, None)
                self._keys_there += 1
            start, seconds = time.monotonic(), self._deadline(self._proven)
            if key not in self._proven_there:  # the device's memory has yet to get it
                seconds = max(FIRST_SECONDS, seconds)
            found: Proven | None = self._ask(("prove", key, witness, blinding, h), seconds,
                                             progress)
            if found is not None:
                self._proven.append(time.monotonic() - start)
                self._proven_there.add(key)
            return found

    @property
    def checks(self) -> "CheckShape | None":
        """See `Checking.checks`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.checks

    def check(self, program: "WideProgram", key: Sequence[int], inputs: Sequence[Sequence[int]]
              ) -> list[Found]:
        """See `Checking.check`; DeviceError where the process does not answer in time."""
        with self._at_work():
            found: list[Found] = self._ask(
                ("check", program, key, inputs), FIRST_SECONDS * max(1, len(inputs)), None)
            return found

    @property
    def gives_way(self) -> int:
        """See `GivingWay.gives_way`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.gives_way

    @property
    def combines(self) -> bool:
        """See `Combining.combines`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.combines

    def combine(self, group: Group, points: Limbs, scalars: Limbs) -> Result:
        """See `Combining.combine`; DeviceError where the process does not answer in time."""
        check_points(group, points)
        with self._at_work():
            found: Result = self._ask(("combine", group, points, scalars), FIRST_SECONDS, None)
            return found

    @property
    def multiplies(self) -> "MatrixUse | None":
        """See `Multiplying.multiplies`: what the process says, which is begun for it."""
        with self._at_work():
            return self._abilities.multiplies

    def product(self, x: "Whole", w: "Whole") -> "Multiplied":
        """See `Multiplying.product`; DeviceError where the process does not answer in time."""
        with self._at_work():
            start = time.monotonic()
            found: Multiplied = self._ask(("product", x, w), self._deadline(self._multiplied), None)
            self._multiplied.append(time.monotonic() - start)
            return found

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """The process is there, and its end is a `DeviceError`."""
        try:
            if self._link is None:
                self._start()
            yield
        except (OSError, EOFError) as error:
            self.close()
            raise DeviceError(f"{self.name}: its process has ended ({error or 'no answer'}); "
                              "it begins anew") from error

    def close(self) -> None:
        """End the process; a further job begins another."""
        link, process = self._link, self._process
        self._link = self._process = None
        self._loaded = self._kept = self._keys_there = 0
        self._proven_there.clear()
        # The process first: who waits at the link hears that it has ended.
        if process is not None:
            process.kill()
            process.wait()
        if link is not None:
            link.close()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "proofmill.host.prover.devices.apart", str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                env=same_packages())
        self._link = Connection(ours.detach())
        self._abilities = self._ask(self._opening, START_SECONDS, None)

    def _ask(self, question: tuple[Any, ...], seconds: float, progress: Progress | None) -> Any:
        """The answer; DeviceError where there is none in time, or the device failed."""
        link = self._link
        if link is None:
            raise EOFError("it was closed")
        link.send(question)
        deadline = time.monotonic() + seconds
        while True:
            if not link.poll(max(0.0, deadline - time.monotonic())):
                self.close()
                raise DeviceError(f"{self.name}: no answer within {seconds:.0f} s; its process was "
                                  "ended, and begins anew")
            kind, content = link.recv()
            if kind == "progress":
                if progress is not None:
                    try:
                        progress(*content)
                    except BaseException:
                        self._stop(link)
                        raise
            elif kind == "failed":
                # What state it is in, nobody knows.
                self.close()
                raise DeviceError(f"{self.name}: {content}")
            else:
                return content

    def _stop(self, link: Connection) -> None:
        """Have what was asked be broken off; where it is not in time, the process is ended."""
        with suppress(OSError, EOFError):
            link.send(STOP)
            deadline = time.monotonic() + STOP_SECONDS
            while link.poll(max(0.0, deadline - time.monotonic())):
                kind, _ = link.recv()
                if kind in ("stopped", "done"):    # it has come to its end meanwhile
                    return
                if kind == "failed":
                    break
        self.close()


def same_check(one: SelfCheck | None, other: SelfCheck | None) -> bool:
    """Whether two devices that check by these find the same of every proof."""
    if one is None or other is None:
        return one is other
    return (one.program == other.program and list(one.key) == list(other.key)
            and np.array_equal(one.signals, other.signals))


STOP = ("stop",)


class _Stopped(BaseException):
    """What was asked is not wanted any more; no error that a device could take for its own."""


def serve(link: Connection) -> None:
    """Be the device until the other side is gone."""
    device: Device | None = None
    bases: list[Bases] = []
    kept: list[Any] = []
    keys: list[Any] = []

    def tell(done: int, total: int) -> None:
        if link.poll():
            question = link.recv()
            assert question == STOP
            raise _Stopped
        link.send(("progress", (done, total)))

    with suppress(EOFError, OSError):
        while True:
            question = link.recv()
            if question == STOP:    # of what had come to its end
                continue
            try:
                match question:
                    case ("load", group, points):
                        assert device is not None
                        bases.append(device.load(group, points))
                        answer: Any = None
                    case ("run", jobs):
                        assert device is not None
                        answer = device.run(
                            [Job(bases[handle], *scalars) for handle, *scalars in jobs], tell)
                    case ("quotient", a, b):
                        assert isinstance(device, Transforming)
                        answer = device.quotient(a, b)
                    case ("one way", values, inverse, coset):
                        assert isinstance(device, OneWay)
                        answer = device.transform(values, inverse=inverse, coset=coset)
                    case ("keep", matrices):
                        assert isinstance(device, Evaluating)
                        kept.append(device.keep(matrices))
                        answer = None
                    case ("evaluated", handle, witness):
                        assert isinstance(device, Evaluating)
                        answer = device.evaluated(kept[handle], witness)
                    case ("hold", *held):
                        assert isinstance(device, Proving)
                        keys.append(device.hold(*held))
                        answer = None
                    case ("prove", handle, witness, blinding, h):
                        assert isinstance(device, Proving)
                        answer = device.prove(keys[handle], witness, blinding, h, tell)
                    case ("check", program, key, inputs):
                        assert isinstance(device, Checking)
                        answer = device.check(program, key, inputs)
                    case ("combine", group, points, scalars):
                        assert isinstance(device, Combining)
                        answer = device.combine(group, points, scalars)
                    case ("product", x, w):
                        assert isinstance(device, Multiplying)
                        answer = device.product(x, w)
                    case (str(opener), str(name), dict(options)):
                        module, _, function = opener.partition(":")
                        make: Callable[..., Device] = getattr(import_module(module), function)
                        device = make(name, **options)
                        answer = abilities_of(device)
                link.send(("done", answer))
            except _Stopped:
                link.send(("stopped", None))
            except ProofmillError as error:
                link.send(("failed", str(error)))
            except (EOFError, OSError):
                raise
            except Exception as error:
                link.send(("failed", repr(error)))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(signal.SIGKILL)
    serve(Connection(int(sys.argv[1])))
