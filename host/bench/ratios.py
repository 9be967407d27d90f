"""How near to the bound of its adder an accelerator comes, over kinds of scalars and points."""

from collections.abc import Iterator
from statistics import median

from proofmill.hdl.curve import Group
from proofmill.host.bench.kinds import BASES, KINDS
from proofmill.host.bench.known import ON_BN254, Known
from proofmill.host.bench.msm import measure
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.devices.device import Device

CASES = (*((kind, "random") for kind in KINDS),
         *(("uniform", bases) for bases in BASES if bases != "random"))
"""(scalars, points): every kind of scalars, and uniform ones on every kind of points."""

AGAINST_BARS = {16_384: 1.02}
"""Cycles a digit of any kind of scalars, over those of uniform ones, that are wanted at the most
of so many points, where sums are made in batches."""


def bar_of(points: int, scalars: str, bases: str) -> float | None:
    """What is wanted of a case of `CASES` where sums are made in batches; None where nothing is."""
    return AGAINST_BARS.get(points) if bases == "random" and scalars != "uniform" else None


def ratios(device: Device, group: Group, points: int, seeds: int,
           cases: tuple[tuple[str, str], ...] = CASES, known: Known = ON_BN254
           ) -> Iterator[JsonObject]:
    """For each of `cases`: the least, the median and the greatest ratio over seeds 0, 1, ...

    ``ratio = cycles / (digits that are not zero * interval)``, see `host.bench.msm.measure`, which
    also checks every result. A frequent scalar with a zero digit leaves the mailbox unit that has
    the digit idle, so single seeds of "equal", "two" and "hot" can lie above the others: there
    are fewer digits, in the same cycles, which the other units still take.

    `against` is the median over that of uniform scalars on random points, which is the quotient of
    cycles a digit; None before they were measured.
    """
    uniform = None
    for scalars, bases in cases:
        found = [measure(device, group, points, scalars, bases, seed, known=known)
                 for seed in range(seeds)]
        each = sorted(figures["ratio"] for figures in found)
        if (scalars, bases) == ("uniform", "random"):
            uniform = median(each)
        yield {"scalars": scalars, "bases": bases, "interval": found[0]["interval"],
               **{name: found[0][name] for name in ("window", "sets", "copies", "passes")},
               "cycles": int(median(f["cycles"] for f in found)),
               "least": each[0], "median": median(each), "greatest": each[-1],
               "cycles_a_digit": median(each) * found[0]["interval"],
               "against": None if uniform is None else median(each) / uniform,
               "bar": bar_of(points, scalars, bases)
               if known is ON_BN254 and all("batched" in f for f in found) else None}
