"""A model as a circuit: its weights are constants, so that what is linear costs nothing.

Public signals, in this order: ``input commitment, outputs..., prover_tag``. A proof states: the
prover knows an input, integers of eight bits, and a salt, such that the commitment is to them and
the model gives these outputs for them. Outputs are integers as onnxruntime's, negative ones modulo
r. A Softmax or ArgMax at the end is left to whoever reads the outputs: what it is computed from is
public. The prover's tag is bound by its presence (`host.prover.circuits.statement`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import (
    ONE,
    ConstraintSystem,
    LinearCombination,
    weighted_sum,
)
from proofmill.host.prover.circuits.range_check import range_check
from proofmill.host.prover.inference import operators as op
from proofmill.host.prover.inference.gadgets import commitment_gadget, greatest, rounded, same
from proofmill.host.prover.inference.model import Model, Node
from proofmill.host.prover.inference.quantisation import Integers, Quantisation, ratio
from proofmill.host.prover.inference.rounding import MOST_EXCEPTIONS, WIDTH, Rule, rule_of

Combinations: TypeAlias = NDArray[Any]
"""Linear combinations in the shape of a tensor, without the batch."""

AT_THE_END = ("Softmax", "ArgMax")
"""What is not proven, but computed from public outputs."""

COMMITMENT, TAG, SALT = "input commitment", "prover tag", "salt"


@dataclass(frozen=True)
class Sums:
    """The sums of a node, their bounds and rules, all in one shape."""

    values: Combinations
    low: Integers
    high: Integers
    rules: NDArray[Any]


class InferenceCircuit:
    """The circuit of `model`. Raises `ProofmillError` for an operator that it cannot prove."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.system = ConstraintSystem()
        self.outputs = _public_tensors(model)
        """The tensors that are public, in order."""
        shapes = model.tensors(np.zeros((1, *model.shape), dtype=np.float32))
        self._shapes = {name: values.shape[1:] for name, values in shapes.items()}
        self._rules: dict[tuple[str, float], Rule] = {}
        self.layers: list[tuple[str, int]] = []
        """Constraints by part: the input, each node by its name, the tag."""
        self._compile()

    def inputs(self, integers: Integers, salt: int, tag: int) -> dict[str, int]:
        """The circuit's inputs by name, for one sample's integers."""
        return {SALT: salt, TAG: tag, **{_pixel(place): int(value) - self.model.quantisation.least
                                         for place, value in enumerate(integers.reshape(-1))}}

    def rules(self, tensor: str) -> list[Rule]:
        """How the sums of a tensor are rounded: one rule, or one for each scale."""
        return [rule for (name, _), rule in self._rules.items() if name == tensor]

    def _compile(self) -> None:
        system, model = self.system, self.model
        public = system.public_output(COMMITMENT)
        outputs = {name: np.array(
            [system.public_output(f"{name}[{place}]") for place in range(self._size(name))],
            dtype=object).reshape(self._shapes[name]) for name in self.outputs}
        tag = system.public_input(TAG)
        salt = system.private_input(SALT)
        size = self._size(model.source)
        given = [system.private_input(_pixel(place)) for place in range(size)]

        for place, value in enumerate(given):
            range_check(system, value, WIDTH, _pixel(place))
        commitment_gadget(system, given, salt, public)
        least = model.quantisation.least
        tensors = {model.source: np.array([value + least for value in given], dtype=object)
                   .reshape(self._shapes[model.source])}
        self._count("input")
        for node in model.nodes:
            if node.kind in AT_THE_END:
                continue
            tensors[node.output] = self._node(node, tensors, outputs.get(node.output))
            self._count(node.name)
        system.multiply(tag, tag, "prover tag, squared")
        self._count(TAG)

    def _count(self, part: str) -> None:
        before = sum(count for _, count in self.layers)
        self.layers.append((part, len(self.system.constraints) - before))

    def _size(self, name: str) -> int:
        return int(np.prod(self._shapes[name]))

    def _node(self, node: Node, tensors: dict[str, Combinations],
              outputs: Combinations | None) -> Combinations:
        operator = node.operator
        if any(name not in tensors for name in node.inputs):
            self._refuse(node, "takes a constant, or what is not proven")
        values = tensors[node.inputs[0]]
        if isinstance(operator, op.Linear | op.Convolution | op.AveragePool):
            return self._rounded(node, self._sums(node, operator, values), outputs)
        if isinstance(operator, op.Reshaping | op.MaxPool) and operator.source == operator.target:
            found = (values.reshape(operator.shape) if isinstance(operator, op.Reshaping)
                     else self._greatest(node, operator, values))
            for value, output in zip(found.flat, () if outputs is None else outputs.flat,
                                     strict=outputs is not None):
                same(self.system, value, output, node.name)
            return found
        self._refuse(node, "cannot be proven yet; Gemm, MatMul, Conv, AveragePool, and, where "
                     "scales stay, MaxPool, Flatten and Reshape can")

    def _refuse(self, node: Node, reason: str) -> NoReturn:
        raise ProofmillError(f"{self.model.name}: node {node.name} ({node.kind}): {reason}")

    def _sums(self, node: Node, operator: op.Linear | op.Convolution | op.AveragePool,
              values: Combinations) -> Sums:
        """The sums of each output, as combinations of the wires before."""
        source, target = operator.source, operator.target
        centred = np.array([value - source.zero_point for value in values.flat],
                           dtype=object).reshape(values.shape)
        least, most = source.least - source.zero_point, source.most - source.zero_point
        if isinstance(operator, op.AveragePool):
            return self._means(node, operator, centred, least, most)
        if isinstance(operator, op.Linear):
            rows, weights = centred[None, :], operator.weight.T
        else:
            rows, weights = _patches(operator, centred)
        outputs, places = len(weights), len(rows)
        scales = np.broadcast_to(operator.scale.reshape(-1), (outputs,))
        low = np.minimum(weights * least, weights * most).sum(axis=1) + operator.bias
        high = np.maximum(weights * least, weights * most).sum(axis=1) + operator.bias
        found = np.empty((outputs, places), dtype=object)
        for number, (weight, bias) in enumerate(zip(weights.tolist(), operator.bias.tolist(),
                                                    strict=True)):
            for place, row in enumerate(rows):
                found[number, place] = weighted_sum((bias, *weight), (ONE, *row))
        bounds = int(low.min()), int(high.max())
        rules = np.array([self._rule(node, scale, target, bounds) for scale in scales],
                         dtype=object)
        shape = self._shapes[node.output]
        return Sums(found.reshape(shape), *(np.repeat(each, places).reshape(shape)
                                            for each in (low, high, rules)))

    def _means(self, node: Node, operator: op.AveragePool, centred: Combinations, least: int,
               most: int) -> Sums:
        if any(operator.window.pads):
            self._refuse(node, "cannot be proven with pads")
        if not all(_is_power_of_two(each.scale) for each in (operator.source, operator.target)):
            # Means of other numbers are rounded at every step, in the order of the window.
            self._refuse(node, "can be proven where scales are powers of two")
        patches = operator.window.patches(centred[None], 0)[0]
        count = int(np.prod(operator.window.size))
        found = np.array([weighted_sum([1] * count, patch)
                          for patch in patches.reshape(-1, count)], dtype=object)
        shape = self._shapes[node.output]
        bounds = count * least, count * most
        scale = ratio(operator.source.scale, np.float32(1 / count), operator.target.scale)
        rule = self._rule(node, np.float32(scale), operator.target, bounds,
                          lambda sums: _mean(operator, sums, count))
        return Sums(found.reshape(shape), np.full(shape, bounds[0]), np.full(shape, bounds[1]),
                    np.full(shape, rule, dtype=object))

    def _rule(self, node: Node, scale: np.float32, target: Quantisation, bounds: tuple[int, int],
              reference: Callable[[Integers], Integers] | None = None) -> Rule:
        """Found once for a node and scale."""
        key = (node.output, float(scale))
        if key not in self._rules:
            found = rule_of(scale, target, bounds,
                            reference or (lambda sums: target.requantise(sums, scale)),
                            reference is not None)
            if found is None:
                self._refuse(node, f"no shift of integers rounds as its scale {scale} does, with "
                             f"{MOST_EXCEPTIONS} exceptions; round scales to powers of two, as "
                             "`proofmill model train` does")
            self._rules[key] = found
        return self._rules[key]

    def _rounded(self, node: Node, sums: Sums, outputs: Combinations | None) -> Combinations:
        given = [None] * sums.values.size if outputs is None else outputs.reshape(-1).tolist()
        parts = zip(np.ndindex(sums.values.shape), sums.values.flat, sums.low.flat,
                    sums.high.flat, sums.rules.flat, given, strict=True)
        found = [rounded(self.system, total, (int(low), int(high)), rule,
                         f"{node.name}{list(place)}", output)
                 for place, total, low, high, rule, output in parts]
        return np.array(found, dtype=object).reshape(sums.values.shape)

    def _greatest(self, node: Node, operator: op.MaxPool, values: Combinations) -> Combinations:
        if any(operator.window.pads):
            self._refuse(node, "cannot be proven with pads")
        patches = operator.window.patches(values[None], 0)[0]
        found = np.empty(patches.shape[:3], dtype=object)
        for place in np.ndindex(found.shape):
            found[place] = greatest(self.system, list(patches[place].reshape(-1)),
                                    f"{node.name}{list(place)}")
        return found


def _public_tensors(model: Model) -> tuple[str, ...]:
    """The tensors whose values are public: outputs, or what those at the end are computed from."""
    by_output = {node.output: node for node in model.nodes}
    found = []
    for output in model.outputs:
        name = output.tensor
        while name in by_output and by_output[name].kind in AT_THE_END:
            name = by_output[name].inputs[0]
        if name not in found:
            found.append(name)
    return tuple(found)


def _patches(operator: op.Convolution, values: Combinations) -> tuple[Combinations, Integers]:
    """For every place of the output the wires below the window; and the weights as rows.

    A convolution in groups is one whose other weights are 0.
    """
    outputs, inputs, *size = operator.weight.shape
    weights = np.zeros((outputs, len(values), *size), dtype=np.int64)
    for number in range(outputs):
        first = number * operator.groups // outputs * inputs
        weights[number, first:first + inputs] = operator.weight[number]
    rows = weights.reshape(outputs, -1)
    patches = operator.window.patches(values[None], LinearCombination())[0]
    return patches.transpose(1, 2, 0, 3, 4).reshape(-1, rows.shape[1]), rows


def _mean(operator: op.AveragePool, sums: Integers, count: int) -> Integers:
    """What the operator gives where the integers of a window add up to `sums`."""
    target = operator.target
    means = sums.astype(np.float32) * operator.source.scale / np.float32(count)
    return target.rounded(means / target.scale + np.float32(target.zero_point))


def _is_power_of_two(scale: np.float32) -> bool:
    return float(np.frexp(np.float64(scale))[0]) == 0.5


def _pixel(place: int) -> str:
    return f"input[{place}]"
