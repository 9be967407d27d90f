"""A signing history moves from one database to another through the program alone."""

import json
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.node.slashing_protection import (
    SignedAttestation,
    SignedBlock,
    SlashingProtection,
)

CHAIN, KEY, ROOT = b"\x07" * 32, b"\xaa" * 48, b"\x01" * 32


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "slashing.sqlite"
    with SlashingProtection(path, CHAIN) as protection:
        protection.merge([SignedBlock(KEY, 3, ROOT), SignedBlock(KEY, 7, ROOT)],
                         [SignedAttestation(KEY, 1, 2, ROOT)])
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main(["slashing", *map(str, arguments)])
    out, error = capsys.readouterr()
    return status, out, error


def test_a_history_moves(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, new = tmp_path / "history.json", tmp_path / "new.sqlite"
    status, out, _ = run(capsys, "export", database, file)
    assert status == 0 and "1 keys, 2 blocks and 1 attestations of the chain 0x0707" in out
    assert json.loads(file.read_text())["metadata"]["interchange_format_version"] == "5"
    for _ in range(2):  # once more changes nothing
        status, out, _ = run(capsys, "import", new, file, "--chain", "0x" + CHAIN.hex())
        assert status == 0 and "has now 1 keys, 2 blocks and 1 attestations" in out
    with SlashingProtection(new, CHAIN) as protection:
        assert protection.permit_block(SignedBlock(KEY, 7, b"\x02" * 32))
        assert protection.permit_block(SignedBlock(KEY, 8, ROOT)) == ""


def test_the_smallest_history_is_enough(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "small.json"
    assert run(capsys, "export", database, file, "--minimal")[0] == 0
    assert json.loads(file.read_text())["data"][0]["signed_blocks"] == [{"slot": "7"}]


def test_mistakes_are_said_and_change_nothing(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, nowhere, text = tmp_path / "h.json", tmp_path / "nowhere", tmp_path / "text"
    assert run(capsys, "export", database, file)[0] == 0
    before = file.read_text()
    text.write_text("no database, and long enough to be looked at " * 30)
    for arguments, said in (
            (("export", database, file), "h.json: is there already"),
            (("export", nowhere, tmp_path / "new.json"), "nowhere: there is no such database"),
            (("export", text, tmp_path / "new.json"), "not a slashing protection database"),
            (("import", database, nowhere), "nowhere: there is no such file"),
            (("import", nowhere, file), "with --chain of which chain it is"),
            (("import", nowhere, file, "--chain", "7"), "--chain 7: is not 0x and 32 bytes"),
            (("import", database, text), "text: not JSON")):
        status, out, error = run(capsys, *arguments)
        assert status == 2 and out == "" and error.startswith("proofmill: ") and said in error
    assert file.read_text() == before and not nowhere.exists()
    status, _, error = run(capsys, "import", tmp_path / "other.sqlite", file, "--chain",
                           "0x" + "08" * 32)
    assert status == 2 and "nothing was imported" in error
