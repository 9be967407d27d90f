"""How the library comes to be: once, told of, and no worse where it cannot be had."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.cache import cache_folder, only_one
from proofmill.host.prover.native import build as place
from proofmill.host.prover.native import compiling, library
from proofmill.host.prover.native.build import NoLibrary, build, find, name_of
from tests.host.prover.groth16.files import VECTORS

FILES = VECTORS / "chain4"

COMPILER = """#!/bin/sh
case "$*" in
*-shared*) sleep {seconds}; for last; do :; done; cp {library} "$last" ;;
*) sleep {seconds} ;;
esac
"""
"""Takes its time, and then has what another compiler made."""


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler for an empty cache; the file counts its calls."""
    made = shutil.copy(build(), tmp_path / "made.so")
    program = tmp_path / "compiler"
    program.write_text(COMPILER.format(library=made, seconds=0.3))
    program.chmod(0o755)
    monkeypatch.setenv("PROOFMILL_CXX", str(program))
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path / "cache"))
    return program


def test_every_step_is_told_and_done_once(slow: Path) -> None:
    told: list[tuple[str, int, int]] = []
    assert find() is None
    made = build(progress=lambda *step: told.append(step))
    assert build(progress=lambda *step: told.append(("again", 0, 0))) == made == find()
    assert [step for step, done, _ in told if done == 0] == [compiling.COMPILING, compiling.LINKING]
    assert told[-1] == (compiling.LINKING, 1, 1)


def test_nothing_is_silent_for_long(slow: Path, monkeypatch: pytest.MonkeyPatch,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    assert compiling.SILENCE_SECONDS <= 3
    monkeypatch.setattr(compiling, "SILENCE_SECONDS", 0.05)
    build()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"{compiling.COMPILING} ..." and len(lines) > 4
    assert any(line.startswith(f"{compiling.LINKING}: ") for line in lines)


def test_waiting_for_another_process_is_told(slow: Path) -> None:
    told: list[str] = []
    waits = threading.Event()

    def tell(step: str, done: int, total: int) -> None:
        told.append(step)
        if step == compiling.WAITING:
            waits.set()

    with only_one(f"native-{name_of(False)[:16]}"):
        thread = threading.Thread(target=lambda: build(progress=tell))
        thread.start()
        assert waits.wait(20)
    thread.join()
    assert told[0] == compiling.WAITING and compiling.LINKING in told


def test_a_damaged_library_is_made_anew(slow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = build()
    made.write_bytes(made.read_bytes()[:-1])
    assert build().read_bytes() == (slow.parent / "made.so").read_bytes()
    assert "is damaged: it is removed, and made again" in capsys.readouterr().err


def test_an_interrupt_leaves_no_compiler_behind(slow: Path) -> None:
    slow.write_text(f"#!/bin/sh\necho $$ >> {slow.parent}/pids\nsleep 600\n")

    pids = slow.parent / "pids"

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while not pids.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    # As `stopping` does, also where a shell's background has the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            build(progress=lambda step, done, total: threading.Thread(target=interrupt).start())
    finally:
        signal.signal(signal.SIGINT, before)
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    assert not list(cache_folder("native").iterdir())


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiler, and nothing compiled."""
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PROOFMILL_CXX", "no-such-compiler")
    monkeypatch.setattr(library, "_library", None)
    monkeypatch.setattr(library, "_missing", None)


def test_without_a_compiler_mcl_computes(without: None, tmp_path: Path,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoLibrary, match="'no-such-compiler', which is no command"):
        build()
    proof, public = str(tmp_path / "proof.json"), str(tmp_path / "public.json")
    line = ["prove", str(FILES / "circuit.zkey"), str(FILES / "witness.wtns"), proof, public]
    assert main([*line, "--threads", "1"]) == 0
    shown = capsys.readouterr()
    assert "proved and verified on cpu" in shown.out
    assert shown.err.count("there is no native library: PROOFMILL_CXX says") == 1
    assert shown.err.count("mcl computes instead") == 1
    assert main(["verify", str(FILES / "verification_key.json"), public, proof]) == 0


def test_the_makefiles_step_compiles_into_the_cache(slow: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "proofmill.host.prover.native.compiling"],
                          capture_output=True, text=True, check=True)
    assert compiling.COMPILING in done.stderr and find() is not None


def test_what_comes_with_a_wheel_is_taken_first(tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    made = build()
    monkeypatch.setattr(place, "SHIPPED", tmp_path)
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path / "cache"))
    shutil.copy(made, tmp_path / made.name)
    assert build() == tmp_path / made.name


@pytest.mark.slow
def test_another_processors_library_is_compiled_here(tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    other = "aarch64" if place.this_machine() in compiling.X86 else "x86_64"
    monkeypatch.setenv("PROOFMILL_MACHINE", other)
    content = build().read_bytes()
    numbers = {"aarch64": 183, "x86_64": 62}  # e_machine, System V ABI
    assert content[:4] == b"\x7fELF" and content[18] == numbers[other]
    monkeypatch.setenv("PROOFMILL_SYSTEM", "darwin")
    content = build().read_bytes()
    numbers = {"aarch64": 12, "x86_64": 7}  # the kinds of processors of Mach-O, of 64 bits
    assert content[:4] == b"\xcf\xfa\xed\xfe" and content[4] == numbers[other]
    monkeypatch.delenv("PROOFMILL_SYSTEM")
    monkeypatch.delenv("PROOFMILL_MACHINE")
    assert find() is None  # it is not taken for this processor's


def test_another_processors_library_needs_zig(slow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFMILL_MACHINE", "riscv64")
    with pytest.raises(NoLibrary, match="PROOFMILL_MACHINE=riscv64, .* ziglang wheel alone"):
        build()


def test_a_system_without_a_library_is_told_of(tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    monkeypatch.setenv("PROOFMILL_SYSTEM", "plan9")
    with pytest.raises(NoLibrary, match="PROOFMILL_SYSTEM=plan9: only for linux, darwin"):
        build()


def test_a_signal_ends_a_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                               capsys: pytest.CaptureFixture[str]) -> None:
    """At its next block: status and words as of every command, and no file."""
    from proofmill.host.bench.circuits import chain
    from proofmill.host.cli.screen import Bar
    from proofmill.host.prover.groth16.setup import development_setup
    from proofmill.host.prover.groth16.wtns import write_witness

    circuit, witness = chain(12_000)
    development_setup(circuit, tmp_path / "k.zkey", seed=b"1")
    write_witness(tmp_path / "w.wtns", witness)

    def interrupt(bar: Bar, done: int, total: int) -> None:
        assert 0 <= done < total
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Bar, "__call__", interrupt)
    proof, public = tmp_path / "proof.json", tmp_path / "public.json"
    assert main(["prove", str(tmp_path / "k.zkey"), str(tmp_path / "w.wtns"), str(proof),
                 str(public), "--threads", "1"]) == 143
    assert "proofmill: stopped by SIGTERM" in capsys.readouterr().err
    assert not proof.exists() and not public.exists()
