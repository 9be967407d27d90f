"""What a PLONK or FFLONK key is, to be shown."""

from dataclasses import dataclass

from proofmill.host.prover.groth16.info import CURVE
from proofmill.host.prover.plonk.zkey import Circuit


@dataclass(frozen=True)
class PlonkInfo:
    """A key in numbers; `gates` without the padding, `additions`: sums that have a variable."""

    name: str
    system: str
    curve: str
    wires: int
    public: int
    domain_size: int
    gates: int
    additions: int


def key_info(name: str, system: str, circuit: Circuit) -> PlonkInfo:
    """Describe a key."""
    return PlonkInfo(
        name=name, system=system, curve=CURVE, wires=circuit.wires, public=circuit.public,
        domain_size=circuit.domain_size, gates=circuit.gates, additions=len(circuit.additions))
