"""The circuit of the tests' size, compiled once."""

import pytest

from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from tests.host.prover.circuits.rollup.small import SIZE


@pytest.fixture(scope="session")
def circuit() -> RollupCircuit:
    return RollupCircuit(SIZE)
