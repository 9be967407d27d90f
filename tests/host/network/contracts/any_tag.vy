# pragma version ^0.4.0
"""
@title Tags for tests of everything but tags
@notice Poseidon takes the embedded machine 60 ms. Here a tag is the Keccak-256 of the same.
"""

CHAIN_ID: immutable(uint256)

@deploy
def __init__(chain_id: uint256):
    CHAIN_ID = chain_id

@external
@view
def tag(slot: uint64, prover: uint64, reward_address: address) -> uint256:
    return convert(keccak256(abi_encode(CHAIN_ID, slot, prover, reward_address)), uint256)
