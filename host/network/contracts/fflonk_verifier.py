"""An FFLONK verifier as a contract, written out for one verification key.

The check is `host.prover.fflonk.verify`'s, one equation of two pairings, by the precompiles for
addition (6), multiplication (7) and pairings (8) on BN254 (EIP-196, EIP-197). The precompiles
refuse coordinates of p or more and points off the curve; the contract refuses signals and values of
r or more, which would otherwise stand for smaller ones.

Nothing is inverted: the proof brings ``inv = 1 / M``, and every inverse that is needed is inv times
the rest of M. With Z_0, Z_1, Z_2 the vanishing polynomials at y, D their denominators::

    M = D (xi^n - 1) Z_0 Z_1^2 Z_2^2 prod(n (xi - w^i)),    D = -8^8 4^4 3^6 w^2 (1 - w)^6 xi^20

D is in closed form since ``prod(h_i - h_j, j != i) = k h_i^(k-1)`` for the k-th roots h of a
number, whose product is the number but for its sign; of the places of C2, which are the roots of xi
and of xi w, also ``h^3 - xi w = xi (1 - w)`` and its negative, three times each.
"""

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.opening_frame import (
    CONSTANTS,
    OPENING,
    PAIRING,
    constants,
    hash_of,
    hexadecimal,
)
from proofmill.host.network.contracts.verifier_frame import DESCRIPTION, VERIFY, filled
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.prover.curve.scalars import root_of_unity
from proofmill.host.prover.fflonk.verification_key import (
    FflonkKey,
    R,
)
from proofmill.host.prover.plonk.systems import FFLONK

_LAYOUT = """\
C1, C2, W1, W2, x and y each, then the values ql, qr, qm, qo, qc, s1, s2, s3, a, b, c,
           z at xi, z, t1, t2 at xi w, and the inverse"""

_TEMPLATE = '''\
# pragma version ^0.4.0
# @license Apache-2.0
"""
@title FFLONK verifier on BN254 for one verification key
@notice Generated; the key's hash, `key_hash`, is the Keccak-256 of the domain's power, the number
        of signals, k1, k2, the commitment C0 and tau in G2, 32 bytes a number, in G2 imaginary
        parts first.
"""

''' + CONSTANTS + '''\
DENOMINATORS: constant(uint256) = {denominators}   # of all places, over xi^20
APART: constant(uint256) = {apart}   # 1 / (1 - ROOT)
C0: constant(Bytes[64]) = x"{c0}"

''' + DESCRIPTION + OPENING + '''\
@internal
@pure
def _wires(a: uint256, b: uint256, c: uint256, gamma: uint256) -> uint256:
    return uint256_mulmod(
        uint256_mulmod(uint256_addmod(a, gamma, R), uint256_addmod(b, gamma, R), R),
        uint256_addmod(c, gamma, R), R)

@internal
@pure
def _value(first: uint256, second: uint256, third: uint256, at: uint256) -> uint256:
    """
    @notice first + second at + third at^2.
    """
    return uint256_addmod(first, uint256_mulmod(uint256_addmod(
        second, uint256_mulmod(third, at, R), R), at, R), R)

''' + VERIFY + '''\
    for place: uint256 in range(8):
        if proof[place] >= P:
            return False
    for place: uint256 in range(8, 24):
        if proof[place] >= R:
            return False
    data: Bytes[768] = abi_encode(proof)

    # The challenges; each hash takes what came since the last one, and that one.
    beta: uint256 = self._challenge(concat(C0, abi_encode(signals), slice(data, 0, 64)))
    gamma: uint256 = self._challenge(abi_encode(beta))
    seed: uint256 = self._challenge(concat(convert(gamma, bytes32), slice(data, 64, 64)))
    alpha: uint256 = self._challenge(concat(convert(seed, bytes32), slice(data, 256, 480)))
    y: uint256 = self._challenge(concat(convert(alpha, bytes32), slice(data, 128, 64)))

    # xi = seed^24, and xi^n - 1.
    xi: uint256 = uint256_mulmod(uint256_mulmod(seed, seed, R), seed, R)
    for step: uint256 in range(3):
        xi = uint256_mulmod(xi, xi, R)
    ahead: uint256 = uint256_mulmod(xi, ROOT, R)
    x: uint256 = xi
    for step: uint256 in range({power}):
        x = uint256_mulmod(x, x, R)
    zero: uint256 = uint256_addmod(x, R - 1, R)

    # The vanishing polynomials of C0, C1, C2 at y.
    y3: uint256 = uint256_mulmod(uint256_mulmod(y, y, R), y, R)
    y4: uint256 = uint256_mulmod(y3, y, R)
    z0: uint256 = uint256_addmod(uint256_mulmod(y4, y4, R), R - xi, R)
    z1: uint256 = uint256_addmod(y4, R - xi, R)
    of_xi: uint256 = uint256_addmod(y3, R - xi, R)
    of_ahead: uint256 = uint256_addmod(y3, R - ahead, R)
    z2: uint256 = uint256_mulmod(of_xi, of_ahead, R)

    # M, its factors by order of what is inverted: xi, xi^n - 1, Z_1, Z_2, n (xi - w^i).
    factors: uint256[{places}] = empty(uint256[{places}])
    before: uint256[{places}] = empty(uint256[{places}])
    factors[0] = xi
    factors[1] = zero
    factors[2] = z1
    factors[3] = z2
    root: uint256 = 1
    product: uint256 = 1
    for index: uint256 in range({places}):
        if index > 3:
            factors[index] = uint256_mulmod(SIZE, uint256_addmod(xi, R - root, R), R)
            root = uint256_mulmod(root, ROOT, R)
        before[index] = product
        product = uint256_mulmod(product, factors[index], R)
    xi2: uint256 = uint256_mulmod(xi, xi, R)
    xi4: uint256 = uint256_mulmod(xi2, xi2, R)
    xi8: uint256 = uint256_mulmod(xi4, xi4, R)
    xi19: uint256 = uint256_mulmod(uint256_mulmod(xi8, xi8, R), uint256_mulmod(xi2, xi, R), R)
    rest: uint256 = uint256_mulmod(
        uint256_mulmod(DENOMINATORS, xi19, R),
        uint256_mulmod(z0, uint256_mulmod(z1, z2, R), R), R)
    inverse: uint256 = uint256_mulmod(proof[23], rest, R)
    if uint256_mulmod(product, inverse, R) != 1:
        return False
    inverses: uint256[4] = empty(uint256[4])
    first: uint256 = 0
    signal: uint256 = 0
    root = {last}
    for step: uint256 in range({places}):
        index: uint256 = {places} - 1 - step
        each: uint256 = uint256_mulmod(inverse, before[index], R)
        inverse = uint256_mulmod(inverse, factors[index], R)
        if index > 3:
            # L_i(xi) = w^i (xi^n - 1) / (n (xi - w^i))
            first = uint256_mulmod(uint256_mulmod(each, root, R), zero, R)
            root = uint256_mulmod(root, {back}, R)
            signal = uint256_addmod(signal, uint256_mulmod(signals[index - 4], first, R), R)
        else:
            inverses[index] = each

    # The quotients T0, T1, T2 at xi.
    a: uint256 = proof[16]
    b: uint256 = proof[17]
    c: uint256 = proof[18]
    z: uint256 = proof[19]
    over: uint256 = inverses[1]
    t0: uint256 = uint256_addmod(
        uint256_addmod(uint256_mulmod(proof[8], a, R), uint256_mulmod(proof[9], b, R), R),
        uint256_addmod(uint256_mulmod(proof[10], uint256_mulmod(a, b, R), R),
                       uint256_mulmod(proof[11], c, R), R), R)
    t0 = uint256_mulmod(uint256_addmod(
        uint256_addmod(t0, proof[12], R), R - signal, R), over, R)
    t1: uint256 = uint256_mulmod(uint256_mulmod(
        uint256_addmod(z, R - 1, R), first, R), over, R)
    place: uint256 = uint256_mulmod(beta, xi, R)
    t2: uint256 = uint256_mulmod(z, self._wires(
        uint256_addmod(a, place, R),
        uint256_addmod(b, uint256_mulmod(place, K1, R), R),
        uint256_addmod(c, uint256_mulmod(place, K2, R), R), gamma), R)
    permuted: uint256 = uint256_mulmod(proof[20], self._wires(
        uint256_addmod(a, uint256_mulmod(beta, proof[13], R), R),
        uint256_addmod(b, uint256_mulmod(beta, proof[14], R), R),
        uint256_addmod(c, uint256_mulmod(beta, proof[15], R), R), gamma), R)
    t2 = uint256_mulmod(uint256_addmod(t2, R - permuted, R), over, R)

    # R0, R1, R2 at y. C0 is of ql, qr, qo, qm, qc, S1, S2, S3.
    r0: uint256 = uint256_addmod(
        self._value(proof[8], proof[9], proof[11], y),
        uint256_mulmod(y3, uint256_addmod(
            self._value(proof[10], proof[12], proof[13], y),
            uint256_mulmod(y3, uint256_addmod(
                proof[14], uint256_mulmod(y, proof[15], R), R), R), R), R), R)
    r1: uint256 = uint256_addmod(self._value(a, b, c, y), uint256_mulmod(y3, t0, R), R)
    r2: uint256 = uint256_mulmod(uint256_addmod(
        uint256_mulmod(self._value(z, t1, t2, y), of_ahead, R),
        R - uint256_mulmod(self._value(proof[20], proof[21], proof[22], y), of_xi, R), R),
        uint256_mulmod(inverses[0], APART, R), R)

    by_c1: uint256 = uint256_mulmod(alpha, uint256_mulmod(z0, inverses[2], R), R)
    by_c2: uint256 = uint256_mulmod(uint256_mulmod(alpha, alpha, R),
                                    uint256_mulmod(z0, inverses[3], R), R)
    claimed: uint256 = uint256_addmod(r0, uint256_addmod(
        uint256_mulmod(by_c1, r1, R), uint256_mulmod(by_c2, r2, R), R), R)
    opened: Bytes[64] = slice(data, 192, 64)
    total: Bytes[64] = self._plus(C0, slice(data, 0, 64), by_c1)
    total = self._plus(total, slice(data, 64, 64), by_c2)
    total = self._plus(total, GENERATOR, R - claimed)
    total = self._plus(total, slice(data, 128, 64), R - z0)
    total = self._plus(total, opened, y)
    if len(total) != 64:
        return False

''' + PAIRING


def verifier_source(key: FflonkKey) -> str:
    """The contract's source. Raises `ProofmillError` for more than `MAXIMUM_PUBLIC` signals."""
    root = root_of_unity(key.power)
    return filled(
        _TEMPLATE, FFLONK, key.name, key.public, key_hash(key), layout=_LAYOUT,
        denominators=-8**8 * 4**4 * 3**6 * root**2 * (1 - root)**6 % R,
        apart=pow(1 - root, -1, R), c0=hexadecimal(key.c0), places=4 + key.public,
        last=pow(root, key.public - 1, R), back=pow(root, -1, R), **constants(key),
        longest=32 * (key.public + 16))


def verifier_artifact(key: FflonkKey) -> Artifact:
    """The contract, compiled; about a second. Raises as `verifier_source`."""
    return compile_source(f"verifier of {key.name}", verifier_source(key))


def key_hash(key: FflonkKey) -> bytes:
    """What pins a key on a chain: see the contract's notice; 32 bytes."""
    return hash_of(key, key.c0)
