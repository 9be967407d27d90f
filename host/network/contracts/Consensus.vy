# pragma version ^0.4.0
# @license Apache-2.0
"""
@title What contracts know of the consensus layer
@notice A call by the protocol at the start of every block, as EIP-4788's, brings what the state of
        the chain knows and its machine does not: the parent block's payload, what its proof has to
        state, and the finalised slot. Every node makes the same call, since it is part of executing
        the block; a block with another is invalid. Nobody else can write here.

        Randomness. Within a block, `block.prevrandao` is the RANDAO mix before that block's own
        reveal. So the first block after epoch e sees exactly the final mix of e: that is recorded
        as mix(e). An epoch without any block mixes nothing in, so it has the mix of the one before.
        Epochs 0 and 1 draw from the genesis mix.

        Where mixes go through a delay function (`DELAYED`), another call of the protocol comes before
        this one in the first block of an epoch e from 2 on: with what the function made of the final mix
        of e - 2, whose proof every node has checked. Then that is mix(e - 2), and `prevrandao` is not used.

        Order within the call in the block of slot x, the block before being of slot l: the
        parent's payload is opened, slot l is closed (proofmill.host.network.mechanism.ledger does the
        same; the empty slots in between change nothing), then, in the first block of an epoch, weights are frozen.

        Where witnesses of proofs count, a third call, after this one, says what they had.

        On a chain whose protocol does not know this contract, `system` has to be an oracle that is
        trusted with these values; the other contracts do not notice.
"""

struct Statement:
    slot: uint256
    payload_root: bytes32
    old_root: uint256
    new_root: uint256
    commitment: uint256
    base: uint256  # B_s, layer 1's base of the slot, in wei
    load: uint256  # G_s in basis points
    proposer: address  # who is paid layer 1's fees of that block

struct Witnessed:
    slot: uint256  # more than half of whose witnesses had the proof
    proven: uint256  # the slot of its payload
    payload_root: bytes32
    prover: uint64

event Connected:
    assignment: address
    rewards: address

HISTORY: constant(uint256) = 256  # payloads and epochs that are kept
MAXIMUM_TOLD: constant(uint256) = 64  # what a block says of witnesses

GENESIS_TIME: public(immutable(uint256))
SECONDS_PER_SLOT: public(immutable(uint256))
SLOTS_PER_EPOCH: public(immutable(uint256))
SYSTEM: public(immutable(address))
GENESIS_MIX: public(immutable(bytes32))
DELAYED: public(immutable(bool))
DEPLOYER: immutable(address)

assignment: public(address)
rewards: public(address)
last_slot: public(uint256)  # of the latest block that has reported
finalized_slot: public(uint256)
failed_hooks: public(uint256)  # calls to the other contracts that failed, to be made up for
_divided: uint256  # a bit each for the slots before the latest report's, the last slot lowest
_snapshot_due: bool  # the weights of the running epoch are not frozen yet
_statement_count: uint256
_statements: HashMap[uint256, Statement]  # by their number modulo HISTORY
_places: HashMap[uint256, uint256]  # where the statement of a slot is, or was
_mixes: HashMap[uint256, bytes32]  # by epoch modulo HISTORY
_mix_epochs: HashMap[uint256, uint256]  # whose mix that is, plus 1
_batches: HashMap[bytes32, bool]  # of all payloads, by old root, new root and commitment

@deploy
def __init__(genesis_time: uint256, seconds_per_slot: uint256, slots_per_epoch: uint256,
             genesis_mix: bytes32, system: address, delayed: bool):
    assert seconds_per_slot > 0 and slots_per_epoch > 0, "slots and epochs cannot be empty"
    GENESIS_TIME = genesis_time
    SECONDS_PER_SLOT = seconds_per_slot
    SLOTS_PER_EPOCH = slots_per_epoch
    GENESIS_MIX = genesis_mix
    SYSTEM = system
    DELAYED = delayed
    DEPLOYER = msg.sender

@external
def connect(assignment: address, rewards: address):
    """
    @notice Name the contracts that are told of every block: once, by who created this contract.
    """
    assert msg.sender == DEPLOYER, "only the creator connects contracts"
    assert self.rewards == empty(address), "contracts are connected already"
    self.assignment = assignment
    self.rewards = rewards
    log Connected(assignment=assignment, rewards=rewards)

@external
@view
def current_slot() -> uint256:
    """
    @notice The slot of the block this runs in.
    """
    return self._slot()

@external
@view
def epoch_of(slot: uint256) -> uint256:
    return slot // SLOTS_PER_EPOCH

@external
def on_delayed_mix(mix: bytes32):
    """
    @notice The protocol's call before `on_block` in the first block of an epoch from 2 on, where mixes go
            through a delay function.
    @param mix What the function made of the final mix of two epochs before.
    """
    assert msg.sender == SYSTEM, "only the protocol reports blocks"
    assert DELAYED, "mixes draw as they are here"
    epoch: uint256 = self._slot() // SLOTS_PER_EPOCH
    assert epoch >= 2 and epoch > self.last_slot // SLOTS_PER_EPOCH, "no mix is due in this block"
    self._mixes[(epoch - 2) % HISTORY] = mix
    self._mix_epochs[(epoch - 2) % HISTORY] = epoch - 1

@external
def on_block(parent: Statement, finalized_slot: uint256, divided: uint256):
    """
    @notice The protocol's call at the start of a block.
    @param parent What the parent block's proof has to state; slot 0 where there is nothing to prove.
    @param finalized_slot The slot of the latest finalised block in the parent's state.
    @param divided In which of the HISTORY slots before the block's the network was divided, by the
           votes on this branch up to the parent block: bit 0 is the slot before the block's.
    """
    assert msg.sender == SYSTEM, "only the protocol reports blocks"
    slot: uint256 = self._slot()
    last: uint256 = self.last_slot
    assert slot > last, "this slot has reported already"
    assert parent.slot < slot, "the parent is not before the block"
    assert finalized_slot >= self.finalized_slot and finalized_slot < slot, "finality went back"
    epoch: uint256 = slot // SLOTS_PER_EPOCH
    self.last_slot = slot
    self.finalized_slot = finalized_slot
    self._divided = divided
    for back: uint256 in range(1, 9):
        if DELAYED or epoch < last // SLOTS_PER_EPOCH + back:
            break
        self._mixes[(epoch - back) % HISTORY] = block.prevrandao
        self._mix_epochs[(epoch - back) % HISTORY] = epoch - back + 1
    if parent.slot > 0:
        place: uint256 = self._statement_count % HISTORY
        self._statement_count += 1
        self._statements[place] = parent
        self._places[parent.slot] = place
        self._batches[keccak256(abi_encode(
            parent.old_root, parent.new_root, parent.commitment))] = True
    # A failure in there must not stop the chain, and the next block makes up for it: payloads that are
    # not opened are opened then, weights that are not frozen are frozen then. Each has
    # half of the gas that is left, so that one that uses all of its own leaves enough.
    if self.rewards != empty(address):
        if not raw_call(self.rewards, abi_encode(
                slot, parent.slot, method_id=method_id("on_block(uint256,uint256)")),
                gas=msg.gas // 2, revert_on_failure=False):
            self.failed_hooks += 1
    if epoch > last // SLOTS_PER_EPOCH or last == 0:
        self._snapshot_due = True
    if self.assignment != empty(address) and self._snapshot_due:
        self._snapshot_due = False
        if not raw_call(self.assignment, abi_encode(
                epoch, method_id=method_id("take_snapshot(uint256)")),
                gas=msg.gas // 2, revert_on_failure=False):
            self.failed_hooks += 1
            self._snapshot_due = True

@external
def on_witnesses(told: DynArray[Witnessed, MAXIMUM_TOLD]):
    """
    @notice The protocol's call after `on_block`, in a block that says whose proofs witnesses had.
    """
    assert msg.sender == SYSTEM, "only the protocol reports blocks"
    assert self.last_slot == self._slot(), "the block has not reported"
    if self.rewards != empty(address):
        if not raw_call(self.rewards, abi_encode(
                told, method_id=method_id("on_witnesses((uint256,uint256,bytes32,uint64)[])")),
                gas=msg.gas // 2, revert_on_failure=False):
            self.failed_hooks += 1

@external
@view
def statement(slot: uint256) -> Statement:
    """
    @notice What the proof of a slot's payload has to state; refused where nothing is known.
    """
    known: Statement = self._statements[self._places[slot]]
    assert slot > 0 and known.slot == slot, "no payload of this slot is known"
    return known

@external
@view
def has_statement(slot: uint256) -> bool:
    """
    @notice Whether it is known what the proof of a slot's payload has to state.
    """
    return slot > 0 and self._statements[self._places[slot]].slot == slot

@external
@view
def has_batch(old_root: uint256, new_root: uint256, commitment: uint256) -> bool:
    """
    @notice Whether a payload of this branch has a batch with this commitment, which takes the ledger from one root to
            the other. Unlike statements this is known for good: a batch may be proven late.
    """
    return self._batches[keccak256(abi_encode(old_root, new_root, commitment))]

@external
@view
def was_divided(first: uint256, last: uint256) -> bool:
    """
    @notice Whether the network was divided in one of the slots from `first` to `last`, as far as the votes up to
            the latest report's parent say; what lies HISTORY slots and more before it is forgotten.
    """
    end: uint256 = min(last + 1, self.last_slot)
    begin: uint256 = first
    if self.last_slot > HISTORY:
        begin = max(first, self.last_slot - HISTORY)
    if begin >= end:
        return False
    wanted: uint256 = max_value(uint256)
    if end - begin < HISTORY:
        wanted = (1 << (end - begin)) - 1
    return self._divided & (wanted << (self.last_slot - end)) != 0

@external
@view
def mix_for(slot: uint256) -> (bool, bytes32):
    """
    @notice Whether the mix that the draw for a slot uses is known, and the mix: the final one of two
            epochs before the slot's, or the genesis mix.
    """
    epoch: uint256 = slot // SLOTS_PER_EPOCH
    if epoch < 2:
        return True, GENESIS_MIX
    if self._mix_epochs[(epoch - 2) % HISTORY] != epoch - 1:
        return False, empty(bytes32)
    return True, self._mixes[(epoch - 2) % HISTORY]

@internal
@view
def _slot() -> uint256:
    if block.timestamp < GENESIS_TIME:
        return 0    # provers may bond before
    return (block.timestamp - GENESIS_TIME) // SECONDS_PER_SLOT
