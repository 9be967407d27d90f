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
