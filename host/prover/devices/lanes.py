"""A device of one or several equal accelerators, which share the jobs."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from proofmill.hdl.commands import PHASES
from proofmill.hdl.curve import BN254, PRODUCTS, Curve, Group
from proofmill.hdl.plans import (
    Machine,
    Reach,
    Store,
    best_plan,
    share_memory,
    stores,
    to_a_base,
    uniform,
)
from proofmill.hdl.windows import WindowPlan, copies_of, stride_for
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, first_not_below
from proofmill.host.prover.curve.points import Flags, is_infinity
from proofmill.host.prover.devices.accelerator import (
    SCALAR_WORDS,
    Accelerator,
    coordinate_words_of,
    curve_of,
)
from proofmill.host.prover.devices.arithmetic import ON_BN254, Arithmetic
from proofmill.host.prover.devices.device import (
    Bases,
    DeviceError,
    Held,
    Job,
    Progress,
    Quotient,
    Result,
    Transformed,
)
from proofmill.host.prover.devices.inputs import check_jobs
from proofmill.host.prover.devices.matrices import MatrixUse, multiplier_on, use_of
from proofmill.host.prover.devices.scalar_words import bit_lengths
from proofmill.sim.evaluator import Matrices, Words, program
from proofmill.sim.matrix import Whole
from proofmill.sim.matrix_gateware import Multiplied

log = logging.getLogger(__name__)


def check_suits(name: str, identity: dict[str, int],
                groups: Collection[Group] = tuple(Group), wanted: Curve = BN254) -> None:
    """Raise `DeviceError` where the accelerator `name` does not compute on the curve that is
    `wanted`, in `groups`."""
    curve = curve_of(identity)
    if curve != wanted.name:
        raise DeviceError(f"{name} computes on the curve {curve}, and this is of {wanted.name}; "
                          f"`proofmill selftest {name}` tests it on its own curve")
    for group in groups:
        if not identity[f"interval_{group.value}"]:
            raise DeviceError(
                f"{name} has no {group.value}: its gateware leaves that out. Use another device, "
                "or gateware with both groups; `proofmill bench msm --group` computes in the one "
                "that it has")


def machine_of(identity: dict[str, int], group: Group, scalar_seconds: float = 0.0,
               order: int = BN254.scalar.modulus) -> Machine:
    """What the cycles of an accelerator of such an identity depend on, behind a line that takes
    `scalar_seconds` for a scalar, in a group of this order."""
    return Machine(order=order, degree=group.degree, units=identity["units"],
                   mailbox_bits=identity["mailbox_bits"],
                   interval=identity[f"interval_{group.value}"],
                   memory_cycles=identity["memory_cycles"],
                   batch=identity["batch"],
                   slot=max(1, identity["interval_g1"] * identity["multipliers"]
                            // PRODUCTS[Group.G1]),
                   scalar_cycles=scalar_seconds * identity["clock_hz"],
                   words=coordinate_words_of(identity))


COMBINED = 4
"""Points of G1 that there is always room for beside those that are held: see `combine`."""

TAIL = 4
"""Scalars behind those of a witness for which there is room in the memory: a proof's random numbers
are among a sum's."""

MULTIPLES = 4
"""Slices of so many times the bits that the copies are for are considered at the most."""


@dataclass(eq=False)
class Loaded:
    """Points of one `Bases`, and where each accelerator holds them.

    `stride`: of the copies that are held beside them, 0 for none; None until that is chosen.
    `digits`: these are for so many digits to a base, if it is not 0.
    `words`: of an accelerator's memory, for all of it.
    """

    group: Group
    points: Limbs
    finite: Flags
    stride: int | None = None
    digits: int = 0
    words: int = 0
    held: Limbs | None = None
    addresses: dict[int, int] = field(default_factory=dict)

    def wanted(self, scalars: Limbs) -> Limbs:
        """Scalars of these points, zero for those at infinity."""
        return np.where(self.finite[:, np.newaxis], scalars, np.uint64(0))


@dataclass(eq=False)
class _Kept:
    """Matrices, their program, whether there is room for it in the first accelerator's memory, and
    where it has it: (address, words)."""

    matrices: Matrices
    words: Words | None = None
    reserved: bool = False
    place: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Area:
    """What of an accelerator's memory proofs have, from word `address` on: `wires` values of a
    witness, `TAIL` scalars, and behind them a vector of 2 ** `power` scalars of H, with what its
    transform takes. All of it has `words` words.
    """

    address: int = 0
    words: int = 0
    wires: int = 0
    power: int = 0

    @property
    def h(self) -> int:
        """Where those of H lie."""
        return self.address + (self.wires + TAIL) * SCALAR_WORDS


def reach_of(scalars: Limbs, bits: int) -> Reach:
    """How many of `scalars` are longer than so many bits."""
    lengths = np.bincount(bit_lengths(scalars), minlength=bits + 1)
    return tuple(map(float, len(scalars) - np.cumsum(lengths)[:bits]))


class LanesDevice:
    """Accelerators side by side: every job goes to the next one that is free, the longest first.

    Points are loaded onto an accelerator with the first job that needs them there, beside copies
    of theirs (`hdl.plans`). With the first jobs it is chosen for all points that have come until
    then what is stored, in the accelerators' memory: for scalars as long as these jobs' are, which
    are taken for what is to come, and random ones for points that have no job yet. How a job's
    scalars are cut is chosen for each job, by how long they are. Where the accelerators have no
    datapath, the values come from mcl and the cycles from the accelerator: time depends on the
    scalars' digits, not on the points; but where sums are made in batches, those of two equal
    points take a product more, which such an accelerator does not know of.

    Raises `DeviceError` where they do not compute on the curve of `arithmetic`, in all of `groups`,
    before anything is loaded.

    `window` forces the window width, `at_once` the number of windows computed in one pass, of
    points without copies, and `copies` how many there are of a point; None chooses those with the
    fewest cycles. `finish_on_chip` False combines the groups of the last level here, as is done
    anyway for accelerators without a finisher. `weight_words` of the first one's memory are kept
    for matrices that are multiplied between sums, where it does that; 0: none are multiplied.
    """

    def __init__(self, name: str, accelerators: Sequence[Accelerator],
                 window: int | None = None, at_once: int | None = None,
                 finish_on_chip: bool = True, copies: int | None = None,
                 groups: Collection[Group] = tuple(Group),
                 arithmetic: Arithmetic = ON_BN254, weight_words: int = 0) -> None:
        check_suits(name, accelerators[0].identity, groups, arithmetic.curve)
        self._arithmetic = arithmetic
        self._order = arithmetic.curve.scalar.modulus
        self._bits = WindowPlan(arithmetic.curve.scalar.bits, 2).bits  # that digits hold
        self._name, self.accelerators = name, list(accelerators)
        self.finish_on_chip = finish_on_chip
        self.window, self.at_once, self.copies = window, at_once, copies
        self._lock = threading.Lock()
        self._waiting: list[Loaded] = []
        self._reserved = 0  # words of an accelerator's memory
        self._room = 0      # ... that transforms take
        # What of the first's proofs have, which witness is there, and the scalars of H.
        self._area = _Area()
        self._witness: Limbs | None = None
        self._h: Held | None = None
        self._made = 0
        self._multiplier = (multiplier_on(self.accelerators[0], weight_words) if weight_words
                            else None)
        self._pool = ThreadPoolExecutor(len(self.accelerators), "proofmill-lane")

    @property
    def name(self) -> str:
        return self._name

    @property
    def clock_hz(self) -> int:
        """The clock rate that the accelerators state; 0 where they state none, in simulation."""
        return self.accelerators[0].identity["clock_hz"]

    def load(self, group: Group, points: Limbs) -> Bases:
        """Keep `points`, shape (n, words of a point), for later jobs."""
        check_suits(self.name, self.accelerators[0].identity, (group,), self._arithmetic.curve)
        self._arithmetic.check_points(group, points)
        loaded = Loaded(group, points, ~is_infinity(points))
        with self._lock:
            self._waiting.append(loaded)
        return Bases(group=group, count=len(points), handle=loaded)

    def unload(self, bases: Bases) -> None:
        """Give back the memory of `bases`, which were loaded last and are not used any more."""
        loaded: Loaded = bases.handle
        with self._lock:
            if loaded in self._waiting:
                self._waiting.remove(loaded)
            for number, address in loaded.addresses.items():
                self.accelerators[number].unload(address)
            self._reserved -= loaded.words
            loaded.words = 0
            loaded.addresses.clear()

    def machine(self, group: Group, *, held: bool = False) -> Machine:
        """What the cycles of a sum in `group` depend on, of scalars that are `held` in the memory
        or come over the link."""
        first = self.accelerators[0]
        seconds = 0.0 if held else first.link.scalar_seconds
        return machine_of(first.identity, group, seconds, self._order)

    def plans(self, jobs: Sequence[Job]) -> list[WindowPlan]:
        """The windows that jobs are computed with: those that take the least time, over a line too.

        What is stored of the points is chosen here, if it has not been.
        """
        reaches = [self._reach(job) for job in jobs]
        self._choose_copies({id(job.bases.handle): reach
                             for job, reach in zip(jobs, reaches, strict=True)})
        found = []
        for job, reach in zip(jobs, reaches, strict=True):
            stride: int = job.bases.handle.stride
            found.append(best_plan(self.machine(job.bases.group), reach, self._strides(stride),
                                   self.window or 0, self.at_once or 0,
                                   job.bases.handle.digits))
        return found

    def _strides(self, stride: int) -> list[int]:
        """The slices that scalars may be cut into, beside copies for those of so many bits."""
        return [0, *(n * stride for n in range(1, MULTIPLES + 1) if 0 < n * stride < self._bits)]

    def _reach(self, job: Job) -> Reach:
        """How long the job's scalars are; those that are held are random ones."""
        if job.held is not None:
            return uniform(self._order, job.held.count)
        return reach_of(job.bases.handle.wanted(job.scalars), self._order.bit_length())

    def _choose_copies(self, reaches: dict[int, Reach]) -> None:
        """Choose what is stored of all points that have come since the last time; `reaches` are
        those of scalars for some of them."""
        with self._lock:
            if not self._waiting:
                return
            found = [self._stores(loaded, reaches.get(id(loaded))) for loaded in self._waiting]
            self._make_room(self._wanted + sum(options[0].words for options in found))
            memory = min(accelerator.memory for accelerator in self.accelerators)
            free = memory - self._wanted
            for loaded, store in zip(self._waiting, share_memory(found, free), strict=True):
                loaded.stride, loaded.words, loaded.digits = (
                    store.stride, store.words, store.digits)
                self._reserved += store.words
                log.debug("%s: %d points of %s, %d copies of each in %d words", self.name,
                          len(loaded.points), loaded.group.value,
                          store.digits or copies_of(self._bits, store.stride), store.words)
            self._waiting.clear()

    @property
    def _wanted(self) -> int:
        """Words of an accelerator's memory that points, programs and transforms have or will."""
        return self._reserved + max(self._room, COMBINED * self.machine(Group.G1).point_words)

    def _make_room(self, words: int) -> None:
        """Have the first accelerator's memory be so large, if what is there may leave it."""

    def _stores(self, loaded: Loaded, reach: Reach | None, *, held: bool = False) -> list[Store]:
        """What may be stored of some points, for scalars of this reach, else random ones; see
        `machine` for `held`, whose digits are to no base."""
        machine, points = self.machine(loaded.group, held=held), len(loaded.points)
        if self.copies is not None:
            stride = stride_for(self._bits, self.copies)
            words = points * machine.point_words * copies_of(self._bits, stride)
            return [Store(stride, words, 0.0)]
        reach = reach or uniform(machine.order, max(1, int(loaded.finite.sum())))
        found = stores(machine, points, reach, self.window or 0, based=not held)
        return found if self.at_once is None else found[:1]

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Compute every job; see `Device.run` and `device.GivingWay`.

        `progress` counts points, a G2 point as three, once for every pass.
        """
        check_jobs(jobs, self._order)
        if any(job.held is not None and job.held != self._h for job in jobs):
            raise DeviceError(f"{self.name} does not hold the scalars any more that a job has; "
                              "have it make them again")
        plans = self.plans(jobs)
        weights = [3 if job.bases.group is Group.G2 else 1 for job in jobs]
        works = [weight * job.bases.count * len(plan.passes)
                 for weight, job, plan in zip(weights, jobs, plans, strict=True)]
        total = sum(works)
        waiting = sorted(range(len(jobs)), key=works.__getitem__)
        results: dict[int, Result] = {}
        lock, stop = threading.Lock(), threading.Event()
        done = 0

        def tell(points: int) -> None:
            nonlocal done
            if stop.is_set():
                raise KeyboardInterrupt
            with lock:
                done += points
                if progress is not None:
                    progress(done, total)

        def tell_weighted(weight: int, points: int) -> None:
            tell(weight * points)

        def lane(number: int) -> None:
            with self.accelerators[number].looking(partial(tell, 0)):
                jobs_of(number)

        def jobs_of(number: int) -> None:
            while not stop.is_set():
                with lock:
                    # The first has what is held.
                    own = [index for index in waiting if number == 0 or jobs[index].held is None]
                    if not own:
                        return
                    index = own[-1]
                    waiting.remove(index)
                results[index] = self._compute(
                    number, jobs[index], plans[index], partial(tell_weighted, weights[index]))

        tell(0)
        running = [self._pool.submit(lane, number) for number in range(len(self.accelerators))]
        try:
            for future in running:
                future.result()
        except BaseException:
            # Ctrl-C, or a lane that failed: the others stop at their next word.
            stop.set()
            for future in running:
                future.exception()
            for accelerator in self.accelerators:
                accelerator.break_off()
            raise
        return [results[n] for n in range(len(jobs))]

    @property
    def gives_way(self) -> int:
        """See `GivingWay.gives_way`."""
        return min(accelerator.memory for accelerator in self.accelerators)

    @property
    def combines(self) -> bool:
        """See `Combining.combines`: where the accelerators finish sums."""
        return self.finish_on_chip and all(
            accelerator.identity["finisher"] for accelerator in self.accelerators)

    def combine(self, group: Group, points: Limbs, scalars: Limbs) -> Result:
        """See `Combining.combine`; by the first accelerator, without copies."""
        check_suits(self.name, self.accelerators[0].identity, (group,), self._arithmetic.curve)
        self._arithmetic.check_points(group, points)
        loaded = Loaded(group, points, ~is_infinity(points), stride=0)
        job = Job(Bases(group, len(points), loaded), scalars)
        check_jobs([job], self._order)
        plan, = self.plans([job])
        accelerator = self.accelerators[0]
        before = accelerator.used
        try:
            with accelerator.whole():
                return self._compute(0, job, plan, lambda points: None)
        finally:
            accelerator.unload(before)

    @property
    def multiplies(self) -> MatrixUse | None:
        """See `Multiplying.multiplies`: the first accelerator, where it has room for weights."""
        if self._multiplier is None:
            return None
        return use_of(self.accelerators[0], self._multiplier)

    def product(self, x: Whole, w: Whole) -> Multiplied:
        """See `Multiplying.product`."""
        assert self._multiplier is not None, "it multiplies no matrices"
        with self.accelerators[0].whole():
            return self._multiplier.multiply(x, w)

    @property
    def transforms(self) -> int:
        """See `Transforming.transforms`."""
        return min(accelerator.transforms for accelerator in self.accelerators)

    def quotient(self, a: Limbs, b: Limbs) -> Quotient:
        """See `Transforming.quotient`; by the first accelerator."""
        accelerator = self.accelerators[0]
        with self._lock:  # what is chosen from now on leaves room for it
            self._room = max(self._room, accelerator.room(len(a)))
            self._make_room(self._wanted)
        return self._quotient(lambda: accelerator.transform(a, b))

    @property
    def one_way(self) -> int:
        """See `OneWay.one_way`."""
        return self.accelerators[0].one_way

    def transform(self, values: Limbs, *, inverse: bool = False, coset: int = 0) -> Transformed:
        """See `OneWay.transform`; by the first accelerator."""
        accelerator = self.accelerators[0]
        with accelerator.whole():
            found, cycles = accelerator.transform_one_way(values, inverse=inverse, coset=coset)
        if not accelerator.identity["datapath"]:
            return Transformed(None, cycles)
        self._check_below(found, "value")
        return Transformed(found, cycles)

    @property
    def evaluates(self) -> bool:
        """See `Evaluating.evaluates`."""
        return self.accelerators[0].evaluation is not None

    def keep(self, matrices: Matrices) -> _Kept:
        """See `Evaluating.keep`."""
        return _Kept(matrices)

    def evaluated(self, kept: _Kept, witness: Limbs) -> Quotient | None:
        """See `Evaluating.evaluated`; by the first accelerator, which is given the program with the
        first witness."""
        accelerator = self.accelerators[0]
        witness = np.ascontiguousarray(witness)
        words, power = kept.words, kept.matrices.power
        # Digits to a base are of scalars that are sent.
        stays = not accelerator.identity["batch"]
        if words is None:
            assert accelerator.evaluation is not None
            words = program(accelerator.evaluation, self._order, kept.matrices)
            kept.words = words
        with self._lock:  # what is chosen from now on leaves room for it
            room = self._room if stays else max(self._room, accelerator.room(1 << power))
            wires = max(self._area.wires, len(witness))
            most = max(self._area.power, power) if stays else 0
            own = (wires + TAIL) * SCALAR_WORDS
            own += accelerator.held_words(1 << most) if stays else 0
            if own <= self._area.words:
                own = 0
            more = 0 if kept.reserved else len(words)
            self._make_room(self._reserved + more + own + room)
            if self._reserved + more + own + room > accelerator.memory:
                return None
            self._room = room
            self._reserved += more
            kept.reserved = True
            self._witness = self._h = None
            if own:
                self._area = _Area(accelerator.reserve(own), own, wires, most)

        def compute() -> tuple[Limbs, dict[str, int]]:
            if kept.place is None:
                kept.place = accelerator.load(words), len(words)
            accelerator.write(self._area.address, witness)
            self._witness = witness
            return accelerator.evaluate(kept.place, (self._area.address, witness.size), power,
                                        self._area.h if stays else None)

        found = self._quotient(compute)
        if not stays:
            return found
        self._made += 1
        self._h = Held(1 << power, self._made, not accelerator.identity["datapath"])
        return replace(found, scalars=None, held=self._h)

    def _quotient(self, compute: Callable[[], tuple[Limbs, dict[str, int]]]) -> Quotient:
        """What the first accelerator makes, looked at."""
        accelerator = self.accelerators[0]
        with accelerator.whole():
            scalars, counters = compute()
        cycles, moved = sum(counters.values()), counters["moved"]
        evaluated = sum(counters.get(name, 0) for name in PHASES)
        if not accelerator.identity["datapath"]:
            return Quotient(None, cycles, moved, evaluated)
        self._check_below(scalars, "scalar")
        return Quotient(scalars, cycles, moved, evaluated)

    def _check_below(self, numbers: Limbs, kind: str) -> None:
        """DeviceError for numbers that are not below the groups' order."""
        if (bad := first_not_below(numbers, SCALAR_MODULUS)) is not None:
            raise DeviceError(f"{self.name} gave a {kind}, number {bad}, that is not below the "
                              "groups' order; the device computes wrongly, so use another one")

    def _held(self, job: Job, plan: WindowPlan) -> int | None:
        """From which word on the job's scalars lie in the first accelerator's memory: those that it
        holds, and of an only one the witness that it has, or the end of it. None where they are
        better sent, which they are but over a line: then zeros, and what points at infinity are
        multiplied by, are left out."""
        accelerator, witness, scalars = self.accelerators[0], self._witness, job.scalars
        if job.held is not None:
            if job.held.blind:  # what stands for its results
                accelerator.stand_in(self._area.h, scalars)
            return self._area.h
        if (witness is None or len(self.accelerators) > 1 or plan.base or not len(scalars)
                or not accelerator.link.scalar_seconds):
            return None
        address, more = self._area.address, len(scalars) - len(witness)
        if more < 0:
            end = witness[-len(scalars):]
            return address - more * witness.shape[1] if np.array_equal(scalars, end) else None
        if more > TAIL or not np.array_equal(scalars[:len(witness)], witness):
            return None
        if more:
            accelerator.write(address + witness.size, np.ascontiguousarray(scalars[len(witness):]))
        return address

    def _load(self, number: int, loaded: Loaded) -> int:
        """Where accelerator `number` holds these points, from now on if not before."""
        if number not in loaded.addresses:
            accelerator, held, stride = self.accelerators[number], loaded.held, loaded.stride or 0
            copies, own = loaded.digits or copies_of(self._bits, stride), self._arithmetic
            plan = to_a_base(self.machine(loaded.group), loaded.digits)
            base = plan.base if plan else 0
            if held is None:
                # Without a datapath, any points that are as finite do.
                held = (np.repeat(loaded.points, copies, axis=0)
                        if not accelerator.identity["datapath"]
                        else own.to_device(
                            loaded.group,
                            own.copies(loaded.group, loaded.points, stride, copies, base),
                            accelerator.identity["scale"], accelerator.identity["batch"] != 0))
            loaded.addresses[number] = accelerator.load(held)
            loaded.held = held if len(loaded.addresses) < len(self.accelerators) else None
        return loaded.addresses[number]

    def _compute(self, number: int, job: Job, plan: WindowPlan,
                 tell: Callable[[int], None]) -> Result:
        accelerator, group = self.accelerators[number], job.bases.group
        loaded: Loaded = job.bases.handle
        address, held = self._load(number, loaded), self._held(job, plan)
        # Of those that are held, their number counts.
        scalars = (loaded.wanted(job.scalars) if job.held is None
                   else np.zeros((job.held.count, SCALAR_WORDS), np.uint64))
        answer = accelerator.multiply(group, address, scalars, plan, tell,
                                      finish=self.finish_on_chip, stored=loaded.stride or 0,
                                      digits=loaded.digits, held=held)
        if accelerator.identity["datapath"]:
            point = answer.point
            if point is None:
                point = self._arithmetic.finish(group, answer)
            if not self._arithmetic.is_point(group, point):
                raise DeviceError(f"{self.name} gave a sum that is no point of {group.value}; the "
                                  "device computes wrongly, so use another one")
        else:
            point = self._arithmetic.sum(group, loaded.points, job.scalars)
        counters = answer.counters
        log.debug("%s, lane %d: %d points of %s, counters %s", self.name, number, job.bases.count,
                  group.value, counters)
        return Result(point=point, device=self.name, counters=counters,
                      cycles=answer.cycles, digits=counters["digits"])

    def close(self) -> None:
        """End the threads and close the links."""
        self._pool.shutdown()
        for accelerator in self.accelerators:
            accelerator.close()
