"""The processor's prover beside another program's, process by process, in alternation.

The machine may be at work on other things: what counts is the least of several runs, taken in turn,
and processor time before wall time.
"""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve.limbs import LIMBS, SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.plain import read_key, read_proof, verify
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import write_verification_key
from proofmill.host.prover.groth16.wtns import write_witness

Tell = Callable[[str, int, int], None]
"""Told (what is being done, runs done, runs in all)."""

Places: TypeAlias = tuple[NDArray[np.integer], NDArray[np.integer]]
"""Rows and columns of a matrix's entries."""

Run: TypeAlias = tuple[float, float, float]
"""Processor seconds, wall seconds, and the greatest resident size in MB of a process."""

CIRCUITS = ("chain", "mixed")

ROOM = 24
"""Constraints that a circuit for a domain of 2^k leaves free."""

LAUNCHER = """
import os, sys, time
start = time.perf_counter()
nowhere = os.open(os.devnull, os.O_WRONLY)
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                       file_actions=[(os.POSIX_SPAWN_DUP2, nowhere, 1)])
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime,
      time.perf_counter() - start, used.ru_maxrss)
"""
"""A program that starts another one and measures it. It is small, since the system counts the
memory of whoever starts a process as that process's own."""

IN_PARTS = """
import sys
from proofmill.host.prover.devices.mcl import MclDevice
from proofmill.host.prover.groth16.json_fields import write_public
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verification_key import write_proof
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
result = Prover(read_zkey(sys.argv[1]), MclDevice()).prove(read_witness(sys.argv[2]))
write_proof(sys.argv[3], result.proof)
write_public(sys.argv[4], result.public)
"""
"""The prover of the accelerators' host, with mcl's sums: what is compared with where no other
program is."""


def compare(folder: Path, peer: str | None, powers: tuple[int, ...], rounds: int,
            threads: int | None, tell: Tell) -> JsonObject:
    """Every circuit of `CIRCUITS` for domains of 2^powers, proven by both programs.

    `peer` takes the arguments of rapidsnark's prover: key, witness, and where proof and public
    signals go; None: NumPy and mcl in this Python. `folder` takes the files. Every program's first
    proof of every circuit is verified. Raises `ProofmillError` where one fails.
    """
    program = None if peer is None else shutil.which(os.path.abspath(peer))
    if peer is not None and program is None:
        raise ProofmillError(f"--peer {peer}: is no program that may be run; give the path of one")
    programs = {
        "proofmill": [sys.executable, "-m", "proofmill.host.cli.main", "prove"],
        "peer": [program] if program else [sys.executable, "-c", IN_PARTS]}
    more = {"proofmill": [] if threads is None else ["--threads", str(threads)], "peer": []}
    results, done, total = [], 0, len(powers) * len(CIRCUITS) * rounds
    for power in powers:
        for circuit in CIRCUITS:
            name = f"{circuit} of 2^{power}"
            tell(f"making a key, {name}", done, total)
            files = _files(folder, circuit, power)
            taken: dict[str, list[Run]] = {each: [] for each in programs}
            for number in range(rounds):
                tell(f"proving, {name}", done, total)
                for each, command in programs.items():
                    taken[each].append(_measured([*command, *map(str, files), *more[each]]))
                    if number == 0:
                        _check(folder, each)
                done += 1
            results.append({"circuit": circuit, "power": power, **_figures(taken)})
    return {"peer": peer or "NumPy and mcl", "rounds": rounds, "threads": threads,
            "results": results}


def _figures(taken: dict[str, list[Run]]) -> JsonObject:
    """The least of every quantity for both programs, and the ratios."""
    names = ("cpu_seconds", "wall_seconds", "peak_megabytes")
    least = {each: dict(zip(names, map(min, zip(*runs, strict=True)), strict=True))
             for each, runs in taken.items()}
    ours, theirs = least["proofmill"], least["peer"]
    return {"proofmill": ours, "peer": theirs,
            "cpu_ratio": ours["cpu_seconds"] / theirs["cpu_seconds"],
            "wall_ratio": ours["wall_seconds"] / theirs["wall_seconds"],
            "memory_ratio": ours["peak_megabytes"] / theirs["peak_megabytes"]}


def _measured(command: list[str]) -> Run:
    # An installed program has been compiled to bytecode at its first start.
    environment = {name: value for name, value in os.environ.items()
                   if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-S", "-E", "-c", LAUNCHER, *command],
                          capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ProofmillError(f"{command[0]} cannot be run: {done.stderr.strip()[-300:]}")
    status, cpu, wall, size = done.stdout.split()
    if int(status):
        raise ProofmillError(f"{command[0]} ended with status {status}: "
                             f"{done.stderr.strip()[-300:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return float(cpu), float(wall), int(size) * unit / 1e6


def _files(folder: Path, circuit: str, power: int) -> tuple[Path, ...]:
    """A development key and a witness of a circuit, and where the proof and its signals go."""
    zkey, witness = folder / "circuit.zkey", folder / "witness.wtns"
    system, values = (chain if circuit == "chain" else mixed)((1 << power) - min(
        ROOM, 1 << power >> 1))
    key = development_setup(system, zkey, seed=bytes(32))
    write_verification_key(folder / "key.json", key.verification_key)
    write_witness(witness, values)
    return zkey, witness, folder / "proof.json", folder / "public.json"


def _check(folder: Path, program: str) -> None:
    if not verify(read_key(folder / "key.json"), read_public(folder / "public.json"),
                  read_proof(folder / "proof.json")):
        raise ProofmillError(f"{program} made a proof that is not valid")


def chain(constraints: int) -> tuple[R1cs, Limbs]:
    """w(i+2) = w(i+1) w(i), w(1) public: all values are random, and all wires in A and B."""
    values = [1, 12345678901234567890, 98765432109876543210]
    for i in range(constraints):
        values.append(values[i + 2] * values[i + 1] % SCALAR_MODULUS)
    rows = np.arange(constraints)
    return _system("chain", len(values), constraints, (rows, rows + 2), (rows, rows + 1),
                   (rows, rows + 3)), to_limbs(values)


def mixed(constraints: int) -> tuple[R1cs, Limbs]:
    """Values as circuits for hashes and ranges have them: of ten wires seven are 0 or 1, two below
    2^16, one random.

    Bits are the roots of x x = x, random values a chain as above; for the small values s and the
    bit b before, (s + b) 1 = s + b.
    """
    draw = random.Random(constraints)
    values = [1, 12345678901234567890, 98765432109876543210]
    last = [1, 2]
    a: list[tuple[int, int]] = []
    b: list[tuple[int, int]] = []
    c: list[tuple[int, int]] = []
    for row in range(constraints):
        wire, kind = len(values), row % 10
        if kind == 9:
            values.append(values[last[0]] * values[last[1]] % SCALAR_MODULUS)
            a.append((row, last[1]))
            b.append((row, last[0]))
            c.append((row, wire))
            last = [last[1], wire]
        elif kind >= 7:
            values.append(draw.randrange(1 << 16))
            both = [(row, wire), (row, wire - 1)]
            (a if kind == 7 else b).extend(both)
            (b if kind == 7 else a).append((row, 0))
            c.extend(both)
        else:
            values.append(draw.randrange(2))
            for matrix in (a, b, c):
                matrix.append((row, wire))
    in_a, in_b, in_c = ((each[:, 0], each[:, 1]) for each in map(np.array, (a, b, c)))
    return _system("mixed", len(values), constraints, in_a, in_b, in_c), to_limbs(values)


def _system(name: str, wires: int, constraints: int,
            a: Places, b: Places, c: Places) -> R1cs:
    """Matrices whose entries are all 1, at (row, column); the first wire is public."""
    def sparse(places: Places) -> SparseMatrix:
        values = np.zeros((len(places[0]), LIMBS), dtype=np.uint64)
        values[:, 0] = 1
        return SparseMatrix(places[0].astype(np.int32), places[1].astype(np.int32), values)

    return R1cs(wires=wires, public_outputs=1, public_inputs=0, private_inputs=1,
                constraints=constraints, a=sparse(a), b=sparse(b), c=sparse(c), name=name)


def markdown(found: JsonObject) -> str:
    """The table of README.md."""
    lines = ["| circuit | processor time, ratio | wall time, ratio | peak memory, ratio |",
             "|---|---:|---:|---:|"]
    for each in found["results"]:
        ours, theirs = each["proofmill"], each["peer"]
        cells = [f"{ours[name] * scale:,.0f} / {theirs[name] * scale:,.0f} {unit}, "
                 f"**{each[ratio]:.2f}**"
                 for name, ratio, scale, unit in (
                     ("cpu_seconds", "cpu_ratio", 1000, "ms"),
                     ("wall_seconds", "wall_ratio", 1000, "ms"),
                     ("peak_megabytes", "memory_ratio", 1, "MB"))]
        lines.append(f"| {each['circuit']}, 2^{each['power']} | {' | '.join(cells)} |")
    return "\n".join(lines)
