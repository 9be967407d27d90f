"""The wide processor: a word at a time says what multiplier, adders and inverter do."""

from amaranth import *
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.inverter import Inverter
from proofmill.hdl.reducing_sum import ReducingSum
from proofmill.hdl.wide_control import WideControl
from proofmill.hdl.wide_shape import GIVEN, PRODUCTS, TERMS, WideShape


class WideProcessor(wiring.Component):
    """Run the straight-line program that lies in its store, each time that inputs have come in.

    Horizontal microcode (Wilkes, 1951): a word of the program is carried out in each cycle (in as
    many as ``shape.stride`` says), without a decision. When what is read can be read, and which
    register is free, is the scheduler's business (`firmware.list_schedule`), so there are no
    interlocks and no waiting, and every run takes as many cycles. `sim.wide_processor` gives them,
    and the values. ::

        words ─► store ─► what all of these do in this word
                    ┌────────────────────────────────────────────────┐
        i ─► given ─┼─► 2 operands ═► multiplier ─► products ────────┤
          └► key ───┼──────┘                                         │
             banks  ├─► 3 terms ═► reducing sum ─► sums 0 ───────────┤
                    │      ...                                       │
                    └─► operand ─► inverter ─► given                 │
                                └► canonical ─► o                    │

    The banks are memories of one write port and a read port for every operand, read in the cycle
    itself; the store and the key are block memories. None has contents at the start: `words` brings
    a program, and `i` its constants (zero in register 0 among them) and its key, which stay, and
    its inputs. A program ends with the words that send, and only then are words or inputs taken
    again. See `hdl.wide_control.WideControl` for what happens when.

    Members
    -------
    words : stream of a program's words, `WideLayout`, in; after one that is `last` comes the first
        of another program
    i : stream of constants, key and inputs, see `WideShape.given`, in
    o : stream of canonical results, out
    """

    def __init__(self, shape: WideShape):
        self.shape = shape
        self.banks = [memory.MemoryData(
            shape=shape.field.register_bits, depth=1 << shape.address_bits, init=[])
            for _ in range(shape.banks)]
        super().__init__({
            "words": In(stream.Signature(shape.layout.struct)),
            "i": In(stream.Signature(shape.given)),
            "o": Out(stream.Signature(shape.field.bits))})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        m.submodules.control = control = WideControl(shape)
        wiring.connect(m, control.words, wiring.flipped(self.words))
        m.d.comb += [
            control.given_valid.eq(self.i.valid), control.given_key.eq(self.i.payload.key),
            control.given_last.eq(self.i.payload.last), self.i.ready.eq(control.given_ready),
            self.o.valid.eq(control.o_valid), control.o_ready.eq(self.o.ready)]
        word = control.word
        key = self._key(m, control)
        banks, writes = [], []
        for number, contents in enumerate(self.banks):
            m.submodules[f"bank{number}"] = bank = memory.Memory(contents)
            banks.append(bank)
            writes.append(bank.write_port())

        def register(port):
            """The register that `port` names in this word."""
            values = []
            for bank in banks:
                read = bank.read_port(domain="comb")
                m.d.comb += read.addr.eq(word[f"{port}_address"][:shape.address_bits])
                values.append(read.data)
            value = Signal(shape.field.register_bits, name=f"{port}_value")
            with m.Switch(word[f"{port}_bank"]):
                for number, there in enumerate(values + ([key] if port == "b" else [])):
                    with m.Case(number):
                        m.d.comb += value.eq(there)
            return value

        a, b = (Signal(shape.field.register_bits, name=name, reset_less=True) for name in "ab")
        with m.If(control.advance):
            m.d.sync += [a.eq(register("a")), b.eq(register("b"))]
        m.d.comb += writes[PRODUCTS].data.eq(self._multiplier(m, control, a, b))
        for adder, ports in enumerate(shape.layout.sums):
            m.submodules[f"sum{adder}"] = unit = ReducingSum(shape.field)
            for n, port in enumerate(ports):
                m.d.comb += [getattr(unit, f"term{n}").eq(register(port)),
                             getattr(unit, f"shift{n}").eq(word[f"{port}_shift"]),
                             getattr(unit, f"negative{n}").eq(word[f"{port}_negative"])]
            assert len(ports) == TERMS
            m.d.comb += writes[PRODUCTS + 1 + adder].data.eq(unit.total)
        for bank, target in enumerate(shape.layout.targets, PRODUCTS):
            m.d.comb += [writes[bank].addr.eq(word[target]), writes[bank].en.eq(control.advance)]
        self._keep(m, control, a, writes[GIVEN])
        modulus = shape.field.modulus
        less = Signal(shape.field.register_bits + 1)  # the top bit is the borrow
        m.d.comb += less.eq(a - modulus)
        with m.If(control.advance & control.sending):
            m.d.sync += self.o.payload.eq(Mux(less[-1], a, less))
        return m

    def _multiplier(self, m, control, a, b):
        """The product. A folded multiplier is reset as a run begins, after which it may begin
        anew with any cycle."""
        multiplier = self.shape.multiplier.build()
        if self.shape.multiplier.interval > 1:
            m.d.comb += multiplier.start.eq(control.start)
            m.submodules.multiplier = ResetInserter(control.begin)(multiplier)
        else:
            m.submodules.multiplier = multiplier
        m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
        return multiplier.product

    def _key(self, m, control):
        """The word of the key that the word that is carried out reads: looked up before, when that
        comes from the store."""
        bits = self.shape.key_bits
        m.submodules.key = key = memory.Memory(shape=self.shape.field.bits, depth=1 << bits,
                                               init=[])
        read, write = key.read_port(), key.write_port()
        m.d.comb += [
            read.addr.eq(control.following.b_address[:bits]), read.en.eq(control.advance),
            write.addr.eq(self.i.payload.address[:bits]), write.data.eq(self.i.payload.value),
            write.en.eq(control.keep_key)]
        return read.data

    def _keep(self, m, control, a, write):
        """What comes in goes to the bank of what is given, and the inverse, to the register that
        `b` named."""
        bits = self.shape.address_bits
        m.submodules.inverter = inverter = Inverter(self.shape.inverter)
        into = Signal(bits)
        with m.If(control.advance & control.word.invert):
            m.d.sync += into.eq(control.word.b_address)
        m.d.sync += inverter.operands.valid.eq(control.advance & control.word.invert)
        m.d.comb += [
            inverter.operands.payload.eq(a), inverter.results.ready.eq(1),
            control.inverse_valid.eq(inverter.results.valid),
            write.en.eq(control.keep_given | control.keep_inverse),
            write.addr.eq(Mux(control.keep_inverse, into, self.i.payload.address[:bits])),
            write.data.eq(Mux(control.keep_inverse, inverter.results.payload.value,
                              self.i.payload.value))]
