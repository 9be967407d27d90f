"""Poseidon over the scalar field of BN254, with circomlib's parameters.

The permutation of width t applies 4 full rounds, then the partial rounds of that width, then 4
full rounds; a round adds constants, raises every element (a partial round: the first alone) to the
5th power and multiplies by a t x t matrix. ``poseidon(inputs)`` is the first element of the
permuted state ``(0, inputs...)``, t = inputs + 1.

The constants are generated, as the paper's reference script does: Grassi, Khovratovich,
Rechberger, Roy and Schofnegger, "Poseidon: a new hash function for zero-knowledge proof systems",
https://eprint.iacr.org/2019/458, section 2.3 (Cauchy matrices) and the appendix on the Grain LFSR.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import MODULUS

HALF_FULL_ROUNDS = 4
"""Full rounds before, and again after, the partial rounds."""

PARTIAL_ROUNDS = {
    width: rounds for width, rounds in enumerate(
        (56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68), start=2)}
"""Partial rounds by width, as circomlib has them."""

MAXIMUM_INPUTS = max(PARTIAL_ROUNDS) - 1

_Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Parameters:
    """What a width fixes.

    `constants`: one row of `width` constants a round. `matrix`: new state = matrix * state.
    """

    width: int
    constants: _Matrix
    matrix: _Matrix

    @property
    def rounds(self) -> int:
        """All rounds."""
        return len(self.constants)

    def is_full(self, round_number: int) -> bool:
        """Whether every element goes through the S-box in this round (counted from 0)."""
        return not HALF_FULL_ROUNDS <= round_number < self.rounds - HALF_FULL_ROUNDS

    @property
    def s_boxes(self) -> int:
        """Fifth powers in a hash; the first is of a constant, since the state starts with 0."""
        return 2 * HALF_FULL_ROUNDS * self.width + PARTIAL_ROUNDS[self.width]


@cache
def parameters(width: int) -> Parameters:
    """The constants of one width, 2 to 17; made once (10 to 150 ms)."""
    if width not in PARTIAL_ROUNDS:
        raise ProofmillError(
            f"Poseidon takes 1 to {MAXIMUM_INPUTS} inputs here, not {width - 1}")
    rounds = 2 * HALF_FULL_ROUNDS + PARTIAL_ROUNDS[width]
    bits = _grain(width, PARTIAL_ROUNDS[width])
    constants = tuple(tuple(_below_modulus(bits) for _ in range(width)) for _ in range(rounds))
    return Parameters(width, constants, _cauchy_matrix(width, bits))


def poseidon(inputs: Sequence[int]) -> int:
    """The hash of 1 to 16 field elements; raises `ProofmillError` for any other number."""
    return trace(inputs)[0]


def trace(inputs: Sequence[int]) -> tuple[int, list[int]]:
    """The hash, and every intermediate value that has a wire in
    `host.prover.circuits.poseidon_gadget`.

    In order: of each S-box its input x, x^2 and x^4 (no x in the first round, nothing of the
    first S-box, no x of the last S-box of the second round), then x^5 of the last round but for
    its first S-box.
    """
    width = len(inputs) + 1
    fixed = parameters(width)
    state = [0, *inputs]
    record: list[int] = []
    for number, constants in enumerate(fixed.constants):
        state = [(value + constant) % MODULUS
                 for value, constant in zip(state, constants, strict=True)]
        for element in range(width if fixed.is_full(number) else 1):
            value = state[element]
            square = value * value % MODULUS
            fourth = square * square % MODULUS
            state[element] = fourth * value % MODULUS
            if number > 1 or (number == 1 and element < width - 1):
                record += (value, square, fourth)
            elif number == 1 or element > 0:
                record += (square, fourth)
        if number == fixed.rounds - 1:
            record += state[1:]
        state = [sum(map(mul, row, state)) % MODULUS for row in fixed.matrix]
    return state[0], record


def _grain(width: int, partial_rounds: int) -> Iterator[int]:
    """The bits of the Grain LFSR in self-shrinking mode, seeded with the instance's parameters.

    Seed, most significant first: field (2 bits, 1: prime), S-box (4 bits, 0: a power), bits of the
    modulus (12), width (12), full rounds (10), partial rounds (10), thirty ones. Recurrence:
    b[i+80] = b[i+62] + b[i+51] + b[i+38] + b[i+23] + b[i+13] + b[i] modulo 2; the first 160 bits
    are dropped; of each pair after that the second bit counts if the first is one.
    """
    seed = 0
    for value, size in ((1, 2), (0, 4), (MODULUS.bit_length(), 12), (width, 12),
                        (2 * HALF_FULL_ROUNDS, 10), (partial_rounds, 10), ((1 << 30) - 1, 30)):
        seed = seed << size | value
    # Bit i of `state` is b[i]. The newest tap is 18 places back: 18 bits are made at a time.
    state = int(f"{seed:080b}"[::-1], 2)
    dropped = 0
    step = 16
    mask = (1 << step) - 1
    while True:
        fresh = (state >> 62 ^ state >> 51 ^ state >> 38 ^ state >> 23 ^ state >> 13 ^ state) & mask
        state = state >> step | fresh << 80 - step
        if dropped < 160:
            dropped += step
            continue
        for place in range(0, step, 2):
            if fresh >> place & 1:
                yield fresh >> place + 1 & 1


def _number(bits: Iterator[int]) -> int:
    """As many bits as the modulus has, the most significant first; may exceed the modulus."""
    value = 0
    for _ in range(MODULUS.bit_length()):
        value = value << 1 | next(bits)
    return value


def _below_modulus(bits: Iterator[int]) -> int:
    """The next number below the modulus; larger ones are skipped."""
    while (value := _number(bits)) >= MODULUS:
        pass
    return value


def _cauchy_matrix(width: int, bits: Iterator[int]) -> _Matrix:
    """``matrix[i][j] = 1 / (x[i] + y[j])`` with 2t distinct elements from the same bits.

    The script reduces these modulo r rather than skip large ones, and draws again if two are equal
    or a sum is zero. Its tests for invariant subspaces pass at the first draw for every width
    here (the known answers in the tests would not come out otherwise), so they are not repeated.
    """
    while True:
        drawn = [_number(bits) % MODULUS for _ in range(2 * width)]
        rows, columns = drawn[:width], drawn[width:]
        if len(set(drawn)) == 2 * width and all(
                (x + y) % MODULUS for x in rows for y in columns):
            return tuple(tuple(pow(x + y, -1, MODULUS) for y in columns) for x in rows)
