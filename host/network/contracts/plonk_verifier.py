"""A PLONK verifier as a contract, written out for one verification key.

The check is `host.prover.plonk.verify`'s, one equation of two pairings, by the precompiles for
powers (5), addition (6), multiplication (7) and pairings (8) on BN254 (EIP-198, EIP-196, EIP-197).
The precompiles refuse coordinates of p or more and points off the curve; the contract refuses
signals and values of r or more, which would otherwise stand for smaller ones.
"""

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.opening_frame import (
    CONSTANTS,
    OPENING,
    PAIRING,
    constants,
    coordinates,
    hash_of,
    hexadecimal,
)
from proofmill.host.network.contracts.verifier_frame import DESCRIPTION, VERIFY, filled
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.prover.plonk.systems import PLONK
from proofmill.host.prover.plonk.verification_key import (
    KEY_POINTS,
    PlonkKey,
)

_LAYOUT = """\
A, B, C, Z, T1, T2, T3, Wxi, Wxiw, x and y each, then the values a, b, c, s1, s2 at
           xi and z at xi w"""

_TEMPLATE = '''\
# pragma version ^0.4.0
# @license Apache-2.0
"""
@title PLONK verifier on BN254 for one verification key
@notice Generated; the key's hash, `key_hash`, is the Keccak-256 of the domain's power, the number
        of signals, k1, k2, the commitments Qm, Ql, Qr, Qo, Qc, S1, S2, S3 and tau in G2, 32 bytes a
        number, in G2 imaginary parts first.
"""

''' + CONSTANTS + '''\
KEY_POINTS: constant(Bytes[512]) = x"{key}"

''' + DESCRIPTION + OPENING + '''\
@internal
@view
def _inverse(number: uint256) -> uint256:
    """
    @notice 1 / number modulo r, which is prime; 0 of 0.
    """
    words: uint256[6] = [32, 32, 32, number, R - 2, R]
    success: bool = False
    result: Bytes[32] = b""
    success, result = raw_call(
        0x0000000000000000000000000000000000000005, abi_encode(words),
        max_outsize=32, is_static_call=True, revert_on_failure=False)
    if not success or len(result) != 32:
        return 0
    return convert(result, uint256)

''' + VERIFY + '''\
    for place: uint256 in range(18):
        if proof[place] >= P:
            return False
    for place: uint256 in range(18, 24):
        if proof[place] >= R:
            return False
    a: uint256 = proof[18]
    b: uint256 = proof[19]
    c: uint256 = proof[20]
    zw: uint256 = proof[23]
    data: Bytes[768] = abi_encode(proof)
    key: Bytes[512] = KEY_POINTS

    # The challenges; each hash takes what came since the last one, and that one.
    beta: uint256 = self._challenge(concat(key, abi_encode(signals), slice(data, 0, 192)))
    gamma: uint256 = self._challenge(abi_encode(beta))
    alpha: uint256 = self._challenge(concat(
        convert(beta, bytes32), convert(gamma, bytes32), slice(data, 192, 64)))
    xi: uint256 = self._challenge(concat(convert(alpha, bytes32), slice(data, 256, 192)))
    v: uint256 = self._challenge(concat(convert(xi, bytes32), slice(data, 576, 192)))
    u: uint256 = self._challenge(slice(data, 448, 128))

    # L_i(xi) = w^i (xi^n - 1) / (n (xi - w^i)), by one inversion of the product of all below.
    x: uint256 = xi
    for step: uint256 in range({power}):
        x = uint256_mulmod(x, x, R)
    zero: uint256 = uint256_addmod(x, R - 1, R)
    roots: uint256[{count}] = empty(uint256[{count}])
    below: uint256[{count}] = empty(uint256[{count}])
    before: uint256[{count}] = empty(uint256[{count}])
    root: uint256 = 1
    product: uint256 = 1
    for index: uint256 in range({count}):
        roots[index] = root
        below[index] = uint256_mulmod(SIZE, uint256_addmod(xi, R - root, R), R)
        before[index] = product
        product = uint256_mulmod(product, below[index], R)
        root = uint256_mulmod(root, ROOT, R)
    if product == 0 or zero == 0:
        return False
    inverse: uint256 = self._inverse(product)
    constant_term: uint256 = 0
    first: uint256 = 0
    for step: uint256 in range({count}):
        index: uint256 = {count} - 1 - step
        first = uint256_mulmod(uint256_mulmod(uint256_mulmod(
            inverse, before[index], R), roots[index], R), zero, R)
        inverse = uint256_mulmod(inverse, below[index], R)
        constant_term = uint256_addmod(
            constant_term, uint256_mulmod(R - signals[index], first, R), R)

    # The linearised polynomial: its factors of Z and S3, and its constant.
    by_first: uint256 = uint256_mulmod(first, uint256_mulmod(alpha, alpha, R), R)
    permuted: uint256 = uint256_mulmod(
        uint256_mulmod(
            uint256_addmod(uint256_addmod(a, uint256_mulmod(beta, proof[21], R), R), gamma, R),
            uint256_addmod(uint256_addmod(b, uint256_mulmod(beta, proof[22], R), R), gamma, R), R),
        uint256_mulmod(alpha, zw, R), R)
    constant_term = uint256_addmod(constant_term, uint256_addmod(
        R - by_first, R - uint256_mulmod(permuted, uint256_addmod(c, gamma, R), R), R), R)
    place_a: uint256 = uint256_mulmod(beta, xi, R)
    by_z: uint256 = uint256_mulmod(
        uint256_mulmod(
            uint256_addmod(uint256_addmod(a, place_a, R), gamma, R),
            uint256_addmod(uint256_addmod(b, uint256_mulmod(place_a, K1, R), R), gamma, R), R),
        uint256_mulmod(
            uint256_addmod(uint256_addmod(c, uint256_mulmod(place_a, K2, R), R), gamma, R),
            alpha, R), R)
    by_z = uint256_addmod(uint256_addmod(by_z, by_first, R), u, R)

    # What the openings at xi claim, less the constant.
    powers: uint256[5] = empty(uint256[5])
    claimed: uint256 = uint256_addmod(uint256_mulmod(u, zw, R), R - constant_term, R)
    power: uint256 = 1
    for index: uint256 in range(5):
        power = uint256_mulmod(power, v, R)
        powers[index] = power
        claimed = uint256_addmod(claimed, uint256_mulmod(power, proof[18 + index], R), R)

    total: Bytes[64] = slice(key, 256, 64)
    total = self._plus(total, slice(key, 0, 64), uint256_mulmod(a, b, R))
    total = self._plus(total, slice(key, 64, 64), a)
    total = self._plus(total, slice(key, 128, 64), b)
    total = self._plus(total, slice(key, 192, 64), c)
    total = self._plus(total, slice(data, 192, 64), by_z)
    total = self._plus(total, slice(key, 448, 64), R - uint256_mulmod(permuted, beta, R))
    factor: uint256 = R - zero
    for index: uint256 in range(3):
        total = self._plus(total, slice(data, 256 + 64 * index, 64), factor)
        factor = uint256_mulmod(factor, x, R)
    for index: uint256 in range(3):
        total = self._plus(total, slice(data, 64 * index, 64), powers[index])
    for index: uint256 in range(2):
        total = self._plus(total, slice(key, 320 + 64 * index, 64), powers[3 + index])
    total = self._plus(total, GENERATOR, R - claimed)
    total = self._plus(total, slice(data, 448, 64), xi)
    ahead: uint256 = uint256_mulmod(xi, ROOT, R)
    total = self._plus(total, slice(data, 512, 64), uint256_mulmod(u, ahead, R))
    opened: Bytes[64] = self._plus(slice(data, 448, 64), slice(data, 512, 64), u)
    if len(total) != 64 or len(opened) != 64:
        return False

''' + PAIRING


def verifier_source(key: PlonkKey) -> str:
    """The contract's source. Raises `ProofmillError` for more than `MAXIMUM_PUBLIC` signals."""
    return filled(
        _TEMPLATE, PLONK, key.name, key.public, key_hash(key), layout=_LAYOUT,
        key=hexadecimal(coordinates(key.points, KEY_POINTS)), **constants(key),
        longest=32 * (2 * len(KEY_POINTS) + key.public + 6))


def verifier_artifact(key: PlonkKey) -> Artifact:
    """The contract, compiled; about a second. Raises as `verifier_source`."""
    return compile_source(f"verifier of {key.name}", verifier_source(key))


def key_hash(key: PlonkKey) -> bytes:
    """What pins a key on a chain: see the contract's notice; 32 bytes."""
    return hash_of(key, coordinates(key.points, KEY_POINTS))
