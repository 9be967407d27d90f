"""What commands show fits the terminal, and is the same in every pipe."""

import io
import re

import pytest
from rich.console import Console

from proofmill.host.cli.mining_report import COLUMNS
from proofmill.host.cli.screen import Screen, folded, shortened
from proofmill.host.cli.tables import Table

DEVICE = "serial:/dev/pts/1"
ROWS = [
    ([17, 14, 4, DEVICE, "6,066,516", "80/17/3 %", "42.10", "accepted", "19,796,000"],
     ["justified 0, finalised 0"]),
    ([18, 7, 4, "cpu (fallback)", "-", "-", "0.09", "accepted", "19,796,000"],
     ["includes the proof of slot 17", "reward of slot 3 refused: its window has passed"]),
    ([19, 8, 2, "-", "-", "-", "-", "-", "-"], []),
]


def shown(width):
    """The lines of a table on a terminal of `width` columns; None: into a pipe."""
    screen, text = Screen(), io.StringIO()
    screen.console = Console(file=text, force_terminal=width is not None, width=width,
                             highlight=False, soft_wrap=True, no_color=True)
    table = Table(screen, COLUMNS, notes="notes")
    table.widen("device", DEVICE)
    for values, notes in ROWS:
        table.row(values, notes)
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in text.getvalue().splitlines()]


@pytest.mark.parametrize("width", [60, 80, 100, 110, 150, 200])
def test_a_table_fits_the_terminal(width):
    lines = shown(width)
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if re.match(r" +\d+ ", line)]
    heading = lines[0]
    assert len(rows) == 3 and DEVICE in rows[0] and "accepted" in rows[0]
    # Numbers end where their headings do, names begin there, in every row.
    for column in (column for column in COLUMNS if column.name in heading):
        start = heading.index(column.name)
        end = start + len(column.name)
        for row in rows:
            edge = row[start - 1:start + 1] if column.align == "<" else row[end - 1:end + 1][::-1]
            assert edge[-1] != " " and edge[:-1] in ("", " "), (column, row)
    text = " ".join(" ".join(lines).split())
    assert "justified 0, finalised 0" in text and "its window has passed" in text
    assert ("transfers" in heading) == (width >= 110) and "slot" in heading


def test_every_width_does():
    """Also one that the columns fill to the last character, without room for an empty note."""
    for width in range(60, 160):
        assert max(map(len, shown(width))) <= width


def test_a_wide_terminal_has_the_notes_beside_and_a_narrow_one_below():
    wide, narrow = shown(164), shown(80)
    assert "notes" in wide[0] and "notes" not in narrow[0]
    assert wide[1].endswith("justified 0, finalised 0")
    assert narrow[2] == "       justified 0, finalised 0"
    # A note that is too long for the room goes on where notes begin.
    assert wide[3] == " " * wide[0].index("notes") + "its window has passed"


def test_a_pipe_gets_a_line_a_row_with_all_columns():
    lines = shown(None)
    assert len(lines) == 4 and lines[0].split() == [
        "slot", "proposer", "transfers", "device", "cycles", "sums/h/check", "seconds", "verdict",
        "reward", "(gwei)", "notes"]
    assert lines[2].endswith("  19,796,000  includes the proof of slot 17; reward of slot 3 "
                             "refused: its window has passed")
    starts = [[match.start() for match in re.finditer(r"\S+", line)][3] for line in lines[1:]]
    assert len(set(starts)) == 1  # all devices begin in one place


def test_lines_are_broken_between_words_and_indented_by_their_label():
    text = "contract    0x13c197f57119e05c408922e0bf94d09ff35b6c81 holds 19,796,000 gwei for nobody"
    lines = folded(text, 60)
    assert lines == ["contract    0x13c197f57119e05c408922e0bf94d09ff35b6c81 holds",
                     "            19,796,000 gwei for nobody"]
    assert folded(text, None) == [text] and folded(text, 200) == [text] and folded("", 10) == [""]
    assert folded("warning: one two three", 14) == ["warning: one", "    two three"]


def test_the_middle_of_a_long_name_is_left_out():
    assert shortened("serial:/dev/serial/by-id/usb-x-if00", 16) == "serial:/…-x-if00"
    assert shortened("rtl", 6) == "rtl"
