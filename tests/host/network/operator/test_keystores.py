"""Keystores: those of the standard, those made here, and what is said of damaged ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.keys import key_of
from proofmill.host.network.operator.keystores import (
    read_keystore,
    read_keystores,
    read_password,
    write_keystore,
)

# The test vectors of EIP-2335.
SECRET = int("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", 16)
PASSWORD = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑"
SALT = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"
PUBLIC = ("9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27"
          "f4ae4040902382ae2910c15e2b420d07")
SCRYPT = {"function": "scrypt", "message": "",
          "params": {"dklen": 32, "n": 262144, "p": 1, "r": 8, "salt": SALT}}
PBKDF2 = {"function": "pbkdf2", "message": "",
          "params": {"dklen": 32, "c": 262144, "prf": "hmac-sha256", "salt": SALT}}


def vector(kdf: dict[str, Any], checksum: str, message: str) -> dict[str, Any]:
    return {
        "crypto": {
            "kdf": kdf,
            "checksum": {"function": "sha256", "params": {}, "message": checksum},
            "cipher": {"function": "aes-128-ctr", "message": message,
                       "params": {"iv": "264daa3f303d7259501c93d997d84fe6"}}},
        "pubkey": PUBLIC, "path": "m/12381/60/0/0", "description": "a test",
        "uuid": "64625def-3331-4eea-ab6f-782f3ed16a83", "version": 4}


@pytest.mark.parametrize("content", [
    vector(SCRYPT, "d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484",
           "06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f"),
    vector(PBKDF2, "8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1",
           "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad"),
], ids=["scrypt", "pbkdf2"])
def test_the_standards_own_files_are_read(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(content))
    key = read_keystore(path, PASSWORD)
    assert key.secret == SECRET and key.public.hex() == PUBLIC
    with pytest.raises(ProofmillError, match="the password is not the one"):
        read_keystore(path, "testpassword")


def test_a_key_comes_back_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path, key = tmp_path / "a.json", key_of(12345)
    write_keystore(path, key, "pass\x07word", rounds=2)
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"{key.secret:064x}" not in path.read_text() and "pass" not in path.read_text()
    # Control characters do not count, and letters that look alike are one.
    assert read_keystore(path, "password") == key
    assert read_keystores(tmp_path, "ｐassword") == [key]
    with pytest.raises(ProofmillError, match="is there already"):
        write_keystore(path, key, "x", rounds=2)


@pytest.mark.parametrize(("change", "said"), [
    (lambda found: found | {"version": 3}, "its version is not 4"),
    (lambda found: found | {"crypto": {}}, "its encryption is not that of EIP-2335"),
    (lambda found: found | {"pubkey": "00" * 48}, "is not that of its public key"),
    (lambda found: [1], "its version is not 4"),
])
def test_what_is_no_keystore_is_told(tmp_path: Path, change: Any, said: str) -> None:
    path = tmp_path / "key.json"
    write_keystore(path, key_of(5), "password", rounds=2)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ProofmillError, match=said):
        read_keystore(path, "password")
    path.write_text("{")
    with pytest.raises(ProofmillError, match="it is no JSON"):
        read_keystore(path, "password")


def test_passwords_are_first_lines(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("a b \r\nsecond")
    assert read_password(path, "--password-file") == "a b "
    for wrong in ("", "\nx", "\x07\n"):
        path.write_text(wrong)
        with pytest.raises(ProofmillError, match="--password-file .*: its first line is empty"):
            read_password(path, "--password-file")
    with pytest.raises(ProofmillError, match="cannot be read"):
        read_password(tmp_path / "none", "--password-file")
