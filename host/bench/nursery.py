"""Processes that begin at once: they are forked from one that has loaded what they need.

A program of this package needs more than a second to load, which a bench that kills a thousand of
them would wait for a thousand times. What is forked is a process like any other: it has its own
memory and files, and SIGKILL leaves nothing of it.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.parent import end_with_parent, same_packages

LOOK_SECONDS = 0.01


class Nursery(Closing):
    """Begins processes, and ends with all of them. One thread at a time is served."""

    def __init__(self, modules: Sequence[str]) -> None:
        """`modules`: whose `main` the processes may run, by their whole names."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *modules], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=partial(end_with_parent, signal.SIGKILL, os.getpid()),
            env=same_packages())

    def begin(self, module: str, arguments: Sequence[str], output: Path) -> "Child":
        """A process that runs `main` of a module with `arguments`; what it says goes to the end of
        `output`, and is heard from here on."""
        output.touch()
        heard = output.stat().st_size
        return Child(self, int(self.ask("begin", module, list(arguments), str(output))), output,
                     heard)

    def ask(self, *request: object) -> Any:
        """What the process that forks answers."""
        with self._lock:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it, and with it what it has begun."""
        self._process.kill()
        self._process.communicate()


class Child:
    """A process of a nursery."""

    def __init__(self, nursery: Nursery, pid: int, output: Path, heard: int) -> None:
        self.pid = pid
        self._nursery, self._output, self._heard = nursery, output, heard
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its status as `subprocess` has it; None while it runs."""
        if self._status is None:
            self._status = self._nursery.ask("poll", self.pid)
        return self._status

    def kill(self) -> None:
        """End it in the middle of whatever it does, and wait until it has ended."""
        if self._status is None:
            self._status = self._nursery.ask("kill", self.pid)

    def until(self, word: str) -> str:
        """The next line it says in which `word` is; RuntimeError where it ends before."""
        while True:
            ended = self.poll() is not None
            with self._output.open("rb") as stream:
                stream.seek(self._heard)
                for line in stream:
                    if not line.endswith(b"\n"):
                        break
                    self._heard += len(line)
                    if word in (text := line.decode("utf-8", "replace")):
                        return text
            if ended:
                raise RuntimeError(f"a process ended before it said {word!r}")
            time.sleep(LOOK_SECONDS)


def _begun(module: str, arguments: list[str], output: str) -> int:
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        end_with_parent(signal.SIGKILL, nursery)
        nothing = os.open(os.devnull, os.O_RDONLY)
        said = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for old, new in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(old, new)
        importlib.import_module(module).main(*arguments)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _waited(pid: int, flags: int) -> int | None:
    done, status = os.waitpid(pid, flags)
    return os.waitstatus_to_exitcode(status) if done else None


def serve(modules: Sequence[str]) -> None:
    """Answer requests, a line each, until there are no more."""
    for module in modules:
        importlib.import_module(module)
    gc.freeze()  # what all have stays in memory once
    for line in sys.stdin:
        what, *given = json.loads(line)
        answer: int | None
        if what == "begin":
            answer = _begun(*given)
        elif what == "poll":
            answer = _waited(given[0], os.WNOHANG)
        else:
            os.kill(given[0], signal.SIGKILL)
            answer = _waited(given[0], 0)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1:])
