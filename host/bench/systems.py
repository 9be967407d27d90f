"""A circuit proven in every proof system: what it takes, side by side."""

from collections.abc import Callable, Sequence
from pathlib import Path

from eth_hash.auto import keccak

from proofmill.hdl.curve import Group
from proofmill.host.bench.timed import cycles_of
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.units import ETHER
from proofmill.host.network.consensus.block_proofs import AnyProof, numbers_of, proof_to_bytes
from proofmill.host.network.contracts.block_verifiers import block_verifier_artifact
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.transfers.load import full_batch
from proofmill.host.network.transfers.opening import opening_ledger
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import Device, Progress
from proofmill.host.prover.fflonk.development import READERS, SETUPS
from proofmill.host.prover.fflonk.prove import gates_prover
from proofmill.host.prover.fflonk.verification_key import AnyKey
from proofmill.host.prover.groth16.development_powers import DevelopmentMonomials
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.host.prover.plonk.systems import GROTH16, SYSTEMS

CHAIN_ID = 1337
SEED = bytes(32)

Step = Callable[[str], Progress]
"""Told what is being done; answers what counts its work."""


def block_figures(size: RollupSize, folder: Path, device: Device, step: Step) -> list[JsonObject]:
    """`figures` of the block circuit with a full batch, in every system; with short sums where
    gates are made of it."""
    statement, ledger = Statement(1, 1, 1, bytes(20)), opening_ledger(0, size)
    batch = full_batch(0, ledger, statement.chain_id)
    found: list[JsonObject] = []
    made: dict[bool, RollupCircuit] = {}
    for system in SYSTEMS:
        short = system != GROTH16
        if short not in made:
            step(f"{system}: the circuit")
            made[short] = RollupCircuit(size, short_sums=short)
        circuit = made[short]
        witness = circuit.witness(ledger, batch, statement)
        found.append(figures(system, circuit.r1cs, witness, folder, device, step))
    return found


def figures(system: str, r1cs: R1cs, witness: Limbs, folder: Path, device: Device, step: Step
            ) -> JsonObject:
    """Constraints and gates (of Groth16 none), the key file's bytes, how many sums a proof has, the
    cycles of them on `device`, the proof's bytes as a chain has it, and the gas of a transaction
    that verifies it.

    `expected_cycles`: those of the preset `standard` by the cost model, were all scalars random,
    which those of PLONK and FFLONK are; of Groth16's only those of H are, so it takes fewer.

    `folder`: for the key, a development one. Raises `ProofmillError`.
    """
    step(f"{system}: a key")
    path = folder / f"{system}.zkey"
    gates, proof, public, key, cycles, points = _proven(system, r1cs, witness, path, device, step)
    sums = len(points)
    numbers = numbers_of(proof_to_bytes(proof))
    found = {"system": system, "constraints": r1cs.constraints, "gates": gates,
             "zkey_bytes": path.stat().st_size, "sums": sums, "cycles": cycles or None,
             "expected_cycles": sum(cycles_of(count, group) for count, group in points),
             "proof_bytes": 32 * len(numbers), "gas": _gas(key, numbers, public, step)}
    path.unlink()
    return found


def _proven(system: str, r1cs: R1cs, witness: Limbs, path: Path, device: Device, step: Step
            ) -> tuple[int | None, AnyProof, list[int], AnyKey, int, list[tuple[int, Group]]]:
    """(gates, proof, public signals, verification key, cycles, the sums by points and group)."""
    if system == GROTH16:
        development_setup(r1cs, path, SEED)
        key = read_zkey(path)
        result = Prover(key, device).prove(witness, step(f"{system}: a proof"))
        sizes = [(r1cs.wires, Group.G1), (r1cs.wires, Group.G1), (r1cs.wires, Group.G2),
                 (r1cs.wires - r1cs.public - 1, Group.G1), (key.domain_size, Group.G1)]
        return (None, result.proof, result.public, key.verification_key, result.cycles, sizes)
    SETUPS[system](r1cs, DevelopmentMonomials(SEED), path)
    gates = READERS[system](path)
    made = gates_prover(gates, device).prove(witness, step(f"{system}: a proof"))
    return (gates.circuit.gates, made.proof, made.public, gates.verification_key, made.cycles,
            [(len(gates.powers), Group.G1)] * made.calls)


def _gas(key: AnyKey, numbers: Sequence[int], public: Sequence[int], step: Step) -> int:
    """Of a transaction on the embedded machine."""
    step("the verifier")
    secret = bytes(keccak(b"bench systems"))
    evm = EmbeddedEvm(CHAIN_ID, {address_of(secret): 10**6 * ETHER}, 1_000_000)
    account = Account(evm, secret)
    verifier = Contract.deploy(account, evm, block_verifier_artifact(key))
    assert verifier.call("verify", list(numbers), list(public)), "the contract refuses the proof"
    return verifier.send(account, "verify", list(numbers), list(public)).gas_used
