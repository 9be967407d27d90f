"""Scalars as they go over the link: the fewest words, and none for a zero."""

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.commands import CODE_BITS, CODE_WORDS, CODES
from proofmill.hdl.windows import WindowPlan
from proofmill.host.prover.curve.limbs import Limbs, from_limbs, to_limbs


def scalar_words(scalars: Limbs) -> Limbs:
    """Words of scalars, shape (n, 4), plain integers: see `hdl.commands.Command.MULTIPLY`.

    For every `CODES` scalars a word of their codes, then the words that the codes say.
    """
    count = len(scalars)
    codes = np.searchsorted(CODE_WORDS, _lengths(scalars))
    sizes = np.array(CODE_WORDS)[codes]
    # A word of codes goes before its scalars.
    starts = np.cumsum(sizes) - sizes + np.arange(count) // CODES + 1
    words = np.zeros(int(sizes.sum()) + -(-count // CODES), np.uint64)
    for limb in range(scalars.shape[1]):
        sent = sizes > limb
        words[starts[sent] + limb] = scalars[sent, limb]
    blocks = np.zeros((-(-count // CODES), CODES), np.uint64)
    blocks.reshape(-1)[:count] = codes
    shifts = np.arange(0, CODE_BITS * CODES, CODE_BITS, dtype=np.uint64)
    words[starts[::CODES] - 1] = np.bitwise_or.reduce(blocks << shifts, axis=1)
    return words


def sent_scalars(scalars: Limbs, plan: WindowPlan) -> Limbs:
    """What is sent of scalars, shape (n, 4): see `hdl.windows.WindowPlan.sent`."""
    if not plan.base:
        return scalars
    return to_limbs([plan.sent(scalar) for scalar in from_limbs(scalars)])


def _lengths(scalars: Limbs) -> NDArray[np.intp]:
    """The limbs of each scalar up to its highest that is not zero."""
    used = scalars != 0
    highest = scalars.shape[1] - np.argmax(used[:, ::-1], axis=1)
    return np.where(used.any(axis=1), highest, 0)


def bit_lengths(scalars: Limbs) -> NDArray[np.intp]:
    """The bits of each scalar, shape (n, 4), without leading zeros."""
    halves = np.ascontiguousarray(scalars).view(np.uint32)
    halves = halves.reshape(len(scalars), 2 * scalars.shape[1])
    used = halves != 0
    top = halves.shape[1] - 1 - np.argmax(used[:, ::-1], axis=1)
    # Thirty-two bits are exact as a floating-point number; its exponent is the length.
    bits = np.frexp(halves[np.arange(len(scalars)), top].astype(np.float64))[1]
    return np.where(used.any(axis=1), 32 * top + bits, 0)
