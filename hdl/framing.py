"""Words over a line that may lose, double or damage bytes: frames, numbered and checked.

A frame is a `FRAME` header, `words` words and a checksum, the lowest byte first, between two
delimiters; a byte that looks like one of the two special bytes is escaped. So a reader finds the
next frame whatever it has just read, and a damaged byte costs the frames it lies in and no more.

Words are numbered, not frames: a frame's first word has number `sequence` (modulo 2^12), and
`acknowledge` is the number of the next word wanted of the other side. A frame that does not begin
with the word wanted is not taken. Each side keeps its words until they are acknowledged, and
sends them again from `acknowledge` on when a frame says AGAIN. The host alone has a clock for
this: hearing nothing, it asks again, and the device answers every frame. So the gateware needs
no timer, and cannot get stuck in one.

A session begins with RESET; its number stands in every frame. A device that was reset or
reloaded says session 0, which no host uses, so its words are never taken for those of before.
"""

import enum

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD

FRAME = data.StructLayout({
    "flags": 4, "session": 12, "words": 6, "most": 6, "sequence": 12, "acknowledge": 12,
    "limit": 12})
"""A frame's header, one word.

`words` follow; `most` words may a frame of the other side have; the other side may send words up
to number `limit`, not included (from the device only: the host has room for everything)."""

NUMBER_BITS = 12
MOST_WORDS = 63


class Flag(enum.IntFlag):
    """The flags of a header, and what they ask of the reader."""

    RESET = 1   # host: begin session `session`, forget everything, reset the accelerator
    AGAIN = 2   # something was missing: send from `acknowledge` on again
    CLOCK = 4   # host: answer with the time; device: the one word is the time, and has no number


DELIMITER, ESCAPE, ESCAPED = 0xC0, 0xDB, 0x20
"""Around a frame; before a byte that is one of the two; what that byte is then changed by."""

POLYNOMIAL = 0xEDB88320
"""CRC-32 of IEEE 802.3, as in ``zlib.crc32``."""

RESIDUE = 0xDEBB20E3
"""What the register holds after a frame and its own checksum, before the final complement."""

WINDOW = 8
"""Frames of the largest size allowed at the time that may be on their way unacknowledged: behind a
damaged one all are sent again, so where frames are made short, few are sent ahead."""

DEPTH = 512
"""Words each side of the gateware keeps; below half of 2^12, so that numbers are never mistaken."""


def _divide(state):
    """The checksum's register after eight steps of the division."""
    for _ in range(8):
        state = state >> 1 ^ (POLYNOMIAL if state & 1 else 0)
    return state


CHECKSUM_TERMS = [[k for k in range(32) if _divide(1 << k) >> n & 1] for n in range(32)]
"""The bits of ``state ^ byte`` whose sum modulo 2 is bit n after a byte: the division is linear."""


def _checksum_step(state, byte):
    """`state` after `byte`."""
    mixed = state ^ byte
    return Cat(Cat(mixed[k] for k in terms).xor() for terms in CHECKSUM_TERMS)


class FrameReader(wiring.Component):
    """Find frames in bytes.

    Members
    -------
    valid, byte : a byte has come, in
    header : of the frame at hand, out; complete when a word comes or the frame is good
    word_valid, index, word : a word of the frame at hand, which may yet prove damaged, out
    good : the frame has ended and its checksum and length are right, out
    damaged : something ended that is no frame, out
    """

    def __init__(self):
        super().__init__({
            "valid": In(1), "byte": In(8), "header": Out(FRAME), "word_valid": Out(1),
            "index": Out(6), "word": Out(WORD), "good": Out(1), "damaged": Out(1)})

    def elaborate(self, platform):
        m = Module()
        state = Signal(32, init=0xFFFFFFFF)
        escaped = Signal()
        begun = Signal()
        gathered = Signal(WORD - 8, reset_less=True)
        count = Signal(3)            # bytes of the word at hand
        words = Signal(range(MOST_WORDS + 3))   # whole words so far, the header too
        full = Signal()
        byte = Signal(8)
        m.d.comb += [
            byte.eq(self.byte ^ Mux(escaped, ESCAPED, 0)),
            self.word.eq(Cat(gathered, byte)),
            self.index.eq(words - 1),
            full.eq(words == MOST_WORDS + 2),
        ]
        with m.If(self.valid):
            with m.If(self.byte == DELIMITER):
                with m.If(begun):
                    with m.If((state == RESIDUE) & ~escaped & (count == 4)
                              & (words == self.header.words + 1)):
                        m.d.comb += self.good.eq(1)
                    with m.Else():
                        m.d.comb += self.damaged.eq(1)
                m.d.sync += [state.eq(0xFFFFFFFF), escaped.eq(0), begun.eq(0), count.eq(0),
                             words.eq(0)]
            with m.Elif((self.byte == ESCAPE) & ~escaped):
                m.d.sync += [escaped.eq(1), begun.eq(1)]
            with m.Else():
                m.d.sync += [
                    state.eq(_checksum_step(state, byte)), escaped.eq(0), begun.eq(1),
                    gathered.eq(Cat(gathered[8:], byte)), count.eq(count + 1)]
                with m.If((count == 7) & ~full):
                    m.d.sync += words.eq(words + 1)
                    with m.If(words == 0):
                        m.d.sync += self.header.as_value().eq(self.word)
                    with m.Else():
                        m.d.comb += self.word_valid.eq(words <= self.header.words)
        return m


class FrameWriter(wiring.Component):
    """Make frames into bytes.

    Members
    -------
    start, header : send a frame, in; only while `ready`
    ready : nothing is being sent, out
    index, word : word `index` of the frame is wanted; it has to be there a cycle later
    bytes : stream, out
    """

    def __init__(self):
        super().__init__({
            "start": In(1), "header": In(FRAME), "ready": Out(1), "index": Out(6),
            "word": In(WORD), "bytes": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        shifted = Signal(WORD, reset_less=True)
        state = Signal(32)
        count = Signal(4)
        escape = Signal()
        left = Signal(6)
        payload = self.bytes.payload
        byte = shifted[:8]
        special = Signal()
        m.d.comb += special.eq((byte == DELIMITER) | (byte == ESCAPE))

        def send_bytes(then):
            """Send `count` bytes of `shifted`, then do `then`."""
            m.d.comb += [self.bytes.valid.eq(1), payload.eq(
                Mux(escape, byte ^ ESCAPED, Mux(special, ESCAPE, byte)))]
            with m.If(self.bytes.ready):
                with m.If(special & ~escape):
                    m.d.sync += escape.eq(1)
                with m.Else():
                    m.d.sync += [escape.eq(0), shifted.eq(shifted >> 8), count.eq(count - 1),
                                 state.eq(_checksum_step(state, byte))]
                    with m.If(count == 1):
                        then()

        def after_word():
            with m.If(left == 0):
                m.next = "CHECKSUM"
            with m.Else():
                m.next = "FETCH"

        def after_checksum():
            m.next = "END"

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.ready.eq(1)
                m.d.sync += [shifted.eq(self.header), left.eq(self.header.words),
                             self.index.eq(0), state.eq(0xFFFFFFFF), count.eq(8)]
                with m.If(self.start):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.comb += [self.bytes.valid.eq(1), payload.eq(DELIMITER)]
                with m.If(self.bytes.ready):
                    m.next = "WORDS"
            with m.State("WORDS"):
                send_bytes(after_word)
            with m.State("FETCH"):  # the memory answers to `index`
                m.next = "WORD"
            with m.State("WORD"):
                m.d.sync += [shifted.eq(self.word), count.eq(8), left.eq(left - 1),
                             self.index.eq(self.index + 1)]
                m.next = "WORDS"
            with m.State("CHECKSUM"):
                m.d.sync += [shifted.eq(~state), count.eq(4)]
                m.next = "CHECKSUM_BYTES"
            with m.State("CHECKSUM_BYTES"):
                send_bytes(after_checksum)
            with m.State("END"):
                m.d.comb += [self.bytes.valid.eq(1), payload.eq(DELIMITER)]
                with m.If(self.bytes.ready):
                    m.next = "IDLE"
        return m


class FramedLink(wiring.Component):
    """The gateware's end of the link: bytes on one side, words in order on the other.

    Members
    -------
    valid, byte : a byte has come, in
    bytes : bytes to send, stream, out
    commands : words from the host, stream, out
    answers : words to the host, stream, in
    reset : a session begins; what answers came from before must be gone in the next cycle, out
    """

    def __init__(self):
        words = stream.Signature(WORD)
        super().__init__({
            "valid": In(1), "byte": In(8), "bytes": Out(stream.Signature(8)),
            "commands": Out(words), "answers": In(words), "reset": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.reader = reader = FrameReader()
        m.submodules.writer = writer = FrameWriter()
        m.submodules.coming = coming = memory.Memory(shape=WORD, depth=DEPTH, init=[])
        m.submodules.going = going = memory.Memory(shape=WORD, depth=DEPTH, init=[])
        m.d.comb += [reader.valid.eq(self.valid), reader.byte.eq(self.byte)]
        wiring.connect(m, writer.bytes, wiring.flipped(self.bytes))

        def number(name):
            return Signal(NUMBER_BITS, name=name)

        def distance(later, earlier):
            """How far `later` is past `earlier`, modulo 2^12."""
            return (later - earlier)[:NUMBER_BITS]

        session = Signal(12)
        received, consumed = number("received"), number("consumed")
        written, sent, acknowledged = number("written"), number("sent"), number("acknowledged")
        told_limit = Signal(NUMBER_BITS, init=DEPTH)
        most = Signal(6)
        reply = Signal()
        again = Signal()
        tell_time = Signal()
        time = Signal(WORD)
        m.d.sync += time.eq(time + 1)

        # Words that come are written where they belong, and belong there once the frame is good.
        place = number("place")
        into, out_of = coming.write_port(), coming.read_port()
        m.d.comb += [
            place.eq(received + reader.index),
            into.addr.eq(place[:DEPTH.bit_length() - 1]), into.data.eq(reader.word),
            into.en.eq(reader.word_valid & (distance(place, consumed) < DEPTH)),
        ]
        next_consumed = number("next_consumed")
        m.d.comb += [
            self.commands.valid.eq(consumed != received),
            self.commands.payload.eq(out_of.data),
            next_consumed.eq(consumed + (self.commands.valid & self.commands.ready)),
            out_of.addr.eq(next_consumed[:DEPTH.bit_length() - 1]),
        ]
        m.d.sync += consumed.eq(next_consumed)

        # Words that go are kept until they are acknowledged.
        keep, fetch = going.write_port(), going.read_port()
        m.d.comb += [
            self.answers.ready.eq(distance(written, acknowledged) < DEPTH),
            keep.en.eq(self.answers.valid & self.answers.ready),
            keep.addr.eq(written[:DEPTH.bit_length() - 1]), keep.data.eq(self.answers.payload),
        ]
        with m.If(keep.en):
            m.d.sync += written.eq(written + 1)

        # Send: a reply that is due, words that wait, room that has become free.
        sending_time = Signal()
        sent_time = Signal(WORD, reset_less=True)
        first = number("first")
        waiting, limit = number("waiting"), number("limit")
        room = Signal()
        head = Signal(FRAME)
        flying, allowed = number("flying"), Signal(10)
        # Both are counted a cycle before a frame begins, so that a frame's start is near registers.
        # What a start changes is counted anew while the frame is sent; what a frame that has come
        # sets back, below.
        m.d.sync += [
            waiting.eq(Mux(flying < allowed, distance(written, sent), 0)),
            room.eq(distance(limit, told_limit) >= DEPTH // 4),
        ]
        m.d.comb += [
            flying.eq(distance(sent, acknowledged)), allowed.eq(most * WINDOW),
            limit.eq(consumed + DEPTH),
            head.session.eq(session), head.sequence.eq(sent), head.acknowledge.eq(received),
            head.limit.eq(limit), head.flags[1].eq(again), head.flags[2].eq(tell_time),
            head.words.eq(Mux(tell_time, 1, Mux(waiting > most, most, waiting))),
            writer.header.eq(head),
            writer.start.eq(writer.ready & (reply | (waiting != 0) | room)),
            fetch.addr.eq((first + writer.index)[:DEPTH.bit_length() - 1]),
            writer.word.eq(Mux(sending_time, sent_time, fetch.data)),
        ]
        with m.If(writer.ready):  # the last cycle's is a frame's start
            m.d.sync += [first.eq(sent), sending_time.eq(tell_time), sent_time.eq(time)]
        with m.If(writer.start):
            m.d.sync += [told_limit.eq(limit), reply.eq(0), again.eq(0), tell_time.eq(0)]
            with m.If(~tell_time):
                m.d.sync += sent.eq(sent + head.words)

        # What a frame says.
        header = reader.header
        with m.If(reader.damaged):
            m.d.sync += [reply.eq(session != 0), again.eq(session != 0)]
        with m.If(reader.good):
            m.d.sync += [reply.eq(1), most.eq(Mux(header.most == 0, 1, header.most))]
            with m.If(header.flags[0]):
                m.d.comb += self.reset.eq(1)
                m.d.sync += [session.eq(header.session), received.eq(0), consumed.eq(0),
                             written.eq(0), sent.eq(0), acknowledged.eq(0), again.eq(0),
                             tell_time.eq(header.flags[2]), told_limit.eq(DEPTH),
                             waiting.eq(0), room.eq(0)]
            with m.Elif((header.session == session) & (session != 0)):
                with m.If(header.flags[2]):
                    m.d.sync += tell_time.eq(1)
                with m.If(distance(header.acknowledge, acknowledged)
                          <= distance(written, acknowledged)):
                    m.d.sync += acknowledged.eq(header.acknowledge)
                    with m.If(header.flags[1]
                              | (distance(sent, header.acknowledge) > DEPTH)):
                        m.d.sync += [sent.eq(header.acknowledge), waiting.eq(0)]
                with m.If(header.words != 0):
                    with m.If((header.sequence == received)
                              & (distance(received + header.words, consumed) <= DEPTH)):
                        m.d.sync += received.eq(received + header.words)
                    with m.Elif(distance(received, header.sequence) > DEPTH):
                        m.d.sync += again.eq(1)  # a word before it is missing
        return m
