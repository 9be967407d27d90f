"""Multi-scalar multiplications of the package's users, against py_ecc; and what is refused."""

import random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from proofmill.host.prover.curve.points import AffinePoint
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.msm import Msm

bn128 = pytest.importorskip("py_ecc.bn128")
GENERATORS = {"g1": bn128.G1, "g2": bn128.G2}
TWIST_POINT = ((1, 0), (
    18278151005453108793778860132295291098363647455926340152056652516292830556603,
    5912654199736721486680175016176231956195085055698687135131307249486702594212))
"""On the twist, and not of order r."""


def ours(point: object) -> AffinePoint:
    """A point of py_ecc as plain integers."""
    if point is None:
        return None
    return tuple(tuple(map(int, each.coeffs)) if hasattr(each, "coeffs") else int(each)
                 for each in point)  # type: ignore[attr-defined,return-value]


@pytest.mark.parametrize("device, group", [("cpu", "g1"), ("cpu", "g2"), ("model", "g1")])
def test_a_sum_is_that_of_the_definition(device: str, group: str) -> None:
    draw = random.Random(3)
    points = [None, *(bn128.multiply(GENERATORS[group], draw.randrange(1, 1 << 40))
                      for _ in range(4))]
    opened = open_device(device)
    msm = Msm(map(ours, points), opened, group)
    assert len(msm) == 5
    for scalars in ([0] * 5, [3, 0, 1, 2, SCALAR_MODULUS - 1],
                    [draw.randrange(SCALAR_MODULUS) for _ in range(5)]):
        right = None
        for point, scalar in zip(points, scalars, strict=True):
            right = bn128.add(right, bn128.multiply(point, scalar))
        result = msm.run(scalars)
        assert result.point == ours(right) == msm.sum(scalars)
        assert result.device == device
        assert bool(result.cycles) == (device != "cpu" and any(scalars[1:])) or not any(scalars)
    opened.close()


def test_nothing_sums_to_infinity() -> None:
    assert Msm([]).sum([]) is None and Msm([None, (0, 0)]).sum([5, 6]) is None


@pytest.mark.parametrize("points, group, said", [
    ([None, (1, 3)], "g1", "point 1 of 2 in g1 is not on the curve"),
    ([(1, 2 + BASE_MODULUS)], "g1", r"point 0 of 1 is \(1, .*; a point is \(x, y\) with num"),
    ([(1, -2)], "g1", "from 0 to p - 1, p = 0x30644e72"),
    ([(1.0, 2.0)], "g1", "with numbers from"),
    ([(1, 2, 1)], "g1", "with numbers from"),
    ([((1, 0), (2, 0))], "g1", "with numbers from"),
    ([(1, 2)], "g2", "with pairs"),
    ([ours(bn128.G2), TWIST_POINT], "g2", "point 1 of 2 in g2 is on the curve, but not of order r"),
    ([], "g3", "there is no group 'g3'; choose one of g1, g2"),
])
def test_what_is_no_point_is_named(points: list[AffinePoint], group: str, said: str) -> None:
    with pytest.raises(ProofmillError, match=said):
        Msm(points, group=group)


def test_wrong_scalars_are_named() -> None:
    msm = Msm([(1, 2), None])
    with pytest.raises(ProofmillError, match="are 2 points and 1 scalars; give one for each"):
        msm.sum([1])
    for wrong in (-1, SCALAR_MODULUS):
        with pytest.raises(ProofmillError, match="scalar 1 of 2 is .*reduce it modulo r = 0x30"):
            msm.sum([1, wrong])
