"""A command on a terminal of a given width, as a person runs it."""

import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _heed_hang_up() -> None:
    """A terminal's command is told when it closes, also where nohup runs the tests."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """The command, its process, and all that it has written so far in `seen`."""

    def __init__(self, arguments: Sequence[str], width: int = 100, ignore: str = "") -> None:
        """`ignore`: signals that the parent has ignored, as a shell's `trap` names them."""
        import fcntl
        import termios

        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        trap = f"trap '' {ignore}; " if ignore else ""
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f'{trap}exec "$@"', "sh", sys.executable, *arguments], cwd=ROOT,
            env={**environment, "TERM": "xterm"},
            stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, preexec_fn=_heed_hang_up)
        os.close(slave)
        self.seen = ""
        self._open = True

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def until(self, text: str, seconds: float = 120) -> None:
        """Read until `text` has come."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert self._read() and time.monotonic() < deadline, self.seen

    def end(self, seconds: float = 120) -> int:
        """Read to the end; the exit status."""
        deadline = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < deadline, self.seen
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def hang_up(self) -> None:
        """Close the terminal."""
        if self._open:
            os.close(self._master)
            self._open = False

    @property
    def lines(self) -> list[str]:
        """What has been written as lines, without the bars."""
        text = self.seen.replace("\r\n", "\n")
        found = [CONTROL.sub("", line.rpartition("\x1b[2K")[2].rpartition("\r")[2])
                 for line in text.split("\n")]
        return [line.rstrip() for line in found]

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 1)[0]:
            return True
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # nobody has the other side any more
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)
