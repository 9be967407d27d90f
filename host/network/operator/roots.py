"""Roots in requests over HTTP, as the Beacon API and the proof engine write them."""

from contextlib import suppress

from proofmill.host.network.operator.web import Refused

ROOT_BYTES = 32
ROOT_SCHEMA = {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$"}
"""Of a root's text, in JSON Schema."""


def read_root(text: str) -> bytes:
    """The root that a request names; `Refused` for what is none."""
    root = b""
    if text.startswith("0x") and len(text) == 2 + 2 * ROOT_BYTES:
        with suppress(ValueError):
            root = bytes.fromhex(text[2:])
    if len(root) != ROOT_BYTES:
        raise Refused(400, f"{text} is no root: 0x and 64 hexadecimal digits")
    return root
