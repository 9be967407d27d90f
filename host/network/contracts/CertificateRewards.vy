# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Rewards for certificates of finality
@notice The rule of proofmill.host.network.mechanism.certificates, to the wei. Who proves the first certificate that
        FinalityCertificate takes for an epoch is paid once:

            budget    base * slots of an epoch * rho * share / (10^9 * 10^4)
            prover    budget * 56 / 64        includer    budget * 8 / 64

        with layer 1's base of the parent block's slot and rho as they are when the certificate is handed in. The tag is
        computed here from the epoch, the prover's number and its registered reward address. So whoever
        carries a certificate here, or to FinalityCertificate itself, it pays its prover.

        A reward is pending until the slot of the including block is final, then `mature` has it minted. On a branch
        that is left, all of this is left with it.
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
    def statement(slot: uint256) -> Statement: view
    def SLOTS_PER_EPOCH() -> uint256: view
    def has_statement(slot: uint256) -> bool: view

interface Bonds:
    def reward_address(number: uint64) -> address: view
    def is_bonded(number: uint64) -> bool: view

interface Rewards:
    def rho() -> uint256: view
    def mint_for_certificate(receiver: address, amount: uint256): nonpayable

interface Finality:
    def submit(source: uint256, target: uint256, root: bytes32, registry: uint256, weight: uint256, tag: uint256,
               proof: uint256[8]): nonpayable
    def submit_from(counted: uint256, source: uint256, source_root: bytes32, target: uint256, root: bytes32,
                    registry: uint256, weight: uint256, tag: uint256, proof: uint256[8]): nonpayable
    def registry_of(epoch: uint256) -> uint256: view
    def tag_of(epoch: uint256) -> uint256: view

interface CertificateTag:
    def tag(epoch: uint64, prover: uint64, reward_address: address) -> uint256: view

struct Record:
    paid: bool  # credited: there is nothing more for this epoch
    prover: uint64
    includer: address
    included_slot: uint256
    prover_amount: uint256
    includer_amount: uint256
    matured: bool

event CertificatePaid:
    epoch: indexed(uint256)
    prover: indexed(uint64)
    includer: address
    prover_amount: uint256
    includer_amount: uint256
event CertificateMatured:
    epoch: indexed(uint256)

FULL: constant(uint256) = 10_000  # basis points
BILLION: constant(uint256) = 1_000_000_000
PROVER_WEIGHT: constant(uint256) = 56
INCLUDER_WEIGHT: constant(uint256) = 8
WEIGHT_DENOMINATOR: constant(uint256) = 64
MAXIMUM_SLOTS: constant(uint256) = 64  # how far back a base is looked for

CONSENSUS: immutable(Consensus)
BONDS: immutable(Bonds)
REWARDS: immutable(Rewards)
TAGS: immutable(CertificateTag)
FINALITY: public(immutable(address))
SHARE: public(immutable(uint256))  # of what an epoch's slots may pay, in basis points

records: HashMap[uint256, Record]
credited: public(uint256)  # matured or not

@deploy
def __init__(consensus: address, bonds: address, rewards: address, tags: address, finality: address, share: uint256):
    assert share <= FULL, "certificates have more than slots"
    CONSENSUS = Consensus(consensus)
    BONDS = Bonds(bonds)
    REWARDS = Rewards(rewards)
    TAGS = CertificateTag(tags)
    FINALITY = finality
    SHARE = share

@external
def submit(source: uint256, target: uint256, root: bytes32, registry: uint256, weight: uint256, prover: uint64,
           proof: uint256[8]):
    """
    @notice Hand in a certificate for whoever made it. Anybody may carry it. Where FinalityCertificate has taken it already,
            its proof is not verified again: the tag that it was taken with says whose it is.
    """
    tag: uint256 = self._tag(target, prover)
    if staticcall Finality(FINALITY).registry_of(target) == 0:
        extcall Finality(FINALITY).submit(source, target, root, registry, weight, tag, proof)
    self._pay(target, prover, tag)

@external
def submit_from(counted: uint256, source: uint256, source_root: bytes32, target: uint256, root: bytes32,
                registry: uint256, weight: uint256, prover: uint64, proof: uint256[8]):
    """
    @notice The same for a certificate from a source that no certificate is for, as FinalityCertificate takes it.
    """
    tag: uint256 = self._tag(target, prover)
    if staticcall Finality(FINALITY).registry_of(target) == 0:
        extcall Finality(FINALITY).submit_from(
            counted, source, source_root, target, root, registry, weight, tag, proof)
    self._pay(target, prover, tag)

@internal
@view
def _tag(target: uint256, prover: uint64) -> uint256:
    """
    @notice The tag of a certificate that a prover may be paid for.
    """
    assert not self.records[target].paid, "this epoch's certificate is paid already"
    assert staticcall BONDS.is_bonded(prover), "the prover has no whole bond"
    return staticcall TAGS.tag(convert(target, uint64), prover, staticcall BONDS.reward_address(prover))

@internal
def _pay(target: uint256, prover: uint64, tag: uint256):
    assert staticcall Finality(FINALITY).tag_of(target) == tag, "this epoch's certificate is another prover's"
    slot: uint256 = staticcall CONSENSUS.current_slot()
    budget: uint256 = self._base(slot) * staticcall CONSENSUS.SLOTS_PER_EPOCH() * staticcall REWARDS.rho() * SHARE // (
        BILLION * FULL)
    self.records[target] = Record(
        paid=True, prover=prover, includer=block.coinbase, included_slot=slot,
        prover_amount=budget * PROVER_WEIGHT // WEIGHT_DENOMINATOR,
        includer_amount=budget * INCLUDER_WEIGHT // WEIGHT_DENOMINATOR, matured=False)
    self.credited += self.records[target].prover_amount + self.records[target].includer_amount
    log CertificatePaid(epoch=target, prover=prover, includer=block.coinbase,
                        prover_amount=self.records[target].prover_amount,
                        includer_amount=self.records[target].includer_amount)

@external
def mature(epoch: uint256):
    """
    @notice Mint the reward for an epoch's certificate once the block that includes it is final.
    """
    assert self.records[epoch].paid, "no certificate of this epoch was handed in"
    assert not self.records[epoch].matured, "this reward has matured already"
    assert staticcall CONSENSUS.finalized_slot() >= self.records[epoch].included_slot, (
        "the including block is not final")
    self.records[epoch].matured = True
    extcall REWARDS.mint_for_certificate(staticcall BONDS.reward_address(self.records[epoch].prover),
                                         self.records[epoch].prover_amount)
    extcall REWARDS.mint_for_certificate(self.records[epoch].includer, self.records[epoch].includer_amount)
    log CertificateMatured(epoch=epoch)

@external
@view
def record(epoch: uint256) -> Record:
    """
    @notice What is paid for an epoch's certificate, and to whom.
    """
    return self.records[epoch]

@internal
@view
def _base(slot: uint256) -> uint256:
    """
    @notice Layer 1's base of the latest slot whose payload is known.
    """
    for back: uint256 in range(1, MAXIMUM_SLOTS + 1):
        if slot < back:
            break
        if staticcall CONSENSUS.has_statement(slot - back):
            return (staticcall CONSENSUS.statement(slot - back)).base
    raise "no payload is known"
