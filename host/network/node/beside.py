"""Where a node has long work done: beside its other duties."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Made = TypeVar("Made")
Beside = Callable[[Callable[[], Made]], Future[Made]]
"""Runs work in a thread, and lets the node go on when it is done."""


def at_once(work: Callable[[], Made]) -> Future[Made]:
    """`Beside` where there is nothing else to do: the work is done when this returns."""
    done: Future[Made] = Future()
    try:
        done.set_result(work())
    except Exception as error:
        done.set_exception(error)
    return done
