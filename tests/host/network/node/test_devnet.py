"""Several processes, one chain: through finality, past liars and deaths, layer 1 untouched."""

import asyncio
import json
import os
import signal
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.devnet import Devnet, DevnetSetup, plan_nodes
from proofmill.host.network.node.gossip import LOOPBACK
from proofmill.host.network.node.identity import Identity, contexts, new_identity
from proofmill.host.network.node.node import DeviceSpeed, NodeReport, SlotView
from proofmill.host.network.node.outcome import RunOutcome, outcome
from proofmill.host.network.node.owned_proof import OwnedProof
from proofmill.host.network.node.states import State
from proofmill.host.network.node.wire import Topic, frame, read_frame
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.node import killed

SEED, SLOTS = 6, 34
FAST, SLOW = DeviceSpeed("cpu", "cpu", 500), DeviceSpeed("slow", "cpu", 7800)
KEYS = derive_keys(SEED, 64)


def setup(folder: Path, devices: list[DeviceSpeed], guests: dict[str, Identity]) -> DevnetSetup:
    zkey = folder / "block.zkey"
    key = development_setup(killed.CIRCUIT.r1cs, zkey, b"tests of the devnet".ljust(32))
    return DevnetSetup(
        plan_nodes(64, devices), folder, SEED, SMALLEST, key.verification_key, zkey,
        guests={name: identity.certificate for name, identity in guests.items()})


LIES_TOLD = 3
"""By one peer: the third puts it out."""


class Liar(threading.Thread):
    """A peer whom all nodes let in: hears a block and a proof, and makes lies of them."""

    def __init__(self, net: Devnet, identity: Identity, lie: str, folder: Path) -> None:
        super().__init__(daemon=True)
        folder.mkdir()
        self.lie = lie
        self.cut_off = False
        self._port = net.ports["node 0"]
        # Certificates of the nodes are not needed to be known: a liar trusts anybody.
        self._tls = contexts(identity, [], folder)[1]
        self._tls.verify_mode = ssl.CERT_NONE
        self._state = EmbeddedChain(killed.VERIFY, SEED, 64, SMALLEST).head_state

    def run(self) -> None:
        asyncio.run(asyncio.wait_for(self._lie(), 120))

    async def _lie(self) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port, ssl=self._tls)
        heard: dict[Topic, bytes] = {}
        try:
            while not {Topic.BLOCK, Topic.PROOF} <= heard.keys():
                message = await read_frame(reader)
                assert message is not None
                heard[message[0]] = message[1]
            for number in range(LIES_TOLD):
                writer.write(self._make(heard, number))
            while await reader.read(1 << 16):
                pass
            self.cut_off = True
        except (ConnectionError, OSError):
            self.cut_off = True
        finally:
            writer.transport.abort()

    def _make(self, heard: dict[Topic, bytes], number: int) -> bytes:
        match self.lie:
            case "noise":
                return b"\xff" * 100
            case "wrong block":
                block = spec.SignedBeaconBlock.decode_bytes(heard[Topic.BLOCK])
                block.message.state_root = bytes([number]) * 32
                secret = KEYS[block.message.proposer_index].secret
                block.signature = spec.get_block_signature(self._state, block.message, secret)
                return frame(Topic.BLOCK, bytes(block.encode_bytes()))
            case "stolen proof":
                proof = OwnedProof.decode_bytes(heard[Topic.PROOF])
                thief = int(proof.signed.validator_index == 0)
                proof.owner_signature = bytes([number]) + bytes(proof.owner_signature)[1:]
                proof.signed.validator_index = thief
                proof.signed.signature = spec.get_execution_proof_signature(
                    self._state, proof.signed.message, KEYS[thief].secret)
                return frame(Topic.PROOF, bytes(proof.encode_bytes()))
        raise AssertionError(self.lie)


LIES = ["noise", "wrong block", "stolen proof"]


class Run:
    """Three nodes, two provers, three liars, through finality."""

    def __init__(self, folder: Path) -> None:
        guests = {lie: new_identity() for lie in LIES}
        made = setup(folder, [FAST, SLOW], guests)
        with Devnet(made) as net:
            net.start_reference(SLOTS)
            self.processes = [net.process_id(name) for name in net.alive]
            net.run(2)
            self.liars = [Liar(net, guests[lie], lie, folder / lie) for lie in LIES]
            for liar in self.liars:
                liar.start()
            net.run(SLOTS - 2)
            for liar in self.liars:
                liar.join(30)
            self.dead = dict(net.dead)
            self.unsettled = net.unsettled
            self.reports: dict[str, NodeReport] = net.reports()
            self.reference: list[SlotView] = net.reference()
        self.outcome: RunOutcome = outcome(made.nodes, self.reports, self.dead, self.reference)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield Run(tmp_path_factory.mktemp("devnet"))


def test_it_is_final(net: Run) -> None:
    assert net.dead == {} and net.unsettled == 0
    assert net.outcome.finalized_epoch == 2
    assert net.outcome.agreed


def test_layer_1_is_that_of_a_run_without_provers(net: Run) -> None:
    for report in net.reports.values():
        assert len(report.history) == SLOTS
        for ours, alone in zip(report.history, net.reference, strict=True):
            assert (ours.slot, ours.layer1) == (alone.slot, alone.layer1)
    assert net.outcome.layer1_same is True
    # The payloads differ, by the proofs in them.
    assert net.reports["node 0"].history[-1].head_root != net.reference[-1].head_root


def test_stakers_and_provers_earn_in_their_layers(net: Run) -> None:
    both, prover, staker = net.outcome.nodes
    assert (both.role, prover.role, staker.role) == ("both", "prover", "staker")
    assert both.layer1_gwei > 0 and staker.layer1_gwei > 0 and prover.layer1_gwei == 0
    assert both.paid > 0 and prover.paid > 0 and staker.paid == 0
    for row in net.outcome.nodes:  # the staker by including proofs of others
        assert row.layer2_matured_wei > 0
    # What the nodes have is what the contract has minted, all of it.
    assert net.outcome.minted_wei == sum(row.layer2_matured_wei for row in net.outcome.nodes)


def test_who_was_drawn_proved(net: Run) -> None:
    rows = net.outcome.slots
    assert [row.slot for row in rows] == list(range(1, SLOTS + 1))
    assert all(row.winner is not None for row in rows if row.slot < SLOTS - 8)
    in_time = [row for row in rows if row.stage == 1]
    assert len(in_time) > SLOTS // 2
    assert all(row.winner == row.primary and row.delay <= 2 for row in in_time)
    assert all(row.matured for row in rows if row.slot <= 13)
    # The slow prover, drawn again while it is at work, lets the duty pass rather than be late.
    assert any("is refused" in note for note in net.reports["node 1"].notes.values())
    assert net.outcome.nodes[1].missed > 0 and net.outcome.nodes[0].bounties_wei > 0


def test_every_job_has_come_to_an_end(net: Run) -> None:
    for name in ("node 0", "node 1"):
        jobs = net.reports[name].jobs
        old = {slot for state, slots in jobs.items() for slot in slots
               if state not in (State.MATURED, State.STALE, State.MISSED) and slot <= 13}
        assert old == set()
        assert State.HW_ERROR not in jobs


def test_liars_are_dropped_and_nobody_is_harmed(net: Run) -> None:
    dropped = net.reports["node 0"].dropped
    assert all(liar.cut_off for liar in net.liars)
    # Who sends noise has lost its connection; who lies again and again is out for a while.
    assert set(dropped) == set(LIES) - {"noise"}
    assert dropped["wrong block"] == "BLOCK: the specification refuses it (AssertionError)"
    assert dropped["stolen proof"] == "PROOF: its reward address is not the bond's"
    for name in ("node 1", "node 2"):
        assert net.reports[name].dropped == {}


def test_no_process_is_left(net: Run) -> None:
    for process in net.processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_a_dead_node_is_reported_and_the_rest_go_on(tmp_path: Path) -> None:
    made = setup(tmp_path, [FAST, FAST], {})
    with Devnet(made) as net:
        net.run(2)
        os.kill(net.process_id("node 1"), signal.SIGKILL)
        net.run(2)
        assert net.dead == {"node 1": "slot 3: ended by signal 9"}
        assert net.alive == ["node 0", "node 2"]
        reports = net.reports()
        processes = [net.process_id(name) for name in ("node 0", "node 1", "node 2")]
    result = outcome(made.nodes, reports, net.dead, None)
    assert result.agreed and result.layer1_same is None
    assert len(result.slots) == 4 and result.nodes[1].dead
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.mark.parametrize(("what", "away"), [
    ("_half", {"node 0"}), ("_joined", True), ("_late", {"node 1": None}), ("_cut", {"node 1"}),
    ("dead", {"a": ""}), ("_half", set())])
def test_a_slot_is_lost_only_where_everybody_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, away: object
) -> None:
    """A network that is split and a node that has not joined leave slots empty."""
    net = Devnet(setup(tmp_path, [FAST], {}))
    for name in ("_ask", "_require_nodes", "_settle"):
        monkeypatch.setattr(net, name, lambda *arguments: None)
    monkeypatch.setattr(net, what, away)
    net.next_slot()
    assert net.disturbed == ({1} if away else set())
    net.next_slot()
    assert (2 in net.disturbed) == bool(away and what != "_joined"), "the halves have met in 1"


def test_plans_share_everything_out() -> None:
    for provers in range(1, 7):
        plans = plan_nodes(64, [FAST] * provers)
        assert sorted(index for plan in plans for index in plan.validators) == list(range(64))
        identities = [plan.prover for plan in plans if plan.prover is not None]
        assert len(set(identities)) == provers
        assert plans[-1].role == "staker"
        for plan in plans:
            assert plan.prover in plan.validators or plan.role != "both"


def test_the_outcome_is_plain_data(net: Run) -> None:
    record = json.loads(json.dumps(net.outcome.record()))
    assert record["layer1_same"] is True and len(record["nodes"]) == 3
