"""How a command is stopped: by which signals, with what status, what is left of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.host.cli.terminal import HIDE, ROOT, SHOW, Terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
LONG = ["-m", "proofmill.host.cli.main", "simulate", "equal", "--slots", "100000"]


@pytest.mark.parametrize(("name", "status", "sentence"), [
    ("SIGINT", 130, "proofmill: stopped"),
    ("SIGTERM", 143, "proofmill: stopped by SIGTERM"),
    ("SIGHUP", 129, "proofmill: stopped by SIGHUP"),
])
def test_a_signal_ends_a_command_and_gives_the_terminal_back(name, status, sentence):
    """Also where SIGINT was ignored before, as a shell has it for what runs in the background."""
    with Terminal(LONG, ignore="INT") as terminal:
        terminal.until(HIDE)
        terminal.process.send_signal(getattr(signal, name))
        assert terminal.end() == status
        assert terminal.seen.rindex(SHOW) > terminal.seen.rindex(HIDE)
        assert sentence in terminal.lines and "Traceback" not in terminal.seen


def test_a_terminal_that_is_gone_is_no_mistake_of_the_users():
    with Terminal(LONG) as terminal:
        terminal.until(HIDE)
        terminal.hang_up()
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.process.wait(120) == 129


def test_nohup_keeps_a_command_alive_and_sigterm_still_ends_it():
    with Terminal(LONG, ignore="HUP") as terminal:
        terminal.until(HIDE)
        terminal.process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert terminal.process.poll() is None
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 143


def test_a_signal_in_a_finaliser_ends_a_command_too():
    """Python drops what is raised there; imports have such places."""
    from proofmill.host.cli.signals import Stopped, stopping

    class Last:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)

    hook = sys.unraisablehook
    with stopping():
        with pytest.raises(Stopped, match="SIGTERM"):
            Last()
            time.sleep(10)
    assert sys.unraisablehook is hook


def test_handlers_are_those_of_before_when_a_command_is_over(capsys):
    from proofmill.host.cli.main import main

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert main(["mine", "--blocks", "0"]) == 2
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


TOOL = """
import subprocess, sys, time
if "--version" in sys.argv:
    print("a slow compiler")
else:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open({pids!r}, "a") as file:
        print(child.pid, file=file, flush=True)
    child.wait()
"""

SYNTHESIS = """
import sys
from pathlib import Path
from proofmill.boards.tools import run
run([sys.executable, {tool!r}], Path({folder!r}), "log")
"""

COMPILATION = """
from pathlib import Path
from proofmill.sim.verilated import HARNESS, library_of
library_of("module top(input clk, output q); assign q = clk; endmodule", "top", HARNESS,
           lambda what, done, total: None)
"""

PROVERS = """
import sys
from proofmill.host.bench.proving import _python
_python("import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])", {tool!r})
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("work", [SYNTHESIS, COMPILATION, PROVERS],
                         ids=["synthesis", "compilation", "provers"])
def test_tools_end_with_the_command_and_what_they_started_too(work, tmp_path):
    """SIGTERM comes to one process alone, unlike a terminal's Ctrl-C."""
    pids, tool = tmp_path / "pids", tmp_path / "tool.py"
    tool.write_text(TOOL.format(pids=str(pids)))
    program = ("from proofmill.host.cli.signals import stopping\nwith stopping():\n"
               + "\n".join("    " + line for line in
                           work.format(tool=str(tool), folder=str(tmp_path)).splitlines()))
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PROOFMILL_CACHE": str(tmp_path / "cache"),
             "PROOFMILL_CXX": f"{sys.executable} {tool}"})
    try:
        started = until(lambda: pids.exists() and pids.read_text().split())
        assert started and all(alive(int(pid)) for pid in started)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
        assert "Stopped: SIGTERM" in errors
        assert until(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))
    finally:
        process.kill()
        process.communicate()
        for pid in pids.read_text().split() if pids.exists() else ():
            if alive(int(pid)):
                os.kill(int(pid), signal.SIGKILL)


def until(what, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
