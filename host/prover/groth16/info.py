"""What a key or a circuit is, to be shown."""

from dataclasses import dataclass

from proofmill.host.prover.groth16.proving_key import ProvingKey, is_development_key
from proofmill.host.prover.groth16.r1cs import R1cs

CURVE = "BN254 (bn128)"


@dataclass(frozen=True)
class KeyInfo:
    """A proving key in numbers. `contributions`: the names the parties gave, None without one."""

    name: str
    system: str
    curve: str
    wires: int
    public: int
    domain_size: int
    coefficients: int
    contributions: tuple[str | None, ...]
    development: bool
    circuit_hash: str


@dataclass(frozen=True)
class CircuitInfo:
    """A constraint system in numbers; `entries` are those of A, B and C that are not zero."""

    name: str
    curve: str
    wires: int
    constraints: int
    public_outputs: int
    public_inputs: int
    private_inputs: int
    entries: tuple[int, int, int]


def key_info(key: ProvingKey) -> KeyInfo:
    """Describe a proving key."""
    return KeyInfo(
        name=key.name, system="groth16", curve=CURVE, wires=key.wires, public=key.public,
        domain_size=key.domain_size, coefficients=len(key.coefficients),
        contributions=tuple(contribution.name for contribution in key.contributions),
        development=is_development_key(key), circuit_hash=key.circuit_hash.hex())


def circuit_info(r1cs: R1cs) -> CircuitInfo:
    """Describe a constraint system."""
    return CircuitInfo(
        name=r1cs.name, curve=CURVE, wires=r1cs.wires, constraints=r1cs.constraints,
        public_outputs=r1cs.public_outputs, public_inputs=r1cs.public_inputs,
        private_inputs=r1cs.private_inputs,
        entries=(len(r1cs.a.rows), len(r1cs.b.rows), len(r1cs.c.rows)))
