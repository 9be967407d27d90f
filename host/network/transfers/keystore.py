"""Files with the private key of an account of the ledger, encrypted with a password.

The encryption is that of Ethereum's keystores, version 3 (scrypt, AES-128 in counter mode, a
Keccak-256 of both as the check of the password), by eth-keyfile. Beside it stands the public key,
so that a balance can be asked for without a password.
"""

import json
import os
import re
from pathlib import Path

from eth_hash.auto import keccak
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json
from eth_utils.exceptions import ValidationError

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.secret import write_secret
from proofmill.host.prover.circuits.baby_jubjub import Point, pack, unpack
from proofmill.host.prover.circuits.eddsa import KEY_BYTES, public_key

KIND = "proofmill ledger key"
VERSION = 1
CHAIN_DOMAIN = b"proofmill chain account"
_MOST_BYTES = 1 << 16


def chain_key(key: bytes) -> bytes:
    """The private key, 32 bytes, of the account on the chain that belongs to an account's key in
    the ledger: it pays deposits in, owns the accounts that these open, and takes what is withdrawn.

    Keccak-256 of `CHAIN_DOMAIN` and the key; neither key tells anything of the other's use.
    """
    return bytes(keccak(CHAIN_DOMAIN + key))


def packed_key(public: Point) -> str:
    """A public key as files and people write it: 64 hexadecimal digits, circomlibjs' packing."""
    return pack(public).hex()


def write_keystore(path: str | os.PathLike[str], key: bytes, password: bytes,
                   address: bytes) -> None:
    """Make the file, with the `address` of the account of `chain_key` beside the public key;
    `ProofmillError` where there is one already, or it cannot be written.

    Only the file's owner may read it. Ethereum's keystores take keys from 1 to secp256k1's order
    less 1 alone: another, which chance does not find, is a `ProofmillError`.
    """
    try:
        encrypted = create_keyfile_json(key, password, kdf="scrypt")
    except ValidationError as error:
        raise ProofmillError(f"{os.fspath(path)}: a keystore cannot keep this key; make another"
                             ) from error
    text = json.dumps({"kind": KIND, "version": VERSION,
                       "public_key": packed_key(public_key(key)), "address": address.hex(),
                       "crypto": encrypted["crypto"]}, indent=1)
    write_secret(path, text + "\n")


def read_public(path: str | os.PathLike[str]) -> Point:
    """The public key in the file; `ProofmillError` where it is no keystore."""
    return _read(path)[0]


def read_address(path: str | os.PathLike[str]) -> bytes | None:
    """The address of the account on the chain; None where the file has none, as those of earlier
    releases. `ProofmillError` where it is no keystore."""
    address = _load(path).get("address")
    if address is None:
        return None
    if not isinstance(address, str) or not re.fullmatch("[0-9a-f]{40}", address):
        raise _no_keystore(path, "its address is no 40 hexadecimal digits")
    return bytes.fromhex(address)


def read_keystore(path: str | os.PathLike[str], password: bytes) -> bytes:
    """The private key; `ProofmillError` where the password is wrong or the file no keystore."""
    public, crypto = _read(path)
    try:
        key: bytes = decode_keyfile_json({"version": 3, "crypto": crypto}, password)
    except ValueError as error:
        raise ProofmillError(f"{os.fspath(path)}: the password is not the one that it was made "
                             "with, or the file is damaged") from error
    except (KeyError, TypeError, NotImplementedError) as error:
        raise _no_keystore(path, "its encryption is not that of a keystore of version 3") from error
    if len(key) != KEY_BYTES or public_key(key) != public:
        raise _no_keystore(path, "its private key is not that of its public key")
    return key


def _read(path: str | os.PathLike[str]) -> tuple[Point, JsonObject]:
    found = _load(path)
    public, crypto = found.get("public_key"), found.get("crypto")
    if not isinstance(crypto, dict) or not isinstance(public, str) \
            or not re.fullmatch("[0-9a-f]{64}", public):
        raise _no_keystore(path, "it has no public key of 64 hexadecimal digits, or no key")
    try:
        return unpack(bytes.fromhex(public)), crypto
    except ValueError as error:
        raise _no_keystore(path, f"its public key: {error}") from error


def _load(path: str | os.PathLike[str]) -> JsonObject:
    try:
        with Path(path).open("rb") as stream:
            found = parse_json(stream.read(_MOST_BYTES).decode())
    except OSError as error:
        raise ProofmillError(f"{os.fspath(path)}: cannot be read: {error.strerror}; name a "
                             "keystore that `proofmill wallet new` has made") from error
    except ValueError as error:
        raise _no_keystore(path, "it is no JSON") from error
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise _no_keystore(path, f"its kind is not {KIND!r}")
    if found.get("version") != VERSION:
        raise ProofmillError(f"{os.fspath(path)}: a keystore of version {found.get('version')}, "
                             f"this release reads {VERSION}; use the release that wrote it")
    return found


def _no_keystore(path: str | os.PathLike[str], reason: str) -> ProofmillError:
    return ProofmillError(f"{os.fspath(path)}: no keystore of the ledger, or damaged: {reason}; "
                          "name a file that `proofmill wallet new` has made")
