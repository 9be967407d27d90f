"""The registry of verifiers, and jobs for other people's circuits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.market import (
    TAG_PROVER,
    Exchange,
    JobState,
    Way,
    bid_digest,
    check_inputs,
    commitment_digest,
    deploy_market,
    inputs_digest,
)
from proofmill.host.network.contracts.registry import check_verifier, register_key
from proofmill.host.network.contracts.verifier import key_hash
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm, Receipt, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.auction import Bid, award, may_award
from proofmill.host.network.mechanism.lottery import Ticket
from proofmill.host.network.mechanism.market import (
    Offer,
    bounty,
    decline_cost,
    draw_tied,
    fee,
    price,
    tie_seed,
    unsolved,
)
from proofmill.host.network.mechanism.verifiers import IDENTIFIERS
from proofmill.host.prover.circuits.statement import prover_tag
from proofmill.host.prover.groth16.verification_key import read_verification_key
from proofmill.host.prover.plonk.systems import GROTH16
from tests.host.network.contracts.conftest import addresses
from tests.host.network.contracts.open_block import OpenBlockEvm
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    PLAIN,
    STATEMENT_CHAIN_ID,
    private_key,
)
from tests.host.prover.groth16.files import VECTORS

DEPOSIT = ETHER // 100
SALT = b"\x05" * 32
INPUTS, PLACE_OF_INPUTS = b'{"a": 3}', 'data:application/json,{"a": 3}'
LOWEST, HIGHEST, RAMP = ETHER, 3 * ETHER, 10


@dataclass
class Place:
    """A market with one verifier of two signals, number 0; blocks are counted from `first`."""

    evm: OpenBlockEvm
    exchange: Exchange
    first: int
    accounts: dict[str, Account] = field(default_factory=dict)

    @property
    def market(self) -> Contract:
        return self.exchange.market

    def account(self, name: str) -> Account:
        if name not in self.accounts:
            self.accounts[name] = Account(self.evm, private_key(name))
        return self.accounts[name]

    @property
    def block(self) -> int:
        return self.evm.block().number - self.first

    def go_to(self, block: int, luck: int = 0) -> None:
        """Begin a block; all that is sent is in it until the next begins."""
        self.evm.begin(self.first + block, luck)

    def send(self, name: str, function: str, *arguments: object, value: int = 0) -> Receipt:
        receipt = self.market.send(self.account(name), function, *arguments, value=value)
        assert self.market.call("invariants")
        return receipt

    def post(self, way: Way, name: str = "requester", duration: int = 50, time: int = 4,
             subsidy: int = 0) -> int:
        signals = [7, 8] if way != Way.TAGGED else [7]
        receipt = self.send(name, "post", 0, signals, way, LOWEST, HIGHEST, RAMP, duration, time,
                            subsidy, inputs_digest(INPUTS), PLACE_OF_INPUTS, value=HIGHEST)
        return int(self.market.events(receipt)[0].values["job"])

    def due(self, stood_still: int = 0) -> int:
        """The price in this block of a job that was posted in block 10."""
        return price(Offer(LOWEST, HIGHEST, 10, RAMP), self.block, stood_still)

    def credit(self, name: str) -> int:
        return int(self.market.call("credits", self.account(name).address))


PROOF = [7, 8, 0, 0, 0, 0, 0, 0]


def deploy(evm: DevelopmentEvm) -> Exchange:
    account = Account(evm, private_key("deployer"))
    exchange = deploy_market(account, evm, PLAIN, DEPOSIT, STATEMENT_CHAIN_ID)
    source = (Path(__file__).parent / "any_signals.vy").read_text()
    verifier = Contract.deploy(account, evm, compile_source("any_signals", source), SALT, 2,
                               IDENTIFIERS[GROTH16])
    exchange.registry.send(account, "add", verifier.address, IDENTIFIERS[GROTH16], SALT, True)
    return exchange


@pytest.fixture(scope="module")
def deployed() -> tuple[OpenBlockEvm, Exchange]:
    evm = OpenBlockEvm(CHAIN_ID, dict.fromkeys(addresses(), 100_000 * ETHER))
    return evm, deploy(evm)


@pytest.fixture
def place(deployed: tuple[OpenBlockEvm, Exchange]) -> Iterator[Place]:
    evm, exchange = deployed
    start = evm.snapshot()
    place = Place(evm, exchange, evm.block().number)
    place.go_to(10)
    yield place
    evm.revert(start)


def test_blocks_are_counted_and_not_time(evm: DevelopmentEvm) -> None:
    """On every node: a job's price and its lock's end do not move while there is no block."""
    exchange = deploy(evm)
    market, requester, solver = exchange.market, *(
        Account(evm, private_key(name)) for name in ("requester", "solver"))
    receipt = market.send(requester, "post", 0, [7, 8], Way.LOCKED, LOWEST, HIGHEST, RAMP, 50, 2,
                          0, inputs_digest(INPUTS), PLACE_OF_INPUTS, value=HIGHEST)
    job = int(market.events(receipt)[0].values["job"])
    evm.next_block(evm.block().timestamp + 1_000_000)
    due = price(Offer(LOWEST, HIGHEST, 0, RAMP), 1)
    market.send(solver, "lock", job, value=2 * due)
    evm.next_block(evm.block().timestamp + 1_000_000)
    with pytest.raises(RevertedError, match="the solver has time left"):
        market.send(requester, "end_lock", job)
    market.send(solver, "fulfil", job, PROOF)
    assert market.call("credits", solver.address) == fee(PLAIN, due).prover + 2 * due


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
    assert place.market.call("price", job) > due  # four blocks later; the lock's price counts
    assert place.credit("solver") == split.prover + split.subsidy + 2 * due
    assert place.credit("requester") == HIGHEST - due
    assert place.market.call("burned") == split.burned
    assert place.market.call("job", job)["state"] == JobState.DONE
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
    assert place.market.call("burned") == 0  # not before it is known whether it can be solved
    later = place.due(stood_still=5)
    assert later == due
    place.send("solver", "lock", job, value=2 * later)
    place.send("solver", "fulfil", job, PROOF)
    split = fee(PLAIN, later)
    shared = bounty(PLAIN, 2 * due, split)
    assert shared == split.burned
    assert place.credit("solver") == split.prover + 2 * later + shared
    assert place.market.call("burned") == split.burned + 2 * due - shared
    assert place.credit("thief") == 0


def test_own_rescue_costs_more_than_it_brings(place: Place) -> None:
    job = place.post(Way.LOCKED)
    due = place.due()
    place.send("thief", "lock", job, value=2 * due)
    place.go_to(15)
    place.send("thief", "end_lock", job)
    later = place.due(stood_still=5)
    place.send("thief", "lock", job, value=2 * later)
    place.send("thief", "fulfil", job, PROOF)
    # What would have been earned by delivering at once, against all that was paid in.
    assert place.credit("thief") - 2 * due - 2 * later < fee(PLAIN, due).prover


def test_a_requester_and_its_accomplice_earn_nothing_by_a_trap(place: Place) -> None:
    """A solver locks what only the accomplice can prove: half of the collateral was theirs."""
    job = place.post(Way.LOCKED)
    paid_in = HIGHEST
    due = place.due()
    place.send("solver", "lock", job, value=2 * due)
    place.go_to(15)
    place.send("requester", "end_lock", job)
    again = place.due(stood_still=5)
    paid_in += 2 * again
    place.send("thief", "lock", job, value=2 * again)
    place.send("thief", "fulfil", job, PROOF)
    assert place.credit("requester") + place.credit("thief") <= paid_in


def test_a_statement_without_a_solution_costs_its_requester(place: Place) -> None:
    job = place.post(Way.LOCKED, duration=6)
    due = place.due()
    place.send("solver", "lock", job, value=2 * due)
    place.go_to(17)
    with pytest.raises(RevertedError, match="the job is not open"):
        place.send("requester", "end", job)
    place.send("requester", "end_lock", job)
    with pytest.raises(RevertedError, match="the job is not over"):
        place.send("requester", "end", job)  # the lock's blocks do not count
    place.go_to(22)
    place.send("requester", "end", job)
    burned, back = unsolved(PLAIN, Offer(LOWEST, HIGHEST, 10, RAMP), 2 * due)
    assert place.credit("solver") == back == 2 * due
    assert place.credit("requester") == HIGHEST - burned < HIGHEST
    assert place.market.call("burned") == burned
    assert place.market.call("job", job)["state"] == JobState.CLOSED
    unseen = place.post(Way.LOCKED, name="owner 1", duration=1)
    place.go_to(24)
    place.send("solver", "end", unseen)
    assert place.credit("owner 1") == HIGHEST


def test_locks_that_fail_cannot_keep_a_job(place: Place) -> None:
    """A fresh account locks in every block there is, and gives back or misses: the third cannot."""
    job = place.post(Way.LOCKED, duration=8, time=8)
    for turn in range(PLAIN.failed_locks):
        name = f"owner {turn}"
        place.send(name, "lock", job, value=2 * LOWEST)
        place.go_to(place.block + 1)
        place.send(name, "decline", job)
        cost = decline_cost(PLAIN, 2 * LOWEST)
        assert place.credit(name) == 2 * LOWEST - cost and cost > 0
    with pytest.raises(RevertedError, match="this job is not locked"):
        place.send("owner 3", "lock", job, value=2 * LOWEST)
    assert place.market.call("job", job)["deadline"] == place.first + 8 + place.block
    assert place.market.call("price", job) == LOWEST
    solver = place.account("solver").address
    place.send("solver", "commit", job, commitment_digest(job, solver, PROOF, SALT), value=DEPOSIT)
    place.go_to(place.block + 1)
    place.send("solver", "reveal", job, PROOF, SALT)
    place.go_to(place.block + PLAIN.reveal_blocks)
    place.send("carrier", "decide", job)
    split = fee(PLAIN, LOWEST)
    assert place.credit("solver") == DEPOSIT + split.prover + split.burned


def test_a_lock_costs_at_the_lowest_price_there_is(place: Place) -> None:
    receipt = place.send("requester", "post", 0, [7, 8], Way.LOCKED, 0, 1, 10, 50, 8, 0,
                         inputs_digest(INPUTS), PLACE_OF_INPUTS, value=1)
    job = int(place.market.events(receipt)[0].values["job"])
    with pytest.raises(RevertedError, match="the collateral is another"):
        place.send("thief", "lock", job, value=0)
    place.send("thief", "lock", job, value=DEPOSIT)
    place.send("thief", "decline", job)
    assert place.credit("thief") == DEPOSIT - decline_cost(PLAIN, DEPOSIT)


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
        place.send("solver", "commit", job, digest, value=DEPOSIT)
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
    with pytest.raises(RevertedError, match="this commitment is closed"):
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
    with pytest.raises(RevertedError, match="less than the least"):
        place.send("solver", "commit", job, bytes(32), value=DEPOSIT - 1)
    place.go_to(11)
    solver = place.account("solver").address
    place.send("solver", "commit", job, commitment_digest(job, solver, PROOF, SALT), value=DEPOSIT)
    place.go_to(12)
    place.send("solver", "reveal", job, PROOF, SALT)
    with pytest.raises(RevertedError, match="can be revealed still"):
        place.send("carrier", "forfeit", place.account("thief").address, SALT)
    place.go_to(16)
    place.send("carrier", "forfeit", place.account("thief").address, SALT)
    with pytest.raises(RevertedError, match="is closed"):
        place.send("carrier", "forfeit", place.account("thief").address, SALT)
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


def test_a_digest_that_another_sent_first_is_still_its_owner_s(place: Place) -> None:
    job, auction = place.post(Way.HIDDEN), place.post(Way.SEALED)
    solver = place.account("solver").address
    digest = commitment_digest(job, solver, PROOF, SALT)
    place.send("thief", "commit", job, digest, value=DEPOSIT)
    place.send("solver", "commit", job, digest, value=DEPOSIT)
    sealed = bid_digest(auction, solver, ETHER, SALT)
    place.send("thief", "bid", auction, sealed, value=2 * HIGHEST)
    place.send("solver", "bid", auction, sealed, value=2 * HIGHEST)
    place.go_to(10 + PLAIN.bid_blocks)
    with pytest.raises(RevertedError, match="no such commitment"):
        place.send("thief", "reveal", job, PROOF, SALT)
    place.send("solver", "reveal", job, PROOF, SALT)
    place.send("solver", "reveal_bid", auction, ETHER, SALT)
    assert place.credit("solver") == DEPOSIT


def test_identities_cannot_fill_a_block_nor_buy_odds(place: Place) -> None:
    """16 commitments of fresh accounts come first; the honest one counts, by its deposit."""
    job = place.post(Way.HIDDEN)
    names = [f"owner {number}" for number in range(16)]
    stakes = dict.fromkeys(names, DEPOSIT) | {"solver": 16 * DEPOSIT}
    for name, stake in stakes.items():
        digest = commitment_digest(job, place.account(name).address, PROOF, SALT)
        place.send(name, "commit", job, digest, value=stake)
    place.go_to(11)
    for name in stakes:
        place.send(name, "reveal", job, PROOF, SALT)
    wins, mixes = [], set()
    for turn in range(20):
        fork = place.evm.snapshot()
        place.go_to(15 + turn)  # another mix
        place.send("carrier", "decide", job)
        won = place.market.call("job", job)["solver"]
        tied = [Ticket(n, stake) for n, stake in enumerate(stakes.values())]
        drawn = draw_tied(tie_seed(place.evm.block().mix, job.to_bytes(32, "big")), tied)
        assert won == place.account(list(stakes)[drawn]).address
        wins.append(won == place.account("solver").address)
        mixes.add(place.evm.block().mix)
        place.evm.revert(fork)
        place.account("carrier").resynchronise()
    assert len(mixes) == 20
    # Half of the money: binomial, outside of it 1 in 400.
    assert 3 <= sum(wins) <= 17


def test_equal_bids_cannot_be_filled_up(place: Place) -> None:
    names = [f"owner {number}" for number in range(16)]
    job = sealed(place, dict.fromkeys([*names, "solver"], ETHER))
    place.go_to(10 + BID_BLOCKS)
    for name in (*names, "solver"):
        place.send(name, "reveal_bid", job, ETHER, SALT)
    winners, mixes = set(), set()
    for turn in range(40):
        fork = place.evm.snapshot()
        place.go_to(10 + BID_BLOCKS + PLAIN.reveal_blocks, luck=turn)
        place.send("carrier", "award", job)
        winners.add(place.market.call("job", job)["solver"])
        mixes.add(place.evm.block().mix)
        place.evm.revert(fork)
        place.account("carrier").resynchronise()
    assert len(mixes) == 40
    assert place.account("solver").address in winners


def test_an_award_has_a_last_block(place: Place) -> None:
    job = sealed(place, {"thief": ETHER})
    place.go_to(10 + BID_BLOCKS)
    place.send("thief", "reveal_bid", job, ETHER, SALT)
    with pytest.raises(RevertedError, match="this bid may win"):
        place.send("thief", "take_back", *bid_of(place, job, "thief", ETHER))
    last = BID_BLOCKS + 2 * PLAIN.reveal_blocks - 1
    assert may_award(PLAIN, last) and not may_award(PLAIN, last + 1)
    place.go_to(10 + last + 1)
    place.send("thief", "award", job)
    assert place.market.call("job", job)["way"] == Way.LOCKED
    place.send("solver", "lock", job, value=2 * place.due())
    place.send("carrier", "take_back", *bid_of(place, job, "thief", ETHER))
    assert place.credit("thief") == 2 * HIGHEST
    with pytest.raises(RevertedError, match="no deposit to take back"):
        place.send("carrier", "take_back", *bid_of(place, job, "thief", ETHER))


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
    good = [0, [7, 8], Way.LOCKED, LOWEST, HIGHEST, RAMP, 50, 4, 0, inputs_digest(INPUTS),
            PLACE_OF_INPUTS]
    for place_of, wrong, message in (
            (0, 5, "no such verifier"), (1, [7], "no such verifier"),
            (3, HIGHEST + 1, "below the lowest"), (6, 0, "over at once"),
            (7, 0, "a lock has to last"), (6, 2**41, "last too long"), (7, 2**41, "last too long"),
            (9, bytes(32), "inputs' hash and their place"), (10, "", "inputs' hash and")):
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
        registry.send(account, "add", entry["verifier"], IDENTIFIERS[GROTH16], key_hash(key), True)
    with pytest.raises(RevertedError, match="for another key"):
        registry.send(place.account("thief"), "add", entry["verifier"], IDENTIFIERS[GROTH16], SALT,
                      True)
    with pytest.raises(RevertedError, match="no contract at this address"):
        registry.send(account, "add", b"\x01" * 20, IDENTIFIERS[GROTH16], SALT, True)
    check_verifier(place.evm, registry, number, key)
    check_inputs(INPUTS, inputs_digest(INPUTS))
    with pytest.raises(ProofmillError, match="do not lock a job"):
        check_inputs(INPUTS + b" ", inputs_digest(INPUTS))
    with pytest.raises(ProofmillError, match="is of the key 0x0505"):
        check_verifier(place.evm, registry, 0, key)
    source = (Path(__file__).parent / "any_signals.vy").read_text()
    trap = Contract.deploy(place.account("thief"), place.evm,
                           compile_source("any_signals", source), key_hash(key), 1,
                           IDENTIFIERS[GROTH16])
    receipt = registry.send(place.account("thief"), "add", trap.address, IDENTIFIERS[GROTH16],
                            key_hash(key), True)
    with pytest.raises(ProofmillError, match="runs other code than"):
        check_verifier(place.evm, registry,
                       int(registry.events(receipt)[0].values["number"]), key)
    assert not registry.call("verify", 99, PROOF, [1])
    assert not registry.call("verify", number, PROOF, [1])
    with pytest.raises(RevertedError, match="no such verifier"):
        registry.call("entry", 99)


def test_a_lock_is_declined_early_and_seldom(place: Place) -> None:
    jobs = [place.post(Way.LOCKED, time=8) for _ in range(4)]
    for job in jobs:
        place.send("solver", "lock", job, value=2 * place.due())
    with pytest.raises(RevertedError, match="another solver has locked this job"):
        place.send("thief", "decline", jobs[0])
    place.go_to(11)
    place.send("solver", "decline", jobs[0])
    assert place.credit("solver") == 2 * LOWEST - decline_cost(PLAIN, 2 * LOWEST)
    assert place.market.call("job", jobs[0])["state"] == JobState.OPEN
    with pytest.raises(RevertedError, match="the job is not locked"):
        place.send("solver", "decline", jobs[0])
    assert place.market.call("price", jobs[0]) == LOWEST  # it stood still
    place.send("owner 1", "lock", jobs[0], value=2 * LOWEST)
    place.send("solver", "decline", jobs[1])
    with pytest.raises(RevertedError, match="declined often enough"):
        place.send("solver", "decline", jobs[2])
    place.go_to(12)
    place.send("owner 2", "lock", jobs[1], value=2 * place.due(stood_still=1))
    place.go_to(14)
    with pytest.raises(RevertedError, match="too late to decline"):
        place.send("owner 2", "decline", jobs[1])


BID_BLOCKS = PLAIN.bid_blocks


def bid_of(place: Place, job: int, name: str, amount: int) -> tuple[bytes, bytes]:
    address = place.account(name).address
    return address, bid_digest(job, address, amount, SALT)


def sealed(place: Place, bids: dict[str, int]) -> int:
    job = place.post(Way.SEALED)
    for name, amount in bids.items():
        address, digest = bid_of(place, job, name, amount)
        assert place.market.call("bid_digest_of", job, address, amount, SALT) == digest
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
    place.go_to(10 + BID_BLOCKS)
    with pytest.raises(RevertedError, match="the time to bid is over"):
        place.send("owner 3", "bid", job, b"\x01" * 32, value=2 * HIGHEST)
    with pytest.raises(RevertedError, match="no such commitment"):
        place.send("solver", "reveal_bid", job, ETHER + 1, SALT)
    for name in ("owner 1", "solver", "thief"):  # any order
        place.send(name, "reveal_bid", job, bids[name], SALT)
    for name in ("owner 1", "thief"):
        place.send("carrier", "take_back", *bid_of(place, job, name, bids[name]))
    with pytest.raises(RevertedError, match="this bid may win"):
        place.send("carrier", "take_back", *bid_of(place, job, "solver", ETHER))
    assert place.credit("owner 1") == place.credit("thief") == 2 * HIGHEST
    with pytest.raises(RevertedError, match="revealed already"):
        place.send("thief", "reveal_bid", job, bids["thief"], SALT)
    with pytest.raises(RevertedError, match="bids can be revealed still"):
        place.send("owner 3", "award", job)
    place.go_to(10 + BID_BLOCKS + PLAIN.reveal_blocks)
    place.send("owner 3", "award", job)
    model = award(PLAIN, Offer(LOWEST, HIGHEST, 10, RAMP), [
        Bid(n, amount, 0, BID_BLOCKS) for n, amount in enumerate(bids.values())], SALT)
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
    digest = bid_of(place, job, "solver", ETHER)
    place.go_to(10 + BID_BLOCKS)
    place.send("owner 1", "reveal_bid", job, 2 * ETHER, SALT)
    with pytest.raises(RevertedError, match="it can be revealed still"):
        place.send("owner 3", "forfeit", *digest)
    place.go_to(10 + BID_BLOCKS + PLAIN.reveal_blocks)
    burned = place.market.call("burned")
    place.send("owner 3", "forfeit", *digest)
    assert place.market.call("burned") == burned + 2 * HIGHEST
    place.send("owner 3", "award", job)
    assert place.market.call("job", job)["price"] == HIGHEST  # alone
    # It does not deliver: its collateral pays whoever does, for the posted price.
    place.go_to(place.block + 5)
    place.send("owner 3", "end_lock", job)
    due = place.due(stood_still=5)
    place.send("thief", "lock", job, value=2 * due)
    place.send("thief", "fulfil", job, PROOF)
    split = fee(PLAIN, due)
    assert place.credit("thief") == split.prover + 2 * due + split.burned


def test_equal_bids_are_drawn_and_no_bids_leave_a_posted_price(place: Place) -> None:
    job = sealed(place, {"solver": ETHER, "owner 1": ETHER})
    silent = place.post(Way.SEALED)
    place.go_to(10 + BID_BLOCKS)
    for name in ("solver", "owner 1"):
        place.send(name, "reveal_bid", job, ETHER, SALT)
    place.go_to(10 + BID_BLOCKS + PLAIN.reveal_blocks)
    place.send("owner 3", "award", job)
    known = place.market.call("job", job)
    assert known["price"] == ETHER
    credits = {place.credit("solver"), place.credit("owner 1")}
    assert credits == {0, 2 * HIGHEST - 2 * ETHER}
    (other,) = [name for name in ("solver", "owner 1") if place.credit(name) == 0]
    place.send(other, "take_back", *bid_of(place, job, other, ETHER))
    assert place.credit(other) == 2 * HIGHEST
    place.send("owner 3", "award", silent)
    place.send("thief", "lock", silent, value=2 * place.due())
    with pytest.raises(RevertedError, match="this job takes no bids"):
        place.send("owner 3", "award", silent)
