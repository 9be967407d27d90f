"""What a place of a batch can hold, and how it is three words.

A place's words are what the batch's commitment is of::

    word 0    sender + 2^32 receiver + 2^64 amount + 2^128 fee + 2^192 kind
    word 1    the address that an exit pays; x of the key that an opened account has; or 0
    word 2    y of that key; or 0

Bits 160 to 191 of word 0 are 0: in a message that is signed the nonce stands there. All three words
are 0 where a place is not used.
"""

from enum import IntEnum

from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, FEE_BITS, INDEX_BITS

Words = tuple[int, int, int]

WORDS = 3
"""Of a place."""

RECEIVER_AT = INDEX_BITS
AMOUNT_AT = 2 * INDEX_BITS
FEE_AT = AMOUNT_AT + BALANCE_BITS
NONCE_AT = FEE_AT + FEE_BITS
KIND_AT = NONCE_AT + 32
"""Where the parts of word 0 begin."""

ADDRESS_BYTES = 20
"""Of an account of the chain that holds the coins."""


class Kind(IntEnum):
    """`TRANSFER` and `EXIT` are signed by the sender, the others are requests that were queued on
    the chain. Their numbers are those of word 0."""

    TRANSFER = 0
    """From one account to another."""
    EXIT = 1
    """Burns from an account; the chain pays as much to an address."""
    OPEN = 2
    """A deposit that makes an account, with its key."""
    CREDIT = 3
    """A deposit to an account that there is."""
    FORCED = 4
    """Burns all that an account has, as its owner wants, without a signature."""


def packed(kind: Kind, sender: int = 0, receiver: int = 0, amount: int = 0, fee: int = 0) -> int:
    """Word 0."""
    return (sender | receiver << RECEIVER_AT | amount << AMOUNT_AT | fee << FEE_AT
            | kind << KIND_AT)
