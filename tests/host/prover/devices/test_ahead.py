"""A device that another process builds: its steps are told, and it ends when nobody wants it."""

import time
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.prover.devices.ahead import Ahead, ahead_of
from proofmill.host.prover.devices.catalogue import is_built


def processes(word: str) -> list[int]:
    """Those that have a word in an argument."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue  # it has ended, or is another's
    return found


def test_what_needs_no_building_is_not_built() -> None:
    for name in ("cpu", "serial:/dev/ttyUSB0", "nothing"):
        assert is_built(name) and ahead_of(name) is None


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_it_ends_with_who_wanted_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all compilers that it has started."""
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    assert not is_built("model")
    with Ahead("model") as ahead:
        deadline = time.monotonic() + 120
        while ahead.last is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert ahead.last == ("emitting Verilog", 0, 1)
        assert len(processes(str(tmp_path))) >= 2, "it, and what compiles beside the Verilog"
    deadline = time.monotonic() + 20
    while processes(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes(str(tmp_path))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_what_fails_is_left_to_who_opens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFMILL_CXX", "no-such-compiler")
    steps: list[str] = []
    with Ahead("model") as ahead:
        ahead.wait(lambda what, done, total: steps.append(what))
    assert steps == []


@pytest.mark.slow  # what it builds takes a minute
def test_mining_from_nothing_builds_beside_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    assert main(["mine", "--blocks", "1", "--device", "model", "--transfers", "1", "--accounts",
                 "2"]) == 0
    assert is_built("model")
    said = capsys.readouterr()
    assert "device: model, which is being built" in said.out
    assert " proofs on cpu, while model was being built" in said.out
    # Only what takes seconds is shown: a wait for the device comes after the chain, if it comes.
    assert "preparing the device" not in said.err.partition("starting the chain")[0]
