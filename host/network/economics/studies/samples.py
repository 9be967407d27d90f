"""Points spread over ranges instead of a grid, and how much each key matters for each figure.

    latin hypercube   each key's range in as many strips as there are points, a point in every
                      strip; how a figure goes with a key: Spearman's rank correlation
                      (McKay, Beckman, Conover, Technometrics 21, 1979)
    sobol             Saltelli's points for variance-based indices: the part of a figure's variance
                      that is a key's alone (first order), and with all that it is part of (total)
                      (Saltelli et al., Computer Physics Communications 181, 2010)

By SciPy and SALib, which come with the extra `research`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from proofmill.host.ground.errors import ProofmillError, how_to_install

Method = Literal["latin hypercube", "sobol"]
Range = tuple[float, float]

CONFIDENCE = 1.96
"""Half of a 95 % interval, in standard errors."""


@dataclass(frozen=True)
class Sensitivity:
    """How a figure answers to a key. `measure`: rank correlation, first order, or total;
    `half_width`: of its 95 % interval."""

    key: str
    measure: str
    value: float
    half_width: float


def sample(method: Method, ranges: Mapping[str, Range], points: int, seed: int
           ) -> list[tuple[float, ...]]:
    """Points in the ranges, in the order of their keys; whole numbers where both ends are.

    The Latin hypercube has `points` of them, Saltelli's scheme `points` (keys + 2), and there
    `points` is a power of two. ProofmillError where the libraries are not installed.
    """
    lows, highs = zip(*ranges.values(), strict=True)
    whole = [isinstance(low, int) and isinstance(high, int) for low, high in ranges.values()]
    rows: Any
    try:
        if method == "sobol":
            from SALib.sample import sobol

            rows = sobol.sample(_problem(ranges), points, calc_second_order=False, seed=seed)
        else:
            import numpy
            from scipy.stats import qmc

            unit = qmc.LatinHypercube(len(ranges), rng=numpy.random.default_rng(seed))
            rows = qmc.scale(unit.random(points), lows, highs)
    except ModuleNotFoundError as error:
        raise ProofmillError(f"points of a {method} need {error.name}: "
                             f"{how_to_install('research')}") from error
    return [tuple(round(value) if is_whole else float(value)
                  for value, is_whole in zip(row, whole, strict=True)) for row in rows]


def sensitivities(method: Method, ranges: Mapping[str, Range],
                  points: Sequence[tuple[float, ...]], means: Sequence[float | None],
                  seed: int = 0) -> list[Sensitivity]:
    """How a figure's `means` at the points answer to each key; nothing where the figure is the same
    everywhere, or has no value somewhere."""
    values = [mean for mean in means if mean is not None]
    if len(values) < len(means) or max(values) == min(values):
        return []
    if method == "sobol":
        import numpy
        from SALib.analyze import sobol

        found = sobol.analyze(_problem(ranges), numpy.array(values), calc_second_order=False,
                              seed=seed)
        return [Sensitivity(key, measure, float(found[name][place]),
                            float(found[f"{name}_conf"][place]))
                for place, key in enumerate(ranges)
                for measure, name in (("first order", "S1"), ("total", "ST"))]
    from scipy.stats import spearmanr

    # The standard error of a rank correlation near 0: 1 / sqrt(n - 1).
    half = CONFIDENCE / math.sqrt(len(values) - 1)
    return [Sensitivity(key, "rank correlation", float(spearmanr(
        [point[place] for point in points], values).statistic), half)
        for place, key in enumerate(ranges)]


def _problem(ranges: Mapping[str, Range]) -> dict[str, Any]:
    return {"num_vars": len(ranges), "names": list(ranges),
            "bounds": [list(ends) for ends in ranges.values()]}
