"""Where the numbers of a proof lie in an accelerator's memory, so that each of its sums finds the
scalars of its finite points one after the other::

    r 1 s | wires of B alone | of A and B | of A alone | 1 r | other wires | h
      <------------- B ------------------>
                               <------------- A ------------>
              <------------------- C and H ----------------------------------->

So nothing is multiplied that is at infinity, but s in G1, and in the sum of C and H, which has no
points for the public wires and for the two numbers among its own. The first three numbers are those
that B in G1, C and H, and A are multiplied by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.points import infinity, is_infinity

Indices = NDArray[np.int64]

CLOSING = 3
"""Numbers at the beginning: those that as many of the sums are multiplied by."""


@dataclass(frozen=True)
class Places:
    """Of one key. Where its proofs are checked, the public wires' values lie side by side, as far
    as they are among those of A.

    Parameters
    ----------
    numbers : what lies at each place: a wire, or behind these 1, r and s.
    wires : the place of each wire.
    starts : the places of the first scalars of A, B in G1, B, and of C and H.
    points : of these sums, in the order of their scalars; those of H are behind the last number.
    signals : the place of the first scalar of the public wires' sum, and its points, likewise.
    """

    numbers: Indices
    wires: Indices
    starts: Sequence[int]
    points: Sequence[Limbs]
    signals: tuple[int, Limbs] | None = None

    def data(self, witness: Limbs, blinding: tuple[int, int]) -> Limbs:
        """The scalars, shape (places, 4), of a witness and the random numbers r, s."""
        return np.concatenate([witness, to_limbs([1, *blinding])])[self.numbers]


def places_of(points: Sequence[Limbs], private: int, signals: Limbs | None = None) -> Places:
    """The places of a key's numbers; what is given is as `device.Proving.hold` says, and the points
    of the public wires where proofs are checked."""
    a, b_g1, b, c, h = points
    wires = len(b_g1) - 1
    one, r, s = range(wires, wires + 3)
    of_a = ~is_infinity(a[:wires])
    of_b = ~is_infinity(b_g1[:wires]) | ~is_infinity(b[:wires])
    b_alone, both, a_alone, others = map(np.flatnonzero, (
        of_b & ~of_a, of_a & of_b, of_a & ~of_b, ~of_a & ~of_b))
    if signals is not None:
        both = np.concatenate([both[both >= private], both[both < private]])
    numbers = np.concatenate([[r, one, s], b_alone, both, a_alone, [one, r], others])
    place = np.zeros(wires + 3, np.int64)
    place[numbers] = np.arange(len(numbers))
    place = place[:wires]
    from_b, from_a = 1, CLOSING + len(b_alone)
    to_b = from_a + len(both)
    to_a = to_b + len(a_alone) + 2
    of_c = place[private:][~is_infinity(c)]
    from_c = int(of_c.min()) if len(of_c) else len(numbers)
    g1, g2 = Group.G1, Group.G2
    together = np.concatenate([
        _arranged(g1, c, place[private:] - from_c, len(numbers) - from_c), h])
    found = [
        _arranged(g1, a[:wires], place - from_a, to_a - from_a),
        _arranged(g1, b_g1[:wires], place - from_b, to_b - from_b),
        _arranged(g2, b[:wires], place - from_b, to_b - from_b),
        together if len(together) else infinity(g1)[np.newaxis]]
    found[0][-2:] = a[wires:]
    found[1][0] = b_g1[wires]
    found[2][:2] = b[wires:]
    public = None
    if signals is not None:
        own = place[:len(signals)]
        first = int(own.min())
        public = first, _arranged(g1, signals, own - first, int(own.max()) + 1 - first)
    return Places(numbers, place, (from_a, from_b, from_b, from_c), found, public)


def _arranged(group: Group, points: Limbs, places: Indices, size: int) -> Limbs:
    """Those of `points` that are finite at their places of so many, infinity at all others."""
    found, finite = np.repeat(infinity(group)[np.newaxis], size, axis=0), ~is_infinity(points)
    found[places[finite]] = points[finite]
    return found
