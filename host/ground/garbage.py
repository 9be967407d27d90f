"""Python's search for cycles, stopped where millions of objects are made and none is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for cycles inside: with many objects alive, each search looks at all of them.

    Circuits are compiled in half the time. Reference counts go on as ever.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
