"""The second layer's mechanism as exact integer arithmetic: the reference of the contracts.

Nothing here knows a chain, a prover or a file. Every function fits `uint256` and hashes with
keccak-256, so that a contract can agree with it bit for bit. docs/protocol.md says it in words.
"""
