"""The verifier of a block circuit's proofs as a contract, in any of the proof systems."""


from proofmill.host.network.contracts import fflonk_verifier, plonk_verifier, verifier
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.prover.fflonk.verification_key import PROOF_NUMBERS as FFLONK_NUMBERS
from proofmill.host.prover.fflonk.verification_key import AnyKey, FflonkKey
from proofmill.host.prover.plonk.verification_key import PROOF_NUMBERS as PLONK_NUMBERS
from proofmill.host.prover.plonk.verification_key import PlonkKey

GROTH16_NUMBERS = 8
"""Of a proof, as the contracts' sources have it."""


def block_verifier_artifact(key: AnyKey) -> Artifact:
    """The contract, compiled; about a second. `ProofmillError` for more signals than fit it."""
    match key:
        case PlonkKey():
            return plonk_verifier.verifier_artifact(key)
        case FflonkKey():
            return fflonk_verifier.verifier_artifact(key)
    return verifier.verifier_artifact(key)


def proof_numbers_of(key: AnyKey) -> int:
    """How many numbers a proof has as the contract takes it."""
    match key:
        case PlonkKey():
            return PLONK_NUMBERS
        case FflonkKey():
            return FFLONK_NUMBERS
    return GROTH16_NUMBERS


def for_proofs_of(source: str, numbers: int) -> str:
    """A contract's source that takes proofs of so many numbers, not Groth16's."""
    return source.replace(f"uint256[{GROTH16_NUMBERS}]", f"uint256[{numbers}]")
