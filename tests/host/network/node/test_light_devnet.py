"""Light nodes run beside full ones through finality, and are where the specification is."""

import json
import subprocess
import sys
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from proofmill.host.cli.light_devnet import (
    MOST_PAYLOADS,
    ask_light,
    beside,
    bond_checks,
    era_setup,
    light_checks,
    made_eras,
    show_light,
)
from proofmill.host.cli.main import main
from proofmill.host.cli.records import FIELDS
from proofmill.host.cli.screen import Screen
from proofmill.host.network.node import devnet
from proofmill.host.network.node.certifier import places_for
from proofmill.host.network.node.companion_bonds import SlashedKey
from proofmill.host.network.node.devnet import Devnet, DevnetSetup, LightPlan, NodePlan, _Running
from proofmill.host.network.node.era_maker import MadeEra
from proofmill.host.network.node.layer2 import BlockFacts
from proofmill.host.network.node.ledger_exchange import KnownAccount, KnownPayload
from proofmill.host.network.node.light_outcome import MOST_BYTES, Asked, light_rows
from proofmill.host.network.node.light_peer import LightReport, LightSetup, LightView, TakenEras
from proofmill.host.network.node.node import NodeReport, SlotView
from proofmill.host.prover.aggregation.setup import read_pair
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.circuits.rollup.ledger import Account
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.verification_key import VerificationKey
from tests.host.network.node.test_devnet_command import ROOT

SLOTS = 34
ERA_BYTES = 16 + 8 + 32 * (1 + 3 * 8) + 2_072 + 3 * 2_048
"""Of eight blocks: what docs/protocol.md says, three halvings."""


@pytest.mark.slow
def test_two_light_nodes_are_where_the_specification_is() -> None:
    """The command, with real keys, votes, certificates and connections: the final checkpoint at the
    end of every epoch is that of the specification's states, and what an epoch costs is little.
    Provers are paid for certificates, and whose companion key signs twice loses its bond."""
    done = subprocess.run(
        [sys.executable, "-m", "proofmill.host.cli.main", "devnet", "--light", "2", "--provers",
         "1", "--device", "cpu", "--accounts", "4", "--slots", str(SLOTS), "--sign-twice", "1",
         "--json"],
        cwd=ROOT, text=True, capture_output=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["agreed"] is True and record["layer1_same"] is True
    assert record["finalized_epoch"] == 2
    # The contracts pay what is certified, which every node has compared with the mechanism.
    paid = record["certificates"]
    assert [(each["epoch"], each["prover"], each["matured"]) for each in paid] == [
        (2, 0, False), (3, 0, False)]
    assert all(each["includer"] is not None and 0 < each["includer_wei"]
               and 0 <= each["prover_wei"] - 7 * each["includer_wei"] < 7 for each in paid)
    assert "those of epochs 2, 3 are in blocks" in done.stderr
    # Node 1 has the odd validators.
    (slashed,) = record["slashed_keys"]
    assert slashed["validator"] == 1 and slashed["burned_wei"] == 7 * slashed["bounty_wei"] > 0
    assert "the companion key of validator 1, which signed twice, has lost its bond" in done.stderr
    assert [row["name"] for row in record["light"]] == ["light 0", "light 1"]
    for row in record["light"]:
        assert (row["finalized_epoch"], row["epochs"]) == (2, 5)
        assert row["false"] == [] and row["behind"] == [] and row["refused"] == []
        assert len(row["bytes_an_epoch"]) == 5
        # Two certificates of 440 bytes, and a state that grows by a checkpoint.
        assert 2 * 440 < sum(row["bytes_an_epoch"]) < 2 * MOST_BYTES
        assert max(row["bytes_an_epoch"]) <= MOST_BYTES
        assert (f"{row['name']} had the specification's final checkpoint in all of 5 epochs, with "
                f"{max(row['bytes_an_epoch'])} bytes an epoch at most") in done.stderr
        # The first epoch's blocks, which are final with their proofs.
        assert (row["eras"], row["proven_blocks"], row["ledger_false"]) == (1, 8, False)
        assert row["era_bytes"] == record["eras"][0]["bytes"] == ERA_BYTES
        assert (f"{row['name']} knows that the ledger's root after 8 blocks came of proven blocks "
                "from genesis on") in done.stderr
        # Half of its four places have accounts, and one was shown to have none.
        assert row["accounts"] == row["accounts_asked"] == 3 and row["shown_false"] == []
        assert row["payloads"] == row["payloads_asked"] == 8
        assert (f"{row['name']} was shown 3 of 3 accounts and that 8 of 8 payloads are proven, by "
                "peers that it does not trust, as a full node has them") in done.stderr
    assert [(era["first"], era["blocks"]) for era in record["eras"]] == [(0, 8)]
    assert len({row["ledger_root"] for row in record["light"]}) == 1


def view(slot: int, epoch: int, branch: int = 0) -> SlotView:
    return SlotView(slot, b"", b"", epoch, (epoch, bytes([branch]) * 32))


FULL = [view(slot, max(0, slot // 8 - 2)) for slot in range(1, 36)]
RIGHT = LightReport("light 0", 5000, tuple(
    LightView(each.slot, Checkpoint(*each.finalized_checkpoint), 5000 + 500 * (each.slot // 8))
    for each in FULL), (), 4500)


def test_every_epoch_is_compared() -> None:
    (row,) = light_rows({"light 0": RIGHT}, FULL)
    assert row.bytes_an_epoch == (0, 500, 500, 500, 500) and row.epochs == 5
    (check,) = light_checks([row], False)
    assert not check.broken and "in all of 5 epochs, with 500 bytes an epoch" in check.sentence


def test_rows_are_by_number_whoever_answers_first(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    light = LightPlan(12, places_for(64), cast(VerificationKey, None), tmp_path)
    net = Devnet(DevnetSetup((), tmp_path, 0, SMALLEST, light.verification_key, tmp_path,
                             light=light))
    ends = []
    for name in light.names:
        ours, theirs = Pipe()
        net._nodes[name] = _Running(cast(LightSetup, None), cast(BaseProcess, None), ours)
        theirs.send(replace(RIGHT, name=name))
        ends += [ours, theirs]
    waited: list[int] = []

    def last_first(connections: list[Connection], seconds: float) -> list[Connection]:
        waited.append(len(connections))
        return connections[-1:]

    monkeypatch.setattr(devnet, "wait", last_first)
    rows = light_rows(net.light_reports(), FULL)
    assert [row.name for row in rows] == [f"light {number}" for number in range(12)]
    assert waited == [*range(12, 0, -1)]
    for each in ends:
        each.close()


def test_the_table_says_what_they_keep(capsys: pytest.CaptureFixture[str]) -> None:
    told = replace(RIGHT, refused=(("light 1", "its proof does not verify"),))
    show_light(Screen(), light_rows({"light 0": told}, FULL))
    *_, row, refused = capsys.readouterr().out.splitlines()
    assert row.split() == ["light", "0", "5", "2", "0", "0", "500", "bytes", "7,000", "4,500", "1"]
    assert refused == "  light 1: its proof does not verify"
    show_light(Screen(), [])
    assert capsys.readouterr().out == ""


def test_eras_are_told_and_their_root_is_compared(capsys: pytest.CaptureFixture[str],
                                                   tmp_path: Path) -> None:
    report = replace(RIGHT, eras=TakenEras(2, 16, 77, 9_040, (0.25, 0.5)))
    (row,) = light_rows({"light 0": report}, FULL, [*range(62, 78)])
    assert (row.ledger_false, row.broken, row.era_seconds) == (False, "", 0.75)
    known, shown, compared = light_checks([row], False)
    assert not shown.broken     # nothing was asked
    assert not known.broken and not compared.broken and known.sentence == (
        "light 0 knows that the ledger's root after 16 blocks came of proven blocks from genesis "
        "on, and it is that of a full node")
    made = [MadeEra(0, 8, 9_040, 1.0), MadeEra(8, 8, 9_040, 0.5)]
    show_light(Screen(), [row], made)
    *_, eras, taken = capsys.readouterr().out.splitlines()
    assert eras.split() == "eras 2 made of 8 blocks each, 9,040 bytes, in 1.5 s".split()
    assert taken.split() == ("light 0 has taken 2, verified in 0.75 s, and keeps the last one, "
                             "9,040 bytes").split()
    for roots in ([*range(61, 77)], [*range(62, 77)]):
        (row,) = light_rows({"light 0": report}, FULL, roots)
        (check,) = light_checks([row], True)
        assert check.broken and "a root of the ledger after 16 blocks that" in check.sentence
    (row,) = light_rows({"light 0": replace(report, eras=TakenEras(0, 0, 5, 0, ()))}, FULL)
    assert not row.broken and row.eras == 0
    maker, other = (cast(NodeReport, SimpleNamespace(eras=eras, ledger_roots=roots))
                    for eras, roots in ((tuple(made), (1, 2, 3)), ((), (4, 5))))
    assert beside([maker, other]) == other and beside([maker]) == maker
    assert made_eras([maker, other]) == made
    setup = era_setup(5, cast(VerificationKey, None), tmp_path, b"seed")
    assert setup.powers is not None and read_pair(*setup.powers, 3).heads.to_bytes() == (
        setup.heads.to_bytes())


HASHES = tuple(bytes([number]) * 32 for number in range(10))
ACCOUNTS = {0: Account(Point(1, 2), 5, 1), 1: Account(Point(3, 4), 7)}
ASKED = Asked((0, 1, 2), HASHES, {77: ACCOUNTS})
TAKEN = replace(RIGHT, eras=TakenEras(1, 8, 77, 9_040, (0.25,)))


def known_account(number: int, account: Account | None, root: int = 77) -> KnownAccount:
    return KnownAccount(number, root, 8, account, "node 0")


def known_payload(number: int, place: int | None) -> KnownPayload:
    return KnownPayload(HASHES[number], 8, place, "node 0")


def test_what_peers_have_shown_is_compared() -> None:
    roots = [*range(70, 78)]
    accounts = tuple(known_account(number, ACCOUNTS.get(number)) for number in range(3))
    payloads = tuple(known_payload(number, number if number < 8 else None) for number in range(10))
    right = replace(TAKEN, accounts=accounts, payloads=payloads)
    (row,) = light_rows({"light 0": right}, FULL, roots, ASKED)
    assert row.record().keys() == FIELDS["devnet: light"].keys()
    assert (row.accounts, row.accounts_asked, row.payloads, row.payloads_asked) == (3, 3, 8, 8)
    shown = light_checks([row], False)[1]
    assert not shown.broken and shown.sentence.startswith(
        "light 0 was shown 3 of 3 accounts and that 8 of 8 payloads are proven, by peers")
    # What was not shown, or of a ledger that the full node does not have, counts for nothing.
    for less in (replace(right, accounts=accounts[1:]), replace(right, payloads=payloads[1:]),
                 replace(right, accounts=(known_account(0, ACCOUNTS[0], 76), *accounts[1:]))):
        (row,) = light_rows({"light 0": less}, FULL, roots, ASKED)
        assert light_checks([row], False)[1].broken and not light_checks([row], True)[1].broken
    # And what is false is broken, whatever was done to nodes.
    for false, said in (
            (replace(right, accounts=(known_account(0, ACCOUNTS[1]),)), "account 0 after 8 blocks"),
            (replace(right, accounts=(known_account(0, None),)), "account 0 after 8 blocks is No"),
            (replace(right, accounts=(known_account(2, ACCOUNTS[0]),)), "account 2 after 8 blocks"),
            (replace(right, payloads=(known_payload(0, 1),)), "is proven block 1"),
            (replace(right, payloads=(KnownPayload(b"x" * 32, 8, 0, ""),)), "is proven block 0")):
        (row,) = light_rows({"light 0": false}, FULL, roots, ASKED)
        assert said in row.broken and any(each.broken for each in light_checks([row], True))


def test_light_nodes_are_asked_what_a_full_node_knows() -> None:
    asked: list[tuple[object, object]] = []
    net = cast(Devnet, SimpleNamespace(ask_light=lambda *each: asked.append(each)))
    branch = tuple(cast(BlockFacts, SimpleNamespace(payload_hash=bytes([number]) * 32))
                   for number in range(MOST_PAYLOADS + 1))
    report = cast(NodeReport, SimpleNamespace(ledgers={77: ACCOUNTS}, branch=branch))
    found = ask_light(net, report, 4)
    assert found.accounts == (0, 1, 2) and len(found.payloads) == MOST_PAYLOADS
    assert asked == [(found.accounts, found.payloads)]
    assert ask_light(net, report, 2).accounts == (0, 1)     # there is no further place
    many = cast(NodeReport, SimpleNamespace(
        ledgers={77: {number: ACCOUNTS[0] for number in range(20)}}, branch=()))
    assert ask_light(net, many, 32).accounts == (*range(15), 20)
    before = cast(NodeReport, SimpleNamespace(ledgers={}, branch=branch))
    asked.clear()
    assert ask_light(net, before, 4).ledgers == {} and not asked


def test_what_is_false_or_late_or_large_is_said() -> None:
    late = tuple(replace(each, finalized=Checkpoint(0, bytes(32))) for each in RIGHT.history)
    (row,) = light_rows({"light 0": replace(RIGHT, history=late)}, FULL)
    assert (row.false, row.behind) == ((), (3, 4)) and row.broken == ""
    assert light_checks([row], False)[0].broken and not light_checks([row], True)[0].broken
    assert "at the end of epochs 3, 4" in light_checks([row], True)[0].sentence
    (row,) = light_rows({"light 0": RIGHT}, [view(each.slot, each.finalized_epoch, 1)
                                             for each in FULL])
    assert row.false == (0, 1, 2, 3, 4)
    assert "held a final checkpoint in epoch 0" in light_checks([row], True)[0].sentence
    early = tuple(replace(each, finalized=Checkpoint(9, bytes(32))) for each in RIGHT.history)
    (row,) = light_rows({"light 0": replace(RIGHT, history=early)}, FULL)
    assert light_checks([row], True)[0].broken
    large = tuple(replace(each, bytes_on_disk=5000 + 1025 * (each.slot // 8))
                  for each in RIGHT.history)
    (row,) = light_rows({"light 0": replace(RIGHT, history=large)}, FULL)
    assert "kept 1,025 bytes of one epoch" in light_checks([row], False)[0].sentence


@pytest.mark.parametrize(("words", "sentence"), [
    (["--light", "17"], "--light 17: give 0 to 16"),
    (["--light", "1", "--era", "2000"], "--era 2000: give 1 to 1,024 blocks"),
    (["--sign-twice", "0"], "--sign-twice 0: is for companion keys"),
    (["--light", "1", "--sign-twice", "1"], "give the number of a node with validators: 0, 2, 4"),
    (["--light", "1", "--sign-twice", "x"], "--sign-twice x: give the number of a node"),
])
def test_a_mistake_is_said_in_a_sentence(
        capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert main(["devnet", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_who_signs_twice_and_nobody_else_loses_a_bond() -> None:
    honest, twice, prover = (
        NodePlan("node 0", (0, 2)), NodePlan("node 1", (1, 3), sign_twice=True),
        NodePlan("node 2", (), 5))
    plans, taken = [honest, twice, prover], SlashedKey(1, 2, 1, 7)
    assert [each.broken for each in bond_checks(plans, [taken])] == [False]
    assert "validator 1, which signed twice, has lost its bond" in (
        bond_checks(plans, [taken])[0].sentence)
    (check,) = bond_checks(plans, [])
    assert check.broken and "still has its bond" in check.sentence
    wrong = bond_checks(plans, [taken, replace(taken, validator=2)])[0]
    assert wrong.broken and wrong.sentence.startswith(
        "node 0 has lost the bond of validator 2's companion key")
