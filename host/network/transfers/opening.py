"""The accounts that a local chain begins with."""

from hashlib import sha256
from random import Random

from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize

MOST_OPENED = 64
HIGHEST_FIRST_BALANCE = 1_000_000
"""The first ledger gives every account a random balance from 1 to this."""


def development_key(seed: int, number: int) -> bytes:
    """The private key of an account of the first ledger: whoever knows the seed has it, as for all
    keys of a local chain."""
    return sha256(b"proofmill ledger account %d %d" % (seed, number)).digest()


def opened(size: RollupSize) -> int:
    """How many accounts the first ledger has: half of the places, so that there is room for more,
    2 at least and 64 at most; numbered from 0."""
    return max(2, min(MOST_OPENED, size.accounts // 2))


def opening_ledger(seed: int, size: RollupSize) -> Ledger:
    """The ledger before the first block, the same for the same seed."""
    random = Random(f"proofmill ledger {seed}")
    return Ledger(size, {
        number: Account(public_key(development_key(seed, number)),
                        random.randint(1, HIGHEST_FIRST_BALANCE))
        for number in range(opened(size))})
