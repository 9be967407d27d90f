"""Development keys of the block circuit, in any proof system, and of other circuits."""

from contextlib import suppress
from typing import TYPE_CHECKING

from proofmill.host.prover.devices.catalogue import BuildProgress
from proofmill.host.prover.plonk.systems import GROTH16

if TYPE_CHECKING:  # these take seconds to import
    from collections.abc import Callable

    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
    from proofmill.host.prover.fflonk.development import GatesKey
    from proofmill.host.prover.groth16.proving_key import ProvingKey
    from proofmill.host.prover.groth16.r1cs import R1cs


def block_key(circuit: "RollupCircuit", seed: int) -> "ProvingKey":
    """The development key of the block circuit: from the cache, or made now and kept there."""
    from proofmill.host.prover.groth16.setup import circuit_hash

    return development_key_of(circuit_hash(circuit.r1cs), lambda: circuit.r1cs, seed)


def development_key_of(digest: bytes, r1cs: "Callable[[], R1cs]", seed: int) -> "ProvingKey":
    """The Groth16 development key of a circuit: from the cache, or made now and kept there.
    `digest`: differs for circuits that differ; `r1cs` is asked for the constraints if need be."""
    import hashlib

    from proofmill.host.ground.cache import cache_folder
    from proofmill.host.ground.kept import keep, kept
    from proofmill.host.prover.groth16.setup import development_setup
    from proofmill.host.prover.groth16.zkey import read_zkey, zkey_content

    own = hashlib.sha256(digest + seed.to_bytes(32, "little", signed=True))
    folder, name = cache_folder("keys"), own.hexdigest()
    path = kept(folder, name, ".zkey")
    if path is not None:
        return read_zkey(path)
    key = development_setup(r1cs(), seed=own.digest())
    with suppress(OSError):  # without a place to keep it the key is still there
        keep(folder, name, ".zkey", zkey_content(key))
    return key


def block_key_of(circuit: "RollupCircuit", system: str, seed: int,
                 step: BuildProgress | None = None) -> "ProvingKey | GatesKey":
    """`block_key` in any system. `circuit`: with short sums but for Groth16."""
    if system == GROTH16:
        return block_key(circuit, seed)
    from proofmill.host.prover.fflonk.development import development_key

    return development_key(circuit.r1cs, system, seed.to_bytes(32, "little", signed=True), step)


def key_in_words(key: "ProvingKey | GatesKey") -> str:
    """What the key is, and of how many gates."""
    from proofmill.host.prover.groth16.proving_key import ProvingKey

    if isinstance(key, ProvingKey):
        return "development key"
    return f"{key.circuit.gates:,} gates, development key"
