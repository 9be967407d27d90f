"""Whole programs of pairings, by the processor they are for."""

from functools import cache

from proofmill.firmware.pairing.exponentiation import final_exponentiation
from proofmill.firmware.pairing.miller import LOOP, G1Point, G2Point, Loop, Stored
from proofmill.firmware.pairing.tower import Fp2, product, square
from proofmill.firmware.straight_line import Builder, Symbol, signed_digits
from proofmill.firmware.wide_program import WideProgram, assemble
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.wide_shape import WideShape

VALUES = 12
"""Words of an element of Fp12: re and im of the coefficients of 1, w, ..., w^5."""

MUST_BE_ZERO = 7
"""Words that `pairing` sends after the value, all 0 if both points lie on their curves and Q has
order r; two more follow, and then one of them is not."""

LINES = len(signed_digits(LOOP)) - 1 + sum(map(bool, signed_digits(LOOP)[:-1])) + 2
"""Lines of a Miller loop: the doublings', the additions', and two at the end."""

AHEAD = 400
"""Words before their turn in which a check's lines may be made: see `list_schedule.schedule`."""

AHEAD_BUSY = 1500
"""... where all units are busy nearly always: another check waits for them, too, or they are those
of an accelerator, where a word is `hdl.check_shape.ROUND` cycles."""

AHEAD_FOLDED = 60
"""Words before their turn of whatever is to be computed where adders wait for the multiplier."""


def _elements(builder: Builder, count: int, scale: int = 1) -> list[Fp2]:
    return [Fp2(builder.input(scale), builder.input(scale)) for _ in range(count)]


def _of_base_field(shape: WideShape) -> Builder:
    if shape.field != BN254_BASE:
        raise ValueError(f"the pairing is in {BN254_BASE.name}, not in {shape.field.name}")
    return Builder(shape)


def _g1_point(builder: Builder) -> G1Point:
    return G1Point(builder.input(), builder.input(), builder.input())


def _affine_point(builder: Builder, scale: int) -> G1Point:
    """x and y, both 0 at infinity: there y has the inverse 0, and its product with that is z."""
    x, y = builder.input(scale), builder.input(scale)
    z = (y * builder.inverse(y)).computed()
    return G1Point(x, (y + builder.constant(1) - z).computed(), z)


def _off_curve(p: G1Point) -> Symbol:
    return p.y * p.y * p.z - p.x * p.x * p.x - (p.z * p.z * p.z).times(3)


def _tests(builder: Builder, loop: Loop) -> list[Fp2]:
    """Zeros if Q lies on its curve and has order r, and at last what is then not zero."""
    q = loop.q
    # y^2 = x^3 + 3 / xi, times xi.
    curve = (q.y.square() - q.x.square().computed() * q.x).computed().by_xi()
    return [curve - Fp2(builder.constant(3), builder.nothing()), *loop.outside()]


def _send_tests(builder: Builder, loop: Loop) -> None:
    """What is said at `MUST_BE_ZERO`, and the two words after."""
    builder.output(_off_curve(loop.p))
    for part in _tests(builder, loop):
        _send(builder, part)


@cache
def pairing(shape: WideShape, count: int = 1) -> WideProgram:
    """The optimal ate pairing of P and Q to the power of `exponentiation.MULTIPLE`; of `count`
    pairs beside each other, which have nothing in common but the processor.

    In, of each pair: x, y, z of P, (x / z, y / z), at infinity 0, 1, 0; re and im of x and of y of
    Q, which is finite. Out, of each: the value, and what is said at `MUST_BE_ZERO`; where those
    words are not as they must be, the value is of no use.
    """
    builder = _of_base_field(shape)
    loops = [Loop(builder, _g1_point(builder), G2Point(*_elements(builder, 2)))
             for _ in range(count)]
    for loop in loops:
        value = final_exponentiation(builder, loop.run()).unscaled()
        for part in value.f:
            _send(builder, part)
        _send_tests(builder, loop)
    return assemble(builder, AHEAD_FOLDED if builder.saves_products else 0)


@cache
def groth16_check(shape: WideShape, count: int = 1) -> WideProgram:
    """Whether ``e(A, B) e(L, -gamma) e(C, -delta)`` is e(alpha, beta): three Miller loops with the
    same squares, one final exponentiation. Of `count` proofs of one key beside each other, none of
    which makes a difference to another.

    In, of each: x, y, z of A, re and im of x and of y of B, x, y, z of L and of C. The key: the
    lines of -gamma and of -delta, taken in turns (see `miller.Stored`), each two elements of Fp2,
    then e(alpha, beta) as `pairing` gives it. Out, of each: `VALUES` words and one for C, which are
    0, and what is said at `MUST_BE_ZERO`, of A and B, if the proof is right.
    """
    builder = _of_base_field(shape)
    proofs = [(_g1_point(builder), G2Point(*_elements(builder, 2)), _g1_point(builder),
               _g1_point(builder)) for _ in range(count)]
    stored, right = _key(builder)
    for a, b, signals, c in proofs:
        loop = _send_value(builder, (a, b, signals, c), stored, right)
        builder.output(_off_curve(c))
        _send_tests(builder, loop)
    return assemble(builder, AHEAD_FOLDED if builder.saves_products else
                    AHEAD_BUSY if count > 1 else AHEAD)


@cache
def proof_check(shape: WideShape, scale: int) -> WideProgram:
    """`groth16_check` for a processor that says whether all that is sent is zero.

    In: x, y of A and of C, re and im of x and of y of B, x, y of L, the way they lie in a file:
    times `scale`, zeros at infinity, where B is not. The key is the same. Out: `VALUES` words, one
    each for A, C and L, and those for B, which are all 0 if the proof is right: instead of z, which
    must not be zero, its norm times the inverse of that, less one.
    """
    builder = _of_base_field(shape)
    a, c = (_affine_point(builder, scale) for _ in range(2))
    b = G2Point(*_elements(builder, 2, scale))
    signals = _affine_point(builder, scale)
    loop = _send_value(builder, (a, b, signals, c), *_key(builder))
    for p in (a, c, signals):
        builder.output(_off_curve(p))
    *zeros, z = _tests(builder, loop)
    for part in zeros:
        _send(builder, part)
    z = z.computed()
    norm = (z.re * z.re + z.im * z.im).computed()
    builder.output(norm * builder.inverse(norm) - builder.constant(1))
    return assemble(builder, AHEAD_FOLDED if builder.saves_products else AHEAD_BUSY)


Lines = list[tuple[Fp2, Fp2]]


def _key(builder: Builder) -> tuple[list[Lines], list[Fp2]]:
    """The lines of -gamma and of -delta, and e(alpha, beta)."""
    stored: list[Lines] = [[], []]
    for _ in range(LINES):
        for lines in stored:
            lines.append((_from_key(builder), _from_key(builder)))
    return stored, [_from_key(builder) for _ in range(VALUES // 2)]


def _send_value(builder: Builder, proof: tuple[G1Point, G2Point, G1Point, G1Point],
                stored: list[Lines], right: list[Fp2]) -> Loop:
    """Send what is zero if the pairings of A and B, of L and of C are the `right` one, and return
    the loop of A and B."""
    a, b, signals, c = proof
    loop = Loop(builder, a, b, [Stored(signals, iter(stored[0])), Stored(c, iter(stored[1]))])
    value = final_exponentiation(builder, loop.run()).unscaled()
    one = builder.constant(1)
    for part, wanted in zip(value.f, right, strict=True):
        _send(builder, part - wanted.scaled(one))
    return loop


def _from_key(builder: Builder) -> Fp2:
    return Fp2(builder.key(), builder.key())


@cache
def tower_product(shape: WideShape) -> WideProgram:
    """Four times the product of two elements of Fp12; then the square of the first. A program
    that is short enough for slow simulators."""
    builder = _of_base_field(shape)
    f, g = _elements(builder, 6), _elements(builder, 6)
    for part in [*product(f, g), *square(f)]:
        _send(builder, part)
    return assemble(builder)


def _send(builder: Builder, part: Fp2) -> None:
    symbols: tuple[Symbol, ...] = (part.re, part.im)
    for symbol in symbols:
        builder.output(symbol)
