"""Jobs of both markets, sold by a prover's node beside its block proofs, on a chain of its own."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnxruntime")

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import BPS
from proofmill.host.network.array.book import Cause
from proofmill.host.network.contracts.market import JobState, Way, inputs_digest
from proofmill.host.network.contracts.market_books import read_books
from proofmill.host.network.contracts.results import Terms
from proofmill.host.network.mechanism.results import least_multiple
from proofmill.host.network.node import market_devnet
from proofmill.host.network.node.beside import at_once
from proofmill.host.network.node.market_devnet import MarketPlan
from proofmill.host.network.node.market_inputs import fetch
from proofmill.host.network.node.market_offers import BlockLoad
from proofmill.host.network.node.market_part import MarketSetup, NodeMarket, board_array
from proofmill.host.network.node.market_place import GoodsFiles
from proofmill.host.network.node.matrices import Told
from proofmill.host.network.node.opening import GenesisEngines
from proofmill.host.network.node.trader import Call, Trader, call
from proofmill.host.prover.circuits.preimage import PREIMAGE, chained, preimage_circuit
from proofmill.host.prover.devices import matrices
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.devices.matrices import WEIGHT_WORDS
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.inference.gadgets import commitment
from proofmill.host.prover.inference.making import make
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.proving import compile_model
from proofmill.sim import matrix_gateware
from tests.host.network.node.chains import SEED, Source, chain_setup

LAST_POST, SLOTS = 5, 18
PRICE = 10**15


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> GoodsFiles:
    folder = tmp_path_factory.mktemp("goods")
    found = GoodsFiles(folder / "mlp.onnx", folder / "compiled", folder / "preimage.zkey")
    make("mlp", found.model)
    compile_model(found.model, found.compiled, b"market".ljust(32))
    development_setup(preimage_circuit().to_r1cs("preimage"), found.preimage_key,
                      b"market".ljust(32))
    return found


def opened(files: GoodsFiles, folder: Path, last_post: int, devices: Sequence[Device] = (),
           told: Told = lambda device, reason: None) -> tuple[Source, NodeMarket, MarketSetup]:
    """A prover's node that sells and buys, after slot 0."""
    plan = MarketPlan(files, last_post)
    chain = chain_setup(market_devnet.founder(SEED, plan),
                        tuple(sorted(market_devnet.rich(SEED, ["node 0"]))))
    assert isinstance(chain.engines, GenesisEngines)
    setup = market_devnet.setups(SEED, plan, chain.engines.place, folder, ["node 0"],
                                 "node 0")["node 0"]
    assert setup.seller is not None
    array = board_array(setup.seller)
    source = Source(folder, lambda topic, data: None, chain=chain, array=array, devices=devices)
    market = NodeMarket(
        setup, source.follower, array,
        lambda: BlockLoad(source.prover.bound_ms, source.prover.unproven),
        source.prover.setup.circuit.r1cs.constraints, source.send, at_once,
        source.prover.setup.prover, told)
    source.confirm(0)
    return source, market, setup


def never(x: Any, w: Any) -> Any:
    raise AssertionError("this process multiplies no matrices")


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cpu", "model+m"])
def test_what_a_buyer_posts_is_sold_between_blocks(
    files: GoodsFiles, device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the real contracts, with real results and proofs; every block is proven as well. Where a
    device multiplies matrices, results come from there, and this process multiplies none."""
    cpu, told = CpuDevice(threads=1), list[tuple[str, str]]()
    devices: list[Device] = [cpu]
    if device != "cpu":
        devices.append(ApartDevice(device, lanes=1, weight_words=WEIGHT_WORDS))
        for module in (matrices, matrix_gateware):
            monkeypatch.setattr(module, "product", never)
    source, market, setup = opened(files, tmp_path, LAST_POST, devices,
                                   lambda name, reason: told.append((name, reason)))
    for slot in range(1, SLOTS + 1):
        source.slot(slot, lambda slot, milliseconds: market.work())
    evm, place = source.follower.execution_layer.evm, setup.place
    books = read_books(evm, place.proofs, place.results)
    assert books.proofs and books.results
    assert {job.state for job in (*books.proofs, *books.results)} == {"done"}
    assert {job.way for job in books.results} == {"proven", "unproven"}
    report = market.report("node 0", 0, 0)
    assert report.invariants and report.array is not None and report.longest_wait_ms <= 1
    blocks, proofs, results = report.array.earned
    assert proofs.done >= len(books.proofs) and results.done == len(books.results)
    assert blocks.done >= SLOTS - 2 and proofs.gwei > 0 and results.gwei > 0
    assert not (proofs.late or results.late or report.array.given_up)
    reason = "cpu: it multiplies no matrices"
    assert told == [("" if device == "cpu" else device, reason)]
    assert report.array.matrices is not None and report.array.matrices.reason == reason
    assert [*report.array.matrices.commands] == [told[0][0]]
    proven = report.array.proven
    assert proven is not None and proven.proofs == {told[0][0]: proofs.done + sum(
        job.way == "proven" for job in books.results)}
    assert proven.reason == "cpu: it does not give way in the midst of a sum"
    # What was earned is the account's in the end, but for 5 % that are burned and the gas.
    paid = sum(int(job.price or 0) for job in (*books.proofs, *books.results))
    before = 10**6 * 10**18
    assert before < evm.balance(market.seller_address) < before + paid + 10**17
    source.close()
    for each in devices:
        each.close()


@pytest.mark.slow
def test_nothing_that_is_posted_stops_a_seller(files: GoodsFiles, tmp_path: Path) -> None:
    """What cannot be read or would be planned for years is given up; the job beside it is done."""
    source, market, setup = opened(files, tmp_path, 0)
    trader = Trader(market_devnet.key_of(SEED, market_devnet.BUYER), setup.place, source.follower,
                    source.send)
    proofs, results = trader.stalls.proofs, trader.stalls.results

    def proof(place: str) -> Call:
        return call(proofs, "post", setup.place.verifier, [chained(7)], Way.LOCKED, PRICE, PRICE,
                    0, 24, 4, 0, inputs_digest(b"7"), place, value=PRICE)

    unsound = proof("data:,?")
    least = read_model(files.model).quantisation.least
    text = json.dumps({"salt": "1", "integers": [0] * 64}, separators=(",", ":"))
    terms = Terms(
        proven=False, lowest=PRICE, highest=PRICE, ramp=0, duration=24, time=4,
        multiple=least_multiple(source.follower.parameters, BPS // 2), window=2**40,
        proof_price=PRICE, proof_time=4)
    trader.send([
        proof("file://["), replace(unsound, data=unsound.data.replace(b",?", b",\xff")),
        proof("data:,7"),
        call(results, "post", setup.place.model,
             commitment([-least] * 64, 1).to_bytes(32, "big"), terms.words,
             inputs_digest(text.encode()), f"data:,{text}", value=PRICE)])
    for slot in range(1, 5):
        source.slot(slot, lambda slot, milliseconds: market.work())
    assert (proofs.call("job_count"), results.call("job_count")) == (3, 1)
    assert market.array is not None
    given_up = {each.job.name: each.reason for each in market.array.book.decisions.values()
                if each.cause is Cause.UNFIT}
    assert given_up.keys() == {"proof 0", "proof 1", "result 0"}
    assert "no file's URL" in given_up["proof 0"] and "can't decode" in given_up["proof 1"]
    assert "it may last for 1,099,511,627,792 slots" in given_up["result 0"]
    assert JobState(proofs.call("job", 2)["state"]) is JobState.DONE
    source.close()


def test_inputs_are_read_where_they_may_be(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inputs" / "1.json", tmp_path / "2.json"
    inside.parent.mkdir()
    for path in (inside, outside):
        path.write_bytes(b"7")
    digest = inputs_digest(b"7")
    assert fetch("data:,7", digest, None) == fetch("data:text/plain,%37", digest, None) == b"7"
    assert fetch(inside.as_uri(), digest, inside.parent) == b"7"
    for place, said in ((outside.as_uri(), "only files below"), ("data:;base64,Nw==", "base64"),
                        ("http://127.0.0.1/7", "only data: URLs"), ("data:,8", "hash to"),
                        ((inside.parent / "3.json").as_uri(), "cannot be read"),
                        ("file://[", "no file's URL"), ("file:///%00", "no file's URL"),
                        ((inside.parent / ".." / "2.json").as_uri(), "only files below")):
        with pytest.raises(ProofmillError, match=said):
            fetch(place, digest, inside.parent)
    with pytest.raises(ProofmillError, match="only data: URLs"):
        fetch(inside.as_uri(), digest, None)


def test_a_chain_of_hashes_is_proven_from_its_beginning() -> None:
    system = preimage_circuit(2)
    witness = system.witness({PREIMAGE: 5})
    assert witness[1] == chained(5, 2) != chained(5)
    assert system.check(witness) is None
    with pytest.raises(ValueError, match="a hash or more"):
        preimage_circuit(0)
