"""What commands show while they work: lines, and a bar where there is a terminal."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

SILENCE_SECONDS = 3.0
"""How long nothing is said of work under way where there is no terminal for a bar."""


class _Console(Console):
    """A console whose reader may go: what then happens is the command line's to say."""

    def on_broken_pipe(self) -> None:
        """Let the `BrokenPipeError` through, where rich ends the process with status 1."""
        raise


class Screen:
    """Lines on stdout, or on stderr where stdout is for a machine; bars where a terminal is."""

    def __init__(self, *, machine: bool = False) -> None:
        self.console = _Console(stderr=machine, highlight=False, soft_wrap=True)

    def line(self, text: str = "", style: str | None = None) -> None:
        """Show a line."""
        self.console.print(text, style=style, markup=False)

    @contextmanager
    def bar(self, text: str) -> Iterator["Bar"]:
        """A bar that is gone when the block ends, on the terminal that stdout or stderr is.

        Without a terminal, lines on stderr: one when a step begins, and one every few seconds.
        """
        shown = self.console if self.console.is_terminal else _Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(),
                   TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn())
        with Progress(*columns, console=shown, transient=True,
                      disable=not shown.is_terminal) as progress:
            bar = Bar(progress, progress.add_task(text, total=None), text)
            if shown.is_terminal:
                yield bar
                return
            over = threading.Event()
            teller = threading.Thread(target=bar.tell_until, args=(over,), daemon=True)
            teller.start()
            try:
                yield bar
            finally:
                over.set()
                teller.join()


def load_chain(screen: Screen) -> None:
    """Import the chain's specification, which takes seconds on a busy machine, under a bar."""
    with screen.bar("loading the chain"):
        import proofmill.host.network.consensus.chain  # noqa: F401


class Bar:
    """One bar; call it with (done, total), or `step` with (text, done, total)."""

    def __init__(self, progress: Progress, task: TaskID, text: str) -> None:
        self._progress, self._task, self._text = progress, task, text
        self._part, self._start = 0.0, time.monotonic()
        self.watched = not progress.disable
        """Whether a person sees the bar move."""

    def __call__(self, done: int, total: int) -> None:
        self._part = done / total if total else 0.0
        self._progress.update(self._task, completed=done, total=total)

    def step(self, text: str, done: int, total: int) -> None:
        """Show how far a step with its own name is; without a terminal, a line when it begins."""
        if text != self._text and done < total and not self.watched:
            _tell(f"{text} ...")
        self._text = text
        self(done, total)
        self._progress.update(self._task, description=text)

    def tell_until(self, over: threading.Event) -> None:
        """Say every few seconds how far the work is, until `over` is set."""
        while not over.wait(SILENCE_SECONDS):
            part = f"{self._part:.0%}, " if self._part else ""
            _tell(f"{self._text}: {part}{time.monotonic() - self._start:.0f} s ...")


def _tell(text: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads it
        print(text, file=sys.stderr, flush=True)


def is_terminal() -> bool:
    """Whether a person watches."""
    return sys.stdout.isatty()
