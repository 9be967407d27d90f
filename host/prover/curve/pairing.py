"""The optimal Ate pairing e: G1 x G2 -> GT on BN254."""

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import Limbs, to_coordinates
from proofmill.host.prover.curve.mcl import TARGET_LIMBS, library
from proofmill.host.prover.curve.points import to_jacobian


def product_is_one(g1_points: Limbs, g2_points: Limbs) -> bool:
    """Whether ``e(g1_points[0], g2_points[0]) * e(g1_points[1], g2_points[1]) * ... == 1``.

    Shapes (n, 8) and (n, 16). All points must be in their subgroups; a pair with a point at
    infinity counts as 1.
    """
    # Held by a name: an address alone keeps nothing, and other threads would be given the memory.
    value = product(g1_points, g2_points)
    return bool(library().target_is_one(value.ctypes.data))


def coefficients(g1_point: Limbs, g2_point: Limbs) -> list[list[list[int]]]:
    """``e(g1_point, g2_point)`` in Fp12, shape [2][3][2], as snarkjs' ``vk_alphabeta_12``.

    Fp12 = Fp6[w] / (w^2 - v), Fp6 = Fp2[v] / (v^3 - 9 - u), Fp2 = Fp[u] / (u^2 + 1), lowest powers
    first, plain integers.
    """
    flat = to_coordinates(product(g1_point.reshape(1, -1), g2_point.reshape(1, -1)))
    return [[[flat[6 * w + 2 * v + u] for u in range(2)] for v in range(3)] for w in range(2)]


def product(g1_points: Limbs, g2_points: Limbs) -> Limbs:
    """``e(g1_points[0], g2_points[0]) * ...`` as an element of `host.prover.curve.target`, (48,).

    Points as for `product_is_one`.
    """
    mcl = library()
    left, right = to_jacobian(Group.G1, g1_points), to_jacobian(Group.G2, g2_points)
    value = np.zeros(TARGET_LIMBS, dtype=np.uint64)
    mcl.miller_loop_vector(
        value.ctypes.data, left.ctypes.data, right.ctypes.data, len(left))
    mcl.final_exponentiation(value.ctypes.data, value.ctypes.data)
    return value
