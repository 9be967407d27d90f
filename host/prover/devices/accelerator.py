"""The driver: what an accelerator at the far end of a link can be asked to do.

Words are packed and unpacked by the command table in `hdl.commands`, the same one from which the
gateware's decoder is made.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from proofmill.hdl.commands import (
    ANSWER,
    ARRAY,
    COUNTERS,
    HEADER,
    IDENTITY,
    MAGIC,
    NUMBER,
    PHASES,
    PLACE,
    ROOM,
    SIZE,
    SUM_COUNTERS,
    TRANSFORM_COUNTERS,
    VERSION,
    WORD,
    Command,
    Error,
    multiply_head,
    name_word,
    pack,
    unpack,
    words_end,
)
from proofmill.hdl.curve import CURVES, FILE_WORDS, Curve, Group
from proofmill.hdl.matrix_shape import MatrixShape
from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.hdl.transform_shape import PLANES
from proofmill.hdl.windows import WindowPlan, copies_of
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.link import Link
from proofmill.host.prover.devices.scalar_words import scalar_words, sent_scalars
from proofmill.sim.checker import check_command
from proofmill.sim.commands import one_way_head
from proofmill.sim.evaluator import Room, evaluate_words, prove_words

CHUNK = 50_000
"""Cycles between two looks at the link: how often progress is told and Ctrl-C is heard."""

PATIENCE = 2_000
"""Chunks without a word in either direction after which a device is given up: a hundred million
cycles, ten times what streaming back the largest set of buckets takes."""

SCALAR_WORDS = NUMBER // WORD
"""Words of a scalar in the memory."""

SIMULATED_WORDS = 1 << 26
"""Words of memory that are filled where nothing but the simulation sets a limit: 512 MiB."""


@dataclass(frozen=True)
class Sum:
    """An answer to MULTIPLY: the sum, or what it is still to be made of, and the counters.

    Finished on the chip, it is `point`, affine, as in a `.zkey`: shape (8,) or (16,); zeros where
    the accelerator has no datapath. Else it is ``sum(2**exponent * point)`` of `points`, which maps
    an exponent to homogeneous coordinates, integers modulo p, not reduced, in the scale of the
    points that were loaded; empty where the accelerator has no datapath.
    """

    counters: dict[str, int]
    point: Limbs | None = None
    points: dict[int, list[int]] = field(default_factory=dict)

    @property
    def cycles(self) -> int:
        """Clock cycles of all that it took."""
        return sum(self.counters[name] for name in ("fill", "sum", "output", "finish"))


def known_curve(identity: dict[str, int]) -> Curve | None:
    """The curve that an identity states; None for one that this release does not know."""
    return next((curve for curve in CURVES.values()
                 if name_word(curve.name) == identity["curve"]), None)


def curve_of(identity: dict[str, int]) -> str:
    """The name of the curve that an identity states, or its first eight letters."""
    if (curve := known_curve(identity)) is not None:
        return curve.name
    return identity["curve"].to_bytes(8, "little").rstrip(b"\0").decode("ascii", "replace")


def coordinate_words_of(identity: dict[str, int]) -> int:
    """Words of a part of a coordinate in the memory of an accelerator with this identity."""
    curve = known_curve(identity)
    return FILE_WORDS if curve is None else curve.words


def _words(*words: int) -> Limbs:
    return np.array(words, dtype=np.uint64)


class Accelerator:
    """One accelerator behind one link. Not to be used from two threads at once.

    Refuses a device whose identity is not `expected` (None takes any of this version). Raises
    `DeviceError` where the device does not answer, or answers what cannot be.
    """

    def __init__(self, link: Link, expected: dict[str, int] | None = None) -> None:
        self.link = link
        self._look: Callable[[], None] | None = None
        self.sent = self.received = 0  # words over it
        self.identity = self._identify()
        if expected is not None and self.identity != expected:
            wrong = [f"{name} is {self.identity[name]:#x}, not {value:#x}"
                     for name, value in expected.items() if self.identity[name] != value]
            raise DeviceError(f"the device is another one than expected: {'; '.join(wrong)}; "
                              "load the gateware that this version of proofmill builds")
        self.coordinate_words = -(-self.identity["coordinate_bits"] // 64)
        self.part_words = coordinate_words_of(self.identity)
        self.words = self.identity["memory_words"] or SIMULATED_WORDS
        self.memory = self.words  # but for what is reserved
        self.used = 0  # words of the device's memory that are in use
        self._kept = 0  # ... of which so many are reserved
        self.overwritten = 0
        """How often commands have had what lies in the chip's own memory: what `matmul` put there
        is gone then."""

    def take_for(self, memory_words: int, clock_hz: int) -> None:
        """Take it for one with so much memory, and such a clock, before anything is loaded."""
        self.identity |= {"memory_words": memory_words, "clock_hz": clock_hz}
        self.words = self.memory = memory_words

    @property
    def groups(self) -> list[Group]:
        """The groups that the gateware computes in."""
        return [group for group in Group if self.identity[f"interval_{group.value}"]]

    def mailboxes(self, group: Group) -> int:
        """Mailboxes a unit has for points of `group`."""
        return (1 << self.identity["mailbox_bits"]) // group.degree

    def point_words(self, group: Group) -> int:
        """Words of an affine point in the memory."""
        return 2 * self.part_words * group.degree

    def interval(self, group: Group) -> int:
        """Cycles from one addition to the next."""
        return self.identity[f"interval_{group.value}"]

    def load(self, words: Limbs) -> int:
        """Keep `words` in the device's memory; return the address of the first."""
        address, count = self.used, words.size
        self._check_free(count, f"{count:,} words of points do not fit the device's memory")
        self.write(address, words)
        self.used += count
        return address

    def write(self, address: int, words: Limbs) -> None:
        """Put `words` where there is room for them: in what is reserved, see `reserve`."""
        self._send(np.concatenate([
            _words(pack(HEADER, command=Command.LOAD),
                   pack(PLACE, address=address, count=words.size)),
            words.reshape(-1)]))
        self._answer(Command.LOAD)

    def reserve(self, count: int) -> int:
        """The address of `count` words that are nobody else's from now on."""
        self._check_free(count, f"{count:,} words do not fit the device's memory")
        address = self.used
        self.used += count
        self.memory -= count
        self._kept = self.used
        return address

    def give_back(self, count: int) -> None:
        """Have `count` words be free again that were reserved, behind which nothing is in use."""
        self.used -= count
        self.memory += count
        self._kept = self.used

    def _check_free(self, words: int, said: str) -> None:
        """Refuse, with what is `said`, words that do not fit behind those in use."""
        there = self.identity["memory_words"] or 1 << 32
        if self.used + words > there:
            raise DeviceError(f"{said}: {self.used:,} of its {there:,} words are in use; use a "
                              "board with more memory, or a smaller key")

    def unload(self, address: int) -> None:
        """Give back the memory from `address` on, where points were loaded last; what is reserved
        stays so."""
        self.used = max(address, self._kept)

    def multiply(self, group: Group, address: int, scalars: Limbs, plan: WindowPlan,
                 progress: Callable[[int], None] | None = None, *, finish: bool = True,
                 stored: int = 0, digits: int = 0, held: int | None = None) -> Sum:
        """Sum `scalars` (shape (n, 4), plain integers) times the points loaded at `address`.

        Beside every point lie its copies for slices of `stored` bits, 0 where there are none; the
        plan's slices have as many bits, or a multiple of these. Or its multiples for so many
        `digits` to a base, if they are not 0: the plan is of these, or without copies.
        Where the scalars are `held`, from a word of the memory on, they are not sent; their digits
        are to no base then, and the accelerator evaluates. With `finish` the accelerator combines
        the groups of the last level itself, over all passes of the plan, if it has a finisher.
        `progress` is told, in every pass, how many points have gone in since the last time.
        """
        finish = finish and bool(self.identity["finisher"])
        point: Limbs | None = None
        points: dict[int, list[int]] = {}
        counters = dict.fromkeys(SUM_COUNTERS, 0)
        if plan.base and plan.copies != digits:
            raise ValueError(f"{plan.copies} digits to the base {plan.base} want other copies than "
                             f"those for {digits}")
        if plan.copies > 1 and not plan.base and (not stored or plan.stride % stored):
            raise ValueError(f"slices of {plan.stride} bits want other copies than those for "
                             f"slices of {stored} bits")
        size = self.point_words(group)
        if held is not None and plan.base:
            raise ValueError("scalars that are held are no digits to a base")
        words = scalar_words(sent_scalars(scalars, plan)) if held is None else _words()
        if digits and not plan.base:  # the point itself is the last
            address += (digits - 1) * size
        place = self.beside(group, plan, stored, digits)
        end = words_end(size, address=address, count=len(scalars), copies=plan.copies, **place)
        if end > self.used:
            raise ValueError(f"points at word {address:,} would be read to word {end:,}; only "
                             f"{self.used:,} words are loaded")
        # The finish goes on from pass to pass, from the highest windows down.
        self.overwritten += 1
        for first, windows in reversed(plan.passes) if finish else plan.passes:
            self._send(_words(*multiply_head(
                group, plan, first=first, windows=windows, address=address,
                finish=int(finish) | (held is not None) << 1, count=len(scalars),
                words=len(words) if held is None else held, **place)))
            head = self._feed(words, len(scalars), progress)
            if not finish:
                self._collect(group, plan, first, head, points)
            elif not self._check(int(head[0]), Command.MULTIPLY)["last"]:
                raise DeviceError(f"the device handed out {self._error(int(head[0]))}, where it "
                                  "should have finished; reset it")
            elif first == 0:
                point = self._receive(size)
            found = self.counters()
            for name in SUM_COUNTERS:
                counters[name] += found[name]
        return Sum(counters, point, points if self.identity["datapath"] else {})

    def beside(self, group: Group, plan: WindowPlan, stored: int, digits: int = 0
               ) -> dict[str, int]:
        """How far from each other points lie, and their copies for such a plan, see `multiply`."""
        size = self.point_words(group)
        return {"point_words": size * (digits or copies_of(plan.bits, stored)),
                "copy_words": size * (plan.stride // stored if stored else 1)}

    def _feed(self, words: Limbs, points: int,
              progress: Callable[[int], None] | None) -> Limbs:
        """Send the words of the scalars of so many points; return the answer's first word."""
        sent = told = silent = 0
        head: Limbs = _words()
        while sent < len(words) or not len(head):
            taken, head = self._exchange(words[sent:], 1)
            sent += taken
            self.sent += taken
            self.received += len(head)
            silent = 0 if taken else silent + 1
            self._check_patience(silent)
            gone_in = points * sent // len(words) if len(words) else points
            if progress is not None and gone_in > told:
                progress(gone_in - told)
                told = gone_in
            if len(head) and sent < len(words):
                raise DeviceError("the device answered before it had all words: "
                                  + self._error(int(head[0])))
        return head

    def _collect(self, group: Group, plan: WindowPlan, first: int, head: Limbs,
                 points: dict[int, list[int]]) -> None:
        """Put the points of the answer that begins with `head` into `points`."""
        size = 3 * group.degree * self.coordinate_words
        while True:
            answer = self._check(int(head[0]), Command.MULTIPLY)
            if answer["last"]:
                return
            rows = self._receive(size).reshape(-1, self.coordinate_words)
            exponent = plan.exponent(answer["group"], answer["unit"], first)
            if exponent in points or exponent >= 1 << 16:
                raise DeviceError(f"the device answered twice for 2^{exponent}")
            points[exponent] = [int.from_bytes(row.tobytes(), "little") for row in rows]
            head = self._receive(1)

    def transform(self, a: Limbs, b: Limbs,
                  progress: Callable[[int], None] | None = None) -> tuple[Limbs, dict[str, int]]:
        """(The scalars of a key's points H, the counters of what it took) from A w and B w.

        `a`, `b`: shape (n, 4), plain integers below r, n a power of two up to 2 to `transforms`;
        so the scalars, zeros where the accelerator has no datapath. What does not stay on the chip
        lies in the memory behind what is loaded, `room` words. `progress` is told how many values
        have gone in since the last time. Raises `DeviceError` where the memory has no room left.
        """
        power, room = len(a).bit_length() - 1, self.room(len(a))
        self._check_free(room, f"a transform of {len(a):,} values takes {room:,} words of the "
                               "device's memory")
        words = np.concatenate([a.reshape(-1), b.reshape(-1)])
        self.overwritten += 1
        self._send(_words(pack(HEADER, command=Command.TRANSFORM),
                          pack(PLACE, address=self.used if room else 0, count=room),
                          pack(SIZE, power=power, words=len(words))))
        self._check(int(self._feed(words, len(a), progress)[0]), Command.TRANSFORM)
        scalars = self._receive(a.size).reshape(-1, a.shape[1])
        counters = self.counters()
        return scalars, {name: counters[name] for name in TRANSFORM_COUNTERS}

    @cached_property
    def one_way(self) -> int:
        """The vectors it transforms one way have up to ``2 ** one_way`` values; 0: none."""
        if not self.identity["transforms"]:
            return 0
        self._send(_words(pack(HEADER, command=Command.ONE_WAY)))
        head = int(self._receive(1)[0])
        if unpack(ANSWER, head)["error"] == Error.UNKNOWN_COMMAND:
            return 0
        return self._check(head, Command.ONE_WAY)["unit"]

    def transform_one_way(self, values: Limbs, *, inverse: bool = False, coset: int = 0
                          ) -> tuple[Limbs, int]:
        """(What `device.OneWay.transform` gives, its cycles); zeros where the accelerator has no
        datapath."""
        self.overwritten += 1
        self._send(_words(*one_way_head(len(values).bit_length() - 1, values.size,
                                        inverse=inverse, coset=coset)))
        words = np.ascontiguousarray(values).reshape(-1)
        self._check(int(self._feed(words, len(values), None)[0]), Command.ONE_WAY)
        found = self._receive(values.size).reshape(values.shape)
        return found, self.counters()["transform"]

    @cached_property
    def evaluation(self) -> Room | None:
        """What room it has for evaluating a key's matrices; None where it does not."""
        if not self.identity["transforms"]:
            return None
        found = self._record(Command.EVALUATION, ROOM)
        if found is not None and found["value_words"] != SCALAR_WORDS:
            raise DeviceError(f"the device evaluates values of {found['value_words']} words, and a "
                              f"scalar has {SCALAR_WORDS}: it is of another curve")
        return None if found is None else Room(**found)

    def evaluate(self, program: tuple[int, int], witness: tuple[int, int], power: int,
                 stays: int | None = None) -> tuple[Limbs, dict[str, int]]:
        """(The scalars of a key's points H, the counters of what it took) from a witness.

        `program`, `witness`: where they lie, (address, words): matrices of 2 ** `power` rows each,
        see `sim.evaluator.program`, and plain integers below r. Behind what is loaded is meanwhile
        what `transform` has there. Or scalars stay in the memory, from word `stays` on, that behind
        them, `held_words` of the caller's in all, and none are returned. They are zeros where the
        accelerator has no datapath. Raises `DeviceError` where the memory has no room left.
        """
        room, results = self.room(1 << power), SCALAR_WORDS << power
        tiles = (self.used if room else 0, room)
        if stays is not None:
            tiles = (stays, self.held_words(1 << power))
        else:
            self._check_free(room, f"a transform of {1 << power:,} values takes {room:,} words of "
                                   "the device's memory")
        self.overwritten += 1
        self._send(_words(*evaluate_words(
            program, witness, power, finish=True, stays=stays is not None, tiles=tiles)))
        self._answer(Command.EVALUATE)
        scalars = self._receive(0 if stays is not None else results).reshape(-1, SCALAR_WORDS)
        phases, counters = self._phases(), self.counters()
        return scalars, phases | {name: counters[name] for name in TRANSFORM_COUNTERS}

    def _phases(self) -> dict[str, int]:
        self._answer(Command.EVALUATE)
        return dict(zip(PHASES, self._receive(len(PHASES)).tolist(), strict=True))

    # -- a proof by commands in the memory ------------------------------------------------------

    def begin_proof(self, place: tuple[int, int], commands: tuple[int, int], words: Limbs) -> None:
        """Send `words` to their `place` and have `commands` carried out, places are (address,
        words); their answers are then taken with the following, in order, at last `end_proof`."""
        self.overwritten += 1
        self._send(np.concatenate([_words(*prove_words(place, commands)), words.reshape(-1)]))

    def evaluated(self) -> dict[str, int]:
        """The phases of an EVALUATE whose results stay."""
        self._answer(Command.EVALUATE)
        return self._phases()

    def summed(self, group: Group, *, last: bool) -> Limbs | None:
        """The point after the `last` pass of a MULTIPLY, None after another."""
        self._answer(Command.MULTIPLY)
        return self._receive(self.point_words(group)) if last else None

    def counted(self) -> dict[str, int]:
        """The counters."""
        self._answer(Command.COUNTERS)
        return dict(zip(COUNTERS, self._receive(len(COUNTERS)).tolist(), strict=True))

    def end_proof(self, *, right: bool = True) -> None:
        """Its end; where its check did not find it `right`, an error."""
        if right:
            self._answer(Command.PROVE)
            return
        answer = unpack(ANSWER, word := int(self._receive(1)[0]))
        if answer["command"] != Command.PROVE or answer["error"] != Error.PROOF:
            raise DeviceError("the device answered PROVE, whose proof it had found wrong, with "
                              f"{self._error(word)}")

    def next_part(self, place: tuple[int, int], commands: tuple[int, int], address: int,
                  words: Limbs) -> None:
        """End a part of a proof, put `words` where an accelerator without a datapath would have
        written them, and begin the next part, see `begin_proof`: one with a datapath would not end
        there, so nothing of that counts as sent or received."""
        before = self.sent, self.received
        self.end_proof()
        self.write(address, np.ascontiguousarray(words))
        self.begin_proof(place, commands, _words())
        self.sent, self.received = before

    def stand_in(self, address: int, words: Limbs) -> None:
        """Write what an accelerator without a datapath would have written; likewise."""
        before = self.sent, self.received
        self.write(address, np.ascontiguousarray(words))
        self.sent, self.received = before

    # -- checks ---------------------------------------------------------------------------------

    @cached_property
    def checked_rows(self) -> int:
        """A check's key and inputs may be ``2 ** checked_rows - 1`` values; 0: it checks
        nothing."""
        self._send(_words(pack(HEADER, command=Command.CHECK)))
        head = int(self._receive(1)[0])
        if unpack(ANSWER, head)["error"] == Error.UNKNOWN_COMMAND:
            return 0
        return self._check(head, Command.CHECK)["unit"]

    def check(self, program: tuple[int, int], inputs: tuple[int, int], key: tuple[int, int]
              ) -> tuple[bool, int]:
        """(Whether all that the program sends is zero, the cycles of that), by what lies at these
        places, (address, words). Without a datapath it always is."""
        self.overwritten += 1
        self._send(_words(*check_command(program, inputs, key)))
        return self.checked()

    def checked(self) -> tuple[bool, int]:
        """What a CHECK answers."""
        head = int(self._receive(1)[0])
        answer = unpack(ANSWER, head)
        if answer["error"] == Error.PROOF and answer["command"] == Command.CHECK:
            return False, answer["group"]
        return True, self._check(head, Command.CHECK)["group"]

    def _record(self, command: Command, names: Sequence[str]) -> dict[str, Any] | None:
        """The words that a command of one word is answered with; None where it is unknown."""
        self._send(_words(pack(HEADER, command=command)))
        head = int(self._receive(1)[0])
        if unpack(ANSWER, head)["error"] == Error.UNKNOWN_COMMAND:
            return None
        self._check(head, command)
        return dict(zip(names, self._receive(len(names)).tolist(), strict=True))

    def matrices(self) -> MatrixUnitShape | None:
        """How it multiplies matrices; None where it does not."""
        said = self._record(Command.MATRICES, ARRAY)
        if said is None:
            return None
        curve = known_curve(self.identity)
        if curve is None:
            raise DeviceError(f"the device is of the curve {curve_of(self.identity)}, which this "
                              "version does not know")
        return MatrixUnitShape(
            multiplier=MatrixShape(
                field=curve.base, digit=self.identity["digit"], limb=self.identity["limb"],
                least_loop=said.pop("loop"),
                **{name: said.pop(name) for name in (
                    "operand_bits", "interval", "carry_cycles", "element", "products")}),
            **said)

    def matmul(self, words: Limbs, answers: int) -> Limbs:
        """So many `answers` to the words of a MATMUL; see `sim.matrix.matmul_words`."""
        self._check(int(self._feed(words, 0, None)[0]), Command.MATMUL)
        return self._receive(answers)

    def room(self, values: int) -> int:
        """Words of the memory that a transform of so many values takes while it is under way."""
        return 0 if values <= 1 << self.identity["tile"] else PLANES * SCALAR_WORDS * values

    def held_words(self, values: int) -> int:
        """... that an evaluation takes whose so many scalars stay in the memory."""
        return SCALAR_WORDS * values + self.room(values)

    @property
    def transforms(self) -> int:
        """The vectors it transforms have up to ``2 ** transforms`` values; 0: none."""
        power = self.identity["transforms"]
        while self.room(1 << power) > self.memory:
            power -= 1
        return power

    def counters(self) -> dict[str, int]:
        """What the last MULTIPLY took, and the last TRANSFORM."""
        self._send(_words(pack(HEADER, command=Command.COUNTERS)))
        return self.counted()

    def reset(self) -> None:
        """Bring the device back from whatever it was doing; what is loaded stays loaded."""
        self.break_off()
        self._identify()

    def break_off(self) -> None:
        """Have the link be as at its beginning, in the middle of whatever it was."""
        self.overwritten += 1
        self.link.reset()

    @contextmanager
    def looking(self, look: Callable[[], None]) -> Iterator[None]:
        """Call `look` at every look at the link. What it raises breaks off a command in its midst,
        so that the link has to be brought back then, see `break_off`."""
        self._look = look
        try:
            yield
        finally:
            self._look = None

    @contextmanager
    def whole(self) -> Iterator[None]:
        """`break_off` where the block ends by an error, or by Ctrl-C."""
        try:
            yield
        except BaseException:
            self.break_off()
            raise

    def close(self) -> None:
        """Close the link."""
        self.link.close()

    def _identify(self) -> dict[str, int]:
        self._send(_words(pack(HEADER, command=Command.IDENTIFY)))
        self._answer(Command.IDENTIFY)
        identity = dict(zip(IDENTITY, self._receive(len(IDENTITY)).tolist(), strict=True))
        if identity["magic"] != MAGIC or identity["version"] != VERSION:
            raise DeviceError(
                f"the device is no Proofmill accelerator of version {VERSION}: it says magic "
                f"{identity['magic']:#x}, version {identity['version']}")
        return identity

    def _exchange(self, words: Limbs, room: int) -> tuple[int, Limbs]:
        if self._look is not None:
            self._look()
        return self.link.exchange(words, room, CHUNK)

    def _send(self, words: Limbs) -> None:
        sent = silent = 0
        while sent < len(words):
            taken, _ = self._exchange(words[sent:], 0)
            sent += taken
            self.sent += taken
            silent = 0 if taken else silent + 1
            self._check_patience(silent)

    def _receive(self, count: int) -> Limbs:
        parts: list[Limbs] = []
        silent = 0
        while count:
            _, part = self._exchange(_words(), count)
            parts.append(part)
            count -= len(part)
            self.received += len(part)
            silent = 0 if len(part) else silent + 1
            self._check_patience(silent)
        return np.concatenate(parts) if parts else _words()

    def _answer(self, command: Command) -> dict[str, int]:
        return self._check(int(self._receive(1)[0]), command)

    def _check(self, word: int, command: Command) -> dict[str, int]:
        answer = unpack(ANSWER, word)
        if answer["command"] != command or answer["error"]:
            raise DeviceError(f"the device answered {command.name} with {self._error(word)}")
        return answer

    @staticmethod
    def _error(word: int) -> str:
        answer = unpack(ANSWER, word)
        try:
            return (f"{Error(answer['error']).name} for command "
                    f"{Command(answer['command']).name} ({word:#018x})")
        except ValueError:
            return f"the word {word:#018x}, which is no answer"

    @staticmethod
    def _check_patience(silent: int) -> None:
        if silent > PATIENCE:
            raise DeviceError(f"the device has not answered for {PATIENCE * CHUNK:,} cycles")
