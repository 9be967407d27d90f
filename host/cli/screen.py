"""What commands show while they work: lines, and a bar where there is a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Screen:
    """Lines and bars, on stderr where stdout is for a machine."""

    def __init__(self, *, machine: bool = False) -> None:
        self.console = Console(stderr=machine, highlight=False, soft_wrap=True)

    def line(self, text: str = "", style: str | None = None) -> None:
        """Show a line."""
        self.console.print(text, style=style, markup=False)

    @contextmanager
    def bar(self, text: str) -> Iterator["Bar"]:
        """A bar that is gone when the block ends; without a terminal, only steps are told."""
        columns = (TextColumn("{task.description}"), BarColumn(),
                   TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True,
                      disable=not self.console.is_terminal) as progress:
            yield Bar(self, progress, progress.add_task(text, total=None))


class Bar:
    """One bar; call it with (done, total), or `step` with (text, done, total)."""

    def __init__(self, screen: Screen, progress: Progress, task: TaskID) -> None:
        self._screen, self._progress, self._task = screen, progress, task
        self._text = ""

    def __call__(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def step(self, text: str, done: int, total: int) -> None:
        """Show how far a step with its own name is; without a terminal, a line when it begins."""
        if text != self._text and done < total and not self._screen.console.is_terminal:
            print(f"{text} ...", file=sys.stderr, flush=True)
        self._text = text
        self._progress.update(self._task, description=text, completed=done, total=total)


def is_terminal() -> bool:
    """Whether a person watches."""
    return sys.stdout.isatty()
