"""node.toml: what is written is read, and each mistake is told with key, line and way out."""

from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.toml_text import line_of
from proofmill.host.network.operator.settings import (
    PeerTable,
    Settings,
    keys,
    markdown,
    read_settings,
    toml_text,
)


def read(folder: Path, text: str, **environment: str) -> Settings:
    path = folder / "node.toml"
    path.write_text(text)
    return read_settings(path, environment)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    peers = [PeerTable(name="b", certificate="peers/\"b\".pem", address="10.0.0.7:9000"),
             PeerTable(name="c", certificate="c.pem")]
    settings = Settings(peers=peers)
    text = toml_text(settings)
    assert read(tmp_path, text) == settings
    assert read(tmp_path, "") == Settings()
    for key in keys():
        assert f"{key.name}" in text and key.what.split()[0] in text


def test_every_key_says_what_it_is() -> None:
    found = list(keys())
    assert len({(key.table, key.name) for key in found}) == len(found)
    for key in found:
        assert key.what and (key.default is not None or key.table == "peers")
        assert key.limits or "port" not in key.name.split("_")
        assert key.unit or not key.name.endswith("milliseconds")


@pytest.mark.parametrize(("before", "after", "said"), [
    ("\nport = 9_000", "\nprot = 9000",
     r"there is no key network.prot \(did you mean port\?\); known are host, identity"),
    ("\nport = 9_000", "\nport = 65536",
     r"network.port = 65536: must be a whole number, 0 to 65,535"),
    ("\nport = 9_000", "\nport = 'x'",
     r"network.port = 'x': must be a whole number, 0 to 65,535"),
    ("[prover]", "[prver]", r"there is no key prver \(did you mean prover\?\)"),
    ('\nname = "node-0"', '\nname = "node 0"',
     r"node.name = 'node 0': must be what peers and logs call it: letters, digits"),
    ('\nroles = ["validator", "prover"]', '\nroles = ["validator", "miner"]',
     r"node.roles\[1\] = 'miner': must be one of validator, prover"),
    ('\ndevices = ["cpu"]', '\ndevices = ["cpu", "modle"]',
     r"there is no device 'modle' \(did you mean model\?\); the devices are rtl, model"),
    ('\ndevices = ["cpu"]', '\ndevices = ["serial:/dev/tty@fast"]', "is no serial port; write"),
    ('\ndevices = ["cpu"]', '\ndevices = ["serial:/dev/tty@"]', "is no serial port; write"),
    ("\nsign = false", "\nsign = 1", r"transfers.sign = 1: must be true or false"),
    ("\nport = 9_000", "\nport =", r"not TOML"),
])
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    text = toml_text(Settings())
    assert before in text
    line = text[:text.index(before)].count("\n") + 1 + before.startswith("\n")
    with pytest.raises(ProofmillError, match=said) as told:
        read(tmp_path, text.replace(before, after, 1))
    where = f"{tmp_path / 'node.toml'}"
    assert str(told.value).startswith((f"{where}, line {line}: ", f"{where}: not TOML"))


def test_what_others_could_reach_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(ProofmillError, match="line 2: 0.0.0.0 is not loopback; set metrics.token_"):
        read(tmp_path, '[metrics]\nhost = "0.0.0.0"\n')
    found = read(tmp_path, '[metrics]\nhost = "0.0.0.0"\ntoken_file = "t"\n[miner]\nhost = "::1"\n')
    assert found.metrics.token_file == "t"
    with pytest.raises(ProofmillError, match="line 2: 10.0.0.1 is not loopback, and this API know"):
        read(tmp_path, '[miner]\nhost = "10.0.0.1"\n')
    tls = '[tls]\nclient_certificates = "clients.pem"\n'
    found = read(tmp_path, f'{tls}[miner]\nhost = "10.0.0.1"\n[api]\nhost = "0.0.0.0"\n')
    assert found.encrypted(found.api.host) and not found.encrypted(found.metrics.host)
    with pytest.raises(ProofmillError, match="line 2: nothing speaks TLS without"):
        read(tmp_path, '[tls]\ncertificate = "node.pem"\n')


def test_mistakes_about_peers_are_told_with_their_table(tmp_path: Path) -> None:
    peer = '[[peers]]\nname = "{}"\ncertificate = "x.pem"\naddress = "{}"\n'
    one = peer.format("a", "h:1")
    with pytest.raises(ProofmillError, match=r"line 6: 'a' is the name of another node already"):
        read(tmp_path, one + peer.format("a", ""))
    with pytest.raises(ProofmillError, match=r"line 8: port 70000 is not 1 to 65,535"):
        read(tmp_path, one + peer.format("b", "h:70000"))
    with pytest.raises(ProofmillError, match=r"line 8: peers\[1\].address = 'h': must be where"):
        read(tmp_path, one + peer.format("b", "h"))
    with pytest.raises(ProofmillError, match=r"line 5: peers\[1\].certificate is missing"):
        read(tmp_path, one + '[[peers]]\nname = "b"\n')


def test_the_environment_takes_the_place_of_the_file(tmp_path: Path) -> None:
    text = toml_text(Settings())
    found = read(tmp_path, text, PROOFMILL_NETWORK_PORT="0", PROOFMILL_TRANSFERS_SIGN="true",
                 PROOFMILL_PROVER_DEVICES="model, cpu", PROOFMILL_NODE_NAME="x",
                 PROOFMILL_CACHE="/tmp", OTHER="1")
    assert found.network.port == 0 and found.transfers.sign
    assert found.prover.devices == ["model", "cpu"] and found.node.name == "x"
    # Also where the file has no such table.
    assert read(tmp_path, "", PROOFMILL_NETWORK_PORT="7").network.port == 7


@pytest.mark.parametrize(("name", "value", "said"), [
    ("PROOFMILL_NETWORK_PROT", "1", r"sets no key \(did you mean PROOFMILL_NETWORK_PORT\?\)"),
    ("PROOFMILL_NETWORK_PORT", "70000", r"network.port = 70000: must be a whole number, 0 to 65"),
    ("PROOFMILL_NETWORK_PORT", "1e3", r"network.port = '1e3': must be a whole number"),
    ("PROOFMILL_NODE_ROLES", "prover,miner", r"node.roles\[1\] = 'miner': must be one of"),
    ("PROOFMILL_TRANSFERS_SIGN", "yes", r"transfers.sign = 'yes': must be true or false"),
])
def test_a_variable_that_is_wrong_is_named(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(ProofmillError, match=f"environment variable {name}: {said}"):
        read(tmp_path, toml_text(Settings()), **{name: value})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProofmillError, match="`proofmill node init` makes one"):
        read_settings(tmp_path / "none.toml", {})


def test_lines_of_keys() -> None:
    text = "a = 1\n[t]\n b = 2\n\"c\" = 3\n[[p]]\nx = 1\n[[p]]\nx = 2\n[t.u]\nd = 4\n"
    assert [line_of(text, key) for key in (
        "a", "t.b", "t.c", "p[0].x", "p[1].x", "p[1].y", "t.u.d", "t.u", "z")] == [
        1, 3, 4, 6, 8, 7, 10, 9, None]
    text = ('s = """\n[t]\nb = 1\n"""\nl = [\n [1],\n {b = 2}]\n[[p]]\n[p.u]\nb = 1 # [\n[[p]]\n'
            '[p.u]\nb = "]"\nv.w = 2\n[t]\n"a.b" = 3\nb = 4\n')
    assert [line_of(text, key) for key in (
        "s", "l", "l[1].b", "p", "p[0].u.b", "p[1].u.b", "p[1].u.v.w", ("t", "a.b"), "t.b")] == [
        1, 5, 5, 8, 10, 13, 14, 16, 17]


def test_the_page_has_every_key() -> None:
    page = (Path(__file__).parents[4] / "docs" / "node.md").read_text()
    assert markdown() in page
