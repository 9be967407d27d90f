"""Roots in requests over HTTP, as the Beacon API and the proof engine write them."""

import re

from proofmill.host.network.operator.web import Refused

_ROOT = "0x[0-9a-fA-F]{64}"
ROOT_SCHEMA = {"type": "string", "pattern": f"^{_ROOT}$"}
"""Of a root's text, in JSON Schema."""


def read_root(text: str) -> bytes:
    """The root that a request names; `Refused` for what is none."""
    if not re.fullmatch(_ROOT, text):
        raise Refused(400, f"{text} is no root: 0x and 64 hexadecimal digits")
    return bytes.fromhex(text[2:])
