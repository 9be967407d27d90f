"""A node of settings that sells and buys: the market is in its chain's first block."""

import asyncio
import json
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

from proofmill.host.bench.soak import GENESIS, HurriedTime
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.keys import random_key
from proofmill.host.network.evm.account import address_of
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.market_place import GoodsFiles, MarketPlace
from proofmill.host.network.operator.event_log import EventReader
from proofmill.host.network.operator.market_file import (
    market_key,
    read_market_file,
    write_market,
)
from proofmill.host.network.operator.new import MARKET, NewChain, make_chain
from proofmill.host.network.operator.prepared import prepared
from proofmill.host.network.operator.running import RunningNode
from proofmill.host.network.operator.settings import MarketTable, read_settings
from proofmill.host.prover.circuits.preimage import preimage_circuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.inference.making import make
from proofmill.host.prover.inference.proving import compile_model
from tests.host.network.node import killed

SLOTS = 36
"""The first epoch that is final after genesis is told in slot 33."""


@pytest.mark.slow  # to the first final blocks with a whole node
def test_a_node_sells_between_blocks_within_its_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The processor proves, and the device beside it multiplies the model's matrices."""
    goods = tmp_path / "mill" / MARKET
    goods.mkdir(parents=True)
    files = GoodsFiles(goods / "mlp.onnx", goods / "compiled", goods / "preimage.zkey")
    make("mlp", files.model)
    compile_model(files.model, files.compiled, bytes(32))
    development_setup(preimage_circuit().to_r1cs("preimage"), files.preimage_key, bytes(32))
    config, = make_chain(tmp_path / "mill", NewChain(
        name="market", nodes=1, provers=1, validators=64, genesis_seconds=GENESIS,
        slot_milliseconds=SLOT_MS, seed=0, size=SMALLEST, devices=["cpu"], first_port=0,
        sign_transfers=True, market=files), killed.KEY)
    settings = read_settings(config, {
        **{f"PROOFMILL_{table}_PORT": "0" for table in ("NETWORK", "METRICS", "MINER", "API")},
        "PROOFMILL_MARKET_MOST_JOBS": "2", "PROOFMILL_PROVER_DEVICES": "cpu,model+m"})
    assert settings.market == MarketTable(
        sell=True, buy=True, place=f"../{MARKET}/market.json", inputs=f"../{MARKET}/inputs",
        most_jobs=2)
    ready = prepared(settings, config.parent, "1.2.3")
    clock, under_way = HurriedTime(SLOTS), []

    def on_step(node: RunningNode) -> None:
        assert node.node is not None and node.node.market is not None
        under_way.append(len(node.node.market.array.book.jobs))

    clock.node = RunningNode(ready, on_step=on_step, time_of=clock)
    asyncio.run(clock.node.run())
    # A job, and its proof that may be asked for, each.
    assert 1 <= max(under_way) <= 4
    assert main(["market", "--config", str(config), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    done = {(job["way"], job["state"]) for job in (*shown["proofs"], *shown["results"])}
    assert {("locked", "done"), ("proven", "done"), ("unproven", "done")} <= done
    (array,) = shown["arrays"]
    assert all(each["done"] > 0 and each["late"] == 0 for each in array["earned"])
    assert [*array["matrices"]["commands"]] == ["model+m"]
    events = EventReader(tmp_path / "mill" / "node-0" / "data" / "events.sqlite")
    told = [each.fields for each in events.latest(10_000) if each.kind == "matrices"]
    assert told == [{"device": "model+m", "reason": array["matrices"]["reason"]}]
    assert told[0]["reason"] == "cpu: it multiplies no matrices"


def test_a_markets_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    place = MarketPlace(b"\x01" * 20, b"\x02" * 20, b"\x03" * 20, 4, 5)
    files = GoodsFiles(tmp_path / "a.onnx", tmp_path / "b", tmp_path / "c.zkey")
    path = tmp_path / "market.json"
    write_market(path, place, files)
    assert read_market_file(path) == (place, files)
    text = path.read_text()
    for wrong, said in (("{", "not JSON"), ("{}", "no description of a market"),
                        (text.replace('"verifier": 4', '"verifier": -1'), "verifier"),
                        (text.replace("0x" + "01" * 20, "0x01"), "proofs")):
        path.write_text(wrong)
        with pytest.raises(ProofmillError, match=said):
            read_market_file(path)
    with pytest.raises(ProofmillError, match=r"market\.place"):
        read_market_file(tmp_path / "none.json")


def test_accounts_of_the_market_are_no_others() -> None:
    key = random_key()
    assert len({key.address, *(address_of(market_key(key, part))
                               for part in ("seller", "buyer"))}) == 3


def test_who_proves_nothing_sells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"
    path.write_text('[node]\nroles = ["validator"]\n[market]\nsell = true\n')
    with pytest.raises(ProofmillError, match=r"line 4: the node is no prover"):
        read_settings(path, {})


def test_there_is_nothing_to_show_before_an_epoch_is_final(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "node.toml"
    path.write_text("[market]\nsell = true\n")
    assert main(["market", "--config", str(path)]) == 2
    assert "sold.json: is not there; the node writes it" in capsys.readouterr().err
