"""The processor's prover beside another program's, process by process, in alternation.

The machine may be at work on other things: what counts is the least of several runs, taken in turn,
and processor time before wall time.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from proofmill.host.bench.circuits import chain, mixed, poseidon
from proofmill.host.bench.held import holding
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.plain import read_key, read_proof, verify
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import write_verification_key
from proofmill.host.prover.groth16.wtns import write_witness
from proofmill.host.prover.groth16.zkey import read_zkey

Tell = Callable[[str, int, int], None]
"""Told (what is being done, runs done, runs in all)."""

Run: TypeAlias = tuple[float, float, float]
"""Processor seconds, wall seconds, and the greatest resident size in MB of a process."""

SIZED = {"chain": chain, "mixed": mixed}
"""Circuits of any size."""

HELD_PROOFS = 2
"""Proofs a round by a process that holds a key; the first of all is not counted."""

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
            threads: int | None, tell: Tell, own: tuple[str, str] | None = None,
            memory: int | None = None) -> JsonObject:
    """A chain of Poseidon hashes, and the circuits of `SIZED` for domains of 2^powers, proven by
    both programs; or the files `own`, a key and a witness, alone.

    `peer` takes the arguments of rapidsnark's prover: key, witness, and where proof and public
    signals go; None: NumPy and mcl in this Python. `memory`: of `proofmill serve` with multiples of
    points, in MB, which is then measured as well. `folder` takes the files. Every program's first
    proof of every circuit is verified. Raises `ProofmillError` where one fails.
    """
    program = None if peer is None else shutil.which(os.path.abspath(peer))
    if peer is not None and program is None:
        raise ProofmillError(f"--peer {peer}: is no program that may be run; give the path of one")
    proofmill = [sys.executable, "-m", "proofmill.host.cli.main"]
    more = [] if threads is None else ["--threads", str(threads)]
    programs = {"proofmill": [*proofmill, "prove", *more],
                "peer": [program] if program else [sys.executable, "-c", IN_PARTS]}
    wanted: list[tuple[str, int | None]] = [("own", None)] if own else [
        ("poseidon", None), *((circuit, power) for power in powers for circuit in SIZED)]
    results, done, total = [], 0, len(wanted) * rounds
    for circuit, power in wanted:
        name = circuit if power is None else f"{circuit} of 2^{power}"
        tell(f"making a key, {name}", done, total)
        files = _own_files(folder, *own) if own else _files(folder, circuit, power)
        taken: dict[str, list[Run]] = {each: [] for each in programs}
        serve = [*proofmill, "serve", str(files[0]), "-", *more]
        servers = {"held": serve}
        if memory is not None:
            servers["held_with_multiples"] = [*serve, "--memory", str(memory)]
        with ExitStack() as stack:
            holders = {each: stack.enter_context(holding(command, files[1:]))
                       for each, command in servers.items()}
            asked: dict[str, list[tuple[float, float]]] = {each: [] for each in holders}
            for number in range(rounds):
                tell(f"proving, {name}", done, total)
                for each, command in programs.items():
                    taken[each].append(measured([*command, *map(str, files)]))
                    if number == 0:
                        _check(folder, each)
                for each, holder in holders.items():
                    if number == 0:
                        tell(f"reading the key, {name}", done, total)
                        holder.ask()
                        _check(folder, "proofmill serve")
                    asked[each] += [holder.ask() for _ in range(HELD_PROOFS)]
                done += 1
            for each, holder in holders.items():
                size = holder.end()
                taken[each] = [(cpu, wall, size) for cpu, wall in asked[each]]
        results.append({"circuit": own[0] if own else circuit, "power": power, **_figures(taken)})
    return {"peer": peer or "NumPy and mcl", "rounds": rounds, "threads": threads, "memory": memory,
            "results": results}


def _figures(taken: dict[str, list[Run]]) -> JsonObject:
    """The least of every quantity for both programs and for keys that are held, and the ratios."""
    names = ("cpu_seconds", "wall_seconds", "peak_megabytes")
    least = {each: dict(zip(names, map(min, zip(*runs, strict=True)), strict=True))
             for each, runs in taken.items()}
    ours, theirs = least["proofmill"], least["peer"]
    ratios = {f"{each}_{kind}_ratio": least[each][f"{kind}_seconds"] / theirs[f"{kind}_seconds"]
              for each in least if each.startswith("held") for kind in ("cpu", "wall")}
    return {**least, **ratios,
            "cpu_ratio": ours["cpu_seconds"] / theirs["cpu_seconds"],
            "wall_ratio": ours["wall_seconds"] / theirs["wall_seconds"],
            "memory_ratio": ours["peak_megabytes"] / theirs["peak_megabytes"]}


def measured(command: list[str]) -> Run:
    """What a command takes that must succeed. Raises `ProofmillError` where it does not."""
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


def _files(folder: Path, circuit: str, power: int | None) -> tuple[Path, ...]:
    """A development key and a witness of a circuit, and where the proof and its signals go."""
    zkey, witness = folder / "circuit.zkey", folder / "witness.wtns"
    if power is None:
        system, values = poseidon()
    else:
        system, values = SIZED[circuit]((1 << power) - min(ROOM, 1 << power >> 1))
    key = development_setup(system, zkey, seed=bytes(32))
    write_verification_key(folder / "key.json", key.verification_key)
    write_witness(witness, values)
    return zkey, witness, folder / "proof.json", folder / "public.json"


def _own_files(folder: Path, zkey: str, witness: str) -> tuple[Path, ...]:
    write_verification_key(folder / "key.json", read_zkey(zkey).verification_key)
    return Path(zkey), Path(witness), folder / "proof.json", folder / "public.json"


def _check(folder: Path, program: str) -> None:
    if not verify(read_key(folder / "key.json"), read_public(folder / "public.json"),
                  read_proof(folder / "proof.json")):
        raise ProofmillError(f"{program} made a proof that is not valid")


def markdown(found: JsonObject) -> str:
    """The table of README.md."""
    heads = ["circuit", "processor time, ratio", "wall time, ratio", "peak memory, ratio",
             "key held: processor, wall, memory"]
    if found["memory"] is not None:
        heads.append("with multiples")
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for each in found["results"]:
        ours, theirs = each["proofmill"], each["peer"]
        cells = [f"{ours[name] * scale:,.0f} / {theirs[name] * scale:,.0f} {unit}, "
                 f"**{each[ratio]:.2f}**"
                 for name, ratio, scale, unit in (
                     ("cpu_seconds", "cpu_ratio", 1000, "ms"),
                     ("wall_seconds", "wall_ratio", 1000, "ms"),
                     ("peak_megabytes", "memory_ratio", 1, "MB"))]
        for held in ("held", "held_with_multiples"):
            if held in each:
                cells.append(f"{each[f'{held}_cpu_ratio']:.2f}, {each[f'{held}_wall_ratio']:.2f}, "
                             f"{each[held]['peak_megabytes']:,.0f} MB")
        name = each["circuit"] if each["power"] is None else f"{each['circuit']}, 2^{each['power']}"
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
