"""The prime fields this project computes in: everything that follows from a modulus, derived once.

A toy field comes first: every unit is exhausted there before it runs at full width.
"""

from dataclasses import dataclass
from functools import cache

BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)


def is_prime(number: int) -> bool:
    """Whether an odd `number` is prime: Miller and Rabin's test to the bases `BASES`.

    Proven below 3.3e24 (Sorenson and Webster, "Strong pseudoprimes to twelve prime bases", 2017);
    above, a number that is not prime and was not made to deceive the test does not pass it.
    """
    if number in BASES:
        return True
    twos = (number - 1 & -(number - 1)).bit_length() - 1
    for base in BASES:
        power = pow(base, number - 1 >> twos, number)
        if power != 1 and all(pow(power, 1 << n, number) != number - 1 for n in range(twos)):
            return False
    return True


@cache
def _no_square(modulus: int) -> int:
    return next(n for n in range(2, modulus) if pow(n, modulus >> 1, modulus) != 1)


def square_root(value: int, modulus: int) -> int:
    """The smaller square root modulo an odd prime, by Tonelli and Shanks; ValueError where there is
    none."""
    value %= modulus
    if value == 0:
        return 0
    if pow(value, modulus >> 1, modulus) != 1:
        raise ValueError(f"{value} is no square modulo {modulus}")
    twos = (modulus - 1 & 1 - modulus).bit_length() - 1
    odd = modulus - 1 >> twos
    root, rest = pow(value, (odd + 1) // 2, modulus), pow(value, odd, modulus)
    unity = pow(_no_square(modulus), odd, modulus)
    while rest != 1:
        order, power = 0, rest
        while power != 1:
            power, order = power * power % modulus, order + 1
        unity = pow(unity, 1 << twos - order - 1, modulus)
        root, unity, twos = root * unity % modulus, unity * unity % modulus, order
        rest = rest * unity % modulus
    return min(root, modulus - root)


@dataclass(frozen=True, kw_only=True)
class PrimeField:
    """The integers modulo an odd prime.

    How the hardware represents them (digits, limbs, Montgomery's radix) is the multiplier's
    business, `hdl.montgomery.MultiplierShape`; this is only *what* is computed.
    """

    name: str
    modulus: int

    def __post_init__(self) -> None:
        if self.modulus < 3 or self.modulus % 2 == 0:
            raise ValueError(
                f"{self.name}: the modulus must be odd and at least 3, not {self.modulus}")
        if not is_prime(self.modulus):
            raise ValueError(f"{self.name}: the modulus must be a prime, and {self.modulus} is not")

    @property
    def bits(self) -> int:
        """Bits of the largest canonical value."""
        return self.modulus.bit_length()

    @property
    def register_bits(self) -> int:
        """Bits of a value below twice the modulus, as processors' registers have them."""
        return (2 * self.modulus - 1).bit_length()


TOY = PrimeField(name="toy", modulus=163)
"""Eight bits. y^2 = x^3 + 3 has 181 points over it, a prime; y^2 = x^3 + 4 + 5 u over its
quadratic extension has 147 * 181. So the toy curves take the very formulas of BN254."""

TOY_SCALAR = PrimeField(name="toy-scalar", modulus=181)
"""The order of the toy curves' groups."""

TOY_ROOTS = PrimeField(name="toy-roots", modulus=193)
"""Eight bits, and roots of unity up to order 2^6: for transforms."""

BN254_BASE = PrimeField(
    name="bn254-base",
    modulus=21888242871839275222246405745257275088696311157297823662689037894645226208583)
"""Coordinates of BN254 (alt_bn128, EIP-196)."""

BN254_SCALAR = PrimeField(
    name="bn254-scalar",
    modulus=21888242871839275222246405745257275088548364400416034343698204186575808495617)
"""Scalars of BN254: the order of its groups, the field of Groth16's circuits."""

BLS12_381_BASE = PrimeField(
    name="bls12-381-base",
    modulus=0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab)
"""Coordinates of BLS12-381, the curve of the consensus layer's signatures and of its blobs."""

BLS12_381_SCALAR = PrimeField(
    name="bls12-381-scalar",
    modulus=0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001)
"""Scalars of BLS12-381: the order of its groups, the field of a blob's elements (EIP-4844)."""

BLS12_377_BASE = PrimeField(
    name="bls12-377-base",
    modulus=0x1ae3a4617c510eac63b05c06ca1493b1a22d9f300f5138f1ef3622fba094800170b5d44300000008508c00000000001)
"""Coordinates of BLS12-377 (Bowe, Chiesa, Green, Miers, Mishra and Wu, "Zexe", eprint 2018/962):
``(x - 1)^2 (x^4 - x^2 + 1) / 3 + x`` of x = 0x8508c00000000001. p - 1 has 46 factors of two."""

BLS12_377_SCALAR = PrimeField(
    name="bls12-377-scalar",
    modulus=0x12ab655e9a2ca55660b44d1e5c37b00159aa76fed00000010a11800000000001)
"""Scalars of BLS12-377, ``x^4 - x^2 + 1``: the order of its groups."""

FIELDS = {field.name: field for field in (
    TOY, TOY_SCALAR, TOY_ROOTS, BN254_BASE, BN254_SCALAR, BLS12_381_BASE,
    BLS12_381_SCALAR, BLS12_377_BASE, BLS12_377_SCALAR)}
"""The fields by name; a name stands for one field, since gateware is known by it."""
