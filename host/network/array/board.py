"""An array by the chain's clock: tiles of what was taken, and block proofs that take their place.

Time is cycles of the array since genesis. What a job computes is computed elsewhere; here is when
the array would have it done: as block proofs in `host.network.node.prover` have their own time.
"""

from proofmill.host.network.array.book import Book
from proofmill.host.network.array.jobs import Job, Kind


class BoardArray:
    """Plays a `Book` from one moment to the next."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.longest_wait = 0
        """Cycles that a block proof has waited for the end of a tile, at most."""
        self._busy_until = 0
        """The end of the tile or block proof that is under way, or of the last one."""
        self._tile_until = 0
        """The end of the last tile."""
        self._blocks: set[str] = set()
        """Block proofs that have the array now."""
        self._done: list[tuple[int, Job]] = []

    def cycles(self, milliseconds: int) -> int:
        """Of so many milliseconds, rounded down."""
        return milliseconds * self.book.clock_hz // 1_000

    def of_clock(self, cycles: int, hz: int) -> int:
        """How many of its own cycles so many of another clock last, rounded up."""
        return -(-cycles * self.book.clock_hz // hz)

    def advance(self, now: int) -> None:
        """Run tiles until `now`; the last one may end after it."""
        book = self.book
        while self._busy_until < now and not self._blocks:
            at = self._busy_until
            job, coming = book.next(at), book.next_release(at)
            pause = now if coming is None else min(now, coming)
            if job is None:
                self._busy_until = pause
                continue
            # Nothing else is released before the pause, so none of these tiles has to make way.
            tiles = -(-(pause - at) // job.tile)
            cycles = min(tiles * job.tile, book.left(job.name))
            self._busy_until += cycles
            self._tile_until = self._busy_until
            if book.ran(job, cycles, self._busy_until):
                self._done.append((self._busy_until, job))

    def done(self, now: int) -> list[Job]:
        """Jobs that have come to their end by `now` since this was last asked, in order."""
        found = [job for end, job in self._done if end <= now]
        self._done = [(end, job) for end, job in self._done if end > now]
        return found

    def block(self, name: str, now: int) -> int:
        """Have the array for the block proof `name` from the end of the tile that is under way at
        `now`: the cycles until then. Whether other block proofs have it is no matter here: they
        share what devices there are."""
        self.advance(now)
        if not self._blocks:
            self.book.make_way()
        self._blocks.add(name)
        self._busy_until = max(self._busy_until, now)
        wait = max(0, self._tile_until - now)
        self.longest_wait = max(self.longest_wait, wait)
        return wait

    def block_over(self, name: str, end: int) -> None:
        """The block proof is there, or given up, at `end`: others go on where they stopped."""
        self._blocks.remove(name)
        begun, self._busy_until = self._busy_until, max(self._busy_until, end)
        self.book.elsewhere(Kind.BLOCK, self._busy_until - begun, late=False)
