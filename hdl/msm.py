"""Multi-scalar multiplication: fill the mailboxes, stream them back through themselves, hand out.

::

     scalars ─► slicer ─► recoder ─(mailbox, ±point)─► mailboxes ─(mailbox, P, Q)─► adder ─┐
     points, copies  ────────────────────────────────►  ▲ ▲                               │
                        again, half the window ─────────┘ └────────(mailbox, P + Q)───────┘

Sums of the first levels may be made in batches (`hdl.batch_adder`), by half of the products, or
less, on the same multiplier: then points are affine, in and out of the mailboxes, and the complete
adder rests. A batch's sums come late and last in first out, which mailboxes do not mind; but each
level ends with some ten rounds of ever fewer pairs, an inversion each, so where few points are left
the complete formula is faster. See `hdl.mailbox_batches` for what keeps the two from waiting for
each other, `hdl.plans` for which levels are worth it.

After the last level one point is left for every bit of every window. The sum of those times
powers of two, a few hundred operations, is the finisher's, on a multiplier of the adder, or the
host's: see `hdl.windows` and `hdl.processor_finisher`.
"""

from dataclasses import dataclass
from functools import cached_property

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.check_shape import ROW_BITS, CheckShape
from proofmill.hdl.checker import Checker, check_port, connect_checker
from proofmill.hdl.commands import ANSWER, NUMBER, WORD, Command, Error
from proofmill.hdl.counters import COUNTS, Counters
from proofmill.hdl.curve import Group
from proofmill.hdl.evaluation import EvaluationShape
from proofmill.hdl.evaluator import Evaluator, connect_evaluator, evaluation_port
from proofmill.hdl.fetcher import REQUEST, WRITE, Fetcher, Requests
from proofmill.hdl.frames import Frames
from proofmill.hdl.hand_out import HandOut
from proofmill.hdl.inverter import Inverter
from proofmill.hdl.levels import Levels
from proofmill.hdl.loader import PointLoader
from proofmill.hdl.mailbox_unit import MailboxUnit
from proofmill.hdl.matrices import PLANE_LATE, Matrices, matrix_port
from proofmill.hdl.matrix_shape import MatrixShape
from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.hdl.narrow import Narrow
from proofmill.hdl.point_adder import AdderShape, PointAdder
from proofmill.hdl.processor_finisher import Finisher
from proofmill.hdl.processor_shape import ProcessorShape
from proofmill.hdl.quadratic_adder import adder_of
from proofmill.hdl.quadratic_shape import SHAPES
from proofmill.hdl.sequencer import Sequencer
from proofmill.hdl.slicer import Slicer
from proofmill.hdl.stored_scalars import StoredScalars
from proofmill.hdl.transform import Transform
from proofmill.hdl.transform_passes import WAY
from proofmill.hdl.transform_shape import OPERANDS_AFTER, PLANES, TransformShape, two_adicity
from proofmill.hdl.transform_tiles import Tiles
from proofmill.hdl.unit_windows import UnitWindows
from proofmill.hdl.windows import WIDTHS, WINDOWS_BITS, WindowPlan


@dataclass(frozen=True, kw_only=True)
class MsmShape:
    """A multi-scalar multiplication unit.

    Parameters
    ----------
    adder : the point adder.
    mailbox_bits : the memory of each mailbox unit holds 2 ** mailbox_bits G1 points.
    datapath : False leaves out coordinates and arithmetic: the same control, cycle for cycle,
        without values.
    finisher : False leaves out the field processor; what is asked to be finished is refused.
    transforms : vectors of up to ``2 ** transforms`` values are transformed, on the adder's first
        multiplier, in its second field, in the memory of the first unit's mailboxes, and larger
        ones in tiles of as many; None: none.
    batch : sums may be made in batches of up to so many pairs, a power of two, on the adder's first
        multiplier; None: none are. Then coordinates lie in the memory in the multiplier's own
        Montgomery form, those of G2 on the curve that the adder adds on.
    matrices : matrices are multiplied, on the adder's first multiplier, which has to be a
        `MatrixShape`; weights lie in the memory of the first unit's mailboxes, and there is one of
        2 ** `matrices` entries of activations beside it; None: none are.
    evaluation : a key's matrices are evaluated for the transforms, where these are; None: not.
    one_way : vectors are also transformed one way, where there are transforms; None: not.
    check : a proof is checked, where matrices are evaluated; None: not.
    port : words that the memory answers in a cycle, 2; whatever is asked for then begins at an
        even address. None: one.
    """

    adder: AdderShape
    mailbox_bits: int
    datapath: bool = True
    finisher: bool = True
    transforms: int | None = None
    batch: int | None = None
    port: int | None = None
    matrices: int | None = None
    evaluation: bool | None = None
    one_way: bool | None = None
    check: bool | None = None

    def __post_init__(self):
        if self.port not in (None, 2):
            raise ValueError("the memory answers one word in a cycle, or two, and not "
                             f"{self.port}")
        if self.batches and self.adder.units > 1:
            raise ValueError("sums are made in batches of points that one mailbox unit brings; "
                             f"here are {self.adder.units} units")
        self._check_matrices()
        if self.check and not self.evaluation:
            raise ValueError("a proof is checked where one can be made: with evaluation")
        if self.transforms is None:
            if self.evaluation:
                raise ValueError("matrices are evaluated for transforms, and there are none here")
            if self.one_way:
                raise ValueError("transforms one way are those of the transforms, and there are "
                                 "none here")
            return
        if self.adder.multiplier.second is None:
            raise ValueError("transforms are computed in the multiplier's second field, and this "
                             "one has none")
        if self.transform.rows > 1 << self.mailbox_bits:
            raise ValueError(
                f"transforms of 2 ** {self.transforms} values take {self.transform.rows:,} rows of "
                f"memory, and {self.mailbox_bits} mailbox_bits are {1 << self.mailbox_bits:,}")
        if self.transform.stored.bit_length() > self.adder.coordinate_bits:
            raise ValueError(f"values of {self.transform.stored.bit_length()} bits do not fit "
                             f"coordinates of {self.adder.coordinate_bits}")
        if self.evaluation and (
                self.evaluator.field.register_bits > self.adder.coordinate_bits):
            raise ValueError(f"sums of {self.evaluator.field.register_bits} bits do not fit "
                             f"coordinates of {self.adder.coordinate_bits}")
        if self.transform.value_words % self.port_words:
            raise ValueError(f"values of {self.transform.value_words} words do not begin where a "
                             f"port of {self.port_words} words takes them")

    def _check_matrices(self) -> None:
        if self.matrices is None:
            return
        if not isinstance(self.adder.multiplier, MatrixShape):
            raise ValueError("matrices are multiplied on blocks that can, and this multiplier is "
                             f"{self.adder.multiplier.kind}, not {MatrixShape.kind}")
        room = 3 * self.adder.coordinate_bits
        if self.matrix.multiplier.word_bits > room:
            raise ValueError(f"entries of w of {self.matrix.multiplier.word_bits} bits do not fit "
                             f"three coordinates, {room} bits")

    @cached_property
    def matrix(self) -> MatrixUnitShape | None:
        """The matrices, with as many entries of w as the memory of mailboxes has rows."""
        if self.matrices is None:
            return None
        return MatrixUnitShape(multiplier=self.adder.multiplier, weight_bits=self.mailbox_bits,
                               element_bits=self.matrices, late=PLANE_LATE)

    @property
    def lent(self) -> tuple[int, int, int] | None:
        """(planes, rows, bits) of what transforms, their evaluation and matrices use of the memory
        of mailboxes."""
        if self.matrices is not None:
            bits = self.adder.coordinate_bits
            planes = -(-self.matrix.multiplier.word_bits // bits)
            return (PLANES if self.transform else planes), 1 << self.mailbox_bits, bits
        if self.evaluator is not None:
            return PLANES, 1 << self.mailbox_bits, max(
                self.transform.stored.bit_length(), self.evaluator.field.register_bits,
                0 if self.checker is None else self.checker.field.register_bits)
        return self.transform and (
            PLANES, self.transform.rows, self.transform.stored.bit_length())

    @property
    def port_words(self) -> int:
        """Words that the memory answers in a cycle."""
        return self.port or 1

    @cached_property
    def transform(self) -> TransformShape | None:
        """The transforms, on the point adder's first multiplier, behind one register."""
        if self.transforms is None:
            return None
        multiplier = self.adder.multiplier
        return TransformShape(
            multiplier=multiplier, power=self.transforms, more=1, one_way=self.one_way,
            reach=min(2 * self.transforms, two_adicity(multiplier.fields[-1]) - 1))

    @cached_property
    def evaluator(self) -> EvaluationShape | None:
        """The evaluation, likewise, with as many places as the memory of mailboxes has rows."""
        if not self.evaluation:
            return None
        return EvaluationShape(multiplier=self.adder.multiplier, lent=True, **dict.fromkeys(
            ("wire_bits", "number_bits", "row_bits"), self.mailbox_bits))

    @cached_property
    def checker(self) -> CheckShape | None:
        """The check, likewise, with registers in the memory of mailboxes."""
        if not self.check:
            return None
        return CheckShape(multiplier=self.adder.multiplier,
                          row_bits=min(self.mailbox_bits, ROW_BITS))

    @property
    def proves(self) -> bool:
        """A proof may be made by commands in the memory: there are all that it takes."""
        return self.evaluator is not None and self.finisher

    @property
    def sums_answers(self) -> bool:
        """Sums may be told to be of points as answers have them, which is not how points lie in the
        memory where sums are made in batches."""
        return self.proves and self.batch is not None

    @cached_property
    def batches(self) -> dict[Group, BatchShape]:
        """The batch-affine adders, on the point adder's first multiplier, by group."""
        if self.batch is None:
            return {}
        return {group: SHAPES[group](
            multiplier=self.adder.multiplier, pairs=self.batch, least=self.batch, queue=16,
            tag_bits=self.mailbox_bits, early=True) for group in self.adder.groups}

    @property
    def widest(self) -> BatchShape:
        """Of the batch-affine adders the one with the largest coordinates."""
        return max(self.batches.values(), key=lambda shape: shape.degree)

    @property
    def scale(self) -> int:
        """Coordinates of G1, and those of G2 where sums are made in batches, lie in the memory as
        they are times ``2 ** scale``."""
        radix = self.adder.curve.file_radix if self.batch is None else self.adder.multiplier.radix
        return radix.bit_length() - 1

    def unit(self, group: Group) -> tuple[int, ...]:
        """The z of a point of `group` as it lies in the memory: see `hdl.curve.Curve`."""
        return self.adder.curve.unit_at(group, self.scale, affine=self.batch is not None)

    @property
    def processor(self) -> ProcessorShape:
        """The field processor, on the point adder's first multiplier, behind one register, and
        where sums are made in batches on their inverter."""
        multiplier = self.adder.multiplier
        return ProcessorShape(multiplier=multiplier, latency=multiplier.latency + 1,
                              interval=multiplier.interval,
                              inverter=None if self.batch is None else self.widest.inverter)

    def mailboxes(self, group) -> int:
        """Mailboxes a unit has for points of `group`."""
        return (1 << self.mailbox_bits) // group.degree

    @property
    def coordinate_words(self) -> int:
        """Words one coordinate takes in an answer."""
        return -(-self.adder.coordinate_bits // WORD)


class Msm(wiring.Component):
    """Sum of scalars times points.

    Parameters
    ----------
    shape : of all of it.
    program : the finisher's, ``firmware/programs/finish.asm`` assembled for ``shape.processor`` and
        the curve; None where the shape has no finisher.

    Members
    -------
    start : begin, in; only while `ready`
    ready : nothing is under way, out
    refused : a level does not fit its region, so it is not begun, out; some cycles after `start`
    group, window, windows, first_window, all_windows, wide_windows, last_window, second_region,
        address, count, stride, copies, point_words, copy_words, bias, finish : what to do, in; see
        `hdl.commands` and `hdl.windows`; to be held from `start` on
    batched : levels whose sums are made in batches, in; only where they may be
    based : digits are to the base that `bias` is, in; only where sums may be made in batches
    as_answered : points lie there as where no sums are made in batches, and none are, in; only
        where `MsmShape.sums_answers`
    scalars : stream of words, in
    requests, points : to and from the memory
    answers : stream of words, out
    clear : empty all mailboxes, in; only while `ready`
    counters : see `hdl.commands.COUNTERS`, out
    transform, power, values, transformed, transforming, moving, writes : begin a transform, in; and
        its size, its words in and out, that it is computed, that a tile's values are moved, and
        words for the memory: see `hdl.transform_tiles.Tiles`; only where there are transforms
    way : see `hdl.transform_passes.Passes`; only where there are transforms one way
    matrices : see `hdl.matrices.Matrices`, whose `address` and `count` are those above; only where
        there are matrices
    evaluation : see `hdl.evaluator.Evaluator`; where it is not begun with `transform`, results are
        words; only where there is one
    stored, scalars_at : scalars come from the memory, and from which word on, in; likewise
    check : see `hdl.checker.Checker`; only where there is one
    """

    def __init__(self, shape: MsmShape, program=None):
        if shape.finisher and program is None:
            raise ValueError("a finisher runs a program: give it what firmware.library's "
                             "finishing_program(shape) makes, or take finisher=False")
        least = WindowPlan(shape.adder.curve.scalar.bits, 2, shape.adder.units, 1).mailboxes
        most = max(shape.mailboxes(group) for group in shape.adder.groups)
        if most < least:
            self._MustUse__silence = True  # what is refused is never used
            raise ValueError(f"{most} mailboxes are too few for any window: the smallest takes "
                             f"{least}; give more mailbox_bits than {shape.mailbox_bits}")
        self.shape, self.program = shape, program
        words = stream.Signature(WORD)
        super().__init__({
            **({} if not shape.batches else {"batched": In(16), "based": In(1)}),
            **({} if not shape.sums_answers else {"as_answered": In(1)}),
            "start": In(1), "ready": Out(1), "refused": Out(1), "clear": In(1),
            "group": In(range(max(2, len(shape.adder.groups)))),
            "window": In(WIDTHS), "windows": In(WINDOWS_BITS),
            "first_window": In(WINDOWS_BITS), "all_windows": In(WINDOWS_BITS),
            "wide_windows": In(WINDOWS_BITS), "last_window": In(WINDOWS_BITS),
            "stride": In(16), "copies": In(16), "point_words": In(16), "copy_words": In(16),
            "bias": In(NUMBER),
            "second_region": In(shape.mailbox_bits),
            "address": In(32), "count": In(32), "finish": In(1),
            "scalars": In(words), "answers": Out(words),
            "points": In(stream.Signature(WORD * shape.port_words)),
            "requests": Out(stream.Signature(REQUEST)),
            "counters": Out(COUNTS),
            **({} if shape.transform is None else {
                "transform": In(1), "power": In(range(shape.transform.most + 1)),
                "values": In(words), "transformed": Out(words), "transforming": Out(1),
                "moving": Out(1), "writes": Out(stream.Signature(WRITE))}),
            **({"way": In(WAY)} if shape.one_way else {}),
            **({} if shape.matrix is None else {"matrices": In(matrix_port(shape.matrix))}),
            **({} if shape.evaluator is None else {
                "evaluation": In(evaluation_port()), "stored": In(1), "scalars_at": In(32)}),
            **({} if shape.checker is None else {"check": In(check_port())}),
        })

    def elaborate(self, platform):
        m = Module()
        shape, adder = self.shape, self.shape.adder
        # A batch had no inverse.
        self._fault = Signal(name="fault") if shape.batches else C(0)
        m.submodules.sequencer = sequencer = Sequencer(shape.mailbox_bits, finisher=shape.finisher)
        m.submodules.frames = frames = Frames(adder)
        m.submodules.levels = levels = Levels(shape)
        m.submodules.windows = windows = UnitWindows(adder.units)
        m.submodules.slicer = slicer = Slicer(any_base=bool(shape.batches))
        m.submodules.fetcher = fetcher = Fetcher(
            [adder.curve.point_words(group) for group in adder.groups])
        m.submodules.loader = loader = PointLoader(
            adder, {group: shape.unit(group) for group in adder.groups}, soon=bool(shape.batches),
            port_words=shape.port_words, other=adder.curve.unit if shape.sums_answers else None)
        m.submodules.hand_out = hand_out = HandOut(shape)
        units = [MailboxUnit(shape, number) for number in range(adder.units)]
        for number, unit in enumerate(units):
            m.submodules[f"unit{number}"] = unit
            m.d.comb += [unit.group.eq(levels.group_at_hand), unit.frame_last.eq(frames.last),
                         unit.turn.eq(frames.turn)]
            for one, other in ((sequencer.orders, unit.orders), (levels.level, unit.level),
                               (windows.of[number], unit.windows), (loader.load, unit.load),
                               (unit.entry, hand_out.entries[number])):
                wiring.connect(m, one, other)
        # A unit is done at the end of one of its frames, and stays so until the next step.
        done = Signal(adder.units)
        finish = self.finish if shape.finisher else C(0)
        m.d.sync += done.eq(Mux(sequencer.next_step, 0, done | Cat(u.at_rest for u in units)))

        wiring.connect(m, slicer.words, wiring.flipped(self.scalars))
        wiring.connect(m, slicer.points, fetcher.points)
        memory = fetcher.requests, loader.points
        if shape.evaluator is not None:
            memory = self._stored_scalars(m, sequencer, slicer, *memory)
        m.d.sync += slicer.start.eq(sequencer.begin)
        loaded = Signal()
        ready, others = sequencer.ready, []
        if shape.transform is not None:
            m.submodules.transforms = transforms = Transform(
                shape.transform, datapath=shape.datapath, given=bool(shape.evaluation))
            m.submodules.tiles = tiles = Tiles(
                shape.transform, shape.port_words if shape.evaluation else 1)
            ready = ready & tiles.ready
            tiles.connect(m, transforms)
            others.append(("narrow", tiles, ~tiles.ready))
        if shape.evaluator is not None:
            m.submodules.evaluator = evaluator = Evaluator(
                shape.evaluator, shape.transform, datapath=shape.datapath)
            ready = ready & evaluator.ready
            # Meanwhile tiles may wait for what they then take into the memory.
            others[-1] = ("narrow", tiles, ~tiles.ready & evaluator.ready)
            others.append(("narrow_evaluation", evaluator, ~evaluator.ready))
        if shape.checker is not None:
            m.submodules.checker = checker = Checker(shape.checker, datapath=shape.datapath)
            ready = ready & checker.ready
            others.append(("narrow_check", checker, ~checker.ready))
        if shape.matrix is not None:
            m.submodules.matrices = matrices = Matrices(
                shape.matrix, shape.adder.coordinate_bits, datapath=shape.datapath)
            ready = ready & matrices.ready
            others.append(("narrow_matrices", matrices, ~matrices.ready))
            # With another that asks, more would hang on the memory's answer than fits a cycle.
            m.submodules.register = register = Requests()
            wiring.connect(m, memory[0], register.asked)
            memory = register.requests, memory[1]
        if others:
            self._share_memory(m, *memory, others)
        else:
            wiring.connect(m, fetcher.requests, wiring.flipped(self.requests))
            wiring.connect(m, loader.points, wiring.flipped(self.points))
        m.d.comb += loaded.eq(slicer.done & fetcher.done & ~slicer.start)
        m.d.comb += [
            sequencer.clear.eq(self.clear), sequencer.start.eq(self.start),
            sequencer.finish.eq(finish), sequencer.lowest.eq(self.first_window == 0),
            sequencer.turns_end.eq(frames.last & (frames.turn == adder.units - 1)),
            sequencer.settled.eq(levels.settled), sequencer.fits.eq(levels.fits),
            sequencer.last_level.eq(levels.last), sequencer.loaded.eq(loaded),
            sequencer.done.eq(done.all()), sequencer.handed_out.eq(hand_out.finished),
            self.ready.eq(ready), self.refused.eq(sequencer.refused),
            levels.group.eq(self.group), levels.window.eq(self.window),
            levels.windows.eq(self.windows), levels.second_region.eq(self.second_region),
            levels.to_first.eq(sequencer.to_first), levels.to_next.eq(sequencer.to_next),
            levels.settle.eq(sequencer.settle),
            windows.window.eq(self.window), windows.windows.eq(self.windows),
            windows.first.eq(self.first_window), windows.last.eq(self.last_window),
            windows.wide.eq(self.wide_windows),
            *[part.group.eq(levels.group_at_hand) for part in (frames, fetcher, loader, hand_out)],
            *[getattr(slicer, name).eq(getattr(self, name)) for name in (
                "count", "bias", "stride", "copies", "address", "point_words", "copy_words")],
            fetcher.loaded.eq(loader.loaded), loader.slice.eq(fetcher.slice),
            loader.enable.eq(Cat(unit.room for unit in units).all()),
            hand_out.enable.eq(sequencer.handing_out), hand_out.finish.eq(finish),
            hand_out.window.eq(self.window), hand_out.first_window.eq(self.first_window),
            hand_out.begin.eq(levels.level.begin), hand_out.done.eq(done),
        ]
        drained = Cat(unit.drained for unit in units).all() & (loaded | ~sequencer.filling)
        now = self._count(m, sequencer, drained, slicer.skipped + loader.skipped, units)
        self._answer(m, sequencer, hand_out.words)
        point_adder = None
        if shape.datapath:
            m.submodules.adder = point_adder = PointAdder(adder)
            m.d.comb += point_adder.group.eq(levels.group_at_hand)
            wiring.connect(m, frames.next, point_adder.next)
            for unit, pair in zip(units, point_adder.pairs, strict=True):
                wiring.connect(m, unit.pair, pair)
                m.d.comb += [total.eq(own) for total, own in
                             zip(unit.totals, point_adder.totals, strict=True)]
        lent = []
        if shape.finisher:
            finisher = self._finish(m, sequencer, frames, hand_out, point_adder)
            if shape.batches:
                lent.append((sequencer.combining, finisher.inverter))
        if shape.transform is not None:
            self._transform(m, transforms, tiles, frames, units[0], point_adder)
        if shape.evaluator is not None:
            connect_evaluator(m, self, evaluator, transforms, tiles, frames, units[0],
                              point_adder)
        if shape.matrix is not None:
            self._matrices(m, matrices, units[0], point_adder)
        if shape.checker is not None:
            connect_checker(m, self, checker, frames, units[0], point_adder)
        if shape.batches:
            m.d.comb += [slicer.based.eq(self.based), slicer.window.eq(self.window),
                         levels.based.eq(self.based), levels.base.eq(self.bias)]
            self._batches(m, sequencer, frames, levels, loader, drained, units[0], now,
                          point_adder, lent)
        if shape.sums_answers:
            m.d.comb += loader.as_other.eq(self.as_answered)
        return m

    def _stored_scalars(self, m, sequencer, slicer, requests, points):
        """Scalars from the memory, which is then asked for them beside points."""
        m.submodules["stored_scalars"] = stored = StoredScalars(
            self.shape.transform.value_words, self.shape.port_words)
        wiring.connect(m, requests, stored.asked)
        wiring.connect(m, stored.given, points)
        m.d.comb += [stored.start.eq(sequencer.begin & self.stored), stored.count.eq(self.count),
                     stored.address.eq(self.scalars_at)]
        with m.If(self.stored):
            m.d.comb += [
                slicer.words.valid.eq(stored.words.valid), self.scalars.ready.eq(0),
                slicer.words.payload.eq(stored.words.payload),
                stored.words.ready.eq(slicer.words.ready)]
        return stored.requests, stored.points

    def _share_memory(self, m, requests, points, others):
        """The memory is the sums', and that of one of `others` while it has something under way."""
        idle = others[0][1].ready
        for _, other, _ in others[1:]:
            idle = idle & other.ready
        clients = [(requests, points, idle)]
        for name, other, theirs in others:
            words = other.points
            if len(words.payload) < WORD * self.shape.port_words:
                m.submodules[name] = narrow = Narrow(self.shape.port_words)
                wiring.connect(m, narrow.narrow, words)
                words = narrow.wide
            clients.append((other.requests, words, theirs))
        for source, target, theirs in clients:
            m.d.comb += [source.ready.eq(self.requests.ready & theirs),
                         target.payload.eq(self.points.payload),
                         target.valid.eq(self.points.valid & theirs)]
            with m.If(theirs):
                m.d.comb += [self.requests.valid.eq(source.valid),
                             self.requests.payload.eq(source.payload),
                             self.points.ready.eq(target.ready)]

    def _count(self, m, sequencer, drained, skipped, units):
        m.submodules.tally = counters = Counters(max(2, len(units)))
        busy, now = sequencer.filling | sequencer.summing, counters.now
        m.d.comb += [
            now.fill.eq(sequencer.filling), now.sum.eq(sequencer.summing),
            now.output.eq(sequencer.orders.hand_out & ~sequencer.finish),
            now.finish.eq(sequencer.finishing), now.drain.eq(busy & drained),
            now.recode.eq(sum(unit.cutting for unit in units)),
            now.digits.eq(sum(unit.digit_taken for unit in units)),
            now.additions.eq(sum(unit.paired for unit in units)),
            now.waited.eq(sum(unit.waited for unit in units)), now.skipped.eq(skipped),
            counters.clear.eq(self.ready & (self.clear | self.start)),
            self.counters.eq(counters.counts),
        ]
        return now

    def _answer(self, m, sequencer, words):
        """What is handed out, and the answer that ends a pass; see `_finish` for the point."""
        last = Signal(ANSWER)
        m.d.comb += [
            last.command.eq(Command.MULTIPLY), last.last.eq(1),
            last.error.eq(Mux(self._fault, Error.POINTS, Error.NONE)),
            self.answers.valid.eq(words.valid | sequencer.say_last),
            self.answers.payload.eq(Mux(sequencer.say_last, last, words.payload)),
            words.ready.eq(self.answers.ready), sequencer.answered.eq(self.answers.ready),
        ]

    def _finish(self, m, sequencer, frames, hand_out, adder):
        """The finish, on the adder's first multiplier.

        The processor issues a product, a cycle later it gives the operands, which are then held for
        a cycle: so it issues in the cycle before the frame's cycles in which operands are read.
        Passes come from the highest windows down; the first one begins anew, whatever came before.
        Between them the processor stands still.
        """
        shape = self.shape
        finisher = Finisher(
            shape.processor, self.program, shape.adder.groups, shape.adder.coordinate_bits,
            units=shape.adder.units, datapath=shape.datapath, words=shape.adder.curve.words)
        first_pass = self.first_window + self.windows == self.all_windows
        m.submodules.finisher = ResetInserter(self.clear | (sequencer.starting & first_pass))(
            EnableInserter(sequencer.combining)(finisher))
        every = shape.adder.multiplier.interval
        m.d.comb += finisher.accept.eq(every == 1)
        with m.Switch(frames.cycle):
            with m.Case(*frames.slots(-1)):
                m.d.comb += finisher.accept.eq(1)
        if adder is not None:
            m.d.comb += [
                adder.borrowed.eq(finisher.multiplying), adder.borrowed_a.eq(finisher.a),
                adder.borrowed_b.eq(finisher.b), finisher.product.eq(adder.product),
            ]
        wiring.connect(m, hand_out.coordinates, finisher.coordinates)
        wiring.connect(m, hand_out.groups, finisher.entries)
        with m.If(sequencer.say_end):
            m.d.comb += [finisher.entries.valid.eq(1), finisher.entries.payload.last.eq(1)]
        with m.If(sequencer.say_point):
            m.d.comb += [
                self.answers.valid.eq(finisher.words.valid),
                self.answers.payload.eq(finisher.words.payload),
                finisher.words.ready.eq(self.answers.ready),
            ]
        m.d.comb += [
            finisher.start.eq(sequencer.combine), finisher.group.eq(hand_out.group),
            finisher.window.eq(self.window), finisher.wide.eq(self.wide_windows),
            sequencer.resting.eq(finisher.resting), sequencer.ended.eq(finisher.entries.ready),
            sequencer.finished.eq(finisher.ready),
        ]
        return finisher

    def _transform(self, m, transforms, tiles, frames, unit, adder):
        """Transforms, while no sum is under way, on the adder's first multiplier and in the first
        unit's memory.

        The multiplier takes the operands of a slot in the frame's cycles in which it takes its own.
        """
        every = self.shape.adder.multiplier.interval
        wiring.connect(m, tiles.words, wiring.flipped(self.values))
        wiring.connect(m, tiles.answers, wiring.flipped(self.transformed))
        wiring.connect(m, tiles.writes, wiring.flipped(self.writes))
        m.d.comb += [
            tiles.start.eq(self.transform), tiles.power.eq(self.power),
            tiles.address.eq(self.address), transforms.power.eq(self.power),
            self.transforming.eq(transforms.computing), transforms.slot.eq(every == 1),
            self.moving.eq(tiles.moving & ~transforms.computing)]
        if self.shape.one_way:
            m.d.comb += transforms.way.eq(self.way)
        with m.Switch(frames.cycle):
            with m.Case(*frames.slots(-OPERANDS_AFTER)):
                m.d.comb += transforms.slot.eq(1)
        if adder is None:
            return
        m.d.comb += [transforms.product.eq(adder.product), unit.lending.eq(~transforms.ready)]
        for port, plane in zip(transforms.planes, unit.planes, strict=True):
            if self.shape.matrix is None and self.shape.evaluator is None:
                wiring.connect(m, port, plane)
            else:  # whose rows are of other sizes
                m.d.comb += [port.word.eq(plane.word), *(
                    getattr(plane, name).eq(getattr(port, name))
                    for name in ("row", "written", "enable", "value"))]
        with m.If(transforms.multiplying):
            m.d.comb += [adder.borrowed.eq(1), adder.borrowed_second.eq(1),
                         adder.borrowed_a.eq(transforms.a), adder.borrowed_b.eq(transforms.b)]

    def _matrices(self, m, matrices, unit, adder):
        """Matrices, while no sum is under way, on the adder's first multiplier and in the first
        unit's memory."""
        port = self.matrices
        for name in port.signature.members:
            if name not in ("activations", "answers"):
                m.d.comb += getattr(matrices, name).eq(getattr(port, name))
        m.d.comb += [matrices.address.eq(self.address), matrices.count.eq(self.count)]
        wiring.connect(m, matrices.activations, wiring.flipped(port.activations))
        wiring.connect(m, matrices.answers, wiring.flipped(port.answers))
        if adder is None:
            return
        wiring.connect(m, matrices.array, adder.array)
        m.d.comb += [adder.weights.eq(matrices.weights), adder.elements.eq(matrices.elements)]
        with m.If(~matrices.ready):
            m.d.comb += unit.lending.eq(1)
        # Where nobody else uses them, what they are told out of turn is nobody's.
        theirs_now = C(1) if self.shape.transform is None else ~matrices.ready
        for theirs, plane in zip(matrices.planes, unit.planes, strict=False):
            m.d.comb += theirs.word.eq(plane.word)
            with m.If(theirs_now):
                m.d.comb += [getattr(plane, name).eq(getattr(theirs, name))
                             for name in ("row", "written", "enable", "value")]

    def _batches(self, m, sequencer, frames, levels, loader, drained, unit, now, adder, lent):
        """Sums in batches, level by level, on the adder's first multiplier, and one inverter for
        the groups: between levels all of it is reset, so that it always begins alike.

        Between levels the inverter is lent: `lent` are the others, as (when, the port), never two
        at a time.
        """
        batched, fault = sequencer.orders.batched, Signal()
        shapes, reset = self.shape.batches, ResetInserter(~sequencer.orders.batched)
        inverter = Inverter(self.shape.widest.inverter, datapath=self.shape.datapath)
        m.submodules.inverter = ResetInserter(
            ~Cat(batched, *(when for when, _ in lent)).any())(inverter)
        level = Signal(16)
        with m.If(sequencer.to_first):
            m.d.sync += level.eq(0)
        with m.Elif(sequencer.to_next):
            m.d.sync += level.eq(level + 1)
        m.d.comb += [sequencer.batch_fill.eq(self.batched != 0),
                     loader.affine.eq(self.batched != 0),
                     sequencer.batch_sum.eq(level + 1 < self.batched)]
        with m.If(sequencer.starting):
            m.d.sync += self._fault.eq(0)
        with m.Elif(fault):
            m.d.sync += self._fault.eq(1)
        for index, (group, shape) in enumerate(shapes.items()):
            batches = adder_of(shape, lent=True, datapath=self.shape.datapath)
            m.submodules[f"batches_{group.value}"] = reset(batches)
            at_hand = levels.group_at_hand == index
            m.d.comb += [batches.drain.eq(drained),
                         batches.soon.eq(inverter.left <= shape.early_cycles)]
            self._slots(m, batches, frames)
            with m.If(at_hand):
                self._pairs(m, batches, unit, inverter)
                m.d.comb += [
                    unit.popped.eq(batches.popped), fault.eq(batches.fault),
                    now.batched.eq(batched & unit.paired),
                    now.products.eq(batched & batches.multiplying), now.batches.eq(batches.closed)]
            if adder is not None:
                m.d.comb += batches.product.eq(adder.product)
                with m.If(batched & at_hand):
                    m.d.comb += [adder.borrowed.eq(1), adder.borrowed_a.eq(batches.a),
                                 adder.borrowed_b.eq(batches.b)]
        for when, port in lent:
            m.d.comb += [port.operands.ready.eq(inverter.operands.ready),
                         port.results.valid.eq(inverter.results.valid),
                         port.results.payload.eq(inverter.results.payload)]
            with m.If(when):
                m.d.comb += [inverter.operands.valid.eq(port.operands.valid),
                             inverter.operands.payload.eq(port.operands.payload),
                             inverter.results.ready.eq(port.results.ready)]

    def _slots(self, m, batches, frames):
        """The multiplier takes the operands of a slot in the frame's cycles in which it takes its
        own."""
        every = self.shape.adder.multiplier.interval
        m.d.comb += batches.tick.eq(every == 1)
        with m.Switch(frames.cycle):
            with m.Case(*frames.slots(1 - batches.shape.operands_after)):
                m.d.comb += batches.tick.eq(1)

    @staticmethod
    def _pairs(m, batches, unit, inverter):
        """Pairs, sums and roots of the group at hand; a smaller group's coordinates are the first
        parts of what the mailbox unit has."""
        for point in "pq":
            for name in ("x", "y", "infinite"):
                m.d.comb += batches.pairs.payload[point][name].eq(unit.pairs.payload[point][name])
        for name in ("x", "y", "infinite", "tag"):
            m.d.comb += unit.sums.payload[name].eq(batches.sums.payload[name])
        m.d.comb += [
            batches.pairs.payload.tag.eq(unit.pairs.payload.tag),
            batches.pairs.valid.eq(unit.pairs.valid), unit.pairs.ready.eq(batches.pairs.ready),
            unit.sums.valid.eq(batches.sums.valid), batches.sums.ready.eq(unit.sums.ready),
            inverter.operands.payload.eq(batches.roots.payload),
            inverter.operands.valid.eq(batches.roots.valid),
            batches.roots.ready.eq(inverter.operands.ready),
            batches.inverses.payload.eq(inverter.results.payload),
            batches.inverses.valid.eq(inverter.results.valid),
            inverter.results.ready.eq(batches.inverses.ready)]
