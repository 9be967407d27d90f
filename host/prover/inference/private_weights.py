"""Weights as private wires of a circuit, behind a commitment that stands in it."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import ConstraintSystem, LinearCombination
from proofmill.host.prover.circuits.range_check import from_bits, range_check
from proofmill.host.prover.inference import operators as op
from proofmill.host.prover.inference.gadgets import (
    WEIGHTS_DOMAIN,
    commitment,
    commitment_gadget,
)
from proofmill.host.prover.inference.model import Model, Node
from proofmill.host.prover.inference.quantisation import Integers
from proofmill.host.prover.inference.rounding import WIDTH

LEAST_WEIGHT = -(1 << WIDTH - 1)
"""Weights are int8, their zero point 0."""

BIAS_WIDTH = 32
BIAS_REACH = 1 << BIAS_WIDTH - 1

SALT = "weights' salt"


@dataclass(frozen=True)
class Weights:
    """A layer's: linear combinations, `weight` in the operator's shape."""

    weight: NDArray[Any]
    bias: list[LinearCombination]


@dataclass(frozen=True)
class _Layer:
    """The shape of its weights, and the values of its private inputs by name."""

    shape: tuple[int, ...]
    weights: dict[str, int]
    biases: dict[str, int]

    @property
    def bytes(self) -> list[int]:
        """As they are committed to."""
        return [*self.weights.values(), *chain.from_iterable(
            value.to_bytes(BIAS_WIDTH // WIDTH, "little") for value in self.biases.values())]


class PrivateWeights:
    """The weights of all layers of a model, and their commitment::

        commitment(bytes, salt)   of `host.prover.inference.gadgets`, with a domain of its own

    The bytes are, for each Gemm, MatMul and Conv in the order of the model: every weight + 128, in
    the order of the file's array (of a Gemm: inputs by outputs); every bias + 2^31, in 4 bytes, the
    low one first. So 8 constraints a weight, 32 a bias, and the hash.

    Raises `ProofmillError` where weights are no int8.
    """

    def __init__(self, model: Model, salt: int) -> None:
        self._salt = salt
        self._layers: dict[str, _Layer] = {}
        self._given: dict[str, LinearCombination] = {}
        self._wires: dict[str, Weights] = {}
        for node in model.nodes:
            operator = node.operator
            if not isinstance(operator, op.Linear | op.Convolution):
                continue
            low, high = int(operator.weight.min()), int(operator.weight.max())
            if low < LEAST_WEIGHT or high >= -LEAST_WEIGHT:
                raise ProofmillError(
                    f"{model.name}: node {node.name} ({node.kind}): its weights are {low} to "
                    f"{high} without their zero point; private ones have to be int8 with zero "
                    "point 0, as onnxruntime's quantiser makes them with WeightSymmetric")
            self._layers[node.output] = _Layer(
                operator.weight.shape,
                _named(f"{node.output}: weight", operator.weight - LEAST_WEIGHT),
                _named(f"{node.output}: bias", operator.bias + BIAS_REACH))
        self.commitment = commitment(
            [byte for layer in self._layers.values() for byte in layer.bytes], salt,
            WEIGHTS_DOMAIN)
        """Of these weights and this salt."""

    def declare(self, system: ConstraintSystem) -> None:
        """Make the private inputs."""
        self._given = {name: system.private_input(name) for name in self.inputs()}

    def inputs(self) -> dict[str, int]:
        """The private inputs' values by name, from 0 on."""
        found = {SALT: self._salt}
        for layer in self._layers.values():
            found |= layer.weights | layer.biases
        return found

    def constrain(self, system: ConstraintSystem) -> None:
        """Let the private inputs be in range, and what the commitment is to."""
        digits = []
        for output, layer in self._layers.items():
            weights = [self._given[name] for name in layer.weights]
            biases = [self._given[name] for name in layer.biases]
            for name, wire in zip(layer.weights, weights, strict=True):
                range_check(system, wire, WIDTH, name)
            bits = [range_check(system, wire, BIAS_WIDTH, name)
                    for name, wire in zip(layer.biases, biases, strict=True)]
            digits += weights + [from_bits(each[start:start + WIDTH])
                                 for each in bits for start in range(0, BIAS_WIDTH, WIDTH)]
            centred = [wire + LEAST_WEIGHT for wire in weights]
            self._wires[output] = Weights(np.array(centred, dtype=object).reshape(layer.shape),
                                          [wire - BIAS_REACH for wire in biases])
        commitment_gadget(system, digits, self._given[SALT], self.commitment, WEIGHTS_DOMAIN)

    def of(self, node: Node) -> Weights:
        """A layer's."""
        return self._wires[node.output]


def _named(what: str, values: Integers) -> dict[str, int]:
    return {f"{what}[{place}]": int(value) for place, value in enumerate(values.flat)}
