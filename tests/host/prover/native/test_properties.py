"""What must hold for any input, in every vector class of the build that follows every bound."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve import points
from proofmill.host.prover.curve.arithmetic import multiply, multiply_generator
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.native.library import G1, G2, Library
from proofmill.host.prover.native.sums import multiples, weighted_sum
from tests.host.prover.native.classes import VECTORS, checked
from tests.host.prover.native.test_quotient import quotient

EACH = pytest.mark.parametrize("vector", VECTORS)
GROUPS = pytest.mark.parametrize(("group", "number"), [(Group.G1, G1), (Group.G2, G2)])
QUICK = settings(max_examples=20, deadline=None,
                 suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

EDGES = [0, 1, 2, SCALAR_MODULUS - 1, SCALAR_MODULUS, SCALAR_MODULUS + 1, (1 << 256) - 1,
         *(1 << bits for bits in (28, 29, 51, 52, 64, 128, 192, 253, 255)),
         *((1 << bits) - 1 for bits in (29, 52, 64, 253))]
"""Where limbs, words and windows are empty or full, and what is not below r."""

scalars = st.one_of(st.sampled_from(EDGES), st.integers(0, (1 << 256) - 1),
                    st.integers(1, 256).flatmap(lambda bits: st.integers(0, (1 << bits) - 1)))


@st.composite
def terms(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Logarithms of points, many of them equal, opposite or infinite, and scalars."""
    few = draw(st.lists(scalars, min_size=1, max_size=4))
    some = [*few, *(-each for each in few), 0]
    logs = draw(st.lists(st.one_of(st.sampled_from(some), scalars), max_size=60))
    factors = draw(st.lists(st.one_of(st.sampled_from(few), scalars), min_size=len(logs),
                            max_size=len(logs)))
    return [each % SCALAR_MODULUS for each in logs], factors


def weighted(code: Library, group: Group, number: int, logs: Sequence[int],
             factors: Sequence[int], threads: int) -> bytes:
    bases: Limbs = multiply_generator(group, to_limbs(logs))
    return weighted_sum(number, bases.tobytes(), to_limbs(factors).tobytes(), threads, code=code)


@EACH
@GROUPS
@QUICK
@given(each=terms(), threads=st.integers(1, 3))
def test_a_sum_is_that_of_the_logarithms(vector: str, group: Group, number: int,
                                         each: tuple[list[int], list[int]], threads: int) -> None:
    logs, factors = each
    log = sum(a * b for a, b in zip(logs, factors, strict=True)) % SCALAR_MODULUS
    assert weighted(checked(vector), group, number, logs, factors, threads) == multiply(
        group, points.generator(group), log).tobytes()


@EACH
@GROUPS
@QUICK
@given(log=scalars, factors=st.lists(scalars, max_size=40))
def test_multiples_are_those_of_the_logarithms(vector: str, group: Group, number: int, log: int,
                                               factors: list[int]) -> None:
    base = multiply(group, points.generator(group), log % SCALAR_MODULUS)
    found = multiples(number, base.tobytes(), to_limbs(factors).tobytes(), code=checked(vector))
    want = multiply_generator(group, to_limbs(log * each % SCALAR_MODULUS for each in factors))
    assert bytes(found) == want.tobytes()


@EACH
@QUICK
@given(data=st.data(), power=st.integers(1, 7))
def test_the_quotient_is_bilinear_but_for_the_product(vector: str, data: st.DataObject,
                                                      power: int) -> None:
    """q(a, b) is a b - (a b) taken elsewhere: of a polynomial times a constant it is 0, and
    q(a, k b) = k q(a, b)."""
    from proofmill.host.prover.curve import scalars as field

    some = st.lists(scalars, min_size=1 << power, max_size=1 << power)
    left, right, factor = data.draw(some), data.draw(some), data.draw(scalars)
    a, b, k = (field.from_integers(each % SCALAR_MODULUS for each in row)
               for row in (left, right, [factor]))
    code = checked(vector)
    once = quotient(code, a, b)
    assert quotient(code, a, b * k) == [each * factor % SCALAR_MODULUS for each in once]
    assert quotient(code, a, np.broadcast_to(k, a.shape).copy()) == [0] * len(once)
