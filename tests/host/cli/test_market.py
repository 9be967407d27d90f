"""``proofmill market``: what is in the contracts' books and in the record of an array."""

import json
from pathlib import Path

import msgspec
import pytest
from eth_hash.auto import keccak

from proofmill.host.cli.main import main
from proofmill.host.cli.market import show_market
from proofmill.host.cli.records import FIELDS
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import ETHER, GWEI
from proofmill.host.network.array.book import Book, Offer
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.array.record import Multiplied, Proven, array_record
from proofmill.host.network.contracts.compiler import compile_source, compiled
from proofmill.host.network.contracts.inference import PROOF_SYSTEM_ID
from proofmill.host.network.contracts.market import Way, deploy_market
from proofmill.host.network.contracts.market_books import (
    MarketRecord,
    read_books,
    read_market,
)
from proofmill.host.network.contracts.results import Terms, deploy_results
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.parameters import Parameters

CONTRACTS = Path(__file__).parents[1] / "network" / "contracts"
DEPOSIT = ETHER // 100
DIGEST, PLACE = b"\x01" * 32, "data:,1"
BUYER, SELLER = (bytes(keccak(name)) for name in (b"buyer", b"seller"))
PROVEN = Terms(proven=True, lowest=ETHER, highest=ETHER, ramp=0, duration=3, time=1, multiple=2)


@pytest.fixture(scope="module")
def chain() -> tuple[EmbeddedEvm, Contract, Contract, Account, Account]:
    """Both markets, without a job; a transaction a block."""
    evm = EmbeddedEvm(1337, {address_of(key): 1_000 * ETHER for key in (BUYER, SELLER)})
    buyer, seller = Account(evm, BUYER), Account(evm, SELLER)
    exchange = deploy_market(buyer, evm, Parameters(), DEPOSIT, 1337)
    any_signals = compile_source("any_signals", (CONTRACTS / "any_signals.vy").read_text())
    verifier = Contract.deploy(buyer, evm, any_signals, DIGEST, 2, PROOF_SYSTEM_ID)
    exchange.registry.send(buyer, "add", verifier.address, PROOF_SYSTEM_ID, DIGEST, True)
    models = Contract.deploy(buyer, evm, compiled("ModelRegistry"))
    models.send(buyer, "registerModel", (DIGEST, DIGEST, DIGEST, PROOF_SYSTEM_ID, ""))
    return (evm, exchange.market, deploy_results(buyer, evm, models, Parameters(), DEPOSIT).jobs,
            buyer, seller)


def test_both_books_are_those_of_the_contracts(chain) -> None:
    evm, market, jobs, buyer, seller = chain
    empty = read_books(evm, market.address, jobs.address)
    assert (empty.proofs, empty.results) == ((), ())

    def proof(way: Way) -> None:
        market.send(buyer, "post", 0, [7, 8], way, ETHER, 2 * ETHER, 10, 50, 20, 0, DIGEST, PLACE,
                    value=2 * ETHER)

    proof(Way.LOCKED)
    proof(Way.HIDDEN)
    price = market.call("price", 0) + ETHER // 10    # of the next block
    market.send(seller, "lock", 0, value=price * Parameters().penalty_multiple)
    for _ in range(2):
        jobs.send(buyer, "post", 1, bytes(32), PROVEN.words, DIGEST, PLACE, value=ETHER)
    jobs.send(seller, "lock", 0, value=2 * ETHER)
    jobs.send(buyer, "fund", value=1)
    jobs.send(buyer, "fund", value=1)
    jobs.send(buyer, "end", 1)
    found = read_books(evm, market.address, jobs.address)
    assert found.block == evm.block().number and found.proofs and found.results
    locked, hidden = found.proofs
    assert (locked.state, locked.way, locked.price, locked.collateral) == (
        "locked", "locked", str(price), str(price * Parameters().penalty_multiple))
    assert (locked.buyer, locked.seller) == (f"0x{buyer.address.hex()}",
                                             f"0x{seller.address.hex()}")
    assert locked.until == market.call("job", 0)["locked_until"]
    assert (hidden.state, hidden.way, hidden.seller, hidden.collateral, hidden.until) == (
        "open", "hidden", None, None, None)
    assert hidden.price == str(market.call("price", 1)) and hidden.of == 0
    taken, over = found.results
    assert (taken.state, taken.way, taken.of, taken.collateral) == (
        "locked", "proven", 1, str(2 * ETHER))
    assert (over.state, over.price, over.seller, over.until) == ("closed", None, None, None)
    assert read_books(evm, None, jobs.address).proofs is None


def an_array() -> Book:
    book = Book(1_000, capital=10, cost=1.0)
    jobs = [Job(name, Kind.RESULT, 0, 100, 1_000, 1, pays) for name, pays in (("a", 50), ("b", 0))]
    book.offer([Offer(job) for job in jobs], 0)
    book.ran(jobs[0], 100, 100)
    return book


def test_a_recorded_run_is_shown(tmp_path, capsys) -> None:
    record = MarketRecord(None, None, None, (array_record(
        "node 1", an_array(), Multiplied({"model+m": 7, "": 1_000}, "rtl: no answer"),
        Proven({"model+m": 3, "": 2}, 1, "rtl: no answer")),))
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"seed": 0, "market": record.record}))
    assert read_market(str(path)) == record
    assert main(["market", "--run", str(path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert msgspec.convert(shown, MarketRecord) == record
    (array,) = shown["arrays"]
    assert set(array) == set(FIELDS["market: arrays"])
    assert set(array["matrices"]) == set(FIELDS["market: matrices"])
    assert set(array["proven"]) == set(FIELDS["market: proven"])
    assert all(set(each) == set(FIELDS["market: earned"]) for each in array["earned"])
    assert all(set(each) == set(FIELDS["market: given_up"]) for each in array["given_up"])
    assert main(["market", "--run", str(path)]) == 0
    told = capsys.readouterr().out
    assert "the array of node 1, 2 orders looked at" in told and "there are no contracts" in told
    assert "results              1     0          0        0.100               50" in told
    assert "commands: 7 by model+m, 1,000 by this processor; rtl: no answer" in told
    assert ("sold proofs their sums: 3 by model+m, 2 by this processor; 1 broken off for block "
            "proofs; rtl: no answer") in told
    assert "1 orders, pays too little, such as b: it pays less than" in told


def test_long_books_are_cut(chain, capsys) -> None:
    evm, market, jobs, *_ = chain
    found = read_books(evm, market.address, jobs.address)
    assert found.results
    show_market(Screen(), MarketRecord(9, (), found.results * 30, ()))
    told = capsys.readouterr().out
    assert "jobs for proofs, block 9: 0" in told and "jobs for results, block 9: 60" in told
    assert "the newest 40" in told and f"{2 * ETHER // GWEI:,}" in told


@pytest.mark.parametrize(("line", "said"), [
    (["--run", "{file}", "--proofs", "0x" + "5f" * 20], "leave them out"),
    (["--execution", "http://127.0.0.1:1"], "give the contract whose jobs are to be shown"),
    (["--execution", "http://127.0.0.1:1", "--proofs", "0x" + "5f" * 20], "does not answer"),
    (["--run", "{file}"], "has no market in it"),
])
def test_what_cannot_be_shown_is_refused(line, said, tmp_path, capsys) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"seed": 0}')
    assert main(["market", *(part.format(file=path) for part in line)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["no JSON", '{"market": {"block": -1}}'])
def test_files_that_are_no_records(text, tmp_path) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ProofmillError, match=r"run\.json"):
        read_market(str(path))
