# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Bonds for companion keys, taken from keys that sign what they must not (proofmill.host.network.certificates.bonds)
@notice The owner of a companion key (EdDSA over Baby Jubjub and Poseidon, in circomlib's form) puts down a bond, with a
        signature of that key over who bonds it, so that nobody bonds another's. Whoever shows two votes by the key of which
        it may have signed one takes a part of the bond; the rest is burned, so that a key that shows its own loses as well.

        Two votes are evidence if they are different and for the same target epoch, or if the first is from an earlier source
        to a later target than the second: the specification's is_slashable_attestation_data. Both must be of this beacon
        chain: the fork's domain of a vote is recomputed from the fork's version and GENESIS_VALIDATORS_ROOT. Whoever uses
        one key on two chains can therefore not be blamed for it.

        A bond can be had back DELAY seconds after its owner said so; until then evidence counts. There is nobody here who may
        change anything. What is taken is this bond: the stake on the beacon chain knows nothing of companion keys.
"""

interface Poseidon5:
    def hash(inputs: uint256[5]) -> uint256: view

interface Poseidon6:
    def hash(inputs: uint256[6]) -> uint256: view

interface Poseidon10:
    def hash(inputs: uint256[10]) -> uint256: view

struct Vote:
    version: bytes4           # of the fork
    next_registry: uint256
    source_epoch: uint256
    source_root: bytes32
    target_epoch: uint256
    target_root: bytes32
    slot: uint256
    index: uint256
    head: bytes32

struct Signature:
    x: uint256                # R
    y: uint256
    scalar: uint256           # S

struct Bond:
    owner: address
    validator: uint256
    amount: uint256
    leaving: uint256          # when it can be had back; 0 while the owner has not said that it leaves

event Bonded:
    x: uint256
    y: uint256
    validator: indexed(uint256)
    owner: indexed(address)
    amount: uint256
event Leaving:
    x: uint256
    y: uint256
    at: uint256
event Withdrawn:
    x: uint256
    y: uint256
    amount: uint256
event Slashed:
    x: uint256
    y: uint256
    validator: indexed(uint256)
    reporter: indexed(address)
    bounty: uint256
    burned: uint256

R: constant(uint256) = 21888242871839275222246405745257275088548364400416034343698204186575808495617
ORDER: constant(uint256) = 2736030358979909402780800718157159386076813972158567259200215660948447373041
A: constant(uint256) = 168700
D: constant(uint256) = 168696
BASE_X: constant(uint256) = 5299619240641551281634865583518297030282874472190772894086521144482721001553
BASE_Y: constant(uint256) = 16950150798460657717958625567821834550301663161624707787222815936182638968203
BITS: constant(uint256) = 254                  # of a challenge, below R; S has fewer
LOW: constant(uint256) = 2**128 - 1
ATTESTERS: constant(bytes4) = 0x01000000       # DOMAIN_BEACON_ATTESTER
LINK: constant(uint256) = 705841339597390708351103019463588917100333491828041192255025    # "proofmill.finality-link.1"
VOTE: constant(uint256) = 705841339597390708351103019463588917100333491839062178606641    # "proofmill.finality-vote.1"
BOND: constant(uint256) = 180695382936932021337882369026129459188638178492908381667601969    # "proofmill.companion-bond.1"
BOUNTY: constant(uint256) = 8                  # of a bond an eighth, to who shows the evidence

GENESIS_VALIDATORS_ROOT: public(immutable(bytes32))
LEAST: public(immutable(uint256))
DELAY: public(immutable(uint256))
HASH5: immutable(Poseidon5)
HASH6: immutable(Poseidon6)
HASH10: immutable(Poseidon10)

bonds: public(HashMap[uint256, HashMap[uint256, Bond]])    # by the key's x and y

@deploy
def __init__(hash5: address, hash6: address, hash10: address, genesis_validators_root: bytes32, least: uint256,
             delay: uint256):
    """
    @param hash5 Poseidon of 5 numbers; hash6 and hash10 alike
    @param least The least bond, in wei
    @param delay Seconds between saying that a bond leaves and having it: longer than votes can be kept from being seen
    """
    assert hash5.is_contract and hash6.is_contract and hash10.is_contract, "there is no contract at this address"
    assert least > 0 and delay > 0, "a bond of nothing, or for no time, keeps nobody from anything"
    HASH5 = Poseidon5(hash5)
    HASH6 = Poseidon6(hash6)
    HASH10 = Poseidon10(hash10)
    GENESIS_VALIDATORS_ROOT = genesis_validators_root
    LEAST = least
    DELAY = delay

@external
@payable
def bond(x: uint256, y: uint256, validator: uint256, possession: Signature):
    """
    @notice Put down a bond for a key that the sender has.
    @param validator Whose companion key it is; that it is so, the registrations of the chain's nodes say
    @param possession The key's signature of `possession_message`
    """
    assert msg.value >= LEAST, "the bond is too small"
    assert validator < 2**64, "no validator has this index"
    assert self.bonds[x][y].amount == 0, "the key has a bond"
    assert self._is_key(x, y), "no point of the curve of large order"
    message: uint256 = self._possession_message(msg.sender, validator)
    assert self._has_signed(x, y, message, possession), "the key has not signed this"
    self.bonds[x][y] = Bond(owner=msg.sender, validator=validator, amount=msg.value, leaving=0)
    log Bonded(x=x, y=y, validator=validator, owner=msg.sender, amount=msg.value)

@external
def leave(x: uint256, y: uint256):
    """
    @notice Say that a bond leaves; evidence counts for DELAY seconds more.
    """
    assert self.bonds[x][y].owner == msg.sender, "it is not the sender's"
    assert self.bonds[x][y].leaving == 0, "it leaves already"
    at: uint256 = block.timestamp + DELAY
    self.bonds[x][y].leaving = at
    log Leaving(x=x, y=y, at=at)

@external
def withdraw(x: uint256, y: uint256):
    """
    @notice Have a bond back that has left.
    """
    found: Bond = self.bonds[x][y]
    assert found.owner == msg.sender, "it is not the sender's"
    assert found.leaving != 0 and block.timestamp >= found.leaving, "it has not left yet"
    self.bonds[x][y] = empty(Bond)
    log Withdrawn(x=x, y=y, amount=found.amount)
    raw_call(msg.sender, b"", value=found.amount)

@external
def slash(x: uint256, y: uint256, first: Vote, first_signature: Signature, second: Vote,
          second_signature: Signature):
    """
    @notice Take the bond of a key that has signed both votes; of a vote around another, the wider is the first.
    """
    found: Bond = self.bonds[x][y]
    assert found.amount != 0, "the key has no bond"
    one: uint256 = self._message(first)
    other: uint256 = self._message(second)
    double: bool = one != other and first.target_epoch == second.target_epoch
    around: bool = first.source_epoch < second.source_epoch and second.target_epoch < first.target_epoch
    assert double or around, "a validator may sign both votes"
    assert self._has_signed(x, y, one, first_signature), "the key has not signed the first vote"
    assert self._has_signed(x, y, other, second_signature), "the key has not signed the second vote"
    self.bonds[x][y] = empty(Bond)
    bounty: uint256 = found.amount // BOUNTY
    burned: uint256 = found.amount - bounty
    log Slashed(x=x, y=y, validator=found.validator, reporter=msg.sender, bounty=bounty, burned=burned)
    send(empty(address), burned)
    raw_call(msg.sender, b"", value=bounty)

@external
@view
def possession_message(owner: address, validator: uint256) -> uint256:
    """
    @notice What a key signs so that `owner` can put down a bond for it here.
    """
    return self._possession_message(owner, validator)

@external
@view
def message(vote: Vote) -> uint256:
    """
    @notice What a companion key signs for a vote on this beacon chain.
    """
    return self._message(vote)

@external
@view
def has_signed(x: uint256, y: uint256, message: uint256, signature: Signature) -> bool:
    """
    @notice Whether a key has signed a message below R.
    """
    return self._is_key(x, y) and self._has_signed(x, y, message, signature)

@internal
@view
def _possession_message(owner: address, validator: uint256) -> uint256:
    return staticcall HASH5.hash([BOND, chain.id, convert(self, uint256), convert(owner, uint256), validator])

@internal
@view
def _message(vote: Vote) -> uint256:
    """
    @notice The SSZ root of ForkData is a hash of two chunks, and the domain its first 28 bytes behind the type.
    """
    fork: uint256 = convert(sha256(concat(convert(vote.version, bytes32), GENESIS_VALIDATORS_ROOT)), uint256)
    domain: uint256 = (convert(ATTESTERS, uint256) << 224) | (fork >> 32)
    source: uint256 = convert(vote.source_root, uint256)
    target: uint256 = convert(vote.target_root, uint256)
    link: uint256 = staticcall HASH10.hash([
        LINK, domain >> 128, domain & LOW, vote.next_registry, vote.source_epoch, source >> 128, source & LOW,
        vote.target_epoch, target >> 128, target & LOW])
    head: uint256 = convert(vote.head, uint256)
    return staticcall HASH6.hash([VOTE, link, vote.slot, vote.index, head >> 128, head & LOW])

@internal
@pure
def _is_on_curve(x: uint256, y: uint256) -> bool:
    if x >= R or y >= R:
        return False
    x2: uint256 = uint256_mulmod(x, x, R)
    y2: uint256 = uint256_mulmod(y, y, R)
    left: uint256 = uint256_addmod(uint256_mulmod(A, x2, R), y2, R)
    return left == uint256_addmod(1, uint256_mulmod(D, uint256_mulmod(x2, y2, R), R), R)

@internal
@pure
def _is_key(x: uint256, y: uint256) -> bool:
    """
    @notice On the curve, and not of order 8 or less: 8 times it is not (0, 1).
    """
    if not self._is_on_curve(x, y):
        return False
    return self._times8(x, y)[0] != 0

@internal
@pure
def _times8(x: uint256, y: uint256) -> uint256[3]:
    """
    @notice 8 (x, y) as (X, Y, Z) for (X / Z, Y / Z): three doublings of Bernstein, Birkner, Joye, Lange and Peters,
            "Twisted Edwards curves", section 6. X is 0 for (0, 1) alone: for (0, -1) it would be as well, which is no
            multiple of 8 of anything on this curve.
    """
    p: uint256[3] = [x, y, 1]
    for _: uint256 in range(3):
        sum: uint256 = unsafe_add(p[0], p[1])
        x2: uint256 = uint256_mulmod(p[0], p[0], R)
        y2: uint256 = uint256_mulmod(p[1], p[1], R)
        ax2: uint256 = uint256_mulmod(A, x2, R)
        f: uint256 = uint256_addmod(ax2, y2, R)
        z2: uint256 = uint256_mulmod(p[2], p[2], R)
        j: uint256 = uint256_addmod(f, 2 * R - 2 * z2, R)
        cross: uint256 = uint256_addmod(uint256_mulmod(sum, sum, R), 2 * R - x2 - y2, R)
        p = [uint256_mulmod(cross, j, R), uint256_mulmod(f, R + ax2 - y2, R), uint256_mulmod(f, j, R)]
    return p

@internal
@pure
def _add(p: uint256[3], q: uint256[3]) -> uint256[3]:
    """
    @notice The complete addition of the same section.
    """
    z: uint256 = uint256_mulmod(p[2], q[2], R)
    zz: uint256 = uint256_mulmod(z, z, R)
    x: uint256 = uint256_mulmod(p[0], q[0], R)
    y: uint256 = uint256_mulmod(p[1], q[1], R)
    product: uint256 = uint256_mulmod(D, uint256_mulmod(x, y, R), R)
    low: uint256 = unsafe_sub(unsafe_add(zz, R), product)
    high: uint256 = unsafe_add(zz, product)
    both: uint256 = uint256_mulmod(unsafe_add(p[0], p[1]), unsafe_add(q[0], q[1]), R)
    cross: uint256 = uint256_addmod(both, unsafe_sub(unsafe_sub(2 * R, x), y), R)
    across: uint256 = uint256_addmod(y, unsafe_sub(R, uint256_mulmod(A, x, R)), R)
    return [uint256_mulmod(uint256_mulmod(z, low, R), cross, R),
            uint256_mulmod(uint256_mulmod(z, high, R), across, R), uint256_mulmod(low, high, R)]

@internal
@view
def _has_signed(x: uint256, y: uint256, message: uint256, signature: Signature) -> bool:
    """
    @notice Whether S B = R + h (8 K) with h = Poseidon(R, K, message): S B - h (8 K) is computed, both multiples at once,
            from the highest bit down. The key has been looked at by who calls.
    """
    if message >= R or signature.scalar >= ORDER or not self._is_on_curve(signature.x, signature.y):
        return False
    h: uint256 = staticcall HASH5.hash([signature.x, signature.y, x, y, message])
    key: uint256[3] = self._times8(x, y)
    key[0] = (R - key[0]) % R
    base: uint256[3] = [BASE_X, BASE_Y, 1]
    points: uint256[3][4] = [[0, 1, 1], base, key, self._add(base, key)]
    s: uint256 = signature.scalar
    p: uint256[3] = [0, 1, 1]
    for step: uint256 in range(BITS):
        sum: uint256 = unsafe_add(p[0], p[1])
        x2: uint256 = uint256_mulmod(p[0], p[0], R)
        y2: uint256 = uint256_mulmod(p[1], p[1], R)
        ax2: uint256 = uint256_mulmod(A, x2, R)
        f: uint256 = uint256_addmod(ax2, y2, R)
        z2: uint256 = uint256_mulmod(p[2], p[2], R)
        j: uint256 = uint256_addmod(f, unsafe_sub(2 * R, unsafe_add(z2, z2)), R)
        cross: uint256 = uint256_addmod(uint256_mulmod(sum, sum, R), unsafe_sub(unsafe_sub(2 * R, x2), y2), R)
        p[0] = uint256_mulmod(cross, j, R)
        p[1] = uint256_mulmod(f, unsafe_sub(unsafe_add(R, ax2), y2), R)
        p[2] = uint256_mulmod(f, j, R)
        bit: uint256 = unsafe_sub(BITS - 1, step)
        which: uint256 = ((s >> bit) & 1) | (((h >> bit) & 1) << 1)
        if which != 0:
            p = self._add(p, points[which])
    return (p[0] == uint256_mulmod(signature.x, p[2], R)
            and p[1] == uint256_mulmod(signature.y, p[2], R))
