"""Proving by FFLONK, as `host.prover.plonk.prove` does by PLONK."""

from collections.abc import Sequence

from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.fflonk.rounds import BLINDINGS, SUMS, Rounds
from proofmill.host.prover.fflonk.verification_key import FflonkProof
from proofmill.host.prover.fflonk.verify import verify
from proofmill.host.prover.fflonk.zkey import FflonkProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.plonk.commitments import Committer
from proofmill.host.prover.plonk.prove import GatesProver, PlonkProver
from proofmill.host.prover.plonk.zkey import PlonkProvingKey


class FflonkProver(GatesProver[FflonkProvingKey, FflonkProof]):
    """`GatesProver` for FFLONK."""

    sums, blindings = SUMS, BLINDINGS

    def make(self, committer: Committer, wires: list[Vector], public: Sequence[int],
             blinding: Sequence[int]) -> FflonkProof:
        """See `Rounds`."""
        return Rounds(self.key, committer, blinding).prove(wires, public)

    def is_valid(self, public: Sequence[int], proof: FflonkProof) -> bool:
        """See `verify`."""
        return verify(self.key.verification_key, public, proof)


def gates_prover(key: PlonkProvingKey | FflonkProvingKey, device: Device,
                 fallback: Device | None = None, r1cs: R1cs | None = None
                 ) -> PlonkProver | FflonkProver:
    """The prover of the key's system; see `GatesProver`."""
    if isinstance(key, PlonkProvingKey):
        return PlonkProver(key, device, fallback, r1cs)
    return FflonkProver(key, device, fallback, r1cs)
