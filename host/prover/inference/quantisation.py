"""How a real number is an integer of eight bits, and how sums become such integers again.

A tensor's real values are ``scale * (q - zero_point)`` with q an integer of eight bits. The rules
here are those of onnxruntime's kernels on the CPU, which decide every tie and every overflow; they
are stated in single precision (IEEE 754 binary32, rounding to nearest, ties to even), since that
is what decides them there.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Reals: TypeAlias = NDArray[np.float32]

RANGES = {"uint8": (0, 255), "int8": (-128, 127)}
"""The integers of each type of a quantised tensor."""


@dataclass(frozen=True)
class Quantisation:
    """The scale, zero point and type of a tensor: ``real = scale * (integer - zero_point)``."""

    scale: np.float32
    zero_point: int
    type: str

    @property
    def least(self) -> int:
        """The least integer of the type."""
        return RANGES[self.type][0]

    @property
    def most(self) -> int:
        """The greatest."""
        return RANGES[self.type][1]

    def quantise(self, values: Reals) -> Integers:
        """``clip(rint(value / scale)) + zero_point``: a division, not a product with 1 / scale.

        ONNX, operator QuantizeLinear. The clip is before the zero point is added, as large values
        have no integer.
        """
        return self._saturated(values.astype(np.float32) / self.scale)

    def dequantise(self, integers: Integers) -> Reals:
        """``scale * (integer - zero_point)``, rounded once."""
        return (integers - self.zero_point).astype(np.float32) * self.scale

    def requantise(self, sums: Integers, scale: Reals | np.float32) -> Integers:
        """Integers of this tensor from sums of 32 bits, whose unit is ``scale`` times this one's.

        ``clip(rint(float(sum) * scale)) + zero_point`` in single precision: the sum is rounded to
        24 bits, then the product, then the integer, ties to even each time.
        """
        return self._saturated(sums.astype(np.float32) * scale)

    def rounded(self, scaled: Reals) -> Integers:
        """``clip(rint(scaled))``, the zero point being in `scaled` already: so ties go to an even
        integer, where `requantise` gives an even distance from the zero point."""
        return np.rint(np.clip(scaled, np.float32(self.least), np.float32(self.most))) \
            .astype(np.int64)

    def _saturated(self, scaled: Reals) -> Integers:
        low, high = self.least - self.zero_point, self.most - self.zero_point
        return np.rint(np.clip(scaled, np.float32(low), np.float32(high))).astype(np.int64) \
            + self.zero_point


def ratio(left: np.float32, right: Reals | np.float32, out: np.float32) -> Reals:
    """``left * right / out``, rounded after either step: the unit of products over an output's."""
    return np.asarray(left * right / out, dtype=np.float32)
