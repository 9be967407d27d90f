"""Tables that commands show as their rows come, fitted to a terminal's width."""

from collections.abc import Sequence
from typing import NamedTuple

from proofmill.host.cli.screen import Screen, folded, shortened


class Column(NamedTuple):
    """A column of a `Table`, at least `width` characters wide.

    `align`: as in a format, ``<`` or ``>``. On a terminal that is too narrow, the columns with the
    greatest `rank` are left out first, those of rank 0 never; text (``<``) of more than `most`
    characters is shortened, numbers are not.
    """

    name: str
    width: int
    align: str = ">"
    rank: int = 0
    most: int | None = None

    def wide(self, narrow: bool) -> int:
        """Its width, on a terminal if `narrow`."""
        width = max(self.width, len(self.name))
        return min(width, self.most) if narrow and self.most is not None else width

    def cell(self, value: object, narrow: bool) -> str:
        """A value in it."""
        text, width = str(value), self.wide(narrow)
        if narrow and self.align == "<":
            text = shortened(text, width)
        return f"{text:{self.align}{width}}"


class Table:
    """Rows under headings, shown as they come, with notes after the row or below it."""

    LEAST_NOTES = 32
    """Characters beside the columns that are enough for notes; with fewer they go below."""

    def __init__(self, screen: Screen, columns: Sequence[Column], gap: int = 2,
                 notes: str = "") -> None:
        """`gap`: spaces between columns. `notes`: their heading."""
        self.screen, self.columns = screen, list(columns)
        self._gap, self._notes = gap, notes
        self._shown: list[int] = []

    def widen(self, name: str, text: str) -> None:
        """Make room for `text` in a column. Into a pipe, rows stay as wide as they began."""
        for n, column in enumerate(self.columns):
            if column.name == name and len(text) > column.width and (
                    self.screen.width is not None or not self._shown):
                self.columns[n], self._shown = column._replace(width=len(text)), []

    def row(self, values: Sequence[object], notes: Sequence[str] = (),
            style: str | None = None) -> None:
        """Show a row; the headings too, before the first and where other columns fit by now."""
        chosen, width = self._fitting(), self.screen.width
        if chosen != self._shown:
            self._shown = chosen
            self._show(chosen, [column.name for column in self.columns],
                       self._notes if self._beside(chosen, width) else "", "bold")
        self._show(chosen, values, "; ".join(notes), style)

    def _show(self, chosen: list[int], values: Sequence[object], notes: str,
              style: str | None) -> None:
        width, console = self.screen.width, self.screen.console
        cells = [self.columns[n].cell(values[n], width is not None) for n in chosen]
        row = (" " * self._gap).join(cells)
        start = len(row) + self._gap
        if not notes or self._beside(chosen, width):
            # Beside the row, and going on in the same place.
            room = None if width is None else width - start
            first, *others = folded(notes, room, 0)
            lines = [f"{row}{' ' * self._gap}{first}".rstrip(),
                     *(" " * start + each for each in others)]
        else:
            assert width is not None
            indent = len(cells[0]) + self._gap  # below the second column
            lines = [row.rstrip(),
                     *(" " * indent + each for each in folded(notes, width - indent, 0))]
        for each in lines:
            console.print(each, style=style, markup=False)

    def _beside(self, chosen: list[int], width: int | None) -> bool:
        """Whether there is room for notes beside the columns."""
        return width is None or width - self._length(chosen) - self._gap >= self.LEAST_NOTES

    def _length(self, chosen: list[int]) -> int:
        narrow = self.screen.width is not None
        return (sum(self.columns[n].wide(narrow) for n in chosen)
                + self._gap * (len(chosen) - 1))

    def _fitting(self) -> list[int]:
        """Which columns fit."""
        chosen, width = list(range(len(self.columns))), self.screen.width
        while width is not None and self._length(chosen) > width:
            last = max(chosen, key=lambda n: self.columns[n].rank)
            if self.columns[last].rank == 0:
                break
            chosen.remove(last)
        return chosen
