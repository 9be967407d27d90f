"""What the contracts of ERC-7992 and ERC-8274 take, as bytes: models, outputs and proofs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import ETHER
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.verifier import key_coordinates, key_hash
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.verifiers import IDENTIFIERS
from proofmill.host.prover.circuits.statement import ADDRESS_BYTES
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.groth16.verification_key import (
    Proof,
    VerificationKey,
    read_proof,
    read_verification_key,
)
from proofmill.host.prover.inference.proving import (
    PROOF,
    PUBLIC,
    VERIFICATION_KEY,
    read_description,
)
from proofmill.host.prover.plonk.systems import GROTH16

WORD = 32

PROOF_SYSTEM_ID = IDENTIFIERS[GROTH16]
"""Of what is verified."""

Commitment = tuple[bytes, bytes, bytes, bytes, str]
"""ModelCommitment: model, circuit and verification key as hashes, the proof system, an address."""


def model_commitment(model_hash: str, circuit_hash: str, key: VerificationKey, uri: str
                     ) -> Commitment:
    """Of a compiled model: the hashes as model.json has them, in hexadecimal."""
    return (bytes.fromhex(model_hash), bytes.fromhex(circuit_hash), key_hash(key),
            PROOF_SYSTEM_ID, uri)


def caller_tag(caller: Address) -> int:
    """The prover's tag of a proof that `caller` hands in."""
    return int.from_bytes(caller, "big")


def output_bytes(outputs: Sequence[int]) -> bytes:
    """Public signals that are outputs as int256 words; those above the half of r are negative."""
    return b"".join((value if value <= SCALAR_MODULUS // 2 else value - SCALAR_MODULUS)
                    .to_bytes(WORD, "big", signed=True) for value in outputs)


def proof_bytes(key: VerificationKey, proof: Proof) -> bytes:
    """A proof and the key it is verified under."""
    return b"".join(value.to_bytes(WORD, "big")
                    for value in [*proof.numbers, *key_coordinates(key)])


def claim_bytes(output: bytes, evidence: bytes) -> bytes:
    """ERC-8274's `proof` of a result: how many outputs, `output_bytes`, and `proof_bytes`."""
    return (len(output) // WORD).to_bytes(WORD, "big") + output + evidence


CHAIN_ID, GENESIS_TIME = 1337, 1_000_000

LOCAL_KEY = bytes(keccak(b"proofmill local caller"))
"""Of an account on the embedded machine alone: anybody can know it."""

LOCAL_CALLER = address_of(LOCAL_KEY)

ERRORS = {bytes(keccak(each.encode())[:4]).hex(): each.partition("(")[0] for each in (
    "InvalidProof()", "ModelMismatch()", "InputCommitmentMismatch()", "OutputMismatch()")}
"""What the verifier refuses a result with, by the first bytes of what it gives back."""


@dataclass(frozen=True)
class Verdict:
    """What the contracts say of a result: `refused` names the error, or is None; `gas`, with the
    transaction's own and its calldata, where `caller` is `LOCAL_CALLER`."""

    caller: Address
    refused: str | None
    gas: int | None


def verify_locally(folder: str | os.PathLike[str], proven: str | os.PathLike[str]) -> Verdict:
    """Create the contracts on the embedded machine, register the model, and hand its result in.

    `folder`, `proven`: what `proofmill model compile` and `infer --prove` left. Raises
    `ProofmillError` where files are missing, or the tag is no address.
    """
    described = read_description(Path(folder))
    key = read_verification_key(Path(folder) / VERIFICATION_KEY)
    proof = read_proof(Path(proven) / PROOF)
    public, name = read_public(Path(proven) / PUBLIC), Path(proven) / PUBLIC
    if len(public) != key.public or len(public) < 3:
        raise ProofmillError(f"{name}: has not the {key.public} public signals of {key.name}; "
                             "give the folder of a proof for this model")
    commitment, *outputs, tag = public
    if tag >> 8 * ADDRESS_BYTES:
        raise ProofmillError(f"{name}: the prover's tag {tag} is no address; prove with "
                             f"`--tag 0x{LOCAL_CALLER.hex()}`")
    caller = tag.to_bytes(ADDRESS_BYTES, "big")
    evm = EmbeddedEvm(CHAIN_ID, {LOCAL_CALLER: 100 * ETHER}, GENESIS_TIME)
    account = Account(evm, LOCAL_KEY)
    registry = Contract.deploy(account, evm, compiled("ModelRegistry"))
    verifier = Contract.deploy(account, evm, compiled("InferenceVerifier"), registry.address)
    registry.send(account, "registerModel", model_commitment(
        described["model_hash"], described["circuit_hash"], key, ""))
    given = (registry.call("count"), commitment.to_bytes(WORD, "big"), output_bytes(outputs),
             proof_bytes(key, proof))
    try:
        if caller == LOCAL_CALLER:
            return Verdict(caller, None, verifier.send(account, "verifyInference", *given).gas_used)
        verifier.call("verifyInference", *given, sender=caller)
    except RevertedError as error:
        return Verdict(caller, ERRORS.get(error.reason[2:], error.reason), None)
    return Verdict(caller, None, None)
