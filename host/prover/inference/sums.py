"""What the nodes of a model round, as combinations of wires, with its bounds and rules."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import (
    ONE,
    ConstraintSystem,
    LinearCombination,
    weighted_sum,
)
from proofmill.host.prover.inference import operators as op
from proofmill.host.prover.inference.model import Node
from proofmill.host.prover.inference.private_weights import BIAS_REACH, LEAST_WEIGHT, Weights
from proofmill.host.prover.inference.quantisation import Integers, Quantisation, ratio
from proofmill.host.prover.inference.rounding import (
    MOST_EXCEPTIONS,
    Rule,
    rule_of,
    rule_of_pair,
)

Found = TypeVar("Found")

Combinations: TypeAlias = NDArray[Any]
"""Linear combinations in the shape of a tensor, without the batch."""


@dataclass(frozen=True)
class Sums:
    """The sums of a node, their bounds and rules, all of one size."""

    values: Combinations
    low: Integers
    high: Integers
    rules: NDArray[Any]


class RuleBook:
    """The rules of a model's nodes, each found once for a node and scale."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._rules: dict[tuple[str, float], Rule] = {}

    def rules(self, tensor: str) -> list[Rule]:
        """How the sums of a tensor are rounded."""
        return [rule for (name, _), rule in self._rules.items() if name == tensor]

    def refuse(self, node: Node, reason: str) -> NoReturn:
        """Raise `ProofmillError` that names the node."""
        raise ProofmillError(f"{self._model}: node {node.name} ({node.kind}): {reason}")

    def rule(self, node: Node, scale: np.float32, target: Quantisation, bounds: tuple[int, int],
             reference: Callable[[Integers], Integers], zero_counts: bool = False) -> Rule:
        """See `host.prover.inference.rounding.rule_of`."""
        key = (node.output, float(scale))
        if key not in self._rules:
            found = rule_of(scale, target, bounds, reference, zero_counts)
            self._rules[key] = self._there(node, found, f"its scale {scale} does")
        return self._rules[key]

    def pair(self, node: Node, operator: op.Add) -> tuple[tuple[int, int], Rule]:
        """The multipliers and the rule of a sum of two integers, tried for every pair."""
        first, second = (np.arange(each.least, each.most + 1) for each in operator.sources)
        counts = (first - operator.sources[0].zero_point, second - operator.sources[1].zero_point)
        scales = [each.scale / operator.target.scale for each in operator.sources]
        found = self._there(node, rule_of_pair(
            (scales[0], scales[1]), operator.target, counts,
            operator.evaluate(first[:, None], second[None, :])), f"its scales {scales} do")
        self._rules[node.output, float(scales[0])] = found[1]
        return found

    def _there(self, node: Node, found: Found | None, what: str) -> Found:
        if found is None:
            self.refuse(node, f"no shift of integers rounds as {what}, with {MOST_EXCEPTIONS} "
                        "exceptions; round scales to powers of two, as `proofmill model train` "
                        "does")
        return found


def layer_sums(book: RuleBook, system: ConstraintSystem, node: Node,
               operator: op.Linear | op.Convolution, values: Combinations,
               weights: Weights | None) -> Sums:
    """The sums of each output of a Gemm, MatMul or Conv.

    Its weights are constants, or `weights`: wires, each product of which takes a constraint.
    """
    source, target = operator.source, operator.target
    centred = _centred(values, source)
    given = operator.weight if weights is None else weights.weight
    if isinstance(operator, op.Linear):
        inputs, rows = centred[None, :], given.T
    else:
        inputs, rows = _patches(operator, centred, given)
    outputs, places = len(rows), len(inputs)
    least, most = source.least - source.zero_point, source.most - source.zero_point
    found = np.empty((outputs, places), dtype=object)
    if weights is None:
        low = np.minimum(rows * least, rows * most).sum(axis=1) + operator.bias
        high = np.maximum(rows * least, rows * most).sum(axis=1) + operator.bias
        for number, row in enumerate(rows.tolist()):
            for place, wires in enumerate(inputs):
                found[number, place] = weighted_sum((int(operator.bias[number]), *row),
                                                    (ONE, *wires))
    else:
        terms = operator.weight.size // outputs
        high = np.full(outputs, terms * -LEAST_WEIGHT * max(-least, most) + BIAS_REACH)
        low = -high
        for number, row in enumerate(rows):
            for place, wires in enumerate(inputs):
                label = f"{node.name}[{number}], {place}: product"
                products = [system.multiply(wire, weight, f"{label} {term}")
                            for term, (wire, weight) in enumerate(zip(wires, row, strict=True))
                            if weight is not None]
                found[number, place] = weighted_sum([1] * (1 + len(products)),
                                                    (weights.bias[number], *products))
    bounds = int(low.min()), int(high.max())
    scales = np.broadcast_to(operator.scale.reshape(-1), (outputs,))
    rules = [book.rule(node, scale, target, bounds, partial(target.requantise, scale=scale))
             for scale in scales]
    return Sums(found, *(np.repeat(each, places)
                         for each in (low, high, np.array(rules, dtype=object))))


def mean_sums(book: RuleBook, node: Node, operator: op.AveragePool, values: Combinations) -> Sums:
    """The sums of each window; a rule for each number of values that there are in one."""
    source, target = operator.source, operator.target
    if not all(_is_power_of_two(each.scale) for each in (source, target)):
        # Means of other numbers are rounded at every step, in the order of the window.
        book.refuse(node, "can be proven where scales are powers of two")
    there = operator.window.patches(np.ones((1, *values.shape), dtype=np.int64),
                                    int(operator.with_padding))[0].sum(axis=(3, 4))
    patches = operator.window.patches(_centred(values, source)[None], LinearCombination())[0]
    size = int(np.prod(operator.window.size))
    found = np.array([weighted_sum([1] * size, patch) for patch in patches.reshape(-1, size)],
                     dtype=object)
    least, most = source.least - source.zero_point, source.most - source.zero_point
    rules = {}
    for count in map(int, np.unique(there)):
        scale = ratio(source.scale, np.float32(1 / count), target.scale)
        rules[count] = book.rule(node, np.float32(scale), target, (count * least, count * most),
                                 partial(_mean, operator, count), True)
    return Sums(found, there * least, there * most,
                np.array([rules[int(count)] for count in there.flat], dtype=object))


def pair_sums(book: RuleBook, node: Node, operator: op.Add, values: tuple[Combinations, ...],
              shape: tuple[int, ...]) -> Sums:
    """``m_a a + m_b b`` of each place, for the multipliers of the node's rule."""
    factors, rule = book.pair(node, operator)
    # A constant's own batch of one goes.
    left, right = (np.broadcast_to(_centred(each, source).reshape(each.shape[-len(shape):]), shape)
                   for each, source in zip(values, operator.sources, strict=True))
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        found[place] = left[place] * factors[0] + right[place] * factors[1]
    low, high = (sum(factor * (getattr(source, end) - source.zero_point)
                     for factor, source in zip(factors, operator.sources, strict=True))
                 for end in ("least", "most"))
    return Sums(found, np.full(shape, low), np.full(shape, high),
                np.full(shape, rule, dtype=object))


def single_sums(book: RuleBook, node: Node, values: Combinations, source: Quantisation,
                target: Quantisation, least: int | None) -> Sums:
    """Each value by itself; none is below `least`, where it is given."""
    low = (source.least if least is None else least) - source.zero_point
    high = source.most - source.zero_point
    rule = book.rule(node, source.scale / target.scale, target, (low, high), lambda sums:
                     target.quantise(source.dequantise(sums + source.zero_point)))
    shape = values.shape
    return Sums(_centred(values, source), np.full(shape, low), np.full(shape, high),
                np.full(shape, rule, dtype=object))


def _centred(values: Combinations, source: Quantisation) -> Combinations:
    return np.array([value - source.zero_point for value in values.flat],
                    dtype=object).reshape(values.shape)


def _patches(operator: op.Convolution, values: Combinations, given: NDArray[Any]
             ) -> tuple[Combinations, NDArray[Any]]:
    """For every place of the output the wires below the window; and the weights as rows.

    A convolution in groups is one whose other weights are 0, or, of wires, are not there.
    """
    outputs, inputs, *size = given.shape
    none = None if given.dtype == object else 0
    weights = np.full((outputs, len(values), *size), none, dtype=given.dtype)
    for number in range(outputs):
        first = number * operator.groups // outputs * inputs
        weights[number, first:first + inputs] = given[number]
    rows = weights.reshape(outputs, -1)
    patches = operator.window.patches(values[None], LinearCombination())[0]
    return patches.transpose(1, 2, 0, 3, 4).reshape(-1, rows.shape[1]), rows


def _mean(operator: op.AveragePool, count: int, sums: Integers) -> Integers:
    """What the operator gives where the integers of a window add up to `sums`."""
    target = operator.target
    means = sums.astype(np.float32) * operator.source.scale / np.float32(count)
    return target.rounded(means / target.scale + np.float32(target.zero_point))


def _is_power_of_two(scale: np.float32) -> bool:
    return float(np.frexp(np.float64(scale))[0]) == 0.5
