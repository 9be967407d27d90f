"""What systemd hears of a node, and the unit by which it runs one."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.operator.settings import Settings, toml_text
from proofmill.host.network.operator.supervisor import Supervisor, unit


@pytest.mark.parametrize("abstract", [False, True])
def test_messages_are_those_of_the_protocol(tmp_path: Path, abstract: bool) -> None:
    name = f"@proofmill-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    now = [0.0]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0" + name[1:] if abstract else name)
        line.settimeout(10)
        told = Supervisor({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "8000000"}, lambda: now[0])
        told.ready("slot 3")
        assert line.recv(99) == b"READY=1\nSTATUS=slot 3"
        for now[0] in (0.0, 1.0, 1.9, 2.0, 3.0, 4.5):
            told.alive()
        told.stopping()
        told.reloading()
        # Well before it is missed after 8 seconds, and no oftener than it has to be.
        assert [line.recv(99) for _ in range(4)] == [b"WATCHDOG=1"] * 3 + [b"STOPPING=1"]
        assert line.recv(99).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    told.stopping()  # nobody listens any more


def test_who_has_no_supervisor_tells_nobody(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "none")},
                        {"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "x"},
                        {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}):
        told = Supervisor(environment)
        told.ready("")
        told.alive()


def test_the_unit_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a 100% folder"
    folder.mkdir()
    config = folder / "node.toml"
    config.write_text(toml_text(Settings()))
    assert main(["node", "unit", "--config", str(config)]) == 0
    text = capsys.readouterr().out
    assert "Type=notify" in text and "WatchdogSec=" in text
    assert f'--config "{tmp_path}/a 100%% folder/node.toml"' in text
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / "proofmill.service"
    path.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)],
                          capture_output=True, text=True)
    assert "proofmill.service" not in done.stderr and done.returncode == 0, done.stderr


def test_words_of_the_unit() -> None:
    text = unit(Path('/a"b$c\\d/node.toml'), "n", "u", Path("/f"), Path("/c"))
    assert '--config "/a\\"b$$c\\\\d/node.toml"' in text
