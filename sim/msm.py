"""Multi-scalar multiplication by its definition, and the parts the accelerator cuts it into."""

from collections.abc import Mapping, Sequence

from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.windows import WindowPlan, halves
from proofmill.sim.curve import Affine, Equation, equation, to_affine


def multi_scalar_product(
        equation: Equation, scalars: Sequence[int], points: Sequence[Affine]) -> Affine:
    """The sum of every scalar times its point."""
    total: Affine = None
    for scalar, point in zip(scalars, points, strict=True):
        total = equation.add(total, equation.multiply(scalar, point))
    return total


def signed_digits(scalar: int, plan: WindowPlan) -> list[int]:
    """The digits d with ``scalar = sum(d[w] << position(w))``, ``-half <= d[w] < half``, of all
    slices.

    `half` is ``2 ** (width(w) - 1)``. The last digit is what is left; it is not negative, and
    `half` at the most. To a base b they are those of `WindowPlan.balanced`, the highest first, each
    at least ``-(b // 2)`` and below ``b - b // 2``.
    """
    digits: list[int] = []
    if plan.base:
        left, half = plan.balanced(scalar), plan.base // 2
        for _ in range(plan.copies):
            digits.insert(0, (left + half) % plan.base - half)
            left = (left - digits[0]) // plan.base
        assert left == 0
        return digits
    for window in range(plan.digits - 1):
        base, half = 1 << plan.width(window), 1 << (plan.width(window) - 1)
        digit = scalar % base
        if digit >= half:
            digit -= base
        digits.append(digit)
        scalar = (scalar - digit) // base
    assert 0 <= scalar <= 1 << (plan.width(plan.digits - 1) - 1)
    return [*digits, scalar]


def copies(equation: Equation, plan: WindowPlan, point: Affine) -> list[Affine]:
    """What is stored of `point`: for every slice n, ``2 ** (stride * n) * point``; see
    `WindowPlan.multiple`."""
    return [equation.multiply(plan.multiple(n), point) for n in range(plan.copies)]


def buckets(equation: Equation, plan: WindowPlan, scalars: Sequence[int],
            points: Sequence[Affine]) -> dict[tuple[int, int], Affine]:
    """Bucket (w, j): the sum of the copies whose digit w of their slice is j, less those where it
    is -j."""
    sums: dict[tuple[int, int], Affine] = {}
    for scalar, point in zip(scalars, points, strict=True):
        stored = copies(equation, plan, point)
        for number, digit in enumerate(signed_digits(scalar, plan)):
            if digit and point is not None:
                copy, window = divmod(number, plan.windows)
                key, own = (window, abs(digit)), stored[copy]
                signed = own if digit > 0 else equation.negate(own)
                sums[key] = equation.add(sums.get(key), signed)
    return sums


def group_of_bit(plan: WindowPlan, window: int, bit: int) -> int:
    """The last level's group in which bit `bit` of window `window`'s bucket numbers is gathered.

    A level cuts a number into a low part of half its width and a high part; the group's number
    gets one binary place a level, which says in which part the bit lies.
    """
    group = window
    for width in halves(plan.window):
        group = 2 * group + (bit >= width)
        bit -= width if bit >= width else 0
    return group


def last_level(equation: Equation, plan: WindowPlan, scalars: Sequence[int],
               points: Sequence[Affine]) -> dict[int, Affine]:
    """What the accelerator hands out: for each group, the sum of the buckets whose number has
    that bit. A group with no point in it is left out; one whose points cancel is infinity."""
    groups: dict[int, Affine] = {}
    for (window, number), point in buckets(equation, plan, scalars, points).items():
        for bit in range(plan.window):
            if number >> bit & 1:
                group = group_of_bit(plan, window, bit)
                groups[group] = equation.add(groups.get(group), point)
    return groups


def exponent_of_group(plan: WindowPlan, group: int) -> int:
    """The power of two that `group`, as `group_of_bit` numbers it, counts for."""
    window, path = divmod(group, 1 << len(halves(plan.window)))
    return plan.exponent(path, first=window)


def combine(equation: Equation, plan: WindowPlan, groups: dict[int, Affine]) -> Affine:
    """The host's part: the sum of the groups times their powers of two."""
    return weighted_by_powers(equation, {
        exponent_of_group(plan, group): point for group, point in groups.items()})


def weighted_by_powers(equation: Equation, points: Mapping[int, Affine]) -> Affine:
    """The sum of ``2 ** exponent`` times each point, given by its exponent: the highest first, and
    doublings on the way to the next (Horner)."""
    total, above = None, 0
    for exponent in sorted(points, reverse=True):
        total = equation.add(equation.multiply(1 << max(0, above - exponent), total),
                             points[exponent])
        above = exponent
    return equation.multiply(1 << above, total)


def count_additions(plan: WindowPlan, scalars: Sequence[int], points: Sequence[Affine]) -> int:
    """The additions the accelerator makes: in each level one for every operand that does not
    find its mailbox empty. A mailbox stays full even where its points cancel."""
    operands = [(number % plan.windows, abs(digit))
                for scalar, point in zip(scalars, points, strict=True) if point is not None
                for number, digit in enumerate(signed_digits(scalar, plan)) if digit]
    additions = len(operands) - len(set(operands))
    for half in halves(plan.window):
        operands = [(2 * group + side, part) for group, number in set(operands)
                    for side, part in enumerate((number % (1 << half), number >> half)) if part]
        additions += len(operands) - len(set(operands))
    return additions


def sum_of_groups(curve: Curve, group: Group, points: Mapping[int, Sequence[int]]) -> Affine:
    """What an answer stands for that was not finished on the chip: the sum of ``2 ** exponent``
    times each point, given by its exponent, in homogeneous coordinates that need not be reduced."""
    degree, affine = group.degree, dict[int, Affine]()
    for exponent, parts in points.items():
        x, y, z = (tuple(parts[degree * n:degree * (n + 1)]) for n in range(3))
        affine[exponent] = to_affine((x, y, z), curve.base.modulus)
    return weighted_by_powers(equation(curve, group), affine)
