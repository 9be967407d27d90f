"""Poseidon as constraints with short sums, of which PLONK makes few gates.

A sum of k wires costs PLONK about k gates, while R1CS has it for nothing: so here every element of
the state is a wire after each linear layer. In the partial rounds only the first element goes
through an S-box; with the matrix ``[[m, v], [w, N]]`` and the others written as ``A u``, A changing
from round to round, a round is::

    y = x^5,    x' = m y + v A u,    u' = u + (N A)^-1 w y,    A' = N A

so that all but one of its sums have two terms. (Grassi et al., ePrint 2019/458, appendix B.)
"""

from collections.abc import Sequence
from functools import cache

from proofmill.host.prover.circuits.constraints import (
    MODULUS,
    ConstraintSystem,
    LinearCombination,
    as_combination,
    weighted_sum,
)
from proofmill.host.prover.circuits.poseidon import parameters

Matrix = tuple[tuple[int, ...], ...]


def short_poseidon(system: ConstraintSystem, inputs: Sequence[LinearCombination], label: str,
                   output: LinearCombination | None = None) -> LinearCombination:
    """As `host.prover.circuits.poseidon_gadget.poseidon_gadget`, with more constraints and fewer
    gates."""
    fixed = parameters(len(inputs) + 1)
    state = [LinearCombination(), *inputs]
    partial = [number for number in range(fixed.rounds) if not fixed.is_full(number)]
    bases = _bases(fixed.matrix, len(partial))

    def kept(value: LinearCombination, name: str) -> LinearCombination:
        return system.shortened(value, f"{label}: {name}")

    def fifth(value: LinearCombination, name: str) -> LinearCombination:
        if (constant := value.constant) is not None:
            return as_combination(pow(constant, 5, MODULUS))
        value = kept(value, f"x {name}")
        square = system.multiply(value, value, f"{label}: x^2 {name}")
        fourth = system.multiply(square, square, f"{label}: x^4 {name}")
        return system.multiply(fourth, value, f"{label}: x^5 {name}")

    for number, constants in enumerate(fixed.constants):
        if fixed.is_full(number):
            left = [fifth(value + constant, f"{number}.{element}") for element, (value, constant)
                    in enumerate(zip(state, constants, strict=True))]
            if number == fixed.rounds - 1:
                last = weighted_sum(fixed.matrix[0], left)
                if output is None:
                    return kept(last, "output")
                system.assert_equal(last, output, f"{label}: output")
                return output
            state = [kept(weighted_sum(row, left), f"s {number + 1}.{element}")
                     for element, row in enumerate(fixed.matrix)]
            continue
        basis, inverse, step = bases[number - partial[0]]
        shifts = [sum(map(_times, row, constants[1:])) for row in inverse]
        rest = [value + shift for value, shift in zip(state[1:], shifts, strict=True)]
        power = fifth(state[0] + constants[0], f"{number}.0")
        first, *others = fixed.matrix[0]
        by_rest = [sum(map(_times, others, column)) for column in zip(*basis, strict=True)]
        state = [weighted_sum((first, *by_rest), (power, *rest))]
        state += [kept(value + power * factor, f"u {number + 1}.{element}")
                  for element, (value, factor) in enumerate(zip(rest, step, strict=True), 1)]
        if number == partial[-1]:
            after = bases[-1][0]
            state[1:] = [weighted_sum(row, state[1:]) for row in after]
    raise AssertionError("the last round is a full one")


@cache
def _bases(matrix: Matrix, rounds: int) -> tuple[tuple[Matrix, Matrix, tuple[int, ...]], ...]:
    """A, its inverse and ``(N A)^-1 w`` of every partial round, and of the one after the last."""
    below = tuple(row[1:] for row in matrix[1:])
    column = [row[0] for row in matrix[1:]]
    basis: Matrix = tuple(tuple(int(i == j) for j in range(len(below))) for i in range(len(below)))
    inverse, back = basis, inverted(below)
    found = []
    for _ in range(rounds + 1):
        following = _product(inverse, back)
        found.append((basis, inverse, tuple(
            sum(map(_times, row, column)) % MODULUS for row in following)))
        basis, inverse = _product(below, basis), following
    return tuple(found)


def inverted(matrix: Matrix) -> Matrix:
    """The inverse of a matrix whose leading minors are not zero, such as a Cauchy matrix, by Gauss
    and Jordan."""
    rows = [[*row, *(int(column == number) for column in range(len(matrix)))]
            for number, row in enumerate(matrix)]
    for pivot in range(len(matrix)):
        scale = pow(rows[pivot][pivot], -1, MODULUS)
        rows[pivot] = [value * scale % MODULUS for value in rows[pivot]]
        for number in range(len(matrix)):
            if number != pivot and (factor := rows[number][pivot]):
                rows[number] = [(value - factor * other) % MODULUS for value, other
                                in zip(rows[number], rows[pivot], strict=True)]
    return tuple(tuple(row[len(matrix):]) for row in rows)


def _product(left: Matrix, right: Matrix) -> Matrix:
    return tuple(tuple(sum(map(_times, row, column)) % MODULUS
                       for column in zip(*right, strict=True)) for row in left)


def _times(a: int, b: int) -> int:
    return a * b
