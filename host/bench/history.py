"""What an aggregate of block proofs costs, beside as many single ones.

The proofs are real ones of a small circuit with a block proof's four public signals: the ledger's
root after it is Poseidon of the one before and of the commitment. What an aggregate costs does not
depend on the circuit.
"""

import time
from collections.abc import Callable
from pathlib import Path

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.certificates.era import Block, Era, aggregate, refusal
from proofmill.host.prover.aggregation.aggregate import rounds_of
from proofmill.host.prover.aggregation.setup import read_pair
from proofmill.host.prover.circuits.constraints import ConstraintSystem
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Progress
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import Proof, VerificationKey
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.zkey import read_zkey

MOST_BYTES, MOST_SECONDS = 30_000, 2.0
"""What was wanted of an era of 1,024 proofs: of the aggregate, and of its verification."""
ERA = 1_024

Step = Callable[[str], Progress]
"""Begins something with a name; what it gives hears how far it is."""


def figures(folder: Path, count: int, step: Step) -> JsonObject:
    """Bytes and seconds of an era of `count` blocks, from its bytes to its verdict.

    `folder`: for keys and powers, made for this. The least of three verifications counts.
    """
    key, blocks, proofs = block_proofs(folder, count, step(f"{count:,} proofs"))
    rounds = rounds_of(count)
    step("two powers of tau")
    paths = folder / "first.ptau", folder / "second.ptau"
    for path in paths:
        development_powers(path, rounds + 1, path.name.encode())
    setup = read_pair(*paths, rounds)
    begun, processor = time.perf_counter(), time.process_time()
    era = aggregate(setup, key, blocks, proofs, progress=step(f"aggregating {count:,} proofs"))
    made, processor = time.perf_counter() - begun, time.process_time() - processor
    step("verifying")
    data, seconds, processors = era.to_bytes(), [], []
    for _ in range(3):
        begun, before = time.perf_counter(), time.process_time()
        assert not refusal(setup.heads, key, Era.from_bytes(data))
        seconds.append(time.perf_counter() - begun)
        processors.append(time.process_time() - before)
    begun = time.perf_counter()
    assert all(verify(key, row, proof) for row, proof in zip(blocks, proofs, strict=True))
    single = time.perf_counter() - begun
    length = len(era.proof.to_bytes())
    return {"proofs": count, "aggregate_bytes": length, "era_bytes": len(data),
            "single_bytes": 256 * count, "aggregate_seconds": made,
            "aggregate_processor_seconds": processor, "verify_seconds": min(seconds),
            "verify_processor_seconds": min(processors), "single_verify_seconds": single,
            "fits": count != ERA or length <= MOST_BYTES and min(seconds) < MOST_SECONDS}


def block_proofs(folder: Path, count: int, progress: Progress
                 ) -> tuple[VerificationKey, list[Block], list[Proof]]:
    """Proofs of `count` blocks that go on from each other, and their key."""
    system = ConstraintSystem()
    before, after, commitment, tag = (system.public_input(name) for name in Block._fields)
    poseidon_gadget(system, [before, commitment], "ledger", after)
    system.multiply(tag, tag, "tag")
    path = folder / "blocks.zkey"
    development_setup(system.to_r1cs("blocks"), path, bytes(32))
    key = read_zkey(path)
    prover, root, blocks, proofs = Prover(key, CpuDevice()), 1, [], []
    for index in range(count):
        block = Block(root, poseidon([root, index]), index, index + 1)
        made = prover.prove(to_limbs(system.witness(block._asdict())))
        blocks.append(Block(*made.public))
        proofs.append(made.proof)
        root = block.after
        progress(index + 1, count)
    return key.verification_key, blocks, proofs
