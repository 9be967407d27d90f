"""What a key's making costs: every step runs, and the last verifies the key."""

from pathlib import Path

from proofmill.host.bench.setup import dense, markdown, measure
from proofmill.host.prover.groth16.r1cs_file import read_r1cs


def test_every_step_is_measured(tmp_path: Path) -> None:
    told: list[str] = []
    found = measure(tmp_path, "dense", 4, lambda what, done, total: told.append(what))
    assert [each["step"] for each in found["steps"]] == told and len(told) == 6
    assert all(each["cpu_seconds"] > 0 and each["peak_megabytes"] > 10 for each in found["steps"])
    circuit = read_r1cs(tmp_path / "circuit.r1cs")
    assert (circuit.constraints, circuit.wires) == (found["constraints"], found["wires"]) == (8, 9)
    assert len(markdown(found).splitlines()) == 2 + 6


def test_a_dense_circuit_has_three_terms_a_row() -> None:
    circuit = dense(100)
    assert len(circuit.a.rows) == len(circuit.b.rows) == 300 and len(circuit.c.rows) == 100
    assert circuit.a.columns.max() <= 100
