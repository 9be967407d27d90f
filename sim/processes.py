"""Tools as children of this process: none outlives the work that wanted it, however that ends.

Each child leads a process group of its own, so what it has started ends with it; a terminal's
Ctrl-C comes to this process alone, which ends them.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import Any

END_SECONDS = 5.0
"""How long a child is given to end by itself before it is killed."""


def start(command: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
    """Start a child with text on its pipes; `options` are `subprocess.Popen`'s."""
    if os.name == "posix":
        options["process_group"] = 0
    # No child asks anything, and in a group of its own it could not read from the terminal.
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(command, text=True, errors="replace", **options)


def end(process: "subprocess.Popen[str]") -> None:
    """End a child and all that it has started; returns when it has ended."""
    _signal(process, signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Also where it has ended: what it started may be at work still.
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()


def _signal(process: "subprocess.Popen[str]", number: int) -> None:
    try:
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.terminate()
    except OSError:
        pass  # nothing of it is left


class Children:
    """Children that run side by side, from one thread each, and end together.

    As a context: where an exception leaves it, those that still run are ended and no more start.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._over = False

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is not None:
            self.end()

    def run(self, command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """Run a child to its end; its status and what it wrote. OSError where it cannot be run."""
        with self._lock:
            if self._over:
                raise OSError("the work was given up")
            process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
            self._running.add(process)
        try:
            out, errors = process.communicate()
        except BaseException:
            end(process)
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        return subprocess.CompletedProcess(command, process.returncode, out, errors)

    def end(self) -> None:
        """End those that run; further ones are not started."""
        with self._lock:
            self._over, running = True, list(self._running)
        for process in running:
            _signal(process, signal.SIGTERM)
        for process in running:
            end(process)


def run(command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
    """One child, to its end; it is ended with what it started where an exception comes first."""
    return Children().run(command, **options)
