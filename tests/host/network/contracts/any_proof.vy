# pragma version ^0.4.0
"""
@title A verifier for tests of everything but verification
@notice A real check of four pairings takes the embedded machine a second. Here a proof is right if
        it repeats its public signals: so a proof for other signals, another tag among them, is wrong.
"""

@external
@view
def verify(proof: uint256[8], signals: uint256[4]) -> bool:
    for index: uint256 in range(4):
        if proof[index] != signals[index]:
            return False
    return True
