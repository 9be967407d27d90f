"""What a certificate of finality costs: of two validators, of a slot's eight voters, of an epoch's
64."""

import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.inputs import certificate_witness
from proofmill.host.prover.circuits.finality.registry import Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.size import EPOCH, SLOT, SMALLEST
from proofmill.host.prover.circuits.finality.statement import SignedVote, sign_vote
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import Progress
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.zkey import read_zkey

KINDS = {"smallest": SMALLEST, "slot": SLOT, "epoch": EPOCH}
GWEI = 2_000 * 10**9
"""Each voter's stake."""

Step = Callable[[str], Progress]
"""Begins something with a name; what it gives hears how far it is."""


def figures(folder: Path, kinds: Sequence[str], device_name: str, step: Step
            ) -> Iterator[JsonObject]:
    """Of each kind: constraints, domain, bytes of the proving key, and the seconds of every step.

    All places are used, and the proof is verified. `folder`: for the keys.
    """
    for kind in kinds:
        size = KINDS[kind]
        step(f"{kind}: the circuit")
        begun = time.perf_counter()
        circuit = FinalityCircuit(size)
        r1cs = circuit.r1cs
        compiled = time.perf_counter()
        step(f"{kind}: the key of {r1cs.constraints:,} constraints")
        path = folder / f"{kind}.zkey"
        development_setup(r1cs, path, bytes(32))
        made = time.perf_counter()
        step(f"{kind}: {size.places} votes")
        registry, link, votes = _votes(size.depth, size.places)
        signed = time.perf_counter()
        witness = certificate_witness(circuit, registry, link, votes, 1)
        ready = time.perf_counter()
        key = read_zkey(path)
        step(f"{kind}: opening {device_name}")
        device = open_device(device_name)
        try:
            prover = Prover(key, device)
            prover.load()
            progress, processor = step(f"{kind}: the proof"), time.process_time()
            result = prover.prove(witness, progress)
            processor = time.process_time() - processor
        finally:
            device.close()
        checked = time.perf_counter()
        assert verify(key.verification_key, result.public, result.proof)
        yield {"kind": kind, "votes": size.places, "validators": 1 << size.depth,
               "constraints": r1cs.constraints, "domain": key.domain_size,
               "public": r1cs.public, "zkey_bytes": path.stat().st_size,
               "compile_seconds": compiled - begun, "setup_seconds": made - compiled,
               "witness_seconds": ready - signed, "proof_seconds": result.seconds,
               "proof_processor_seconds": processor,
               "verify_seconds": time.perf_counter() - checked, "cycles": result.cycles or None}
        path.unlink()


def _votes(depth: int, voters: int) -> tuple[Registry, Link, list[SignedVote]]:
    """As many votes as there are places, by the first validators."""
    fork = bytes(32)
    secrets = [sha256(b"certificate %d" % index).digest() for index in range(voters)]
    members = {index: Member(public_key(secret), GWEI) for index, secret in enumerate(secrets)}
    registry = Registry(depth, members, unchanging(GWEI << depth), fork, 1)
    link = Link(fork, Checkpoint(1, b"\x01" * 32), Checkpoint(2, b"\x02" * 32),
                registry.commitment)
    votes = []
    for index, secret in enumerate(secrets):
        vote = Vote(link, 16 + index % 8, 0, bytes([index % 8] * 32))
        votes.append(sign_vote(secret, index, vote))
    return registry, link, votes


def lines(found: JsonObject) -> Iterator[str]:
    """What one of `figures` says, for a reader."""
    cycles = f", {found['cycles']:,} cycles" if found["cycles"] else ""
    yield (f"{found['kind']}: {found['votes']} votes of {found['validators']} validators, "
           f"{found['constraints']:,} constraints, domain {found['domain']:,}, key "
           f"{found['zkey_bytes'] / 1e6:,.1f} MB")
    yield (f"  circuit {found['compile_seconds']:.1f} s, key {found['setup_seconds']:.1f} s, "
           f"witness {found['witness_seconds']:.2f} s, proof {found['proof_seconds']:.2f} s "
           f"({found['proof_processor_seconds']:.2f} s of processors){cycles}, verified in "
           f"{found['verify_seconds']:.3f} s")
