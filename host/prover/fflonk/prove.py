"""Proving by FFLONK, as `host.prover.plonk.prove` does by PLONK."""

from collections.abc import Sequence

from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.fflonk.rounds import BLINDINGS, SUMS, Rounds
from proofmill.host.prover.fflonk.verification_key import FflonkProof
from proofmill.host.prover.fflonk.verify import verify
from proofmill.host.prover.fflonk.zkey import FflonkProvingKey
from proofmill.host.prover.plonk.commitments import Committer
from proofmill.host.prover.plonk.prove import GatesProver


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
