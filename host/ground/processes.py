"""Processes that work for this one and end with it."""

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from proofmill.host.ground.parent import end_with_parent


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """So many, which end with the block: at once where it ends by an error or a signal, and, on
    Linux, where the thread that gives them work is killed."""
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, context, initializer=_begin)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """Ctrl-C goes to all processes of a terminal; the first one says what becomes of the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(signal.SIGKILL)
