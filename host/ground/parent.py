"""A process that is of no use without the one that began it."""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Of <sys/prctl.h>."""


def same_packages() -> dict[str, str]:
    """The environment of a child in which Python finds the packages that it finds here, also where
    none of them is installed."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def end_with_parent(by: signal.Signals, parent: int | None = None) -> None:
    """Have the kernel send this process a signal when its parent ends, however sudden that is: in
    the middle of a computation too. To be called in the child, also before another program takes
    its place. Of Linux; elsewhere nothing is done.

    The parent is the thread that began this process (prctl(2)). `parent`: its process, where that
    is known from before this one was there; if it has ended since, this one ends here.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
        # Who has ended before the kernel was told is somebody else by now.
        if parent is not None and os.getppid() != parent:
            os.kill(os.getpid(), by)
