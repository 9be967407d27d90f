"""BN254 for the embedded machine: the precompiles of EIP-196 and EIP-197 on mcl.

py-evm computes these in Python, seconds for one Groth16 proof. Same inputs, same outputs, same gas
and same refusals; `tests/host/network/evm/test_precompiles.py` compares the two.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from eth.abc import ComputationAPI
from eth.exceptions import VMError
from eth.vm.forks.istanbul.constants import (
    GAS_ECADD,
    GAS_ECMUL,
    GAS_ECPAIRING_BASE,
    GAS_ECPAIRING_PER_POINT,
)

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import add, multiply
from proofmill.host.prover.curve.limbs import BASE_MODULUS, Limbs
from proofmill.host.prover.curve.pairing import product_is_one
from proofmill.host.prover.curve.points import decode, encode
from proofmill.host.prover.curve.validity import in_subgroup, on_curve

WORD = 32
PAIR_WORDS = 6


def curve_add(data: bytes) -> bytes:
    """EIP-196, address 6: the sum of two points of G1. Missing bytes are zeros, more do not count.

    Raises `VMError` for what is no point; so do the others.
    """
    x1, y1, x2, y2 = _numbers(data, 4)
    return _bytes(add(Group.G1, _g1(x1, y1), _g1(x2, y2)))


def curve_multiply(data: bytes) -> bytes:
    """EIP-196, address 7: a point of G1 times any number of 256 bits."""
    x, y, scalar = _numbers(data, 3)
    return _bytes(multiply(Group.G1, _g1(x, y), scalar))


def curve_pairing(data: bytes) -> bytes:
    """EIP-197, address 8: 1 if the product of the pairings is one, else 0, as a word.

    A pair is a point of G1 and one of G2, imaginary parts first; no pair gives 1.
    """
    if len(data) % (PAIR_WORDS * WORD):
        raise VMError("Invalid ECPAIRING parameters")
    left, right = [], []
    numbers = _numbers(data, len(data) // WORD)
    for start in range(0, len(numbers), PAIR_WORDS):
        x, y, x_u, x_1, y_u, y_1 = numbers[start:start + PAIR_WORDS]
        left.append(_g1(x, y))
        right.append(_g2((x_1, x_u), (y_1, y_u)))
    one = not left or product_is_one(np.array(left), np.array(right))
    return int(one).to_bytes(WORD, "big")


def _numbers(data: bytes, count: int) -> list[int]:
    padded = data[:count * WORD].ljust(count * WORD, b"\0")
    return [int.from_bytes(padded[start:start + WORD], "big")
            for start in range(0, count * WORD, WORD)]


def _g1(x: int, y: int) -> Limbs:
    if max(x, y) >= BASE_MODULUS:
        raise VMError("a coordinate is not below the field's modulus")
    point = encode(Group.G1, [(x, y)])
    if not on_curve(Group.G1, point)[0]:
        raise VMError("a point is not on the curve")
    return point.reshape(-1)


def _g2(x: tuple[int, int], y: tuple[int, int]) -> Limbs:
    if max(*x, *y) >= BASE_MODULUS:
        raise VMError("a coordinate is not below the field's modulus")
    point = encode(Group.G2, [(x, y)])
    if not in_subgroup(Group.G2, point)[0]:
        raise VMError("a point is not in its group")
    return point.reshape(-1)


def _bytes(point: Limbs) -> bytes:
    affine: Any = decode(Group.G1, point)[0]
    x, y = (0, 0) if affine is None else affine
    return bytes(x.to_bytes(WORD, "big") + y.to_bytes(WORD, "big"))


Precompile = Callable[[ComputationAPI], ComputationAPI]
"""What py-evm calls for an address that has no code."""


def _precompile(
    function: Callable[[bytes], bytes], base: int, for_pair: int, name: str
) -> Precompile:
    def run(computation: ComputationAPI) -> ComputationAPI:
        data = bytes(computation.msg.data)
        if for_pair and len(data) % (PAIR_WORDS * WORD):
            raise VMError("Invalid ECPAIRING parameters")  # before its gas is taken, as py-evm
        pairs = len(data) // (PAIR_WORDS * WORD)
        computation.consume_gas(base + for_pair * pairs, reason=name)
        computation.output = function(data)
        return computation

    return run


CURVE_PRECOMPILES: Mapping[bytes, Precompile] = {
    (6).to_bytes(20, "big"): _precompile(curve_add, GAS_ECADD, 0, "ECADD"),
    (7).to_bytes(20, "big"): _precompile(curve_multiply, GAS_ECMUL, 0, "ECMUL"),
    (8).to_bytes(20, "big"): _precompile(
        curve_pairing, GAS_ECPAIRING_BASE, GAS_ECPAIRING_PER_POINT, "ECPAIRING"),
}
"""By address, as py-evm's computations want them."""
