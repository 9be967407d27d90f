# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Jobs: proofs for circuits of others, for a posted price
@notice The rules of proofmill.host.network.mechanism.market and .auction, amounts in wei, times in slots of `SECONDS`
        seconds.

        Price: from `lowest` at the slot of posting to `highest` after `ramp` slots, then constant;
        the requester pays in `highest` and gets back what is not used.

        Four ways to a job, which the requester chooses for it:
        LOCKED   a solver locks it at the price of that slot, with a collateral of m times the price
                 (m = 2), and delivers within `time` slots. If not, anybody ends the lock: half of
                 the collateral is burned, half goes on top of the reward of whoever delivers; the
                 job is open again. If nobody does, that half is burned as well. In the first
                 eighth of its time a lock can be declined, a few times an epoch by one solver.
        TAGGED   the circuit's last public signal is the tag of (job, solver's address), which this
                 contract computes: the proof is nobody else's, so the first one wins, no lock.
        HIDDEN   the circuit has no tag. A solver commits to H(COMMIT_DOMAIN, job, solver,
                 H(proof), salt) with a deposit and reveals 1 to K slots later; the commitment of
                 the earliest slot wins, of several the one drawn by the `prevrandao` of the
                 block that decides, which any of them can ask for in the first slot that may.
                 Commitments keep nobody out; one that is not revealed loses its deposit.
        SEALED   in the first `BID_SLOTS` a solver bids H(BID_DOMAIN, job, solver, price, salt), with
                 m times the highest price as a deposit, and reveals in the K slots after. Then the
                 lowest price has the lock, at the second lowest price or the highest if it is
                 alone, and what the collateral leaves of the deposit back; equal ones are drawn.
                 Who bids and does not reveal loses the deposit. If the lock ends without a proof, or
                 nobody reveals, the job goes on as a LOCKED one.

        Fee: 5 % of the price paid is burned, the rest is the solver's. A subsidy from the pool, which
        anybody fills, is at most 80 % of what was burned: who deals with himself loses. Uniqueness
        is by the job, never by the bytes of the proof.
"""

interface Registry:
    def is_open(number: uint256, signals: uint256) -> bool: view
    def verify(number: uint256, proof: uint256[8], signals: DynArray[uint256, 64]) -> bool: view

interface ProverTag:
    def tag(slot: uint64, prover: uint64, reward_address: address) -> uint256: view

flag Way:
    LOCKED
    TAGGED
    HIDDEN
    SEALED

flag State:
    OPEN
    LOCKED
    DONE
    CLOSED

struct Job:
    requester: address
    verifier: uint256
    signals: DynArray[uint256, 64]
    way: Way
    state: State
    lowest: uint256
    highest: uint256
    ramp: uint256
    start: uint256
    deadline: uint256  # the last slot in which a proof counts
    time: uint256  # slots that a lock lasts
    subsidy: uint256  # what is asked for
    solver: address
    price: uint256  # of the lock, or what was paid
    locked_until: uint256
    bounty: uint256  # from locks that ended without a proof
    best_slot: uint256  # HIDDEN: of the earliest commitment that was revealed, plus 1
    decided_after: uint256  # HIDDEN: the slot after which nothing earlier can be revealed
    lowest_bid: uint256  # SEALED: of those revealed, and the second lowest, both plus 1
    second_bid: uint256

struct Commitment:
    solver: address
    slot: uint256
    job: uint256
    revealed: bool
    closed: bool

event Posted:
    job: indexed(uint256)
    requester: indexed(address)
    verifier: indexed(uint256)
event Locked:
    job: indexed(uint256)
    solver: indexed(address)
    price: uint256
    until: uint256
event LockMissed:
    job: indexed(uint256)
    solver: indexed(address)
    burned: uint256
    bounty: uint256
event Committed:
    job: indexed(uint256)
    solver: indexed(address)
    digest: bytes32
event Revealed:
    job: indexed(uint256)
    solver: indexed(address)
    slot: uint256
event Forfeited:
    digest: indexed(bytes32)
    solver: indexed(address)
event Declined:
    job: indexed(uint256)
    solver: indexed(address)
event BidMade:
    job: indexed(uint256)
    solver: indexed(address)
    digest: bytes32
event BidRevealed:
    job: indexed(uint256)
    solver: indexed(address)
    price: uint256
event Solved:
    job: indexed(uint256)
    solver: indexed(address)
    price: uint256
    burned: uint256
    subsidy: uint256
event Ended:
    job: indexed(uint256)
event Withdrawn:
    receiver: indexed(address)
    amount: uint256

FULL: constant(uint256) = 10_000
MAXIMUM_TIES: constant(uint256) = 16
TAG_PROVER: constant(uint64) = max_value(uint64)

REGISTRY: immutable(Registry)
TAGS: immutable(ProverTag)
GENESIS_TIME: immutable(uint256)
SECONDS: immutable(uint256)
COLLATERAL_MULTIPLE: public(immutable(uint256))
BURNED_SHARE: public(immutable(uint256))  # of the fee, basis points
SUBSIDY_SHARE: public(immutable(uint256))  # phi, of what was burned, basis points
MISS_BURNED_SHARE: immutable(uint256)  # of a collateral, basis points
REVEAL_SLOTS: public(immutable(uint256))  # K
DEPOSIT: public(immutable(uint256))
BID_SLOTS: public(immutable(uint256))
DECLINE_DIVISOR: public(immutable(uint256))
DECLINES: public(immutable(uint256))  # that one solver has in an epoch
SLOTS_PER_EPOCH: immutable(uint256)

jobs: HashMap[uint256, Job]
job_count: public(uint256)
commitments: HashMap[bytes32, Commitment]
_ties: HashMap[uint256, DynArray[address, MAXIMUM_TIES]]
_declined: HashMap[address, HashMap[uint256, uint256]]  # jobs, by epoch
_has_bid: HashMap[uint256, HashMap[address, bool]]
credits: public(HashMap[address, uint256])
pool: public(uint256)
burned: public(uint256)
fees_burned: public(uint256)
subsidies: public(uint256)
held: public(uint256)  # what belongs to jobs, locks, deposits, credits and the pool

@deploy
def __init__(registry: address, tags: address, genesis_time: uint256, seconds: uint256,
             collateral_multiple: uint256, burned_share: uint256, subsidy_share: uint256,
             miss_burned_share: uint256, reveal_slots: uint256, deposit: uint256,
             bid_slots: uint256, decline_divisor: uint256, declines: uint256,
             slots_per_epoch: uint256):
    assert subsidy_share < FULL, "a subsidy that is all of the burned fee invites wash trading"
    assert burned_share <= FULL and miss_burned_share <= FULL, "more than everything"
    assert reveal_slots > 0 and seconds > 0, "there is no time to reveal"
    assert bid_slots > 0 and decline_divisor > 0 and slots_per_epoch > 0, "a time is empty"
    REGISTRY = Registry(registry)
    TAGS = ProverTag(tags)
    GENESIS_TIME = genesis_time
    SECONDS = seconds
    COLLATERAL_MULTIPLE = collateral_multiple
    BURNED_SHARE = burned_share
    SUBSIDY_SHARE = subsidy_share
    MISS_BURNED_SHARE = miss_burned_share
    REVEAL_SLOTS = reveal_slots
    DEPOSIT = deposit
    BID_SLOTS = bid_slots
    DECLINE_DIVISOR = decline_divisor
    DECLINES = declines
    SLOTS_PER_EPOCH = slots_per_epoch

@external
@payable
def post(verifier: uint256, signals: DynArray[uint256, 64], way: Way, lowest: uint256,
         highest: uint256, ramp: uint256, duration: uint256, time: uint256,
         subsidy: uint256) -> uint256:
    """
    @notice Offer a job for `duration` slots; the value is the highest price. Of a TAGGED job's
            signals the last, the tag, is left out.
    """
    count: uint256 = len(signals)
    if way == Way.TAGGED:
        count += 1
    assert lowest <= highest and highest > 0, "the highest price is below the lowest"
    assert msg.value == highest, "the highest price has to be paid in"
    assert duration > 0, "the job is over at once"
    assert (way != Way.LOCKED and way != Way.SEALED) or time > 0, "a lock has to last"
    assert way != Way.SEALED or duration >= BID_SLOTS + REVEAL_SLOTS + time, (
        "the job is over before its bids are")
    assert staticcall REGISTRY.is_open(verifier, count), "no such verifier for so many signals"
    number: uint256 = self.job_count
    self.job_count += 1
    self.jobs[number].requester = msg.sender
    self.jobs[number].verifier = verifier
    self.jobs[number].signals = signals
    self.jobs[number].way = way
    self.jobs[number].state = State.OPEN
    self.jobs[number].lowest = lowest
    self.jobs[number].highest = highest
    self.jobs[number].ramp = ramp
    self.jobs[number].start = self._slot()
    self.jobs[number].deadline = self._slot() + duration
    self.jobs[number].time = time
    self.jobs[number].subsidy = subsidy
    self.held += msg.value
    log Posted(job=number, requester=msg.sender, verifier=verifier)
    return number

@external
@payable
def lock(number: uint256):
    """
    @notice Take a job at the price of this slot; the value is the collateral.
    """
    assert self.jobs[number].way == Way.LOCKED, "this job is not locked"
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    now: uint256 = self._slot()
    until: uint256 = now + self.jobs[number].time
    assert until <= self.jobs[number].deadline, "the job ends before the lock would"
    price: uint256 = self._price(number, now)
    assert msg.value == price * COLLATERAL_MULTIPLE, "the collateral is another"
    self.jobs[number].state = State.LOCKED
    self.jobs[number].solver = msg.sender
    self.jobs[number].price = price
    self.jobs[number].locked_until = until
    self.held += msg.value
    log Locked(job=number, solver=msg.sender, price=price, until=until)

@external
def decline(number: uint256):
    """
    @notice Give a lock back, early in its time: the collateral is free, the job open again.
    """
    assert self.jobs[number].state == State.LOCKED, "the job is not locked"
    assert msg.sender == self.jobs[number].solver, "another solver has locked this job"
    assert self.jobs[number].way == Way.LOCKED, "who has bid for a job has to prove it"
    now: uint256 = self._slot()
    time: uint256 = self.jobs[number].time
    assert now + time - self.jobs[number].locked_until <= time // DECLINE_DIVISOR, (
        "it is too late to decline")
    epoch: uint256 = now // SLOTS_PER_EPOCH
    assert self._declined[msg.sender][epoch] < DECLINES, "this solver has declined often enough"
    self._declined[msg.sender][epoch] += 1
    self.jobs[number].state = State.OPEN
    self.jobs[number].solver = empty(address)
    self.credits[msg.sender] += self.jobs[number].price * COLLATERAL_MULTIPLE
    log Declined(job=number, solver=msg.sender)

@external
@payable
def bid(number: uint256, digest: bytes32):
    """
    @notice Bid for a SEALED job; the value is m times its highest price. See `bid_digest_of`.
    """
    assert self.jobs[number].way == Way.SEALED, "this job takes no bids"
    assert self._slot() < self.jobs[number].start + BID_SLOTS, "the time to bid is over"
    assert not self._has_bid[number][msg.sender], "this solver has bid for the job already"
    assert self.commitments[digest].solver == empty(address), "this commitment is made already"
    assert msg.value == self.jobs[number].highest * COLLATERAL_MULTIPLE, "the deposit is another"
    self._has_bid[number][msg.sender] = True
    self.commitments[digest] = Commitment(
        solver=msg.sender, slot=self._slot(), job=number, revealed=False, closed=False)
    self.held += msg.value
    log BidMade(job=number, solver=msg.sender, digest=digest)

@external
def reveal_bid(number: uint256, price: uint256, salt: bytes32):
    """
    @notice Show a bid, in the K slots after the time to bid. Who is not the lowest has the deposit
            back at once, or when it is outbid.
    """
    digest: bytes32 = self._bid_digest(number, msg.sender, price, salt)
    made: Commitment = self.commitments[digest]
    assert made.solver == msg.sender and made.job == number, "there is no such commitment"
    assert not made.closed, "this commitment is revealed already"
    passed: uint256 = self._slot() - self.jobs[number].start
    assert passed >= BID_SLOTS and passed < BID_SLOTS + REVEAL_SLOTS, (
        "this is not the time to reveal")
    self.commitments[digest].revealed = True
    self.commitments[digest].closed = True
    log BidRevealed(job=number, solver=msg.sender, price=price)
    deposit: uint256 = self.jobs[number].highest * COLLATERAL_MULTIPLE
    lowest: uint256 = self.jobs[number].lowest_bid
    if price > self.jobs[number].highest:
        self.credits[msg.sender] += deposit
    elif lowest == 0 or price + 1 < lowest:
        for solver: address in self._ties[number]:
            self.credits[solver] += deposit
        self._ties[number] = [msg.sender]
        self.jobs[number].second_bid = lowest
        self.jobs[number].lowest_bid = price + 1
    else:
        if self.jobs[number].second_bid == 0 or price + 1 < self.jobs[number].second_bid:
            self.jobs[number].second_bid = price + 1
        if price + 1 == lowest and len(self._ties[number]) < MAXIMUM_TIES:
            self._ties[number].append(msg.sender)
        else:
            self.credits[msg.sender] += deposit

@external
def award(number: uint256):
    """
    @notice Give a SEALED job to the lowest bid, once all can have been revealed.
    """
    assert self.jobs[number].way == Way.SEALED, "this job takes no bids"
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    now: uint256 = self._slot()
    assert now >= self.jobs[number].start + BID_SLOTS + REVEAL_SLOTS, "bids can be revealed still"
    count: uint256 = len(self._ties[number])
    if count == 0:
        self.jobs[number].way = Way.LOCKED
        return
    place: uint256 = 0
    if count > 1:
        place = convert(keccak256(abi_encode(
            keccak256("proofmill.market.tie.1"), block.prevrandao, number)), uint256) % count
    highest: uint256 = self.jobs[number].highest
    price: uint256 = highest
    if self.jobs[number].second_bid > 0:
        price = self.jobs[number].second_bid - 1
    for other: uint256 in range(count, bound=MAXIMUM_TIES):
        back: uint256 = highest * COLLATERAL_MULTIPLE
        if other == place:
            back -= price * COLLATERAL_MULTIPLE
        self.credits[self._ties[number][other]] += back
    winner: address = self._ties[number][place]
    self._ties[number] = []
    until: uint256 = now + self.jobs[number].time
    self.jobs[number].state = State.LOCKED
    self.jobs[number].solver = winner
    self.jobs[number].price = price
    self.jobs[number].locked_until = until
    log Locked(job=number, solver=winner, price=price, until=until)

@external
def end_lock(number: uint256):
    """
    @notice The solver's time has passed without a proof: half of the collateral is burned, half is
            the bounty of whoever delivers.
    """
    assert self.jobs[number].state == State.LOCKED, "the job is not locked"
    assert self._slot() > self.jobs[number].locked_until, "the solver has time left"
    collateral: uint256 = self.jobs[number].price * COLLATERAL_MULTIPLE
    burned: uint256 = collateral * MISS_BURNED_SHARE // FULL
    solver: address = self.jobs[number].solver
    self.jobs[number].state = State.OPEN
    self.jobs[number].solver = empty(address)
    self.jobs[number].way = Way.LOCKED  # bids are made once
    self.jobs[number].bounty += collateral - burned
    log LockMissed(job=number, solver=solver, burned=burned, bounty=collateral - burned)
    self._burn(burned)

@external
def fulfil(number: uint256, proof: uint256[8]):
    """
    @notice Deliver the proof of a LOCKED job by its solver, or of a TAGGED one by anybody.
    """
    now: uint256 = self._slot()
    signals: DynArray[uint256, 64] = self.jobs[number].signals
    price: uint256 = self.jobs[number].price
    if self.jobs[number].way == Way.LOCKED or self.jobs[number].way == Way.SEALED:
        assert self.jobs[number].state == State.LOCKED, "the job is not locked"
        assert msg.sender == self.jobs[number].solver, "another solver has locked this job"
        assert now <= self.jobs[number].locked_until, "the lock is over"
        self.credits[msg.sender] += price * COLLATERAL_MULTIPLE
    else:
        assert self.jobs[number].way == Way.TAGGED, "proofs of this job are revealed"
        assert self.jobs[number].state == State.OPEN, "the job is not open"
        assert now <= self.jobs[number].deadline, "the job is over"
        price = self._price(number, now)
        signals.append(staticcall TAGS.tag(convert(number, uint64), TAG_PROVER, msg.sender))
    assert staticcall REGISTRY.verify(self.jobs[number].verifier, proof, signals), (
        "the proof does not verify")
    self._pay(number, msg.sender, price)

@external
@payable
def commit(number: uint256, digest: bytes32):
    """
    @notice Commit to a proof of a HIDDEN job; the value is the deposit. See `digest_of`.
    """
    assert self.jobs[number].way == Way.HIDDEN, "proofs of this job are not revealed"
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    assert self._slot() <= self.jobs[number].deadline, "the job is over"
    assert self.jobs[number].best_slot == 0 or self._slot() < self.jobs[number].best_slot, (
        "an earlier commitment is revealed")
    assert self.commitments[digest].solver == empty(address), "this commitment is made already"
    assert msg.value == DEPOSIT, "the deposit is another"
    self.commitments[digest] = Commitment(
        solver=msg.sender, slot=self._slot(), job=number, revealed=False, closed=False)
    self.held += msg.value
    log Committed(job=number, solver=msg.sender, digest=digest)

@external
def reveal(number: uint256, proof: uint256[8], salt: bytes32):
    """
    @notice Show the proof of a commitment, 1 to K slots after it; the deposit comes back.
    """
    digest: bytes32 = self._digest(number, msg.sender, proof, salt)
    made: Commitment = self.commitments[digest]
    assert made.solver == msg.sender and made.job == number, "there is no such commitment"
    assert not made.closed, "this commitment is revealed already"
    now: uint256 = self._slot()
    assert now > made.slot and now <= made.slot + REVEAL_SLOTS, "this is not the time to reveal"
    assert staticcall REGISTRY.verify(
        self.jobs[number].verifier, proof, self.jobs[number].signals), "the proof does not verify"
    self.commitments[digest].revealed = True
    self.commitments[digest].closed = True
    self.credits[msg.sender] += DEPOSIT
    log Revealed(job=number, solver=msg.sender, slot=made.slot)
    if self.jobs[number].state != State.OPEN:
        return  # an earlier one is paid: there is but the deposit to have back
    best: uint256 = self.jobs[number].best_slot
    if best == 0 or made.slot + 1 < best:
        self.jobs[number].best_slot = made.slot + 1
        self.jobs[number].decided_after = made.slot + REVEAL_SLOTS
        self._ties[number] = [msg.sender]
    elif made.slot + 1 == best:
        assert len(self._ties[number]) < MAXIMUM_TIES, "this slot has commitments enough"
        self._ties[number].append(msg.sender)

@external
def decide(number: uint256):
    """
    @notice Pay a HIDDEN job once no earlier commitment can be revealed any more.
    """
    assert self.jobs[number].best_slot > 0, "nothing is revealed"
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    assert self._slot() > self.jobs[number].decided_after, "earlier commitments can be revealed"
    place: uint256 = 0
    if len(self._ties[number]) > 1:
        place = convert(keccak256(abi_encode(
            keccak256("proofmill.market.tie.1"), block.prevrandao, number)),
            uint256) % len(self._ties[number])
    self._pay(number, self._ties[number][place],
              self._price(number, self.jobs[number].best_slot - 1))

@external
def forfeit(digest: bytes32):
    """
    @notice Burn the deposit of a commitment that was not revealed in time.
    """
    made: Commitment = self.commitments[digest]
    assert made.solver != empty(address), "there is no such commitment"
    assert not made.closed, "this commitment is closed"
    last: uint256 = made.slot + REVEAL_SLOTS
    deposit: uint256 = DEPOSIT
    if self._has_bid[made.job][made.solver]:
        last = self.jobs[made.job].start + BID_SLOTS + REVEAL_SLOTS - 1
        deposit = self.jobs[made.job].highest * COLLATERAL_MULTIPLE
    assert self._slot() > last, "it can be revealed still"
    self.commitments[digest].closed = True
    log Forfeited(digest=digest, solver=made.solver)
    self._burn(deposit)

@external
def end(number: uint256):
    """
    @notice Close a job that nobody solved in time: the price goes back, bounties are burned.
    """
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    wait: uint256 = self.jobs[number].deadline
    if self.jobs[number].way == Way.HIDDEN:
        wait += REVEAL_SLOTS
    assert self._slot() > wait, "the job is not over"
    assert len(self._ties[number]) == 0 or self.jobs[number].way == Way.HIDDEN, (
        "a bid has won this job")
    assert self.jobs[number].best_slot == 0, "a proof is revealed"
    self.jobs[number].state = State.CLOSED
    self.credits[self.jobs[number].requester] += self.jobs[number].highest
    log Ended(job=number)
    self._burn(self.jobs[number].bounty)

@external
@payable
def fund():
    """
    @notice Add to the pool that subsidies come from.
    """
    self.pool += msg.value
    self.held += msg.value

@external
@nonreentrant
def collect():
    """
    @notice Pay out what the sender has coming.
    """
    amount: uint256 = self.credits[msg.sender]
    assert amount > 0, "there is nothing to collect"
    self.credits[msg.sender] = 0
    self.held -= amount
    log Withdrawn(receiver=msg.sender, amount=amount)
    raw_call(msg.sender, b"", value=amount)

@external
@view
def job(number: uint256) -> Job:
    return self.jobs[number]

@external
@view
def commitment(digest: bytes32) -> Commitment:
    return self.commitments[digest]

@external
@view
def price(number: uint256) -> uint256:
    """
    @notice What the job pays in this slot.
    """
    return self._price(number, self._slot())

@external
@view
def digest_of(number: uint256, solver: address, proof: uint256[8], salt: bytes32) -> bytes32:
    """
    @notice What `commit` takes. Better computed at home: a node that is asked learns the proof.
    """
    return self._digest(number, solver, proof, salt)

@external
@view
def bid_digest_of(number: uint256, solver: address, price: uint256, salt: bytes32) -> bytes32:
    """
    @notice What `bid` takes. Better computed at home: a node that is asked learns the price.
    """
    return self._bid_digest(number, solver, price, salt)

@external
@view
def invariants() -> bool:
    """
    @notice The balance holds what is owed, and subsidies are at most phi times the burned fees.
    """
    return (self.balance >= self.held
            and self.subsidies * FULL <= self.fees_burned * SUBSIDY_SHARE)

@internal
@view
def _slot() -> uint256:
    return (block.timestamp - GENESIS_TIME) // SECONDS

@internal
@view
def _price(number: uint256, slot: uint256) -> uint256:
    passed: uint256 = slot - self.jobs[number].start
    if passed >= self.jobs[number].ramp:
        return self.jobs[number].highest
    rise: uint256 = self.jobs[number].highest - self.jobs[number].lowest
    return self.jobs[number].lowest + rise * passed // self.jobs[number].ramp

@internal
@pure
def _digest(number: uint256, solver: address, proof: uint256[8], salt: bytes32) -> bytes32:
    return keccak256(abi_encode(
        keccak256("proofmill.market.commit.1"), number, solver, keccak256(abi_encode(proof)),
        salt))

@internal
@pure
def _bid_digest(number: uint256, solver: address, price: uint256, salt: bytes32) -> bytes32:
    return keccak256(abi_encode(
        keccak256("proofmill.market.bid.1"), number, solver, price, salt))

@internal
def _pay(number: uint256, solver: address, price: uint256):
    """
    @notice 5 % burned, the rest and the bounty to the solver, a subsidy, the change back.
    """
    burned: uint256 = price * BURNED_SHARE // FULL
    subsidy: uint256 = min(min(self.jobs[number].subsidy, burned * SUBSIDY_SHARE // FULL),
                           self.pool)
    self.jobs[number].state = State.DONE
    self.jobs[number].solver = solver
    self.jobs[number].price = price
    self.pool -= subsidy
    self.subsidies += subsidy
    self.fees_burned += burned
    self.credits[solver] += price - burned + subsidy + self.jobs[number].bounty
    self.credits[self.jobs[number].requester] += self.jobs[number].highest - price
    log Solved(job=number, solver=solver, price=price, burned=burned, subsidy=subsidy)
    self._burn(burned)

@internal
def _burn(amount: uint256):
    self.burned += amount
    self.held -= amount
    if amount > 0:
        send(empty(address), amount)
