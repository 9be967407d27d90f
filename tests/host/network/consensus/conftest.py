"""The real circuit, key, prover and verifier, made once for all tests of the chain."""

from collections.abc import Callable

import pytest

from proofmill.host.network.consensus.block_proofs import block_prover, block_verifier
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.records import Claim
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.second_layer import SecondLayer, embedded_layer
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup

SIZE = SMALLEST

Prove = Callable[[Claim], bytes]
Verify = Callable[[list[int], bytes], bool]
MakeChain = Callable[..., EmbeddedChain]
MakeMining = Callable[[int, int], tuple[EmbeddedChain, SecondLayer]]


@pytest.fixture(scope="session")
def circuit() -> RollupCircuit:
    return RollupCircuit(SIZE)


@pytest.fixture(scope="session")
def prover(circuit: RollupCircuit) -> Prover:
    key = development_setup(circuit.r1cs, seed=b"tests of the chain")
    return Prover(key, CpuDevice())


@pytest.fixture(scope="session")
def prove(circuit: RollupCircuit, prover: Prover) -> Prove:
    return block_prover(circuit, prover)


@pytest.fixture(scope="session")
def verify(prover: Prover) -> Verify:
    return block_verifier(prover.key.verification_key)


@pytest.fixture(scope="session")
def make_chain(verify: Verify) -> MakeChain:
    def make(seed: int = 1) -> EmbeddedChain:
        return EmbeddedChain(verify, seed=seed, size=SIZE)

    return make


@pytest.fixture(scope="session")
def make_mining(prover: Prover, verify: Verify) -> MakeMining:
    """From a seed and a validator: a chain with contracts, and what the validator has there."""

    def make(seed: int, validator: int) -> tuple[EmbeddedChain, SecondLayer]:
        key = derive_keys(seed, validator + 1)[validator]
        engines = EvmEngines(prover.key.verification_key, rich=(key.address,))
        chain = EmbeddedChain(verify, seed=seed, size=SIZE, engines=engines)
        return chain, embedded_layer(chain, key, engines)

    return make
