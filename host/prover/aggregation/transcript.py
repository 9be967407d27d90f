"""Challenges of an aggregate: SHA-512 over all that was said before (Fiat and Shamir, CRYPTO 1986).

The state is a hash of 64 bytes; what is taken in is hashed after it, with its length. A challenge
is the state after that, as a number modulo r: within 2^-256 of uniform.
"""

from hashlib import sha512

from proofmill.host.prover.curve.limbs import SCALAR_MODULUS


class Transcript:
    """What has been said, as far as challenges depend on it."""

    def __init__(self, domain: bytes) -> None:
        """`domain`: what the challenges are for."""
        self._state = sha512(domain).digest()

    def challenge(self, *said: bytes) -> int:
        """Take in what has been said since, and draw a number from 1 to r - 1."""
        total = sha512(self._state)
        for each in said:
            total.update(len(each).to_bytes(8, "big") + each)
        self._state = total.digest()
        # 0 comes once in 2^254 times, and has no inverse.
        return int.from_bytes(self._state, "big") % SCALAR_MODULUS or 1
