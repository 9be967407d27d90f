"""Does what a page says, step by step, in a folder of its own, and compares what it shows.

A page's fenced blocks are its steps, in their order:

* a block with ``title="NAME"`` is the file NAME, which the reader writes;
* ``console`` has commands, each after ``$``, further lines of it after ``>``, and below each what
  it shows. There a line ``...`` stands for any lines, and ``…`` for anything in a line.

All commands are run by one bash, so that jobs in the background and variables are there for those
that follow. What is compared is stdout; of a command that is refused, ``proofmill: ...``, stderr.
"""

import contextlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import proofmill

ROOT = Path(__file__).parents[2]
REFUSED = "proofmill: "
"""What the sentence begins with where a command is refused."""

OWN = {"proofmill", "python", "cd", "export", "for", "kill", "until", "wait"}
"""What is there on every machine: ours, and bash's."""

FENCE = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class File:
    """A file that the reader writes."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command, what is to be seen then, and the line of the page on which it stands."""

    line: int
    text: str
    shown: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether the page says that it is."""
        return any(line.startswith(REFUSED) for line in self.shown)


def steps_of(page: str) -> Iterator[File | Command]:
    """The steps of a page, in their order."""
    for block in FENCE.finditer(page):
        language, options, body = block.groups()
        if (title := re.search(r'title="([^"]+)"', options)) is not None:
            yield File(title[1], body)
        elif language == "console":
            yield from _commands(body, page.count("\n", 0, block.start(3)) + 1)


def _commands(body: str, first: int) -> Iterator[Command]:
    lines = body.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    assert starts and starts[0] == 0, f"line {first}: a block of commands begins with one"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        after = start + 1
        while after < end and lines[after].startswith("> "):
            after += 1
        text = "\n".join(line[2:] for line in lines[start:after])
        yield Command(first + start, text, tuple(lines[after:end]))


def is_as(shown: str, expected: tuple[str, ...]) -> bool:
    """Whether text is what a page shows, with its ``...`` and ``…``."""
    pattern = ""
    for line in expected:
        if line == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*?".join(map(re.escape, line.rstrip().split("…"))) + r"[ ]*\n"
    return re.fullmatch(pattern, shown if not shown or shown.endswith("\n") else shown + "\n",
                        re.DOTALL) is not None


def without_tools(page: str) -> str | None:
    """The first program that the page's commands begin with and this machine lacks."""
    for step in steps_of(page):
        if isinstance(step, Command):
            words = [word for word in step.text.split() if not re.match(r"\w+=", word)]
            if words[0] not in OWN and shutil.which(words[0]) is None:
                return words[0]
    return None


def walk(page: Path, folder: Path, *, until: str | None = None, seconds: int = 600) -> None:
    """Do what `page` says, up to the heading `until`, in `folder`; raise where it shows something
    else. A page with a program that this machine lacks is skipped."""
    text = page.read_text("utf-8")
    if until is not None:
        assert f"\n## {until}\n" in text
        text = text.partition(f"\n## {until}\n")[0]
    if (name := without_tools(text)) is not None:
        pytest.skip(f"{name} is not there, which {page.name} uses")
    steps = list(steps_of(text))
    assert any(isinstance(step, Command) for step in steps)
    notes, here = folder / "notes", folder / "here"
    for each in (notes / "bin", here):
        each.mkdir(parents=True)
    _program(notes / "bin" / "proofmill", "-m proofmill.host.cli.main")
    _program(notes / "bin" / "python", "")
    (notes / "script").write_text(_script(steps, notes), "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"} | {
        "PATH": f"{notes / 'bin'}:{os.environ['PATH']}", "COLUMNS": "80",
        "XDG_DATA_HOME": str(notes / "data"), "PYTHONPATH": str(Path(proofmill.__path__[0]).parent)}
    shell = subprocess.Popen(["bash", str(notes / "script")], cwd=here, env=environment,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            shell.wait(seconds)
    finally:
        _end_session(shell.pid)
        shell.wait()
    said = _compare(page, steps, notes)
    assert said is None, said


def _end_session(leader: int) -> None:
    """End what is left of a session: jobs in the background have process groups of their own."""
    for name in os.listdir("/proc"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if name.isdigit() and os.getsid(int(name)) == leader:
                os.kill(int(name), signal.SIGKILL)


def _program(path: Path, arguments: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _script(steps: list[File | Command], notes: Path) -> str:
    """All steps for bash; where one does not end as the page says, nothing more is done."""
    lines = ["set -m", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for number, step in enumerate(steps):
        place = notes / str(number)
        if isinstance(step, File):
            place.write_text(step.text, "utf-8")
            lines.append(f"cp {place} {step.name}")
        else:
            lines += ["{", step.text, f"}} >{place}.out 2>{place}.err", "status=$?",
                      f"echo $status >{place}.status",
                      f"[ $status {'!=' if step.refused else '='} 0 ] || exit"]
    return "\n".join([*lines, ""])


def _compare(page: Path, steps: list[File | Command], notes: Path) -> str | None:
    """What is wrong with the first command that did not show what the page says; None: nothing."""
    for number, step in enumerate(steps):
        if isinstance(step, File):
            continue
        out, err = ((notes / f"{number}.{kind}") for kind in ("out", "err"))
        where = f"{page.name}:{step.line}: {step.text}"
        if not out.exists():
            return f"{where}: was not begun"
        texts = [out.read_text("utf-8"), err.read_text("utf-8")]
        if not (notes / f"{number}.status").exists():
            return f"{where}: did not end\n{''.join(texts)}"
        status = int((notes / f"{number}.status").read_text())
        if step.refused:
            texts.insert(0, texts[0] + "".join(
                line for line in texts[1].splitlines(True) if line.startswith(REFUSED)))
        if (status != 0) != step.refused or not is_as(texts[0], step.shown):
            return f"{where}: status {status}\n" + "\n".join(texts)
    return None
