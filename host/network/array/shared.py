"""One array that block proofs and other jobs use in turn, in one process, by the clock of the wall.

Jobs run tile by tile in a thread. Who has a block to prove asks for the array, waits for the end of
the tile that is under way, and has it until its proof is there; then the job goes on where it
stopped.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from proofmill.host.network.array.book import Book, Offer
from proofmill.host.network.array.jobs import Kind

IDLE_SECONDS = 0.05
"""After which orders are looked at again, where there was nothing to take."""


@dataclass(frozen=True)
class Order:
    """An offer, and what has to be done for it: each step does a tile and gives its cycles."""

    offer: Offer
    work: Iterator[int]


@dataclass
class Turn:
    """A block proof's use of the array. `wait`: seconds until it had it. `seconds`: that the proof
    takes on its device, where that is not how long it took here."""

    name: str
    wait: float
    seconds: float | None = None


class SharedArray:
    """The array. `orders` is asked for more when nothing that was taken is left to do, with the
    time in cycles of the book's clock; `due`: seconds within which a block proof has to be there.
    """

    def __init__(self, book: Book, orders: Callable[[int], Sequence[Order]], due: float) -> None:
        self.book = book
        self.due = due
        self.turns: list[Turn] = []
        """Of block proofs, all that are over."""
        self.sold = 0.0
        """Seconds in which a tile was under way."""
        self._orders = orders
        self._work: dict[str, Iterator[int]] = {}
        self._start = time.perf_counter()
        self._changed = threading.Condition()
        self._in_tile = self._stopped = False
        self._blocks = 0
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="array", daemon=True)

    @property
    def now(self) -> int:
        """Cycles since the beginning."""
        return int((time.perf_counter() - self._start) * self.book.clock_hz)

    @property
    def late(self) -> int:
        """Block proofs that would have been there within `due` seconds, but for the wait."""
        return sum(map(self._late, self.turns))

    def __enter__(self) -> "SharedArray":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Do what is taken on, and take no more; what a job raised is raised here."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    @contextmanager
    def block(self, name: str) -> Iterator[Turn]:
        """Have the array for a block proof, from the end of the tile that is under way on."""
        asked = time.perf_counter()
        with self._changed:
            self._blocks += 1
            self._changed.wait_for(lambda: not self._in_tile)
            self.book.make_way()
        begun = time.perf_counter()
        turn = Turn(name, begun - asked)
        try:
            yield turn
            turn.seconds = turn.seconds or time.perf_counter() - begun
            self.turns.append(turn)
            with self._changed:
                self.book.elsewhere(Kind.BLOCK, round(turn.seconds * self.book.clock_hz),
                                    self._late(turn))
        finally:
            with self._changed:
                self._blocks -= 1
                self._changed.notify_all()

    def _late(self, turn: Turn) -> bool:
        seconds = turn.seconds or 0.0
        return seconds <= self.due < turn.wait + seconds

    def _run(self) -> None:
        try:
            while self._tile():
                pass
        except Exception as error:    # it is raised where the array is closed
            self._failure = error

    def _tile(self) -> bool:
        """Run a tile, or look for orders; whether to go on."""
        with self._changed:
            self._changed.wait_for(lambda: not self._blocks)
            stopped = self._stopped
            job = self.book.next(self.now)
            if job is not None:
                self._in_tile = True
        if job is None:
            return not stopped and self._take()
        start = time.perf_counter()
        try:
            cycles = next(self._work[job.name])
            with self._changed:
                self.sold += time.perf_counter() - start
                done = self.book.ran(job, cycles, self.now)
        finally:
            with self._changed:
                self._in_tile = False
                self._changed.notify_all()
        if done:
            next(self._work.pop(job.name), None)    # what it does with what it found
        return True

    def _take(self) -> bool:
        """Look at orders; True. Whoever has a block to prove does not wait for that."""
        now = self.now
        orders = {order.offer.job.name: order for order in self._orders(now)}
        with self._changed:
            taken = [decision.job.name for decision in self.book.offer(
                [order.offer for order in orders.values()], now) if decision.taken]
            if not taken:
                self._changed.wait(IDLE_SECONDS)
        self._work |= {name: orders[name].work for name in taken}
        return True
