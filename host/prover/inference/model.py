"""A quantised model: named tensors of integers, and what gives one from others."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from proofmill.host.prover.inference.operators import Convolution, Linear, Multiply, Operator
from proofmill.host.prover.inference.quantisation import Integers, Quantisation, Reals


@dataclass(frozen=True)
class Node:
    """One step: the tensor `output` from the tensors `inputs`.

    `name`, `kind`: as in the file, for messages.
    """

    name: str
    kind: str
    operator: Operator
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Output:
    """What a model gives: its name in the file, and the tensor of integers it is.

    `quantisation`: what the integers stand for; None where they are the result itself (ArgMax).
    """

    name: str
    tensor: str
    quantisation: Quantisation | None


@dataclass(frozen=True)
class Model:
    """A model with one input, a batch of samples of `shape`.

    `constants`: tensors that do not depend on it. `nodes`: in an order in which they can be run.
    """

    name: str
    input: str
    shape: tuple[int, ...]
    quantisation: Quantisation
    """Of the input: it is given as real numbers, and is quantised first."""
    source: str
    """The tensor of the input's integers."""
    constants: dict[str, Integers]
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]

    def tensors(self, samples: Reals, multiply: Multiply | None = None) -> dict[str, Integers]:
        """Every tensor for a batch of samples; products of matrices by `multiply`, if given."""
        found = self.given(samples)
        for node in self.nodes:
            inputs, operator = [found[name] for name in node.inputs], node.operator
            if multiply is not None and isinstance(operator, Linear | Convolution):
                found[node.output] = operator.evaluate(*inputs, multiply=multiply)
            else:
                found[node.output] = operator.evaluate(*inputs)
        return found

    def run(self, samples: Reals, multiply: Multiply | None = None) -> dict[str, Integers]:
        """The integers of every output, by its name."""
        return self.named(self.tensors(samples, multiply))

    def given(self, samples: Reals) -> dict[str, Integers]:
        """The tensors that are there before any node is run."""
        return {**self.constants, self.source: self.quantisation.quantise(samples)}

    def named(self, tensors: Mapping[str, Integers]) -> dict[str, Integers]:
        """The integers of every output among the tensors, by its name."""
        return {output.name: tensors[output.tensor] for output in self.outputs}

    @cached_property
    def of_one(self) -> dict[str, Integers]:
        """Every tensor for one sample, of zeros, for their shapes."""
        return self.tensors(np.zeros((1, *self.shape), dtype=np.float32))
