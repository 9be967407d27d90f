"""Tags computed by a contract: Poseidon of five inputs, written out as Vyper.

A tag is what binds a proof to its prover. A contract that took it from the caller would pay
whoever calls first, so it computes the tag itself from the slot (`host.prover.circuits.statement`),
or of a certificate the epoch (`host.prover.circuits.finality.vote`), the prover's number and the
reward address.
"""

from functools import cache

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.poseidon import permutation_source
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.prover.circuits.finality.vote import TAG_DOMAIN
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

{permutation}
@external
@view
def tag(slot: uint64, prover: uint64, reward_address: address) -> uint256:
    return self._poseidon([0, {domain}, CHAIN_ID, convert(slot, uint256), convert(prover, uint256),
                           convert(reward_address, uint256)])
'''


def prover_tag_source(domain: int = PROVER_TAG_DOMAIN) -> str:
    """The contract's source. `domain`: the first input, which says what is proven."""
    return _TEMPLATE.format(r=SCALAR_MODULUS, permutation=permutation_source(WIDTH),
                            domain=domain)


@cache
def prover_tag_artifact() -> Artifact:
    """The contract, compiled."""
    return compile_source("ProverTag", prover_tag_source())


def certificate_tag_source() -> str:
    """The source of the contract of certificates' tags, with an epoch for the slot."""
    return prover_tag_source(TAG_DOMAIN)


@cache
def certificate_tag_artifact() -> Artifact:
    """That contract, compiled."""
    return compile_source("CertificateTag", certificate_tag_source())
