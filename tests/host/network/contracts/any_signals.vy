# pragma version ^0.4.0
"""
@title A verifier for tests of the market: a proof is right if it repeats the signals
"""

KEY_HASH: immutable(bytes32)
SIGNALS: immutable(uint256)
SYSTEM: immutable(bytes4)

@deploy
def __init__(key_hash: bytes32, signals: uint256, system: bytes4):
    KEY_HASH = key_hash
    SIGNALS = signals
    SYSTEM = system

@external
@view
def proof_system() -> bytes4:
    return SYSTEM

@external
@view
def key_hash() -> bytes32:
    return KEY_HASH

@external
@view
def public_signals() -> uint256:
    return SIGNALS

@external
@view
def verify_signals(proof: uint256[8], signals: DynArray[uint256, 64]) -> bool:
    for index: uint256 in range(len(signals), bound=8):
        if proof[index] != signals[index]:
            return False
    return len(signals) == SIGNALS
