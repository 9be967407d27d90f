"""kill -9 at every persisted step: nothing is lost, nothing is submitted twice."""

import multiprocessing
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.chain.chain import EmbeddedChain
from host.chain.proofs import PROOF_TYPE
from host.chain.rewards import Status
from host.chain.spec import spec
from host.circuits.block_size import COMPACT
from host.node.states import State
from host.node.store import JobKey, JobStore
from tests.host.node import killed

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
        self.chain = EmbeddedChain(killed.VERIFY, seed=killed.SEED, size=COMPACT)
        self.roots: dict[int, bytes] = {}
        self.received: list[bytes] = []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.host.node.killed"])

    def next_slot(self) -> None:
        report = self.chain.advance()
        self.roots[report.slot] = report.request_root

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
            case ("landed", bytes(root)):
                return self.chain.layer2.winner((root, PROOF_TYPE)) is not None
            case ("submit", bytes(data)):
                self.received.append(data)
                return self.chain.submit(spec.SignedExecutionProof.decode_bytes(data))
            case ("status", int(slot)):
                return next((credit.status for credit in self.chain.layer2.credits
                             if credit.record.proven_slot == slot), None)
        raise AssertionError(question)


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
    while network.chain.finalized_slot <= last:
        network.next_slot()
        mature = sum(c.status is Status.MATURED for c in network.chain.layer2.credits)
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
    credits = walked.chain.layer2.credits
    assert [credit.record.proven_slot for credit in credits] == list(range(1, len(FAULTS) + 2))
    for credit in credits:
        # What an undisturbed proof earns, one slot after its block: the whole of the share.
        assert credit.status is Status.MATURED and credit.sealed
        assert credit.prover_gwei == credit.record.budget_gwei * 56 // 64
        assert credit.record.prover == killed.PROVER


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
