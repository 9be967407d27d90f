"""The curves y^2 = x^3 + b whose points the accelerator adds."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proofmill.hdl.field import (
    BLS12_377_BASE,
    BLS12_377_SCALAR,
    BLS12_381_BASE,
    BLS12_381_SCALAR,
    BN254_BASE,
    BN254_SCALAR,
    TOY,
    TOY_SCALAR,
    PrimeField,
)
from proofmill.hdl.formulas import (
    times_3,
    times_9,
    times_12,
    times_12_plus_12u,
    times_12_plus_15u,
)


class Group(enum.Enum):
    """A group of points: G1 over Fp, G2 on the twist over Fp2 = Fp[u] / (u^2 + 1)."""

    G1 = "g1"
    G2 = "g2"

    @property
    def degree(self) -> int:
        """Elements of Fp in one coordinate."""
        return 1 if self is Group.G1 else 2


PRODUCTS = {Group.G1: 12, Group.G2: 36}
"""Products in the addition formula of each group."""


FILE_WORDS = 4
"""Words of a part of a coordinate in a `.zkey`; see `Curve.words`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A curve as the adder needs it.

    Parameters
    ----------
    base : the field of the coordinates.
    scalar : the field of the scalars; its modulus is the order of the groups.
    b : for each group, the b of the curve that the adder adds on, a tuple of field elements.
    times_3b : for each group, the function that multiplies a value by 3 b, by shifts and sums.
    unit : for each group, the z of an affine point as it lies in a file, a tuple of field
        elements. Homogeneous coordinates may be scaled, so x and y go in as they lie there.
    least_words : see `words`.
    """

    name: str
    base: PrimeField
    scalar: PrimeField
    b: dict[Group, tuple[int, ...]]
    times_3b: dict[Group, Callable[[Any], Any]]
    unit: dict[Group, tuple[int, ...]]
    least_words: int = FILE_WORDS

    @property
    def words(self) -> int:
        """Words of 64 bits that a part of a coordinate has in a file, in the memory and in an
        answer: `least_words`, or as many more as the field needs."""
        return max(self.least_words, -(-self.base.bits // 64))

    @property
    def file_radix(self) -> int:
        """Coordinates lie in a file as they are times this, modulo p."""
        return 1 << 64 * self.words

    def point_words(self, group: Group) -> int:
        """Words of an affine point."""
        return 2 * self.words * group.degree

    def unit_at(self, group: Group, scale: int, *, affine: bool) -> tuple[int, ...]:
        """`unit` where coordinates lie as they are times ``2 ** scale``: those of G1, and where
        sums are made of affine points those of G2, on the curve that the adder adds on."""
        if group is not Group.G1 and not affine:
            return self.unit[group]
        return (pow(2, scale, self.base.modulus), *[0] * (group.degree - 1))


FILE_RADIX = 1 << 64 * FILE_WORDS
"""Coordinates lie in a `.zkey` as x * 2^256 mod p, whatever the accelerator's own radix is."""

TWIST_SCALE = (
    2812473348719272798553200206067096318982355028821372182729067907310597582233,
    17553301700754917489409830910672525948509913617207752727626610130020019053803)
"""s in Fp2 with ``s^6 * 3 / (9 + u) = 4 + 5 u``: see `hdl.formulas.times_12_plus_15u`.

The accelerator adds the images (x s^2, y s^3) of G2's points. In homogeneous coordinates that is
(x : y s : s^-2), so of a point as it lies in a file only y is multiplied on the way in; on the
way out (X : Y : Z) stands for (X s : Y : Z s^3).
"""


def quadratic_product(
    a: tuple[int, int], b: tuple[int, int], modulus: int
) -> tuple[int, int]:
    """``a * b`` in Fp2 = Fp[u] / (u^2 + 1), on pairs of integers."""
    return ((a[0] * b[0] - a[1] * b[1]) % modulus, (a[0] * b[1] + a[1] * b[0]) % modulus)


def quadratic_inverse(a: tuple[int, int], modulus: int) -> tuple[int, int]:
    """``1 / a`` in Fp2, the conjugate over the norm."""
    inverse = pow(a[0] * a[0] + a[1] * a[1], -1, modulus)
    return (a[0] * inverse % modulus, -a[1] * inverse % modulus)


def quadratic_power(a: tuple[int, int], exponent: int, modulus: int) -> tuple[int, int]:
    """``a ** exponent`` in Fp2, the exponent not below 0."""
    power = (1, 0)
    for bit in bin(exponent)[2:]:
        power = quadratic_product(power, power, modulus)
        if bit == "1":
            power = quadratic_product(power, a, modulus)
    return power


def _scaled_unit(base: PrimeField) -> tuple[int, int]:
    """The z of a G2 point on the scaled twist, ``s^-2 * 2^256``."""
    square = quadratic_product(TWIST_SCALE, TWIST_SCALE, base.modulus)
    inverse = quadratic_inverse(square, base.modulus)
    return (inverse[0] * FILE_RADIX % base.modulus, inverse[1] * FILE_RADIX % base.modulus)


BN254 = Curve(
    name="bn254", base=BN254_BASE, scalar=BN254_SCALAR, b={Group.G1: (3,), Group.G2: (4, 5)},
    times_3b={Group.G1: times_9, Group.G2: times_12_plus_15u},
    unit={Group.G1: (FILE_RADIX % BN254_BASE.modulus,), Group.G2: _scaled_unit(BN254_BASE)})
"""alt_bn128: G1 is y^2 = x^3 + 3, G2 is y^2 = x^3 + 3 / (9 + u), computed on as 4 + 5 u."""

GENERATOR_G1 = (1, 2)
GENERATOR_G2 = (
    (10857046999023057135944570762232829481370756359578518086990519993285655852781,
     11559732032986387107991004021392285783925812861821192530917403151452391805634),
    (8495653923123431417604973247489272438418190587263600148770280649306958101930,
     4082367875863433681332203403145435568316851327593401208105741076214120093531))
"""BN254's generators, x and y as in EIP-197, which snarkjs uses too; the real part first."""

TOY_CURVE = Curve(
    name="toy", base=TOY, scalar=TOY_SCALAR, b={Group.G1: (3,), Group.G2: (4, 5)},
    times_3b={Group.G1: times_9, Group.G2: times_12_plus_15u},
    unit={Group.G1: (FILE_RADIX % TOY.modulus,), Group.G2: (FILE_RADIX % TOY.modulus, 0)})
"""The same two equations over eight bits: small enough to try every pair of points."""

_RADIX_381 = (1 << 384) % BLS12_381_BASE.modulus

BLS12_381 = Curve(
    name="bls12-381", base=BLS12_381_BASE, scalar=BLS12_381_SCALAR,
    b={Group.G1: (4,), Group.G2: (4, 4)},
    times_3b={Group.G1: times_12, Group.G2: times_12_plus_12u},
    unit={Group.G1: (_RADIX_381,), Group.G2: (_RADIX_381, 0)})
"""The consensus layer's: G1 is y^2 = x^3 + 4, G2 is y^2 = x^3 + 4 + 4 u. Cofactors are odd, so the
formula is right on both curves. Coordinates lie as the native library has them, times 2^384."""

GENERATORS_BLS12_381: dict[Group, tuple[tuple[int, ...], tuple[int, ...]]] = {
    Group.G1: (
        (0x17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb,),
        (0x8b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1,)),
    Group.G2: (
        (0x24aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8,
         0x13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e),
        (0xce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801,
         0x606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be))}
"""... its generators, as the specification of pairing-friendly curves has them (IRTF CFRG,
draft-irtf-cfrg-pairing-friendly-curves, 4.2.1); the real part first."""

BLS12_377 = Curve(
    name="bls12-377", base=BLS12_377_BASE, scalar=BLS12_377_SCALAR, b={Group.G1: (1,)},
    times_3b={Group.G1: times_3}, unit={Group.G1: ((1 << 384) % BLS12_377_BASE.modulus,)})
"""G1 alone, y^2 = x^3 + 1, on which the ZPrize's accelerators were measured. The curve has three
points of order two, so the formula is right on the points of odd order: those of G1, and no others
may be added."""

GENERATOR_BLS12_377 = (
    (0x8848defe740a67c8fc6225bf87ff5485951e2caa9d41bb188282c8bd37cb5cd5481512ffcd394eeab9b16eb21be9ef,),
    (0x1914a69c5102eff1f674f5d30afeec4bd7fb348ca3e52d96d182ad44fb82305c2fe3d3634a9591afd82de55559c8ea6,))
"""... its generator, as arkworks and gnark have it."""

CURVES = {curve.name: curve for curve in (BN254, BLS12_381, BLS12_377, TOY_CURVE)}
"""The curves by name; a name stands for one curve, since gateware is known by it."""
