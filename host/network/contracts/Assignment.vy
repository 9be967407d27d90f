# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Who proves: the lottery among provers
@notice The rules of proofmill.host.network.mechanism.lottery; everything is public one epoch ahead.

        In the first block of epoch x the tickets of all provers are recorded, before the block's
        transactions: tickets(x). For slot s of epoch e, with mix(e - 2) and tickets(e - 2), which
        were taken before any reveal of epoch e - 2 was mixed in (the genesis mix and tickets(0)
        for epochs 0 and 1):

            seed      = keccak256(SLOT_DOMAIN, mix, s)
            number(j) = keccak256(seed, j) modulo the weights still in

        each argument one word of 32 bytes. A number goes to the first prover, in ascending order,
        whose running sum of weights exceeds it: j = 0 the primary, j = 1 to k the committee,
        without replacement and without the slot's proposer. Passed over is who has not the bond
        for the duty. Tickets of an epoch that had no block are those of the one before.
"""

interface Consensus:
    def mix_for(slot: uint256) -> (bool, bytes32): view
    def epoch_of(slot: uint256) -> uint256: view

interface Bonds:
    def tickets() -> (DynArray[uint64, 128], DynArray[uint256, 128]): view
    def covering(numbers: DynArray[uint64, 128], penalty: uint256) -> DynArray[bool, 128]: view
    def number_of(reward_address: address) -> (bool, uint64): view

event TicketsTaken:
    epoch: indexed(uint256)
    provers: uint256

MAXIMUM_MEMBERS: constant(uint256) = 128
MAXIMUM_COMMITTEE: constant(uint256) = 8
SNAPSHOTS: constant(uint256) = 64  # that are kept: more than any window has blocks
LOOK_BACK: constant(uint256) = 4  # epochs in which tickets are looked for
NUMBER_BITS: constant(uint256) = 64
NUMBER_MASK: constant(uint256) = 2 ** 64 - 1
NOBODY: constant(uint64) = max_value(uint64)

CONSENSUS: immutable(Consensus)
CONSENSUS_ADDRESS: immutable(address)
BONDS: immutable(Bonds)
COMMITTEE: public(immutable(uint256))

_taken: uint256
_places: HashMap[uint256, uint256]  # where the tickets of an epoch are, or were
_epochs: uint256[SNAPSHOTS]  # whose tickets those are, plus 1
_counts: uint256[SNAPSHOTS]
_tickets: HashMap[uint256, HashMap[uint256, uint256]]  # weight * 2^64 + prover's number

@deploy
def __init__(consensus: address, bonds: address, committee: uint256):
    assert committee <= MAXIMUM_COMMITTEE, "the committee is too large"
    CONSENSUS = Consensus(consensus)
    CONSENSUS_ADDRESS = consensus
    BONDS = Bonds(bonds)
    COMMITTEE = committee

@external
def take_snapshot(epoch: uint256):
    """
    @notice Record the tickets: by the contract of the consensus layer, once an epoch.
    """
    assert msg.sender == CONSENSUS_ADDRESS, "only the protocol starts an epoch"
    place: uint256 = self._taken % SNAPSHOTS
    self._taken += 1
    self._places[epoch] = place
    numbers: DynArray[uint64, MAXIMUM_MEMBERS] = []
    weights: DynArray[uint256, MAXIMUM_MEMBERS] = []
    numbers, weights = staticcall BONDS.tickets()
    for index: uint256 in range(len(numbers), bound=MAXIMUM_MEMBERS):
        # 192 bits are enough: all wei there are, times 10000, have 101.
        self._tickets[place][index] = (
            (weights[index] << NUMBER_BITS) | convert(numbers[index], uint256))
    self._epochs[place] = epoch + 1
    self._counts[place] = len(numbers)
    log TicketsTaken(epoch=epoch, provers=len(numbers))

@external
@view
def tickets_for(slot: uint256) -> (
        bool, DynArray[uint64, MAXIMUM_MEMBERS], DynArray[uint256, MAXIMUM_MEMBERS]):
    """
    @notice Whether there are tickets for the draw of a slot; provers and weights.
    """
    return self._tickets_for(slot)

@external
@view
def draw(slot: uint256, penalty: uint256, proposer: address) -> (
        uint64, DynArray[uint64, MAXIMUM_COMMITTEE]):
    """
    @notice The primary, `NOBODY` if there is none, and the committee of a slot.
    @param penalty What a miss of the primary costs.
    @param proposer Of the slot: never in the committee, if a prover is paid at this address.
    """
    primary: uint64 = NOBODY
    committee: DynArray[uint64, MAXIMUM_COMMITTEE] = []
    known: bool = False
    mix: bytes32 = empty(bytes32)
    known, mix = staticcall CONSENSUS.mix_for(slot)
    if not known:
        return primary, committee
    numbers: DynArray[uint64, MAXIMUM_MEMBERS] = []
    weights: DynArray[uint256, MAXIMUM_MEMBERS] = []
    known, numbers, weights = self._tickets_for(slot)
    if not known or len(numbers) == 0:
        return primary, committee
    count: uint256 = len(numbers)
    covering: DynArray[bool, MAXIMUM_MEMBERS] = staticcall BONDS.covering(numbers, penalty)
    total: uint256 = 0
    for index: uint256 in range(count, bound=MAXIMUM_MEMBERS):
        if not covering[index]:
            weights[index] = 0
        total += weights[index]
    proposes: bool = False
    proposing: uint64 = 0
    proposes, proposing = staticcall BONDS.number_of(proposer)
    seed: bytes32 = keccak256(concat(
        keccak256("proofmill.lottery.slot.1"), mix, convert(slot, bytes32)))
    for number: uint256 in range(COMMITTEE + 1, bound=MAXIMUM_COMMITTEE + 1):
        if total == 0:
            break
        ticket: uint256 = convert(
            keccak256(concat(seed, convert(number, bytes32))), uint256) % total
        for index: uint256 in range(count, bound=MAXIMUM_MEMBERS):
            if ticket < weights[index]:
                if number == 0:
                    primary = numbers[index]
                else:
                    committee.append(numbers[index])
                total -= weights[index]
                weights[index] = 0
                break
            ticket -= weights[index]
        if number == 0 and proposes:
            for index: uint256 in range(count, bound=MAXIMUM_MEMBERS):
                if numbers[index] == proposing:
                    total -= weights[index]
                    weights[index] = 0
    return primary, committee

@internal
@view
def _tickets_for(slot: uint256) -> (
        bool, DynArray[uint64, MAXIMUM_MEMBERS], DynArray[uint256, MAXIMUM_MEMBERS]):
    numbers: DynArray[uint64, MAXIMUM_MEMBERS] = []
    weights: DynArray[uint256, MAXIMUM_MEMBERS] = []
    epoch: uint256 = staticcall CONSENSUS.epoch_of(slot)
    if epoch >= 2:
        epoch -= 2
    else:
        epoch = 0
    place: uint256 = SNAPSHOTS
    for back: uint256 in range(LOOK_BACK):
        if back > epoch:
            break
        if self._epochs[self._places[epoch - back]] == epoch - back + 1:
            place = self._places[epoch - back]
            break
    if place == SNAPSHOTS:
        return False, numbers, weights
    for index: uint256 in range(self._counts[place], bound=MAXIMUM_MEMBERS):
        entry: uint256 = self._tickets[place][index]
        numbers.append(convert(entry & NUMBER_MASK, uint64))
        weights.append(entry >> NUMBER_BITS)
    return True, numbers, weights
