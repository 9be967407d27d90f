"""Where the numbers of a proof lie in an accelerator's memory, so that each of its sums finds the
scalars of its finite points one after the other::

    s 1 | wires of B alone | of A and B | of A alone | 1 r | other wires | s r 1 1
    <------------- B ------------------>
      <----------- B in G1 ------------>
                             <------------- A ------------>
            <------------------- C ---------------------------->

So nothing is multiplied that is at infinity, but in the sum C, which has no points for the public
wires and for the two numbers among its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.points import infinity, is_infinity

Indices = NDArray[np.int64]

CLOSING = 4
"""Numbers at the end: those that four of the sums are multiplied by."""


@dataclass(frozen=True)
class Places:
    """Of one key. Where its proofs are checked, the numbers at the end are r 1 1 s, and the public
    wires' values lie side by side, as far as they are among those of A.

    Parameters
    ----------
    numbers : what lies at each place: a wire, or behind these 1, r and s.
    wires : the place of each wire.
    starts : the places of the first scalars of A, B in G1, B, C.
    points : of these sums, in the order of their scalars, and of H.
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

    @property
    def closing(self) -> int:
        """The place of the first number that the sums are multiplied by."""
        return len(self.numbers) - CLOSING


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
    closing = [s, r, one, one]
    if signals is not None:
        closing = [r, one, one, s]
        both = np.concatenate([both[both >= private], both[both < private]])
    numbers = np.concatenate([[s, one], b_alone, both, a_alone, [one, r], others, closing])
    place = np.zeros(wires + 3, np.int64)
    place[numbers[:-CLOSING]] = np.arange(len(numbers) - CLOSING)
    place = place[:wires]
    from_a = 2 + len(b_alone)
    to_b = from_a + len(both)
    to_a = to_b + len(a_alone) + 2
    of_c = place[private:][~is_infinity(c)]
    from_c, to_c = (int(of_c.min()), int(of_c.max()) + 1) if len(of_c) else (0, 1)
    g1, g2 = Group.G1, Group.G2
    found = [
        _arranged(g1, a[:wires], place - from_a, to_a - from_a),
        _arranged(g1, b_g1[:wires], place - 1, to_b - 1),
        _arranged(g2, b[:wires], place, to_b),
        _arranged(g1, c, place[private:] - from_c, to_c - from_c),
        h if len(h) else infinity(g1)[np.newaxis]]
    found[0][-2:] = a[wires:]
    found[1][0] = b_g1[wires]
    found[2][:2] = b[[wires + 1, wires]]
    public = None
    if signals is not None:
        own = place[:len(signals)]
        first = int(own.min())
        public = first, _arranged(g1, signals, own - first, int(own.max()) + 1 - first)
    return Places(numbers, place, (from_a, 1, 0, from_c), found, public)


def _arranged(group: Group, points: Limbs, places: Indices, size: int) -> Limbs:
    """Those of `points` that are finite at their places of so many, infinity at all others."""
    found, finite = np.repeat(infinity(group)[np.newaxis], size, axis=0), ~is_infinity(points)
    found[places[finite]] = points[finite]
    return found
