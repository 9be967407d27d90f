"""Poseidon computed by contracts, written out as Vyper for one width.

The sum of up to five products below r is below 2^256 (5 r is 0.95 * 2^256), so a row of a matrix of
width 6 at most, as many products, needs one modular addition; a wider one needs one more for every
five.

From width 7 on all constants would make a contract of more than the 24,576 bytes that EIP-170
allows. There the partial rounds have one constant each (`few_constants`); below, a table is less
gas.
"""

from collections.abc import Iterable
from functools import cache
from operator import mul

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.prover.circuits.poseidon import HALF_FULL_ROUNDS, parameters
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS

MAXIMUM_WIDTH = 6
"""With a table of all constants."""
MAXIMUM_FEW = 11
"""With few: the widest that something here needs."""
MOST_SUMMED = 5
"""Numbers below r whose sum does not overflow."""

_BEGINNING = '''\
@internal
@pure
def _fifth_power(x: uint256) -> uint256:
    square: uint256 = uint256_mulmod(x, x, R)
    return uint256_mulmod(uint256_mulmod(square, square, R), x, R)

@internal
@pure
def _mix(s: uint256[{width}]) -> uint256[{width}]:
    return [
{matrix}]

@internal
@pure
def _poseidon(state: uint256[{width}]) -> uint256:
    """
    @notice The first element after the permutation. All elements have to be below r.
    """
    constants: uint256[{count}] = [
{constants}]
'''

_ALL = _BEGINNING + '''\
    s: uint256[{width}] = state
    place: uint256 = 0
    for round: uint256 in range({rounds}):
        full: bool = round < {half} or round >= {last}
        # A stored element and a constant are both below r: their sum does not overflow.
        s[0] = self._fifth_power(unsafe_add(s[0], constants[place]))
        if full:
            for index: uint256 in range(1, {width}):
                s[index] = self._fifth_power(
                    unsafe_add(s[index], constants[unsafe_add(place, index)]))
        else:
{additions}
        s = self._mix(s)
        place = unsafe_add(place, {width})
    return s[0]
'''

_FEW = _BEGINNING + '''\
    partial: uint256[{rounds}] = [
{partial}]
    s: uint256[{width}] = state
    place: uint256 = 0
    for round: uint256 in range({full}):
        if round == {half}:
            for number: uint256 in range({rounds}):
                s[0] = self._fifth_power(unsafe_add(s[0], partial[number]))
                s = self._mix(s)
        # A stored element and a constant are both below r: their sum does not overflow.
        for index: uint256 in range({width}):
            s[index] = self._fifth_power(unsafe_add(s[index], constants[unsafe_add(place, index)]))
        s = self._mix(s)
        place = unsafe_add(place, {width})
    return s[0]
'''

_HASH = '''\
# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Poseidon of {inputs} numbers
@notice Generated from the parameters of width {width}, which are circomlib's.
"""

R: constant(uint256) = {r}

{permutation}
@external
@pure
def hash(inputs: uint256[{inputs}]) -> uint256:
    """
    @notice Poseidon of `inputs`, each below r.
    """
    return self._hash(inputs)

@internal
@pure
def _hash(inputs: uint256[{inputs}]) -> uint256:
    for input: uint256 in inputs:
        assert input < R, "a number is not below r"
    return self._poseidon([0, {state}])
'''

_TREE = '''
@external
@pure
def root(leaf: uint256, place: uint256, siblings: DynArray[uint256, 32]) -> uint256:
    """
    @notice The root of a tree of Poseidon with `leaf` at `place`; of the siblings the leaf's own
            comes first.
    """
    node: uint256 = leaf
    bits: uint256 = place
    for sibling: uint256 in siblings:
        if bits % 2 == 0:
            node = self._hash([node, sibling])
        else:
            node = self._hash([sibling, node])
        bits //= 2
    assert bits == 0, "there is no such place in the tree"
    return node

@external
@pure
def empty_root(depth: uint256) -> uint256:
    """
    @notice The root of a tree of 2^depth empty places.
    """
    node: uint256 = 0
    for level: uint256 in range(depth, bound=32):
        node = self._hash([node, node])
    return node
'''


def permutation_source(width: int) -> str:
    """The functions ``_fifth_power``, ``_mix`` and ``_poseidon``, for a source that has ``R``.

    `width`: 2 to 11, one more than the inputs. Raises `ProofmillError` for another.
    """
    if not 2 <= width <= MAXIMUM_FEW:
        raise ProofmillError(f"a contract's Poseidon takes 1 to {MAXIMUM_FEW - 1} inputs, "
                             f"not {width - 1}")
    fixed = parameters(width)
    rounds, half = fixed.rounds, HALF_FULL_ROUNDS
    matrix = ",\n".join(_row(row) for row in fixed.matrix)
    if width > MAXIMUM_WIDTH:
        full, partial = few_constants(width)
        return _FEW.format(
            width=width, matrix=matrix, count=2 * half * width, constants=_table(full),
            rounds=len(partial), partial=_table((partial,)), full=2 * half, half=half)
    return _ALL.format(
        width=width, matrix=matrix, count=rounds * width, constants=_table(fixed.constants),
        rounds=rounds, half=half, last=rounds - half,
        additions="\n".join(
            f"            s[{at}] = unsafe_add(s[{at}], constants[unsafe_add(place, {at})])"
            for at in range(1, width)))


def few_constants(width: int) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The constants of the full rounds, a row each, and one of each partial round.

    In a partial round only the first element goes through the S-box, so the constants of the others
    can as well be added behind it: times the matrix, to those of the next round.
    """
    fixed = parameters(width)
    partial: list[int] = []
    carried = [0] * width
    full = []
    for number, constants in enumerate(fixed.constants):
        row = [(own + before) % SCALAR_MODULUS
               for own, before in zip(constants, carried, strict=True)]
        carried = [0] * width
        if fixed.is_full(number):
            full.append(tuple(row))
            continue
        partial.append(row[0])
        rest = [0, *row[1:]]
        carried = [sum(map(mul, line, rest)) % SCALAR_MODULUS for line in fixed.matrix]
    return tuple(full), tuple(partial)


def _table(rows: Iterable[Iterable[int]]) -> str:
    return ",\n".join("        " + ", ".join(map(str, row)) for row in rows)


def hash_source(inputs: int) -> str:
    """A contract that hashes so many inputs, 1 to 10; of two, it knows trees as well."""
    source = _HASH.format(
        inputs=inputs, width=inputs + 1, r=SCALAR_MODULUS,
        permutation=permutation_source(inputs + 1),
        state=", ".join(f"inputs[{index}]" for index in range(inputs)))
    return source + _TREE if inputs == 2 else source


@cache
def hash_artifact(inputs: int) -> Artifact:
    """The contract of `hash_source`, compiled."""
    return compile_source(f"Poseidon of {inputs}", hash_source(inputs))


def _row(row: tuple[int, ...]) -> str:
    products = [f"uint256_mulmod(s[{index}], {value}, R)" for index, value in enumerate(row)]
    total, summed = products[0], 1
    for product in products[1:-1]:
        if summed == MOST_SUMMED:
            total, summed = f"uint256_addmod({total}, {product}, R)", 1
        else:
            total, summed = f"unsafe_add({total}, {product})", summed + 1
    return f"        uint256_addmod({total}, {products[-1]}, R)"
