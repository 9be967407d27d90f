"""The field processor's datapath: registers, sums, reduction; the multiplier is outside."""

from amaranth import *
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.microcode import COUNTER_BITS, DIGIT_BITS, OPERATION_BITS, REGISTER_BITS, Operation
from hdl.processor_shape import ProcessorShape


class Datapath(wiring.Component):
    """From registers to registers, and to what is sent or looked at.

    Counted from the cycle of `issue`: operands are read in cycle 1, a sum is there in 2 and a
    product `latency` cycles after 1; whichever it is is reduced, and written in the cycle after.
    The left register is canonical in cycle 3, given `look` in cycle 2.

    Members
    -------
    issue, operation, left, right : an instruction and the registers it reads, in
    word : a word from outside, in, for the instruction issued
    a, b : operands of the multiplier, out, in cycle 1
    product : its product, in
    multiplied : a product is there, in; else a sum is
    write, target : a cycle later, write it into this register, in
    look, position : the register read two cycles ago is looked at, from this bit on, in
    canonical : it, out, from the next cycle on
    is_zero, digit : whether it is zero, and its bits from `position` on, out, a cycle later
    """

    def __init__(self, shape: ProcessorShape, registers: memory.MemoryData):
        self.shape, self.registers = shape, registers
        super().__init__({
            "issue": In(1), "operation": In(OPERATION_BITS),
            "left": In(REGISTER_BITS), "right": In(REGISTER_BITS),
            "word": In(shape.multiplier.operand_bits),
            "a": Out(shape.multiplier.operand_bits), "b": Out(shape.multiplier.operand_bits),
            "product": In(shape.value_bits), "multiplied": In(1),
            "write": In(1), "target": In(REGISTER_BITS),
            "look": In(1), "position": In(COUNTER_BITS),
            "canonical": Out(shape.field.bits), "is_zero": Out(1), "digit": Out(DIGIT_BITS),
        })

    def elaborate(self, platform):
        m = Module()
        shape, modulus = self.shape, self.shape.field.modulus
        m.submodules.registers = registers = memory.Memory(self.registers)
        left_port, right_port, write = (registers.read_port(), registers.read_port(),
                                        registers.write_port())
        left, right = left_port.data, right_port.data
        m.d.comb += [left_port.addr.eq(self.left), left_port.en.eq(self.issue),
                     right_port.addr.eq(self.right), right_port.en.eq(self.issue),
                     write.addr.eq(self.target), write.en.eq(self.write)]

        # A product: a word from outside or a register, times a register.
        received = Signal(shape.multiplier.operand_bits, reset_less=True)
        receiving, negative, alone = Signal(), Signal(), Signal()
        m.d.sync += [
            received.eq(self.word),
            receiving.eq(self.operation == Operation.RECEIVE),
            negative.eq(self.operation == Operation.SUBTRACT),
            alone.eq(self.operation == Operation.MOVE),
        ]
        m.d.comb += [self.a.eq(Mux(receiving, received, left)), self.b.eq(right)]

        # A sum: left plus right, plus nothing, or plus what makes ``left - right + 2 p``: right's
        # complement, one, and 2 p.
        second, total = Signal(shape.value_bits), Signal(shape.value_bits, reset_less=True)
        m.d.comb += second.eq(right)
        with m.If(alone):
            m.d.comb += second.eq(0)
        with m.Elif(negative):
            m.d.comb += second.eq(~Cat(right, Const(0, shape.value_bits - shape.register_bits)))
        m.d.sync += total.eq(left + second + Mux(negative, 2 * modulus + 1, 0))

        # Reduce: 2 p less, unless that is below zero.
        result, unreduced = (Signal(shape.value_bits),
                             Signal(shape.value_bits, reset_less=True))
        reduced = Signal(shape.value_bits + 1, reset_less=True)  # the top bit is the borrow
        m.d.comb += [result.eq(Mux(self.multiplied, self.product, total)),
                     write.data.eq(Mux(reduced[-1], unreduced, reduced))]
        m.d.sync += [unreduced.eq(result), reduced.eq(result - 2 * modulus)]

        # Looking into a register: p less, unless that is below zero, makes it canonical.
        looked = Signal(shape.register_bits, reset_less=True)
        less = Signal(shape.register_bits + 1, reset_less=True)  # the top bit is the borrow
        canonical = Signal(shape.field.bits, reset_less=True)
        is_zero, digit = Signal(reset_less=True), Signal(DIGIT_BITS, reset_less=True)
        m.d.sync += [
            looked.eq(left), less.eq(left - modulus), is_zero.eq(canonical == 0),
            digit.eq(canonical.bit_select(self.position, DIGIT_BITS)),
        ]
        with m.If(self.look):
            m.d.sync += canonical.eq(Mux(less[-1], looked, less))
        m.d.comb += [self.canonical.eq(canonical), self.is_zero.eq(is_zero), self.digit.eq(digit)]
        return m
