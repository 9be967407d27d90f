# pragma version ^0.4.0
# @license Apache-2.0
"""
@title The coins of a ledger of accounts with keys (proofmill.host.prover.circuits.rollup)
@notice Holds what the accounts of the ledger have together. All that is known here of the ledger is its root, which a
        proof takes from one batch to the next.

        In: a deposit is a request in a queue; batches take requests in the order of the queue, before all else. A request
        that is older than DUE must be in the next batch, or the next batch must hold nothing but requests.
        Out: an exit that an account's key has signed is in a batch; what a batch pays is hashed into a tree here, and is
        paid out with a branch of that tree, once.
        Against censorship: an account's owner, an address, requests that all it has leaves to that address. No batch can
        pass by a request. Whoever proves a batch may hand it in, so nobody's leave is needed either.
        If nobody proves any more: a request that is older than STOP lets anybody end the ledger, for good. Then every
        account is paid out to its owner with a branch of the last proven root, once, and what the queue still holds goes
        back to who paid it in.

        A batch's words (proofmill.host.prover.circuits.rollup.kinds) are made here, from the queue and from the data, and
        the proof is for these words: its commitment is Poseidon of a hash C over the words that the circuit has, of a
        point z and of the value at z of the polynomial whose coefficients are the words. C comes with the proof. z is a
        Keccak hash over C and the words made here. So it is known only after both lists are fixed, and if these differ,
        so do the values, but for a chance of the list's length in 2^248.

        A ledger may begin with accounts, whose coins come with the creation. That the root is theirs nobody proves: whoever
        reads the events can compare (proofmill ledger rebuild does).

        Whose batches: where BLOCKS is no address, anybody's. Where it is the contract of a chain whose blocks have the batches,
        those and no others, whoever proves them. Then it is the chain's nodes that see to it that requests are taken before
        all else, in the first block that has a place, and DUE means nothing: a proof that comes late is not to blame.

        One unit of the ledger is 10^9 wei. There is nobody here who may change anything.
"""

struct Request:
    kind: uint8
    number: uint256  # the account's
    amount: uint256  # a deposit's, in units; what a forced exit takes is 0 in the queue
    x: uint256  # of the key of an account that is opened
    y: uint256
    who: address  # who paid a deposit in, or whom a forced exit pays

struct First:
    x: uint256
    y: uint256
    balance: uint256
    owner: address

interface Blocks:
    def has_batch(old_root: uint256, new_root: uint256, commitment: uint256) -> bool: view

interface Poseidon2:
    def root(leaf: uint256, place: uint256, siblings: DynArray[uint256, 32]) -> uint256: view
    def empty_root(depth: uint256) -> uint256: view

interface Poseidon4:
    def hash(inputs: uint256[4]) -> uint256: view

interface Verifier:
    def verify(proof: uint256[8], signals: uint256[4]) -> bool: view

event Began:
    number: indexed(uint256)
    account: First
event Requested:
    place: indexed(uint256)
    number: indexed(uint256)
    request: Request
event Proven:
    batch: indexed(uint256)
    requests: uint256
    root: uint256
    data: Bytes[MAXIMUM_DATA]
event Paid:
    batch: indexed(uint256)
    place: uint256
    receiver: indexed(address)
    amount: uint256
event Frozen:
    batches: uint256
event Escaped:
    number: indexed(uint256)
    amount: uint256
event Reclaimed:
    place: indexed(uint256)
    amount: uint256

SLOTS: public(constant(uint256)) = 64  # places of a batch; the circuit's
WORDS: constant(uint256) = 3 * SLOTS
MAXIMUM_DATA: constant(uint256) = 4 + 37 * SLOTS
LEVELS: constant(uint256) = 6  # of the tree over a batch's exits
FIRST: constant(uint256) = 64  # accounts that a ledger may begin with
UNIT: constant(uint256) = 10 ** 9
MOST: constant(uint256) = 2 ** 64  # all balances together stay below
R: constant(uint256) = 21888242871839275222246405745257275088548364400416034343698204186575808495617
EDWARDS_A: constant(uint256) = 168700
EDWARDS_D: constant(uint256) = 168696
BINDING_DOMAIN: constant(uint256) = 2507652182250519630994400439385580653395783217  # "proofmill.binding.1"
OPEN: constant(uint8) = 2
CREDIT: constant(uint8) = 3
FORCED: constant(uint8) = 4

CHAIN_ID: public(immutable(uint256))
DEPTH: public(immutable(uint256))
DUE: public(immutable(uint256))
STOP: public(immutable(uint256))
LEAST: public(immutable(uint256))
INDEX_BITS: immutable(uint256)  # of an account's number in the data
BLOCKS: public(immutable(address))
VERIFIER: immutable(Verifier)
POSEIDON2: immutable(Poseidon2)
POSEIDON4: immutable(Poseidon4)

root: public(uint256)
batches: public(uint256)
accounts: public(uint256)  # numbers given so far
owner: public(HashMap[uint256, address])
queued: public(uint256)  # requests so far
taken: public(uint256)  # of these, in batches
digests: public(HashMap[uint256, bytes32])
times: public(HashMap[uint256, uint256])
exit_roots: public(HashMap[uint256, bytes32])
paid: public(HashMap[uint256, uint256])  # a bit for every exit of a batch
frozen: public(bool)
escaped: public(HashMap[uint256, bool])
in_tree: public(uint256)  # units
waiting: public(uint256)  # units of deposits in the queue
owed: public(uint256)  # units of exits that are not paid out

@deploy
@payable
def __init__(verifier: address, poseidon2: address, poseidon4: address, chain_id: uint256, depth: uint256,
             due: uint256, stop: uint256, least: uint256, blocks: address, root: uint256,
             first: DynArray[First, FIRST]):
    """
    @param chain_id What signatures name; no two ledgers should share it, or what is signed for one holds for both.
    @param due Seconds after which a request must be taken before all that is no request.
    @param stop Seconds after which a request that is not taken ends the ledger.
    @param least Units of the least deposit.
    @param blocks Whose blocks have the batches; no address where they are anybody's.
    @param root Of the ledger with the accounts `first`, numbered from 0; not looked at where there are none. What
                they have together comes with the call.
    """
    assert chain_id < 2 ** 64, "a chain id is below 2^64"
    assert depth >= 1 and depth <= 32, "a ledger has a depth of 1 to 32"
    assert due < stop, "requests are due before the ledger ends for them"
    assert least >= 1 and least < MOST, "a deposit is 1 unit at least"
    CHAIN_ID = chain_id
    DEPTH = depth
    DUE = due
    STOP = stop
    LEAST = least
    INDEX_BITS = 8 * ((depth + 7) // 8)
    BLOCKS = blocks
    VERIFIER = Verifier(verifier)
    POSEIDON2 = Poseidon2(poseidon2)
    POSEIDON4 = Poseidon4(poseidon4)
    number: uint256 = 0
    for account: First in first:
        self.owner[number] = account.owner
        self.in_tree += account.balance
        log Began(number=number, account=account)
        number += 1
    assert self.in_tree < MOST and msg.value == self.in_tree * UNIT, "the coins of the first accounts are not here"
    assert number <= 2 ** depth, "there are more accounts than places"
    self.accounts = number
    if number == 0:
        self.root = staticcall Poseidon2(poseidon2).empty_root(depth)
    else:
        assert root < R, "the root is no field element"
        self.root = root

# In.

@external
@payable
def open(x: uint256, y: uint256, owner: address) -> uint256:
    """
    @notice Deposit into a new account, whose transfers and exits the key (x, y) signs.
    @param owner Who may force the account's exit, and is paid if the ledger ends: with the key's holder, the only one who
                 can move what it has. The holder should see to it that this is himself.
    @return The account's number.
    """
    assert owner != empty(address), "an account has an owner"
    assert x < R and y < R and x != 0, "the key is no point that can sign"
    x2: uint256 = uint256_mulmod(x, x, R)
    y2: uint256 = uint256_mulmod(y, y, R)
    assert uint256_addmod(uint256_mulmod(EDWARDS_A, x2, R), y2, R) == uint256_addmod(
        1, uint256_mulmod(EDWARDS_D, uint256_mulmod(x2, y2, R), R), R), "the key is not on the curve"
    number: uint256 = self.accounts
    assert number < 2 ** DEPTH, "all numbers of accounts are given"
    self.accounts = number + 1
    self.owner[number] = owner
    self._deposit(Request(kind=OPEN, number=number, amount=0, x=x, y=y, who=msg.sender), msg.value)
    return number

@external
@payable
def credit(number: uint256):
    """
    @notice Deposit into an account that there is, or will be when the queue so far is taken.
    """
    assert number < self.accounts, "there is no such account"
    self._deposit(Request(kind=CREDIT, number=number, amount=0, x=0, y=0, who=msg.sender),
                  msg.value)

@external
def force(number: uint256):
    """
    @notice Request that all that an account has then leaves to its owner.
    """
    assert msg.sender == self.owner[number], "only its owner empties an account"
    self._queue(Request(kind=FORCED, number=number, amount=0, x=0, y=0, who=msg.sender))

# The ledger goes on.

@external
def prove(chained: uint256, requests: DynArray[Request, SLOTS], data: Bytes[MAXIMUM_DATA],
          root: uint256, tag: uint256, proof: uint256[8]):
    """
    @notice Hand in a batch with its proof.
    @param chained The hash over the batch's words that the circuit has.
    @param requests The next of the queue, with what each forced exit takes.
    @param data The collector's number, then each transfer and exit: a byte with 1 bit for an exit, 4 for the bytes of the
                amount and 3 for those of the fee; the sender's number; the receiver's, or an address; amount; fee. All
                big-endian, a number in as many bytes as DEPTH bits need.
    @param root The ledger's after the batch.
    @param tag Anything; it says who proves, and nothing here depends on it.
    """
    assert not self.frozen, "the ledger has ended"
    words: uint256[WORDS] = empty(uint256[WORDS])
    exits: bytes32[SLOTS] = empty(bytes32[SLOTS])
    count: uint256 = 0  # of exits
    place: uint256 = 0  # of the batch
    in_tree: uint256 = self.in_tree
    waiting: uint256 = self.waiting
    owed: uint256 = self.owed

    next: uint256 = self.taken
    for request: Request in requests:
        queued: Request = request
        if request.kind == FORCED:
            queued.amount = 0
        assert keccak256(abi_encode(queued)) == self.digests[next], "this is not the request that is next"
        self.digests[next] = empty(bytes32)
        self.times[next] = 0
        words[3 * place] = (request.amount << 64) | (convert(request.kind, uint256) << 192)
        if request.kind == FORCED:
            assert request.amount < MOST, "an account has less"
            words[3 * place] |= request.number
            words[3 * place + 1] = convert(request.who, uint256)
            in_tree -= request.amount
            owed += request.amount
            exits[count] = self._exit(count, request.who, request.amount)
            count += 1
        else:
            words[3 * place] |= request.number << 32
            words[3 * place + 1] = request.x
            words[3 * place + 2] = request.y
            waiting -= request.amount
            in_tree += request.amount
        next += 1
        place += 1
    self.taken = next
    if BLOCKS == empty(address) and next < self.queued and self.times[next] + DUE < block.timestamp:
        assert place == SLOTS, "a request is due before all that is no request"

    # 32 bytes more, so that there is a word to read from wherever a field begins.
    padded: Bytes[MAXIMUM_DATA + 32] = concat(data, empty(bytes32))
    skipped: uint256 = 256 - INDEX_BITS
    collector: uint256 = extract32(padded, 0, output_type=uint256) >> skipped
    position: uint256 = INDEX_BITS // 8
    for _: uint256 in range(SLOTS):
        if position >= len(data):
            break
        assert place < SLOTS, "a batch has fewer places"
        chunk: uint256 = extract32(padded, position, output_type=uint256)
        head: uint256 = chunk >> 248
        word: uint256 = (chunk << 8) >> skipped
        position += 1 + INDEX_BITS // 8
        chunk = extract32(padded, position, output_type=uint256)
        receiver: address = empty(address)
        if head >= 128:
            receiver = convert(chunk >> 96, address)
            words[3 * place + 1] = chunk >> 96
            position += 20
            chunk = extract32(padded, position, output_type=uint256)
            word |= 1 << 192
        else:
            word |= (chunk >> skipped) << 32
            chunk <<= INDEX_BITS
            position += INDEX_BITS // 8
        amount_bytes: uint256 = (head >> 3) & 15
        fee_bytes: uint256 = head & 7
        assert amount_bytes <= 8 and fee_bytes <= 4, "an amount or a fee is too long"
        amount: uint256 = chunk >> (256 - 8 * amount_bytes)
        words[3 * place] = word | (amount << 64) | (
            ((chunk << (8 * amount_bytes)) >> (256 - 8 * fee_bytes)) << 128)
        position += amount_bytes + fee_bytes
        if head >= 128:
            in_tree -= amount
            owed += amount
            exits[count] = self._exit(count, receiver, amount)
            count += 1
        place += 1
    assert position == len(data), "the data do not end where an operation ends"

    number: uint256 = self.batches
    self.batches = number + 1
    self.in_tree = in_tree
    self.waiting = waiting
    self.owed = owed
    if count > 0:
        self.exit_roots[number] = self._exit_root(exits, count)
    commitment: uint256 = self._commitment(chained, collector, words)
    if BLOCKS != empty(address):
        assert staticcall Blocks(BLOCKS).has_batch(self.root, root, commitment), "no block of the chain has this batch"
    assert staticcall VERIFIER.verify(proof, [self.root, root, commitment, tag]), "the proof does not verify"
    self.root = root
    log Proven(batch=number, requests=len(requests), root=root, data=data)

# Out.

@external
def withdraw(batch: uint256, place: uint256, receiver: address, amount: uint256, branch: DynArray[bytes32, LEVELS]):
    """
    @notice Pay an exit out, once. Anybody may see to it; it pays its receiver.
    @param place Among the batch's exits, forced ones first; `branch`: its siblings, its own first.
    """
    assert place >> len(branch) == 0, "a batch has fewer exits"
    node: bytes32 = self._exit(place, receiver, amount)
    bits: uint256 = place
    for sibling: bytes32 in branch:
        if bits % 2 == 0:
            node = keccak256(concat(node, sibling))
        else:
            node = keccak256(concat(sibling, node))
        bits //= 2
    assert node == self.exit_roots[batch], "no such exit is in this batch"
    assert self.paid[batch] & (1 << place) == 0, "this exit is paid out"
    self.paid[batch] |= 1 << place
    self.owed -= amount
    log Paid(batch=batch, place=place, receiver=receiver, amount=amount)
    self._pay(receiver, amount)

# If nobody proves.

@external
def freeze():
    """
    @notice End the ledger: its oldest request was not taken in time.
    """
    assert not self.frozen, "the ledger has ended"
    assert self.taken < self.queued, "no request waits"
    assert self.times[self.taken] + STOP < block.timestamp, "no request waits for so long"
    self.frozen = True
    log Frozen(batches=self.batches)

@external
def escape(number: uint256, x: uint256, y: uint256, balance: uint256, nonce: uint256,
           siblings: DynArray[uint256, 32]):
    """
    @notice After the end, pay out what an account has in the last proven ledger to its owner, once. Anybody may.
    @param siblings Of its leaf, its own first.
    """
    assert self.frozen, "the ledger has not ended"
    assert not self.escaped[number], "this account is paid out"
    assert balance < MOST, "no account has so much"
    assert len(siblings) == DEPTH, "a branch has as many siblings as the tree is deep"
    leaf: uint256 = staticcall POSEIDON4.hash([x, y, balance, nonce])
    assert staticcall POSEIDON2.root(leaf, number, siblings) == self.root, "no such account is in the ledger"
    self.escaped[number] = True
    self.in_tree -= balance
    log Escaped(number=number, amount=balance)
    self._pay(self.owner[number], balance)

@external
def reclaim(place: uint256, request: Request):
    """
    @notice After the end, give back a deposit that no batch took. Anybody may.
    """
    assert self.frozen, "the ledger has not ended"
    assert request.amount > 0, "there is nothing to give back"
    assert self.digests[place] != empty(bytes32) and keccak256(abi_encode(request)) == self.digests[place], (
        "no such request waits")
    self.digests[place] = empty(bytes32)
    self.waiting -= request.amount
    log Reclaimed(place=place, amount=request.amount)
    self._pay(request.who, request.amount)

# What everybody may know.

@external
@view
def invariants() -> bool:
    """
    @notice What is in the tree, in the queue and on its way out is here, and less than 2^64 units are in the ledger.
            Nothing takes coins without a request; what a dying contract or a block reward sends is nobody's.
    """
    return ((self.in_tree + self.waiting + self.owed) * UNIT <= self.balance
            and self.in_tree + self.waiting < MOST and self.taken <= self.queued)

@external
@view
def commitment(chained: uint256, collector: uint256, words: uint256[WORDS]) -> uint256:
    """
    @notice What a batch of these words is proven under.
    """
    return self._commitment(chained, collector, words)

@internal
@view
def _commitment(chained: uint256, collector: uint256, words: uint256[WORDS]) -> uint256:
    z: uint256 = convert(keccak256(abi_encode(chained, CHAIN_ID, collector, words)), uint256) >> 8
    value: uint256 = uint256_addmod(uint256_mulmod(CHAIN_ID, z, R), collector, R)
    for word: uint256 in words:
        value = uint256_addmod(uint256_mulmod(value, z, R), word, R)
    return staticcall POSEIDON4.hash([BINDING_DOMAIN, chained, z, value])

@internal
def _deposit(request: Request, coins: uint256):
    """
    @notice Queue a deposit of what came with the call, in wei.
    """
    deposit: Request = request
    deposit.amount = coins // UNIT
    assert coins % UNIT == 0, "a deposit is a multiple of 10^9 wei"
    assert deposit.amount >= LEAST, "a deposit is too small"
    self.waiting += deposit.amount
    assert self.in_tree + self.waiting < MOST, "the ledger would hold 2^64 units"
    self._queue(deposit)

@internal
def _queue(request: Request):
    assert not self.frozen, "the ledger has ended"
    place: uint256 = self.queued
    self.queued = place + 1
    self.digests[place] = keccak256(abi_encode(request))
    self.times[place] = block.timestamp
    log Requested(place=place, number=request.number, request=request)

@internal
@pure
def _exit(place: uint256, receiver: address, amount: uint256) -> bytes32:
    return keccak256(abi_encode(place, receiver, amount))

@internal
@pure
def _exit_root(leaves: bytes32[SLOTS], count: uint256) -> bytes32:
    """
    @notice A node without a sibling has 0 for one.
    """
    nodes: bytes32[SLOTS] = leaves
    size: uint256 = count
    for _: uint256 in range(LEVELS):
        if size == 1:
            break
        size = (size + 1) // 2
        for index: uint256 in range(size, bound=SLOTS):
            right: bytes32 = empty(bytes32)
            if 2 * index + 1 < SLOTS:
                right = nodes[2 * index + 1]
            nodes[index] = keccak256(concat(nodes[2 * index], right))
        if size < SLOTS:
            nodes[size] = empty(bytes32)  # what is left of the level below is no sibling
    return nodes[0]

@internal
def _pay(receiver: address, amount: uint256):
    """
    @notice With all the gas there is: a receiver that calls back finds this paid already.
    """
    raw_call(receiver, b"", value=amount * UNIT)
