"""Where records go, what they say, and that one identifier follows a thing through all layers."""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.logs import OLD_FILES, PACKAGE, for_nodes, set_up
from proofmill.host.cli.main import main, parser
from proofmill.host.ground.log_fields import name_of, proof_name

ROOT = b"\x01" * 32
log = logging.getLogger(f"{PACKAGE}.somewhere")


@pytest.fixture(autouse=True)
def as_before() -> Any:
    yield
    package = logging.getLogger(PACKAGE)
    for handler in list(package.handlers):
        package.removeHandler(handler)
        handler.close()
    package.setLevel(logging.NOTSET)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def given(*arguments: str) -> None:
    set_up(parser().parse_args(arguments))


def test_nothing_is_shown_that_was_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    given("commands")
    log.warning("something")
    log.error("something worse")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("place", ["before", "after", "nested"])
def test_the_options_stand_before_or_after_the_command(place: str, tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    options = ["--verbose", "--log-file", path]
    line = {"before": [*options, "commands"], "after": ["commands", *options],
            "nested": ["zkey", "info", __file__, *options]}[place]
    parsed = parser().parse_args(line)
    assert parsed.verbose and parsed.log_file == path
    assert parser().parse_args(["commands"]).verbose is False


def test_a_services_log_is_never_too_long(tmp_path: Path) -> None:
    path = tmp_path / "node.log"
    for_nodes(argparse.Namespace(verbose=False), most_bytes=2_000)(path, "node-0")
    for number in range(100):
        log.info("event %d", number)
    files = sorted(tmp_path.iterdir())
    assert [each.name for each in files] == [
        "node.log", *(f"node.log.{number}" for number in range(1, OLD_FILES + 1))]
    assert all(each.stat().st_size <= 2_000 for each in files)
    kept = [line["message"] for each in (*files[:0:-1], files[0]) for line in lines(each)]
    assert kept == [f"event {number}" for number in range(100 - len(kept), 100)]


def test_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    given("--verbose", "commands")
    log.debug("a small step of %d", 3, extra={"peer": "node 1", "block": name_of(ROOT)})
    _, shown = capsys.readouterr()
    assert shown.endswith(f" debug {log.name}: a small step of 3 [block=0x{'01' * 32} "
                          "peer=node 1]\n")


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    given("--log-file", str(path), "commands")
    log.debug("not without --verbose")
    log.info("with\na break and ünicode", extra={"proof": proof_name(ROOT, 0, 7), "slot": 5})
    try:
        raise ValueError("why")
    except ValueError:
        log.exception("a fault")
    first, second = lines(path)
    assert first["message"] == "with\na break and ünicode" and first["level"] == "info"
    assert first["proof"] == f"0x{'01' * 32}/0/7" and first["slot"] == 5
    assert first["logger"] == log.name and first["time"].endswith("+00:00")
    assert "ValueError: why" in second["trace"]
    given("--log-file", str(path), "commands")  # a second run appends
    log.info("again")
    assert [each["message"] for each in lines(path)][-1] == "again" and len(lines(path)) == 3


def test_a_log_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--log-file", str(tmp_path), "commands"]) == 2
    out, error = capsys.readouterr()
    assert out == "" and f"proofmill: --log-file {tmp_path}: cannot be opened" in error


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_ends_the_log_and_not_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    given("--log-file", "/dev/full", "commands")
    log.info("one")
    log.info("two")
    _, error = capsys.readouterr()
    assert error == ("proofmill: /dev/full: the log ends here: No space left on device; the work "
                     "goes on; make room for the next one\n")
