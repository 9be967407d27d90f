"""The description of a chain: what is written is the same chain for everybody who reads it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.keys import random_key
from proofmill.host.network.node.follower import SLOT_MS, Follower
from proofmill.host.network.operator.chain_file import ChainClock, chain_text, read_chain
from proofmill.host.network.operator.keystores import read_keystores, read_password
from proofmill.host.network.operator.prepared import prepared
from proofmill.host.network.operator.settings import read_settings
from tests.host.network.operator.service import folders


def test_all_nodes_of_a_chain_have_one_genesis(tmp_path: Path) -> None:
    homes = folders(tmp_path, nodes=2)
    chains = [read_chain(home / "chain.json") for home in homes]
    assert chain_text(chains[0]) == chain_text(chains[1])
    setups, owned = [], []
    for home, chain in zip(homes, chains, strict=True):
        keys = read_keystores(home / "keys", read_password(home / "password.txt", "password"))
        setup, numbers = chain.with_keys(keys)
        setups.append(setup)
        owned += numbers
        assert all(setup.keys[number].secret for number in numbers)
    assert sorted(owned) == list(range(64))
    first, second = (Follower(setup) for setup in setups)
    assert first.genesis_root == second.genesis_root == chains[0].genesis_root
    chains[0].require(first)
    with pytest.raises(ProofmillError, match="use the release that made it, or begin a new chain"):
        replace(chains[0], genesis_root=bytes(32)).require(first)
    assert first.layer.bonds.call("prover_count") == 1


def test_no_secret_is_in_what_is_shared_or_configured(tmp_path: Path) -> None:
    home = folders(tmp_path)[0]
    keys = read_keystores(home / "keys", read_password(home / "password.txt", "password"))
    for path in (home / "chain.json", home / "node.toml", home / "certificate.pem"):
        text = path.read_text()
        assert not any(f"{key.secret:064x}" in text or key.account.hex() in text for key in keys)
    for secret in (home / "identity.pem", home / "password.txt", *(home / "keys").iterdir()):
        assert secret.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("change", "said"), [
    ({"kind": "x"}, "no description of a chain"),
    ({"version": 2}, "of version 2, this release reads 1"),
    ({"slot_milliseconds": 499}, "slot_milliseconds = 499: must be a whole number, at least 500"),
    ({"extra": 1}, "there is no key extra; known are"),
    ({"batch_transfers": 65}, "a batch has 1 to 64 transfers"),
    ({"verification_key": {}}, "verification_key"),
])
def test_what_is_no_chain_is_told(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = folders(tmp_path)[0] / "chain.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ProofmillError, match=said):
        read_chain(path)


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"kind": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chain.json"
    path.write_bytes(content)
    with pytest.raises(ProofmillError, match="chain.json: not JSON: .*; name the chain.json"):
        read_chain(path)


def test_a_key_of_another_chain_is_refused(tmp_path: Path) -> None:
    chain = read_chain(folders(tmp_path)[0] / "chain.json")
    with pytest.raises(ProofmillError, match="is no validator's of the chain 'a chain'"):
        chain.with_keys([random_key()])


def test_chain_time_follows_the_wall_clock() -> None:
    clock = ChainClock(1000.0, 2000)
    assert clock.chain_ms(1000.0) == 0 and clock.chain_ms(1002.0) == SLOT_MS
    assert clock.chain_ms(999.999) < 0
    assert clock.unix_seconds(SLOT_MS // 4) == 1000.5
    assert clock.scaled(1.0) == SLOT_MS // 2 and clock.scaled(1e-9) == 1


@pytest.mark.parametrize(("variable", "value", "said"), [
    ("PROOFMILL_KEYS_PROVER", "keys/validator-00001.json", "is validator 1, which has no bond"),
    ("PROOFMILL_KEYS_VALIDATORS", "peers", "there is no keystore in it"),
    ("PROOFMILL_KEYS_PASSWORD_FILE", "chain.json", "the password is not the one"),
    ("PROOFMILL_NETWORK_IDENTITY", "certificate.pem", "has no private key"),
    ("PROOFMILL_PROVER_KEY", "none.zkey", "prover.key .*none.zkey: cannot be read"),
    ("PROOFMILL_NODE_CHAIN", "node.toml", "not JSON"),
])
def test_files_that_do_not_fit_are_named(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    home = folders(tmp_path)[0]
    (home / "peers").mkdir(exist_ok=True)
    with pytest.raises(ProofmillError, match=said):
        prepared(read_settings(home / "node.toml", {variable: value}), home, "1.2.3")
