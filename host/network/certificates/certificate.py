"""A certificate as it is kept and sent: 440 bytes, what it states and its proof.

    registry, next registry                     32 bytes each
    source's epoch and root, target's           8 and 32 bytes each
    weight, in gwei                             8
    prover's tag                                32
    proof: A, B, C                              256, as docs/protocol.md, section 2, has them

Where the target is of the epoch after the next, a branch may follow, 32 bytes a node
(`certificates.between`). All numbers are big-endian. One with other bytes than these for the same
numbers is none: a field element has to be below r.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates import between
from proofmill.host.network.consensus.block_proofs import proof_from_bytes, proof_to_bytes
from proofmill.host.network.consensus.records import PROOF_BYTES
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.inputs import certificate_witness
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.statement import CertificateInputs, SignedVote
from proofmill.host.prover.circuits.finality.vote import ROOT_BYTES, Checkpoint, Link
from proofmill.host.prover.curve.limbs import from_limbs
from proofmill.host.prover.devices.device import Progress
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verification_key import VerificationKey
from proofmill.host.prover.groth16.verify import verify

_WIDTHS = (32, 32, 8, 32, 8, 32, 8, 32)
CERTIFICATE_BYTES = sum(_WIDTHS) + PROOF_BYTES
assert CERTIFICATE_BYTES == 440
MOST_BYTES = CERTIFICATE_BYTES + ROOT_BYTES * between.DEPTH
"""With a branch."""

Prove = Callable[[Registry, Link, Sequence[SignedVote], int], "Certificate"]
"""Makes the certificate of votes, for a prover's tag."""


@dataclass(frozen=True)
class Certificate:
    """What is stated, and the proof of it, as `PROOF_BYTES` bytes. `branch`: from the checkpoint
    between source and target to the target, or nothing."""

    stated: CertificateInputs
    proof: bytes
    branch: tuple[bytes, ...] = ()

    def to_bytes(self) -> bytes:
        """`CERTIFICATE_BYTES` bytes, or `MOST_BYTES`. Of a whole certificate alone."""
        source, target = self.stated.source, self.stated.target
        return b"".join((
            self.stated.registry.to_bytes(32, "big"), self.stated.next_registry.to_bytes(32, "big"),
            source.epoch.to_bytes(8, "big"), source.root, target.epoch.to_bytes(8, "big"),
            target.root, self.stated.weight.to_bytes(8, "big"),
            self.stated.prover_tag.to_bytes(32, "big"), self.proof, *self.branch))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Certificate":
        """The certificate in these bytes; `ProofmillError` where they are none. Proves nothing."""
        if len(data) not in (CERTIFICATE_BYTES, MOST_BYTES):
            raise ProofmillError(f"a certificate has {CERTIFICATE_BYTES} bytes, not {len(data)}; "
                                 f"with a branch, {MOST_BYTES}")
        parts, start = [], 0
        for width in _WIDTHS:
            parts.append(data[start:start + width])
            start += width
        numbers = [int.from_bytes(each, "big") for each in parts]
        registry, following, _, _, _, _, weight, tag = numbers
        for name, value in (("registry", registry), ("next registry", following),
                            ("prover's tag", tag)):
            if value >= MODULUS:
                raise ProofmillError(f"the {name} of a certificate must be below r, not {value}")
        return cls(CertificateInputs.of(
            registry, following, Checkpoint(numbers[2], parts[3]), Checkpoint(numbers[4], parts[5]),
            weight, tag), data[start:CERTIFICATE_BYTES], tuple(
                data[place:place + ROOT_BYTES]
                for place in range(CERTIFICATE_BYTES, len(data), ROOT_BYTES)))


def certificate_prover(circuit: FinalityCircuit, prover: Prover, progress: Progress | None = None
                       ) -> Prove:
    """Makes certificates on the prover's device. Raises what `certificate_witness` and
    `Prover.prove` raise."""
    def prove(registry: Registry, link: Link, votes: Sequence[SignedVote], tag: int) -> Certificate:
        witness = certificate_witness(circuit, registry, link, votes, tag)
        stated = from_limbs(witness[1:1 + circuit.public])
        return Certificate(CertificateInputs(*stated),
                           proof_to_bytes(prover.prove(witness, progress).proof))

    return prove


def proof_refusal(key: VerificationKey, certificate: Certificate) -> str:
    """Why the proof does not hold under a key, or nothing.

    Says nothing of whether the source is justified, or the registry the right one.
    """
    numbers = certificate.stated.numbers
    if len(numbers) != key.public:
        return f"{key.name} is of proofs with {key.public} public signals, not {len(numbers)}"
    proof = proof_from_bytes(certificate.proof)
    if proof is None or not verify(key, numbers, proof):
        return "its proof does not verify under this key"
    return ""
