"""Settings that are read again: what is taken over, what stays and is named."""

from pathlib import Path

import msgspec
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.operator.prepared import Prepared, prepared
from proofmill.host.network.operator.reload import reloaded
from proofmill.host.network.operator.settings import Settings, keys, read_settings, toml_text
from tests.host.network.operator.service import folders


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Path]:
    home = folders(tmp_path_factory.mktemp("mill"), nodes=2)[0]
    return prepared(read_settings(home / "node.toml", {}), home, "1.2.3"), home


def other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case list():
            return value[:1]
    return f"{value}x"


def test_every_key_is_taken_over_or_named(running: tuple[Prepared, Path]) -> None:
    before, home = running
    (home / "tokenx").write_text("secret\n")
    for key in keys():
        if key.table == "peers":
            continue
        table = getattr(before.settings, key.table)
        value = other(getattr(table, key.name))
        if key.name == "token_file":
            value = "tokenx"
        elif key.name == "client_certificates":
            value = "certificate.pem"
        settings = msgspec.structs.replace(before.settings, **{
            key.table: msgspec.structs.replace(table, **{key.name: value})})
        made = reloaded(before, settings, home)
        if settings == before.settings:
            continue  # a list of one
        name = f"{key.table}.{key.name}"
        assert (made.taken, made.stays) == (((name,), ()) if key.reload else ((), (name,)))
        assert name in made.sentence
        now = getattr(getattr(made.prepared.settings, key.table), key.name)
        assert now == (value if key.reload else getattr(table, key.name))
    assert reloaded(before, before.settings, home).sentence == \
        "the settings are read again: nothing changed"


def test_transfers_token_and_addresses_go_where_they_are_used(
        running: tuple[Prepared, Path]) -> None:
    before, home = running
    (home / "token").write_text("first\n")

    def changed(settings: Settings) -> Prepared:
        return reloaded(before, settings, home).prepared

    replace = msgspec.structs.replace
    assert not changed(replace(before.settings, transfers=replace(
        before.settings.transfers, sign=False))).setup.sign_transfers
    with_token = replace(before.settings, metrics=replace(
        before.settings.metrics, token_file="token"))
    made = changed(with_token)
    assert made.tokens["metrics"] == "first"
    (home / "token").write_text("second\n")
    again = reloaded(made, with_token, home)
    assert again.taken == ("metrics.token_file",) and again.prepared.tokens["metrics"] == "second"
    (home / "clients.pem").write_text((home / "certificate.pem").read_text())
    encrypted = replace(before.settings, tls=replace(
        before.settings.tls, client_certificates="clients.pem"))
    made = changed(encrypted)
    assert made.tls is not None and reloaded(made, encrypted, home).taken == ()
    (home / "clients.pem").write_text((home / "peers/node-1.pem").read_text())
    assert reloaded(made, encrypted, home).taken == ("tls",)
    (peer,) = before.settings.peers
    moved = reloaded(before, replace(before.settings, peers=[
        replace(peer, address="10.0.0.7:9123")]), home)
    assert moved.taken == ("peers.address",)
    assert [(each.host, each.port) for each in moved.prepared.peers] == [("10.0.0.7", 9123)]
    gone = reloaded(before, replace(before.settings, peers=[]), home)
    assert gone.stays == ("peers",) and gone.prepared.peers == before.peers


def test_a_file_that_does_not_fit_changes_nothing(running: tuple[Prepared, Path]) -> None:
    before, home = running
    replace = msgspec.structs.replace
    with pytest.raises(ProofmillError, match="metrics.token_file .*nowhere"):
        reloaded(before, replace(before.settings, metrics=replace(
            before.settings.metrics, token_file="nowhere")), home)


def test_the_file_says_what_is_taken_over() -> None:
    names = {f"{key.table}.{key.name}" for key in keys() if key.reload}
    assert names == {
        "transfers.sign", "metrics.enabled", "metrics.host", "metrics.port", "metrics.token_file",
        "api.enabled", "api.host", "api.port", "api.token_file",
        "miner.enabled", "miner.host", "miner.port", "tls.client_certificates", "tls.certificate",
        "peers.address"}
    assert "on reload" in toml_text(Settings())
