"""What every step of a key's making costs: time and memory, each in a process of its own."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from proofmill.host.bench.circuits import mixed
from proofmill.host.bench.peer import measured
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.limbs import LIMBS
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.r1cs_file import write_r1cs

Tell = Callable[[str, int, int], None]
"""Told (what is being done, steps done, steps in all)."""

ROOM = 24
"""Constraints that a circuit for a domain of 2^k leaves free."""

POWERS = """
import sys
from proofmill.host.prover.groth16.development_powers import development_powers
development_powers(sys.argv[1], int(sys.argv[2]), bytes(32))
"""

BEACON = "00" * 32


def measure(folder: Path, circuit: str, power: int, tell: Tell) -> JsonObject:
    """Every step for a circuit of `host.bench.kinds.CIRCUITS` that fills a domain of 2^power.

    `folder` takes the files. The last step verifies the key. Raises `ProofmillError` where one
    fails.
    """
    constraints = (1 << power) - min(ROOM, 1 << power >> 1)
    system = mixed(constraints)[0] if circuit == "mixed" else dense(constraints)
    r1cs, powers, first, key, last, development = (str(folder / name) for name in (
        "circuit.r1cs", "powers.ptau", "first.zkey", "key.zkey", "last.zkey", "development.zkey"))
    write_r1cs(r1cs, system)
    command = [sys.executable, "-m", "proofmill.host.cli.main"]
    steps = {
        "development key": [*command, "setup", r1cs, development, "--development"],
        "powers from a known secret": [sys.executable, "-c", POWERS, powers, str(power)],
        "first key from powers": [*command, "setup", r1cs, powers, first],
        "contribution": [*command, "zkey", "contribute", first, key],
        "beacon": [*command, "zkey", "beacon", key, last, BEACON, "10"],
        "verification": [*command, "zkey", "verify", r1cs, powers, last]}
    found: list[JsonObject] = []
    for name, line in steps.items():
        tell(name, len(found), len(steps))
        cpu, wall, megabytes = measured(line)
        found.append({"step": name, "cpu_seconds": cpu, "wall_seconds": wall,
                      "peak_megabytes": megabytes})
    return {"circuit": circuit, "power": power, "constraints": system.constraints,
            "wires": system.wires, "key_megabytes": Path(last).stat().st_size / 1e6,
            "steps": found}


def dense(constraints: int) -> R1cs:
    """A wire a constraint, which is its C; three random wires with random coefficients in A and B.

    It has no witness worth the name: what a key costs does not depend on one.
    """
    draw = np.random.default_rng(constraints)
    rows = np.arange(constraints, dtype=np.int32)

    def three() -> SparseMatrix:
        values = draw.integers(0, 1 << 61, (3 * constraints, LIMBS), dtype=np.uint64)
        return SparseMatrix(np.repeat(rows, 3), draw.integers(
            0, constraints + 1, 3 * constraints, dtype=np.int32), values)

    one = np.zeros((constraints, LIMBS), dtype=np.uint64)
    one[:, 0] = 1
    return R1cs(wires=constraints + 1, public_outputs=1, public_inputs=0, private_inputs=1,
                constraints=constraints, a=three(), b=three(), c=SparseMatrix(rows, rows + 1, one),
                name="dense")


def markdown(found: JsonObject) -> str:
    """The steps as a table."""
    lines = ["| step | processor time | wall time | peak memory |", "|---|---:|---:|---:|"]
    lines += [f"| {each['step']} | {each['cpu_seconds']:.1f} s | {each['wall_seconds']:.1f} s | "
              f"{each['peak_megabytes']:,.0f} MB |" for each in found["steps"]]
    return "\n".join(lines)
