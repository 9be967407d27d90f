"""One small circuit in every system."""

from pathlib import Path

import pytest

from proofmill.host.bench.systems import figures
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.groth16.r1cs_file import read_r1cs
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.plonk.gates import gates_of
from proofmill.host.prover.plonk.systems import SYSTEMS
from tests.host.prover.plonk.files import R1CS, WITNESS


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_circuit(system: str, tmp_path: Path) -> None:
    """What is counted, and that the contract accepts the proof; the key is removed again."""
    r1cs, steps = read_r1cs(R1CS), list[str]()

    def step(name: str):  # type: ignore[no-untyped-def]
        steps.append(name)
        return lambda done, total: None

    device = open_device("cpu")
    found = figures(system, r1cs, read_witness(WITNESS), tmp_path, device, step)
    device.close()
    assert steps[-1] == "the verifier" and not list(tmp_path.iterdir())
    assert found["constraints"] == r1cs.constraints and found["cycles"] is None
    expected = {"groth16": (None, 5, 256, range(200_000, 260_000)),
                "plonk": (gates_of(r1cs).circuit.gates, 9, 768, range(280_000, 310_000)),
                "fflonk": (gates_of(r1cs).circuit.gates, 4, 768, range(195_000, 210_000))}
    gates, sums, proof_bytes, gas = expected[system]
    assert (found["gates"], found["sums"], found["proof_bytes"]) == (gates, sums, proof_bytes)
    assert found["gas"] in gas
    # On a chip with one adder, each point of a sum is added once a window, 12 cycles apart.
    points = {"groth16": 3 * r1cs.wires, "plonk": 9 * 256, "fflonk": 4 * 9 * 256}[system]
    assert points * 12 * 20 < found["expected_cycles"]
