"""The prover's tag computed by a contract: Poseidon of five inputs, written out as Vyper.

The tag is what binds a proof to its prover. A contract that took it from the caller would pay
whoever calls first, so it computes the tag itself from the slot, the prover's number and the
reward address (`host.prover.circuits.statement`), with the constants of
`host.prover.circuits.poseidon`.

The sum of five numbers below r is below 2^256 (5 r is 0.95 * 2^256), so a row of the matrix, six
products, needs one modular addition.
"""

from functools import cache

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.prover.circuits.poseidon import HALF_FULL_ROUNDS, parameters
from proofmill.host.prover.circuits.statement import PROVER_TAG_DOMAIN
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS

WIDTH = 6
"""Five inputs and the capacity element."""

_TEMPLATE = '''\
# pragma version ^0.4.0
# @license Apache-2.0
"""
@title The prover tag: Poseidon(domain, chain id, slot, prover, reward address)
@notice Generated from the parameters of Poseidon with five inputs; the chain id is this chain's.
"""

R: constant(uint256) = {r}
CHAIN_ID: immutable(uint256)

@deploy
def __init__(chain_id: uint256):
    """
    @param chain_id The chain id that statements name; the consensus layer's, which may differ
                    from `chain.id`.
    """
    assert chain_id < 2 ** 64, "a chain id is below 2^64"
    CHAIN_ID = chain_id

@external
@view
def chain_id() -> uint256:
    return CHAIN_ID

@internal
@pure
def _fifth_power(x: uint256) -> uint256:
    square: uint256 = uint256_mulmod(x, x, R)
    return uint256_mulmod(uint256_mulmod(square, square, R), x, R)

@internal
@pure
def _mix(s: uint256[6]) -> uint256[6]:
    return [
{matrix}]

@external
@view
def tag(slot: uint64, prover: uint64, reward_address: address) -> uint256:
    constants: uint256[{count}] = [
{constants}]
    s: uint256[6] = [0, {domain}, CHAIN_ID, convert(slot, uint256), convert(prover, uint256),
                     convert(reward_address, uint256)]
    place: uint256 = 0
    for round: uint256 in range({rounds}):
        full: bool = round < {half} or round >= {last}
        # A stored element and a constant are both below r: their sum does not overflow.
        s[0] = self._fifth_power(unsafe_add(s[0], constants[place]))
        if full:
            for index: uint256 in range(1, 6):
                s[index] = self._fifth_power(
                    unsafe_add(s[index], constants[unsafe_add(place, index)]))
        else:
{additions}
        s = self._mix(s)
        place = unsafe_add(place, 6)
    return s[0]
'''


def prover_tag_source() -> str:
    """The contract's source."""
    fixed = parameters(WIDTH)
    rounds = fixed.rounds
    matrix = ",\n".join(_row(row) for row in fixed.matrix)
    constants = ",\n".join(
        "        " + ", ".join(str(value) for value in row) for row in fixed.constants)
    additions = "\n".join(
        f"            s[{index}] = unsafe_add(s[{index}], constants[unsafe_add(place, {index})])"
        for index in range(1, WIDTH))
    return _TEMPLATE.format(
        r=SCALAR_MODULUS, matrix=matrix, count=rounds * WIDTH, constants=constants,
        domain=PROVER_TAG_DOMAIN, rounds=rounds, half=HALF_FULL_ROUNDS,
        last=rounds - HALF_FULL_ROUNDS, additions=additions)


@cache
def prover_tag_artifact() -> Artifact:
    """The contract, compiled."""
    return compile_source("ProverTag", prover_tag_source())


def _row(row: tuple[int, ...]) -> str:
    products = [f"uint256_mulmod(s[{index}], {value}, R)" for index, value in enumerate(row)]
    total = products[0]
    for product in products[1:5]:
        total = f"unsafe_add({total}, {product})"
    return f"        uint256_addmod({total}, {products[5]}, R)"
