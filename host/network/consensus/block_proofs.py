"""Between the chain, where a proof is bytes, and this project's provers and verifiers."""

from collections.abc import Callable
from typing import TypeAlias

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.records import COORDINATE_BYTES, PROOF_BYTES, Claim
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.curve.limbs import BASE_MODULUS, Limbs
from proofmill.host.prover.curve.points import AffinePoint, encode
from proofmill.host.prover.devices.device import Progress
from proofmill.host.prover.fflonk.development import GatesKey
from proofmill.host.prover.fflonk.verification_key import AnyKey, FflonkKey, FflonkProof
from proofmill.host.prover.fflonk.verification_key import proof_from_numbers as fflonk_from_numbers
from proofmill.host.prover.fflonk.verify import verify as fflonk_verify
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.proving_key import ProvingKey, is_development_key
from proofmill.host.prover.groth16.verification_key import Proof
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.plonk.verification_key import PlonkKey, PlonkProof
from proofmill.host.prover.plonk.verification_key import proof_from_numbers as plonk_from_numbers
from proofmill.host.prover.plonk.verify import verify as plonk_verify

AnyProof: TypeAlias = Proof | PlonkProof | FflonkProof


def proof_to_bytes(proof: AnyProof) -> bytes:
    """The proof as the chain has it: the `numbers` that its system's contract takes."""
    return b"".join(number.to_bytes(COORDINATE_BYTES, "big") for number in proof.numbers)


def numbers_of(data: bytes) -> list[int]:
    """The numbers in a proof's bytes."""
    return [int.from_bytes(data[start:start + COORDINATE_BYTES], "big")
            for start in range(0, len(data), COORDINATE_BYTES)]


def proof_from_bytes(data: bytes) -> Proof | None:
    """The inverse; None where the length is another or a coordinate is not below p.

    Whether the points are on the curve is the verifier's to check.
    """
    if len(data) != PROOF_BYTES:
        return None
    numbers = numbers_of(data)
    if max(numbers) >= BASE_MODULUS:
        return None
    a_x, a_y, b_x1, b_x0, b_y1, b_y0, c_x, c_y = numbers
    return Proof(
        a=_point(Group.G1, (a_x, a_y)),
        b=_point(Group.G2, ((b_x0, b_x1), (b_y0, b_y1))),
        c=_point(Group.G1, (c_x, c_y)),
    )


def check_key(key: ProvingKey | GatesKey, *, local: bool) -> None:
    """Refuse a development key, whose maker can forge proofs, on a chain that is not `local`.

    Of PLONK and FFLONK all are refused there: nothing in a key tells from which powers it is.
    """
    if not local and (not isinstance(key, ProvingKey) or is_development_key(key)):
        raise ProofmillError(
            f"{key.name} is a development key, whose maker can forge proofs, and the chain is not "
            "a local one; use a key from a ceremony")


def block_verifier(key: AnyKey) -> Callable[[list[int], bytes], bool]:
    """Checks proofs under the block circuit's key: what `EmbeddedChain` wants as `verify`."""

    def check(public: list[int], data: bytes) -> bool:
        match key:
            case PlonkKey():
                by_plonk = plonk_from_numbers(numbers_of(data))
                return by_plonk is not None and plonk_verify(key, public, by_plonk)
            case FflonkKey():
                by_fflonk = fflonk_from_numbers(numbers_of(data))
                return by_fflonk is not None and fflonk_verify(key, public, by_fflonk)
        proof = proof_from_bytes(data)
        return proof is not None and verify(key, public, proof)

    return check


def block_prover(
    circuit: RollupCircuit, prover: Prover, progress: Progress | None = None
) -> Callable[[Claim], bytes]:
    """Proves claims on the prover's device: what `Miner` wants as `prove`.

    Raises what `RollupCircuit.witness` and `Prover.prove` raise.
    """

    def prove(claim: Claim) -> bytes:
        witness = circuit.witness(claim.task.ledger, claim.task.batch, claim.statement)
        return proof_to_bytes(prover.prove(witness, progress).proof)

    return prove


def _point(group: Group, point: AffinePoint) -> Limbs:
    encoded: Limbs = encode(group, [point]).reshape(-1)
    return encoded
