"""Points with known logarithms: multiples of a group's generator."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from proofmill.hdl.curve import BN254, Curve, Group
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.devices.arithmetic import ON_BN254 as WITH_MCL
from proofmill.host.prover.devices.arithmetic import Arithmetic
from proofmill.sim.curve import Affine, equation
from proofmill.sim.points import small_generator

DIGIT = 8
"""Bits of a multiple that one look into the table is for."""


@dataclass(frozen=True, eq=False)
class Known:
    """A curve's multiples.

    Parameters
    ----------
    arithmetic : what devices on it leave to this machine.
    multiples : of a group's generator, by plain integers below the order, as points of its files.
    """

    arithmetic: Arithmetic
    multiples: Callable[[Group, Sequence[int]], Limbs]

    @property
    def curve(self) -> Curve:
        """Whose groups."""
        return self.arithmetic.curve

    @property
    def order(self) -> int:
        """Of the groups."""
        return self.curve.scalar.modulus


ON_BN254 = Known(WITH_MCL, lambda group, values: multiply_generator(group, to_limbs(values)))


class _Table:
    """Every multiple of the generators of a curve's groups by a digit, in plain integers."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self._rows: dict[Group, list[list[Affine]]] = {}

    def __call__(self, group: Group, values: Sequence[int]) -> Limbs:
        from proofmill.host.prover.devices.plain import encoded

        if group not in self._rows:
            self._rows[group] = list(self._made(group))
        law, found = equation(self.curve, group), list[Affine]()
        for value in values:
            total: Affine = None
            for row in self._rows[group]:
                total = law.add(total, row[value % (1 << DIGIT)])
                value >>= DIGIT
            found.append(total)
        return encoded(self.curve, group, found)

    def _made(self, group: Group) -> Iterator[list[Affine]]:
        law, base = equation(self.curve, group), small_generator(self.curve, group)
        for _ in range(-(-self.curve.scalar.bits // DIGIT)):
            row: list[Affine] = [None]
            for _ in range((1 << DIGIT) - 1):
                row.append(law.add(row[-1], base))
            base = law.add(row[-1], base)
            yield row


def known_on(name: str) -> Known:
    """The multiples of the curve called `name`, in the groups that it has."""
    if name == BN254.name:
        return ON_BN254
    from proofmill.host.prover.devices.bls12_381 import ON_BLS12_381
    from proofmill.host.prover.devices.plain import ON_BLS12_377

    (own,) = (own for own in (ON_BLS12_381, ON_BLS12_377) if own.curve.name == name)
    return Known(own, _Table(own.curve))
