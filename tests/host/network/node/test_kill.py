"""kill -9 at every persisted step: nothing is lost, nothing is submitted twice."""

import multiprocessing
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.proofs import PROOF_TYPE
from proofmill.host.network.consensus.records import PROOF_BYTES, Status, Verdict
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, JobStore
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.second_layer import SecondLayer
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from tests.host.network.node import killed

PATH = [
    State.SEEN, State.ELIGIBLE, State.ADMITTED, State.WITNESS, State.PROVING, State.SELF_VERIFIED,
    State.SIGNED, State.BROADCAST, State.INCLUDED, State.MATURED,
]
EFFECTS = [State.WITNESS, State.PROVING, State.BROADCAST]
FAULTS = [
    *(f"{state.name}:{when}" for state in PATH[:-2] for when in ("before", "after")),
    *(f"{state.name}:done" for state in EFFECTS),
    "message lost", "message landed",
    "INCLUDED:before", "INCLUDED:after",
]
"""One a slot; those of MATURED come with finality."""


class Network:
    """The chain's side, in the test's process: it outlives the node."""

    def __init__(self, path: Path) -> None:
        self.path = path
        key = derive_keys(killed.SEED, killed.PROVER + 1)[killed.PROVER]
        engines = EvmEngines(killed.KEY.verification_key, rich=(key.address,))
        self.chain = EmbeddedChain(killed.VERIFY, seed=killed.SEED, size=SMALLEST, engines=engines)
        execution = self.chain.execution_layer
        self.rewards = SecondLayer(
            execution.layer, execution.registry, Account(execution.evm, key.account),
            killed.ADDRESS, engines.parameters, engines.minimum_bond)
        self.rewards.join()
        self.landed: set[bytes] = set()
        self.roots: dict[int, bytes] = {}
        self.received: list[bytes] = []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.host.network.node.killed"])

    def next_slot(self) -> None:
        report = self.chain.advance()
        self.roots[report.slot] = report.request_root
        self.rewards.slot_passed(self.chain)

    def run_node(self, fault: str = "", newest: bool = True) -> int:
        """One life of the node; its exit status, negative for a signal."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=killed.run, args=(str(self.path), theirs, fault))
        process.start()
        theirs.close()
        try:
            while True:
                question = ours.recv()
                if question[0] == "submit" and fault.startswith("message"):
                    process.kill()
                    process.join()
                    if fault == "message landed":
                        self._answer(question)
                    break
                ours.send(self._answer(question) if newest or question[0] != "newest"
                          else (None, None))
        except (EOFError, ConnectionError):
            pass
        finally:
            ours.close()
            process.join(30)
        assert process.exitcode is not None, "the node hangs"
        return process.exitcode

    def _answer(self, question: tuple[object, ...]) -> object:
        match question:
            case ("newest",):
                return self.chain.slot, self.roots[self.chain.slot]
            case ("task", int(slot)):
                return self.chain.proving_task(slot)
            case ("domain",):
                return spec.get_domain(self.chain.head_state, spec.DOMAIN_EXECUTION_PROOF)
            case ("prover",):
                return self.chain.proof_engine.prover_of(killed.PROVER)
            case ("landed", bytes(root)):
                return root in self.landed
            case ("submit", bytes(data)):
                self.received.append(data)
                return self._submit(spec.SignedExecutionProof.decode_bytes(data))
            case ("status", int(slot)):
                return next((credit.status for credit in self.rewards.credits
                             if credit.slot == slot), None)
        raise AssertionError(question)

    def _submit(self, signed: Any) -> Verdict:
        """To the chain, and what the chain takes to the contracts."""
        verdict = self.chain.submit(signed)
        if verdict.accepted:
            root = bytes(signed.message.public_input.new_payload_request_root)
            self.landed.add(root)
            slot = next(slot for slot, known in self.roots.items() if known == root)
            self.rewards.submit(self.chain.block(slot),
                                bytes(signed.message.proof_data)[:PROOF_BYTES])
        return verdict


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """The whole walk: a slot a fault, the first slot undisturbed, then on to finality."""
    network = Network(tmp_path_factory.mktemp("node") / "jobs.sqlite")
    network.next_slot()
    assert network.run_node() == 0
    for fault in FAULTS:
        network.next_slot()
        assert network.run_node(fault) == -signal.SIGKILL, f"{fault} was never reached"
        assert network.run_node() == 0
    last = network.chain.slot
    faults = ["MATURED:before", "MATURED:after"]
    while not all(credit.decided for credit in network.rewards.credits):
        assert network.chain.slot < last + 40
        network.next_slot()
        mature = sum(c.status is Status.MATURED for c in network.rewards.credits)
        if mature and faults:
            while faults:
                fault = faults.pop(0)
                assert network.run_node(fault, newest=False) == -signal.SIGKILL, fault
    assert network.run_node(newest=False) == 0
    yield network


def test_every_arrow_is_walked() -> None:
    steps = {step.split(":")[0] for step in FAULTS} | {"MATURED"}
    assert {state.name for state in PATH} <= steps
    assert len(FAULTS) == 2 * 9 + 3 + 2


def test_every_job_ends_as_the_undisturbed_one(walked: Network) -> None:
    with JobStore(walked.path) as store:
        jobs = store.jobs()
        assert [job.slot for job in jobs] == list(range(1, len(FAULTS) + 2))
        for job, fault in zip(jobs, ["none", *FAULTS], strict=True):
            history = [event.state for event in store.events(job.key)]
            assert history == PATH, f"after {fault} in slot {job.slot}"


def test_nothing_is_paid_twice_and_nothing_is_lost(walked: Network) -> None:
    credits = walked.rewards.credits
    assert [credit.slot for credit in credits] == list(range(1, len(FAULTS) + 2))
    rewards = walked.rewards.layer.rewards
    for credit in credits:
        # What an undisturbed proof earns, one slot after its block: the whole of the share.
        assert credit.status is Status.MATURED and credit.decided
        assert credit.wei == rewards.call("record", credit.slot)["budget"] * 56 // 64
    assert rewards.call("balanceOf", killed.ADDRESS) == sum(credit.wei for credit in credits)
    assert rewards.call("invariants") and walked.rewards.layer.bonds.call("invariants")


def test_nothing_is_submitted_twice(walked: Network) -> None:
    # "message lost" never reached the network, so every slot's message came exactly once.
    assert len(walked.received) == len(set(walked.received)) == len(FAULTS) + 1
    with JobStore(walked.path) as store:
        kept = {job.slot: job.signed for job in store.jobs()}
    assert list(kept.values()) == walked.received


def test_the_store_refuses_a_second_message(walked: Network) -> None:
    key = JobKey(walked.roots[1], PROOF_TYPE, killed.PROVER)
    with JobStore(walked.path) as store:
        assert store.see(key, 1).state is State.MATURED
        assert len(list(store.events(key))) == len(PATH)
