"""What completes the command line in bash, zsh and fish, by these shells themselves."""

import shutil
import subprocess
from pathlib import Path

import pytest

from proofmill.host.cli.completion import SHELLS
from proofmill.host.cli.main import main


@pytest.fixture(params=SHELLS)
def script(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str],
           tmp_path: Path) -> tuple[str, Path]:
    """A shell that is there, and the file of its script."""
    shell: str = request.param
    assert main(["completion", shell]) == 0
    path = tmp_path / f"proofmill.{shell}"
    path.write_text(capsys.readouterr().out)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not there")
    return shell, path


def test_the_script_is_one(script: tuple[str, Path]) -> None:
    shell, path = script
    subprocess.run([shell, "-n", str(path)], check=True)


@pytest.mark.parametrize("words, completed", [
    (["ver"], {"verify", "verilog"}),
    (["zkey", "ver"], {"verificationkey", "verify"}),
    (["mine", "--device", "m"], {"model", "model+b", "model+bc", "model+be", "model+bh", "model+c",
                                      "model+e", "model+h", "model+m", "model+t"}),
    (["mine", "--bl"], {"--blocks"}),
    (["completion", ""], set(SHELLS)),
    (["zkey", "info", "circ"], {"circuit.zkey"}),
])
def test_words_are_completed(script: tuple[str, Path], words: list[str], completed: set[str],
                             tmp_path: Path) -> None:
    shell, path = script
    (tmp_path / "circuit.zkey").touch()
    if shell == "bash":
        line = (f"source {path}; COMP_WORDS=(proofmill {' '.join(map(repr, words))}); "
                f"COMP_CWORD={len(words)}; _shtab_proofmill; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    elif shell == "fish":
        line = (f"function proofmill; end; source {path}; "
                f"complete -C 'proofmill {' '.join(words)}'")
    else:
        pytest.skip("zsh completes in its line editor alone")
    done = subprocess.run([shell, "-c", line], cwd=tmp_path, capture_output=True, text=True)
    found = {each.split("\t")[0] for each in done.stdout.splitlines()}
    assert found == completed, done.stderr
