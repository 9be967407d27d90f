"""A node that is killed or cut off for several slots comes back, catches up, and earns again."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofmill.host.network.node.devnet import Devnet
from proofmill.host.network.node.node import NodeReport
from proofmill.host.network.node.outcome import RunOutcome, outcome
from proofmill.host.network.node.prover import _nonce
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobStore
from tests.host.network.node.test_devnet import FAST, setup

KILLED, BACK, CUT, HEALED, SLOTS = 4, 9, 11, 14, 24


class Run:
    """Node 0 stakes and proves, is killed after one slot and started after another. Node 1 proves
    alone, and is cut off for some slots. Nobody else notices more than that they are away."""

    def __init__(self, folder: Path) -> None:
        made = setup(folder, [FAST, FAST], {})
        with Devnet(made) as net:
            net.run(KILLED)
            process = net.process_id("node 0")
            net.kill("node 0")
            with pytest.raises(ProcessLookupError):
                os.kill(process, 0)
            assert net.dead == {"node 0": f"slot {KILLED}: ended by signal 9"}
            net.run(BACK - KILLED)
            net.restart("node 0")
            self.after_restart = net.reports()
            net.run(CUT - BACK)
            net.cut("node 1")
            net.run(HEALED - CUT)
            self.while_cut = net.reports()
            net.heal("node 1")
            self.after_healing = net.reports()
            net.run(SLOTS - HEALED)
            self.reports: dict[str, NodeReport] = net.reports()
            self.unsettled = net.unsettled
            self.outages = net.outages
            self.outcome: RunOutcome = outcome(
                made.nodes, self.reports, net.dead, None, net.outages)
        self.folder = folder


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    yield Run(tmp_path_factory.mktemp("outage"))


def same_chain(reports: dict[str, NodeReport]) -> bool:
    first = next(iter(reports.values()))
    return all(report.balances == first.balances and report.account == first.account
               for report in reports.values())


def test_a_killed_node_has_the_chain_again_at_once(net: Run) -> None:
    assert net.outages[:2] == [
        f"node 0 killed after slot {KILLED}",
        f"node 0 started again after slot {BACK}, with {KILLED} blocks"]
    assert same_chain(net.after_restart)
    # Some of the slots it was away had its own validators as proposers, and no block.
    fetched = net.after_restart["node 0"].fetched
    assert 1 <= fetched <= BACK - KILLED
    assert len(net.after_restart["node 0"].account.assignments) == KILLED + fetched
    assert all(net.after_restart[name].fetched == 0 for name in ("node 1", "node 2"))


def test_a_node_that_was_cut_off_has_the_chain_again(net: Run) -> None:
    assert not same_chain(net.while_cut)
    assert same_chain(net.after_healing)
    assert net.after_healing["node 1"].fetched >= 1


def test_in_the_end_all_agree_and_nobody_was_punished(net: Run) -> None:
    assert net.outcome.agreed and net.unsettled == 0
    assert net.outcome.layer1_same is None
    for report in net.reports.values():
        assert report.dropped == {}
        assert not any("slashable" in each or "double" in each for each in report.refused)


def test_who_was_away_earns_again_on_both_layers(net: Run) -> None:
    account = net.reports["node 2"].account
    for prover, since in ((0, BACK), (1, HEALED)):
        assert any(credit.prover == prover and credit.proven_slot > since
                   for credit in account.credits), prover
    own = range(32)
    before, after = (sum(reports["node 2"].balances[i] for i in own)
                     for reports in (net.after_restart, net.reports))
    assert after > before
    assert any(credit.includer in own and credit.including_slot > BACK
               for credit in account.credits)


def test_it_pays_for_what_it_missed_and_no_more(net: Run) -> None:
    away = range(KILLED - 1, BACK + 1)
    fines = [fine for fine in net.reports["node 2"].account.fines if fine.prover == 0]
    assert fines and all(fine.slot in away and fine.reason != "invalid" for fine in fines)


def test_nothing_was_signed_or_sent_twice(net: Run) -> None:
    with JobStore(net.folder / "node-0" / "jobs.sqlite") as store:
        for job in store.jobs():
            states = [event.state for event in store.events(job.key)]
            assert states.count(State.SIGNED) <= 1 and states.count(State.BROADCAST) <= 1
        # Each message has a nonce of its own, after that of the bond, and none is left out.
        nonces = [_nonce(job.signed) for job in store.jobs() if job.signed is not None]
        assert nonces and sorted(nonces) == list(range(1, len(nonces) + 1))
        assert {job.slot for job in store.jobs()} > {1, 2, KILLED, BACK + 1, SLOTS - 3}


def test_a_node_that_an_error_ends_is_named_with_its_reason(tmp_path: Path) -> None:
    """Without its history it must sign nothing; the others go on."""
    made = setup(tmp_path, [FAST], {})
    with Devnet(made) as net:
        net.run(1)
        net.kill("node 0")
        assert net.failed == {}
        path = tmp_path / "node-0" / "slashing.sqlite"
        path.write_bytes(path.read_bytes()[:5000])
        for part in ("-wal", "-shm"):    # the log may have every page anew
            path.with_name(path.name + part).unlink(missing_ok=True)
        net.restart("node 0")
        reason = net.failed["node 0"]
        assert reason.startswith("slot 1: ") and "slashing.sqlite: not a slashing" in reason
        assert net.outages[-1] == "node 0 did not start again after slot 1"
        net.run(1)
        assert net.alive and "node 0" not in net.reports()
@pytest.mark.slow
def test_a_node_whose_disk_fails_says_why_and_is_let_in_again(tmp_path: Path) -> None:
    made = setup(tmp_path, [FAST], {})
    with Devnet(made) as net:
        net.run(2)
        other = sqlite3.connect(tmp_path / "node-0" / "blocks.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        net.run(1)
        assert "blocks.sqlite: the block archive cannot be written" in net.dead["node 0"]
        assert "another process holds it; end that one and start again" in net.dead["node 0"]
        other.close()
        net.run(1)
        net.restart("node 0")
        net.run(2)
        reports = net.reports()
        assert not net.dead and same_chain(reports)
        assert all(report.dropped == {} for report in reports.values())
