"""Poseidon as constraints: three for every S-box, nothing for the linear layers.

The wires are the *inputs* x of the S-boxes, with x^2 and x^4; the S-box's result is not a wire
but the linear combination of later wires that the inverse matrix gives::

    x * x = x2,    x2 * x2 = x4,    x4 * x = combination of the next rounds' x

So left and right factors are single wires even in the partial rounds, where going forwards would
make them combinations of up to t + 70 wires; and x4 is never in a right factor, whose points
are the expensive ones in G2.
"""

from collections.abc import Sequence
from functools import cache

from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ConstraintSystem,
    LinearCombination,
    weighted_sum,
)
from proofmill.host.prover.circuits.poseidon import parameters, trace
from proofmill.host.prover.circuits.poseidon_gates import inverted, short_poseidon


def poseidon_cost(inputs: int) -> int:
    """Constraints of one hash: ``3 * (8 * t + partial rounds - 1)`` with t = inputs + 1.

    The first S-box is free, its input being constant. By number of inputs, 1 to 16:
    213, 240, 261, 297, 321, 354, 381, 402, 417, 459, 465, 504, 543, 537, 573, 609.
    """
    return 3 * (parameters(inputs + 1).s_boxes - 1)


def poseidon_gadget(system: ConstraintSystem, inputs: Sequence[LinearCombination], label: str,
                    output: LinearCombination | None = None) -> LinearCombination:
    """The hash of `inputs`; where `output` is given, constrain it to be the hash.

    Costs `poseidon_cost` constraints either way, and as many wires, one less with `output`.
    Sound: the map from inputs to output is a function, every S-box being computed exactly. Where
    `system` wants short sums, it is `short_poseidon`.
    """
    if system.short_sums:
        return short_poseidon(system, inputs, label, output)
    width = len(inputs) + 1
    fixed = parameters(width)
    inverse = _inverse(width)
    last = fixed.rounds - 1

    # Wires, in the order of `trace`.
    targets: list[LinearCombination] = []

    def wire(name: str) -> LinearCombination:
        targets.append(system.internal(f"{label}: {name}"))
        return targets[-1]

    # By round: the S-boxes' inputs as far as they are wires, then the squares and fourth powers.
    entering: list[list[LinearCombination]] = []
    powers: list[list[tuple[LinearCombination, LinearCombination]]] = []
    for number in range(fixed.rounds):
        entering.append([])
        powers.append([])
        for element in range(width if fixed.is_full(number) else 1):
            if number == 0:
                if element == 0:
                    continue
                entering[0].append(inputs[element - 1] + fixed.constants[0][element])
            elif number > 1 or element < width - 1:
                entering[number].append(wire(f"x {number}.{element}"))
            powers[number].append((wire(f"x^2 {number}.{element}"),
                                   wire(f"x^4 {number}.{element}")))
    final = [wire(f"x^5 {last}.{element}") for element in range(1, width)]
    system.hint(lambda values: trace(values)[1], inputs, targets)
    if output is None:
        output = system.internal(f"{label}: output")
        system.hint(lambda values: (trace(values)[0],), inputs, (output,))

    # The second round has `width` inputs but only `width - 1` degrees of freedom, as the first
    # S-box of the first round is constant; the last input follows from the others:
    #     sum over i of inverse[0][i] * (entering[1][i] - constants[1][i]) = fixed result.
    constant_result = pow(fixed.constants[0][0], 5, MODULUS)
    free = entering[1]
    offset = constant_result + sum(
        factor * constant for factor, constant in zip(inverse[0], fixed.constants[1], strict=True))
    scale = pow(inverse[0][-1], -1, MODULUS)
    free.append((offset - weighted_sum(inverse[0][:-1], free)) * scale)

    # Backwards: what leaves the S-boxes of a round, from what enters those of the next.
    leaving: list[list[LinearCombination]] = [[] for _ in range(fixed.rounds)]
    first_row = fixed.matrix[0]
    others = weighted_sum(first_row[1:], final)
    leaving[last] = [(output - others) * pow(first_row[0], -1, MODULUS), *final]
    for number in range(last, 0, -1):
        if not fixed.is_full(number):
            entering[number] += leaving[number][1:]
        mixed = [combination - constant for combination, constant
                 in zip(entering[number], fixed.constants[number], strict=True)]
        leaving[number - 1] = [weighted_sum(row, mixed) for row in inverse]

    for number in range(fixed.rounds):
        first = 1 if number == 0 else 0  # of the first round the first S-box is constant
        for place, (square, fourth) in enumerate(powers[number]):
            value = entering[number][place]
            box = f"{label}: S-box {number}.{place + first}"
            system.assert_product(value, value, square, f"{box}, x^2")
            system.assert_product(square, square, fourth, f"{box}, x^4")
            system.assert_product(fourth, value, leaving[number][place + first], f"{box}, x^5")
    return output


@cache
def _inverse(width: int) -> tuple[tuple[int, ...], ...]:
    """The inverse of the width's matrix; every leading minor of a Cauchy matrix is itself not
    zero."""
    return inverted(parameters(width).matrix)
