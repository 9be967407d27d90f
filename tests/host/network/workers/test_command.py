"""`proofmill worker` as a process: it works, its secret is not to be seen, a signal ends it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.cli.main import main
from proofmill.host.network.workers.access import read_access
from proofmill.host.network.workers.device import WorkersDevice
from proofmill.host.prover.devices.device import Job
from tests.host.network.workers.running import place, points, scalars, sums

ROOT = Path(__file__).parents[4]


def command(access: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "proofmill.host.cli.main", "worker", "--access", str(access),
         "--threads", "1", *more], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def test_a_process_works_until_it_is_told_to_end(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        access = at.access("alpha")
        url = read_access(access).url
        worker = command(access, url, "--log-file", str(tmp_path / "log"))
        try:
            at.until(lambda: "alpha" in at.farm.workers(), 30)
            device = WorkersDevice(at.farm, 256)
            each, by = points(Group.G1, 600), scalars(600, 2)
            result = device.run([Job(device.load(Group.G1, each), by)])[0]
            assert np.array_equal(result.point, sums([(Group.G1, each, by)])[0])
            password = read_access(access).password
            shown = Path(f"/proc/{worker.pid}/cmdline")
            if shown.exists():
                assert password.encode() not in shown.read_bytes()
            worker.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            said, errors = worker.communicate(timeout=20)
        finally:
            worker.kill()
            worker.wait()
        assert worker.returncode == 0, errors
        assert time.monotonic() - begin < 10
        assert "alpha works for mill" in said and "3 tasks done, 0 failed" in said
        assert password not in said + errors + (tmp_path / "log").read_text()


def test_mistakes_have_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the command line, each ends it with status 2 and a sentence."""
    file = tmp_path / "alpha.json"
    file.write_text("{}")
    assert main(["worker", "--access", str(file)]) == 2
    assert "not an access file" in capsys.readouterr().err
    file.write_text('{"url": "nats://127.0.0.1:1", "user": "a", "password": "p", "queue": "q"}')
    assert main(["worker", "--access", str(file)]) == 2
    assert "nobody answers there" in capsys.readouterr().err
    assert main(["worker", "http://127.0.0.1:1", "--access", str(file)]) == 2
    assert "write nats://HOST:4222" in capsys.readouterr().err
