"""KZG commitments to blobs on BLS12-381: EIP-4844's proofs and EIP-7594's cells.

`functions` has what the consensus specification names, on bytes; the other modules are its parts.
"""
