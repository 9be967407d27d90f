"""Which cases of a test run every time, and which only with `make test-slow`."""

from collections.abc import Iterable
from typing import Any

import pytest


def slow_but(quick: Iterable[Any], cases: Iterable[Any]) -> list[Any]:
    """`cases` for `pytest.mark.parametrize`, all marked slow but for those in `quick`.

    ValueError if one of `quick` is none of the cases.
    """
    every, kept = list(cases), list(quick)
    if missing := [case for case in kept if case not in every]:
        raise ValueError(f"{missing} are none of the cases")
    return [case if case in kept else pytest.param(
        *(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow) for case in every]
