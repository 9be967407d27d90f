"""A prover's node that kills itself where it is told to; the chain lives in the test's process."""

import os
import signal
from multiprocessing.connection import Connection
from typing import Any

from proofmill.host.network.consensus.block_proofs import block_verifier, proof_to_bytes
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.proofs import PROOF_TYPE, encode_proof_data
from proofmill.host.network.consensus.records import Claim, Status
from proofmill.host.network.consensus.spec import bls, spec
from proofmill.host.network.node.jobs import JobRunner, Turn
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, JobStore, LoggedJob
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup

SEED, PROVER, ADDRESS = 3, 11, b"\x11" * 20
CIRCUIT = RollupCircuit(SMALLEST)
KEY = development_setup(CIRCUIT.r1cs, seed=b"tests of the node")
VERIFY = block_verifier(KEY.verification_key)

NEXT = {
    State.SEEN: State.ELIGIBLE,
    State.ELIGIBLE: State.ADMITTED,
    State.ADMITTED: State.WITNESS,
    State.WITNESS: State.PROVING,
    State.PROVING: State.SELF_VERIFIED,
    State.SELF_VERIFIED: State.SIGNED,
    State.SIGNED: State.BROADCAST,
}
PAID = {
    (State.BROADCAST, Status.PENDING): State.INCLUDED,
    (State.BROADCAST, Status.MATURED): State.INCLUDED,
    (State.INCLUDED, Status.MATURED): State.MATURED,
}


class Remote:
    """The network, by questions and answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, *question: Any) -> Any:
        self._connection.send(question)
        return self._connection.recv()


class RemoteWork:
    """Real proofs and signatures of this process for the chain of another."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.prover = Prover(KEY, CpuDevice(threads=1))
        self.secret = derive_keys(SEED, PROVER + 1)[PROVER].secret
        self._claims: dict[int, Claim] = {}
        self._proofs: dict[int, bytes] = {}

    def claim(self, slot: int) -> Claim:
        if slot not in self._claims:
            number = self.remote.ask("prover")
            self._claims[slot] = self.remote.ask("task", slot).claimed_by(number, ADDRESS)
        return self._claims[slot]

    def turn(self, job: LoggedJob) -> Turn:
        if job.state in NEXT:
            return Turn(NEXT[job.state])
        return Turn(PAID.get((job.state, self.remote.ask("status", job.slot))))

    def witness(self, job: LoggedJob) -> Limbs:
        claim = self.claim(job.slot)
        return CIRCUIT.witness(claim.task.ledger, claim.task.batch, claim.statement)

    def prove(self, job: LoggedJob, witness: Limbs) -> None:
        self._proofs[job.slot] = proof_to_bytes(self.prover.prove(witness).proof)

    def proof(self, job: LoggedJob) -> bytes:
        return self._proofs.pop(job.slot)

    def verify(self, job: LoggedJob, proof: bytes) -> bool:
        return VERIFY(self.claim(job.slot).public, proof)

    def sign(self, job: LoggedJob, proof: bytes) -> bytes:
        message = spec.ExecutionProof(
            proof_data=encode_proof_data(proof, ADDRESS),
            proof_type=PROOF_TYPE,
            public_input=spec.PublicInput(new_payload_request_root=job.key.root),
        )
        root = spec.compute_signing_root(message, self.remote.ask("domain"))
        signature = bls.Sign(self.secret, root)
        signed = spec.SignedExecutionProof(
            message=message, validator_index=PROVER, signature=signature
        )
        return bytes(signed.encode_bytes())

    def landed(self, job: LoggedJob) -> bool:
        return bool(self.remote.ask("landed", job.key.root))

    def broadcast(self, job: LoggedJob, signed: bytes) -> None:
        self.remote.ask("submit", signed)


def run(path: str, connection: Connection, fault: str) -> None:
    """Start the node, let it do all it can now, and end; or be killed at the step `fault`."""

    def on_step(step: str) -> None:
        if step == fault:
            os.kill(os.getpid(), signal.SIGKILL)

    remote = Remote(connection)
    with JobStore(path, on_step) as store:
        runner = JobRunner(store, RemoteWork(remote), on_step)
        runner.resume()
        slot, root = remote.ask("newest")
        if slot is not None:
            store.see(JobKey(root, PROOF_TYPE, PROVER), slot)
        for job in store.unfinished():
            runner.run(job.key)
