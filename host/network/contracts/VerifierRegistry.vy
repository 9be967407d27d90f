# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Verifiers of circuits, each pinned to its key and its proof system
@notice Anybody may add a verifier; nothing here says that a circuit is sensible. What an entry says
        can never change: the address, the proof system and the hash of the key it checks under,
        both of which the contract at that address has to confirm, and the hash of its code, which
        is compared at every use. A key made without a ceremony is marked as a development key by
        whoever adds it, and refused outside of a local chain: who knows its secrets proves
        anything. The rules are those of proofmill.host.network.mechanism.verifiers.

        A system is named by the first 4 bytes of keccak-256 of "groth16-bn254-v1",
        "plonk-bn254-v1" or "fflonk-bn254-v1". It says how many numbers a proof has: 8, 24, 24.
"""

interface Verifier:
    def proof_system() -> bytes4: view
    def key_hash() -> bytes32: view
    def public_signals() -> uint256: view

interface Of8:
    def verify_signals(proof: uint256[8], signals: DynArray[uint256, 64]) -> bool: view

interface Of24:
    def verify_signals(proof: uint256[24], signals: DynArray[uint256, 64]) -> bool: view

struct Entry:
    verifier: address
    code_hash: bytes32
    system: bytes4
    key_hash: bytes32
    signals: uint256
    development: bool
    registrar: address
    retired: bool

event Added:
    number: indexed(uint256)
    verifier: indexed(address)
    key_hash: indexed(bytes32)
    system: bytes4
    development: bool
    registrar: address
event Retired:
    number: indexed(uint256)

LOCAL_CHAINS: constant(uint256[2]) = [1337, 31337]
GROTH16: constant(bytes4) = 0x0550d137
PLONK: constant(bytes4) = 0x6210cc33
FFLONK: constant(bytes4) = 0xe9658a46

is_local: public(immutable(bool))  # whether development keys are taken

entries: HashMap[uint256, Entry]
count: public(uint256)
_numbers: HashMap[bytes32, HashMap[address, uint256]]  # by key hash and registrar, plus 1

@deploy
def __init__(local: bool):
    """
    @param local Whether the chain is local although its number is not that of one.
    """
    is_local = local or chain.id in LOCAL_CHAINS

@external
def add(verifier: address, system: bytes4, key_hash: bytes32, development: bool) -> uint256:
    """
    @notice Pin a verifier; its number.
    @param system Of its proofs, as the registrar knows it.
    @param key_hash The key's hash as the registrar knows it, see `host.network.contracts.verifier.key_hash`.
    """
    assert verifier.is_contract, "there is no contract at this address"
    assert not development or is_local, "development keys are for local chains"
    assert system in [GROTH16, PLONK, FFLONK], "this is no proof system"
    assert staticcall Verifier(verifier).proof_system() == system, (
        "the verifier is of another system")
    assert staticcall Verifier(verifier).key_hash() == key_hash, "the verifier is for another key"
    assert self._numbers[key_hash][msg.sender] == 0, "this key is added already"
    number: uint256 = self.count
    self.count += 1
    self._numbers[key_hash][msg.sender] = number + 1
    self.entries[number] = Entry(
        verifier=verifier, code_hash=verifier.codehash, system=system, key_hash=key_hash,
        signals=staticcall Verifier(verifier).public_signals(), development=development,
        registrar=msg.sender, retired=False)
    log Added(number=number, verifier=verifier, key_hash=key_hash, system=system,
              development=development, registrar=msg.sender)
    return number

@external
def retire(number: uint256):
    """
    @notice Stop new uses of an entry; for good. Its verifier answers on.
    """
    assert number < self.count, "there is no such verifier"
    assert msg.sender == self.entries[number].registrar, "only who added a verifier retires it"
    assert not self.entries[number].retired, "the verifier is retired already"
    self.entries[number].retired = True
    log Retired(number=number)

@external
@view
def entry(number: uint256) -> Entry:
    assert number < self.count, "there is no such verifier"
    return self.entries[number]

@external
@view
def is_open(number: uint256, signals: uint256) -> bool:
    """
    @notice Whether new jobs may name this verifier with so many public signals.
    """
    return (number < self.count and not self.entries[number].retired
            and self.entries[number].signals == signals)

@external
@view
def verify(number: uint256, proof: DynArray[uint256, 24], signals: DynArray[uint256, 64]) -> bool:
    """
    @notice Whether a proof holds under the pinned key; false for an unknown number, for a proof
            that is not as long as the system's are, and where the code at the address is not the
            one that was pinned.
    """
    if number >= self.count:
        return False
    verifier: address = self.entries[number].verifier
    if verifier.codehash != self.entries[number].code_hash:
        return False
    if self.entries[number].system == GROTH16:
        if len(proof) != 8:
            return False
        short: uint256[8] = empty(uint256[8])
        for index: uint256 in range(8):
            short[index] = proof[index]
        return staticcall Of8(verifier).verify_signals(short, signals)
    if len(proof) != 24:
        return False
    long: uint256[24] = empty(uint256[24])
    for index: uint256 in range(24):
        long[index] = proof[index]
    return staticcall Of24(verifier).verify_signals(long, signals)
