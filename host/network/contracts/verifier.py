"""A Groth16 verifier as a contract, written out for one verification key.

The check is `host.prover.groth16.verify`'s, ``e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)``,
by the precompiles for addition (6), multiplication (7) and pairings (8) on BN254 (EIP-196,
EIP-197). The precompiles refuse coordinates of p or more and points off the curve or outside of the
group; the contract refuses public signals of r or more, which would otherwise stand for smaller
ones.
"""

from collections.abc import Sequence

from eth_hash.auto import keccak

from proofmill.hdl.curve import Group
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.verifier_frame import DESCRIPTION, VERIFY, filled
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.prover.curve.points import point_numbers
from proofmill.host.prover.groth16.verification_key import VerificationKey
from proofmill.host.prover.plonk.systems import GROTH16

_TEMPLATE = '''\
# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Groth16 verifier on BN254 for one verification key
@notice Generated; the key's hash, `key_hash`, is the Keccak-256 of its points, 32 bytes a
        coordinate in the order of EIP-197: alpha, beta, gamma, delta, then those of the signals.
"""

P: constant(uint256) = {p}
R: constant(uint256) = {r}

''' + DESCRIPTION + VERIFY + '''\
    for coordinate: uint256 in proof:
        if coordinate >= P:
            return False
    success: bool = False
    # L = the point of the constant 1, plus every signal times its point.
    total: Bytes[64] = concat({first})
    term: Bytes[64] = b""
{terms}
    # The negative of (x, y) is (x, p - y), of the point at infinity itself.
    negated: uint256 = 0
    if proof[1] != 0:
        negated = P - proof[1]
    result: Bytes[32] = b""
    success, result = raw_call(
        0x0000000000000000000000000000000000000008,
        concat(
            convert(proof[0], bytes32), convert(negated, bytes32),
            convert(proof[2], bytes32), convert(proof[3], bytes32),
            convert(proof[4], bytes32), convert(proof[5], bytes32),
            {alpha_beta},
            total, {gamma},
            convert(proof[6], bytes32), convert(proof[7], bytes32),
            {delta}),
        max_outsize=32, is_static_call=True, revert_on_failure=False)
    if not success or len(result) != 32:
        return False
    return convert(result, uint256) == 1
'''

_TERM = '''\
    success, term = self._call(
        0x0000000000000000000000000000000000000007,
        concat({point}, convert(signals[{index}], bytes32)))
    if not success:
        return False
    success, total = self._call(
        0x0000000000000000000000000000000000000006, concat(total, term))
    if not success:
        return False'''


def verifier_source(key: VerificationKey) -> str:
    """The contract's source. Raises `ProofmillError` for more than `MAXIMUM_PUBLIC` signals."""
    points = [point_numbers(Group.G1, point) for point in key.public_points]
    return filled(
        _TEMPLATE, GROTH16, key.name, key.public, key_hash(key),
        layout="A.x, A.y, B.x imaginary, B.x real, B.y imaginary, B.y real, C.x, C.y",
        first=_words(points[0]),
        terms="\n".join(_TERM.format(point=_words(point), index=index)
                        for index, point in enumerate(points[1:])),
        alpha_beta=_words([*point_numbers(Group.G1, key.alpha_g1),
                           *point_numbers(Group.G2, key.beta_g2)]),
        gamma=_words(point_numbers(Group.G2, key.gamma_g2)),
        delta=_words(point_numbers(Group.G2, key.delta_g2)))


def verifier_artifact(key: VerificationKey) -> Artifact:
    """The contract, compiled; about a second. Raises as `verifier_source`."""
    return compile_source(f"verifier of {key.name}", verifier_source(key))


def key_hash(key: VerificationKey) -> bytes:
    """What pins a key on a chain: see the contract's notice; 32 bytes."""
    return bytes(keccak(b"".join(value.to_bytes(32, "big") for value in key_coordinates(key))))


def key_coordinates(key: VerificationKey) -> list[int]:
    """The coordinates of a key's points, in the order of `key_hash`."""
    coordinates = [*point_numbers(Group.G1, key.alpha_g1)]
    for point in (key.beta_g2, key.gamma_g2, key.delta_g2):
        coordinates += point_numbers(Group.G2, point)
    for point in key.public_points:
        coordinates += point_numbers(Group.G1, point)
    return coordinates


def _words(values: Sequence[int]) -> str:
    return ", ".join(f"0x{value:064x}" for value in values)
