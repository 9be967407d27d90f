"""Validators' secret keys in encrypted files (EIP-2335, as every Ethereum client reads them).

The encryption is by eth-keyfile: PBKDF2 with HMAC-SHA-256 or scrypt, AES-128 in counter mode, and a
SHA-256 that tells a wrong password.
"""

import json
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from proofmill.host.ground.errors import ProofmillError, not_read
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.secret import write_secret
from proofmill.host.network.consensus.keys import CURVE_ORDER, ValidatorKey, key_of

ROUNDS = 262_144
"""Of PBKDF2, for a password that a person has thought of: the EIP's own number."""
ROUNDS_OF_RANDOM = 1_024
"""For a password of 256 random bits, which no rounds make harder to guess."""
VERSION = 4
MOST_BYTES = 1 << 16
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def new_password() -> str:
    """256 random bits."""
    return secrets.token_hex(32)


def read_password(path: str | os.PathLike[str], named: str) -> str:
    """The first line of a password file; `named`: what the file is to the user."""
    try:
        with Path(path).open("rb") as stream:
            text = stream.read(MOST_BYTES).decode()
    except OSError as error:
        raise not_read(f"{named} {os.fspath(path)}", error) from error
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{named} {os.fspath(path)}: not UTF-8 text; write the password "
                             "there") from error
    password = text.partition("\n")[0].rstrip("\r")
    if not _said(password):
        raise ProofmillError(f"{named} {os.fspath(path)}: its first line is empty; write the "
                             "password there")
    return password


def write_keystore(
    path: str | os.PathLike[str], key: ValidatorKey, password: str, rounds: int = ROUNDS
) -> None:
    """Make the file, which only its owner may read; one that is there stays (`ProofmillError`)."""
    content = create_keyfile_json(key.secret.to_bytes(32, "big"), _said(password),
                                  version=VERSION, kdf="pbkdf2", iterations=rounds)
    write_secret(path, json.dumps(content, indent=1) + "\n")


def read_keystore(path: str | os.PathLike[str], password: str) -> ValidatorKey:
    """The key in a file; `ProofmillError` for a wrong password, and for what is no keystore."""
    name = os.fspath(path)
    try:
        with Path(path).open("rb") as stream:
            found = parse_json(stream.read(MOST_BYTES).decode())
    except OSError as error:
        raise not_read(name, error) from error
    except ValueError as error:
        raise _no_keystore(name, "it is no JSON") from error
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise _no_keystore(name, f"its version is not {VERSION}")
    try:
        secret = decode_keyfile_json(found, _said(password))
    except ValueError as error:
        raise ProofmillError(f"{name}: the password is not the one that it was made with, or the "
                             "file is damaged; see keys.password_file") from error
    except (KeyError, TypeError, AssertionError, NotImplementedError) as error:
        raise _no_keystore(name, "its encryption is not that of EIP-2335") from error
    number = int.from_bytes(secret, "big")
    if len(secret) != 32 or not 1 <= number < CURVE_ORDER:
        raise _no_keystore(name, "what it holds is no secret key of BLS12-381")
    key = key_of(number)
    if str(found.get("pubkey", "")).removeprefix("0x") != key.public.hex():
        raise _no_keystore(name, "its secret key is not that of its public key")
    return key


def read_keystores(
    folder: str | os.PathLike[str], password: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[ValidatorKey]:
    """The keys of all files ``*.json`` in a folder, by name."""
    try:
        paths = sorted(path for path in Path(folder).iterdir() if path.suffix == ".json")
    except OSError as error:
        raise ProofmillError(f"keys.validators {os.fspath(folder)}: {error.strerror}; name the "
                             "folder of the keystores") from error
    found = []
    for done, path in enumerate(paths, 1):
        found.append(read_keystore(path, password))
        if progress is not None:
            progress(done, len(paths))
    return found


def _said(password: str) -> bytes:
    """The bytes of a password by EIP-2335: NFKD, without control characters, UTF-8."""
    return _CONTROL.sub("", normalize("NFKD", password)).encode()


def _no_keystore(name: str, reason: str) -> ProofmillError:
    return ProofmillError(f"{name}: no keystore of EIP-2335, or damaged: {reason}; name one that "
                          "`proofmill node init` or another client has made")
