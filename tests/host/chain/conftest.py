"""The real circuit, key, prover and verifier, made once for all tests of the chain."""

from collections.abc import Callable

import pytest

from host.chain.block_proofs import block_prover, block_verifier
from host.chain.chain import EmbeddedChain
from host.chain.records import Claim
from host.circuits.block import BlockCircuit
from host.circuits.block_size import COMPACT
from host.devices.cpu import CpuDevice
from host.groth16.prove import Prover
from host.groth16.setup import development_setup

SIZE = COMPACT

Prove = Callable[[Claim], bytes]
Verify = Callable[[list[int], bytes], bool]
MakeChain = Callable[..., EmbeddedChain]


@pytest.fixture(scope="session")
def circuit() -> BlockCircuit:
    return BlockCircuit(SIZE)


@pytest.fixture(scope="session")
def prover(circuit: BlockCircuit) -> Prover:
    key = development_setup(circuit.r1cs, seed=b"tests of the chain")
    return Prover(key, CpuDevice())


@pytest.fixture(scope="session")
def prove(circuit: BlockCircuit, prover: Prover) -> Prove:
    return block_prover(circuit, prover)


@pytest.fixture(scope="session")
def verify(prover: Prover) -> Verify:
    return block_verifier(prover.key.verification_key)


@pytest.fixture(scope="session")
def make_chain(verify: Verify) -> MakeChain:
    def make(seed: int = 1) -> EmbeddedChain:
        return EmbeddedChain(verify, seed=seed, size=SIZE)

    return make
