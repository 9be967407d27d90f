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


def ratios(device: Device, group: Group, points: int, seeds: int,
           cases: tuple[tuple[str, str], ...] = CASES, known: Known = ON_BN254
           ) -> Iterator[JsonObject]:
    """For each of `cases`: the least, the median and the greatest ratio over seeds 0, 1, ...

    ``ratio = cycles / (digits that are not zero * interval)``, see `host.bench.msm.measure`, which
    also checks every result. A frequent scalar with a zero digit leaves the mailbox unit that has
    the digit idle, so single seeds of "equal", "two" and "hot" can lie above the others: there
    are fewer digits, in the same cycles, which the other units still take.
    """
    for scalars, bases in cases:
        found = [measure(device, group, points, scalars, bases, seed, known=known)
                 for seed in range(seeds)]
        each = sorted(figures["ratio"] for figures in found)
        yield {"scalars": scalars, "bases": bases, "interval": found[0]["interval"],
               **{name: found[0][name] for name in ("window", "sets", "copies", "passes")},
               "cycles": int(median(f["cycles"] for f in found)),
               "least": each[0], "median": median(each), "greatest": each[-1]}
