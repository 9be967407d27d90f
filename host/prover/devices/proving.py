"""Proofs by one command each, under keys that an accelerator holds: the least recently used leave.

What lies in its memory of a key: its points beside their copies, its matrices' program, and the
commands of a proof (`hdl.commands.Command.PROVE`), with the points that stay behind these. What all
keys share is an area for a proof::

    r, s, witness: see `places` | h | what its transform takes

All sums take their scalars from there, C and H one for both, which spares the buckets of one and
its finish; and the three points that stay are multiplied by the first numbers: so a host gives the
witness and two random numbers, and computes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import add

import numpy as np

from proofmill.firmware.check_program import check_words
from proofmill.hdl.commands import (
    HEADER,
    PHASES,
    SUM_COUNTERS,
    TRANSFORM_COUNTERS,
    Command,
    multiply_head,
    pack,
)
from proofmill.hdl.curve import PRODUCTS, Group
from proofmill.hdl.plans import Reach, best_plan, share_memory, uniform
from proofmill.hdl.windows import WindowPlan, copies_of
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.points import is_infinity
from proofmill.host.prover.devices.accelerator import SCALAR_WORDS
from proofmill.host.prover.devices.blocks import ALIGNED, Blocks
from proofmill.host.prover.devices.device import (
    DeviceError,
    Found,
    Progress,
    Proven,
    Quotient,
    Result,
    SelfCheck,
)
from proofmill.host.prover.devices.inputs import GROUPS
from proofmill.host.prover.devices.lanes import LanesDevice, Loaded, reach_of
from proofmill.host.prover.devices.places import Places, places_of
from proofmill.host.prover.devices.telling import Telling
from proofmill.sim.checker import check_command, key_words
from proofmill.sim.evaluator import Matrices, Words, evaluate_words, program

KEPT = (1, 3, 0)
"""Those that stay in the memory, to be summed up themselves: B in G1, C with H, A."""

LAST, SIGNALS = 4, 5
"""The sum of those, and that of the public wires' points, where proofs are checked."""

ORDER = (*KEPT, LAST, 2)
"""How sums follow each other; where proofs are checked all stay, and behind them comes that of the
public wires: so A, C, B and that lie side by side."""

SUM_GROUPS = (*GROUPS[:LAST], Group.G1, Group.G1)
"""The group of each."""

ADDITIONS = 8
"""About as many a point of G1 takes; how far a proof's first part is follows from that."""

SHARE = 2
"""Copies of a key's points take this part of the memory at the most, for others to be there too."""


@dataclass(eq=False)
class HeldKey:
    """A key that an accelerator holds, or did: `place` is of all that it has, None if it has left.

    `values`: scalars of H. `places`: of its numbers and points. `program`: of its matrices, of
    wires in their places. `commands`: where they lie, (address, words), in parts that end where the
    chip's own results are needed next, and `kept` where the points that stay begin; `area` is the
    one that they name, and `laid` where the key's points and programs lie, and the strides of
    copies. `plans`: of the sums, and of the last one. `refused`: there was no room for it once, so
    that its sums are made one by one. `check`: what its proofs are checked by, if they are:
    `(program, key)`, words of the memory.
    """

    values: int
    places: Places
    program: Words
    place: tuple[int, int] | None = None
    area: int = -1
    refused: bool = False
    commands: list[tuple[int, int]] = field(default_factory=list)
    kept: int = 0
    laid: tuple[Sequence[int], Sequence[int]] = ((), ())
    plans: list[WindowPlan] = field(default_factory=list)
    check: tuple[Words, Words] | None = None

    @property
    def order(self) -> Sequence[int]:
        """How its sums follow each other."""
        return ORDER if self.check is None else (*ORDER, SIGNALS)

    @property
    def stay(self) -> Sequence[int]:
        """Those whose points stay."""
        return KEPT if self.check is None else self.order

    @property
    def all_points(self) -> list[Limbs]:
        """Of the four sums, and of the public wires'."""
        signals = self.places.signals
        return [*self.points, *([] if signals is None else [signals[1]])]

    @property
    def points(self) -> Sequence[Limbs]:
        """Of the four sums."""
        return self.places.points

    @property
    def power(self) -> int:
        """There are 2 ** `power` scalars of H."""
        return self.values.bit_length() - 1


class ProvingLanes(LanesDevice):
    """... the first of which proves by one command, if its gateware does: see `device.Proving`."""

    _held_keys: tuple[HeldKey, ...] = ()
    _shared: tuple[int, int] | None = None

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(self.accelerators[0], lambda: self._wanted)

    @property
    def proves(self) -> int:
        """See `Proving.proves`: what has room in all of the memory, for other keys leave it."""
        accelerator = self.accelerators[0]
        room, power = accelerator.evaluation, accelerator.identity["transforms"]
        if room is None or not room.proves or not self.finish_on_chip:
            return 0
        while accelerator.held_words(1 << power) > accelerator.words:
            power -= 1
        return power

    @property
    def blind(self) -> bool:
        """See `Proving.blind`."""
        return not self.accelerators[0].identity["datapath"]

    @property
    def keys(self) -> int:
        """Keys that lie in its memory."""
        return len(self._held_keys)

    def hold(self, matrices: Matrices, points: Sequence[Limbs], private: int,
             check: SelfCheck | None = None) -> HeldKey:
        """See `Proving.hold`."""
        room = self.accelerators[0].evaluation
        assert room is not None
        points = [np.require(each, np.uint64, ("C", "A")) for each in points]
        for group, each in zip(GROUPS, points, strict=True):
            self._arithmetic.check_points(group, each)
        places = places_of(points, private, None if check is None else check.signals)
        words = None if check is None else (
            np.array(check_words(check.program), np.uint64),
            np.array(key_words(check.program, check.key), np.uint64))
        return HeldKey(1 << matrices.power, places, program(
            room, self._order, replace(matrices, wires=places.wires[matrices.wires])), check=words)

    def prove(self, key: HeldKey, witness: Limbs, blinding: tuple[int, int],
              h: Limbs | None = None, progress: Progress | None = None) -> Proven | None:
        """See `Proving.prove` and `GivingWay`."""
        accelerator = self.accelerators[0]
        told = Telling(progress, ADDITIONS * accelerator.identity["interval_g1"])
        data = key.places.data(witness, blinding)
        scalars = [data[start:start + len(points)] for start, points in zip(
            key.places.starts, key.points, strict=True)]
        with accelerator.whole(), accelerator.looking(told.look):
            with self._lock:
                if key.refused or not self._ready(key, scalars):
                    if not key.refused:  # its sums one by one may want what the others have
                        self._leave_all()
                    key.refused = True
                    return None
                self._held_keys = (*(each for each in self._held_keys if each is not key), key)
            assert self._shared is not None
            at = self._shared[0]
            before = accelerator.sent, accelerator.received
            quotient, results, found = self._ask(
                key, at, data, scalars, h if self.blind else None, told)
        for group, result in zip(SUM_GROUPS, results, strict=False):
            if not self._arithmetic.is_point(group, result.point):
                raise DeviceError(f"{self.name} gave a sum that is no point of {group.value}; the "
                                  "device computes wrongly, so use another one")
        return Proven(quotient, results[:LAST], results[LAST], accelerator.sent - before[0],
                      accelerator.received - before[1], found.right, found.cycles)

    def _ask(self, key: HeldKey, at: int, data: Limbs, scalars: Sequence[Limbs], h: Limbs | None,
             told: Telling) -> tuple[Quotient, list[Result], Found]:
        """What the command answers, and what its check finds; of an accelerator without a datapath,
        which is given `h`, by parts, between which its memory gets what it would have put there.
        `scalars`: of the sums, but for `h`."""
        accelerator, size = self.accelerators[0], data.size
        works = [PRODUCTS[group] // PRODUCTS[Group.G1] * len(points)
                 for group, points in zip(SUM_GROUPS, key.points, strict=False)]
        works += [len(KEPT), *map(len, key.all_points[LAST:])]
        # The first part, evaluation and transform, counts as a point a row.
        told.begin([key.values, *(works[number] for number in key.order
                                  for _ in key.plans[number].passes)])
        parts = [(key.commands[0][0], sum(words for _, words in key.commands))]
        if h is not None:
            parts = key.commands
        accelerator.begin_proof((at, size), parts[0], data)
        phases = accelerator.evaluated()
        phases |= {name: value for name, value in accelerator.counted().items()
                   if name in TRANSFORM_COUNTERS}
        told.ended(sum(phases.values()))
        points: list[Limbs] = []
        if h is not None:
            accelerator.next_part((at, 0), parts[1], at + size, h)
            points = [self._arithmetic.sum(group, own, each) for group, own, each in zip(
                GROUPS, key.points,
                (*scalars[:-1], np.concatenate([scalars[-1], h])[:len(key.points[-1])]),
                strict=False)]
            closing = np.stack([points[number] for number in KEPT])
            points.append(self._arithmetic.sum(Group.G1, closing, data[:len(KEPT)]))
            if key.places.signals is not None:
                start, own = key.places.signals
                points.append(self._arithmetic.sum(Group.G1, own, data[start:start + len(own)]))
        results = {}
        for number in key.order:
            group, plan = SUM_GROUPS[number], key.plans[number]
            if h is not None and number == LAST:
                accelerator.next_part((at, 0), parts[2], key.kept, closing)
            counters = dict.fromkeys(SUM_COUNTERS, 0)
            for first, _ in reversed(plan.passes):
                point = accelerator.summed(group, last=first == 0)
                found = accelerator.counted()
                for name in SUM_COUNTERS:
                    counters[name] += found[name]
                told.ended(_cycles(found))
            assert point is not None
            results[number] = Result(
                points[number] if h is not None else point,
                _cycles(counters), counters["digits"], self.name, counters)
        check = Found(True, 0)
        if key.check is not None:
            right, cycles = accelerator.checked()
            check = Found(right, cycles + results[SIGNALS].cycles)
        accelerator.end_proof(right=check.right)
        return (Quotient(None, sum(phases.values()), phases["moved"],
                         sum(phases[name] for name in PHASES)),
                [results[number] for number in sorted(results)], check)

    def _kept_words(self, key: HeldKey) -> int:
        """Of the points that stay, behind the commands: without a datapath, which are carried out
        in parts, behind each part."""
        return sum(self.accelerators[0].point_words(SUM_GROUPS[number]) for number in key.stay)

    # -- what lies in the memory ---------------------------------------------------------------

    def _ready(self, key: HeldKey, scalars: Sequence[Limbs]) -> bool:
        """Whether key and area are in the memory, from now on if not before: keys that were not
        used for longest leave for that."""
        accelerator, blocks = self.accelerators[0], self._blocks
        area = SCALAR_WORDS * len(key.places.numbers) + accelerator.held_words(key.values)
        least = max(area, self._shared[1] if self._shared else 0) + self._beside(key) + sum(
            points.size for points in key.all_points)
        if key.place is None and blocks.most() < least:
            return False  # whoever leaves
        if self._shared is None or self._shared[1] < area:
            if self._shared is not None:
                blocks.give_back(self._shared)
            self._shared = self._taken(lambda: blocks.take(area), key)
            if self._shared is None:
                return False
        if key.place is not None:
            if key.area != self._shared[0]:  # which its commands name
                self._write_commands(key)
            return True
        return self._taken(lambda: self._load_key(key, scalars), key) is not None

    def _taken(self, take: Callable[[], tuple[int, int] | None], key: HeldKey
               ) -> tuple[int, int] | None:
        """What `take` takes, once enough of the others have left; None where there is no room."""
        while (place := take()) is None:
            others = [each for each in self._held_keys if each is not key]
            if not others:
                if key.place is None:
                    return None
                others = [key]
            self._leave(others[0])
        return place

    def _leave(self, key: HeldKey) -> None:
        assert key.place is not None
        self._blocks.give_back(key.place)
        key.place = None
        self._held_keys = tuple(each for each in self._held_keys if each is not key)

    def _make_room(self, words: int) -> None:
        """See `LanesDevice._make_room`: all keys leave."""
        if self.accelerators[0].memory < words:
            self._leave_all()

    def _leave_all(self) -> None:
        """All keys leave, and what proofs share, for others to have the memory."""
        for key in self._held_keys:
            self._leave(key)
        if self._shared is not None:
            self._blocks.give_back(self._shared)
            self._shared = None
        self._blocks.release()

    def _load_key(self, key: HeldKey, scalars: Sequence[Limbs]) -> tuple[int, int] | None:
        """Load a key for scalars like these, and return its place; None where it has no room."""
        blocks, shared = self._blocks, self._shared
        assert shared is not None
        loaded = [Loaded(group, points, ~is_infinity(points))
                  for group, points in zip((*GROUPS[:LAST], Group.G1), key.all_points,
                                           strict=False)]
        reaches = [self._reach_held(own, each) for own, each in zip(
            loaded, (*scalars, scalars[0][:0]), strict=False)]
        options = [self._stores(*each, held=True) for each in zip(loaded, reaches, strict=True)]
        least = sum(each[0].words for each in options)
        beside = self._beside(key)
        free = blocks.largest() // ALIGNED * ALIGNED - beside
        if least > free:
            return None
        chosen = share_memory(options, min(free, max(least, blocks.words // SHARE)))
        for own, store in zip(loaded, chosen, strict=True):
            own.stride = store.stride
        key.plans = [self._planned(own.group, reach, own.stride or 0)
                     for own, reach in zip(loaded, reaches, strict=True)]
        key.plans.insert(LAST, replace(
            self._planned(Group.G1, uniform(self._order, 2), 0), batched=0))
        images = [self._image(own) for own in loaded]
        place = blocks.take(beside + sum(each.size for each in images))
        if place is None:
            return None
        try:
            self._write_key(key, place, loaded, images)
        except BaseException:
            blocks.give_back(place)
            raise
        key.place = place
        return place

    def _reach_held(self, loaded: Loaded, scalars: Limbs) -> Reach:
        """... of scalars that begin with these. The others, those of H and of the public wires, are
        taken for random numbers, whether they are known here or not."""
        known = len(scalars)
        others = int(loaded.finite[known:].sum())
        if not known:
            return uniform(self._order, max(1, others))
        own = replace(loaded, points=loaded.points[:known], finite=loaded.finite[:known])
        return tuple(map(add, reach_of(own.wanted(scalars), self._order.bit_length()),
                         uniform(self._order, others)))

    def _beside(self, key: HeldKey) -> int:
        """Words that a key takes beside its points."""
        return (len(key.program) + sum(map(len, key.check or ())) + COMMAND_WORDS
                + PARTS * self._kept_words(key) + (len(GROUPS) + 5) * ALIGNED)

    def _write_key(self, key: HeldKey, place: tuple[int, int], loaded: Sequence[Loaded],
                   images: Sequence[Limbs]) -> None:
        """Write it to its place."""
        addresses, at = self._blocks.write(place[0], (*images, key.program, *(key.check or ())))
        key.laid = addresses, [own.stride or 0 for own in loaded]
        sizes = [len(part) for part in self._commands(key, 0)]
        between = self._kept_words(key) if self.blind else 0
        key.commands = [(at + sum(sizes[:n]) + n * between, size) for n, size in enumerate(sizes)]
        key.kept = sum(key.commands[-1])
        if key.kept + self._kept_words(key) > sum(place):
            raise AssertionError(f"{sum(sizes)} words of commands have no room")
        self._write_commands(key)

    def _write_commands(self, key: HeldKey) -> None:
        """... its commands, for the area that there is."""
        assert self._shared is not None
        parts = self._commands(key, self._shared[0])
        for (first, _), part in zip(key.commands, parts, strict=True):
            self.accelerators[0].write(first, np.array(part, np.uint64))
        key.area = self._shared[0]

    def _planned(self, group: Group, reach: Reach, stride: int) -> WindowPlan:
        return best_plan(self.machine(group, held=True), reach, self._strides(stride),
                         self.window or 0, self.at_once or 0)

    def _image(self, loaded: Loaded) -> Limbs:
        """Points as they lie in the memory."""
        own, accelerator, stride = self._arithmetic, self.accelerators[0], loaded.stride or 0
        copies = copies_of(self._bits, stride)
        if self.blind:
            return np.repeat(loaded.points, copies, axis=0)
        return own.to_device(
            loaded.group, own.copies(loaded.group, loaded.points, stride, copies, 0),
            accelerator.identity["scale"], accelerator.identity["batch"] != 0)

    def _commands(self, key: HeldKey, area: int) -> list[list[int]]:
        """The commands of a proof in `PARTS`: evaluation and transform; the sums that stay; and
        what begins with the sum of these."""
        accelerator, places = self.accelerators[0], key.places
        (addresses, strides), numbers = key.laid, len(places.numbers)
        h = area + numbers * SCALAR_WORDS
        count = pack(HEADER, command=Command.COUNTERS)
        points = len(key.all_points)
        parts = [[*evaluate_words(
            (addresses[points], len(key.program)), (area, numbers * SCALAR_WORDS), key.power,
            finish=True, stays=True, tiles=(h, accelerator.held_words(key.values))), count], [], []]
        starts = [area + start * SCALAR_WORDS for start in places.starts]
        if places.signals is not None:
            starts.append(area + places.signals[0] * SCALAR_WORDS)
        sums = list(zip(addresses, strides, map(len, key.all_points), starts, strict=False))
        sums.insert(LAST, (key.kept, 0, len(KEPT), area))
        part = 1
        for number in key.order:
            part = 2 if number == LAST else part
            group, plan = SUM_GROUPS[number], key.plans[number]
            address, stored, points, scalars = sums[number]
            finish = 3 | 4 * (number in key.stay)
            if number == LAST and accelerator.identity["batch"]:
                finish |= 8
            for first, windows in reversed(plan.passes):
                parts[part] += [*multiply_head(
                    group, plan, first=first, windows=windows, address=address, count=points,
                    words=scalars, finish=finish, **accelerator.beside(group, plan, stored)),
                    count]
        if key.check is not None:
            program, values = zip(addresses[-2:], map(len, key.check), strict=True)
            own = (len(KEPT) - 1) * accelerator.point_words(Group.G1)
            parts[2] += check_command(
                program, (key.kept + own, self._kept_words(key) - own), values)
        return parts


def _cycles(counters: dict[str, int]) -> int:
    """Of a sum."""
    return sum(counters[name] for name in ("fill", "sum", "output", "finish"))


COMMAND_WORDS = 4096
"""Room for the commands of a proof: ten words for a pass of a sum."""

PARTS = 3
"""... which come in so many parts, see `ProvingLanes._commands`."""
