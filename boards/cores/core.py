"""The units that are to be had as Verilog: what each is, and the text with its identity."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from proofmill.boards.board import Board
from proofmill.boards.cores import point_benches, stream_benches
from proofmill.boards.cores.bench import Bench, fill
from proofmill.boards.cores.board_bench import board_bench
from proofmill.boards.cores.evaluation_bench import evaluation_bench
from proofmill.boards.cores.field_benches import (
    axis_multiplier_bench,
    inverter_bench,
    multiplier_bench,
    processor_bench,
    transform_bench,
)
from proofmill.boards.cores.mailbox_bench import mailboxes_bench
from proofmill.boards.cores.matrix_bench import matrix_bench
from proofmill.boards.cores.recoder_bench import recoder_bench
from proofmill.boards.cores.wide_bench import wide_bench
from proofmill.firmware.library import finishing_program, program
from proofmill.firmware.target import Target
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.axi_lite import AxiLite
from proofmill.hdl.axi_stream import AxiStream, AxiStreamBatch, AxiStreamTransform
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.configurations import refusal
from proofmill.hdl.curve import Group
from proofmill.hdl.emit import emit_verilog, for_every_simulator
from proofmill.hdl.evaluation import Evaluation, EvaluationShape
from proofmill.hdl.framed_adder import FramedAdder
from proofmill.hdl.functions import (
    AdderFunction,
    BatchFunction,
    Function,
    InverterFunction,
    MultiplierFunction,
    ProcessorFunction,
)
from proofmill.hdl.inverter import Inverter, InverterShape
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.matrix_unit import MatrixUnit, MatrixUnitShape
from proofmill.hdl.msm import Msm, MsmShape
from proofmill.hdl.presets import matrices_on, wide, with_transforms
from proofmill.hdl.processor import StandaloneProcessor
from proofmill.hdl.processor_shape import standalone
from proofmill.hdl.quadratic_adder import adder_of
from proofmill.hdl.quadratic_shape import SHAPES
from proofmill.hdl.recoder import Recoder
from proofmill.hdl.transform_shape import TransformShape
from proofmill.hdl.transform_unit import TransformUnit
from proofmill.hdl.wide_processor import WideProcessor
from proofmill.hdl.wide_shape import WideShape
from proofmill.sim.verilated import Gateware, gateware, with_hash


@dataclass(frozen=True)
class Unit:
    """A unit: what it is in words, the component, and its bench; both made from a `Core`."""

    title: str
    make: Callable[["Core"], Any]
    bench: Callable[["Core"], Bench]


@dataclass(frozen=True, kw_only=True)
class Core:
    """A unit with its parameters.

    Parameters
    ----------
    unit : one of `UNITS`.
    shape : the accelerator that it is a part of.
    window : bits of the windows in its bench; 0 for what takes the fewest additions.
    program : what a processor runs: of `PROGRAMS`.
    board : of unit ``board``, which is its gateware; `shape` is its accelerator.
    bus : one of `BUSES`, to have the unit behind it; "" for its own ports.
    """

    unit: str
    shape: MsmShape
    window: int = 0
    program: str = "invert"
    board: Board | None = None
    bus: str = ""

    @property
    def top(self) -> str:
        """The name of the top module."""
        return f"{BUSES[self.bus]}_{self.unit}" if self.bus else self.unit

    def function(self) -> Function:
        """The unit as a bus has it; raises ValueError where it has none."""
        if (why := no_bus(self.unit, self.bus)) is not None:
            raise ValueError(why)
        return FUNCTIONS[self.unit](self)

    def component(self) -> Any:
        """The unit in Amaranth. Raises ValueError where its parameters make none."""
        # Asked before anything is built of it.
        if self.unit not in FIELD_UNITS and (why := refusal(self.shape.adder)) is not None:
            raise ValueError(why)
        if not self.bus:
            return UNITS[self.unit].make(self)
        if (self.unit, self.bus) == ("transform", "axi-stream"):
            return AxiStreamTransform(self.transforms)
        if (self.unit, self.bus) == ("batch_adder", "axi-stream"):
            return AxiStreamBatch(self.batches)
        return (AxiStream if self.bus == "axi-stream" else AxiLite)(self.function())

    @property
    def target(self) -> Target:
        """The processor that `program` is assembled for, with a multiplier of its own."""
        return Target(shape=standalone(self.shape.adder.multiplier), curve=self.shape.adder.curve)

    @property
    def transforms(self) -> TransformShape:
        """Of as many values as the mailboxes hold, on a multiplier in their field alone."""
        shape = with_transforms(self.shape)
        multiplier = shape.adder.multiplier
        assert shape.transforms is not None and multiplier.second is not None
        return TransformShape(power=shape.transforms, multiplier=replace(
            multiplier, field=multiplier.second, second=None))

    @property
    def inverter(self) -> InverterShape:
        """Inversion of what the multiplier gives."""
        return InverterShape.of(self.shape.adder.multiplier)

    @property
    def batches(self) -> BatchShape:
        """A batch-affine adder on the same multiplier, in the shape's first group."""
        return SHAPES[self.shape.adder.groups[0]](multiplier=self.shape.adder.multiplier)

    @property
    def wide(self) -> WideShape:
        """A wide processor with the same multiplier."""
        return wide(self.shape.adder.multiplier)

    @property
    def evaluation(self) -> EvaluationShape:
        """Sums in the field of the curve's scalars, on such a multiplier in that field alone."""
        return EvaluationShape(multiplier=replace(
            self.shape.adder.multiplier, field=self.shape.adder.curve.scalar, second=None))

    @property
    def matrices(self) -> MatrixUnitShape:
        """Products of matrices on such a multiplier, with as many entries of w as mailboxes, and
        twice as many of x."""
        return MatrixUnitShape(
            multiplier=matrices_on(self.shape.adder.multiplier),
            weight_bits=self.shape.mailbox_bits, element_bits=self.shape.mailbox_bits + 1)

    @cached_property
    def gateware(self) -> Gateware:
        """The text of an accelerator, or of a board with one, and its hash, which is what it says
        of itself."""
        component = self.component()
        if self.unit == "board":
            return Gateware(self.shape, *with_hash(emit_verilog(component, self.unit)))
        component._MustUse__silence = True  # asked, for what it refuses
        return gateware(self.shape)

    @cached_property
    def verilog(self) -> str:
        """The text. Raises ValueError where the parameters make no such unit."""
        if self.unit in TOLD:
            return for_every_simulator(self.gateware.verilog)
        return for_every_simulator(emit_verilog(self.component(), self.top))

    @property
    def hash(self) -> int:
        """A name for the text: what a unit of `TOLD` says, another unit's from its text."""
        if self.unit in TOLD:
            return self.gateware.hash
        return int(hashlib.sha256(self.verilog.encode()).hexdigest()[:16], 16)

    def bench(self) -> str:
        """A bench in Verilog that checks the unit against known answers; ValueError where it has
        none."""
        unit = UNITS[self.unit]
        if self.bus:
            raise ValueError(f"{self.unit} behind a bus has none in Verilog")
        return fill(self.unit, unit.title, unit.bench(self))


FIELD_UNITS = ("multiplier", "axis_multiplier", "inverter", "batch_adder", "processor",
               "wide_processor", "evaluation", "matrix", "transform")
"""Units in which there is no complete adder."""

TOLD = ("accelerator", "board")
"""Units that tell the hash of their own text, as a word of their identity."""

PROGRAMS = {"invert": 1, "multiply": 2, "power": 2}
"""Programs that take so many words and send a result; the others want a curve's points."""

BUSES = {"axi-stream": "axis", "axi4-lite": "axil"}
"""What names of top modules begin with, by bus."""


def no_bus(unit: str, bus: str) -> str | None:
    """Why a unit is not to be had behind a bus; None where it is."""
    if unit in FUNCTIONS or (unit, bus) == ("transform", "axi-stream"):
        return None
    return (f"there is none of {unit}; there is one of {', '.join(FUNCTIONS)}, and an axi-stream "
            "of transform")


def of_one_group(shape: MsmShape, group: Group) -> MsmShape:
    """`shape`, whose adder adds in one group alone; raises KeyError where it does not."""
    adder = shape.adder
    return replace(shape, adder=replace(adder, intervals=((group, adder.interval[group]),)))


def _adder_function(core: Core) -> Function:
    """The adder of the shape's first group alone."""
    group = core.shape.adder.groups[0]
    return AdderFunction(of_one_group(core.shape, group).adder, group)


FUNCTIONS: dict[str, Callable[[Core], Function]] = {
    "multiplier": lambda core: MultiplierFunction(core.shape.adder.multiplier),
    "inverter": lambda core: InverterFunction(core.inverter),
    "adder": _adder_function,
    "batch_adder": lambda core: BatchFunction(core.batches),
    "processor": lambda core: ProcessorFunction(
        core.target.shape, program(core.program, core.target), PROGRAMS[core.program]),
}
"""Units that a bus calls."""


UNITS = {
    "multiplier": Unit("one modular multiplier", lambda core: core.shape.adder.multiplier.build(),
                       lambda core: multiplier_bench(core.shape.adder.multiplier)),
    "axis_multiplier": Unit("one modular multiplier between two AXI4-Streams",
                            lambda core: AxiStream(FUNCTIONS["multiplier"](core)),
                            lambda core: axis_multiplier_bench(core.shape.adder.multiplier)),
    "inverter": Unit("inversion of what the multiplier gives",
                     lambda core: Inverter(core.inverter),
                     lambda core: inverter_bench(core.inverter)),
    "adder": Unit("the complete point adder with its frames",
                  lambda core: FramedAdder(core.shape.adder),
                  lambda core: point_benches.adder_bench(core.shape.adder)),
    "batch_adder": Unit("affine points added in batches, with a multiplier of its own",
                        lambda core: adder_of(core.batches),
                        lambda core: point_benches.batch_bench(
                            core.shape.adder.curve, core.batches)),
    "processor": Unit("the field processor with a multiplier of its own",
                      lambda core: StandaloneProcessor(
                          core.target.shape, program(core.program, core.target)),
                      lambda core: processor_bench(core.target, core.program)),
    "wide_processor": Unit("a processor of straight-line programs, as of pairings, with a "
                           "multiplier of its own", lambda core: WideProcessor(core.wide),
                           lambda core: wide_bench(core.wide)),
    "evaluation": Unit("rows of sparse matrices times a vector, an entry a cycle",
                       lambda core: Evaluation(core.evaluation),
                       lambda core: evaluation_bench(core.evaluation)),
    "matrix": Unit("products of matrices on a multiplier's blocks, which multiply in the field "
                   "between them", lambda core: MatrixUnit(core.matrices),
                   lambda core: matrix_bench(core.matrices)),
    "transform": Unit("transforms with a multiplier and a memory of their own",
                      lambda core: TransformUnit(core.transforms),
                      lambda core: transform_bench(core.transforms)),
    "mailboxes": Unit("the mailboxes of a unit: who is served, and what stays",
                      lambda core: Mailboxes(core.shape.adder, core.shape.mailbox_bits),
                      lambda core: mailboxes_bench(core.shape)),
    "recoder": Unit("scalars become signed digits, and those mailboxes' numbers",
                    lambda core: Recoder(core.shape.mailbox_bits, core.shape.adder.units),
                    lambda core: recoder_bench(core.shape, core.window)),
    "msm": Unit("a multi-scalar multiplication, without commands",
                lambda core: Msm(core.shape, finishing_program(core.shape)),
                lambda core: stream_benches.msm_bench(core.component(), core.window)),
    "accelerator": Unit("the accelerator: words in, words out, memory beside it",
                        lambda core: Accelerator(core.shape, finishing_program(core.shape)),
                        lambda core: stream_benches.accelerator_bench(
                            core.shape, core.window, core.gateware.hash)),
    "board": Unit("a board's gateware, from the serial line to the memory's pins",
                  lambda core: core.board.core(core.shape),
                  lambda core: board_bench(core.component(), core.window, core.gateware.hash)),
}
