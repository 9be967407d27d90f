"""Bytes as Ethereum's JSON has them: hexadecimal digits behind 0x."""


def to_hex(data: bytes) -> str:
    """The text of `data`."""
    return "0x" + data.hex()


def from_hex(text: str) -> bytes:
    """The bytes of a text, with 0x or without; ValueError where it is no such text."""
    return bytes.fromhex(text.removeprefix("0x"))
