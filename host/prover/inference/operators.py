"""The operators of a quantised model, on integers.

Each takes its inputs' integers, a batch of samples first, and gives those of its output. A value
`x` of a tensor with zero point z counts as ``x - z`` in every sum.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.host.prover.inference.quantisation import Integers, Quantisation, Reals

Pair: TypeAlias = tuple[int, int]
"""Of rows and columns."""


Multiply: TypeAlias = Callable[[Integers, Integers], Integers]
"""The product of matrices of whole numbers, rows by terms and terms by columns; neither a row's
element nor a column's is further than 255 from another one."""


class Operator(Protocol):
    """What gives one tensor from others."""

    def evaluate(self, *inputs: Integers) -> Integers:
        """The output's integers."""


@dataclass(frozen=True)
class Linear:
    """``x W + b``: Gemm, or MatMul without b.

    `weight`: inputs by outputs, its zero point taken off. `bias`: in the unit of the products.
    `scale`: that unit over the output's, one for all outputs or one each.
    """

    source: Quantisation
    target: Quantisation
    weight: Integers
    bias: Integers
    scale: Reals

    def factors(self, values: Integers) -> list[tuple[Integers, Integers]]:
        """The products of matrices that its sums are made of."""
        centred = values - self.source.zero_point
        return [(centred.reshape(-1, centred.shape[-1]), self.weight)]

    def joined(self, products: Sequence[Integers], values: Integers) -> Integers:
        """The 32-bit sums of the products of `factors`."""
        return products[0].reshape(*values.shape[:-1], -1) + self.bias

    def sums(self, values: Integers, multiply: Multiply = np.matmul) -> Integers:
        """The 32-bit sums, before they are requantised."""
        return self.joined([multiply(*pair) for pair in self.factors(values)], values)

    def requantised(self, sums: Integers) -> Integers:
        """The output's integers."""
        return self.target.requantise(sums, self.scale)

    def evaluate(self, *inputs: Integers, multiply: Multiply = np.matmul) -> Integers:
        return self.requantised(self.sums(inputs[0], multiply))


@dataclass(frozen=True)
class Window:
    """What a convolution or a pooling slides over an image of rows and columns.

    `pads`: above, left, below, right.
    """

    size: Pair
    strides: Pair
    pads: tuple[int, int, int, int]

    def patches(self, image: NDArray[Any], filling: Any) -> NDArray[Any]:
        """(sample, channel, row, column, row of the window, column of it)."""
        top, left, bottom, right = self.pads
        padded = np.pad(image, ((0, 0), (0, 0), (top, bottom), (left, right)),
                        constant_values=filling)
        found = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
        return found[:, :, ::self.strides[0], ::self.strides[1]]


@dataclass(frozen=True)
class Convolution:
    """Conv on images of rows and columns; `weight`: output, input, row, column."""

    source: Quantisation
    target: Quantisation
    window: Window
    weight: Integers
    bias: Integers
    scale: Reals
    groups: int

    def factors(self, values: Integers) -> list[tuple[Integers, Integers]]:
        """The products of matrices that its sums are made of, one for each group: a row for each
        place of the window."""
        return [(patches.transpose(0, 2, 3, 1, 4, 5).reshape(-1, weight[0].size),
                 weight.reshape(len(weight), -1).T) for patches, weight in self._parts(values)]

    def joined(self, products: Sequence[Integers], values: Integers) -> Integers:
        """The 32-bit sums of the products of `factors`."""
        samples, _, rows, columns, *_ = self.window.patches(values, 0).shape
        found: Integers = np.concatenate(
            [sums.reshape(samples, rows, columns, -1).transpose(0, 3, 1, 2) for sums in products],
            axis=1) + self.bias[:, None, None]
        return found

    def sums(self, values: Integers, multiply: Multiply | None = None) -> Integers:
        """The 32-bit sums, before they are requantised. The padding is the real number 0."""
        if multiply is not None:
            return self.joined([multiply(*pair) for pair in self.factors(values)], values)
        found: Integers = np.concatenate(
            [np.einsum("ncyxij,ocij->noyx", patches, weight, optimize=True)
             for patches, weight in self._parts(values)], axis=1) + self.bias[:, None, None]
        return found

    def _parts(self, values: Integers) -> Iterator[tuple[Integers, Integers]]:
        """(Patches, weights) of each group."""
        patches = self.window.patches(values - self.source.zero_point, 0)
        return zip(np.split(patches, self.groups, axis=1), np.split(self.weight, self.groups),
                   strict=True)

    def requantised(self, sums: Integers) -> Integers:
        """The output's integers."""
        return self.target.requantise(sums, self.scale.reshape(-1, 1, 1))

    def evaluate(self, *inputs: Integers, multiply: Multiply | None = None) -> Integers:
        return self.requantised(self.sums(inputs[0], multiply))


@dataclass(frozen=True)
class Relu:
    """``max(x, 0)``, from one quantisation to another."""

    source: Quantisation
    target: Quantisation

    def evaluate(self, *inputs: Integers) -> Integers:
        return self.target.quantise(np.maximum(self.source.dequantise(inputs[0]), np.float32(0)))


@dataclass(frozen=True)
class MaxPool:
    """The greatest value of each window; padding never is it."""

    source: Quantisation
    target: Quantisation
    window: Window

    def evaluate(self, *inputs: Integers) -> Integers:
        patches = self.window.patches(inputs[0], self.source.least)
        return moved(patches.max(axis=(4, 5)).astype(np.int64), self.source, self.target)


@dataclass(frozen=True)
class AveragePool:
    """The mean of each window, in single precision; padding counts where `with_padding`."""

    source: Quantisation
    target: Quantisation
    window: Window
    with_padding: bool

    def evaluate(self, *inputs: Integers) -> Integers:
        values = self.source.dequantise(inputs[0])
        patches = self.window.patches(values, 0)
        sums = np.zeros(patches.shape[:4], dtype=np.float32)
        for row in range(self.window.size[0]):
            for column in range(self.window.size[1]):
                sums = sums + patches[..., row, column]
        there = self.window.patches(np.ones_like(values), float(self.with_padding))
        means = sums / there.sum(axis=(4, 5), dtype=np.float32)
        return self.target.rounded(means / self.target.scale + np.float32(self.target.zero_point))


@dataclass(frozen=True)
class Add:
    """``a + b``, of tensors or of a tensor and a constant; shapes as NumPy spreads them.

    With ``r = scale / scale of the sum`` of either, in single precision::

        sum = rint(a r_a + (b r_b + (z - (z_a r_a + z_b r_b))))

    where every product but ``z_b r_b`` is added before it is rounded.
    """

    sources: tuple[Quantisation, Quantisation]
    target: Quantisation

    def evaluate(self, *inputs: Integers) -> Integers:
        (first, second), target = self.sources, self.target
        by_first, by_second = first.scale / target.scale, second.scale / target.scale
        zeros = fused(first.zero_point, by_first, np.float32(second.zero_point) * by_second)
        offset = np.float32(target.zero_point) - zeros
        return target.rounded(fused(inputs[0], by_first, fused(inputs[1], by_second, offset)))


def fused(factor: Integers | int, other: np.float32, addend: Reals | np.float32) -> Reals:
    """``factor * other + addend``, rounded once: factors of 8 and 24 bits have an exact product in
    double precision."""
    exact = np.asarray(factor, dtype=np.float64) * np.float64(other)
    return np.asarray(exact + np.asarray(addend, dtype=np.float64), dtype=np.float32)


@dataclass(frozen=True)
class Reshaping:
    """Flatten and Reshape: the same values as rows of `shape`, each a sample's."""

    source: Quantisation
    target: Quantisation
    shape: tuple[int, ...]

    def evaluate(self, *inputs: Integers) -> Integers:
        return moved(inputs[0].reshape(-1, *self.shape), self.source, self.target)


@dataclass(frozen=True)
class Softmax:
    """``exp(x) / sum(exp(x))`` over the last axis, by a table of exponentials.

    The table's entries are single precision, scaled so that no sum overflows; its entry 255 is for
    the row's greatest value. ``rint(exponential * floor(1 / scale) / sum) + zero_point``.
    """

    source: Quantisation
    target: Quantisation

    def evaluate(self, *inputs: Integers) -> Integers:
        values = inputs[0]
        step, length = float(self.source.scale), values.shape[-1]
        room = max(0.0, float(np.log(float(np.finfo(np.float32).max) / length)) - 5) / step
        table = np.exp((np.arange(256) - 255 + room) * step).astype(np.float32)
        powers = table[values - values.max(axis=-1, keepdims=True) + 255]
        total = powers.sum(axis=-1, keepdims=True, dtype=np.float64).astype(np.float32)
        parts = np.rint(powers * np.floor(np.float32(1) / self.target.scale) / total)
        return self.target.rounded(parts + np.float32(self.target.zero_point))


@dataclass(frozen=True)
class ArgMax:
    """The place of the greatest value along an axis, of equal ones the first."""

    axis: int
    keep: bool

    def evaluate(self, *inputs: Integers) -> Integers:
        found: Integers = np.argmax(inputs[0], axis=self.axis, keepdims=self.keep)
        return found


def moved(values: Integers, source: Quantisation, target: Quantisation) -> Integers:
    """The integers of the same real numbers in another quantisation."""
    return values if source == target else target.quantise(source.dequantise(values))
