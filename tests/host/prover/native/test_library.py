"""The native library's work on a thread of its own."""

from _thread import LockType, allocate_lock

import pytest

from proofmill.host.prover.native import library


class Interrupted:
    """A lock; whoever waits for it is interrupted once, when it has just got it."""

    def __init__(self) -> None:
        self._lock: LockType = allocate_lock()
        self._told = False

    def acquire(self, timeout: float = -1) -> bool:
        got = self._lock.acquire(timeout=5 if timeout < 0 else timeout)
        assert got or timeout >= 0, "it waits for what has ended"
        if timeout >= 0 and got and not self._told:
            self._told = True
            raise KeyboardInterrupt
        return got

    def release(self) -> None:
        self._lock.release()


def test_an_interrupt_as_the_work_ends_is_raised_and_waits_for_nothing(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "allocate_lock", Interrupted)
    control = library.new_control(1)
    with pytest.raises(KeyboardInterrupt):
        library.watched(lambda: 0, control)
    assert control.cancelled == 1
