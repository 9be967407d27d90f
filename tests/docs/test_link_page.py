"""docs/link.md says what the tables in the code say: layouts, commands, errors, and a dump."""

import re
from pathlib import Path

import pytest

from proofmill.hdl.commands import (
    ANSWER,
    ARRAY,
    BIAS,
    BIAS_WORDS,
    COUNTERS,
    ENTRY,
    FIRST,
    HEADER,
    IDENTITY,
    MATRIX,
    OPERANDS,
    PHASES,
    PLACE,
    REGION,
    ROOM,
    SEGMENT,
    SIZE,
    SLICES,
    STORED,
    VERSION,
    WORDS,
    Command,
    Error,
    Segment,
    pack,
)
from proofmill.hdl.framing import DELIMITER, ESCAPE, ESCAPED, FRAME, Flag
from proofmill.host.prover.devices.frames import Frame, encode

PAGE = (Path(__file__).parents[2] / "docs" / "link.md").read_text()
LAYOUTS = {"FRAME": FRAME, "HEADER": HEADER, "PLACE": PLACE, "REGION": REGION,
           "SLICES": SLICES, "STORED": STORED, "SIZE": SIZE, "MATRIX": MATRIX,
           "OPERANDS": OPERANDS, "SEGMENT": SEGMENT, "FIRST": FIRST, "ENTRY": ENTRY,
           "ANSWER": ANSWER}


def section(title):
    """The text below the heading that ends in `title`."""
    return re.search(rf"^#+ .*{re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE,
                     re.MULTILINE | re.DOTALL)[1]


def rows(text):
    """The cells of a section's table, without its heading and the line below it."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line] for line in lines[2:]]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_field_stands_where_it_lies(name):
    layout = LAYOUTS[name]
    assert [row[:2] for row in rows(section(name))] == [
        [f"{layout[field].offset}..{layout[field].offset + layout[field].width - 1}", field]
        for field, _ in layout]


def test_commands_and_errors_are_those_of_the_code():
    names = {id(HEADER): "HEADER", id(PLACE): "PLACE", id(REGION): "REGION",
             id(SLICES): "SLICES", id(STORED): "STORED", id(SIZE): "SIZE", id(MATRIX): "MATRIX",
             id(OPERANDS): "OPERANDS"}
    assert rows(section("Commands")) == [
        [str(command.value), command.name,
         ", ".join([names[id(layout)] for layout in layouts if id(layout) in names]
                   + ([f"{BIAS_WORDS} words of the bias"] if BIAS in layouts else [])), row[3]]
        for (command, layouts), row in zip(WORDS.items(), rows(section("Commands")), strict=True)]
    assert [row[:2] for row in rows(section("Errors"))] == [
        [str(error.value), error.name] for error in Error]
    assert f"version {VERSION}" in section("Identity and counters")
    assert [row[:2] for row in rows(section("Evaluation"))] == [
        [str(segment.value), segment.name] for segment in Segment]
    for words in (IDENTITY, COUNTERS, ARRAY, ROOM, PHASES):
        assert ", ".join(f"`{name}`" for name in words) in section(
            "Identity and counters").replace("\n", " ")


def test_the_dump_is_what_is_sent():
    sent = encode(Frame(Flag.RESET, 0xDB, 63, 0, 0, 0, []))
    sent += encode(Frame(Flag(0), 0xDB, 63, 0, 0, 0, [pack(HEADER, command=Command.IDENTIFY)]))
    dump = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+)", section("A dump"), re.MULTILINE)
    assert bytes.fromhex(" ".join(dump)) == sent
    assert bytes([ESCAPE, DELIMITER ^ ESCAPED]) in sent and sent[0] == DELIMITER
