"""JSON from outside: files of others, answers from a network."""

import json
from itertools import accumulate
from typing import Any, NoReturn, TypeAlias

MOST_LEVELS = 64
"""Brackets that may be open at once; what is read here needs fewer than ten."""


JsonObject: TypeAlias = dict[str, Any]
"""What JSON calls an object, and what is written as one."""


def parse_json(text: str) -> Any:
    """The value that `text` says. Raises ValueError where it is not JSON, or nested too deeply.

    Python's parser recurses, and where a library has lifted the recursion limit (py_ecc does) a
    deep text would overflow the stack and end the process.
    """
    steps = (1 if character in "[{" else -1 for character in text if character in "[{]}")
    if max(accumulate(steps), default=0) > MOST_LEVELS:
        raise ValueError(f"more than {MOST_LEVELS} levels of brackets")
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    """NaN and the infinities, which Python's parser takes and JSON has not."""
    raise ValueError(f"{constant} is no JSON number")
