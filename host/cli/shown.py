"""A record's fields, one a line."""

from typing import Any

from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

MOST_NAMES = 8
"""Names of a list that are shown, one a line; --json has all."""


def show(command: str, record: Any, as_json: bool) -> None:
    """Show a dataclass, or print it as one JSON object."""
    import dataclasses  # here, since it takes a while, and the record's own module has it already

    fields = dataclasses.asdict(record)
    if as_json:
        print_record(command, fields)
        return
    screen, longest = Screen(), max(map(len, fields))
    for name, value in fields.items():
        if name == "contributions":
            names = [part or "unnamed" for part in value]
            shown = names if len(names) <= MOST_NAMES else names[:MOST_NAMES - 1]
            screen.line(f"{name:{longest}}  {len(names) or 'none'}")
            for number, each in enumerate(shown, 1):
                screen.line(f"{'':{longest}}  {number}. {each}")
            if len(names) > len(shown):
                screen.line(f"{'':{longest}}  ... {len(names)}. {names[-1]}; --json shows all")
            continue
        if isinstance(value, tuple):
            value = ", ".join(f"{part:,}" for part in value)
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, int):
            value = f"{value:,}"
        screen.line(f"{name.replace('_', ' '):{longest}}  {value}")
