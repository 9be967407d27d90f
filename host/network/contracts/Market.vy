# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Jobs: proofs for circuits of others, for a posted price
@notice The rules of proofmill.host.network.mechanism.market and .auction, amounts in wei, times in
        blocks: an empty slot has room for no transaction, so it makes nobody late.

        Price: from `lowest` at the block of posting to `highest` after `ramp` blocks, then constant;
        the requester pays in `highest` and gets back what is not used.

        Four ways to a job, which the requester chooses for it:
        LOCKED   a solver locks it at the price of that block, with a collateral of m times the price
                 (m = 2), at least `DEPOSIT`, and delivers within `time` blocks. If not, anybody ends
                 the lock. In the first eighth of its time a lock can be declined, a few times in
                 `DECLINE_BLOCKS` by one solver, for a part of the collateral. What a failed lock cost waits
                 for what becomes of the job, see below; price and deadline stand still meanwhile.
                 After `FAILED_LOCKS` of them the job passes on: it is a HIDDEN one, without locks.
        TAGGED   the circuit's last public signal is the tag of (job, solver's address), which this
                 contract computes: the proof is nobody else's, so the first one wins, no lock.
        HIDDEN   the circuit has no tag. A solver commits to H(COMMIT_DOMAIN, job, solver,
                 H(proof), salt) with a deposit of at least `DEPOSIT` and reveals 1 to K blocks later;
                 the commitment of the earliest block wins, of several one drawn by deposit, with the
                 `prevrandao` of the block that decides, which any of them can ask for in the first
                 block that may. Commitments keep nobody out, whatever their number; one that is not
                 revealed loses its deposit.
        SEALED   in the first `BID_BLOCKS` a solver bids H(BID_DOMAIN, job, solver, price, salt), with
                 the collateral of the highest price as a deposit, and reveals in the K blocks after.
                 In the K blocks after those the lowest price is awarded the lock, at the second
                 lowest price or the highest if it is alone; equal ones are drawn. The others take
                 their deposits back as soon as they cannot win. Who bids and does not reveal loses
                 the deposit. If nobody asks for the award in time, the lock ends without a proof,
                 or nobody reveals, the job goes on as a LOCKED one.

        A commitment is its owner's: the same digest may be another's as well. A job says what its
        inputs hash to and where they are, so that a solver can try them before it locks anything.

        Fee: 5 % of the price paid is burned, the rest is the solver's. A subsidy from the pool, which
        anybody fills, is at most 80 % of what was burned: who deals with himself loses. Of what
        failed locks cost, the solver has at most half and at most the burned fee less the subsidy,
        so a requester and its accomplice get no more than they paid; the rest is burned. If nobody
        solves the job, nothing shows that it can be solved: failed locks are paid back, and if there
        were any the requester pays the fee. Uniqueness is by the job, never by the bytes of the proof.
"""

interface Registry:
    def is_open(number: uint256, signals: uint256) -> bool: view
    def verify(number: uint256, proof: DynArray[uint256, 24],
               signals: DynArray[uint256, 64]) -> bool: view

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

struct Failure:
    solver: address
    cost: uint256

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
    deadline: uint256  # the last block in which a proof counts
    time: uint256  # blocks that a lock lasts
    subsidy: uint256  # what is asked for
    solver: address
    price: uint256  # of the lock, or what was paid
    locked_until: uint256
    stood_still: uint256  # blocks that failed locks took: price and deadline are later by them
    failed: DynArray[Failure, MAXIMUM_FAILED_LOCKS]
    best_block: uint256  # HIDDEN: of the earliest commitment that was revealed, plus 1
    decided_after: uint256  # HIDDEN: the block after which nothing earlier can be revealed
    lowest_bid: uint256  # SEALED: of those revealed, and the second lowest, both plus 1
    second_bid: uint256

struct Commitment:
    made: bool
    block: uint256
    last: uint256  # block in which it can be revealed
    job: uint256
    deposit: uint256
    price: uint256  # of a bid that is revealed
    revealed: bool
    closed: bool  # the deposit is paid back, burned, or the collateral of a lock

struct Ticket:
    solver: address
    digest: bytes32
    sum: uint256  # of the deposits up to this one

event Posted:
    job: indexed(uint256)
    requester: indexed(address)
    verifier: indexed(uint256)
    inputs_digest: bytes32
    inputs_place: String[256]
event Locked:
    job: indexed(uint256)
    solver: indexed(address)
    price: uint256
    until: uint256
event LockMissed:
    job: indexed(uint256)
    solver: indexed(address)
    cost: uint256
event Committed:
    job: indexed(uint256)
    solver: indexed(address)
    digest: bytes32
event Revealed:
    job: indexed(uint256)
    solver: indexed(address)
    block: uint256
event Forfeited:
    digest: indexed(bytes32)
    solver: indexed(address)
event Declined:
    job: indexed(uint256)
    solver: indexed(address)
    cost: uint256
event PassedOn:
    job: indexed(uint256)
    way: Way
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
    bounty: uint256
event Ended:
    job: indexed(uint256)
event Withdrawn:
    receiver: indexed(address)
    amount: uint256

FULL: constant(uint256) = 10_000
LONGEST: constant(uint256) = 2 ** 40  # blocks of a job
MAXIMUM_FAILED_LOCKS: constant(uint256) = 8
COMMITMENTS: constant(uint256) = 0
BIDS: constant(uint256) = 1
TAG_PROVER: constant(uint64) = max_value(uint64)

REGISTRY: immutable(Registry)
TAGS: immutable(ProverTag)
COLLATERAL_MULTIPLE: public(immutable(uint256))
BURNED_SHARE: public(immutable(uint256))  # of the fee, basis points
SUBSIDY_SHARE: public(immutable(uint256))  # phi, of what was burned, basis points
MISS_BURNED_SHARE: immutable(uint256)  # of a collateral, basis points
REVEAL_BLOCKS: public(immutable(uint256))  # K
DEPOSIT: public(immutable(uint256))
BID_BLOCKS: public(immutable(uint256))
DECLINE_DIVISOR: public(immutable(uint256))
DECLINES: public(immutable(uint256))  # that one solver has in `DECLINE_BLOCKS`
DECLINE_COST: public(immutable(uint256))  # of a collateral, basis points
FAILED_LOCKS: public(immutable(uint256))  # after which a job has no more locks
DECLINE_BLOCKS: public(immutable(uint256))

jobs: HashMap[uint256, Job]
job_count: public(uint256)
commitments: HashMap[address, HashMap[bytes32, Commitment]]
# By job, kind, and block of commitment or price: tickets of the draw among equal ones.
_tickets: HashMap[uint256, HashMap[uint256, HashMap[uint256, HashMap[uint256, Ticket]]]]
_ticket_count: HashMap[uint256, HashMap[uint256, HashMap[uint256, uint256]]]
_declined: HashMap[address, HashMap[uint256, uint256]]  # jobs, by period
_has_bid: HashMap[uint256, HashMap[address, bool]]
credits: public(HashMap[address, uint256])
pool: public(uint256)
burned: public(uint256)
fees_burned: public(uint256)
subsidies: public(uint256)
held: public(uint256)  # what belongs to jobs, locks, deposits, credits and the pool

@deploy
def __init__(registry: address, tags: address,
             collateral_multiple: uint256, burned_share: uint256, subsidy_share: uint256,
             miss_burned_share: uint256, reveal_blocks: uint256, deposit: uint256,
             bid_blocks: uint256, decline_divisor: uint256, declines: uint256,
             decline_cost: uint256, failed_locks: uint256, decline_blocks: uint256):
    assert subsidy_share < FULL, "a subsidy that is all of the burned fee invites wash trading"
    assert burned_share <= FULL and miss_burned_share <= FULL, "more than everything"
    assert decline_cost <= FULL, "more than everything"
    assert deposit > 0 and decline_cost > 0, "a commitment or a lock is free"
    assert failed_locks > 0 and failed_locks <= MAXIMUM_FAILED_LOCKS, "locks that fail are 1 to 8"
    assert reveal_blocks > 0, "there is no time to reveal"
    assert bid_blocks > 0 and decline_divisor > 0 and decline_blocks > 0, "a time is empty"
    REGISTRY = Registry(registry)
    TAGS = ProverTag(tags)
    COLLATERAL_MULTIPLE = collateral_multiple
    BURNED_SHARE = burned_share
    SUBSIDY_SHARE = subsidy_share
    MISS_BURNED_SHARE = miss_burned_share
    REVEAL_BLOCKS = reveal_blocks
    DEPOSIT = deposit
    BID_BLOCKS = bid_blocks
    DECLINE_DIVISOR = decline_divisor
    DECLINES = declines
    DECLINE_COST = decline_cost
    FAILED_LOCKS = failed_locks
    DECLINE_BLOCKS = decline_blocks

@external
@payable
def post(verifier: uint256, signals: DynArray[uint256, 64], way: Way, lowest: uint256,
         highest: uint256, ramp: uint256, duration: uint256, time: uint256,
         subsidy: uint256, inputs_digest: bytes32, inputs_place: String[256]) -> uint256:
    """
    @notice Offer a job for `duration` blocks; the value is the highest price. Of a TAGGED job's
            signals the last, the tag, is left out.
    @param inputs_digest What the circuit's inputs hash to (keccak-256).
    @param inputs_place Where they are: a URL; `data:` with the inputs themselves if they are short.
    """
    assert inputs_digest != empty(bytes32) and len(inputs_place) > 0, (
        "the inputs' hash and their place are needed")
    count: uint256 = len(signals)
    if way == Way.TAGGED:
        count += 1
    assert lowest <= highest and highest > 0, "the highest price is below the lowest"
    assert msg.value == highest, "the highest price has to be paid in"
    assert duration > 0, "the job is over at once"
    assert duration <= LONGEST and time <= LONGEST, "the job would last too long"
    assert (way != Way.LOCKED and way != Way.SEALED) or time > 0, "a lock has to last"
    assert way != Way.SEALED or duration >= BID_BLOCKS + 2 * REVEAL_BLOCKS + time, (
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
    self.jobs[number].start = block.number
    self.jobs[number].deadline = block.number + duration
    self.jobs[number].time = time
    self.jobs[number].subsidy = subsidy
    self.held += msg.value
    log Posted(job=number, requester=msg.sender, verifier=verifier,
               inputs_digest=inputs_digest, inputs_place=inputs_place)
    return number

@external
@payable
def lock(number: uint256):
    """
    @notice Take a job at the price of this block; the value is the collateral.
    """
    assert self.jobs[number].way == Way.LOCKED, "this job is not locked"
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    now: uint256 = block.number
    until: uint256 = now + self.jobs[number].time
    assert until <= self.jobs[number].deadline, "the job ends before the lock would"
    price: uint256 = self._price(number, now)
    assert msg.value == self._collateral(price), "the collateral is another"
    self.jobs[number].state = State.LOCKED
    self.jobs[number].solver = msg.sender
    self.jobs[number].price = price
    self.jobs[number].locked_until = until
    self.held += msg.value
    log Locked(job=number, solver=msg.sender, price=price, until=until)

@external
def decline(number: uint256):
    """
    @notice Give a lock back, early in its time, for a part of the collateral; the rest is free.
    """
    assert self.jobs[number].state == State.LOCKED, "the job is not locked"
    assert msg.sender == self.jobs[number].solver, "another solver has locked this job"
    assert self.jobs[number].way == Way.LOCKED, "who has bid for a job has to prove it"
    now: uint256 = block.number
    time: uint256 = self.jobs[number].time
    assert now + time - self.jobs[number].locked_until <= time // DECLINE_DIVISOR, (
        "it is too late to decline")
    period: uint256 = now // DECLINE_BLOCKS
    assert self._declined[msg.sender][period] < DECLINES, "this solver has declined often enough"
    self._declined[msg.sender][period] += 1
    collateral: uint256 = self._collateral(self.jobs[number].price)
    cost: uint256 = collateral * DECLINE_COST // FULL
    self.credits[msg.sender] += collateral - cost
    log Declined(job=number, solver=msg.sender, cost=cost)
    self._pass_on(number, cost)

@external
@payable
def bid(number: uint256, digest: bytes32):
    """
    @notice Bid for a SEALED job; the value is m times its highest price. See `bid_digest_of`.
    """
    assert self.jobs[number].way == Way.SEALED, "this job takes no bids"
    assert block.number < self.jobs[number].start + BID_BLOCKS, "the time to bid is over"
    assert not self._has_bid[number][msg.sender], "this solver has bid for the job already"
    assert not self.commitments[msg.sender][digest].made, "this commitment is made already"
    assert msg.value == self._collateral(self.jobs[number].highest), "the deposit is another"
    self._has_bid[number][msg.sender] = True
    self.commitments[msg.sender][digest] = Commitment(
        made=True, block=block.number,
        last=self.jobs[number].start + BID_BLOCKS + REVEAL_BLOCKS - 1, job=number,
        deposit=msg.value, price=0, revealed=False, closed=False)
    self.held += msg.value
    log BidMade(job=number, solver=msg.sender, digest=digest)

@external
def reveal_bid(number: uint256, price: uint256, salt: bytes32):
    """
    @notice Show a bid, in the K blocks after the time to bid. The deposit of one that cannot win is
            there for `take_back`.
    """
    digest: bytes32 = self._bid_digest(number, msg.sender, price, salt)
    made: Commitment = self.commitments[msg.sender][digest]
    assert made.made and made.job == number, "there is no such commitment"
    assert not made.revealed, "this commitment is revealed already"
    now: uint256 = block.number
    assert (self.jobs[number].way == Way.SEALED and now <= made.last
            and now >= self.jobs[number].start + BID_BLOCKS), "this is not the time to reveal"
    self.commitments[msg.sender][digest].revealed = True
    self.commitments[msg.sender][digest].price = price
    log BidRevealed(job=number, solver=msg.sender, price=price)
    if price > self.jobs[number].highest:
        self.commitments[msg.sender][digest].closed = True
        self.credits[msg.sender] += made.deposit
        return
    lowest: uint256 = self.jobs[number].lowest_bid
    if lowest == 0 or price + 1 < lowest:
        self.jobs[number].second_bid = lowest
        self.jobs[number].lowest_bid = price + 1
    elif self.jobs[number].second_bid == 0 or price + 1 < self.jobs[number].second_bid:
        self.jobs[number].second_bid = price + 1
    self._add_ticket(number, BIDS, price, digest, made.deposit)

@external
def take_back(solver: address, digest: bytes32):
    """
    @notice Pay back the deposit of a revealed bid that cannot win, or cannot any more.
    """
    made: Commitment = self.commitments[solver][digest]
    assert made.revealed and not made.closed, "this commitment has no deposit to take back"
    waits: bool = (self.jobs[made.job].way == Way.SEALED
                   and self.jobs[made.job].state == State.OPEN)
    assert not waits or made.price + 1 > self.jobs[made.job].lowest_bid, "this bid may win"
    self.commitments[solver][digest].closed = True
    self.credits[solver] += made.deposit

@external
def award(number: uint256):
    """
    @notice Give a SEALED job to the lowest bid, once all can have been revealed. After the K blocks
            for it, or where nobody revealed, the job goes on as a LOCKED one.
    """
    assert self.jobs[number].way == Way.SEALED, "this job takes no bids"
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    now: uint256 = block.number
    first: uint256 = self.jobs[number].start + BID_BLOCKS + REVEAL_BLOCKS
    assert now >= first, "bids can be revealed still"
    if self.jobs[number].lowest_bid == 0 or now >= first + REVEAL_BLOCKS:
        self.jobs[number].way = Way.LOCKED
        log PassedOn(job=number, way=Way.LOCKED)
        return
    won: Ticket = self._draw(number, BIDS, self.jobs[number].lowest_bid - 1)
    price: uint256 = self.jobs[number].highest
    if self.jobs[number].second_bid > 0:
        price = self.jobs[number].second_bid - 1
    self.commitments[won.solver][won.digest].closed = True
    self.credits[won.solver] += (self.commitments[won.solver][won.digest].deposit
                                 - self._collateral(price))
    until: uint256 = now + self.jobs[number].time
    self.jobs[number].state = State.LOCKED
    self.jobs[number].solver = won.solver
    self.jobs[number].price = price
    self.jobs[number].locked_until = until
    log Locked(job=number, solver=won.solver, price=price, until=until)

@external
def end_lock(number: uint256):
    """
    @notice The solver's time has passed without a proof. What becomes of its collateral is known
            when the job is solved, or over.
    """
    assert self.jobs[number].state == State.LOCKED, "the job is not locked"
    assert block.number > self.jobs[number].locked_until, "the solver has time left"
    cost: uint256 = self._collateral(self.jobs[number].price)
    log LockMissed(job=number, solver=self.jobs[number].solver, cost=cost)
    self._pass_on(number, cost)

@external
def fulfil(number: uint256, proof: DynArray[uint256, 24]):
    """
    @notice Deliver the proof of a LOCKED job by its solver, or of a TAGGED one by anybody.
    """
    now: uint256 = block.number
    signals: DynArray[uint256, 64] = self.jobs[number].signals
    price: uint256 = self.jobs[number].price
    if self.jobs[number].way == Way.LOCKED or self.jobs[number].way == Way.SEALED:
        assert self.jobs[number].state == State.LOCKED, "the job is not locked"
        assert msg.sender == self.jobs[number].solver, "another solver has locked this job"
        assert now <= self.jobs[number].locked_until, "the lock is over"
        self.credits[msg.sender] += self._collateral(price)
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
    assert block.number <= self.jobs[number].deadline, "the job is over"
    assert self.jobs[number].best_block == 0 or block.number < self.jobs[number].best_block, (
        "an earlier commitment is revealed")
    assert not self.commitments[msg.sender][digest].made, "this commitment is made already"
    assert msg.value >= DEPOSIT, "the deposit is less than the least"
    self.commitments[msg.sender][digest] = Commitment(
        made=True, block=block.number, last=block.number + REVEAL_BLOCKS, job=number,
        deposit=msg.value, price=0, revealed=False, closed=False)
    self.held += msg.value
    log Committed(job=number, solver=msg.sender, digest=digest)

@external
def reveal(number: uint256, proof: DynArray[uint256, 24], salt: bytes32):
    """
    @notice Show the proof of a commitment, 1 to K blocks after it; the deposit comes back.
    """
    digest: bytes32 = self._digest(number, msg.sender, proof, salt)
    made: Commitment = self.commitments[msg.sender][digest]
    assert made.made and made.job == number, "there is no such commitment"
    assert not made.closed, "this commitment is closed"
    now: uint256 = block.number
    assert (self.jobs[number].way == Way.HIDDEN and now > made.block and now <= made.last), (
        "this is not the time to reveal")
    assert staticcall REGISTRY.verify(
        self.jobs[number].verifier, proof, self.jobs[number].signals), "the proof does not verify"
    self.commitments[msg.sender][digest].revealed = True
    self.commitments[msg.sender][digest].closed = True
    self.credits[msg.sender] += made.deposit
    log Revealed(job=number, solver=msg.sender, block=made.block)
    if self.jobs[number].state != State.OPEN:
        return  # an earlier one is paid: there is but the deposit to have back
    best: uint256 = self.jobs[number].best_block
    if best == 0 or made.block + 1 < best:
        self.jobs[number].best_block = made.block + 1
        self.jobs[number].decided_after = made.last
    if best == 0 or made.block + 1 <= best:
        self._add_ticket(number, COMMITMENTS, made.block, digest, made.deposit)

@external
def decide(number: uint256):
    """
    @notice Pay a HIDDEN job once no earlier commitment can be revealed any more.
    """
    assert self.jobs[number].best_block > 0, "nothing is revealed"
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    assert block.number > self.jobs[number].decided_after, "earlier commitments can be revealed"
    first: uint256 = self.jobs[number].best_block - 1
    won: Ticket = self._draw(number, COMMITMENTS, first)
    self._pay(number, won.solver, self._price(number, first))

@external
def forfeit(solver: address, digest: bytes32):
    """
    @notice Burn the deposit of a commitment that was not revealed in time.
    """
    made: Commitment = self.commitments[solver][digest]
    assert made.made, "there is no such commitment"
    assert not made.closed and not made.revealed, "this commitment is closed"
    assert block.number > made.last, "it can be revealed still"
    self.commitments[solver][digest].closed = True
    log Forfeited(digest=digest, solver=solver)
    self._burn(made.deposit)

@external
def end(number: uint256):
    """
    @notice Close a job that nobody solved in time: the price goes back, and what failed locks cost.
            If there were any, the requester pays the fee: it may have had no solution.
    """
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    wait: uint256 = self.jobs[number].deadline
    if self.jobs[number].way == Way.HIDDEN:
        wait += REVEAL_BLOCKS
    assert block.number > wait, "the job is not over"
    assert self.jobs[number].best_block == 0, "a proof is revealed"
    self.jobs[number].state = State.CLOSED
    fee: uint256 = 0
    for failure: Failure in self.jobs[number].failed:
        self.credits[failure.solver] += failure.cost
        fee = self.jobs[number].highest * BURNED_SHARE // FULL
    self.credits[self.jobs[number].requester] += self.jobs[number].highest - fee
    log Ended(job=number)
    self._burn(fee)

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
def commitment(solver: address, digest: bytes32) -> Commitment:
    return self.commitments[solver][digest]

@external
@view
def price(number: uint256) -> uint256:
    """
    @notice What the job pays in this block.
    """
    return self._price(number, block.number)

@external
@view
def digest_of(number: uint256, solver: address, proof: DynArray[uint256, 24],
              salt: bytes32) -> bytes32:
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
def _price(number: uint256, at: uint256) -> uint256:
    passed: uint256 = at - self.jobs[number].start - self.jobs[number].stood_still
    if passed >= self.jobs[number].ramp:
        return self.jobs[number].highest
    rise: uint256 = self.jobs[number].highest - self.jobs[number].lowest
    return self.jobs[number].lowest + rise * passed // self.jobs[number].ramp

@internal
@view
def _collateral(price: uint256) -> uint256:
    return max(price * COLLATERAL_MULTIPLE, DEPOSIT)

@internal
def _pass_on(number: uint256, cost: uint256):
    """
    @notice Open a job again whose lock failed, as if the lock had not been; with the last that may
            fail, for commitments, which keep nobody out.
    """
    now: uint256 = block.number
    until: uint256 = self.jobs[number].locked_until
    took: uint256 = min(now, until + 1) + self.jobs[number].time - until
    self.jobs[number].failed.append(Failure(solver=self.jobs[number].solver, cost=cost))
    self.jobs[number].stood_still += took
    self.jobs[number].deadline += took
    self.jobs[number].state = State.OPEN
    self.jobs[number].solver = empty(address)
    self.jobs[number].way = Way.LOCKED  # bids are made once
    if len(self.jobs[number].failed) >= FAILED_LOCKS:
        self.jobs[number].way = Way.HIDDEN
    log PassedOn(job=number, way=self.jobs[number].way)

@internal
def _add_ticket(number: uint256, kind: uint256, key: uint256, digest: bytes32, deposit: uint256):
    count: uint256 = self._ticket_count[number][kind][key]
    before: uint256 = 0
    if count > 0:
        before = self._tickets[number][kind][key][count - 1].sum
    self._tickets[number][kind][key][count] = Ticket(
        solver=msg.sender, digest=digest, sum=before + deposit)
    self._ticket_count[number][kind][key] = count + 1

@internal
@view
def _draw(number: uint256, kind: uint256, key: uint256) -> Ticket:
    """
    @notice One of the tickets in the order of their reveals, by deposit: the first whose sum exceeds
            H(TIE_DOMAIN, prevrandao, job) modulo the sum of all, found by halving.
    """
    count: uint256 = self._ticket_count[number][kind][key]
    drawn: uint256 = convert(keccak256(abi_encode(
        keccak256("proofmill.market.tie.1"), block.prevrandao, number)), uint256) % (
        self._tickets[number][kind][key][count - 1].sum)
    low: uint256 = 0
    high: uint256 = count - 1
    for step: uint256 in range(256):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self._tickets[number][kind][key][middle].sum > drawn:
            high = middle
        else:
            low = middle + 1
    return self._tickets[number][kind][key][low]

@internal
@pure
def _digest(number: uint256, solver: address, proof: DynArray[uint256, 24],
            salt: bytes32) -> bytes32:
    # An array's numbers come after its place and its length.
    numbers: Bytes[832] = abi_encode(proof)
    return keccak256(abi_encode(
        keccak256("proofmill.market.commit.1"), number, solver,
        keccak256(slice(numbers, 64, 32 * len(proof))), salt))

@internal
@pure
def _bid_digest(number: uint256, solver: address, price: uint256, salt: bytes32) -> bytes32:
    return keccak256(abi_encode(
        keccak256("proofmill.market.bid.1"), number, solver, price, salt))

@internal
def _pay(number: uint256, solver: address, price: uint256):
    """
    @notice 5 % burned, the rest to the solver, a subsidy, the change back; and of what failed locks
            cost, a bounty of what this burns at most.
    """
    burned: uint256 = price * BURNED_SHARE // FULL
    subsidy: uint256 = min(min(self.jobs[number].subsidy, burned * SUBSIDY_SHARE // FULL),
                           self.pool)
    cost: uint256 = 0
    for failure: Failure in self.jobs[number].failed:
        cost += failure.cost
    bounty: uint256 = min(cost - cost * MISS_BURNED_SHARE // FULL, burned - subsidy)
    self.jobs[number].state = State.DONE
    self.jobs[number].solver = solver
    self.jobs[number].price = price
    self.pool -= subsidy
    self.subsidies += subsidy
    self.fees_burned += burned
    self.credits[solver] += price - burned + subsidy + bounty
    self.credits[self.jobs[number].requester] += self.jobs[number].highest - price
    log Solved(job=number, solver=solver, price=price, burned=burned, subsidy=subsidy,
               bounty=bounty)
    self._burn(burned + cost - bounty)

@internal
def _burn(amount: uint256):
    self.burned += amount
    self.held -= amount
    if amount > 0:
        send(empty(address), amount)
