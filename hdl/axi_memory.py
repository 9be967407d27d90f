"""The accelerator's memory behind an AXI4 port of 256 bits (ARM IHI 0022): HBM or DDR of a card."""

from amaranth import *
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from proofmill.hdl.commands import WORD
from proofmill.hdl.fetcher import REQUEST, WRITE

DATA = 256
"""Bits of a beat of the bus."""

BEAT_WORDS = DATA // WORD
WITHIN = exact_log2(BEAT_WORDS)
"""Bits of a word's address that say where in its beat it lies."""

PAGE = exact_log2(4096 * 8 // DATA)
"""A burst lies in 4 KiB, which are 2 to the power of this many beats."""

RUN = 16
"""Beats of the longest burst that is written."""

ASKED = 16
"""Requests under way at the most."""

QUIET = 15
"""Cycles without a word after which those that wait for their neighbours are written."""

OKAY = 0

MASTER = {
    "aw": {"id": Out(1), "addr": None, "len": Out(8), "size": Out(3), "burst": Out(2),
           "valid": Out(1), "ready": In(1)},
    "w": {"data": Out(DATA), "strb": Out(DATA // 8), "last": Out(1), "valid": Out(1),
          "ready": In(1)},
    "b": {"id": In(1), "resp": In(2), "valid": In(1), "ready": Out(1)},
    "ar": {"id": Out(1), "addr": None, "len": Out(8), "size": Out(3), "burst": Out(2),
           "valid": Out(1), "ready": In(1)},
    "r": {"id": In(1), "data": In(DATA), "resp": In(2), "last": In(1), "valid": In(1),
          "ready": Out(1)},
}
"""The five channels' signals; addresses have as many bits as the memory has."""


def master(address_bits: int) -> dict:
    """The members of an AXI4 master without their prefix, for a memory of so many bits' bytes."""
    return {channel + name: Out(address_bits) if member is None else member
            for channel, signals in MASTER.items() for name, member in signals.items()}


class AxiMemory(wiring.Component):
    """Answer the accelerator's memory port from a memory behind AXI4.

    Every request is a burst of increasing addresses, or two where it crosses 4 KiB; up to `ASKED`
    are under way, so a memory's latency is hidden, and a request for 8 words takes 8 cycles over
    `port_words` where the memory keeps up. Words that are written are put together to beats, and
    neighbouring beats to bursts of up to `RUN`.

    Nothing is read before all that was written has been acknowledged, and nothing is written while
    a read is under way: AXI4 promises no order between the two.

    Parameters
    ----------
    words : how many words of 64 bits it has; a power of two.
    port_words : words that are answered in a cycle, see `hdl.msm.MsmShape`.
    base : the byte at which word 0 lies; a multiple of the memory's size.

    Members
    -------
    requests, points, writes, drop, idle : see `hdl.sdram.SdramController`
    read_fault, write_fault : the memory has answered otherwise than OKAY, since the reset, out
    m_axi_* : the port, see `MASTER`
    """

    def __init__(self, words: int, port_words: int = 1, base: int = 0):
        size = words * WORD // 8
        if size < 4096 or size & size - 1 or base < 0 or base % size:
            self._MustUse__silence = True  # what is refused is never used
            raise ValueError(f"a memory of {words:,} words at byte {base:#x}: it has a power of "
                             "two of words, at least 512, and begins at a multiple of its size")
        self.words, self.port_words, self.base = words, port_words, base
        self.address_bits = (base + size - 1).bit_length()
        super().__init__({
            "requests": In(stream.Signature(REQUEST)),
            "points": Out(stream.Signature(WORD * port_words)),
            "writes": In(stream.Signature(WRITE)), "drop": In(1), "idle": Out(1),
            "read_fault": Out(1), "write_fault": Out(1),
            **{f"m_axi_{name}": member for name, member in master(self.address_bits).items()}})

    @property
    def read_cycles(self) -> int:
        """Cycles from one request of 8 words to the next, where the memory keeps up."""
        return 8 // self.port_words

    def _byte(self, beat):
        """The address of a beat's first byte."""
        bits = exact_log2(self.words) - WITHIN
        return Cat(Const(0, exact_log2(DATA // 8)), beat[:bits],
                   Const(self.base >> bits + exact_log2(DATA // 8), self.address_bits))[
            :self.address_bits]

    def elaborate(self, platform):
        m = Module()
        reading, writing, waits = Signal(), Signal(), Signal()
        self._read(m, reading, writing, waits)
        self._write(m, reading, writing, waits)
        for channel in ("aw", "ar"):
            m.d.comb += [getattr(self, f"m_axi_{channel}size").eq(exact_log2(DATA // 8)),
                         getattr(self, f"m_axi_{channel}burst").eq(1)]
        return m

    def _read(self, m, reading, writing, waits):
        """Requests to bursts, and beats to words; `reading`: some are under way, `waits`: or wait
        to be."""
        requests, points = self.requests, self.points
        m.submodules.asks = asks = fifo.SyncFIFOBuffered(
            width=len(Value.cast(requests.payload)), depth=4)
        m.submodules.under_way = under_way = fifo.SyncFIFOBuffered(width=WITHIN + 8, depth=ASKED)
        asked = data.View(REQUEST, asks.r_data)
        pending = Signal(range(2 * ASKED))  # requests
        out = Signal(range(2 * ASKED))      # ... that are at the memory
        m.d.comb += [asks.w_data.eq(requests.payload), asks.w_en.eq(requests.valid),
                     requests.ready.eq(asks.w_rdy)]

        # A request's bursts, up to the end of a page each.
        begun = Signal()
        at = Signal(32 - WITHIN)
        first, last, following, rest = (Signal(32 - WITHIN, name=name) for name in (
            "first", "last", "following", "rest"))
        room, beats = Signal(PAGE + 1), Signal(range((1 << 8) // BEAT_WORDS + 2))
        whole, issue = Signal(), Signal()
        m.d.comb += [
            first.eq(Mux(begun, at, asked.address[WITHIN:])),
            last.eq((asked.address + asked.words - 1)[WITHIN:32]),
            rest.eq(last - first), room.eq((1 << PAGE) - first[:PAGE]),
            whole.eq(rest < room), beats.eq(Mux(whole, rest + 1, room)),
            following.eq(first + beats),
            issue.eq(asks.r_rdy & under_way.w_rdy & (begun | ~writing & ~self.writes.valid)
                     & (~self.m_axi_arvalid | self.m_axi_arready)),
            asks.r_en.eq(issue & whole), under_way.w_en.eq(issue & whole),
            under_way.w_data.eq(Cat(asked.address[:WITHIN], asked.words)),
        ]
        with m.If(self.m_axi_arready):
            m.d.sync += self.m_axi_arvalid.eq(0)
        with m.If(issue):
            m.d.sync += [
                self.m_axi_arvalid.eq(1), self.m_axi_araddr.eq(self._byte(first)),
                self.m_axi_arlen.eq(beats - 1), at.eq(following), begun.eq(~whole)]

        # A beat's words, as many as the port has in a cycle.
        offset, words = under_way.r_data[:WITHIN], under_way.r_data[WITHIN:]
        beat = Signal(DATA, reset_less=True)
        there, taken, done, over = Signal(), Signal(), Signal(), Signal()
        given, after, place = Signal(8), Signal(8), Signal(WITHIN)
        step = self.port_words
        m.d.comb += [
            place.eq(offset + given), after.eq(given + step),
            points.payload.eq(beat.word_select(place[exact_log2(step):], WORD * step)),
            points.valid.eq(there & under_way.r_rdy & ~self.drop),
            taken.eq(there & under_way.r_rdy & (points.ready | self.drop)),
            done.eq(taken & (after == words)),
            over.eq(done | (taken & (place == BEAT_WORDS - step))),
            under_way.r_en.eq(done), self.m_axi_rready.eq(~there | over),
        ]
        with m.If(taken):
            m.d.sync += given.eq(Mux(done, 0, after))
        with m.If(over):
            m.d.sync += there.eq(0)
        with m.If(self.m_axi_rvalid & self.m_axi_rready):
            m.d.sync += [there.eq(1), beat.eq(self.m_axi_rdata)]
            with m.If(self.m_axi_rresp != OKAY):
                m.d.sync += self.read_fault.eq(1)
        m.d.sync += [pending.eq(pending + (requests.valid & requests.ready) - done),
                     out.eq(out + (issue & whole) - done)]
        m.d.comb += [reading.eq(begun | (out != 0)), waits.eq(pending != 0),
                     self.idle.eq((pending == 0) & ~writing)]

    def _write(self, m, reading, writing, waits):
        """Words to beats, and those to bursts; `writing`: some are not acknowledged."""
        writes = self.writes
        m.submodules.beats = beats = fifo.SyncFIFOBuffered(width=DATA + BEAT_WORDS, depth=2 * RUN)
        run = data.StructLayout({"first": 32 - WITHIN, "count": range(RUN + 1)})
        m.submodules.runs = runs = fifo.SyncFIFOBuffered(width=run.size, depth=4)
        open_run, closed = Signal(run), data.View(run, runs.r_data)

        # The beat at hand, and the run of those before it.
        have, same, take, flush, ready = Signal(), Signal(), Signal(), Signal(), Signal()
        at = Signal(32 - WITHIN)
        gathered, mask = Signal(DATA, reset_less=True), Signal(BEAT_WORDS)
        quiet = Signal(range(QUIET + 1))
        push, extends, close = Signal(), Signal(), Signal()
        owed = Signal(8)  # runs that wait to be acknowledged
        room = Signal()
        lane = writes.payload.address[:WITHIN]
        m.d.comb += [
            same.eq(have & (writes.payload.address[WITHIN:] == at)),
            room.eq(runs.w_rdy & ~owed[-1]), ready.eq(beats.w_rdy & room),
            writes.ready.eq(~reading & (~have | same | ready)),
            take.eq(writes.valid & writes.ready),
            flush.eq(~writes.valid & (waits | (quiet == QUIET))),
            push.eq(have & ready & (flush | (take & ~same))),
            extends.eq((at == open_run.first + open_run.count) & (open_run.count != RUN)
                       & (at[:PAGE] != 0)),
            close.eq((open_run.count != 0) & room & Mux(have, push & ~extends, flush)),
            beats.w_data.eq(Cat(gathered, mask)), beats.w_en.eq(push),
            runs.w_data.eq(open_run), runs.w_en.eq(close),
        ]
        m.d.sync += quiet.eq(Mux(take, 0, quiet + (quiet != QUIET)))
        with m.If(close):
            m.d.sync += open_run.count.eq(0)
        with m.If(push):
            m.d.sync += [have.eq(0), mask.eq(0)]
            with m.If((open_run.count != 0) & extends):
                m.d.sync += open_run.count.eq(open_run.count + 1)
            with m.Else():
                m.d.sync += [open_run.first.eq(at), open_run.count.eq(1)]
        with m.If(take):
            m.d.sync += [
                have.eq(1), at.eq(writes.payload.address[WITHIN:]),
                gathered.word_select(lane, WORD).eq(writes.payload.word),
                mask.eq(Mux(same, mask, 0) | (1 << lane))]

        # One burst at a time; any number wait to be acknowledged.
        left = Signal(range(RUN + 1))
        begin, sent = Signal(), Signal()
        m.d.comb += [
            begin.eq(runs.r_rdy & (left == 0) & (~self.m_axi_awvalid | self.m_axi_awready)),
            runs.r_en.eq(begin),
            self.m_axi_wvalid.eq((left != 0) & beats.r_rdy),
            self.m_axi_wdata.eq(beats.r_data[:DATA]), self.m_axi_wlast.eq(left == 1),
            self.m_axi_wstrb.eq(Cat(each.replicate(WORD // 8) for each in beats.r_data[DATA:])),
            sent.eq(self.m_axi_wvalid & self.m_axi_wready), beats.r_en.eq(sent),
            self.m_axi_bready.eq(1),
            writing.eq(have | (open_run.count != 0) | (owed != 0)),
        ]
        with m.If(self.m_axi_awready):
            m.d.sync += self.m_axi_awvalid.eq(0)
        with m.If(begin):
            m.d.sync += [self.m_axi_awvalid.eq(1), self.m_axi_awaddr.eq(self._byte(closed.first)),
                         self.m_axi_awlen.eq(closed.count - 1), left.eq(closed.count)]
        with m.Elif(sent):
            m.d.sync += left.eq(left - 1)
        m.d.sync += owed.eq(owed + close - self.m_axi_bvalid)
        with m.If(self.m_axi_bvalid & (self.m_axi_bresp != OKAY)):
            m.d.sync += self.write_fault.eq(1)
