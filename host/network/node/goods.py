"""What a node sells on the market: results of a model and proofs, really computed, and what they
take of the array."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.inference import output_bytes, proof_bytes
from proofmill.host.network.contracts.results import check_opening
from proofmill.host.network.node.market_place import GoodsFiles
from proofmill.host.network.node.matrices import Matrices, array_of
from proofmill.host.network.node.patience import PatientProver
from proofmill.host.network.node.sold_proofs import SoldProofs
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem
from proofmill.host.prover.circuits.preimage import preimage_circuit
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.matrices import MatrixUse
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.host.prover.inference.circuit import InferenceCircuit
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.proving import KEY
from proofmill.host.prover.inference.tiles import OnArray

log = logging.getLogger(__name__)
RESULT, PREIMAGE = "result", "preimage"
"""What is proven, for `SoldProofs`."""


@dataclass(frozen=True)
class Provable:
    """A circuit and its key, for proofs here."""

    system: ConstraintSystem
    key: ProvingKey

    @property
    def constraints(self) -> int:
        """Of the circuit."""
        return len(self.system.constraints)

    @cached_property
    def r1cs(self) -> R1cs:
        """The circuit's constraints as matrices."""
        return self.system.to_r1cs("goods")


@dataclass(frozen=True)
class Computed:
    """A result as a job takes it. `cycles`: of the device that multiplied for it, in those of
    `use`, with which it was planned to begin with. `proof`: of one that is sold with it."""

    output: bytes
    cycles: int
    use: MatrixUse
    proof: bytes = b""


class Goods:
    """A model and a circuit, read from files."""

    def __init__(self, files: GoodsFiles, matrices: Matrices, devices: PatientProver,
                 now_ms: Callable[[], int]) -> None:
        """`matrices`: what multiplies the model's. `devices`: what proves, by this clock."""
        self.model = read_model(files.model)
        self.matrices = matrices
        self._circuit = InferenceCircuit(self.model)
        self._commands: dict[MatrixUse, list[int]] = {}
        self.results = Provable(self._circuit.system, read_zkey(files.compiled / KEY))
        self.proofs = Provable(preimage_circuit(), read_zkey(files.preimage_key))
        self.sold = SoldProofs(devices, now_ms, {
            name: (each.key, partial(getattr, each, "r1cs"))
            for name, each in ((RESULT, self.results), (PREIMAGE, self.proofs))})

    def look(self) -> None:
        """Ask the devices that have not said yet what they do."""
        self.matrices.look()
        self.sold.look()

    def commands(self, use: MatrixUse) -> list[int]:
        """Cycles of a device for each command of a result, by its gateware's count, and until the
        command's weights have come from its memory: they follow from shapes alone."""
        if use not in self._commands:
            nothing = np.zeros((1, *self.model.shape), dtype=np.float32)
            self._commands[use] = OnArray(self.model, nothing, array_of(use)).bounds
        return self._commands[use]

    def output(self, integers: Sequence[int]) -> Computed:
        """What the model gives for an input's integers; its matrices multiplied by what the node
        has for that, at its turns."""
        quantisation = self.model.quantisation
        given = np.array(integers).reshape(1, *self.model.shape)
        unit = self.matrices.unit()
        array = array_of(unit.use, unit)
        tensors = self.model.tensors(quantisation.dequantise(given), array.multiply)
        return Computed(output_bytes([int(value) % MODULUS for name in self._circuit.outputs
                                      for value in tensors[name][0].flat]), array.spent, unit.use)

    def with_proof(self, integers: Sequence[int], salt: int, tag: int) -> Computed:
        """The same with its proof, which says what it is, whatever multiplied."""
        found = self.output(integers)
        output, proof = self.proven_output(integers, salt, tag)
        if output != found.output:
            multiplied = ", ".join(name or "this processor"
                                   for name in self.matrices.record.commands)
            log.warning("one of %s multiplied wrongly; the proof's result is given", multiplied)
        return replace(found, output=output, proof=proof)

    def proven_output(self, integers: Sequence[int], salt: int, tag: int) -> tuple[bytes, bytes]:
        """(`output`, its proof) as the contract takes them."""
        witness = self.results.system.witness(self._circuit.inputs(np.array(integers), salt, tag))
        made = self.sold.prove(RESULT, to_limbs(witness))
        return (output_bytes(made.public[1:-1]),
                proof_bytes(self.results.key.verification_key, made.proof))

    def preimage_proof(self, inputs: dict[str, int]) -> list[int]:
        """The numbers of a proof that what is hashed to a job's signals is known."""
        return self.sold.prove(PREIMAGE, to_limbs(self.proofs.system.witness(inputs))
                               ).proof.numbers

    def opening(self, text: bytes, digest: bytes, committed: bytes) -> tuple[tuple[int, ...], int]:
        """(integers, salt) of a job for a result, checked; `ProofmillError` where they do not fit.
        """
        integers = check_opening(text, digest, committed, self.model.quantisation.least)
        if len(integers) != int(np.prod(self.model.shape)):
            raise ProofmillError(f"the input has {len(integers)} integers, and the model takes "
                                 f"{int(np.prod(self.model.shape))}; do not lock this job")
        return integers, int(json.loads(text)["salt"])
