"""A key comes back with its password, and with nothing else."""

import json
import stat
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.transfers.keystore import (
    packed_key,
    read_address,
    read_keystore,
    read_public,
    write_keystore,
)
from proofmill.host.prover.circuits.eddsa import public_key

KEY, PASSWORD, ADDRESS = bytes(range(32)), b"correct horse", bytes(range(20))


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "key.json"
    write_keystore(path, KEY, PASSWORD, ADDRESS)
    return path


def test_a_key_comes_back(keystore: Path) -> None:
    assert read_keystore(keystore, PASSWORD) == KEY
    assert read_public(keystore) == public_key(KEY) and read_address(keystore) == ADDRESS
    text = keystore.read_text()
    assert KEY.hex() not in text and packed_key(public_key(KEY)) in text
    assert json.loads(text)["crypto"]["kdf"] == "scrypt"
    assert stat.S_IMODE(keystore.stat().st_mode) == 0o600


def test_a_wrong_password_is_said(keystore: Path) -> None:
    with pytest.raises(ProofmillError, match="the password is not the one"):
        read_keystore(keystore, b"wrong horse")


def test_a_file_that_is_there_stays(keystore: Path) -> None:
    before = keystore.read_bytes()
    with pytest.raises(ProofmillError, match="is there already"):
        write_keystore(keystore, KEY[::-1], PASSWORD, ADDRESS)
    assert keystore.read_bytes() == before


def test_a_key_that_no_keystore_keeps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProofmillError, match="make another"):
        write_keystore(tmp_path / "key.json", bytes(32), PASSWORD, ADDRESS)


@pytest.mark.parametrize(("change", "said"), [
    (lambda found: found | {"kind": "else"}, "its kind is not"),
    (lambda found: found | {"version": 2}, "a keystore of version 2, this release reads 1"),
    (lambda found: found | {"public_key": "12"}, "64 hexadecimal digits"),
    (lambda found: found | {"public_key": "ff" * 32}, "its public key"),
    (lambda found: found | {"crypto": None}, "or no key"),
    (lambda found: found | {"crypto": {"kdf": "other"}}, "its encryption is not"),
    (lambda found: found | {"public_key": packed_key(public_key(bytes(32)))},
     "not that of its public key"),
    (lambda found: [found], "its kind is not"),
])
def test_damage_is_named(keystore: Path, tmp_path: Path, change, said: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(change(json.loads(keystore.read_text()))))
    with pytest.raises(ProofmillError, match=said):
        read_keystore(path, PASSWORD)


def test_a_file_of_an_earlier_release_has_no_address(keystore: Path, tmp_path: Path) -> None:
    path, found = tmp_path / "key.json", json.loads(keystore.read_text())
    path.write_text(json.dumps({name: found[name] for name in found if name != "address"}))
    assert read_address(path) is None and read_keystore(path, PASSWORD) == KEY
    path.write_text(json.dumps(found | {"address": "0x12"}))
    with pytest.raises(ProofmillError, match="its address is no 40"):
        read_address(path)


def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    for content in (b"no", b"\xff", b"[" * 60_000):
        path.write_bytes(content)
        with pytest.raises(ProofmillError, match="it is no JSON"):
            read_public(path)
    with pytest.raises(ProofmillError, match="cannot be read"):
        read_public(tmp_path / "absent.json")
