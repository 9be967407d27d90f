"""One point at a time in plain integers: from Jacobian coordinates, and whether it is a point."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from proofmill.hdl.curve import Group, quadratic_inverse, quadratic_product
from proofmill.hdl.field import BN254_BASE
from proofmill.host.prover.native.library import G2, library_if_there

if TYPE_CHECKING:
    from proofmill.host.prover.curve.limbs import Limbs

P = BN254_BASE.modulus
Pair = tuple[int, int]
"""An element of Fp2 = Fp[u] / (u^2 + 1), real part first; those of Fp have no imaginary part."""


def to_affine(group: Group, jacobian: Sequence[int]) -> tuple[int, ...]:
    """(X / Z^2, Y / Z^3) of coordinates below p, three in G1 and three pairs in G2; Z is not 0."""
    x, y, z = (_pair(jacobian[at:at + group.degree]) for at in range(0, 3 * group.degree,
                                                                    group.degree))
    inverse = quadratic_inverse(z, P)
    square = quadratic_product(inverse, inverse, P)
    affine = (quadratic_product(x, square, P),
              quadratic_product(y, quadratic_product(square, inverse, P), P))
    return tuple(part for each in affine for part in each[:group.degree])


def on_curve(group: Group, point: Sequence[int]) -> bool:
    """Whether y^2 = x^3 + 3, in G2 y^2 = x^3 + 3 / (9 + u), or it is infinity."""
    if not any(point):
        return True
    x, y = _pair(point[:group.degree]), _pair(point[group.degree:])
    left = quadratic_product(y, y, P)
    right = quadratic_product(x, quadratic_product(x, x, P), P)
    rest = ((left[0] - right[0]) % P, (left[1] - right[1]) % P)
    return (rest if group is Group.G1 else quadratic_product((9, 1), rest, P)) == (3, 0)


def in_subgroup(group: Group, point: Sequence[int]) -> bool:
    """Whether a point of the curve has an order that divides r."""
    if group is Group.G1:
        return True
    code = library_if_there()
    if code is not None:
        words = b"".join(part.to_bytes(32, "little") for part in point)
        return bool(code.in_group(G2, words))
    from proofmill.host.prover.curve import validity

    return bool(validity.in_subgroup(group, to_array(group, point).reshape(1, -1))[0])


def to_array(group: Group, point: Sequence[int]) -> "Limbs":
    """The point as `host.prover.curve.points` lays it out, shape (8,) or (16,)."""
    from proofmill.host.prover.curve.limbs import from_coordinates

    return from_coordinates(point).reshape(-1)


def from_array(group: Group, points: "Limbs") -> list[tuple[int, ...]]:
    """Points that are so laid out, shape (n, 8) or (n, 16), or one, in plain coordinates."""
    from proofmill.host.prover.curve.limbs import to_coordinates

    values = to_coordinates(points)
    each = 2 * group.degree
    return [tuple(values[at:at + each]) for at in range(0, len(values), each)]


def _pair(parts: Sequence[int]) -> Pair:
    return parts[0], parts[1] if len(parts) > 1 else 0
