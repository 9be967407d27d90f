"""What an array has earned and given up, as plain data that can be kept and read again."""

from typing import Annotated

from msgspec import Meta, Struct

from proofmill.host.network.array.book import Book
from proofmill.host.network.array.jobs import Kind

Count = Annotated[int, Meta(ge=0)]


class Earning(Struct, frozen=True):
    """Of one kind: jobs done in time and late, how often another job took the place of one, seconds
    of the array, and gwei, less what late jobs cost."""

    kind: Kind
    done: Count
    late: Count
    preempted: Count
    seconds: float
    gwei: int


class GivenUp(Struct, frozen=True):
    """An offer that was not taken. `gwei_per_second`: of the array's time, over its cost; `cause`:
    in short; `reason`: in a sentence."""

    job: str
    kind: Kind
    gwei_per_second: int
    cause: str
    reason: str


class Multiplied(Struct, frozen=True):
    """What multiplied the matrices of models: commands by device, empty for this processor; and, by
    name, what is wrong with the devices that go before the one that does now, or with all."""

    commands: dict[str, Count]
    reason: str


class Proven(Struct, frozen=True):
    """What made the sums of proofs that were sold: proofs by device, empty for this processor; how
    often a sum was broken off for a block proof; and what is wrong with other devices."""

    proofs: dict[str, Count]
    broken_off: Count
    reason: str


class ArrayRecord(Struct, frozen=True):
    """Of one array: whose it is, how many offers it looked at, what came of them; `matrices`,
    `proven`: None where nothing says what multiplied them, and proved."""

    name: str
    orders: Count
    earned: tuple[Earning, ...]
    given_up: tuple[GivenUp, ...]
    matrices: Multiplied | None = None
    proven: Proven | None = None


def array_record(name: str, book: Book, matrices: Multiplied | None = None,
                 proven: Proven | None = None) -> ArrayRecord:
    """What the array of this name has come to so far."""
    return ArrayRecord(
        name, len(book.decisions),
        tuple(Earning(kind, each.done, each.late, each.preempted,
                      round(each.cycles / book.clock_hz, 6), each.gwei)
              for kind, each in book.earned.items()),
        tuple(GivenUp(each.job.name, each.job.kind, round(each.gwei_per_second), str(each.cause),
                      each.reason)
              for each in book.decisions.values() if not each.taken),
        matrices, proven)
