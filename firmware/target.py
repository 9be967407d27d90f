"""What a program is assembled for, and the names its expressions may use."""

from dataclasses import dataclass

from proofmill.hdl.curve import (
    FILE_RADIX,
    TWIST_SCALE,
    Curve,
    Group,
    quadratic_inverse,
    quadratic_product,
)
from proofmill.hdl.processor_shape import ProcessorShape


@dataclass(frozen=True, kw_only=True)
class Target:
    """A processor, and the curve whose formulas ``.formula`` stands for (None: no curve)."""

    shape: ProcessorShape
    curve: Curve | None = None

    def symbols(self) -> dict[str, int]:
        """The names that every program can use.

        ``modulus``, ``bits`` (of the modulus), ``radix`` (Montgomery's), ``file_radix`` (a file
        holds x times this: a ``.zkey`` x * 2^256), ``inverter`` (1 where the processor has one,
        else 0), and of a curve ``twist_x_re``, ``twist_x_im``, ``twist_y_re``, ``twist_y_im``: s^-2
        and s^-3, by which x and y of a G2 point on the accelerator's twist are multiplied for the
        file's, see `hdl.curve.TWIST_SCALE`.
        """
        modulus = self.shape.field.modulus
        names = {"modulus": modulus, "bits": self.shape.field.bits,
                 "radix": self.shape.multiplier.radix,
                 "inverter": int(self.shape.inverter is not None),
                 "file_radix": self.curve.file_radix if self.curve else FILE_RADIX}
        if self.curve is not None:
            x, y = twist_factors(self.curve)
            names |= {"twist_x_re": x[0], "twist_x_im": x[1],
                      "twist_y_re": y[0], "twist_y_im": y[1]}
        return names


def twist_factors(curve: Curve) -> tuple[tuple[int, int], tuple[int, int]]:
    """(s^-2, s^-3) for the scale s between `curve`'s G2 and the twist it is computed on; of a
    curve without G2 those of s = 1."""
    modulus = curve.base.modulus
    unit = curve.file_radix % modulus
    if curve.unit.get(Group.G2, (unit, 0)) == (unit, 0):  # computed on as it is: s = 1
        return (1, 0), (1, 0)
    inverse = quadratic_inverse(TWIST_SCALE, modulus)
    square = quadratic_product(inverse, inverse, modulus)
    if curve.unit[Group.G2] != quadratic_product(square, (unit, 0), modulus):
        raise ValueError(f"{curve.name}: the z of a G2 point belongs to another twist than "
                         "proofmill.hdl.curve.TWIST_SCALE; say here what its scale is")
    return square, quadratic_product(square, inverse, modulus)
