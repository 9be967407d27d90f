"""What commands show while they work: lines, tables, and a bar where there is a terminal.

On a terminal everything is made to fit its width. What goes into a pipe or a file is the same
wherever it is run: one line a row, with all columns.
"""

from __future__ import annotations  # of rich, which is imported only where it is needed

import os
import re
import sys
import time
from _thread import allocate_lock, start_new_thread
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # rich takes longer to import than a small proof to make
    from rich.console import Console
    from rich.progress import Progress, TaskID

SILENCE_SECONDS = 3.0
"""How long nothing is said of work under way where there is no terminal for a bar."""


FORCED = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables by which rich takes for a terminal what is none."""


def _may_be_terminal(stream: TextIO) -> bool:
    """Whether rich has to be asked."""
    return stream.isatty() or any(name in os.environ for name in FORCED)


def _new_console(stderr: bool) -> Console:
    """A console whose reader may go: what then happens is the command line's to say."""
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            """Let the `BrokenPipeError` through, where rich ends the process with status 1."""
            raise

    return _Console(stderr=stderr, highlight=False, soft_wrap=True)


class Screen:
    """Lines on stdout, or on stderr where stdout is for a machine; bars where a terminal is."""

    def __init__(self, *, machine: bool = False) -> None:
        self._machine = machine
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """Where everything is shown, made when it is needed."""
        if self._console is None:
            self._console = _new_console(self._machine)
        return self._console

    @console.setter
    def console(self, console: Console) -> None:
        self._console = console

    @property
    def _stream(self) -> TextIO:
        return sys.stderr if self._machine else sys.stdout

    @property
    def _is_terminal(self) -> bool:
        if self._console is None and not _may_be_terminal(self._stream):
            return False
        return self.console.is_terminal

    @property
    def width(self) -> int | None:
        """Characters of a line on the terminal; None where there is none."""
        return self.console.width if self._is_terminal else None

    def line(self, text: str = "", style: str | None = None) -> None:
        """Show a line; on a terminal that is too narrow for it, several, the further ones indented
        to where the text after a leading label begins."""
        if self._console is None and not self._is_terminal:
            print(text, file=self._stream, flush=True)
            return
        for part in folded(text, self.width):
            self.console.print(part, style=style, markup=False)

    @contextmanager
    def bar(self, text: str) -> Iterator[Bar]:
        """A bar that is gone when the block ends, on the terminal that stdout or stderr is.

        Without a terminal, lines on stderr: one when a step begins, and one every few seconds.
        """
        if self._is_terminal:
            shown: Console | None = self.console
        else:
            shown = _new_console(True) if _may_be_terminal(sys.stderr) else None
        if shown is not None and shown.is_terminal:
            with _moving(shown) as progress:
                yield Bar(text, progress, progress.add_task(text, total=None))
            return
        bar = Bar(text)
        teller = _Teller(bar)
        try:
            yield bar
        finally:
            teller.end()


def _moving(console: Console) -> Progress:
    """What draws bars on `console`."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(TextColumn("{task.description}"), BarColumn(),
                    TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(),
                    console=console, transient=True)


def load_chain(screen: Screen) -> None:
    """Import the chain's specification, which takes seconds on a busy machine, under a bar."""
    with screen.bar("loading the chain"):
        import proofmill.host.network.consensus.chain  # noqa: F401


class Bar:
    """One bar; call it with (done, total), or `step` with (text, done, total)."""

    def __init__(self, text: str, progress: Progress | None = None,
                 task: TaskID | None = None) -> None:
        self._progress, self._task, self._text = progress, task, text
        self._part, self._start = 0.0, time.monotonic()
        self.watched = progress is not None
        """Whether a person sees the bar move."""

    def __call__(self, done: int, total: int) -> None:
        self._part = done / total if total else 0.0
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def rename(self, text: str) -> None:
        """Say something else beside the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=text)

    def step(self, text: str, done: int, total: int) -> None:
        """Show how far a step with its own name is; without a terminal, a line when it begins."""
        if text != self._text and done < total and not self.watched:
            _tell(f"{text} ...")
        self._text = text
        self(done, total)
        self.rename(text)

    def begin(self, text: str) -> Bar:
        """Begin a step with its own name; what is given is told how far it is."""
        self.step(text, 0, 1)
        return self

    def tell(self) -> None:
        """Say on stderr how far the work is."""
        # Rounded down: 100 % is said when all is done.
        part = f"{int(100 * self._part)}%, " if self._part else ""
        _tell(f"{self._text}: {part}{time.monotonic() - self._start:.0f} s ...")


class _Teller:
    """Lets a bar say every few seconds how far the work is, on a thread of its own.

    Neither the thread's start nor its end is waited for: on a busy machine each may take longer
    than a small proof. What holds all the same is that nothing is said once `end` has returned.
    """

    def __init__(self, bar: Bar) -> None:
        self._bar, self._over = bar, False
        self._ends, self._saying = allocate_lock(), allocate_lock()
        self._ends.acquire()
        start_new_thread(self._go_on, ())

    def _go_on(self) -> None:
        while not self._ends.acquire(timeout=SILENCE_SECONDS):
            with self._saying:
                if not self._over:
                    self._bar.tell()

    def end(self) -> None:
        """Say nothing from now on."""
        try:
            with self._saying:
                self._over = True
        finally:
            self._ends.release()


def _tell(text: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads it
        print(text, file=sys.stderr, flush=True)


LABEL = r"(?:\S+ ){0,2}\S* {2,}(?=\S)"
"""What a line may begin with: a few words, set apart by spaces."""

WIDEST_LABEL, INDENT = 16, 4


def folded(text: str, width: int | None, indent: int | None = None) -> list[str]:
    """`text` in lines of `width` characters (None: one line), broken between words alone.

    Further lines begin with `indent` spaces; by default where the text after a label begins.
    """
    if width is None or len(text) <= max(width, 0):
        return [text]
    if indent is None:
        label = re.match(LABEL, text)
        indent = label.end() if label is not None and label.end() <= WIDEST_LABEL else INDENT
    import textwrap  # takes a while to import, and most lines are short enough

    return textwrap.wrap(text, max(width, 2 * indent), subsequent_indent=" " * indent,
                         break_long_words=False, break_on_hyphens=False) or [text]


def shortened(text: str, width: int) -> str:
    """`text`, with its middle left out where it is longer than `width`."""
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{text[:width - 1 - end]}…{text[len(text) - end:]}"


def is_terminal() -> bool:
    """Whether a person watches."""
    return sys.stdout.isatty()
