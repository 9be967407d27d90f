"""Calls of the native library that take their time: on threads, watched, their faults raised."""

from collections.abc import Callable

from proofmill.host.prover.native.faults import to_error
from proofmill.host.prover.native.library import Control, Fault, Progress, new_control, watched


def finish(call: Callable[[Control, Fault], int], threads: int | None,
           progress: Progress | None = None, names: tuple[str, ...] = ()) -> None:
    """Run `call` to its end on `threads` threads (all cores if None) and tell `progress`.

    Raises what its fault stands for; `names`: what the key and the witness are called there.
    """
    control, fault = new_control(threads), Fault()
    if watched(lambda: call(control, fault), control, progress):
        raise to_error(fault, names)
