"""The market's two books, jobs for proofs and jobs for results, as their contracts have them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.typed import typed
from proofmill.host.network.array.record import ArrayRecord, Count
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.market import JobState, Way
from proofmill.host.network.contracts.results import ResultState
from proofmill.host.network.evm.client import ZERO_ADDRESS, Address, Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.hexadecimal import to_hex

UNPRICED = "closed"
"""The state of a job that nobody was paid for."""

Step = Callable[[str, int, int], None]


class Listed(Struct, frozen=True):
    """A job of a book. Amounts are wei, as text, being so large; times are blocks.

    `state`, `way`: by name, as the contract has them; of a result "proven" or "unproven". `of`: its
    verifier's number, or its model's. `price`: that was paid or is locked, or that an open job pays
    in this block; None for a closed one. `until`: the last block of a lock, of a result's window,
    or of the time for its proof; None where none runs. `deadline`: of the job.
    """

    number: Count
    state: str
    way: str
    of: Count
    buyer: str
    seller: str | None
    price: str | None
    collateral: str | None
    deadline: Count
    until: Count | None


class MarketRecord(Struct, frozen=True):
    """Both books and the arrays behind them. `block`: whose state the books are, None where there
    are no contracts; a book is None where it was not asked for."""

    block: Count | None
    proofs: tuple[Listed, ...] | None
    results: tuple[Listed, ...] | None
    arrays: tuple[ArrayRecord, ...]

    @property
    def record(self) -> JsonObject:
        """As plain data."""
        found: JsonObject = msgspec.to_builtins(self)
        return found


def read_books(evm: Evm, proofs: Address | None, results: Address | None,
               step: Step = lambda what, done, total: None) -> MarketRecord:
    """The jobs of the contracts Market and Results at these addresses, at the latest block.

    Raises `ProofmillError` where another contract, or none, is there.
    """
    return MarketRecord(
        evm.block().number,
        None if proofs is None else tuple(_proofs(evm, proofs, step)),
        None if results is None else tuple(_results(evm, results, step)), ())


def read_market(name: str) -> MarketRecord:
    """The market in the file of a run: what `proofmill devnet --market --record` or `mine --ai
    --json` has written. Raises `ProofmillError` where there is none."""
    way_out = ("name the file of `proofmill devnet --market --record`, or the output of `proofmill "
               "mine --ai --json`")
    try:
        record = parse_json(Path(name).read_text("utf-8"))
    except OSError as error:
        raise ProofmillError(f"{name}: {error.strerror}; {way_out}") from error
    except ValueError as error:
        raise ProofmillError(f"{name}: not JSON: {error}; {way_out}") from error
    found = record.get("market") if isinstance(record, dict) else None
    if found is None:
        raise ProofmillError(f"{name}: has no market in it; {way_out}")
    return typed(found, MarketRecord, f"{name}: not the record of a market")


def _proofs(evm: Evm, address: Address, step: Step) -> list[Listed]:
    market = Contract(evm, compiled("Market"), address)
    multiple, least = market.call("COLLATERAL_MULTIPLE"), market.call("DEPOSIT")
    found, count = [], market.call("job_count")
    for number in range(count):
        step("reading jobs for proofs", number, count)
        job = market.call("job", number)
        state = JobState(job["state"])
        locked = state is JobState.LOCKED
        price = _price(market, number, job, state.name or "")
        found.append(Listed(
            number, _name(state), _name(Way(job["way"])), job["verifier"], to_hex(job["requester"]),
            _seller(job["solver"]), price,
            str(max(job["price"] * multiple, least)) if locked else None, job["deadline"],
            job["locked_until"] if locked else None))
    return found


def _results(evm: Evm, address: Address, step: Step) -> list[Listed]:
    jobs = Contract(evm, compiled("Results"), address)
    found, count = [], jobs.call("job_count")
    for number in range(count):
        step("reading jobs for results", number, count)
        job = jobs.call("job", number)
        state = ResultState(job["state"])
        runs = state in (ResultState.LOCKED, ResultState.GIVEN, ResultState.ASKED)
        found.append(Listed(
            number, _name(state), "proven" if job["terms"]["proven"] else "unproven", job["model"],
            to_hex(job["requester"]), _seller(job["solver"]),
            _price(jobs, number, job, state.name or ""),
            str(job["collateral"]) if job["collateral"] else None, job["deadline"],
            job["until"] if runs else None))
    return found


def _price(contract: Contract, number: int, job: dict[str, Any], state: str) -> str | None:
    if state == "OPEN":
        return str(contract.call("price", number))
    return None if state.lower() == UNPRICED else str(job["price"])


def _name(value: JobState | ResultState | Way) -> str:
    return str(value.name).lower()


def _seller(address: Address) -> str | None:
    return None if address == ZERO_ADDRESS else to_hex(address)
