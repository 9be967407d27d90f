"""How a command is stopped: SIGINT (Ctrl-C), SIGTERM (systemd, Docker) and SIGHUP (a terminal that
is closed) all end it in the same way, as an exception that unwinds what it was doing.
"""

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TOGETHER_SECONDS = 1.0
"""Signals within this time are one wish to stop: a terminal and what runs in it may both send one.
A later one cuts short what is done about the first."""

AGAIN_SECONDS = 0.05
"""After which a signal is sent again whose exception was dropped."""

SHOW_CURSOR = "\x1b[?25h"


class Stopped(KeyboardInterrupt):
    """The command was asked to stop, by the signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class _Stop:
    """What has come: the first signal, and when the last one was heeded."""

    number: int | None = None
    heeded = float("-inf")


@contextmanager
def stopping() -> Iterator[None]:
    """While the block runs, signals raise `Stopped` in the main thread; then all is as before.

    SIGINT also where the parent had it ignored, as shells do for what runs in the background.
    SIGHUP not where it is ignored: that is what nohup is for.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # nobody but the main thread may
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    _Stop.number, _Stop.heeded = None, float("-inf")
    before = {number: signal.signal(number, _stop) for number in numbers}
    hook = sys.unraisablehook

    def unraisable(dropped: "sys.UnraisableHookArgs") -> None:
        """Python drops what is raised in a finaliser or a callback of its own, as where a module is
        imported: the wish to stop must not be lost there."""
        if not isinstance(dropped.exc_value, Stopped):
            hook(dropped)
            return
        _Stop.heeded = float("-inf")
        again = threading.Timer(AGAIN_SECONDS, _send, [dropped.exc_value.number])
        again.daemon = True
        again.start()

    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if _Stop.number is not None:
            show_cursor()


def _send(number: int) -> None:
    """Send a signal to the main thread, which it wakes where there are threads' signals."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _stop(number: int, frame: FrameType | None) -> None:
    if _Stop.number is None:
        _Stop.number = number
    leave_lost_terminals()
    now = time.monotonic()
    if now - _Stop.heeded >= TOGETHER_SECONDS:
        _Stop.heeded = now
        raise Stopped(number)


def status() -> int:
    """The exit status of a command that was stopped: 128 and the signal's number."""
    return 128 + (_Stop.number or signal.SIGINT)


def reason() -> str:
    """Why a command was stopped, where it was not Ctrl-C; else empty."""
    number = _Stop.number or signal.SIGINT
    return "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"


def leave_lost_terminals() -> None:
    """Write to nowhere what would go to a terminal that is gone."""
    try:
        import termios
    except ImportError:
        return  # no terminals of this kind here
    for stream in (sys.stdout, sys.stderr):
        try:
            termios.tcgetattr(stream.fileno())
        except termios.error as error:
            if error.args[0] == errno.EIO:  # what such a terminal answers to everything
                with open(os.devnull, "w") as nowhere:
                    os.dup2(nowhere.fileno(), stream.fileno())
        except (OSError, ValueError):
            continue  # no file at all, as in tests


def show_cursor() -> None:
    """A bar hides the terminal's cursor, and may have been stopped in the midst of doing so."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream.isatty():
                stream.write(SHOW_CURSOR)
                stream.flush()
        except (OSError, ValueError):
            continue
