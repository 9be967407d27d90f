"""The library in every vector class, built as users have it and with its checks."""

from functools import cache

from proofmill.host.prover.native.build import build
from proofmill.host.prover.native.library import VECTORS, Library

CHECKED = "checked"
"""The build that follows every interval; it emulates IFMA, so that all classes run."""


@cache
def code(kind: str, vector: str) -> Library:
    return Library(build(checked=kind == CHECKED), vector)


@cache
def runs_here(kind: str) -> list[str]:
    return Library(build(checked=kind == CHECKED), "scalar").vectors


def checked(vector: str) -> Library:
    """The checked build in class `vector`; skips what another processor family lacks."""
    import pytest
    if vector not in runs_here(CHECKED):
        pytest.skip(f"this processor does not run the vector class {vector}")
    return code(CHECKED, vector)


def plain(vector: str) -> Library:
    """The build that users have, in class `vector`."""
    import pytest
    if vector not in runs_here("plain"):
        pytest.skip(f"this processor does not run the vector class {vector}")
    return code("plain", vector)


__all__ = ["VECTORS", "checked", "plain"]
