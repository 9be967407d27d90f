"""Whether many points of G2's curve are in the subgroup of order r, by a few sums."""

import secrets

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import LIMBS, Limbs
from proofmill.host.prover.curve.validity import in_subgroup
from proofmill.host.prover.native.library import G2
from proofmill.host.prover.native.sums import weighted_sum

FEW = 32
"""Points that are tested one by one."""

ROUNDS = 8


def all_in_subgroup(points: Limbs) -> bool:
    """Whether all of `points`, shape (n, 16), on the curve, have an order that divides r.

    Few are tested one by one. Of many, sums with random factors of 16 bits are. The curve has
    r (2 p - r) points, and the least prime factor of 2 p - r is 10,069. If one point is outside,
    the others' factors leave at most one remainder modulo 10,069 for its own with which the sum is
    inside: a chance of at most 7 in 2^16 each time, less than 2^-100 in 8 times.
    """
    if len(points) <= FEW:
        return bool(in_subgroup(Group.G2, points).all())
    content = points.tobytes()
    for _ in range(ROUNDS):
        factors = np.zeros((len(points), LIMBS), dtype=np.uint64)
        factors[:, 0] = np.frombuffer(secrets.token_bytes(2 * len(points)), dtype=np.uint16)
        total = weighted_sum(G2, content, factors.tobytes())
        if not in_subgroup(Group.G2, np.frombuffer(total, dtype=np.uint64).reshape(1, -1))[0]:
            return False
    return True
