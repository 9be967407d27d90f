"""Small networks, trained in NumPy: the layers with their derivatives, and Adam.

Samples come first; images are (sample, channel, row, column). The optimiser: D. P. Kingma and J.
Ba, "Adam: a method for stochastic optimization", https://arxiv.org/abs/1412.6980, algorithm 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from proofmill.host.prover.inference.quantisation import Integers

Numbers = NDArray[np.float64]

BATCH, RATE = 32, 3e-3
FIRST_MOMENT, SECOND_MOMENT, LEAST = 0.9, 0.999, 1e-8
"""Adam's."""


class Layer(Protocol):
    """One step of a network."""

    parameters: list[Numbers]

    def forward(self, values: Numbers) -> Numbers:
        """The output; what the derivative needs is kept."""

    def backward(self, slopes: Numbers) -> tuple[Numbers, list[Numbers]]:
        """The loss's derivatives by the input and by the parameters, from those by the output."""


class Dense:
    """``x W + b``."""

    def __init__(self, random: np.random.Generator, inputs: int, outputs: int) -> None:
        self.parameters = [random.normal(0, np.sqrt(2 / inputs), (inputs, outputs)),
                           np.zeros(outputs)]

    def forward(self, values: Numbers) -> Numbers:
        self._values = values
        found: Numbers = values @ self.parameters[0] + self.parameters[1]
        return found

    def backward(self, slopes: Numbers) -> tuple[Numbers, list[Numbers]]:
        return slopes @ self.parameters[0].T, [self._values.T @ slopes, slopes.sum(axis=0)]


class Convolution:
    """`size` x `size`, with a border of `border` zeros."""

    def __init__(self, random: np.random.Generator, inputs: int, outputs: int, size: int,
                 border: int) -> None:
        self.size, self.border = size, border
        scale = np.sqrt(2 / (size * size * inputs))
        self.parameters = [random.normal(0, scale, (outputs, inputs, size, size)),
                           np.zeros(outputs)]

    def forward(self, values: Numbers) -> Numbers:
        self._patches, place = _patches(values, self.size, self.border)
        weight = self.parameters[0].reshape(len(self.parameters[1]), -1)
        return _image_of(self._patches @ weight.T + self.parameters[1], place)

    def backward(self, slopes: Numbers) -> tuple[Numbers, list[Numbers]]:
        weight = self.parameters[0]
        rows = slopes.transpose(0, 2, 3, 1).reshape(-1, len(weight))
        # The derivative by the image is a convolution of the slopes, the weights turned about.
        turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3).reshape(weight.shape[1], -1)
        patches, place = _patches(slopes, self.size, self.size - 1 - self.border)
        return _image_of(patches @ turned.T, place), [
            (rows.T @ self._patches).reshape(weight.shape), rows.sum(axis=0)]


Place = tuple[int, int, int]
"""Samples, rows and columns."""


def _patches(images: Numbers, size: int, border: int) -> tuple[Numbers, Place]:
    """A row for every place of every image: its neighbours in all channels."""
    padded = np.pad(images, ((0, 0), (0, 0), (border, border), (border, border)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(2, 3))
    samples, channels, rows, columns = windows.shape[:4]
    return (windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, channels * size * size),
            (samples, rows, columns))


def _image_of(rows: Numbers, place: Place) -> Numbers:
    """Images from a row of channels for every place."""
    return rows.reshape(*place, -1).transpose(0, 3, 1, 2)


@dataclass
class Relu:
    """``max(x, 0)``."""

    parameters: list[Numbers] = field(default_factory=list)

    def forward(self, values: Numbers) -> Numbers:
        self._on = values > 0
        return values * self._on

    def backward(self, slopes: Numbers) -> tuple[Numbers, list[Numbers]]:
        return slopes * self._on, []


@dataclass
class MaxPool:
    """The greatest of 2 x 2; where several are equal, each gets its part of the derivative."""

    parameters: list[Numbers] = field(default_factory=list)

    def forward(self, values: Numbers) -> Numbers:
        squares = _squares(values)
        found: Numbers = squares.max(axis=(3, 5))
        is_it = squares == found[:, :, :, None, :, None]
        self._parts = is_it / is_it.sum(axis=(3, 5), keepdims=True)
        return found

    def backward(self, slopes: Numbers) -> tuple[Numbers, list[Numbers]]:
        return _image(self._parts * slopes[:, :, :, None, :, None]), []


@dataclass
class AveragePool:
    """The mean of 2 x 2."""

    parameters: list[Numbers] = field(default_factory=list)

    def forward(self, values: Numbers) -> Numbers:
        found: Numbers = _squares(values).mean(axis=(3, 5))
        return found

    def backward(self, slopes: Numbers) -> tuple[Numbers, list[Numbers]]:
        return np.repeat(np.repeat(slopes / 4, 2, axis=2), 2, axis=3), []


def _squares(images: Numbers) -> Numbers:
    samples, channels, rows, columns = images.shape
    return images.reshape(samples, channels, rows // 2, 2, columns // 2, 2)


def _image(squares: Numbers) -> Numbers:
    samples, channels, rows, _, columns, _ = squares.shape
    return squares.reshape(samples, channels, 2 * rows, 2 * columns)


@dataclass
class Flatten:
    """Channels, rows and columns as one row of numbers."""

    parameters: list[Numbers] = field(default_factory=list)

    def forward(self, values: Numbers) -> Numbers:
        self._shape = values.shape
        return values.reshape(len(values), -1)

    def backward(self, slopes: Numbers) -> tuple[Numbers, list[Numbers]]:
        return slopes.reshape(self._shape), []


def forward(layers: Sequence[Layer], values: Numbers) -> Numbers:
    """What a network gives."""
    for layer in layers:
        values = layer.forward(values)
    return values


def train(layers: Sequence[Layer], samples: Numbers, classes: Integers,
          random: np.random.Generator, epochs: int, told: Callable[[int, int], None]) -> None:
    """Make a network's parameters fit, by the cross entropy of its softmax with the classes."""
    parameters = [each for layer in layers for each in layer.parameters]
    moments = [(np.zeros_like(each), np.zeros_like(each)) for each in parameters]
    steps = 0
    for epoch in range(epochs):
        order = random.permutation(len(samples))
        for start in range(0, len(order), BATCH):
            chosen = order[start:start + BATCH]
            steps += 1
            slopes = _slopes(forward(layers, samples[chosen]), classes[chosen])
            gradients: list[Numbers] = []
            for layer in reversed(layers):
                slopes, own = layer.backward(slopes)
                gradients = own + gradients
            for value, (first, second), gradient in zip(parameters, moments, gradients,
                                                        strict=True):
                first += (1 - FIRST_MOMENT) * (gradient - first)
                second += (1 - SECOND_MOMENT) * (gradient * gradient - second)
                value -= RATE * (first / (1 - FIRST_MOMENT**steps)) / (
                    np.sqrt(second / (1 - SECOND_MOMENT**steps)) + LEAST)
        told(epoch + 1, epochs)


def _slopes(logits: Numbers, classes: Integers) -> Numbers:
    """The derivative of the mean cross entropy by the logits: ``(softmax - one-hot) / samples``."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    powers[np.arange(len(classes)), classes] -= 1
    found: Numbers = powers / len(classes)
    return found
