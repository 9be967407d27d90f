"""Proving keys: what a ``.zkey`` holds."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.groth16.verification_key import VerificationKey

Coefficients: TypeAlias = NDArray[Any]
"""Entries of A and B, of dtype `COEFFICIENT`."""

COEFFICIENT = np.dtype([
    ("matrix", "<u4"), ("constraint", "<u4"), ("signal", "<u4"), ("value", "<u8", (4,))])
"""An entry of A (matrix 0) or B (matrix 1); its value v is kept as v * 2^512 mod r."""

DEVELOPMENT_NAME = "proofmill development key"
"""The contribution that marks a key whose secret its maker knew: proofs by it prove nothing."""


@dataclass(frozen=True)
class Contribution:
    """One party's step of the ceremony that made a key.

    `delta_g1` is the key's delta after the step; `g1_s`, `g1_sx`, `g2_spx` prove knowledge of the
    factor; `transcript` is 64 bytes. `kind` 0 is a person's, 1 a public beacon's.
    """

    delta_g1: Limbs
    g1_s: Limbs
    g1_sx: Limbs
    g2_spx: Limbs
    transcript: bytes
    kind: int
    name: str | None = None
    iterations: int | None = None
    beacon: bytes | None = None


@dataclass(frozen=True)
class ProvingKey:
    """A Groth16 proving key; points as in `host.prover.curve.points`, perhaps mapped from the file.

    ================ ====================== ===================================================
    field            shape                  the points
    ================ ====================== ===================================================
    `public_points`  (public + 1, 8)        (beta A_i + alpha B_i + C_i) / gamma, public wires i
    `a`              (wires, 8)             A_i(tau) in G1
    `b_g1`, `b_g2`   (wires, 8), (.., 16)   B_i(tau) in G1 and G2
    `c`              (wires - public - 1,8) (beta A_i + alpha B_i + C_i) / delta, other wires
    `h`              (domain_size, 8)       odd Lagrange basis of twice the domain, / delta
    ================ ====================== ===================================================

    `circuit_hash`: 64 bytes that snarkjs' ceremony binds to the circuit; zero where unknown.
    """

    name: str
    wires: int
    public: int
    domain_size: int
    alpha_g1: Limbs
    beta_g1: Limbs
    beta_g2: Limbs
    gamma_g2: Limbs
    delta_g1: Limbs
    delta_g2: Limbs
    public_points: Limbs
    coefficients: Coefficients
    a: Limbs
    b_g1: Limbs
    b_g2: Limbs
    c: Limbs
    h: Limbs
    circuit_hash: bytes = bytes(64)
    contributions: tuple[Contribution, ...] = ()

    @property
    def verification_key(self) -> VerificationKey:
        """The part of the key a verifier needs."""
        return VerificationKey(
            alpha_g1=self.alpha_g1, beta_g2=self.beta_g2, gamma_g2=self.gamma_g2,
            delta_g2=self.delta_g2, public_points=self.public_points, name=self.name)


def is_development_key(key: ProvingKey) -> bool:
    """Whether the key is marked as made by `host.prover.groth16.setup`, for a local chain only."""
    return any(contribution.name == DEVELOPMENT_NAME for contribution in key.contributions)
