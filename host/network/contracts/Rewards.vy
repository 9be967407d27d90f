# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Rewards for proofs of blocks
@notice The rules of proofmill.host.network.mechanism (stages, rewards, penalties, controller, ledger), to the wei.

        A delay is the number of blocks after the proven one, up to the including one: of reports by
        the protocol, since a block without is no place for a proof. So an empty slot moves no
        window, and nobody pays for it. Stage 1, delays 1 to W1: the primary. Stage 2, to W1 + W2:
        primary and committee. Stage 3, to T: every bonded prover. The first block with a valid proof wins; of several proofs in it the primary's, or else one
        drawn by the weights of the slot's own lottery, seeded by `prevrandao` of the next block, which nobody knows
        while proofs are handed in. So neither milliseconds nor the order in a block matter.

        Where witnesses count (`Parameters.witnesses`), a delay is in slots instead: to the first slot, from that in
        which the prover may prove, in which more than half of the slot's witnesses had the proof, as the protocol says
        (`on_witnesses`), or to the including block's if that is earlier. Then slots without a block save a late
        proof nothing, and cost one that was there nothing.

        A proof counts under the public signals (old root, new root, commitment, tag). The roots
        come from the consensus layer; the tag is computed here from the slot, the prover's number
        and its registered reward address. So whoever carries a proof here, it pays its prover, and
        there is no payout without verify(tag(winner)). What is unique is the statement: one winner
        a payload, whatever the bytes of the proof.

        A reward is pending until the slot of the including block is final, then `mature` mints it:
        this contract is the token. On a branch that is left, all of this is left with it.

        One other contract may mint, named once by who created this one: CertificateRewards. What it mints is counted
        apart, since no slot's budget has it.
"""

struct Statement:
    slot: uint256
    payload_root: bytes32
    old_root: uint256
    new_root: uint256
    commitment: uint256
    base: uint256
    load: uint256
    proposer: address

interface Consensus:
    def current_slot() -> uint256: view
    def finalized_slot() -> uint256: view
    def epoch_of(slot: uint256) -> uint256: view
    def statement(slot: uint256) -> Statement: view
    def SLOTS_PER_EPOCH() -> uint256: view
    def has_statement(slot: uint256) -> bool: view
    def was_divided(first: uint256, last: uint256) -> bool: view

interface Bonds:
    def take_on(prover: uint64, penalty: uint256): nonpayable
    def release(prover: uint64, penalty: uint256, fulfilled: bool): nonpayable
    def take(prover: uint64, penalty: uint256, duty: bool) -> uint256: nonpayable
    def settle(prover: uint64, burned: uint256, bounty: uint256, returned: uint256,
               receiver: address): nonpayable
    def forgive(prover: uint64, lost: uint256): nonpayable
    def has_delivered(prover: uint64): nonpayable
    def end_epoch(): nonpayable
    def count_calibration(prover: uint64): nonpayable
    def reward_address(number: uint64) -> address: view
    def owner(number: uint64) -> address: view
    def prover_count() -> uint64: view
    def is_bonded(number: uint64) -> bool: view
    def covers(number: uint64, penalty: uint256) -> bool: view

interface Assignment:
    def draw(slot: uint256, penalty: uint256, proposer: address) -> (
        uint64, DynArray[uint64, 8]): view
    def tickets_for(slot: uint256) -> (
        bool, DynArray[uint64, 128], DynArray[uint256, 128]): view

interface ProverTag:
    def tag(slot: uint64, prover: uint64, reward_address: address) -> uint256: view

interface Verifier:
    def verify(proof: uint256[8], signals: uint256[4]) -> bool: view

struct Parameters:
    stage1: uint256  # W1 in blocks
    stage2: uint256  # W2 in blocks
    window: uint256  # T in blocks
    late: uint256  # d in basis points
    rho_start: uint256  # billionths
    rho_min: uint256
    rho_max: uint256
    controller_divisor: uint256
    target_coverage: uint256  # basis points
    penalty_multiple: uint256
    committee_divisor: uint256
    burned_share: uint256  # basis points
    relief_one_in: uint256
    relief_divisor: uint256
    settlements: uint256  # penalties that a block settles at most
    witnesses: bool  # whether they count

struct Witnessed:
    slot: uint256  # more than half of whose witnesses had the proof
    proven: uint256  # the slot of its payload
    payload_root: bytes32
    prover: uint64

struct Candidate:
    prover: uint64
    includer: address

struct Penalty:
    prover: uint64
    amount: uint256
    invalid: bool  # for an invalid proof, not for a miss
    reporter: address  # of the invalid proof
    lost: uint256  # what a miss took of the reliability

struct Record:
    opened: bool
    payload_root: bytes32
    block: uint256  # the number of the report that opened it: that block's delay is 1
    budget: uint256
    penalty: uint256
    primary: uint64
    primary_open: bool  # whether the duty is
    committee: DynArray[uint64, 8]
    committee_open: bool
    won: bool
    winner: uint64
    includer: address
    included_slot: uint256
    prover_amount: uint256
    includer_amount: uint256
    matured: bool
    in_time: bool  # in stage 1 or 2
    judged: uint256  # the slot whose end judged its last duties so far, plus 1

event SlotOpened:
    slot: indexed(uint256)
    payload_root: bytes32
    budget: uint256
    primary: uint64
    committee: DynArray[uint64, 8]
event ProofIncluded:
    slot: indexed(uint256)
    prover: indexed(uint64)
    delay: uint256
    includer: address
event ProofWon:
    slot: indexed(uint256)
    prover: indexed(uint64)
    prover_amount: uint256
    includer_amount: uint256
    contenders: uint256
event DutyMissed:
    slot: indexed(uint256)
    prover: indexed(uint64)
    penalty: uint256
event InvalidProof:
    slot: indexed(uint256)
    prover: indexed(uint64)
    penalty: uint256
event EpochSettled:
    epoch: indexed(uint256)
    outage: bool
    rho: uint256
event Calibrated:
    slot: indexed(uint256)
    prover: indexed(uint64)
event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256
event Approval:
    owner: indexed(address)
    spender: indexed(address)
    amount: uint256

name: public(constant(String[32])) = "Proofmill reward"
symbol: public(constant(String[8])) = "MILL"
decimals: public(constant(uint8)) = 18

FULL: constant(uint256) = 10_000  # basis points
BILLION: constant(uint256) = 1_000_000_000
PROVER_WEIGHT: constant(uint256) = 56
INCLUDER_WEIGHT: constant(uint256) = 8
WEIGHT_DENOMINATOR: constant(uint256) = 64
LOWEST_LOAD: constant(uint256) = 5_000
HIGHEST_LOAD: constant(uint256) = 20_000
NOBODY: constant(uint64) = max_value(uint64)
MAX_UINT16: constant(uint256) = 2 ** 16
PROOF_TYPE: constant(uint256) = 0
MAXIMUM_CANDIDATES: constant(uint256) = 16
MAXIMUM_WINDOW: constant(uint256) = 32
KEPT_BLOCKS: constant(uint256) = MAXIMUM_WINDOW + 1
MAXIMUM_SETTLEMENTS: constant(uint256) = 256  # penalties in a block
MAXIMUM_TOLD: constant(uint256) = 64  # what a block says of witnesses
MAXIMUM_SLOTS: constant(uint256) = 64  # an epoch; also how far back payloads are opened

CONSENSUS: immutable(Consensus)
CONSENSUS_ADDRESS: immutable(address)
BONDS: immutable(Bonds)
ASSIGNMENT: immutable(Assignment)
TAGS: immutable(ProverTag)
DEPLOYER: immutable(address)
VERIFIER: immutable(Verifier)
SLOTS_PER_EPOCH: immutable(uint256)
P: immutable(Parameters)

rho: public(uint256)
closed_slots: public(uint256)  # all slots below are closed
blocks: public(uint256)  # that have been reported, with the running one: each could include proofs
settled_epochs: public(uint256)
records: HashMap[uint256, Record]
_slots: HashMap[bytes32, uint256]  # of a payload root, plus 1
_opened_by: HashMap[uint256, DynArray[uint256, MAXIMUM_SLOTS]]  # slots, by block's number modulo KEPT_BLOCKS
_last_opening: HashMap[uint256, uint256]  # the number of the block, by epoch
_batches: HashMap[uint256, DynArray[Candidate, MAXIMUM_CANDIDATES]]
_batch_slots: DynArray[uint256, MAXIMUM_WINDOW]  # proven slots with proofs in the running slot
_delays: HashMap[uint256, HashMap[uint64, uint256]]  # slot, prover: of a valid proof while eligible; 0 for none
_witnessed: HashMap[uint256, HashMap[uint64, uint256]]  # slot, prover: the first in which it was, plus 1
_openings: HashMap[uint256, uint256]  # slots in the order of their opening, where witnesses count
_opening_count: uint256
_judged_primaries: uint256  # so many of these
_judged_committees: uint256
_barred: HashMap[uint256, HashMap[uint64, bool]]
_penalties: HashMap[uint256, HashMap[uint256, Penalty]]  # by slot and place
_penalty_counts: HashMap[uint256, uint256]
_settling_slot: uint256  # of the epoch that is being settled: slots and then penalties done
_settling_place: uint256
_calibrated: HashMap[uint256, HashMap[uint64, bool]]
_missed: HashMap[uint256, uint256]  # primaries, by epoch
_primaries: HashMap[uint256, uint256]
_opened: HashMap[uint256, uint256]  # slots with a payload, by epoch
_in_time: HashMap[uint256, uint256]  # of those proven in stage 1 or 2

budgets: public(uint256)
credited: public(uint256)  # won, matured or not
totalSupply: public(uint256)
certificates: public(address)  # CertificateRewards, where certificates are paid
certified: public(uint256)  # minted for certificates
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

@deploy
def __init__(consensus: address, bonds: address, assignment: address, tags: address,
             verifier: address, parameters: Parameters):
    assert parameters.stage1 >= 1, "stage 1 has at least a block"
    assert parameters.window > parameters.stage1, "the window is longer than stage 1"
    assert parameters.window >= parameters.stage1 + parameters.stage2, "the window ends too early"
    assert parameters.window <= MAXIMUM_WINDOW, "the window is too long"
    assert parameters.settlements > 0 and parameters.settlements <= MAXIMUM_SETTLEMENTS, (
        "a block settles no penalty, or too many")
    CONSENSUS = Consensus(consensus)
    CONSENSUS_ADDRESS = consensus
    BONDS = Bonds(bonds)
    ASSIGNMENT = Assignment(assignment)
    TAGS = ProverTag(tags)
    DEPLOYER = msg.sender
    VERIFIER = Verifier(verifier)
    SLOTS_PER_EPOCH = staticcall Consensus(consensus).SLOTS_PER_EPOCH()
    assert SLOTS_PER_EPOCH <= MAXIMUM_SLOTS, "an epoch is too long"
    P = parameters
    self.rho = parameters.rho_start

@external
def connect(certificates: address):
    """
    @notice Name the contract that mints for certificates of finality: once, by who created this contract.
    """
    assert msg.sender == DEPLOYER, "only the creator connects contracts"
    assert self.certificates == empty(address), "a contract is connected already"
    self.certificates = certificates

@external
def mint_for_certificate(receiver: address, amount: uint256):
    """
    @notice What CertificateRewards pays, by its own rule.
    """
    assert msg.sender == self.certificates, "only the contract of certificates mints for them"
    self.certified += amount
    self._mint(receiver, amount)

@external
def on_block(slot: uint256, proven: uint256):
    """
    @notice The consensus layer's report at the start of the block of `slot`; `proven`: the parent's
            slot if it has a payload to prove, else 0. If an earlier report failed, its payload is
            opened by this one.
    """
    assert msg.sender == CONSENSUS_ADDRESS, "only the protocol reports blocks"
    last: uint256 = self.closed_slots
    self.blocks += 1
    self._opened_by[self.blocks % KEPT_BLOCKS] = []
    # The last block's payload, and those of blocks whose report failed.
    for each: uint256 in range(last, min(last + MAXIMUM_SLOTS, slot), bound=MAXIMUM_SLOTS):
        if staticcall CONSENSUS.has_statement(each):
            self._open(each)
    self._close(last)
    self.closed_slots = slot

@external
def on_witnesses(told: DynArray[Witnessed, MAXIMUM_TOLD]):
    """
    @notice What the consensus layer reports after that, where witnesses count: whose proofs they had, and when. It
            counts for what comes later, till the proven slot's epoch is settled; said again it changes nothing.
    """
    assert msg.sender == CONSENSUS_ADDRESS, "only the protocol reports blocks"
    assert P.witnesses, "witnesses do not count here"
    provers: uint64 = staticcall BONDS.prover_count()
    for each: Witnessed in told:
        if (self.records[each.proven].payload_root != each.payload_root or each.payload_root == empty(bytes32)
                or each.slot < each.proven or each.prover >= provers
                or each.proven // SLOTS_PER_EPOCH < self.settled_epochs):
            continue
        seen: uint256 = self._witnessed[each.proven][each.prover]
        if seen == 0 or each.slot + 1 < seen:
            self._witnessed[each.proven][each.prover] = each.slot + 1

@external
def submit(slot: uint256, prover: uint64, proof: uint256[8]):
    """
    @notice Hand in a proof of a slot's payload for whoever made it. Anybody may carry it.
    """
    statement: Statement = staticcall CONSENSUS.statement(slot)
    delay: uint256 = self._check(slot, prover)
    assert len(self._batches[slot]) < MAXIMUM_CANDIDATES, "this slot has proofs enough"
    assert self._verifies(statement, prover, proof), "the proof does not verify for this prover"
    if len(self._batches[slot]) == 0:
        self._batch_slots.append(slot)
    self._batches[slot].append(Candidate(prover=prover, includer=block.coinbase))
    self._delays[slot][prover] = delay
    extcall BONDS.has_delivered(prover)
    log ProofIncluded(slot=slot, prover=prover, delay=delay, includer=block.coinbase)

@external
def report_invalid(slot: uint256, prover: uint64, proof: uint256[8],
                   v: uint256, r: uint256, s: uint256):
    """
    @notice Show that a prover has signed a proof that does not verify, while it was eligible: it
            loses a slice of its bond, half of it to this block's fee recipient unless that is its
            own owner, and may not prove this payload any more. The owner's signature is over
            `signed_digest` of the payload that this branch has in the slot: what was signed for
            another branch is no offence here.
    """
    statement: Statement = staticcall CONSENSUS.statement(slot)
    self._check(slot, prover)
    signer: address = ecrecover(
        self._digest(slot, self.records[slot].payload_root, prover, proof), v, r, s)
    assert signer != empty(address) and signer == staticcall BONDS.owner(prover), (
        "the prover's owner did not sign this")
    assert not self._verifies(statement, prover, proof), "the proof verifies"
    penalty: uint256 = self.records[slot].penalty
    self._barred[slot][prover] = True
    extcall BONDS.take(prover, penalty, False)
    self._add_penalty(slot, Penalty(
        prover=prover, amount=penalty, invalid=True, reporter=block.coinbase, lost=0))
    log InvalidProof(slot=slot, prover=prover, penalty=penalty)

@external
def calibrate(slot: uint256, prover: uint64, proof: uint256[8]):
    """
    @notice Hand in a calibration proof, of any payload still known, once each: it is not paid, and
            shows that the prover can prove.
    """
    assert not self._calibrated[slot][prover], "this payload is used for calibration already"
    statement: Statement = staticcall CONSENSUS.statement(slot)
    assert self._verifies(statement, prover, proof), "the proof does not verify for this prover"
    self._calibrated[slot][prover] = True
    extcall BONDS.count_calibration(prover)
    log Calibrated(slot=slot, prover=prover)

@external
def mature(slot: uint256):
    """
    @notice Mint the reward for a slot's proof once the block that includes it is final.
    """
    assert self.records[slot].won, "this slot has no winner"
    assert not self.records[slot].matured, "this reward has matured already"
    assert staticcall CONSENSUS.finalized_slot() >= self.records[slot].included_slot, (
        "the including block is not final")
    self.records[slot].matured = True
    self._mint(staticcall BONDS.reward_address(self.records[slot].winner),
               self.records[slot].prover_amount)
    self._mint(self.records[slot].includer, self.records[slot].includer_amount)

@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._transfer(msg.sender, receiver, amount)
    return True

@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    self._transfer(owner, receiver, amount)
    return True

@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, amount=amount)
    return True

# What everybody may know.

@external
@view
def parameters() -> Parameters:
    return P

@external
@view
def record(slot: uint256) -> Record:
    return self.records[slot]

@external
@view
def winner_of(payload_root: bytes32) -> (bool, uint64):
    """
    @notice Whether a payload's proof is decided, and the prover that is paid.
    """
    slot: uint256 = self._slots[payload_root]
    if slot == 0 or not self.records[slot - 1].won:
        return False, 0
    return True, self.records[slot - 1].winner

@external
@view
def candidates(slot: uint256) -> DynArray[Candidate, MAXIMUM_CANDIDATES]:
    """
    @notice Proofs of the running slot that await the draw.
    """
    return self._batches[slot]

@external
@view
def may_prove(slot: uint256, prover: uint64, delay: uint256) -> bool:
    """
    @notice Whether a proof of `prover` counts in the block that is number `delay` after the proven one.
    """
    return self._may_prove(slot, prover, delay)

@external
@view
def witnessed(slot: uint256, prover: uint64) -> (bool, uint256):
    """
    @notice Whether this branch says that witnesses had the prover's proof of a slot's payload, and the first slot
            in which they did.
    """
    seen: uint256 = self._witnessed[slot][prover]
    return seen > 0, max(seen, 1) - 1

@external
@view
def signed_digest(
    slot: uint256, payload_root: bytes32, prover: uint64, proof: uint256[8]
) -> bytes32:
    """
    @notice What a prover's owner signs to stand for a proof of the payload that `slot` has on one
            branch.
    """
    return self._digest(slot, payload_root, prover, proof)

@external
@view
def split(budget: uint256, delay: uint256) -> (uint256, uint256):
    """
    @notice What prover and includer are paid.
    """
    return self._split(budget, delay)

@external
@view
def invariants() -> bool:
    """
    @notice Minted, but for certificates, <= credited <= the sum of the budgets.
    """
    return self.totalSupply - self.certified <= self.credited and self.credited <= self.budgets

@internal
@view
def _check(slot: uint256, prover: uint64) -> uint256:
    """
    @notice Refuse a proof that cannot count, whatever it proves.
    @return Its delay.
    """
    assert self.records[slot].opened, "this payload is not open to proofs"
    now: uint256 = staticcall CONSENSUS.current_slot()
    assert now == self.closed_slots, "the protocol has not reported this slot"
    delay: uint256 = self._delay(slot, prover, now)
    assert self._may_prove(slot, prover, delay), "the prover is not eligible in this stage"
    assert not self._barred[slot][prover], "the prover is barred from this payload"
    assert not self.records[slot].won, "this payload is proven already"
    assert self._delays[slot][prover] == 0, "this prover's proof is included already"
    assert staticcall BONDS.covers(prover, self.records[slot].penalty), (
        "the bond would not cover an invalid proof")
    return delay

@internal
@view
def _delay(slot: uint256, prover: uint64, now: uint256) -> uint256:
    """
    @notice The delay of a prover's proof that is in the running block, of slot `now`.
    """
    if not P.witnesses:
        return self.blocks - self.records[slot].block + 1
    assert slot // SLOTS_PER_EPOCH >= self.settled_epochs, "the epoch is settled"
    seen: uint256 = self._witnessed[slot][prover]
    if seen == 0:
        return now - slot
    first: uint256 = 1
    if self.records[slot].primary != NOBODY and prover != self.records[slot].primary:
        first += P.stage1
        if prover not in self.records[slot].committee:
            first += P.stage2
    return min(now - slot, max(seen - 1 - slot, first))

@internal
@view
def _may_prove(slot: uint256, prover: uint64, delay: uint256) -> bool:
    if delay < 1 or delay > P.window:
        return False
    primary: uint64 = self.records[slot].primary
    if delay > P.stage1 + P.stage2 or primary == NOBODY:
        return staticcall BONDS.is_bonded(prover)
    if prover == primary:
        return True
    return delay > P.stage1 and prover in self.records[slot].committee

@internal
@view
def _verifies(statement: Statement, prover: uint64, proof: uint256[8]) -> bool:
    tag: uint256 = staticcall TAGS.tag(
        convert(statement.slot, uint64), prover, staticcall BONDS.reward_address(prover))
    return staticcall VERIFIER.verify(
        proof, [statement.old_root, statement.new_root, statement.commitment, tag])

@internal
@view
def _digest(
    slot: uint256, payload_root: bytes32, prover: uint64, proof: uint256[8]
) -> bytes32:
    return keccak256(abi_encode(
        keccak256("proofmill.proof.signed.2"), chain.id, self, slot, payload_root, prover, proof))

@internal
@view
def _split(budget: uint256, delay: uint256) -> (uint256, uint256):
    decay: uint256 = 0
    if delay <= P.stage1:
        decay = FULL
    elif delay <= P.window:
        span: uint256 = P.window - P.stage1
        decay = (FULL * span - (FULL - P.late) * (delay - P.stage1)) // span
    left: uint256 = budget * decay
    scale: uint256 = WEIGHT_DENOMINATOR * FULL
    return left * PROVER_WEIGHT // scale, left * INCLUDER_WEIGHT // scale

@internal
def _open(slot: uint256):
    """
    @notice A payload is known: its budget, and who is to prove it.
    """
    statement: Statement = staticcall CONSENSUS.statement(slot)
    assert self._slots[statement.payload_root] == 0, "the payload was opened before"
    self._slots[statement.payload_root] = slot + 1
    load: uint256 = min(max(statement.load, LOWEST_LOAD), HIGHEST_LOAD)
    budget: uint256 = statement.base * self.rho * load // (BILLION * FULL)
    most: uint256 = 0
    rest: uint256 = 0
    most, rest = self._split(budget, 1)
    penalty: uint256 = P.penalty_multiple * most
    primary: uint64 = NOBODY
    committee: DynArray[uint64, 8] = []
    primary, committee = staticcall ASSIGNMENT.draw(slot, penalty, statement.proposer)
    if primary != NOBODY:
        extcall BONDS.take_on(primary, penalty)
        self._primaries[slot // SLOTS_PER_EPOCH] += 1
    for member: uint64 in committee:
        extcall BONDS.take_on(member, penalty // P.committee_divisor)
    self.records[slot].opened = True
    self.records[slot].payload_root = statement.payload_root
    self.records[slot].block = self.blocks
    self.records[slot].budget = budget
    self.records[slot].penalty = penalty
    self.records[slot].primary = primary
    self.records[slot].primary_open = primary != NOBODY
    self.records[slot].committee = committee
    self.records[slot].committee_open = len(committee) > 0
    if P.witnesses:
        self._openings[self._opening_count] = slot
        self._opening_count += 1
    self._opened[slot // SLOTS_PER_EPOCH] += 1
    self._last_opening[slot // SLOTS_PER_EPOCH] = self.blocks
    self._opened_by[self.blocks % KEPT_BLOCKS].append(slot)
    self.budgets += budget
    log SlotOpened(slot=slot, payload_root=statement.payload_root, budget=budget, primary=primary,
                   committee=committee)

@internal
def _close(slot: uint256):
    """
    @notice The end of the last block's slot: winners, windows that end with it, an epoch whose windows
            all have. What was opened by the block n before the running one had delay n in the last.
    """
    for proven: uint256 in self._batch_slots:
        self._decide(proven, slot)
    self._batch_slots = []
    window: uint256 = P.window
    if P.witnesses:
        # A block that leaves out what witnesses had is not the last word, so there is one more.
        window += 1
        self._judge_by_slots(slot)
    elif self.blocks > P.stage1 + P.stage2:
        for proven: uint256 in self._opened_by[(self.blocks - P.stage1 - P.stage2) % KEPT_BLOCKS]:
            self._judge_committee(proven, slot)
    if self.blocks > P.stage1 and not P.witnesses:
        for proven: uint256 in self._opened_by[(self.blocks - P.stage1) % KEPT_BLOCKS]:
            self._judge_primary(proven, slot)
    epoch: uint256 = self.settled_epochs
    if slot >= (epoch + 1) * SLOTS_PER_EPOCH and (
            self._opened[epoch] == 0 or self.blocks - self._last_opening[epoch] >= window):
        self._settle_epoch(epoch)

@internal
def _decide(slot: uint256, included: uint256):
    """
    @notice Draw the winner among the proofs that one block included.
    """
    batch: DynArray[Candidate, MAXIMUM_CANDIDATES] = self._batches[slot]
    chosen: uint256 = 0
    if len(batch) > 1:
        chosen = self._pick(slot, batch)
    delay: uint256 = self._delays[slot][batch[chosen].prover]
    prover_amount: uint256 = 0
    includer_amount: uint256 = 0
    prover_amount, includer_amount = self._split(self.records[slot].budget, delay)
    self.records[slot].won = True
    self.records[slot].winner = batch[chosen].prover
    self.records[slot].includer = batch[chosen].includer
    self.records[slot].included_slot = included
    self.records[slot].prover_amount = prover_amount
    self.records[slot].includer_amount = includer_amount
    self.credited += prover_amount + includer_amount
    if delay <= P.stage1 + P.stage2:
        self.records[slot].in_time = True
        self._in_time[slot // SLOTS_PER_EPOCH] += 1
    self._batches[slot] = []
    log ProofWon(slot=slot, prover=batch[chosen].prover, prover_amount=prover_amount,
                 includer_amount=includer_amount, contenders=len(batch))

@internal
@view
def _pick(slot: uint256, batch: DynArray[Candidate, MAXIMUM_CANDIDATES]) -> uint256:
    """
    @notice The place of the winner: the primary's, if it is among them, so that who holds its proof
            back until stage 2 wins nothing by that; else by the weights of the slot's lottery, all 1 if those are 0, in
            ascending order of the provers' numbers.
    """
    for place: uint256 in range(len(batch), bound=MAXIMUM_CANDIDATES):
        if batch[place].prover == self.records[slot].primary:
            return place
    known: bool = False
    numbers: DynArray[uint64, 128] = []
    tickets: DynArray[uint256, 128] = []
    known, numbers, tickets = staticcall ASSIGNMENT.tickets_for(slot)
    weights: uint256[MAXIMUM_CANDIDATES] = empty(uint256[MAXIMUM_CANDIDATES])
    total: uint256 = 0
    for place: uint256 in range(len(batch), bound=MAXIMUM_CANDIDATES):
        for index: uint256 in range(len(numbers), bound=128):
            if numbers[index] == batch[place].prover:
                weights[place] = tickets[index]
                total += tickets[index]
                break
    if total == 0:
        total = len(batch)
        for place: uint256 in range(len(batch), bound=MAXIMUM_CANDIDATES):
            weights[place] = 1
    seed: bytes32 = keccak256(abi_encode(
        keccak256("proofmill.lottery.batch.1"), block.prevrandao,
        self.records[slot].payload_root, PROOF_TYPE))
    ticket: uint256 = convert(
        keccak256(concat(seed, empty(bytes32))), uint256) % total
    done: bool[MAXIMUM_CANDIDATES] = empty(bool[MAXIMUM_CANDIDATES])
    for turn: uint256 in range(len(batch), bound=MAXIMUM_CANDIDATES):
        lowest: uint256 = MAXIMUM_CANDIDATES
        for place: uint256 in range(len(batch), bound=MAXIMUM_CANDIDATES):
            if not done[place] and (lowest == MAXIMUM_CANDIDATES
                                    or batch[place].prover < batch[lowest].prover):
                lowest = place
        if ticket < weights[lowest]:
            return lowest
        ticket -= weights[lowest]
        done[lowest] = True
    raise "a ticket beyond the weights"

@internal
def _judge_by_slots(now: uint256):
    """
    @notice Duties where witnesses count: a stage is over a slot later, since what they had in its last slot the next
            block tells. Slots are judged in their order, stage 1 before stage 2.
    """
    first: uint256 = self._judged_committees
    primaries: uint256 = self._judged_primaries
    committees: uint256 = first
    # More wait only after reports that failed, and then for the next ones: so much gas and no more is used.
    for place: uint256 in range(first, min(self._opening_count, first + KEPT_BLOCKS), bound=KEPT_BLOCKS):
        proven: uint256 = self._openings[place]
        if now <= proven + P.stage1:
            break
        if place >= primaries:
            primaries = place + 1
            self._judge_primary(proven, now)
        if now > proven + P.stage1 + P.stage2:
            committees = place + 1
            self._judge_committee(proven, now)
    self._judged_primaries = primaries
    self._judged_committees = committees

@internal
def _judge_primary(slot: uint256, now: uint256):
    self.records[slot].judged = now + 1
    if not self.records[slot].primary_open:
        return
    self.records[slot].primary_open = False
    primary: uint64 = self.records[slot].primary
    penalty: uint256 = self.records[slot].penalty
    delay: uint256 = self._delays[slot][primary]
    if delay == 0 or delay > P.stage1:
        self._missed[slot // SLOTS_PER_EPOCH] += 1
        self._miss(slot, primary, penalty)
        return
    extcall BONDS.release(primary, penalty, True)
    for member: uint64 in self.records[slot].committee:
        extcall BONDS.release(member, penalty // P.committee_divisor, False)
    self.records[slot].committee_open = False

@internal
def _judge_committee(slot: uint256, now: uint256):
    self.records[slot].judged = now + 1
    if not self.records[slot].committee_open:
        return
    self.records[slot].committee_open = False
    penalty: uint256 = self.records[slot].penalty // P.committee_divisor
    for member: uint64 in self.records[slot].committee:
        delay: uint256 = self._delays[slot][member]
        kept: bool = delay > 0 and delay <= P.stage1 + P.stage2
        if kept or self.records[slot].in_time:
            extcall BONDS.release(member, penalty, kept)
        else:
            self._miss(slot, member, penalty)

@internal
def _miss(slot: uint256, prover: uint64, penalty: uint256):
    lost: uint256 = extcall BONDS.take(prover, penalty, True)
    self._add_penalty(slot, Penalty(
        prover=prover, amount=penalty, invalid=False, reporter=empty(address), lost=lost))
    log DutyMissed(slot=slot, prover=prover, penalty=penalty)

@internal
def _add_penalty(slot: uint256, penalty: Penalty):
    self._penalties[slot][self._penalty_counts[slot]] = penalty
    self._penalty_counts[slot] += 1

@internal
def _settle_epoch(epoch: uint256):
    """
    @notice All windows of an epoch have passed: its penalties, as many as a block may settle, and with the last of
            them, in this block or a later one, rho and who was idle.
    """
    left: uint256 = P.settlements
    outage: bool = self._missed[epoch] * P.relief_one_in > self._primaries[epoch]
    for index: uint256 in range(self._settling_slot, SLOTS_PER_EPOCH, bound=MAXIMUM_SLOTS):
        slot: uint256 = epoch * SLOTS_PER_EPOCH + index
        count: uint256 = self._penalty_counts[slot]
        divided: bool = count > 0 and self._was_divided(slot)
        for place: uint256 in range(self._settling_place, count, bound=MAX_UINT16):
            if left == 0:
                self._settling_slot = index
                self._settling_place = place
                return
            left -= 1
            penalty: Penalty = self._penalties[slot][place]
            charged: uint256 = penalty.amount
            receiver: address = empty(address)
            # Who reports itself, or rescues itself, earns nothing.
            earned: bool = False
            if penalty.invalid:
                earned = penalty.reporter != staticcall BONDS.owner(penalty.prover)
                if earned:
                    receiver = penalty.reporter
            elif divided or self._was_witnessed(slot, penalty.prover == self.records[slot].primary):
                charged = 0
                extcall BONDS.forgive(penalty.prover, penalty.lost)
            else:
                if outage:
                    charged = penalty.amount // P.relief_divisor
                earned = self.records[slot].won and self.records[slot].winner != penalty.prover
                if earned:
                    receiver = staticcall BONDS.reward_address(self.records[slot].winner)
            burned: uint256 = charged
            if earned:
                burned = charged * P.burned_share // FULL
            extcall BONDS.settle(penalty.prover, burned, charged - burned,
                                 penalty.amount - charged, receiver)
        self._settling_place = 0
    self._settling_slot = 0
    coverage: uint256 = FULL
    counted: uint256 = self._opened[epoch]
    if counted > self._in_time[epoch]:
        for index: uint256 in range(SLOTS_PER_EPOCH, bound=MAXIMUM_SLOTS):
            slot: uint256 = epoch * SLOTS_PER_EPOCH + index
            # A slot that nobody proved in time because nobody could be reached says nothing of rho, nor one whose
            # proof was kept out.
            if not self.records[slot].in_time and (self._was_divided(slot) or self._was_witnessed(slot, False)):
                counted -= 1
    if counted > 0:
        coverage = self._in_time[epoch] * FULL // counted
    scale: uint256 = P.controller_divisor * FULL
    moved: uint256 = self.rho * (scale + P.target_coverage - coverage) // scale
    self.rho = min(max(moved, P.rho_min), P.rho_max)
    extcall BONDS.end_epoch()
    self.settled_epochs = epoch + 1
    log EpochSettled(epoch=epoch, outage=outage, rho=self.rho)

@internal
@view
def _was_divided(slot: uint256) -> bool:
    """
    @notice Whether the network was divided in a slot from this one to the one that ended its duties, so that provers in the
            other part could not reach who proposed here.
    """
    judged: uint256 = self.records[slot].judged
    return judged > 0 and staticcall CONSENSUS.was_divided(slot, judged - 1)

@internal
@view
def _was_witnessed(slot: uint256, primary: bool) -> bool:
    """
    @notice Whether witnesses had a proof that keeps a duty in its time, whatever blocks made of it: the
            primary's in stage 1, or for the committee one of any of those drawn.
    """
    if not P.witnesses or self.records[slot].primary == NOBODY:
        return False
    last: uint256 = slot + P.stage1 + 1
    if not primary:
        last += P.stage2
    seen: uint256 = self._witnessed[slot][self.records[slot].primary]
    if seen > 0 and seen <= last:
        return True
    if not primary:
        for member: uint64 in self.records[slot].committee:
            seen = self._witnessed[slot][member]
            if seen > 0 and seen <= last:
                return True
    return False

@internal
def _mint(receiver: address, amount: uint256):
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=empty(address), receiver=receiver, amount=amount)

@internal
def _transfer(sender: address, receiver: address, amount: uint256):
    assert receiver != empty(address), "nobody has this address"
    self.balanceOf[sender] -= amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=sender, receiver=receiver, amount=amount)
