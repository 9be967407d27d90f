# pragma version ^0.4.0
# @license Apache-2.0
"""
@title What a beacon chain's blocks say, reported by anybody and proven by headers
@notice Consensus's `system` on a machine whose protocol does not know the beacon chain. In every slot with a block
        anybody may report it, with a deposit: the parent block's payload and what its proof has to state. A report counts
        at once, since delays and the lottery do, and pays nothing: it stays provisional until headers lead from
        a checkpoint that FinalityCertificate holds as final back to its block. A report that they contradict is void: what
        hangs on it is never paid, nobody pays for it, and its deposit is burned. One that they confirm holds.

        Not reported, since this contract knows it: layer 1's base B, from the totals of a registry that certificates name;
        the finalised slot, that of the last proven block; and where the network counts as divided, epochs that no
        certificate justifies.

        A payload is known here by its slot and its block hash, which the bid in the next block names (EIP-7732). As each slot
        is spoken of once, so is each name: who lies about one slot cannot use up the name that the next report needs.
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

struct Checkpoint:
    epoch: uint256
    root: bytes32

interface Consensus:
    def on_block(parent: Statement, finalized_slot: uint256, divided: uint256): nonpayable
    def current_slot() -> uint256: view
    def failed_hooks() -> uint256: view
    def SLOTS_PER_EPOCH() -> uint256: view

interface Finality:
    def finalized() -> Checkpoint: view
    def root_of(epoch: uint256) -> bytes32: view
    def registry_of(epoch: uint256) -> uint256: view

interface Poseidon9:
    def hash(inputs: uint256[9]) -> uint256: view

struct Said:  # what a report says of the block before; all zero where that has no payload to prove
    slot: uint256
    payload: bytes32  # its block hash
    old_root: uint256  # the ledger's, before it
    new_root: uint256
    commitment: uint256
    proposer: address  # whom its fees go to

struct Report:
    slot: uint256
    said: bytes32  # keccak256 of it
    reporter: address  # empty once the deposit has been given back or burned

struct Header:  # a beacon block's, without the parent's root
    slot: uint256
    proposer: uint256
    state_root: bytes32
    body_root: bytes32

struct Block:
    header: Header
    payload: Bytes[MOST_HEADER]  # the RLP header of the block's parent's payload; empty where that has none
    branch: DynArray[bytes32, DEEPEST]  # from its hash, in the bid, to the body's root, leaf first

event Reported:
    slot: indexed(uint256)
    reporter: indexed(address)
    payload: bytes32
event Proven:
    slot: indexed(uint256)
    root: bytes32
event Released:
    slot: indexed(uint256)
    held: bool

MOST_HEADER: constant(uint256) = 1024
MOST_BLOCKS: constant(uint256) = 64  # that are proven at once
MOST_HEADERS: constant(uint256) = 256  # that are linked at once
MOST_LOOKED: constant(uint256) = 64  # reports in the time of one duty: a window has 32 blocks at most
DEEPEST: constant(uint256) = 32
AHEAD: constant(uint256) = 4  # epochs that a registry looks ahead
LAST: constant(uint256) = 2 ** 64 - 1
EMPTY_PAIR: constant(bytes32) = 0xf5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b  # sha256 of 64 zeros
REGISTRY_DOMAIN: constant(uint256) = 3031565469735622899302261554122965861733987498123180083507151666490930  # proofmill.finality-registry.2
LOW: constant(uint256) = 2 ** 128 - 1

FULL_LOAD: constant(uint256) = 10_000  # every batch has one size
INCREMENT: constant(uint256) = 1_000_000_000  # EFFECTIVE_BALANCE_INCREMENT, in gwei
FACTOR: constant(uint256) = 64  # BASE_REWARD_FACTOR
GWEI_WEI: constant(uint256) = 1_000_000_000

UNKNOWN: constant(uint256) = 0
HOLDS: constant(uint256) = 1
VOID: constant(uint256) = 2

# Places in the RLP of a header, after the list's three bytes; the items before the bloom have one length each.
PARENT: constant(uint256) = 3
FEES: constant(uint256) = 69
STATE: constant(uint256) = 90
DIFFICULTY: constant(uint256) = 448

FINALITY: public(immutable(address))
HASH9: public(immutable(address))
DEPOSIT: public(immutable(uint256))
BID: public(immutable(uint256))  # generalized index, in a block's body, of the hash of the payload before it
DEPLOYER: immutable(address)

consensus: public(address)
slots_per_epoch: uint256
proven_root: public(bytes32)  # of the last block that headers have proven
proven_slot: public(uint256)
payload: public(bytes32)  # the hash of the last payload before it, and the ledger's root after that
ledger: public(uint256)
opened_epoch: public(uint256)  # of the registry whose totals B is of
totals: public(uint256[AHEAD])
count: public(uint256)  # of reports
stated_slot: public(uint256)  # the last whose payload a report has spoken of
_reports: HashMap[uint256, Report]  # by number, from 1
_numbers: HashMap[uint256, uint256]  # by slot
_proven: HashMap[uint256, bytes32]  # by slot of a proven block: what a report of it has to say
_linked: HashMap[bytes32, bool]  # blocks before a final one

@deploy
def __init__(finality: address, hash9: address, deposit: uint256, bid: uint256, root: bytes32, slot: uint256,
             payload: bytes32, ledger: uint256):
    """
    @param hash9 Poseidon of 9 numbers
    @param deposit Of a report, in wei
    @param bid The generalized index, in a beacon block's body, of the hash of the payload before it
    @param root The beacon block from which headers are followed, which whoever creates this vouches for, as for the rest
    @param slot That block's
    @param payload The hash of the last payload up to there
    @param ledger The ledger's root after it
    """
    assert finality.is_contract and hash9.is_contract, "there is no contract at this address"
    assert bid > 1 and bid < 2 ** DEEPEST, "no place of a payload's hash"
    FINALITY = finality
    HASH9 = hash9
    DEPOSIT = deposit
    BID = bid
    DEPLOYER = msg.sender
    self.proven_root = root
    self.proven_slot = slot
    self.payload = payload
    self.ledger = ledger

@external
def connect(consensus: address):
    """
    @notice Name the contract that is told of reports: once, by who created this one.
    """
    assert msg.sender == DEPLOYER, "only the creator connects contracts"
    assert self.consensus == empty(address), "a contract is connected already"
    self.consensus = consensus
    self.slots_per_epoch = staticcall Consensus(consensus).SLOTS_PER_EPOCH()

@external
def open(epoch: uint256, tree: uint256, totals: uint256[AHEAD], domain: bytes32):
    """
    @notice Have B go by the totals of the registry of a justified checkpoint, the same epoch's or a later one than those
            it goes by. Anybody may: the registry's parts are what its commitment says.
    """
    assert epoch >= self.opened_epoch, "a later registry is open"
    known: uint256 = staticcall Finality(FINALITY).registry_of(epoch)
    assert known != 0, "no registry of this epoch is known"
    of_fork: uint256 = convert(domain, uint256)
    assert known == staticcall Poseidon9(HASH9).hash([
        REGISTRY_DOMAIN, tree, epoch, totals[0], totals[1], totals[2], totals[3], of_fork >> 128, of_fork & LOW]), (
        "the registry has other parts")
    self.opened_epoch = epoch
    self.totals = totals

@external
@payable
def report(said: Said):
    """
    @notice Report the block of the running slot: that there is one, and what it says of the block before. The first
            report of a slot is the only one, and the first that speaks of a payload says what proofs of it state.
    """
    assert msg.value == DEPOSIT, "a report comes with its deposit"
    consensus: address = self.consensus
    slot: uint256 = staticcall Consensus(consensus).current_slot()
    failed: uint256 = staticcall Consensus(consensus).failed_hooks()
    number: uint256 = self.count + 1
    self.count = number
    self._reports[number] = Report(slot=slot, said=keccak256(abi_encode(said)), reporter=msg.sender)
    self._numbers[slot] = number
    # What a proof has to state is said once: no later report changes it.
    statement: Statement = empty(Statement)
    if said.slot > self.stated_slot:
        self.stated_slot = said.slot
        statement = Statement(
            slot=said.slot, payload_root=keccak256(abi_encode(said.slot, said.payload)),
            old_root=said.old_root, new_root=said.new_root, commitment=said.commitment, base=self._base(said.slot),
            load=FULL_LOAD, proposer=said.proposer)
    extcall Consensus(consensus).on_block(statement, self.proven_slot, 0)
    # Who reports decides how much gas there is, and must not use that to keep proofs out.
    assert staticcall Consensus(consensus).failed_hooks() == failed, "a call to the contracts failed: more gas"
    log Reported(slot=slot, reporter=msg.sender, payload=said.payload)

@external
def prove(blocks: DynArray[Block, MOST_BLOCKS]):
    """
    @notice Show the blocks that come after the last proven one, up to a final one: the last final checkpoint's, or one
            that was linked to such. All that was reported of their slots holds from now on, or is void.
    """
    root: bytes32 = self.proven_root
    slot: uint256 = self.proven_slot
    payload: bytes32 = self.payload
    ledger: uint256 = self.ledger
    for each: Block in blocks:
        assert each.header.slot > slot, "blocks come in the order of their slots"
        said: Said = empty(Said)
        if len(each.payload) > 0:
            parent: bytes32 = empty(bytes32)
            parent, said = self._read(each.payload)
            assert parent == payload, "the payload does not go on from the one before"
            said.slot = slot
            said.old_root = ledger
            payload = said.payload
            ledger = said.new_root
        assert self._above(payload, each.branch) == each.header.body_root, "the block's bid names another payload"
        root = self._root(each.header, root)
        slot = each.header.slot
        self._proven[slot] = keccak256(abi_encode(said))
    assert self._is_final(root), "the last block is not known to be final"
    self.proven_root = root
    self.proven_slot = slot
    self.payload = payload
    self.ledger = ledger
    log Proven(slot=slot, root=root)

@external
def link(root: bytes32, headers: DynArray[Header, MOST_HEADERS], parents: DynArray[bytes32, MOST_HEADERS]):
    """
    @notice Show, the latest first, blocks that lead back from a final one, so that `prove` may go up to the parent of
            the last: for times without finality that have more blocks than one call proves, and for
            a block that was final when another became so.
    @param root The final block's, whose header is the first
    @param parents Of each header, its parent's root
    """
    assert self._is_final(root), "the first block is not known to be final"
    assert len(headers) == len(parents), "each header has a parent"
    wanted: bytes32 = root
    for place: uint256 in range(len(headers), bound=MOST_HEADERS):
        assert self._root(headers[place], parents[place]) == wanted, "this is not the header of the next one's parent"
        wanted = parents[place]
    self._linked[root] = True
    self._linked[wanted] = True

@external
def release(slots: DynArray[uint256, MOST_BLOCKS]):
    """
    @notice Give back the deposits of reports that hold, and burn those of void ones. Slots without a deposit, since it is
            gone or nobody reported, are passed over: anybody may have come first.
    """
    for slot: uint256 in slots:
        number: uint256 = self._numbers[slot]
        reporter: address = self._reports[number].reporter
        assert slot <= self.proven_slot, "it is not known yet whether the report holds"
        if reporter == empty(address):
            continue
        self._reports[number].reporter = empty(address)
        held: bool = self._holds(number)
        if not held:
            reporter = empty(address)
        log Released(slot=slot, held=held)
        raw_call(reporter, b"", value=DEPOSIT)

# What everybody may know.

@external
@view
def standing(first: uint256, last: uint256) -> uint256:
    """
    @notice What is known of the reports after slot `first`, up to that of slot `last`, which has one: 0 not all yet, 1
            they hold, 2 one of them is void.
    """
    return self._standing(first, last)

@external
@view
def was_excused(first: uint256, last: uint256) -> bool:
    """
    @notice Whether a duty of slot `first` that ended with that of `last` costs nothing: a report in this time is void,
            or no certificate has justified one of its epochs. To be asked when the reports are known.
    """
    if self._standing(first, last) == VOID:
        return True
    for epoch: uint256 in range(first // self.slots_per_epoch, last // self.slots_per_epoch + 1, bound=LAST):
        if staticcall Finality(FINALITY).root_of(epoch) == empty(bytes32):
            return True
    return False

@external
@view
def base(slot: uint256) -> uint256:
    """
    @notice B of a slot as a report would have it now, in wei.
    """
    return self._base(slot)

@external
@view
def reported(slot: uint256) -> Report:
    """
    @notice The report of a slot; of slot 0 where there is none.
    """
    return self._reports[self._numbers[slot]]

@internal
@view
def _standing(first: uint256, last: uint256) -> uint256:
    if last > self.proven_slot:
        return UNKNOWN
    number: uint256 = self._numbers[last]
    for _: uint256 in range(MOST_LOOKED):
        if number == 0 or self._reports[number].slot <= first:
            break
        if not self._holds(number):
            return VOID
        number -= 1
    return HOLDS

@internal
@view
def _holds(number: uint256) -> bool:
    return self._reports[number].said == self._proven[self._reports[number].slot]

@internal
@view
def _base(slot: uint256) -> uint256:
    """
    @notice base_reward_per_increment * increments / slots_per_epoch, of the active balance in the slot's epoch as the
            registry foresees it, or in the last that it does.
    """
    epoch: uint256 = slot // self.slots_per_epoch
    ahead: uint256 = 1
    if epoch > self.opened_epoch:
        ahead = min(epoch - self.opened_epoch, AHEAD)
    total: uint256 = self.totals[ahead - 1]
    assert total > 0, "no registry is open"
    return INCREMENT * FACTOR // isqrt(total) * (total // INCREMENT) // self.slots_per_epoch * GWEI_WEI

@internal
@view
def _is_final(root: bytes32) -> bool:
    return self._linked[root] or (staticcall Finality(FINALITY).finalized()).root == root

@internal
@view
def _above(leaf: bytes32, branch: DynArray[bytes32, DEEPEST]) -> bytes32:
    node: bytes32 = leaf
    index: uint256 = BID
    for sibling: bytes32 in branch:
        if index & 1 == 1:
            node = sha256(concat(sibling, node))
        else:
            node = sha256(concat(node, sibling))
        index >>= 1
    assert index == 1, "the branch has another length"
    return node

@internal
@pure
def _root(header: Header, parent: bytes32) -> bytes32:
    """
    @notice The hash tree root of a BeaconBlockHeader, which is that of its block.
    """
    left: bytes32 = sha256(concat(sha256(concat(self._little(header.slot), self._little(header.proposer))),
                                  sha256(concat(parent, header.state_root))))
    right: bytes32 = sha256(concat(sha256(concat(header.body_root, empty(bytes32))), EMPTY_PAIR))
    return sha256(concat(left, right))

@internal
@pure
def _little(number: uint256) -> bytes32:
    """
    @notice A number of 64 bits as SSZ has it: little-endian, filled up with zeros.
    """
    assert number <= LAST, "the number has more than 64 bits"
    rest: uint256 = number
    turned: uint256 = 0
    for _: uint256 in range(8):
        turned = turned << 8 | rest & 255
        rest >>= 8
    return convert(turned << 192, bytes32)

@internal
@pure
def _read(header: Bytes[MOST_HEADER]) -> (bytes32, Said):
    """
    @notice The parent's hash, and what a payload's header says: its hash, the ledger's root after it, the batch's
            commitment and whom fees go to.
    """
    assert self._byte(header, 0) == 249 and self._byte(header, PARENT) == 160, "no header"
    assert self._byte(header, FEES) == 148 and self._byte(header, STATE) == 160, "no header"
    at: uint256 = DIFFICULTY
    for _: uint256 in range(5):  # difficulty, number, gas limit, gas used, timestamp
        first: uint256 = self._byte(header, at)
        assert first <= 160, "no header"
        at += 1
        if first > 128:
            at += first - 128
    assert self._byte(header, at) == 160, "the extra data is no commitment"
    said: Said = empty(Said)
    said.payload = keccak256(header)
    said.new_root = convert(convert(slice(header, STATE + 1, 32), bytes32), uint256)
    said.commitment = convert(convert(slice(header, at + 1, 32), bytes32), uint256)
    said.proposer = convert(convert(slice(header, FEES + 1, 20), bytes20), address)
    return convert(slice(header, PARENT + 1, 32), bytes32), said

@internal
@pure
def _byte(data: Bytes[MOST_HEADER], at: uint256) -> uint256:
    return convert(slice(data, at, 1), uint256)
