"""Jobs for results of models: what they pay, and what a wrong, a late or a missing one costs."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

pytest.importorskip("onnxruntime")

from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.inference import model_commitment
from proofmill.host.network.contracts.results import (
    ResultMarket,
    ResultState,
    Terms,
    check_opening,
    deploy_results,
)
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm, Receipt, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.market import Offer, price
from proofmill.host.network.mechanism.results import broken, collateral, kept, least_multiple
from tests.host.network.contracts.conftest import addresses
from tests.host.network.contracts.open_block import OpenBlockEvm
from tests.host.network.contracts.proven_result import Result, address, proven_result
from tests.host.network.contracts.world import CHAIN_ID, ETHER, PLAIN, private_key

DEPOSIT = ETHER // 100
PROOF_PRICE = ETHER // 2
UNPROVEN = Terms(proven=False, lowest=ETHER, highest=3 * ETHER, ramp=10, duration=50, time=4,
                 multiple=4, window=3, proof_price=PROOF_PRICE, proof_time=2)
PROVEN = replace(UNPROVEN, proven=True, multiple=2, window=0, proof_price=0, proof_time=0)
WRONG = (9).to_bytes(32, "big") * 3
PLACE_OF_INPUTS = "https://example.org/input.json"


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Result:
    return proven_result(tmp_path_factory.mktemp("model"))


@dataclass
class Place:
    """Jobs for one model, number 1 of "owner 0"; blocks are counted from `first`."""

    evm: DevelopmentEvm
    market: ResultMarket
    result: Result
    first: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    paid_in: int = 0

    def account(self, name: str) -> Account:
        if name not in self.accounts:
            self.accounts[name] = Account(self.evm, private_key(name))
        return self.accounts[name]

    def go_to(self, block: int) -> None:
        assert isinstance(self.evm, OpenBlockEvm)
        self.evm.begin(self.first + block)

    def pass_blocks(self, count: int) -> None:
        """A transaction a block."""
        for _ in range(count):
            self.send("carrier", "fund", value=1)

    def send(self, name: str, function: str, *arguments: object, value: int = 0) -> Receipt:
        jobs = self.market.jobs
        receipt = jobs.send(self.account(name), function, *arguments, value=value)
        self.paid_in += value
        assert jobs.call("invariants")
        assert jobs.call("held") == self.evm.balance(jobs.address)
        assert self.paid_in == jobs.call("held") + jobs.call("burned")
        return receipt

    def post(self, terms: Terms, name: str = "requester") -> int:
        receipt = self.send(name, "post", 1, self.result.commitment, terms.words,
                            bytes(keccak(self.result.opening)), PLACE_OF_INPUTS,
                            value=terms.highest)
        return int(self.market.jobs.events(receipt)[0].values["job"])

    def lock(self, name: str, job: int, terms: Terms) -> tuple[int, int]:
        """Take a job in this block: its price and the collateral."""
        due = int(self.market.jobs.call("price", job))
        locked = collateral(PLAIN, due, terms.multiple, DEPOSIT)
        self.send(name, "lock", job, value=locked)
        return due, locked

    def credit(self, name: str) -> int:
        return int(self.market.jobs.call("credits", self.account(name).address))

    def state(self, job: int) -> int:
        return int(self.market.jobs.call("job", job)["state"])


def deploy(evm: DevelopmentEvm, result: Result) -> ResultMarket:
    account = Account(evm, private_key("deployer"))
    models = Contract.deploy(account, evm, compiled("ModelRegistry"))
    models.send(Account(evm, private_key("owner 0")), "registerModel",
                model_commitment("11" * 32, "22" * 32, result.key, "ipfs://model"))
    return deploy_results(account, evm, models, PLAIN, DEPOSIT)


@pytest.fixture(scope="module")
def deployed(result: Result) -> tuple[OpenBlockEvm, ResultMarket]:
    evm = OpenBlockEvm(CHAIN_ID, dict.fromkeys(addresses(), 100_000 * ETHER))
    return evm, deploy(evm, result)


@pytest.fixture
def place(deployed: tuple[OpenBlockEvm, ResultMarket], result: Result) -> Iterator[Place]:
    evm, market = deployed
    start = evm.snapshot()
    place = Place(evm, market, result, evm.block().number)
    place.go_to(10)
    yield place
    evm.revert(start)


def test_a_result_is_asked_for_its_proof_on_every_node(evm: DevelopmentEvm, result: Result) -> None:
    """A right one is proven and paid with its proof; a wrong one costs the collateral."""
    place = Place(evm, deploy(evm, result), result)
    terms = replace(UNPROVEN, ramp=0)
    right, wrong = place.post(terms), place.post(terms)
    due, locked = place.lock("solver", right, terms)
    place.lock("solver", wrong, terms)
    place.send("solver", "give", right, result.output)
    place.send("solver", "give", wrong, WRONG)
    place.send("requester", "ask", right, value=PROOF_PRICE)
    place.send("solver", "prove", right, result.output, result.proof)
    place.send("requester", "ask", wrong, value=PROOF_PRICE)
    with pytest.raises(RevertedError, match="another output was given"):
        place.send("solver", "prove", wrong, result.output, result.proof)
    with pytest.raises(RevertedError):
        place.send("solver", "prove", wrong, WRONG, result.proof)
    place.pass_blocks(terms.proof_time)
    place.send("carrier", "refute", wrong)
    good = kept(PLAIN, due, locked, PROOF_PRICE)
    bad = broken(PLAIN, due, locked, PROOF_PRICE)
    assert place.credit("solver") == good.seller + bad.seller
    assert place.credit("requester") == bad.buyer == due + PROOF_PRICE
    assert place.market.jobs.call("burned") == good.burned + bad.burned
    assert (place.state(right), place.state(wrong)) == (ResultState.DONE, ResultState.CLOSED)


def test_a_result_nobody_asks_about_is_paid(place: Place) -> None:
    job = place.post(UNPROVEN)
    place.send("carrier", "fund", value=ETHER)
    place.go_to(14)
    with pytest.raises(RevertedError, match="the collateral is another"):
        place.send("solver", "lock", job, value=1)
    due, locked = place.lock("solver", job, UNPROVEN)
    assert due == price(Offer(ETHER, 3 * ETHER, 10, 10), 14)
    with pytest.raises(RevertedError, match="the job is not open"):
        place.send("thief", "lock", job, value=locked)
    with pytest.raises(RevertedError, match="another seller has locked"):
        place.send("thief", "give", job, WRONG)
    for bad in (b"", b"\x01" * 31):
        with pytest.raises(RevertedError, match="an output is one word or more"):
            place.send("solver", "give", job, bad)
    with pytest.raises(RevertedError, match="no result is given"):
        place.send("requester", "ask", job, value=PROOF_PRICE)
    receipt = place.send("solver", "give", job, place.result.output)
    event, = place.market.jobs.events(receipt)
    assert event.values["output"] == place.result.output
    with pytest.raises(RevertedError, match="the job is not locked"):
        place.send("solver", "give", job, WRONG)
    with pytest.raises(RevertedError, match="only the buyer asks"):
        place.send("thief", "ask", job, value=PROOF_PRICE)
    with pytest.raises(RevertedError, match="the proof's price is another"):
        place.send("requester", "ask", job, value=PROOF_PRICE - 1)
    with pytest.raises(RevertedError, match="no proof is asked for"):
        place.send("solver", "prove", job, place.result.output, place.result.proof)
    place.go_to(14 + UNPROVEN.window)
    with pytest.raises(RevertedError, match="can be asked for still"):
        place.send("carrier", "settle", job)
    place.go_to(15 + UNPROVEN.window)
    with pytest.raises(RevertedError, match="the time to ask is over"):
        place.send("requester", "ask", job, value=PROOF_PRICE)
    place.send("carrier", "settle", job)
    end = kept(PLAIN, due, locked)
    assert place.credit("solver") == end.seller
    assert place.credit("requester") == UNPROVEN.highest - due
    assert place.market.jobs.call("fees_burned") == end.burned == due // 20
    with pytest.raises(RevertedError, match="no result is given"):
        place.send("carrier", "settle", job)
    before = place.evm.balance(address("solver"))
    place.market.jobs.send(place.account("solver"), "collect")
    assert place.evm.balance(address("solver")) > before
    with pytest.raises(RevertedError, match="nothing to collect"):
        place.market.jobs.send(place.account("solver"), "collect")


def test_a_proof_that_is_withheld_costs_the_collateral(place: Place) -> None:
    job = place.post(UNPROVEN)
    due, locked = place.lock("solver", job, UNPROVEN)
    place.send("solver", "give", job, place.result.output)
    place.go_to(10 + UNPROVEN.window)
    place.send("requester", "ask", job, value=PROOF_PRICE)
    assert place.state(job) == ResultState.ASKED
    with pytest.raises(RevertedError, match="its proof is asked for"):
        place.send("requester", "ask", job, value=PROOF_PRICE)
    with pytest.raises(RevertedError, match="its proof is asked for"):
        place.send("solver", "settle", job)
    place.go_to(12 + UNPROVEN.window)
    with pytest.raises(RevertedError, match="the seller has time left"):
        place.send("requester", "refute", job)
    place.go_to(13 + UNPROVEN.window)
    with pytest.raises(RevertedError, match="the time to prove is over"):
        place.send("solver", "prove", job, place.result.output, place.result.proof)
    place.send("requester", "refute", job)
    end = broken(PLAIN, due, locked, PROOF_PRICE)
    assert place.credit("solver") == end.seller == 0
    assert place.credit("requester") == end.buyer + UNPROVEN.highest - due
    assert place.market.jobs.call("burned") == end.burned == locked


def test_anybody_carries_a_proof_and_the_seller_is_paid(place: Place) -> None:
    job = place.post(UNPROVEN)
    due, locked = place.lock("solver", job, UNPROVEN)
    place.send("solver", "give", job, place.result.output)
    place.send("requester", "ask", job, value=PROOF_PRICE)
    place.send("thief", "prove", job, place.result.output, place.result.proof)
    assert place.credit("thief") == 0
    assert place.credit("solver") == kept(PLAIN, due, locked, PROOF_PRICE).seller


def test_a_proven_result_is_paid_at_once_and_under_its_sellers_tag(place: Place) -> None:
    subsidised = replace(PROVEN, subsidy=ETHER)
    job = place.post(subsidised)
    place.send("carrier", "fund", value=ETHER)
    with pytest.raises(RevertedError, match="the job has to be locked"):
        place.send("solver", "give_proven", job, place.result.output, place.result.proof)
    due, locked = place.lock("solver", job, subsidised)
    with pytest.raises(RevertedError, match="comes with its proof"):
        place.send("solver", "give", job, place.result.output)
    for output, proof in ((WRONG, place.result.proof), (place.result.output, b""),
                          (place.result.output, bytes(len(place.result.proof)))):
        with pytest.raises(RevertedError):
            place.send("solver", "give_proven", job, output, proof)
    place.send("solver", "give_proven", job, place.result.output, place.result.proof)
    end = kept(PLAIN, due, locked, 0, ETHER)
    assert end.subsidy == end.burned * 8 // 10
    assert place.credit("solver") == end.seller
    assert place.market.jobs.call("subsidies") == end.subsidy
    stolen = place.post(PROVEN)
    place.lock("thief", stolen, PROVEN)
    with pytest.raises(RevertedError):    # the tag is another's
        place.send("thief", "give_proven", stolen, place.result.output, place.result.proof)


def test_squatted_jobs_pass_on_to_who_brings_a_proof(place: Place) -> None:
    """Each lock without a result is burned; the clock stands still; the third cannot be."""
    job = place.post(UNPROVEN)
    lost, block = 0, 10
    for name in ("thief", "owner 1"):
        due, locked = place.lock(name, job, UNPROVEN)
        assert due == UNPROVEN.lowest
        lost += broken(PLAIN, 0, locked).burned
        with pytest.raises(RevertedError, match="the seller has time left"):
            place.send("carrier", "end_lock", job)
        block += UNPROVEN.time + 1
        place.go_to(block)
        with pytest.raises(RevertedError, match="the lock is over"):
            place.send(name, "give", job, WRONG)
        place.send("carrier", "end_lock", job)
    assert place.market.jobs.call("burned") == lost
    assert place.market.jobs.call("job", job)["deadline"] == place.first + block + 50
    with pytest.raises(RevertedError, match="no more locks"):
        place.send("thief", "lock", job, value=lost // 2)
    with pytest.raises(RevertedError):    # copied out of the solver's transaction
        place.send("thief", "give_proven", job, place.result.output, place.result.proof)
    place.send("solver", "give_proven", job, place.result.output, place.result.proof)
    assert place.credit("solver") == kept(PLAIN, UNPROVEN.lowest, 0).seller


def test_whoever_owns_the_model_makes_nobody_fail(place: Place) -> None:
    """A job is of the model as it was: a changed or deprecated one is proven and paid."""
    models, owner = place.market.models, place.account("owner 0")
    jobs = [place.post(PROVEN) for _ in range(2)]
    for job in jobs:
        place.lock("solver", job, PROVEN)
    models.send(owner, "updateModel", 1, (b"\x01" * 32, b"\x02" * 32, b"\x03" * 32,
                                          b"\x05\x50\xd1\x37", ""))
    place.send("solver", "give_proven", jobs[0], place.result.output, place.result.proof)
    models.send(owner, "deprecateModel", 1)
    place.send("solver", "give_proven", jobs[1], place.result.output, place.result.proof)
    with pytest.raises(RevertedError, match="the model is deprecated"):
        place.post(PROVEN)
    with pytest.raises(RevertedError, match="there is no such job"):
        place.market.jobs.call("getModel", 2)


def test_what_nobody_takes_is_paid_back(place: Place) -> None:
    job = place.post(replace(UNPROVEN, duration=5))
    place.go_to(12)
    with pytest.raises(RevertedError, match="ends before the lock would"):
        place.send("solver", "lock", job, value=ETHER)
    place.go_to(15)
    with pytest.raises(RevertedError, match="the job is not over"):
        place.send("carrier", "end", job)
    place.go_to(16)
    place.send("carrier", "end", job)
    assert place.credit("requester") == UNPROVEN.highest


@pytest.mark.parametrize(("changed", "reason"), [
    ({"lowest": 4 * ETHER}, "below the lowest"), ({"multiple": 1}, "less than the least"),
    ({"time": 0}, "over before a lock"), ({"duration": 3}, "over before a lock"),
    ({"window": 0}, "no time to ask"), ({"proof_time": 0}, "no time to ask"),
    ({"duration": 2**41}, "too long"), ({"multiple": 2**41}, "too much"),
])
def test_terms_that_cannot_be_kept_are_refused(place: Place, changed, reason) -> None:
    with pytest.raises(RevertedError, match=reason):
        place.post(replace(UNPROVEN, **changed))


def test_posts_that_cannot_be_proven_are_refused(place: Place) -> None:
    given = [1, place.result.commitment, UNPROVEN.words, b"\x01" * 32, PLACE_OF_INPUTS]
    for place_in, wrong, reason in ((1, b"\xff" * 32, "no input has this commitment"),
                                    (3, bytes(32), "inputs' hash"), (4, "", "inputs' hash")):
        changed = [*given[:place_in], wrong, *given[place_in + 1:]]
        with pytest.raises(RevertedError, match=reason):
            place.send("requester", "post", *changed, value=UNPROVEN.highest)
    with pytest.raises(RevertedError, match="has to be paid in"):
        place.send("requester", "post", *given, value=1)
    models = place.market.models
    models.send(place.account("owner 0"), "registerModel",
                (b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, b"plnk", ""))
    with pytest.raises(RevertedError, match="by another system"):
        place.send("requester", "post", 2, *given[1:], value=UNPROVEN.highest)


def test_the_verifier_is_connected_once_and_is_over_these_jobs(place: Place) -> None:
    jobs, verifier = place.market.jobs, place.market.verifier
    for name, reason in (("deployer", "connected already"), ("thief", "only the creator")):
        with pytest.raises(RevertedError, match=reason):
            jobs.send(place.account(name), "connect", verifier.address)
    deployer = place.account("deployer")
    models = place.market.models.address
    alone = Contract.deploy(deployer, place.evm, compiled("Results"), models, 2, 500, 8_000,
                            DEPOSIT, 2)
    with pytest.raises(RevertedError, match="no verifier is connected"):
        alone.send(deployer, "post", 1, SALT_WORD, UNPROVEN.words, SALT_WORD, "x",
                   value=UNPROVEN.highest)
    with pytest.raises(RevertedError, match="has another registry"):
        alone.send(deployer, "connect", verifier.address)


SALT_WORD = b"\x01" * 32


def test_a_seller_looks_at_the_input_before_it_locks(result: Result) -> None:
    digest = bytes(keccak(result.opening))
    found = check_opening(result.opening, digest, result.commitment, result.least)
    assert len(found) == 2
    with pytest.raises(ProofmillError, match="the inputs hash to"):
        check_opening(result.opening, SALT_WORD, result.commitment, result.least)
    with pytest.raises(ProofmillError, match="commitment is not to its inputs"):
        check_opening(result.opening, digest, SALT_WORD, result.least)
    for text in (b"{}", b"\xff", b'{"salt": "1", "integers": [1.5]}', b'{"salt": "1"}',
                 b'{"salt": "x", "integers": [1]}', b'{"salt": "1", "integers": [true]}'):
        with pytest.raises(ProofmillError, match="no salt and integers"):
            check_opening(text, bytes(keccak(text)), result.commitment, 0)
    large = b'{"salt": "1", "integers": [256]}'
    with pytest.raises(ProofmillError, match="commitment is not to its inputs"):
        check_opening(large, bytes(keccak(large)), result.commitment, 0)


def test_the_least_multiple_is_the_least() -> None:
    """Wrong results lose at it, for a seller that saves the whole price, and not one below it."""
    for asked in (500, 1_250, 2_500, 3_333):
        multiple = least_multiple(PLAIN, asked)
        saved, lost = (10_000 - asked) * ETHER, asked * ETHER
        assert saved <= lost * multiple
        assert saved > lost * (multiple - 1)
    assert least_multiple(PLAIN, 10_000) == 2
    for asked in (0, 10_001):
        with pytest.raises(ValueError, match="a buyer asks"):
            least_multiple(PLAIN, asked)
    with pytest.raises(ValueError, match="2 times the price or more"):
        collateral(PLAIN, ETHER, 1, DEPOSIT)
    assert collateral(PLAIN, 0, 2, DEPOSIT) == DEPOSIT
