"""Scalars on the link, many at once, against the definition one by one."""

import random

import numpy as np
import pytest

from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.devices.scalar_words import bit_lengths, scalar_words
from proofmill.sim.commands import scalar_words as defined

EDGES = [0, *(each for bit in range(256) for each in (1 << bit, (1 << bit + 1) - 1))]


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 200])
def test_words_are_those_of_the_definition(count):
    rng = random.Random(count)
    scalars = [rng.choice([0, 1, rng.getrandbits(rng.randrange(1, 255)),
                           rng.randrange(SCALAR_MODULUS)]) for _ in range(count)]
    limbs = to_limbs(scalars).reshape(-1, 4)
    assert [int(word) for word in scalar_words(limbs)] == defined(scalars)
    assert bit_lengths(limbs).tolist() == [scalar.bit_length() for scalar in scalars]


def test_every_length():
    assert [int(word) for word in scalar_words(to_limbs(EDGES))] == defined(EDGES)
    assert bit_lengths(to_limbs(EDGES)).tolist() == [edge.bit_length() for edge in EDGES]


def test_what_a_proof_sends():
    """Zeros cost a 32nd of a word, short scalars one word, and any other at most 1 % more."""
    assert len(scalar_words(np.zeros((3200, 4), np.uint64))) == 100
    assert len(scalar_words(to_limbs([1] * 3200))) == 3300
    assert len(scalar_words(to_limbs([SCALAR_MODULUS - 1] * 3200))) == 12900
