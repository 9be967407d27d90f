"""A model as a circuit: its weights are constants, so that what is linear costs nothing.

Public signals, in this order: ``input commitment, outputs..., prover_tag``. A proof states: the
prover knows an input, integers of eight bits, and a salt, such that the commitment is to them and
the model gives these outputs for them. Outputs are integers as onnxruntime's, negative ones modulo
r. A Softmax or ArgMax at the end is left to whoever reads the outputs: what it is computed from is
public. The prover's tag is bound by its presence (`host.prover.circuits.statement`).

With private weights the circuit depends on shapes, scales and zero points alone, and on a
commitment to the weights, which stands in it as a constant: who verifies holds the key of that
commitment, and the public signals stay as they are.
"""

import numpy as np

from proofmill.host.prover.circuits.constraints import ConstraintSystem, as_combination
from proofmill.host.prover.circuits.range_check import range_check
from proofmill.host.prover.inference import operators as op
from proofmill.host.prover.inference.gadgets import commitment_gadget, greatest, rounded, same
from proofmill.host.prover.inference.model import Model, Node
from proofmill.host.prover.inference.private_weights import PrivateWeights
from proofmill.host.prover.inference.quantisation import Integers, Quantisation
from proofmill.host.prover.inference.rounding import WIDTH, Rule
from proofmill.host.prover.inference.sums import (
    Combinations,
    RuleBook,
    Sums,
    layer_sums,
    mean_sums,
    pair_sums,
    single_sums,
)

AT_THE_END = ("Softmax", "ArgMax")
"""What is not proven, but computed from public outputs."""

COMMITMENT, TAG, SALT = "input commitment", "prover tag", "salt"


class InferenceCircuit:
    """The circuit of `model`; with `weights_salt` its weights are private, and committed to.

    Raises `ProofmillError` for an operator that it cannot prove.
    """

    def __init__(self, model: Model, weights_salt: int | None = None) -> None:
        self.model = model
        self.weights = None if weights_salt is None else PrivateWeights(model, weights_salt)
        self.system = ConstraintSystem()
        self.outputs = _public_tensors(model)
        """The tensors that are public, in order."""
        self._shapes = {name: values.shape[1:] for name, values in model.of_one.items()}
        self._book = RuleBook(model.name)
        self.layers: list[tuple[str, int]] = []
        """Constraints by part: the input, each node by its name, the tag."""
        self._compile()

    def inputs(self, integers: Integers, salt: int, tag: int) -> dict[str, int]:
        """The circuit's inputs by name, for one sample's integers."""
        least = self.model.quantisation.least
        return {SALT: salt, TAG: tag,
                **({} if self.weights is None else self.weights.inputs()),
                **{_pixel(place): int(value) - least
                   for place, value in enumerate(integers.reshape(-1))}}

    def rules(self, tensor: str) -> list[Rule]:
        """How the sums of a tensor are rounded: one rule, or one for each scale."""
        return self._book.rules(tensor)

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
        if self.weights is not None:
            self.weights.declare(system)

        for place, value in enumerate(given):
            range_check(system, value, WIDTH, _pixel(place))
        commitment_gadget(system, given, salt, public)
        least = model.quantisation.least
        tensors = {model.source: np.array([value + least for value in given], dtype=object)
                   .reshape(self._shapes[model.source])}
        self._count("input")
        if self.weights is not None:
            self.weights.constrain(system)
            self._count("weights")
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
        operator, book, shape = node.operator, self._book, self._shapes[node.output]
        constants = self.model.constants
        if not all(name in tensors or name in constants for name in node.inputs):
            book.refuse(node, "takes what is not proven")
        values, *others = [
            tensors[name] if name in tensors else _combinations(constants[name])
            for name in node.inputs]
        if isinstance(operator, op.Linear | op.Convolution):
            weights = None if self.weights is None else self.weights.of(node)
            sums = layer_sums(book, self.system, node, operator, values, weights)
        elif isinstance(operator, op.AveragePool):
            sums = mean_sums(book, node, operator, values)
        elif isinstance(operator, op.Add):
            sums = pair_sums(book, node, operator, (values, *others), shape)
        elif isinstance(operator, op.Relu):
            zero = operator.source.zero_point
            above = [greatest(self.system, [as_combination(zero), value],
                              f"{node.name}[{place}], positive")
                     for place, value in enumerate(values.flat)]
            return self._moved(node, np.array(above, dtype=object).reshape(values.shape),
                               operator.source, operator.target, outputs, zero)
        elif isinstance(operator, op.Reshaping):
            return self._moved(node, values.reshape(operator.shape), operator.source,
                               operator.target, outputs)
        elif isinstance(operator, op.MaxPool):
            return self._moved(node, self._greatest(node, operator, values), operator.source,
                               operator.target, outputs)
        else:
            book.refuse(node, "cannot be proven; Gemm, MatMul, Conv, Relu, Add, AveragePool, "
                        "MaxPool, Flatten and Reshape can, and at the end Softmax and ArgMax")
        return self._rounded(node, sums, shape, outputs)

    def _moved(self, node: Node, values: Combinations, source: Quantisation,
               target: Quantisation, outputs: Combinations | None, least: int | None = None
               ) -> Combinations:
        """The same numbers in another quantisation; none is below `least`."""
        if source != target:
            sums = single_sums(self._book, node, values, source, target, least)
            return self._rounded(node, sums, values.shape, outputs)
        for value, output in zip(values.flat, () if outputs is None else outputs.flat,
                                 strict=outputs is not None):
            same(self.system, value, output, node.name)
        return values

    def _rounded(self, node: Node, sums: Sums, shape: tuple[int, ...],
                 outputs: Combinations | None) -> Combinations:
        given = [None] * sums.values.size if outputs is None else outputs.reshape(-1).tolist()
        parts = zip(np.ndindex(shape), sums.values.flat, sums.low.flat, sums.high.flat,
                    sums.rules.flat, given, strict=True)
        found = [rounded(self.system, total, (int(low), int(high)), rule,
                         f"{node.name}{list(place)}", output)
                 for place, total, low, high, rule, output in parts]
        return np.array(found, dtype=object).reshape(shape)

    def _greatest(self, node: Node, operator: op.MaxPool, values: Combinations) -> Combinations:
        """Of each window, the padding left out."""
        patches = operator.window.patches(values[None], None)[0]
        found = np.empty(patches.shape[:3], dtype=object)
        for place in np.ndindex(found.shape):
            there = [value for value in patches[place].flat if value is not None]
            found[place] = greatest(self.system, there, f"{node.name}{list(place)}")
        return found


def _combinations(integers: Integers) -> Combinations:
    return np.array([as_combination(int(each)) for each in integers.flat],
                    dtype=object).reshape(integers.shape)


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


def _pixel(place: int) -> str:
    return f"input[{place}]"
