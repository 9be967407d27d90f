"""The verifier of a circuit's proofs as a contract, in any of the proof systems."""

from types import ModuleType

from proofmill.host.network.contracts import fflonk_verifier, plonk_verifier, verifier
from proofmill.host.network.evm.contract import Artifact
from proofmill.host.network.mechanism.verifiers import PROOF_NUMBERS
from proofmill.host.prover.fflonk.verification_key import AnyKey, FflonkKey
from proofmill.host.prover.plonk.systems import FFLONK, GROTH16, PLONK
from proofmill.host.prover.plonk.verification_key import PlonkKey

GROTH16_NUMBERS = PROOF_NUMBERS[GROTH16]
"""Of a proof, as the contracts' sources have it."""

_MODULES: dict[str, ModuleType] = {
    GROTH16: verifier, PLONK: plonk_verifier, FFLONK: fflonk_verifier}


def system_of(key: AnyKey) -> str:
    """The proof system that a key is of."""
    match key:
        case PlonkKey():
            return PLONK
        case FflonkKey():
            return FFLONK
    return GROTH16


def block_verifier_artifact(key: AnyKey) -> Artifact:
    """The contract, compiled; about a second. `ProofmillError` for more signals than fit it."""
    artifact: Artifact = _MODULES[system_of(key)].verifier_artifact(key)
    return artifact


def block_verifier_source(key: AnyKey) -> str:
    """Its source. Raises as `block_verifier_artifact`."""
    source: str = _MODULES[system_of(key)].verifier_source(key)
    return source


def block_verifier_sources(key: AnyKey) -> dict[str, str]:
    """It, by its name. Raises as `block_verifier_artifact`."""
    return {f"verifier of {key.name}": block_verifier_source(key)}


def block_key_hash(key: AnyKey) -> bytes:
    """What pins the key on a chain; 32 bytes."""
    digest: bytes = _MODULES[system_of(key)].key_hash(key)
    return digest


def proof_numbers_of(key: AnyKey) -> int:
    """How many numbers a proof has as the contract takes it."""
    return PROOF_NUMBERS[system_of(key)]


def for_proofs_of(source: str, numbers: int) -> str:
    """A contract's source that takes proofs of so many numbers, not Groth16's."""
    return source.replace(f"uint256[{GROTH16_NUMBERS}]", f"uint256[{numbers}]")
