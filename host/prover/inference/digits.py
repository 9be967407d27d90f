"""Handwritten digits of 8 x 8 pixels, which scikit-learn's package has in it.

1,797 images with pixels from 0 to 16, of the NIST collection: E. Alpaydin and C. Kaynak, "Optical
recognition of handwritten digits", UCI Machine Learning Repository, 1998.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from proofmill.host.prover.inference.quantisation import Integers, Reals

HELD_OUT = 500
"""The last samples, which no model is trained with."""


def digits() -> tuple[Reals, Integers]:
    """Every sample's 64 pixels, row by row, and the digit that it is."""
    data: tuple[NDArray[np.float64], NDArray[np.int64]] = load_digits(return_X_y=True)
    return data[0].astype(np.float32), data[1].astype(np.int64)


SIDE, LARGE_SIDE = 8, 28
"""Pixels of a digit's side, as it is and enlarged."""


def shaped(pixels: Reals, shape: tuple[int, ...]) -> Reals | None:
    """Digits in the shape that a model takes; None where they cannot be.

    For 784 pixels each pixel becomes 3 x 3, and a dark border of 2 goes around: the size of other
    collections of digits, of which no package has the images in it.
    """
    count = int(np.prod(shape))
    if count == LARGE_SIDE**2:
        images = pixels.reshape(-1, SIDE, SIDE).repeat(3, axis=1).repeat(3, axis=2)
        pixels = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    elif count != SIDE**2:
        return None
    return pixels.reshape(-1, *shape)
