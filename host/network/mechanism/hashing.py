"""keccak-256 over 32-byte words, as `keccak256(abi_encode(...))` has it in a contract."""

from eth_hash.auto import keccak

WORD_BYTES = 32
Word = bytes | int
"""A `bytes32`, or a `uint256`, which goes in big-endian."""


def word(value: Word) -> bytes:
    """32 bytes; ValueError for other lengths and for integers outside `uint256`."""
    if isinstance(value, int):
        if not 0 <= value < 1 << 256:
            raise ValueError(f"{value} does not fit uint256")
        return value.to_bytes(WORD_BYTES, "big")
    if len(value) != WORD_BYTES:
        raise ValueError(f"a word has {WORD_BYTES} bytes, not {len(value)}")
    return value


def keccak_words(*values: Word) -> bytes:
    """``keccak256(abi_encode(values))`` for static words."""
    return bytes(keccak(b"".join(map(word, values))))


def domain(name: str) -> bytes:
    """The domain word of a use of the hash: keccak-256 of its name in ASCII."""
    return bytes(keccak(name.encode("ascii")))
