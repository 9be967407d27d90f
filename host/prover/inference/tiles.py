"""A model run in pieces, between which something else can take the processor's place.

A piece is one node on some samples of the batch, of so few products that it is over soon, or a
command of an array. Outputs are those of `Model.run`, every integer: no operator of a model mixes
samples.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from proofmill.host.prover.inference.array import Array
from proofmill.host.prover.inference.model import Model, Node
from proofmill.host.prover.inference.operators import AveragePool, Convolution, Linear, MaxPool
from proofmill.host.prover.inference.quantisation import Integers, Reals

OTHER = 8
"""A value of what multiplies nothing counts as so many products: NumPy is slower with them."""


class Tiles(ABC):
    """A batch on its way through a model, piece by piece."""

    def __init__(self, model: Model, samples: Reals) -> None:
        self.model = model
        self._tensors = model.given(samples)

    @property
    @abstractmethod
    def works(self) -> Sequence[int]:
        """Of each piece, in the unit of `run`."""

    @property
    def work(self) -> int:
        """Of all pieces."""
        return sum(self.works)

    @property
    def longest(self) -> int:
        """Of the longest piece."""
        return max(self.works)

    @abstractmethod
    def run(self) -> Iterator[int]:
        """Run a piece, and give its work, for each that is asked for."""

    def outputs(self) -> dict[str, Integers]:
        """The integers of every output, by its name, once all is run."""
        return self.model.named(self._tensors)


@dataclass(frozen=True)
class Piece:
    """A node on the samples from `first` to `last`, `last` not among them; `products` of it."""

    node: Node
    first: int
    last: int
    products: int


class Tiled(Tiles):
    """Pieces of so many products, by this processor. `most`: of a piece, or those of one sample."""

    def __init__(self, model: Model, samples: Reals, most: int) -> None:
        super().__init__(model, samples)
        self.pieces: list[Piece] = []
        """In the order in which they are run."""
        for node in model.nodes:
            each = _products(node, model.of_one[node.inputs[0]], model.of_one[node.output])
            count = max(1, most // each)
            for first in range(0, len(samples), count):
                last = min(len(samples), first + count)
                self.pieces.append(Piece(node, first, last, each * (last - first)))

    @property
    def works(self) -> list[int]:
        """Products of each piece."""
        return [piece.products for piece in self.pieces]

    def run(self) -> Iterator[int]:
        count = len(self._tensors[self.model.source])
        for piece in self.pieces:
            node = piece.node
            given = (self._tensors[name] if name in self.model.constants
                     else self._tensors[name][piece.first:piece.last] for name in node.inputs)
            found = node.operator.evaluate(*given)
            if piece.first == 0:
                self._tensors[node.output] = np.empty((count, *found.shape[1:]), found.dtype)
            self._tensors[node.output][piece.first:piece.last] = found
            yield piece.products


class OnArray(Tiles):
    """Products of matrices by an array: a piece is a command of it. What else there is to compute
    is this processor's, and counts for nothing.

    `array`: cut to commands that are over soon, see `Array`.
    """

    def __init__(self, model: Model, samples: Reals, array: Array) -> None:
        super().__init__(model, samples)
        self._array = array
        products = [
            (len(x) * len(samples), *w.shape)
            for node in model.nodes if isinstance(node.operator, Linear | Convolution)
            for x, w in node.operator.factors(model.of_one[node.inputs[0]])]
        self.commands = [cycles for size in products for cycles in array.planned(*size)]
        """Cycles of each command, as planned."""
        self.bounds = [cycles for size in products for cycles in array.bounds(*size)]
        """The most that each takes of the device: see `Array.bounds`."""

    @property
    def works(self) -> list[int]:
        """See `commands`."""
        return self.commands

    def run(self) -> Iterator[int]:
        for node in self.model.nodes:
            given, operator = [self._tensors[name] for name in node.inputs], node.operator
            if isinstance(operator, Linear | Convolution):
                made = []
                for x, w in operator.factors(given[0]):
                    made.append((yield from self._array.by_commands(x, w)))
                found = operator.requantised(operator.joined(made, given[0]))
            else:
                found = operator.evaluate(*given)
            self._tensors[node.output] = found


def _products(node: Node, source: Integers, output: Integers) -> int:
    """Of one sample; of what multiplies nothing, `OTHER` for each value that it looks at or gives.
    """
    operator = node.operator
    if isinstance(operator, Linear):
        return int(operator.weight.size * (output.size // operator.weight.shape[-1]))
    if isinstance(operator, Convolution):
        return int(operator.weight.size * output[0, 0].size)
    looked_at = max(source.size, output.size)
    if isinstance(operator, MaxPool | AveragePool):
        looked_at = int(output.size * np.prod(operator.window.size))
    return int(looked_at) * OTHER
