"""PLONK and FFLONK beside snarkjs, process by process, in alternation."""

import shutil
import sys
from pathlib import Path

from proofmill.host.bench.circuits import mixed
from proofmill.host.bench.peer import Run, Tell, measured
from proofmill.host.bench.proving import snarkjs_program
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.fflonk import setup as fflonk
from proofmill.host.prover.fflonk import verification_key as fflonk_proof
from proofmill.host.prover.fflonk import verify as fflonk_verify
from proofmill.host.prover.fflonk import zkey as fflonk_key
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.groth16.wtns import write_witness
from proofmill.host.prover.plonk import setup as plonk
from proofmill.host.prover.plonk import verification_key as plonk_proof
from proofmill.host.prover.plonk import verify as plonk_verify
from proofmill.host.prover.plonk import zkey as plonk_key
from proofmill.host.prover.plonk.systems import FFLONK, PLONK

ROOM = 4
"""Gates of the domain that the circuit leaves free."""

MORE_POWERS = {PLONK: 0, FFLONK: 3}
"""Powers of tau of degree 2^(k + so many) for a domain of 2^k."""

QUANTITIES = ("cpu_seconds", "wall_seconds", "peak_megabytes")


def compare(folder: Path, system: str, powers: tuple[int, ...], rounds: int, tell: Tell
            ) -> JsonObject:
    """A circuit whose values are mostly 0 or 1 (`host.bench.circuits.mixed`), for domains of
    2^powers, proven by `proofmill prove` and by `snarkjs SYSTEM prove`.

    Of every quantity the least of `rounds` counts. `folder` takes the files; keys are from powers
    of tau that are made for this. The first proof of each program is verified. Raises
    `ProofmillError` where snarkjs is not there, and where a program fails.
    """
    found = snarkjs_program()
    path = shutil.which(found[0]) if found else None
    if found is None or path is None:
        raise ProofmillError("snarkjs is not there to compare with; run `npm install -g "
                             "snarkjs@0.7.6`")
    programs = {"proofmill": [sys.executable, "-m", "proofmill.host.cli.main", "prove"],
                "snarkjs": [path, *found[1:], system, "prove"]}
    results, done, total = [], 0, len(powers) * rounds
    for power in powers:
        tell(f"making a key of 2^{power}", done, total)
        files = _files(folder, system, power)
        taken: dict[str, list[Run]] = {each: [] for each in programs}
        for number in range(rounds):
            for each, command in programs.items():
                tell(f"proving, 2^{power}, {each}", done, total)
                taken[each].append(measured([*command, *map(str, files)]))
                if number == 0 and not _is_valid(system, *files):
                    raise ProofmillError(f"{each} made a proof that is not valid")
            done += 1
        least = {each: dict(zip(QUANTITIES, map(min, zip(*runs, strict=True)), strict=True))
                 for each, runs in taken.items()}
        ours, theirs = least.values()
        results.append({"power": power, **least, **{
            f"{name.partition('_')[0]}_ratio": ours[name] / theirs[name] for name in QUANTITIES}})
    return {"system": system, "rounds": rounds, "results": results}


def _files(folder: Path, system: str, power: int) -> tuple[Path, ...]:
    """A key and a witness, and where the proof and its signals go."""
    zkey, wtns, ptau = (folder / name for name in ("circuit.zkey", "witness.wtns", "powers.ptau"))
    circuit, witness = mixed((1 << power) - ROOM)
    development_powers(ptau, power + MORE_POWERS[system], bytes(32))
    setup = plonk.plonk_setup if system == PLONK else fflonk.fflonk_setup
    setup(circuit, read_powers(ptau), zkey)
    write_witness(wtns, witness)
    return zkey, wtns, folder / "proof.json", folder / "public.json"


def _is_valid(system: str, zkey: Path, _wtns: Path, proof: Path, public: Path) -> bool:
    signals = read_public(public)
    if system == PLONK:
        return plonk_verify.verify(plonk_key.read_zkey(zkey).verification_key, signals,
                                   plonk_proof.read_proof(proof))
    return fflonk_verify.verify(fflonk_key.read_zkey(zkey).verification_key, signals,
                                fflonk_proof.read_proof(proof))
