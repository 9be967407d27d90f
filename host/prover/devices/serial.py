"""A link to a board over a serial port: words in order, whatever the line does to the bytes.

The other end is `hdl.framing.FramedLink`. All clocks are here: the board answers every frame, and
where it has said nothing for a while it is asked again. The line keeps the order of bytes, so the
answer to a question says for certain which words sent before it have arrived: what is missing is
sent again, with no guess at how fast the line or the board is.
"""

import errno
import os
import secrets
import time
from dataclasses import dataclass

import numpy as np
import serial  # type: ignore[import-untyped,unused-ignore]

from proofmill.hdl.framing import DEPTH, NUMBER_BITS, WINDOW, Flag
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.frames import Frame, FrameFinder, encode
from proofmill.host.prover.devices.port_name import port_and_rate

BAUD = 3_000_000
"""Bits a second, unless the user says otherwise: what the boards' USB bridges do."""

ANSWER_SECONDS = 10.0
"""Seconds without one good frame after which a board is given up."""

FIRST_PATIENCE, LEAST_PATIENCE = 0.3, 0.05
"""Seconds after which a question is asked again: at first, and at least. Then it is four times
what the last answer took."""

CLOCK_SECONDS = 0.5
"""Over how long a board's clock is timed."""

IDLE_SECONDS = 0.002
"""How long a read waits for the first byte."""

QUEUE = 2 * DEPTH
"""Words taken from the driver ahead of the board's acknowledgement."""

LARGEST, SMALLEST = 63, 2
"""Words of a frame: few where much is damaged, since a damaged byte costs its whole frame."""

_MODULUS = 1 << NUMBER_BITS
_NOTHING: Limbs = np.zeros(0, dtype=np.uint64)


@dataclass
class Statistics:
    """What a link has carried. `resent` counts words sent a second time or more, `damaged` frames
    that came with a wrong checksum, `late` questions that had to be asked again."""

    words_out: int = 0
    words_in: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    resent: int = 0
    damaged: int = 0
    late: int = 0
    seconds: float = 0.0

    def line_seconds(self, baud: int) -> float:
        """Seconds for which the line was busy at `baud`: ten bits a byte. Both directions carry at
        once, so the busier one counts."""
        return max(self.bytes_out, self.bytes_in) * 10 / baud


class _FrameSize:
    """How many words to a frame: half as many after damage, one more after eight good frames."""

    def __init__(self) -> None:
        self.words, self._good = LARGEST, 0

    def good(self) -> None:
        self._good += 1
        if self._good >= 8:
            self._good, self.words = 0, min(LARGEST, self.words + 1 + self.words // 8)

    def bad(self) -> None:
        self._good, self.words = 0, max(SMALLEST, self.words // 2)


class SerialLink:
    """A `host.prover.devices.link.Link` over the serial port `name`, at `baud` bits a second.

    Opening it begins a session, which resets the accelerator on the board. Raises `DeviceError`
    where the port cannot be opened, nothing answers there, the cable is pulled, or the board has
    been reset or reloaded meanwhile, since it then no longer holds what was loaded.
    """

    def __init__(self, name: str, baud: int = BAUD, *,
                 answer_seconds: float = ANSWER_SECONDS) -> None:
        self.name, self.baud, self.statistics = name, baud, Statistics()
        self._answer_seconds = answer_seconds
        self._out: Limbs = _NOTHING     # words from the first unacknowledged one on
        self._in: Limbs = _NOTHING      # answers that nobody has taken yet
        self._clock: int | None = None  # the board's, as it said last
        self._failure: str | None = None
        try:
            self._port = serial.Serial(name, baud, timeout=IDLE_SECONDS, exclusive=True,
                                       write_timeout=answer_seconds)
            self._port.reset_input_buffer()
        except (OSError, ValueError) as error:
            raise DeviceError(f"the serial port {name} cannot be opened: {_reason(error)}; "
                              f"{_remedy(error)}") from error
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    @property
    def scalar_seconds(self) -> float:
        """How long the line takes for a scalar."""
        return scalar_seconds(self.baud)

    def exchange(self, words: Limbs, room: int, cycles: int) -> tuple[int, Limbs]:
        """Offer `words`, take up to `room` answers, for `cycles` cycles of the board's own clock.

        Words have gone in when they are queued here; at most `QUEUE` are.
        """
        start = time.perf_counter()
        words = np.ascontiguousarray(words, dtype=np.uint64)
        try:
            if self._stale:
                self._begin()
            began: int | None = None
            self._clock = None
            taken = 0
            while True:
                take = min(len(words) - taken, QUEUE - len(self._out))
                if take:
                    self._out = np.concatenate([self._out, words[taken:taken + take]])
                    taken += take
                if taken == len(words) and len(self._in) >= room:
                    self._send_waiting()  # nothing waits for the next call
                    break
                self._step()
                if self._clock is not None:
                    began = self._clock if began is None else began
                    if self._clock - began >= cycles:
                        break
            answers, self._in = self._in[:room], self._in[room:]
            return taken, answers
        except (OSError, TypeError) as error:
            # pyserial raises TypeError where the port is closed under a read.
            self._fail(f"the connection to {self.name} broke: {_reason(error)}; look at the "
                       "cable, and open the device again")
            raise AssertionError from error
        finally:
            self.statistics.seconds += time.perf_counter() - start

    def reset(self) -> None:
        """Begin a new session with the next exchange: the accelerator is reset, memory stays."""
        self._stale = True

    def close(self) -> None:
        """Close the port; calling it again does nothing."""
        try:
            self._port.close()
        except OSError:
            pass

    @property
    def board_cycle(self) -> int:
        """The board's clock, in cycles since it started: asked now."""
        # The first answer may be to a question asked when the last exchange ended.
        for _ in range(2):
            self.exchange(_NOTHING, 1 << 30, 0)
        assert self._clock is not None
        return self._clock

    def clock_rate(self, seconds: float = CLOCK_SECONDS) -> float:
        """Cycles a second of the board's clock, by its own counter, watched for `seconds`."""
        began, start = self.board_cycle, time.perf_counter()
        time.sleep(seconds)
        ended, passed = self.board_cycle, time.perf_counter() - start
        return (ended - began) / passed

    # -- sessions -------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._failure is not None:
            raise DeviceError(self._failure)
        self._session = 1 + secrets.randbelow(_MODULUS - 1)
        self._finder = FrameFinder()
        self._out = self._in = _NOTHING
        self._acknowledged = self._sent = self._highest = self._received = 0
        self._limit = DEPTH
        self._size_out, self._size_in = _FrameSize(), _FrameSize()
        self._owe = self._want_again = self._opened = self._stale = False
        self._asked: float | None = None     # when the question under way was asked
        self._asked_sent = 0                 # ... and which words had been sent before it
        self._going_back = False             # words are being sent again; its answer is not in
        self._asking_again = False           # the board was told to, and has not answered yet
        self._patience = FIRST_PATIENCE
        self._clock = None
        self._heard = time.monotonic()
        self._write(Flag.RESET | Flag.CLOCK)
        self._asked = time.monotonic()
        while not self._opened:
            self._step()

    def _fail(self, reason: str) -> None:
        """Give the link up: what the board holds is not known any more."""
        self._failure, self._stale = reason, True
        self.close()
        raise DeviceError(reason)

    # -- one look at the line -------------------------------------------------------------------

    def _step(self) -> None:
        """Send what may be sent, take what has come, ask where nothing comes."""
        if self._opened:
            self._send_waiting()
        received = self._port.read(max(1, self._port.in_waiting))
        now = time.monotonic()
        if received:
            self.statistics.bytes_in += len(received)
            before = self._finder.damaged
            for frame in self._finder.feed(received):
                self._take(frame, now)
            damaged = self._finder.damaged - before
            if damaged:
                self.statistics.damaged += damaged
                self._size_in.bad()
                self._want_again = self._opened
        if now - self._heard > self._answer_seconds:
            if not self._opened:
                self._fail(f"no Proofmill board answers at {self.name} at {self.baud:,} baud; "
                           "is the gateware loaded, and made for this rate?")
            self._fail(f"the board at {self.name} has not answered for "
                       f"{self._answer_seconds:.0f} s; look at its power and its cable")
        if self._asked is not None and now - self._asked > self._patience:
            self.statistics.late += 1
            self._patience = min(2 * self._patience, self._answer_seconds / 4)
            self._size_out.bad()
            self._going_back = self._asking_again = False
            if self._opened:
                self._ask()
            else:
                self._write(Flag.RESET | Flag.CLOCK)
                self._asked = now
        elif self._opened and self._asked is None:
            self._ask()
        elif self._opened and self._want_again and not self._asking_again:
            self._ask()
        elif self._opened and self._owe:
            self._write(Flag(0))

    def _ask(self) -> None:
        """Ask the board for its time, and with it for what it has."""
        flags = Flag.CLOCK
        if self._want_again:
            flags |= Flag.AGAIN
            self._want_again, self._asking_again = False, True
        self._write(flags)
        self._asked, self._asked_sent = time.monotonic(), self._sent

    def _send_waiting(self) -> None:
        """Send queued words as far as the board has room, in frames."""
        while True:
            queued = self._acknowledged + len(self._out)
            window = self._acknowledged + WINDOW * self._size_out.words
            count = min(self._size_out.words, min(queued, window, self._limit) - self._sent)
            if count <= 0:
                return
            first = self._sent - self._acknowledged
            self._write(Flag(0), self._out[first:first + count])
            self._sent += count
            self.statistics.resent += max(0, min(self._highest, self._sent) - self._sent + count)
            self._highest = max(self._highest, self._sent)

    def _write(self, flags: Flag, words: Limbs = _NOTHING) -> None:
        data = encode(Frame(
            flags=flags, session=self._session, most=self._size_in.words,
            sequence=self._sent % _MODULUS, acknowledge=self._received % _MODULUS, limit=0,
            words=words))
        self._port.write(data)
        self._owe = False
        self.statistics.bytes_out += len(data)

    def _take(self, frame: Frame, now: float) -> None:
        """What a good frame says."""
        if frame.session != self._session:
            if self._opened:
                self._fail(f"the board at {self.name} was reset or loaded anew while in use, so it "
                           "no longer holds the points; open the device again")
            return
        self._opened, self._heard = True, now
        self._size_in.good()
        acknowledged = (frame.acknowledge - self._acknowledged) % _MODULUS
        if acknowledged <= self._highest - self._acknowledged:
            self._acknowledged += acknowledged
            self._out = self._out[acknowledged:]
            self.statistics.words_out += acknowledged
            self._sent = max(self._sent, self._acknowledged)
            self._limit = self._acknowledged + min(
                DEPTH, (frame.limit - self._acknowledged) % _MODULUS)
            if acknowledged:
                self._size_out.good()
        ahead = (frame.sequence - self._received) % _MODULUS
        if Flag.CLOCK in frame.flags:
            self._clock = int(frame.words[0])
            if self._asked is not None:
                self._patience = max(LEAST_PATIENCE, 4 * (now - self._asked))
            self._asked, self._asking_again = None, False
            lost = self._acknowledged < self._asked_sent
            self._going_back = False
            if lost:
                self._go_back()
        elif len(frame.words) and ahead == 0:
            self._in = np.concatenate([self._in, frame.words])
            self._received += len(frame.words)
            self.statistics.words_in += len(frame.words)
            self._owe, ahead = True, 0
        if 0 < ahead < _MODULUS // 2:
            self._want_again = True
        if Flag.AGAIN in frame.flags and not self._going_back:
            self._go_back()

    def _go_back(self) -> None:
        """Send from the first word that is not acknowledged on again."""
        if self._sent == self._acknowledged:
            return
        self._sent, self._going_back = self._acknowledged, True
        self._size_out.bad()


IN_USE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY}
"""What a port says that another program has locked."""

NO_PORT = {errno.ENOTTY, errno.EINVAL, errno.ENODEV, errno.EISDIR}
"""What a file says that is no serial port."""


def _number(error: BaseException) -> int | None:
    """The system's number of what went wrong; pyserial says it, or what it was made from does."""
    seen: BaseException | None = error
    while seen is not None:
        number = getattr(seen, "errno", None)
        if number is None and seen.args:
            number = seen.args[0]  # termios.error has no other place for it
        if isinstance(number, int):
            return number
        seen = seen.__cause__ or seen.__context__
    return None


def _reason(error: BaseException) -> str:
    """What went wrong, in words."""
    number = _number(error)
    if number in IN_USE:
        return "another program has it open"
    if number in NO_PORT:
        return "it is no serial port"
    if number is not None and number in errno.errorcode:
        return os.strerror(number)
    return (str(error) or type(error).__name__).split(": ", 1)[-1].rstrip(".")


def _remedy(error: BaseException) -> str:
    """What to do where a port cannot be opened."""
    number = _number(error)
    if number in IN_USE:
        return "end that one first"
    if number in (errno.EACCES, errno.EPERM):
        return "join the group that its file belongs to (often dialout), and log in again"
    return "`proofmill devices` lists the ports that are there"


def word_seconds(baud: int) -> float:
    """How long a line takes for a word: ten bits a byte, the largest frames with their 14 bytes of
    header, checksum and delimiters."""
    return (8 + 14 / LARGEST) * 10 / baud


def scalar_seconds(baud: int) -> float:
    """... for a scalar's four words."""
    return 4 * word_seconds(baud)


def beside_the_line(link: SerialLink, clock_hz: float, cycles: int) -> dict[str, float]:
    """What `cycles` of computing take at the board's clock, and the line for all it has carried.

    Both at the rates that board and line are made for, so a simulated board shows a real one's
    seconds. The line carries scalars while the board computes with those before: the time of both
    together is nearer the longer than the sum.
    """
    return {"computing_seconds": cycles / clock_hz,
            "line_seconds": link.statistics.line_seconds(link.baud),
            "line_bytes": link.statistics.bytes_out + link.statistics.bytes_in}


def open_serial(text: str, **options: float) -> SerialLink:
    """The link that ``PORT`` or ``PORT@BAUD`` names, such as ``/dev/ttyUSB0@1000000``."""
    try:
        name, rate = port_and_rate(text)
    except ValueError as error:
        raise DeviceError(f"serial:{text} names no port; write serial:PORT or serial:PORT@BAUD, "
                          "such as serial:/dev/ttyUSB0 or serial:/dev/ttyUSB0@1000000") from error
    return SerialLink(name, BAUD if rate is None else rate, **options)
