"""What the verifiers of PLONK and FFLONK have in common as contracts: the opening."""

from collections.abc import Mapping, Sequence

from eth_hash.auto import keccak

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.points import generator, point_numbers
from proofmill.host.prover.curve.scalars import root_of_unity
from proofmill.host.prover.fflonk.verification_key import FflonkKey
from proofmill.host.prover.groth16.plain import Numbers
from proofmill.host.prover.groth16.plain_points import to_array
from proofmill.host.prover.plonk.equation import GENERATOR
from proofmill.host.prover.plonk.verification_key import PlonkKey, points_in_order

CONSTANTS = '''\
P: constant(uint256) = {p}
R: constant(uint256) = {r}
SIZE: constant(uint256) = {size}
ROOT: constant(uint256) = {root}
K1: constant(uint256) = {k1}
K2: constant(uint256) = {k2}
GENERATOR: constant(Bytes[64]) = x"{generator}"
TAU: constant(Bytes[128]) = x"{tau}"
ONE: constant(Bytes[128]) = x"{one}"
'''
"""The two moduli, the domain, and what is paired."""

OPENING = '''\
@internal
@view
def _plus(total: Bytes[64], point: Bytes[64], factor: uint256) -> Bytes[64]:
    """
    @notice total + factor * point; empty where a point is none, or `total` is empty.
    """
    if len(total) != 64:
        return b""
    success: bool = False
    term: Bytes[64] = b""
    success, term = self._call(
        0x0000000000000000000000000000000000000007, concat(point, convert(factor, bytes32)))
    if not success:
        return b""
    success, term = self._call(0x0000000000000000000000000000000000000006, concat(total, term))
    if not success:
        return b""
    return term

@internal
@pure
def _challenge(data: Bytes[{longest}]) -> uint256:
    return convert(keccak256(data), uint256) % R

'''
"""Points by factors, and numbers drawn from a transcript of at most `longest` bytes."""

PAIRING = '''\
    # e(opened, [tau]) = e(total, [1]).
    # The negative of (x, y) is (x, p - y), of the point at infinity itself.
    mirrored: uint256 = convert(slice(opened, 32, 32), uint256)
    if mirrored != 0:
        mirrored = P - mirrored
    success: bool = False
    result: Bytes[32] = b""
    success, result = raw_call(
        0x0000000000000000000000000000000000000008,
        concat(slice(opened, 0, 32), convert(mirrored, bytes32), TAU, total, ONE),
        max_outsize=32, is_static_call=True, revert_on_failure=False)
    if not success or len(result) != 32:
        return False
    return convert(result, uint256) == 1
'''
"""The end of `_verify`: the equation of `opened` and `total`, points of 64 bytes."""


def constants(key: PlonkKey | FflonkKey) -> dict[str, object]:
    """The fields of `CONSTANTS`, but for the moduli, and the domain's power."""
    return {"size": 1 << key.power, "power": key.power, "root": root_of_unity(key.power),
            "k1": key.k1, "k2": key.k2, "generator": hexadecimal(GENERATOR),
            "tau": hexadecimal(_tau(key)),
            "one": hexadecimal(point_numbers(Group.G2, generator(Group.G2)))}


def hash_of(key: PlonkKey | FflonkKey, commitments: Sequence[int]) -> bytes:
    """What pins a key on a chain: Keccak-256 of its numbers, the coordinates of its commitments
    and those of tau; 32 bytes."""
    return bytes(keccak(bytes.fromhex(hexadecimal([
        key.power, key.public, key.k1, key.k2, *commitments, *_tau(key)]))))


def coordinates(points: Mapping[str, Numbers], names: Sequence[str]) -> list[int]:
    """x and y of the points of these names, in this order."""
    return [part for point in points_in_order(points, names) for part in point]


def _tau(key: PlonkKey | FflonkKey) -> list[int]:
    """The coordinates of [tau]_2, in the order of EIP-197."""
    return point_numbers(Group.G2, to_array(Group.G2, key.tau))


def hexadecimal(values: Sequence[int]) -> str:
    """32 bytes a number."""
    return "".join(f"{value:064x}" for value in values)
