# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Bonds of provers, and stake delegated to them
@notice Amounts in wei. A prover's number is given by this contract, in order, from 0. All rules
        are those of proofmill.host.network.mechanism (bonds, reliability, penalties), to the wei.

        Places. Only who has one has weight. While there are free ones, whoever registers has one. When
        there are none, who has made its calibration proofs takes that of a member that has not made
        them in time, or else of the member with the least bond, if its own is larger. Who has lost
        its place keeps its bond, and may come back with a larger one. So to fill the registry
        keeps nobody out who pays more; it sets a price (`place_price`).

        Weight in the lottery: (bond + delegated) * q, q the reliability in basis points. Linear in
        stake: splitting gains nothing. A prover counts whose bond is the minimum or more, that is
        not leaving, and that has made its calibration proofs.

        Required bond: bond * 10000 >= kappa * liabilities at all times, kappa = 15000 in basis
        points, liabilities being the penalties of all open duties. Nobody is given a duty that
        would break it, and a penalty takes as much off the bond as off the liabilities.

        Penalties are taken from the bond at once and settled when the outcome of their epoch is
        known: taken = burned + bounties + returned + in escrow, always. Only a prover's own bond
        is ever taken: delegated stake is not, and no validator's deposit.
"""

interface Consensus:
    def current_slot() -> uint256: view
    def epoch_of(slot: uint256) -> uint256: view

struct Parameters:
    minimum_bond: uint256
    unbonding_epochs: uint256
    kappa: uint256  # basis points
    first_reliability: uint256  # basis points
    lowest_reliability: uint256  # basis points
    gain_divisor: uint256
    miss_factor: uint256  # basis points
    idle_loss: uint256  # basis points
    calibration_proofs: uint256
    calibration_epochs: uint256  # after that in which a prover got its place
    places: uint256

struct Prover:
    owner: address
    reward_address: address
    bond: uint256
    delegated: uint256
    liabilities: uint256
    reliability: uint256  # basis points, 0 until it is calibrated
    calibration_proofs: uint256
    placed: bool
    placed_epoch: uint256
    leaving: bool
    withdrawable_epoch: uint256
    delivered: bool  # a valid proof in the epoch that was not settled yet

struct Leaving:
    amount: uint256
    epoch: uint256

event Registered:
    prover: indexed(uint64)
    owner: indexed(address)
    reward_address: address
event PlaceTaken:
    prover: indexed(uint64)
    epoch: uint256
event PlaceLost:
    prover: indexed(uint64)
    to: indexed(uint64)
event BondChanged:
    prover: indexed(uint64)
    bond: uint256
    delegated: uint256
    liabilities: uint256
event ReliabilityChanged:
    prover: indexed(uint64)
    reliability: uint256
event LeavingStarted:
    prover: indexed(uint64)
    withdrawable_epoch: uint256
event PenaltyTaken:
    prover: indexed(uint64)
    amount: uint256
event PenaltySettled:
    prover: indexed(uint64)
    burned: uint256
    bounty: uint256
    returned: uint256
    receiver: address
event Withdrawn:
    receiver: indexed(address)
    amount: uint256

MAXIMUM_MEMBERS: constant(uint256) = 128
FULL: constant(uint256) = 10_000  # basis points

CONSENSUS: immutable(Consensus)
P: immutable(Parameters)
DEPLOYER: immutable(address)

judge: public(address)  # the contract that gives duties and judges them
provers: HashMap[uint64, Prover]
prover_count: public(uint64)
_members: DynArray[uint64, MAXIMUM_MEMBERS]  # who have a place, ascending
_numbers: HashMap[address, uint64]  # by reward address, plus 1: the first with it
_owned: HashMap[address, uint64]  # by owner, plus 1: the first it registered
delegations: public(HashMap[uint64, HashMap[address, uint256]])
_leaving_delegations: HashMap[uint64, HashMap[address, Leaving]]
credits: public(HashMap[address, uint256])
taken: public(uint256)
burned: public(uint256)
bounties: public(uint256)
returned: public(uint256)
escrow: public(uint256)
held: public(uint256)  # bonds, delegations, what is leaving, credits and escrow together

@deploy
def __init__(consensus: address, parameters: Parameters):
    assert parameters.places > 0 and parameters.places <= MAXIMUM_MEMBERS, "no place, or too many"
    CONSENSUS = Consensus(consensus)
    P = parameters
    DEPLOYER = msg.sender

@external
def connect(judge: address):
    """
    @notice Name the contract that judges duties: once, by who created this contract.
    """
    assert msg.sender == DEPLOYER, "only the creator connects contracts"
    assert self.judge == empty(address), "contracts are connected already"
    self.judge = judge

@external
@payable
def register(reward_address: address) -> uint64:
    """
    @notice Become a prover: the sender owns the bond, rewards go to `reward_address` for good. If
            there is no free place, it has none before it has made its calibration proofs and
            calls `enter`.
    """
    assert msg.value >= P.minimum_bond, "the bond is below the minimum"
    assert reward_address != empty(address), "a reward address is needed"
    assert msg.value >= self._price(), "the places are taken, by larger bonds"
    number: uint64 = self.prover_count
    self.prover_count += 1
    self.provers[number].owner = msg.sender
    self.provers[number].reward_address = reward_address
    self.provers[number].bond = msg.value
    if P.calibration_proofs == 0:
        self.provers[number].reliability = P.first_reliability
    if len(self._members) < P.places or P.calibration_proofs == 0:
        self._enter(number)
    if self._numbers[reward_address] == 0:
        self._numbers[reward_address] = number + 1
    if self._owned[msg.sender] == 0:
        self._owned[msg.sender] = number + 1
    self.held += msg.value
    log Registered(prover=number, owner=msg.sender, reward_address=reward_address)
    self._changed(number)
    return number

@external
def enter(prover: uint64):
    """
    @notice Take a place: a free one, or, with all calibration proofs made, that of a member which has not
            made its own in time, or of the one with the least bond, which must be less.
    """
    self._only_staying(prover)
    assert msg.sender == self.provers[prover].owner, "only the owner takes a place"
    assert not self.provers[prover].placed, "the prover has a place"
    assert self.provers[prover].bond >= P.minimum_bond, "the bond is below the minimum"
    self._enter(prover)

@external
@payable
def deposit(prover: uint64):
    """
    @notice Add to a prover's bond; it is the owner's from then on.
    """
    self._only_staying(prover)
    assert msg.value > 0, "nothing was sent"
    self.provers[prover].bond += msg.value
    self.held += msg.value
    self._changed(prover)

@external
def leave(prover: uint64):
    """
    @notice Stop being a prover. Duties already drawn remain, and so does what they can cost; see
            `withdraw`.
    """
    assert msg.sender == self.provers[prover].owner, "only the owner takes a bond out"
    assert not self.provers[prover].leaving, "the prover is leaving already"
    epoch: uint256 = self._epoch() + P.unbonding_epochs + 1
    self.provers[prover].leaving = True
    self.provers[prover].withdrawable_epoch = epoch
    if self.provers[prover].placed:
        self._part(prover)
    log LeavingStarted(prover=prover, withdrawable_epoch=epoch)

@external
@nonreentrant
def withdraw(prover: uint64):
    """
    @notice Pay the bond of a prover that has left to its owner.
    """
    assert self.provers[prover].leaving, "the prover has not left"
    assert self._epoch() >= self.provers[prover].withdrawable_epoch, "the wait is not over"
    assert self.provers[prover].liabilities == 0, "duties are open"
    amount: uint256 = self.provers[prover].bond
    assert amount > 0, "there is nothing to withdraw"
    self.provers[prover].bond = 0
    self._changed(prover)
    self._pay(self.provers[prover].owner, amount)

@external
@payable
def delegate(prover: uint64):
    """
    @notice Lend a prover weight. It cannot be taken as a penalty and earns what the two agree on.
    """
    self._only_staying(prover)
    assert msg.value > 0, "nothing was sent"
    self.delegations[prover][msg.sender] += msg.value
    self.provers[prover].delegated += msg.value
    self.held += msg.value
    self._changed(prover)

@external
def undelegate(prover: uint64, amount: uint256):
    """
    @notice Take back lent weight; `withdraw_delegation` pays it out after as long a wait as a
            bond's. Another call before that starts the wait anew.
    """
    assert amount > 0 and amount <= self.delegations[prover][msg.sender], "less was delegated"
    self.delegations[prover][msg.sender] -= amount
    self.provers[prover].delegated -= amount
    waiting: uint256 = self._leaving_delegations[prover][msg.sender].amount
    self._leaving_delegations[prover][msg.sender] = Leaving(
        amount=waiting + amount, epoch=self._epoch() + P.unbonding_epochs + 1)
    self._changed(prover)

@external
@nonreentrant
def withdraw_delegation(prover: uint64):
    """
    @notice Pay out what was undelegated.
    """
    waiting: Leaving = self._leaving_delegations[prover][msg.sender]
    assert waiting.amount > 0, "there is nothing to withdraw"
    assert self._epoch() >= waiting.epoch, "the wait is not over"
    self._leaving_delegations[prover][msg.sender] = empty(Leaving)
    self._pay(msg.sender, waiting.amount)

@external
@nonreentrant
def collect():
    """
    @notice Pay out the sender's bounties.
    """
    amount: uint256 = self.credits[msg.sender]
    assert amount > 0, "there is nothing to collect"
    self.credits[msg.sender] = 0
    self._pay(msg.sender, amount)

# What the judge may do.

@external
def take_on(prover: uint64, penalty: uint256):
    """
    @notice A duty begins: its penalty is a liability until it ends.
    """
    self._only_judge()
    total: uint256 = self.provers[prover].liabilities + penalty
    assert self._covers(self.provers[prover].bond, total), "the bond does not cover the duty"
    self.provers[prover].liabilities = total
    self._changed(prover)

@external
def release(prover: uint64, penalty: uint256, fulfilled: bool):
    """
    @notice A duty ends without a penalty; `fulfilled`: by a proof, not because it lapsed.
    """
    self._only_judge()
    self.provers[prover].liabilities -= penalty
    if fulfilled:
        missing: uint256 = FULL - self.provers[prover].reliability
        self._rate(prover, self.provers[prover].reliability
                   + (missing + P.gain_divisor - 1) // P.gain_divisor)
    self._changed(prover)

@external
def take(prover: uint64, penalty: uint256, duty: bool) -> uint256:
    """
    @notice Take a penalty into escrow; `duty`: for a duty that was missed, which ends with it.
    @return What that took of the reliability.
    """
    self._only_judge()
    lost: uint256 = 0
    if duty:
        self.provers[prover].liabilities -= penalty
        q: uint256 = self.provers[prover].reliability
        left: uint256 = max(q * P.miss_factor // FULL, min(q, P.lowest_reliability))
        lost = q - left
        self._rate(prover, left)
    self.provers[prover].bond -= penalty
    self.taken += penalty
    self.escrow += penalty
    log PenaltyTaken(prover=prover, amount=penalty)
    self._changed(prover)
    return lost

@external
def forgive(prover: uint64, lost: uint256):
    """
    @notice Give back what a missed duty took of the reliability.
    """
    self._only_judge()
    self._rate(prover, min(FULL, self.provers[prover].reliability + lost))

@external
def settle(prover: uint64, burned: uint256, bounty: uint256, returned: uint256, receiver: address):
    """
    @notice Divide a penalty in escrow; `receiver` gets the bounty, see `collect`.
    """
    self._only_judge()
    self.escrow -= burned + bounty + returned
    self.burned += burned
    self.bounties += bounty
    self.returned += returned
    self.provers[prover].bond += returned
    self.credits[receiver] += bounty
    self.held -= burned
    log PenaltySettled(prover=prover, burned=burned, bounty=bounty, returned=returned,
                       receiver=receiver)
    self._changed(prover)
    if burned > 0:
        send(empty(address), burned)

@external
def has_delivered(prover: uint64):
    """
    @notice The prover has made a valid proof; see `end_epoch`.
    """
    self._only_judge()
    if not self.provers[prover].delivered:
        self.provers[prover].delivered = True

@external
def end_epoch():
    """
    @notice Who delivered nothing since the last call loses a little reliability.
    """
    self._only_judge()
    for number: uint64 in self._members:
        if self.provers[number].delivered:
            self.provers[number].delivered = False
        else:
            q: uint256 = self.provers[number].reliability
            lower: uint256 = max(q * (FULL - P.idle_loss) // FULL, min(q, P.first_reliability))
            if lower != q:
                self._rate(number, lower)

@external
def count_calibration(prover: uint64):
    """
    @notice Another calibration proof; with the last the prover gets its first reliability.
    """
    self._only_judge()
    count: uint256 = self.provers[prover].calibration_proofs + 1
    assert count <= P.calibration_proofs, "the prover is calibrated already"
    self.provers[prover].calibration_proofs = count
    if count == P.calibration_proofs:
        self._rate(prover, P.first_reliability)

# What everybody may know.

@external
@view
def parameters() -> Parameters:
    return P

@external
@view
def prover(number: uint64) -> Prover:
    return self.provers[number]

@external
@view
def reward_address(number: uint64) -> address:
    return self.provers[number].reward_address

@external
@view
def owner(number: uint64) -> address:
    return self.provers[number].owner

@external
@view
def number_of(reward_address: address) -> (bool, uint64):
    """
    @notice Whether a prover is paid at this address, and the first such prover's number.
    """
    number: uint64 = self._numbers[reward_address]
    if number == 0:
        return False, 0
    return True, number - 1

@external
@view
def number_owned_by(owner: address) -> (bool, uint64):
    """
    @notice Whether this account owns a prover's bond, and the first such prover's number.
    """
    number: uint64 = self._owned[owner]
    if number == 0:
        return False, 0
    return True, number - 1

@external
@view
def place_price() -> uint256:
    """
    @notice The least bond that gets a place now, when its prover is calibrated: the minimum where one
            is free or somebody is late with its calibration.
    """
    return self._price()

@external
@view
def is_bonded(number: uint64) -> bool:
    """
    @notice Whether the prover may prove in the open stage.
    """
    return self._is_bonded(number)

@external
@view
def tickets() -> (DynArray[uint64, MAXIMUM_MEMBERS], DynArray[uint256, MAXIMUM_MEMBERS]):
    """
    @notice Numbers, ascending, and weights of all provers that have weight.
    """
    numbers: DynArray[uint64, MAXIMUM_MEMBERS] = []
    weights: DynArray[uint256, MAXIMUM_MEMBERS] = []
    for number: uint64 in self._members:
        if self._is_bonded(number) and self.provers[number].reliability > 0:
            numbers.append(number)
            weights.append((self.provers[number].bond + self.provers[number].delegated)
                           * self.provers[number].reliability)
    return numbers, weights

@external
@view
def covers(number: uint64, penalty: uint256) -> bool:
    """
    @notice Whether the bond covers the open duties and one more.
    """
    return self._covers(self.provers[number].bond, self.provers[number].liabilities + penalty)

@external
@view
def covering(numbers: DynArray[uint64, MAXIMUM_MEMBERS],
             penalty: uint256) -> DynArray[bool, MAXIMUM_MEMBERS]:
    """
    @notice The same for several provers.
    """
    answers: DynArray[bool, MAXIMUM_MEMBERS] = []
    for number: uint64 in numbers:
        answers.append(self._covers(
            self.provers[number].bond, self.provers[number].liabilities + penalty))
    return answers

@external
@view
def leaving_delegation(prover: uint64, delegator: address) -> Leaving:
    return self._leaving_delegations[prover][delegator]

@external
@view
def invariants() -> bool:
    """
    @notice taken = burned + bounties + returned + escrow; the balance holds what is owed; every
            member's bond covers its liabilities.
    """
    for number: uint64 in self._members:
        if not self._covers(self.provers[number].bond, self.provers[number].liabilities):
            return False
    return (self.taken == self.burned + self.bounties + self.returned + self.escrow
            and self.balance >= self.held)

@internal
@view
def _is_bonded(number: uint64) -> bool:
    return self.provers[number].bond >= P.minimum_bond and self.provers[number].placed

@internal
@view
def _covers(bond: uint256, liabilities: uint256) -> bool:
    return bond * FULL >= P.kappa * liabilities

@internal
@view
def _epoch() -> uint256:
    return staticcall CONSENSUS.epoch_of(staticcall CONSENSUS.current_slot())

@internal
@view
def _only_judge():
    assert msg.sender == self.judge, "only the contract of rewards judges duties"

@internal
@view
def _only_staying(number: uint64):
    assert number < self.prover_count, "there is no such prover"
    assert not self.provers[number].leaving, "the prover is leaving"

@internal
@view
def _is_calibrated(number: uint64) -> bool:
    return self.provers[number].calibration_proofs >= P.calibration_proofs

@internal
@view
def _last() -> (bool, uint64):
    """
    @notice Of a full list, the member whose place another may take: the first that is late with its
            calibration, True, or the first with the least bond.
    """
    epoch: uint256 = self._epoch()
    least: uint64 = self._members[0]
    for number: uint64 in self._members:
        if (not self._is_calibrated(number)
                and epoch > self.provers[number].placed_epoch + P.calibration_epochs):
            return True, number
        if self.provers[number].bond < self.provers[least].bond:
            least = number
    return False, least

@internal
@view
def _price() -> uint256:
    if len(self._members) < P.places:
        return P.minimum_bond
    late: bool = False
    last: uint64 = 0
    late, last = self._last()
    if late:
        return P.minimum_bond
    return max(P.minimum_bond, self.provers[last].bond + 1)

@internal
def _enter(number: uint64):
    """
    @notice Give a prover a place, in ascending order.
    """
    if len(self._members) == P.places:
        assert self._is_calibrated(number), "the places are taken: calibration comes first"
        late: bool = False
        last: uint64 = 0
        late, last = self._last()
        assert late or self.provers[number].bond > self.provers[last].bond, (
            "the places are taken, by larger bonds")
        self._part(last)
        log PlaceLost(prover=last, to=number)
    epoch: uint256 = self._epoch()
    self.provers[number].placed = True
    self.provers[number].placed_epoch = epoch
    place: uint256 = len(self._members)
    self._members.append(number)
    for _: uint256 in range(MAXIMUM_MEMBERS):
        if place == 0 or self._members[place - 1] < number:
            break
        self._members[place] = self._members[place - 1]
        place -= 1
    self._members[place] = number
    log PlaceTaken(prover=number, epoch=epoch)

@internal
def _part(number: uint64):
    """
    @notice Take a member out of the list; those after it move up.
    """
    self.provers[number].placed = False
    found: bool = False
    count: uint256 = len(self._members)
    for place: uint256 in range(count, bound=MAXIMUM_MEMBERS):
        if self._members[place] == number:
            found = True
        if found and place + 1 < count:
            self._members[place] = self._members[place + 1]
    self._members.pop()

@internal
def _rate(prover: uint64, reliability: uint256):
    self.provers[prover].reliability = reliability
    log ReliabilityChanged(prover=prover, reliability=reliability)

@internal
def _pay(receiver: address, amount: uint256):
    self.held -= amount
    log Withdrawn(receiver=receiver, amount=amount)
    raw_call(receiver, b"", value=amount)

@internal
def _changed(prover: uint64):
    log BondChanged(prover=prover, bond=self.provers[prover].bond,
                    delegated=self.provers[prover].delegated,
                    liabilities=self.provers[prover].liabilities)
