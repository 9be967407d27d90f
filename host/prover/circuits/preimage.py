"""The circuit of who knows what a chain of Poseidon hashes begins with: small, and of real use."""

from proofmill.host.prover.circuits.constraints import ConstraintSystem
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget

HASHES = 16
"""Of the chain: 213 constraints each."""
PREIMAGE = "preimage"
"""The private input's name."""


def preimage_circuit(hashes: int = HASHES) -> ConstraintSystem:
    """One public signal, `chained` of a private input. Sound: a hash is a function."""
    if hashes < 1:
        raise ValueError(f"a chain has a hash or more, not {hashes}")
    system = ConstraintSystem()
    output = system.public_output("output")
    value = system.private_input(PREIMAGE)
    for number in range(hashes - 1):
        value = poseidon_gadget(system, [value], f"hash {number}")
    system.hint(lambda values: (poseidon(values),), (value,), (output,))
    poseidon_gadget(system, [value], f"hash {hashes - 1}", output)
    return system


def chained(preimage: int, hashes: int = HASHES) -> int:
    """What so many hashes make of `preimage`, one of the other."""
    for _ in range(hashes):
        preimage = poseidon([preimage])
    return preimage
