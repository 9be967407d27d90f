"""A light node beside a chain of `node`: finality, the ledger's root and a balance, by proofs."""

import json
from pathlib import Path

import pytest

from proofmill.host.bench.soak import GENESIS, SLOT_MS
from proofmill.host.cli.main import main
from proofmill.host.network.node.certifier import places_for
from proofmill.host.network.operator.event_log import EventReader
from proofmill.host.network.operator.new import NewChain, make_chain
from proofmill.host.network.operator.prepared import prepared
from proofmill.host.network.operator.running import RunningNode
from proofmill.host.network.operator.settings import read_settings
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.rollup.ledger import Account
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.node import killed
from tests.host.network.operator.hurried import SharedTime

ERA = 8
QUIET = {f"PROOFMILL_{name}": value for name, value in (
    ("METRICS_ENABLED", "false"), ("MINER_ENABLED", "false"), ("API_ENABLED", "false"),
    ("NETWORK_PORT", "0"))}


@pytest.mark.slow
def test_a_balance_is_shown_to_who_knows_certificates_alone(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Real votes, certificates, block proofs and eras of a node of `node init`, its clock but
    hurried; then the commands of a light node that begins with genesis and asks its folder."""
    mill = tmp_path / "mill"
    size = places_for(64)
    config, = make_chain(mill, NewChain(
        name="a chain", nodes=1, provers=1, validators=64, genesis_seconds=GENESIS,
        slot_milliseconds=SLOT_MS, seed=3, size=SMALLEST, devices=["cpu"], first_port=0,
        sign_transfers=True, era_blocks=ERA,
        certificates=(size, development_setup(FinalityCircuit(size).r1cs, seed=bytes(32)))),
        killed.KEY)
    ready = prepared(read_settings(config, QUIET), config.parent, "1.2.3")
    first: list[tuple[int, bytes]] = []
    genesis: list[int] = []
    ledgers: dict[int, dict[int, Account]] = {}

    def on_step(running: RunningNode) -> None:
        assert running.node is not None and running.node.certificates is not None
        certificates = running.node.certificates
        if not first:
            first.append(certificates.first_ledger)
            genesis.append(certificates.trusted[1])
        assert certificates.eras is not None
        ledgers.update({root: dict(each.accounts)
                        for root, each in certificates.eras.ledgers.items()})

    folder = config.parent / "data" / "light"
    clock = SharedTime(48, enough=lambda running: (folder / "0.era").exists() and (
        (folder / "4.certificate").exists()))
    ended, = clock.run([ready], on_step)
    light, (root, block_hash), peer = str(tmp_path / "light"), first[0], ["--peer", str(folder)]
    assert main(["light", "start", light, "--key", str(folder / "verification_key.json"),
                 "--epoch", "0", "--registry", str(genesis[0])]) == 0
    assert main(["light", "ledger", light, "--key", str(folder / "block_key.json"),
                 "--history-key", str(folder / "history_key.json"), "--ledger-root", str(root),
                 "--block", f"0x{block_hash.hex()}"]) == 0
    assert main(["light", "follow", light, *peer]) == 0
    said = capsys.readouterr()
    assert "eras taken" in said.out + said.err
    assert main(["light", "show", light, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["finalized_epoch"] >= 2 and shown["eras"] >= 1
    assert shown["proven_blocks"] == shown["eras"] * ERA
    accounts = ledgers[int(shown["ledger_root"])]
    for number, account in accounts.items():
        assert main(["light", "balance", light, str(number), "--json", *peer]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["balance"], found["nonce"]) == (account.balance, account.nonce)
    assert sum(each.nonce for each in accounts.values()) > 0
    # Its next life goes on from its final state, and makes the next certificate: by registries of
    # checkpoints whose states it has no more.
    made = max(int(path.stem) for path in folder.glob("*.certificate"))
    again = SharedTime(ended.slot + 20, begun=ended.slot + 1, enough=lambda running: (
        folder / f"{made + 1}.certificate").exists())
    again.run([ready], on_step)
    events = EventReader(config.parent / "data" / "events.sqlite").latest(100_000)
    checked = sorted(int(each.fields["blocks"]) for each in events if each.kind == "start")
    # The blocks of two epochs and a part, not all of them.
    assert len(checked) == 2 and checked[0] == 0 < checked[1] <= ended.slot - 16
    assert (folder / f"{made + 1}.certificate").exists()
    assert main(["light", "follow", light, *peer]) == 0
    assert main(["light", "show", light, "--json"]) == 0
    later = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert later["justified_epoch"] == made + 1 and later["eras"] >= shown["eras"]
