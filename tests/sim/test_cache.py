"""The locks of the cache folder."""

import threading
from contextlib import ExitStack, suppress

import pytest

from proofmill.hdl.presets import TOY_SHAPE
from proofmill.host.ground.cache import only_one
from proofmill.sim import kept, verilated

pytest.importorskip("fcntl")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))


def test_who_waits_is_told_so_and_who_does_not_is_not():
    said, entered = threading.Event(), threading.Event()

    def second():
        with only_one("work", said.set):
            entered.set()

    with only_one("work", lambda: pytest.fail("nobody else is at it")), ExitStack() as stack:
        thread = threading.Thread(target=second)
        thread.start()
        assert said.wait(10) and not entered.is_set()
        stack.close()
    thread.join(10)
    assert entered.is_set()


@pytest.mark.parametrize("kind", ["verilog", "simulation"])
def test_waiting_for_another_build_is_a_step_of_progress(kind, monkeypatch):
    names, told = [], threading.Event()

    def held(name, waiting=None):
        """The lock, held by another the first time that its name begins with `kind`."""
        if name.startswith(f"{kind}-") and not names:
            names.append(name)
            stack.enter_context(only_one(name))
        return only_one(name, waiting)

    def tell(what, done, total):
        if what == kept.WAITING:
            assert done < total
            told.set()
            raise InterruptedError  # what was to be seen is seen; nothing is compiled

    def build():
        with suppress(InterruptedError, kept.BuildError):
            if kind == "verilog":
                verilated.build(TOY_SHAPE, tell)
            else:
                verilated.library_of("module top; endmodule", "top", verilated.HARNESS, tell)

    monkeypatch.setattr(kept, "only_one", held)
    with ExitStack() as stack:
        thread = threading.Thread(target=build, daemon=True)  # one that waits silently is left
        thread.start()
        assert told.wait(30) and names
        thread.join(10)
