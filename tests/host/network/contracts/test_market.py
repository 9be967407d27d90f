"""The registry of verifiers, and jobs for other people's circuits."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.deployment import Clock
from proofmill.host.network.contracts.market import (
    TAG_PROVER,
    Exchange,
    State,
    Way,
    bid_digest,
    commitment_digest,
    deploy_market,
    register_key,
)
from proofmill.host.network.contracts.verifier import key_hash
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm, Receipt, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.auction import Bid, award
from proofmill.host.network.mechanism.market import Offer, fee, price
from proofmill.host.prover.circuits.statement import prover_tag
from proofmill.host.prover.groth16.verification_key import read_verification_key
from tests.host.network.contracts.conftest import addresses
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    GENESIS_TIME,
    PLAIN,
    SECONDS,
    STATEMENT_CHAIN_ID,
    private_key,
)
from tests.host.prover.groth16.files import VECTORS

DEPOSIT = ETHER // 100
SALT = b"\x05" * 32
LOWEST, HIGHEST, RAMP = ETHER, 3 * ETHER, 10


@dataclass
class Place:
    """A market with one verifier of two signals, number 0, and a clock."""

    evm: DevelopmentEvm
    exchange: Exchange
    slot: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)

    @property
    def market(self) -> Contract:
        return self.exchange.market

    def account(self, name: str) -> Account:
        if name not in self.accounts:
            self.accounts[name] = Account(self.evm, private_key(name))
        return self.accounts[name]

    def go_to(self, slot: int) -> None:
        self.slot = slot
        self.evm.next_block(GENESIS_TIME + slot * SECONDS)

    def send(self, name: str, function: str, *arguments: object, value: int = 0) -> Receipt:
        receipt = self.market.send(self.account(name), function, *arguments, value=value)
        assert self.market.call("invariants")
        return receipt

    def post(self, way: Way, name: str = "requester", duration: int = 50, time: int = 4,
             subsidy: int = 0) -> int:
        signals = [7, 8] if way != Way.TAGGED else [7]
        receipt = self.send(name, "post", 0, signals, way, LOWEST, HIGHEST, RAMP, duration, time,
                            subsidy, value=HIGHEST)
        return int(self.market.events(receipt)[0].values["job"])

    def due(self) -> int:
        """The price in this slot of a job that was posted in slot 10."""
        return price(Offer(LOWEST, HIGHEST, 10, RAMP), self.slot)

    def credit(self, name: str) -> int:
        return int(self.market.call("credits", self.account(name).address))


PROOF = [7, 8, 0, 0, 0, 0, 0, 0]


@pytest.fixture(scope="module")
def deployed(node: DevelopmentEvm) -> Exchange:
    account = Account(node, private_key("deployer"))
    exchange = deploy_market(account, node, Clock(GENESIS_TIME, SECONDS), PLAIN, DEPOSIT,
                             STATEMENT_CHAIN_ID)
    source = (Path(__file__).parent / "any_signals.vy").read_text()
    verifier = Contract.deploy(account, node, compile_source("any_signals", source), SALT, 2)
    exchange.registry.send(account, "add", verifier.address, SALT, True)
    return exchange


@pytest.fixture
def place(deployed: Exchange, evm: DevelopmentEvm) -> Place:
    place = Place(evm, deployed)
    place.go_to(10)
    return place


def test_lock_and_deliver(place: Place) -> None:
    job = place.post(Way.LOCKED, subsidy=ETHER)
    place.send("deployer", "fund", value=ETHER)
    place.go_to(14)
    due = place.due()
    with pytest.raises(RevertedError, match="the collateral is another"):
        place.send("solver", "lock", job, value=due)
    place.send("solver", "lock", job, value=2 * due)
    with pytest.raises(RevertedError, match="the job is not open"):
        place.send("thief", "lock", job, value=2 * due)
    with pytest.raises(RevertedError, match="another solver has locked this job"):
        place.send("thief", "fulfil", job, PROOF)
    with pytest.raises(RevertedError, match="the proof does not verify"):
        place.send("solver", "fulfil", job, [8, *PROOF[1:]])
    with pytest.raises(RevertedError, match="the solver has time left"):
        place.send("thief", "end_lock", job)
    place.go_to(18)
    place.send("solver", "fulfil", job, PROOF)
    split = fee(PLAIN, due, ETHER)
    assert split.subsidy == split.burned * 8 // 10
    assert place.market.call("price", job) > due  # four slots later; the lock's price counts
    assert place.credit("solver") == split.prover + split.subsidy + 2 * due
    assert place.credit("requester") == HIGHEST - due
    assert place.market.call("burned") == split.burned
    assert place.market.call("job", job)["state"] == State.DONE
    with pytest.raises(RevertedError, match="the job is not locked"):
        place.send("solver", "fulfil", job, PROOF)
    before = place.evm.balance(place.account("requester").address)
    place.send("requester", "collect")
    assert place.evm.balance(place.account("requester").address) > before
    with pytest.raises(RevertedError, match="nothing to collect"):
        place.send("requester", "collect")


def test_missed_lock_pays_the_rescuer(place: Place) -> None:
    job = place.post(Way.LOCKED)
    place.go_to(11)
    due = place.due()
    place.send("thief", "lock", job, value=2 * due)
    place.go_to(16)
    with pytest.raises(RevertedError, match="the lock is over"):
        place.send("thief", "fulfil", job, PROOF)
    place.send("carrier", "end_lock", job)
    assert place.market.call("burned") == due
    later = place.due()
    place.send("solver", "lock", job, value=2 * later)
    place.send("solver", "fulfil", job, PROOF)
    assert place.credit("solver") == fee(PLAIN, later).prover + 2 * later + due
    assert place.credit("thief") == 0


def test_own_rescue_costs_more_than_it_brings(place: Place) -> None:
    job = place.post(Way.LOCKED)
    due = place.due()
    place.send("thief", "lock", job, value=2 * due)
    place.go_to(15)
    place.send("thief", "end_lock", job)
    later = place.due()
    place.send("thief", "lock", job, value=2 * later)
    place.send("thief", "fulfil", job, PROOF)
    # What would have been earned by delivering at once, against all that was paid in.
    assert place.credit("thief") - 2 * due - 2 * later < fee(PLAIN, due).prover


def test_unsolved_job_ends(place: Place) -> None:
    job = place.post(Way.LOCKED, duration=6)
    due = place.due()
    place.send("thief", "lock", job, value=2 * due)
    place.go_to(17)
    with pytest.raises(RevertedError, match="the job is not open"):
        place.send("requester", "end", job)
    place.send("requester", "end_lock", job)
    with pytest.raises(RevertedError, match="ends before the lock would"):
        place.send("thief", "lock", job, value=2 * place.due())
    place.send("requester", "end", job)
    assert place.credit("requester") == HIGHEST
    assert place.market.call("burned") == 2 * due  # the bounty, too: nobody delivered
    assert place.market.call("job", job)["state"] == State.CLOSED


def test_tagged_proof_is_nobody_elses(place: Place) -> None:
    job = place.post(Way.TAGGED)
    solver = place.account("solver").address
    tag = prover_tag(STATEMENT_CHAIN_ID, job, TAG_PROVER, solver)
    proof = [7, tag, 0, 0, 0, 0, 0, 0]
    with pytest.raises(RevertedError, match="the proof does not verify"):
        place.send("thief", "fulfil", job, proof)
    with pytest.raises(RevertedError, match="this job is not locked"):
        place.send("thief", "lock", job)
    due = place.due()
    place.send("solver", "fulfil", job, proof)
    assert place.credit("solver") == fee(PLAIN, due).prover
    with pytest.raises(RevertedError, match="the job is not open"):
        place.send("solver", "fulfil", job, proof)


def test_hidden_proof_cannot_be_front_run(place: Place) -> None:
    job = place.post(Way.HIDDEN)
    solver, thief = (place.account(name).address for name in ("solver", "thief"))
    digest = commitment_digest(job, solver, PROOF, SALT)
    assert place.market.call("digest_of", job, solver, PROOF, SALT) == digest
    place.send("solver", "commit", job, digest, value=DEPOSIT)
    with pytest.raises(RevertedError, match="made already"):
        place.send("thief", "commit", job, digest, value=DEPOSIT)
    with pytest.raises(RevertedError, match="not the time to reveal"):
        place.send("solver", "reveal", job, PROOF, SALT)
    place.go_to(11)
    # The thief sees the proof in the solver's transaction and is first in the block.
    copied = commitment_digest(job, thief, PROOF, SALT)
    place.send("thief", "commit", job, copied, value=DEPOSIT)
    with pytest.raises(RevertedError, match="not the time to reveal"):
        place.send("thief", "reveal", job, PROOF, SALT)
    with pytest.raises(RevertedError, match="no such commitment"):
        place.send("thief", "reveal", job, PROOF, b"\x06" * 32)
    place.send("solver", "reveal", job, PROOF, SALT)
    with pytest.raises(RevertedError, match="revealed already"):
        place.send("solver", "reveal", job, PROOF, SALT)
    with pytest.raises(RevertedError, match="earlier commitments can be revealed"):
        place.send("solver", "decide", job)
    with pytest.raises(RevertedError, match="earlier commitment is revealed"):
        place.send("carrier", "commit", job, SALT, value=DEPOSIT)
    place.go_to(15)
    place.send("thief", "reveal", job, PROOF, SALT)
    place.send("carrier", "decide", job)
    assert place.credit("solver") == fee(PLAIN, LOWEST).prover + DEPOSIT
    assert place.credit("thief") == DEPOSIT


def test_squatting_blocks_nobody_and_costs_the_deposit(place: Place) -> None:
    job = place.post(Way.HIDDEN)
    place.send("thief", "commit", job, SALT, value=DEPOSIT)
    with pytest.raises(RevertedError, match="the deposit is another"):
        place.send("solver", "commit", job, bytes(32), value=DEPOSIT - 1)
    place.go_to(11)
    solver = place.account("solver").address
    place.send("solver", "commit", job, commitment_digest(job, solver, PROOF, SALT), value=DEPOSIT)
    place.go_to(12)
    place.send("solver", "reveal", job, PROOF, SALT)
    with pytest.raises(RevertedError, match="can be revealed still"):
        place.send("carrier", "forfeit", SALT)
    place.go_to(16)
    place.send("carrier", "forfeit", SALT)
    with pytest.raises(RevertedError, match="is closed"):
        place.send("carrier", "forfeit", SALT)
    place.send("carrier", "decide", job)
    assert place.market.call("job", job)["solver"] == solver
    assert place.market.call("burned") == DEPOSIT + fee(PLAIN, place.market.call(
        "job", job)["price"]).burned


def test_ties_are_drawn(place: Place) -> None:
    job = place.post(Way.HIDDEN)
    names = ("solver", "thief", "carrier")
    for name in names:
        digest = commitment_digest(job, place.account(name).address, PROOF, SALT)
        place.send(name, "commit", job, digest, value=DEPOSIT)
    place.go_to(11)
    for name in names:
        place.send(name, "reveal", job, PROOF, SALT)
    place.go_to(15)
    place.send("deployer", "decide", job)
    credits = sorted(place.credit(name) for name in names)
    assert credits == [DEPOSIT, DEPOSIT, DEPOSIT + fee(PLAIN, LOWEST).prover]


def test_wash_trading_loses(place: Place) -> None:
    """One who pays himself for ever larger jobs, with all of the subsidy there is."""
    place.send("deployer", "fund", value=100 * ETHER)
    job = place.post(Way.LOCKED, name="thief", subsidy=100 * ETHER)
    due = place.due()
    place.send("thief", "lock", job, value=2 * due)
    place.send("thief", "fulfil", job, PROOF)
    profit = place.credit("thief") - HIGHEST - 2 * due
    assert profit == -(due * 5 // 100) * 2 // 10 < 0  # and the gas


def test_offers_that_are_refused(place: Place) -> None:
    good = [0, [7, 8], Way.LOCKED, LOWEST, HIGHEST, RAMP, 50, 4, 0]
    for place_of, wrong, message in (
            (0, 5, "no such verifier"), (1, [7], "no such verifier"),
            (3, HIGHEST + 1, "below the lowest"), (6, 0, "over at once"),
            (7, 0, "a lock has to last")):
        offer = list(good)
        offer[place_of] = wrong
        with pytest.raises(RevertedError, match=message):
            place.send("requester", "post", *offer, value=HIGHEST)
    with pytest.raises(RevertedError, match="highest price has to be paid in"):
        place.send("requester", "post", *good, value=HIGHEST - 1)
    registry = place.exchange.registry
    with pytest.raises(RevertedError, match="only who added"):
        registry.send(place.account("thief"), "retire", 0)
    registry.send(place.account("deployer"), "retire", 0)
    with pytest.raises(RevertedError, match="no such verifier"):
        place.send("requester", "post", *good, value=HIGHEST)


def test_registry_pins_real_keys(place: Place) -> None:
    registry, account = place.exchange.registry, place.account("deployer")
    key = read_verification_key(VECTORS / "chain4" / "verification_key.json")
    number = register_key(account, place.evm, registry, key, development=True)
    entry = registry.call("entry", number)
    assert entry["key_hash"] == key_hash(key) and entry["signals"] == 1 and entry["development"]
    with pytest.raises(RevertedError, match="added already"):
        registry.send(account, "add", entry["verifier"], key_hash(key), True)
    with pytest.raises(RevertedError, match="for another key"):
        registry.send(place.account("thief"), "add", entry["verifier"], SALT, True)
    with pytest.raises(RevertedError, match="no contract at this address"):
        registry.send(account, "add", b"\x01" * 20, SALT, True)
    assert not registry.call("verify", 99, PROOF, [1])
    assert not registry.call("verify", number, PROOF, [1])
    with pytest.raises(RevertedError, match="no such verifier"):
        registry.call("entry", 99)


def test_development_keys_are_refused_elsewhere() -> None:
    balances = {address: ETHER for address in addresses()}
    for chain, refused in ((1, True), (CHAIN_ID, False)):
        evm = EmbeddedEvm(chain, balances)
        account = Account(evm, private_key("deployer"))
        exchange = deploy_market(account, evm, Clock(0, 1), PLAIN, DEPOSIT, 5)
        key = read_verification_key(VECTORS / "chain4" / "verification_key.json")
        if refused:
            with pytest.raises(RevertedError, match="development keys are for local chains"):
                register_key(account, evm, exchange.registry, key, development=True)
        else:
            assert register_key(account, evm, exchange.registry, key, development=True) == 0


def test_a_lock_is_declined_early_and_seldom(place: Place) -> None:
    jobs = [place.post(Way.LOCKED, time=8) for _ in range(4)]
    for job in jobs:
        place.send("solver", "lock", job, value=2 * place.due())
    with pytest.raises(RevertedError, match="another solver has locked this job"):
        place.send("thief", "decline", jobs[0])
    place.go_to(11)
    place.send("solver", "decline", jobs[0])
    assert place.credit("solver") == 2 * LOWEST
    assert place.market.call("job", jobs[0])["state"] == State.OPEN
    with pytest.raises(RevertedError, match="the job is not locked"):
        place.send("solver", "decline", jobs[0])
    place.send("owner 1", "lock", jobs[0], value=2 * place.due())  # the price has gone on rising
    place.send("solver", "decline", jobs[1])
    with pytest.raises(RevertedError, match="declined often enough"):
        place.send("solver", "decline", jobs[2])
    place.go_to(12)
    place.send("owner 2", "lock", jobs[1], value=2 * place.due())
    place.go_to(14)
    with pytest.raises(RevertedError, match="too late to decline"):
        place.send("owner 2", "decline", jobs[1])


BID_SLOTS = PLAIN.bid_slots


def sealed(place: Place, bids: dict[str, int]) -> int:
    job = place.post(Way.SEALED)
    for name, amount in bids.items():
        digest = bid_digest(job, place.account(name).address, amount, SALT)
        assert place.market.call("bid_digest_of", job, place.account(name).address, amount,
                                 SALT) == digest
        place.send(name, "bid", job, digest, value=2 * HIGHEST)
    return job


def test_the_lowest_bid_proves_for_the_second_lowest(place: Place) -> None:
    bids = {"solver": ETHER, "owner 1": 2 * ETHER, "thief": ETHER * 5 // 2}
    job = sealed(place, bids)
    with pytest.raises(RevertedError, match="bid for the job already"):
        place.send("solver", "bid", job, b"\x01" * 32, value=2 * HIGHEST)
    with pytest.raises(RevertedError, match="the deposit is another"):
        place.send("owner 3", "bid", job, b"\x01" * 32, value=HIGHEST)
    with pytest.raises(RevertedError, match="not the time to reveal"):
        place.send("solver", "reveal_bid", job, ETHER, SALT)
    place.go_to(10 + BID_SLOTS)
    with pytest.raises(RevertedError, match="the time to bid is over"):
        place.send("owner 3", "bid", job, b"\x01" * 32, value=2 * HIGHEST)
    with pytest.raises(RevertedError, match="no such commitment"):
        place.send("solver", "reveal_bid", job, ETHER + 1, SALT)
    for name in ("owner 1", "solver", "thief"):  # any order
        place.send(name, "reveal_bid", job, bids[name], SALT)
    assert place.credit("owner 1") == place.credit("thief") == 2 * HIGHEST
    with pytest.raises(RevertedError, match="revealed already"):
        place.send("thief", "reveal_bid", job, bids["thief"], SALT)
    with pytest.raises(RevertedError, match="bids can be revealed still"):
        place.send("owner 3", "award", job)
    place.go_to(10 + BID_SLOTS + PLAIN.reveal_slots)
    place.send("owner 3", "award", job)
    model = award(PLAIN, Offer(LOWEST, HIGHEST, 10, RAMP), [
        Bid(n, amount, 0, BID_SLOTS) for n, amount in enumerate(bids.values())], SALT)
    known = place.market.call("job", job)
    assert (known["solver"], known["price"]) == (place.account("solver").address, model.paid)
    assert model.winner == 0 and model.paid == 2 * ETHER
    assert place.credit("solver") == 2 * HIGHEST - model.collateral
    with pytest.raises(RevertedError, match="has to prove it"):
        place.send("solver", "decline", job)
    place.send("solver", "fulfil", job, PROOF)
    assert place.credit("solver") == 2 * HIGHEST + fee(PLAIN, model.paid).prover
    assert place.credit("requester") == HIGHEST - model.paid


def test_a_bid_that_is_not_revealed_is_lost_and_the_rest_go_on(place: Place) -> None:
    job = sealed(place, {"solver": ETHER, "owner 1": 2 * ETHER})
    digest = bid_digest(job, place.account("solver").address, ETHER, SALT)
    place.go_to(10 + BID_SLOTS)
    place.send("owner 1", "reveal_bid", job, 2 * ETHER, SALT)
    with pytest.raises(RevertedError, match="it can be revealed still"):
        place.send("owner 3", "forfeit", digest)
    place.go_to(10 + BID_SLOTS + PLAIN.reveal_slots)
    burned = place.market.call("burned")
    place.send("owner 3", "forfeit", digest)
    assert place.market.call("burned") == burned + 2 * HIGHEST
    place.send("owner 3", "award", job)
    assert place.market.call("job", job)["price"] == HIGHEST  # alone
    # It does not deliver: its collateral pays whoever does, for the posted price.
    place.go_to(place.slot + 5)
    place.send("owner 3", "end_lock", job)
    place.send("thief", "lock", job, value=2 * HIGHEST)
    place.send("thief", "fulfil", job, PROOF)
    assert place.credit("thief") == fee(PLAIN, HIGHEST).prover + 2 * HIGHEST + HIGHEST


def test_equal_bids_are_drawn_and_no_bids_leave_a_posted_price(place: Place) -> None:
    job = sealed(place, {"solver": ETHER, "owner 1": ETHER})
    silent = place.post(Way.SEALED)
    place.go_to(10 + BID_SLOTS)
    for name in ("solver", "owner 1"):
        place.send(name, "reveal_bid", job, ETHER, SALT)
    place.go_to(10 + BID_SLOTS + PLAIN.reveal_slots)
    place.send("owner 3", "award", job)
    known = place.market.call("job", job)
    assert known["price"] == ETHER
    credits = {place.credit("solver"), place.credit("owner 1")}
    assert credits == {2 * HIGHEST, 2 * HIGHEST - 2 * ETHER}
    place.send("owner 3", "award", silent)
    place.send("thief", "lock", silent, value=2 * place.due())
    with pytest.raises(RevertedError, match="this job takes no bids"):
        place.send("owner 3", "award", silent)
