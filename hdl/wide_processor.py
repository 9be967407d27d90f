"""The wide processor: one word a cycle says what multiplier, adders and inverter read and write."""

from amaranth import *
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.inverter import Inverter
from proofmill.hdl.reducing_sum import ReducingSum
from proofmill.hdl.wide_shape import GIVEN, INVERSE, PRODUCTS, TERMS, WideShape


class WideProcessor(wiring.Component):
    """Run the straight-line program that lies in its store, each time that inputs have come in.

    Horizontal microcode (Wilkes, 1951): a word of the program is carried out in each cycle, without
    a decision. When what is read can be read, and which register is free, is the scheduler's
    business (`firmware.list_schedule`), so there are no interlocks and no waiting, and every run
    takes as many cycles. `sim.wide_processor` gives them, and the values. ::

        words ─► store ─► what all of these do in this cycle
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
    again.

    Members
    -------
    words : stream of a program's words, `WideLayout`, in; after one that is `last` comes the first
        of another program
    i : stream of constants, key and inputs, see `WideShape.given`, in
    o : stream of canonical results, out
    """

    def __init__(self, shape: WideShape):
        self.shape = shape
        self.banks = [memory.MemoryData(shape=shape.register_bits, depth=1 << shape.address_bits,
                                        init=[]) for _ in range(shape.banks)]
        super().__init__({
            "words": In(stream.Signature(shape.layout.struct)),
            "i": In(stream.Signature(shape.given)),
            "o": Out(stream.Signature(shape.field.bits))})

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        self.advance = advance = Signal()
        word = self._words(m, advance)
        key = self._key(m)
        banks, writes = [], []
        for number, contents in enumerate(self.banks):
            m.submodules[f"bank{number}"] = bank = memory.Memory(contents)
            banks.append(bank)
            writes.append(bank.write_port())

        def register(port):
            """The register that `port` names in this cycle's word."""
            values = []
            for bank in banks:
                read = bank.read_port(domain="comb")
                m.d.comb += read.addr.eq(word[f"{port}_address"][:shape.address_bits])
                values.append(read.data)
            value = Signal(shape.register_bits, name=f"{port}_value")
            with m.Switch(word[f"{port}_bank"]):
                for number, there in enumerate(values + ([key] if port == "b" else [])):
                    with m.Case(number):
                        m.d.comb += value.eq(there)
            return value

        a, b = (Signal(shape.register_bits, name=name, reset_less=True) for name in "ab")
        m.d.sync += b.eq(register("b"))
        with m.If(advance):
            m.d.sync += a.eq(register("a"))
        m.submodules.multiplier = multiplier = shape.multiplier.build()
        m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b),
                     writes[PRODUCTS].data.eq(multiplier.product)]
        for adder, ports in enumerate(shape.layout.sums):
            m.submodules[f"sum{adder}"] = unit = ReducingSum(shape)
            for n, port in enumerate(ports):
                m.d.comb += [getattr(unit, f"term{n}").eq(register(port)),
                             getattr(unit, f"shift{n}").eq(word[f"{port}_shift"]),
                             getattr(unit, f"negative{n}").eq(word[f"{port}_negative"])]
            assert len(ports) == TERMS
            m.d.comb += writes[PRODUCTS + 1 + adder].data.eq(unit.total)
        for bank, target in enumerate(shape.layout.targets, PRODUCTS):
            m.d.comb += [writes[bank].addr.eq(word[target]), writes[bank].en.eq(1)]

        m.submodules.inverter = inverter = Inverter(shape.inverter)
        m.d.sync += inverter.operands.valid.eq(word.invert)
        m.d.comb += [inverter.operands.payload.eq(a), inverter.results.ready.eq(1)]
        self._send(m, word, a, advance)
        self._take(m, writes[GIVEN], inverter.results)
        return m

    def _words(self, m, advance):
        """The word that is carried out, all zeros where there is none; and when a run begins and
        ends."""
        layout = self.shape.layout.struct
        m.submodules.store = store = memory.Memory(shape=layout, depth=self.shape.store, init=[])
        fetch, put = store.read_port(), store.write_port()
        self.following = fetch.data
        self.begin, self.busy = Signal(), Signal()
        address, free = Signal.like(fetch.addr), Signal.like(put.addr)
        fetching, fetched = Signal(), Signal()
        word = Signal(layout)
        m.d.comb += [fetch.addr.eq(address), fetch.en.eq(advance), self.words.ready.eq(~self.busy),
                     put.addr.eq(free), put.data.eq(self.words.payload),
                     put.en.eq(self.words.valid & self.words.ready)]
        with m.If(put.en):
            m.d.sync += free.eq(Mux(self.words.payload.last, 0, free + 1))
        with m.If(advance):
            m.d.sync += [address.eq(address + 1), fetched.eq(fetching),
                         word.eq(Mux(fetched, fetch.data.as_value(), 0))]
            with m.If(fetched & fetch.data.last):
                m.d.sync += [fetching.eq(0), fetched.eq(0)]
        with m.If(self.begin):
            m.d.sync += [address.eq(0), fetching.eq(1), self.busy.eq(1)]
        return word

    def _key(self, m):
        """The word of the key that the word that is carried out reads: looked up a cycle before,
        when that comes from the store."""
        bits = self.shape.key_bits
        m.submodules.key = key = memory.Memory(shape=self.shape.field.bits, depth=1 << bits,
                                               init=[])
        read, write = key.read_port(), key.write_port()
        given = self.i.payload
        m.d.comb += [
            read.addr.eq(self.following.b_address[:bits]), read.en.eq(self.advance),
            write.addr.eq(given.address[:bits]), write.data.eq(given.value),
            write.en.eq(self.i.valid & self.i.ready & given.key)]
        return read.data

    def _send(self, m, word, a, advance):
        """What the words send, made canonical: p less, unless that is below zero. Words wait for a
        value to be taken; nothing is under way then, since those that send come last."""
        modulus = self.shape.field.modulus
        sending, sending_last, is_last = Signal(), Signal(), Signal()
        less = Signal(self.shape.register_bits + 1)  # the top bit is the borrow
        m.d.comb += [advance.eq(self.o.ready | ~self.o.valid), less.eq(a - modulus)]
        with m.If(advance):
            m.d.sync += [sending.eq(word.send), sending_last.eq(word.last),
                         self.o.valid.eq(sending), is_last.eq(sending_last)]
            with m.If(sending):
                m.d.sync += self.o.payload.eq(Mux(less[-1], a, less))
        with m.If(self.o.valid & self.o.ready & is_last):
            m.d.sync += self.busy.eq(0)

    def _take(self, m, write, inverse):
        """What comes in, and later the inverse, goes to the bank of what is given."""
        taken = Signal()
        m.d.comb += [
            self.i.ready.eq(~self.busy), taken.eq(self.i.valid & self.i.ready),
            self.begin.eq(taken & self.i.payload.last),
            write.en.eq((taken & ~self.i.payload.key) | inverse.valid),
            write.addr.eq(Mux(self.busy, INVERSE,
                              self.i.payload.address[:self.shape.address_bits])),
            write.data.eq(Mux(self.busy, inverse.payload.value, self.i.payload.value))]
