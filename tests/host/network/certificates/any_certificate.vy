# pragma version ^0.4.0
"""
@title A verifier for tests of everything but verification: a proof is right if it repeats the first
       eight signals
"""

@external
@view
def verify(proof: uint256[8], signals: uint256[10]) -> bool:
    for index: uint256 in range(8):
        if proof[index] != signals[index]:
            return False
    return True
