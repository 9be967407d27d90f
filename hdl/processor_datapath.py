"""The field processor's datapath: registers, sums, reduction; the multiplier is outside."""

from amaranth import *
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.microcode import (
    COUNTER_BITS,
    DIGIT_BITS,
    OPERATION_BITS,
    REGISTER_BITS,
    Operation,
)
from proofmill.hdl.processor_shape import ProcessorShape


class Datapath(wiring.Component):
    """From registers to registers, and to what is sent or looked at.

    Counted from the cycle of `issue`: operands are read in cycle 1, a sum is there in 2 and a
    product `latency` cycles after 1; whichever it is is reduced, and written in the cycle after.
    The left register, if it is looked at, is canonical in cycle 3.

    Members
    -------
    issue, operation, left, right : an instruction and the registers it reads, in
    word : a word from outside, in, for the instruction issued
    a, b : operands of the multiplier, out, in cycle 1
    adding : the instruction is a sum, in, in cycle 1
    product : the multiplier's product, in
    multiplied, added : a product is there, or a sum, in
    inverse, inverted : an inverse, and that it is there, in, a cycle before it is to count as a sum
        that is there; only where ``shape.inverter``
    write, target : a cycle later, write it into this register, in
    looking : bit n says that in cycle n + 1 the left register is looked at, in
    position : ... from this bit on, in
    canonical : it, out, from cycle 3 on
    is_zero, digit : whether it is zero, and its bits from `position` on, out, from cycle 4 on

    Nothing wide moves but where it is needed: that saves power, and a simulator's time.
    """

    def __init__(self, shape: ProcessorShape, registers: memory.MemoryData):
        self.shape, self.registers = shape, registers
        super().__init__({
            "issue": In(1), "operation": In(OPERATION_BITS),
            "left": In(REGISTER_BITS), "right": In(REGISTER_BITS),
            "word": In(shape.multiplier.operand_bits),
            "a": Out(shape.multiplier.operand_bits), "b": Out(shape.multiplier.operand_bits),
            "adding": In(1), "product": In(shape.value_bits), "multiplied": In(1), "added": In(1),
            **({} if shape.inverter is None else {
                "inverse": In(shape.field.bits), "inverted": In(1)}),
            "write": In(1), "target": In(REGISTER_BITS),
            "looking": In(3), "position": In(COUNTER_BITS),
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
        receiving = Signal()
        negative = Signal()
        alone = Signal()
        with m.If(self.issue):
            m.d.sync += [
                receiving.eq(self.operation == Operation.RECEIVE),
                negative.eq(self.operation == Operation.SUBTRACT),
                alone.eq(self.operation == Operation.MOVE),
            ]
            with m.If(self.operation == Operation.RECEIVE):
                m.d.sync += received.eq(self.word)
        m.d.comb += [self.a.eq(Mux(receiving, received, left)), self.b.eq(right)]

        # A sum: left plus right, plus nothing, or plus what makes ``left - right + 2 p``: right's
        # complement, one, and 2 p.
        total = Signal(shape.value_bits, reset_less=True)
        complement = ~Cat(right, Const(0, shape.value_bits - shape.field.register_bits))
        second = Mux(alone, 0, Mux(negative, complement, right))
        with m.If(self.adding):
            m.d.sync += total.eq(left + second + Mux(negative, 2 * modulus + 1, 0))

        if shape.inverter is not None:
            with m.If(self.inverted):
                m.d.sync += total.eq(self.inverse)

        # Reduce: 2 p less, unless that is below zero.
        result = Signal(shape.value_bits)
        unreduced = Signal(shape.value_bits, reset_less=True)
        reduced = Signal(shape.value_bits + 1, reset_less=True)  # the top bit is the borrow
        m.d.comb += [result.eq(Mux(self.multiplied, self.product, total)),
                     write.data.eq(Mux(reduced[-1], unreduced, reduced))]
        with m.If(self.multiplied | self.added):
            m.d.sync += [unreduced.eq(result), reduced.eq(result - 2 * modulus)]

        # Looking into a register: p less, unless that is below zero, makes it canonical.
        looked = Signal(shape.field.register_bits, reset_less=True)
        less = Signal(shape.field.register_bits + 1, reset_less=True)  # the top bit is the borrow
        canonical = Signal(shape.field.bits, reset_less=True)
        is_zero = Signal(reset_less=True)
        digit = Signal(DIGIT_BITS, reset_less=True)
        with m.If(self.looking[0]):
            m.d.sync += [looked.eq(left), less.eq(left - modulus)]
        with m.If(self.looking[1]):
            m.d.sync += canonical.eq(Mux(less[-1], looked, less))
        with m.If(self.looking[2]):
            m.d.sync += [is_zero.eq(canonical == 0),
                         digit.eq(canonical.bit_select(self.position, DIGIT_BITS))]
        m.d.comb += [self.canonical.eq(canonical), self.is_zero.eq(is_zero), self.digit.eq(digit)]
        return m
