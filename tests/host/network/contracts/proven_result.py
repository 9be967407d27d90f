"""A small model's result, proven for the account "solver"."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proofmill.host.network.contracts.inference import caller_tag, output_bytes, proof_bytes
from proofmill.host.network.evm.account import address_of
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import prove
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import VerificationKey
from proofmill.host.prover.inference.circuit import InferenceCircuit
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.quantisation import Quantisation
from tests.host.network.contracts.world import private_key
from tests.host.prover.inference.onnx_models import Qdq

SALT = 77


@dataclass(frozen=True)
class Result:
    """`opening`: the input and its salt, as `infer --prove` writes them; `least`: of its type."""

    key: VerificationKey
    commitment: bytes
    output: bytes
    proof: bytes
    integers: list[int]
    opening: bytes
    least: int


def proven_result(folder: Path) -> Result:
    """Three outputs of a layer, one of them negative, proven for the account "solver"."""
    graph = Qdq((2,))
    x = graph.quantised("x", Quantisation(np.float32(0.25), 3, "uint8"))
    weight = graph.constant("w", [[3, 1, -100], [-2, 4, -7]], np.float32(0.5))
    out = graph.quantised(graph.node("MatMul", [x, weight], "y"),
                          Quantisation(np.float32(0.5), -7, "int8"))
    model = read_model(graph.save(folder / "model.onnx", out))
    circuit = InferenceCircuit(model)
    tensors = model.tensors(np.array([[5, 2]], dtype=np.float32))
    given = tensors[model.source][0]
    witness = circuit.system.witness(circuit.inputs(given, SALT, caller_tag(address("solver"))))
    key = development_setup(circuit.system.to_r1cs("model"), seed=b"inference")
    proven = prove(key, to_limbs(witness), CpuDevice())
    opening = json.dumps({"salt": str(SALT), "integers": given.tolist()}).encode()
    return Result(key.verification_key, witness[1].to_bytes(32, "big"), output_bytes(witness[2:5]),
                  proof_bytes(key.verification_key, proven.proof),
                  tensors[circuit.outputs[0]][0].tolist(), opening, model.quantisation.least)


def address(name: str) -> bytes:
    return address_of(private_key(name))
