"""What somebody may have meant who wrote a name that is none."""

from collections.abc import Sequence


def did_you_mean(value: str, names: Sequence[str]) -> str:
    """`` (did you mean NAME?)`` for the nearest of `names`; empty where none is near."""
    import difflib

    found = difflib.get_close_matches(value, names, 1)
    return f" (did you mean {found[0]}?)" if found else ""
