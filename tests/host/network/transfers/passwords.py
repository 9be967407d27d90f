"""Keystores whose password is tried quickly, so that tests of what comes after it are quick."""

from typing import Any

from eth_keyfile.keyfile import create_keyfile_json

ROUNDS = 1 << 10
"""Of scrypt; a real keystore has 2^18, a second of work each time that it is opened."""


def quickly(key: bytes, password: bytes, kdf: str) -> Any:
    """What a keystore is made with, for `keystore.create_keyfile_json`."""
    return create_keyfile_json(key, password, kdf=kdf, iterations=ROUNDS)
