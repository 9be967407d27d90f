"""Damaged files are answered, and a crash is told of."""

import json
import shutil
from pathlib import Path

import pytest

from proofmill.host.bench import fuzz as module
from proofmill.host.bench.fuzz import Crash, fuzz
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.native.build import SOURCES
from proofmill.host.prover.native.compiling import UNITS

HAS_COMPILER = any(map(shutil.which, ("clang++", "g++")))


@pytest.mark.slow
@pytest.mark.skipif(not HAS_COMPILER, reason="sanitizers need a compiler of the system's own")
def test_damaged_files_are_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "fuzz", "--inputs", "2000", "--seed", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["inputs"] == 2000 == sum(found["answers"].values())
    assert len(found["answers"]) > 12 and found["answers"]["fine"] > 10


@pytest.mark.skipif(not HAS_COMPILER, reason="sanitizers need a compiler of the system's own")
def test_a_crash_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte is read beyond the key of input 12."""
    driver = tmp_path / "driver.cpp"
    for unit in UNITS:  # the driver alone, with what it needs of the others
        (tmp_path / unit).write_text("")
    driver.write_text("""
        #include <stdio.h>
        #include <stdlib.h>
        int main(int, char **words) {
            FILE *number = fopen(words[6], "wb");
            fwrite("\\x0c\\0\\0\\0\\0\\0\\0", 8, 1, number);
            fclose(number);
            char *key = (char *)malloc(12);
            return key[atoi(words[5]) + 11];
        }""")
    monkeypatch.setattr(module, "DRIVER", driver)
    monkeypatch.setattr(module, "SOURCES", tmp_path)
    said = "did not answer input 12 of seed 3.*--first 12 --inputs 1"
    with pytest.raises(Crash, match=said) as told:
        fuzz(5, 3, 12, lambda *step: None)
    assert "driver.cpp" in str(told.value)


def test_without_a_compiler_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(ProofmillError, match="needs clang.. or g.. with their sanitizers"):
        fuzz(1, 0, 0, lambda *step: None)
    assert (SOURCES.with_name("fuzzing") / "driver.cpp").is_file()
