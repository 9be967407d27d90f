"""Roots in requests over HTTP, as the Beacon API and the proof engine write them."""

from proofmill.host.network.operator.web import Refused

ROOT_BYTES = 32
ROOT_SCHEMA = {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"}
"""Of a root's text, in JSON Schema."""


def read_root(text: str) -> bytes:
    """The root that a request names; `Refused` for what is none."""
    try:
        root = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        root = b""
    if len(root) != ROOT_BYTES:
        raise Refused(400, f"{text} is no root: 0x and 64 hexadecimal digits")
    return root
