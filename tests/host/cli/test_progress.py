"""What is shown while a command works."""

import io
import time

import pytest

from proofmill.host.cli import screen as module
from proofmill.host.cli.screen import SILENCE_SECONDS, Screen


def until(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_without_a_terminal_work_is_told_of_every_few_seconds(capsys, monkeypatch):
    assert SILENCE_SECONDS < 5
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.02)
    seen = ""

    def told(text):
        nonlocal seen
        seen += capsys.readouterr().err
        return text in seen

    with Screen().bar("working") as bar:
        until(lambda: told("working: 0 s ...\n"))
        bar.step("compiling", 1, 4)
        until(lambda: told("compiling ...\ncompiling: 25%, 0 s ...\n"))
        bar(3, 4)
        until(lambda: told("compiling: 75%, 0 s ...\n"))
        bar(998, 1000)  # not all of it
        until(lambda: told("compiling: 99%, 0 s ...\n"))
    capsys.readouterr()
    time.sleep(0.1)
    assert capsys.readouterr() == ("", "")  # over is over


def test_a_bar_ends_with_its_work(capsys, monkeypatch):
    import _thread

    before = _thread._count()
    with pytest.raises(KeyError), Screen().bar("working"):
        until(lambda: _thread._count() == before + 1)
        raise KeyError
    until(lambda: _thread._count() == before)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", ["stdout", "stderr"])
@pytest.mark.parametrize("is_machine", [False, True])
def test_the_bar_is_where_a_terminal_is(monkeypatch, terminal, is_machine):
    monkeypatch.setenv("TERM", "xterm")
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO(), terminal: Terminal()}
    for name, stream in streams.items():
        monkeypatch.setattr(f"sys.{name}", stream)
    with Screen(machine=is_machine).bar("working") as bar:
        bar.step("compiling", 1, 4)
        watched = bar.watched
    # What a machine reads is never drawn on, not even where it is a terminal.
    assert watched == (terminal == "stderr" or not is_machine)
    assert ("compiling" in streams[terminal].getvalue()) == watched
    other = streams["stdout" if terminal == "stderr" else "stderr"].getvalue()
    assert other == ("" if watched else "compiling ...\n")
