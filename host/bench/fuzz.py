"""Damaged keys and witnesses against the native library, under the compiler's sanitizers."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from proofmill.host.bench.circuits import chain
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.wtns import write_witness
from proofmill.host.prover.native import faults
from proofmill.host.prover.native.build import CHECKED, FLAGS, SOURCES, machine
from proofmill.host.prover.native.compiling import UNITS, X86
from proofmill.sim import processes

DRIVER = SOURCES.with_name("fuzzing") / "driver.cpp"
"""What makes the inputs and counts the answers."""

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g1")
"""Every access within its memory, every shift and conversion defined, nothing leaked."""

CONSTRAINTS = 5
"""Of the circuit whose files are damaged: small, so that many inputs can be tried."""

COMPILING, TRYING = "compiling with sanitizers", "trying damaged files"

Tell = Callable[[str, int, int], None]


class Crash(ProofmillError):
    """An input ended the driver; the message says which, and how to see it again."""


def fuzz(inputs: int, seed: int, first: int, tell: Tell, every: int = 1) -> JsonObject:
    """Prove with `inputs` damaged pairs of files; the answers counted by their faults.

    Input i follows from `seed` and i, so `first` and one input show a crash again. Every class that
    runs here is tried, IFMA by emulation, on one and two threads, from memory and from files that
    may shrink, and with held keys. With only one of `every` inputs a proof is made; of the others
    everything is read and converted, which takes a thousandth of the time.
    Raises `Crash` where the library did not answer, `ProofmillError` where there is no compiler.
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tell(COMPILING, 0, 1)
        driver = _compiled(folder)
        circuit, witness = chain(CONSTRAINTS)
        development_setup(circuit, folder / "k.zkey", seed=bytes(32))
        write_witness(folder / "w.wtns", witness)
        words = [str(driver), str(folder / "k.zkey"), str(folder / "w.wtns"), str(seed),
                 str(first), str(inputs), str(folder / "number"), str(every)]
        with open(folder / "log", "wb") as log, _running(words, stdout=subprocess.PIPE,
                                                         stderr=log) as process:
            found: JsonObject = {"inputs": 0, "answers": []}
            tell(TRYING, 0, inputs)
            assert process.stdout is not None
            for line in process.stdout:
                found = json.loads(line)
                tell(TRYING, found["inputs"], inputs)
            status = process.wait()
        if status:
            number = int.from_bytes((folder / "number").read_bytes(), sys.byteorder)
            raise Crash(_told((folder / "log").read_text(errors="replace"), status, seed, number,
                              every))
    names = {number: name for name, number in vars(faults).items()
             if name.isupper() and isinstance(number, int)}
    return {"inputs": found["inputs"], "seed": seed, "first": first, "every": every,
            "seconds": time.monotonic() - start,
            "answers": {names.get(code, str(code)).lower(): count
                        for code, count in enumerate(found["answers"]) if count}}


def _told(log: str, status: int, seed: int, number: int, every: int) -> str:
    report = "\n".join(log.strip().splitlines()[:40])
    return (f"the native library did not answer input {number} of seed {seed}, status {status}; "
            f"see it again with `proofmill bench fuzz --seed {seed} --first {number} --inputs 1 "
            f"--every {every}`:\n"
            f"{report}")


def _compiled(folder: Path) -> Path:
    """The driver, with the sources it includes. Sanitizers need a compiler of the system's own:
    the wheel's has not their libraries."""
    compiler = next(filter(None, map(shutil.which, ("clang++", "g++"))), None)
    if compiler is None:
        raise ProofmillError("fuzzing needs clang++ or g++ with their sanitizers; on Debian: "
                             "apt install g++")
    units = {SOURCES / unit: flags for unit, flags in UNITS.items()
             if unit.startswith("class_") and (machine() in X86 or unit == "class_scalar.cpp")}
    units[DRIVER] = ()
    commands = []
    for unit, flags in units.items():
        # IFMA is emulated, in any processor's instructions.
        flags = () if unit.name == "class_ifma.cpp" else flags
        commands.append([compiler, *FLAGS, *CHECKED, *SANITIZERS, *flags, "-c", str(unit), "-o",
                         str(folder / f"{unit.name}.o")])
    program = folder / "driver"
    for command in (*commands, [compiler, "-pthread", SANITIZERS[0],
                                *(each[-1] for each in commands), "-o", str(program)]):
        with _running(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            _, said = process.communicate()
        if process.returncode:
            raise ProofmillError(f"{command[0]} could not compile the driver, status "
                                 f"{process.returncode}; install its sanitizers: {said[-300:]}")
    return program


@contextmanager
def _running(command: list[str], **options: object) -> Iterator["subprocess.Popen[str]"]:
    # Memory that is not to be had is a fault of the library's, too.
    environment = os.environ | {"ASAN_OPTIONS": "allocator_may_return_null=1"}
    process = processes.start(command, env=environment, **options)
    try:
        yield process
    finally:
        processes.end(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
