"""Contracts that are compiled side by side are those that are compiled one after another."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.parent import same_packages
from proofmill.host.ground.processes import processes
from proofmill.host.network.contracts import vyper_output
from proofmill.host.network.contracts.compiler import contract_source
from proofmill.host.network.contracts.vyper_output import compile_all, is_kept

SMALL = {f"adds {number}": f"""
total: public(uint256)

@external
def add(amount: uint256):
    self.total += amount * {number}
""" for number in range(1, 4)}
BROKEN = "total: public(uint256)\n\n@external\ndef add():\n    self.totals += 1\n"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "contracts").iterdir()}


@pytest.mark.parametrize("sources", [SMALL, {
    name: contract_source(name) for name in ("Assignment", "Consensus", "VerifierRegistry")}],
    ids=["small", "real"])
def test_what_is_kept_does_not_depend_on_how_many_compile(
        sources: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte; with one core nobody else is asked."""
    kept = []
    for count in (1, 2):
        monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path / str(count)))
        monkeypatch.setattr(vyper_output, "cores", lambda count=count: count)
        told: list[tuple[int, int]] = []
        with monkeypatch.context() as patch:
            if count == 1:
                patch.setattr(vyper_output, "processes", lambda count: pytest.fail("a process"))
            else:
                patch.setattr(vyper_output, "_compile", lambda *given: pytest.fail("in this one"))
            compile_all(sources, lambda *step, told=told: told.append(step))
            compile_all(sources, lambda *step: pytest.fail("all is there"))
        assert told == [(done, 3) for done in range(3)]
        assert all(map(is_kept, sources.values()))
        kept.append(files(tmp_path / str(count)))
    assert kept[0] == kept[1] and len(kept[0]) == 3


@pytest.mark.parametrize("count", [1, 2])
def test_a_mistake_names_the_contract_and_the_place(
        count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    monkeypatch.setattr(vyper_output, "cores", lambda: count)
    with pytest.raises(ProofmillError, match=r"broken is not valid Vyper: .*totals") as caught:
        compile_all({"broken": BROKEN, "adds 1": SMALL["adds 1"]}, lambda done, total: None)
    assert "5:4" in str(caught.value)
    assert not is_kept(BROKEN)


@pytest.mark.parametrize("after", [False, True], ids=["before any", "after one"])
def test_this_process_goes_on_where_another_is_ended(
        after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system does where memory is short."""
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    monkeypatch.setattr(vyper_output, "cores", lambda: 2)

    @contextmanager
    def short_lived(count: int) -> Iterator[ProcessPoolExecutor]:
        with processes(count) as pool:
            if after:
                name, source = next(iter(SMALL.items()))
                pool.submit(vyper_output.output_of, name, source).result()
            pool.submit(os._exit, 1)
            yield pool

    monkeypatch.setattr(vyper_output, "processes", short_lived)
    told: list[tuple[int, int]] = []
    compile_all(SMALL, lambda *step: told.append(step))
    assert all(map(is_kept, SMALL.values()))
    assert all(done < total == 3 for done, total in told)


def test_a_process_that_compiles_imports_little() -> None:
    """Neither the chain nor the machine, which take longer than a small contract."""
    code = ("import sys, proofmill.host.network.contracts.vyper_output; "
            "print([name for name in sys.modules if name.startswith(('eth', 'py_ecc', 'vyper.'))])")
    said = subprocess.run([sys.executable, "-c", code], env=same_packages(), capture_output=True,
                          text=True, check=True)
    assert said.stdout.strip() == "[]"
