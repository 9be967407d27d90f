"""A model compiled to a folder: circuit, keys, what they are of; and proofs made with it."""

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.output import make_folder, write_atomically
from proofmill.host.ground.secret import require_new, write_secret
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.json_fields import write_public
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.r1cs_file import write_r1cs
from proofmill.host.prover.groth16.setup import Step, circuit_hash, development_setup
from proofmill.host.prover.groth16.verification_key import write_proof, write_verification_key
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.host.prover.inference.circuit import InferenceCircuit
from proofmill.host.prover.inference.model import Model
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.quantisation import Reals

DESCRIPTION, CIRCUIT, KEY, VERIFICATION_KEY = (
    "model.json", "circuit.r1cs", "circuit.zkey", "verification_key.json")
"""The files of a compiled model."""

WEIGHTS = "weights.json"
"""The salt of private weights: their owner's secret, without which nothing can be proven."""

PROOF, PUBLIC, OUTPUT, OPENING = "proof.json", "public.json", "output.json", "opening.json"
"""The files of a proof; the last one is the prover's secret."""


@dataclass(frozen=True)
class Compiled:
    """A model that can be proven: what model.json says of it.

    `model_hash`, `circuit_hash`, `verification_key_hash`: SHA-256 of the files, in hexadecimal.
    `layers`: constraints by part. `public`: the public signals' names, in order.
    `weights_commitment`: to private weights; None where weights are constants.
    """

    model_hash: str
    circuit_hash: str
    verification_key_hash: str
    constraints: int
    wires: int
    layers: dict[str, int]
    public: list[str]
    weights_commitment: str | None


@dataclass(frozen=True)
class Proven:
    """A proof that was made: its commitment to the input, and how long it took."""

    commitment: int
    tag: int
    seconds: float


def compile_model(path: str | os.PathLike[str], folder: str | os.PathLike[str],
                  seed: bytes | None = None, step: Step = lambda what, done, total: None,
                  *, private_weights: bool = False) -> Compiled:
    """Write circuit, development key, verification key and description of a model to `folder`.

    With `private_weights` nothing of that says more of the weights than a commitment, and
    weights.json gets its salt. Raises `ProofmillError` for what cannot be proven, named with its
    node, where a file cannot be written, and where there is a weights.json already. The same model
    and `seed` make the same files, unless weights are private: their salt is random.
    """
    place = Path(folder)
    require_new(place / WEIGHTS)
    step("compiling", 0, 1)
    salt = secrets.randbelow(MODULUS) if private_weights else None
    circuit = InferenceCircuit(read_model(path), salt)
    system = circuit.system
    r1cs = system.to_r1cs(os.fspath(path))
    make_folder(place)
    if salt is not None:
        write_secret(place / WEIGHTS, json.dumps({"salt": str(salt)}) + "\n")
    write_r1cs(place / CIRCUIT, r1cs)
    key = development_setup(r1cs, place / KEY, seed, step)
    write_verification_key(place / VERIFICATION_KEY, key.verification_key)
    found = Compiled(_sha256(path), _sha256(place / CIRCUIT), _sha256(place / VERIFICATION_KEY),
                     len(system.constraints), system.wires, dict(circuit.layers),
                     system.names[1:1 + r1cs.public],
                     None if circuit.weights is None else str(circuit.weights.commitment))
    _write_json(place / DESCRIPTION, vars(found))
    return found


def prove_inference(path: str | os.PathLike[str], folder: str | os.PathLike[str], sample: Reals,
                    out: str | os.PathLike[str], tag: int = 0,
                    step: Step = lambda what, done, total: None) -> Proven:
    """Prove what a compiled model gives for one sample (a batch of one); write it to `out`.

    There: proof.json and public.json, as snarkjs has them; output.json, the outputs' integers and
    what they are of; and opening.json, readable for its owner alone: the input's integers and the
    salt, which open the commitment. Raises `ProofmillError` where `folder` is of another model,
    files are missing, or an opening is there already.
    """
    place, target = Path(folder), Path(out)
    described = read_description(place)
    if described.get("model_hash") != _sha256(path):
        raise ProofmillError(f"{place}: was compiled from another model than {os.fspath(path)}; "
                             "compile this one, or give the other")
    require_new(target / OPENING)
    model = read_model(path)
    step("compiling", 0, 1)
    circuit = InferenceCircuit(model, _salt(place, described))
    key = read_zkey(place / KEY)
    r1cs = circuit.system.to_r1cs(model.name)
    if key.circuit_hash != circuit_hash(r1cs):
        raise ProofmillError(f"{place / KEY}: is the key of another circuit than this version "
                             f"makes of {model.name}; compile the model again")
    tensors = model.tensors(sample)
    integers, salt = tensors[model.source][0], secrets.randbelow(MODULUS)
    witness = circuit.system.witness(circuit.inputs(integers, salt, tag))
    outputs = {name: tensors[name][0] for name in circuit.outputs}
    expected = [int(value) % MODULUS for each in outputs.values() for value in each.flat]
    if witness[2:2 + len(expected)] != expected:
        raise AssertionError("the circuit gives other outputs than the model")
    result = Prover(key, CpuDevice(), r1cs=r1cs).prove(
        to_limbs(witness), lambda done, total: step("proving", done, total))
    make_folder(target)
    write_secret(target / OPENING, json.dumps(
        {"salt": str(salt), "integers": integers.tolist()}) + "\n")
    _write_json(target / OUTPUT, {
        "model_hash": described["model_hash"], "circuit_hash": described["circuit_hash"],
        "commitment": str(witness[1]), "tag": str(tag), "outputs": _outputs(model, circuit,
                                                                           outputs)})
    write_proof(target / PROOF, result.proof)
    write_public(target / PUBLIC, result.public)
    return Proven(witness[1], tag, result.seconds)


def _outputs(model: Model, circuit: InferenceCircuit, found: dict[str, Any]) -> list[Any]:
    names = {output.tensor: output.name for output in model.outputs}
    return [{"name": names.get(name, name), "integers": found[name].tolist()}
            for name in circuit.outputs]


def read_description(place: Path) -> dict[str, Any]:
    """What model.json in the folder of a compiled model says. Raises `ProofmillError`."""
    try:
        found = parse_json((place / DESCRIPTION).read_text("utf-8"))
    except FileNotFoundError:
        raise ProofmillError(f"{place}: has no {DESCRIPTION}; `proofmill model compile` makes such "
                             "a folder") from None
    except ValueError as error:
        raise ProofmillError(f"{place / DESCRIPTION}: {error}; compile the model again") from None
    if not isinstance(found, dict) or not {"model_hash", "circuit_hash"} <= found.keys():
        raise ProofmillError(f"{place / DESCRIPTION}: is no description of a model; compile it "
                             "again")
    return found


def _salt(place: Path, described: dict[str, Any]) -> int | None:
    """Of private weights, from the folder of the compiled model."""
    if described.get("weights_commitment") is None:
        return None
    try:
        return int(parse_json((place / WEIGHTS).read_text("utf-8"))["salt"])
    except FileNotFoundError:
        raise ProofmillError(f"{place}: has no {WEIGHTS}, and the weights are private: who "
                             "compiled the model has it") from None
    except (ValueError, KeyError, TypeError):
        raise ProofmillError(f"{place / WEIGHTS}: holds no salt, as {{\"salt\": \"1\"}} does; "
                             "compile the model again, into another folder") from None


def _sha256(path: str | os.PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _write_json(path: Path, record: dict[str, Any]) -> None:
    write_atomically(path, [json.dumps(record, indent=1).encode() + b"\n"])
