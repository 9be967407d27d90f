"""What a command waits for before it begins: nothing that it does not need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from proofmill.host.cli.main import COMMANDS
from proofmill.host.prover.native.library import library

ROOT = Path(__file__).parents[3]
FILES = ROOT / "tests" / "vectors" / "chain4"
GNARK = FILES.parent / "gnark"
HEAVY = ("numpy", "rich", "mclbn256", "zk_dtypes", "amaranth", "email", "subprocess", "filelock",
         "platformdirs", "textwrap", "_hashlib", "prometheus_client", "msgspec", "eth_keyfile")
ASK = """
import sys
from proofmill.host.cli.main import main
try:
    status = main(sys.argv[2:])
except SystemExit as error:
    status = error.code
print(*sorted(sys.modules), file=open(sys.argv[1], "w"))
sys.exit(status)
"""


def imported(folder: Path, *words: object) -> set[str]:
    """The modules that a command has imported when it has done its work."""
    library()  # compiled, if it is the first time
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    done = subprocess.run([sys.executable, "-c", ASK, str(folder / "modules"), *map(str, words)],
                          capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return set((folder / "modules").read_text().split())


def commands_in(modules: set[str]) -> set[str]:
    """Which modules of commands are among them."""
    return {name for name in COMMANDS if f"proofmill.host.cli.{name}" in modules}


def test_the_version_needs_no_command(tmp_path: Path) -> None:
    found = imported(tmp_path, "--version")
    assert not found & set(HEAVY) and not commands_in(found)


def test_a_proof_needs_no_numpy(tmp_path: Path) -> None:
    proof, public = tmp_path / "proof.json", tmp_path / "public.json"
    found = imported(tmp_path, "prove", FILES / "circuit.zkey", FILES / "witness.wtns", proof,
                     public)
    assert not found & set(HEAVY) and commands_in(found) == {"prove"}
    found = imported(tmp_path, "verify", FILES / "verification_key.json", public, proof)
    assert not found & set(HEAVY) and commands_in(found) == {"prove"}
    found = imported(tmp_path, "verify", GNARK / "groth16_vk.bin", GNARK / "public.json",
                     GNARK / "proof.bin")
    assert not found & set(HEAVY) and commands_in(found) == {"prove"}


def test_no_command_says_what_it_does_by_heavy_modules(tmp_path: Path) -> None:
    # Help is folded by textwrap, and names a file of the user's.
    assert imported(tmp_path, "--help") & set(HEAVY) <= {"textwrap", "platformdirs"}


@pytest.mark.parametrize("words", [["field", "invert", "7"], ["setup", "--help"]])
def test_a_command_is_not_made_to_wait_for_the_others(tmp_path: Path, words: list[str]) -> None:
    module = next(name for name, names in COMMANDS.items() if words[0] in names)
    assert commands_in(imported(tmp_path, *words)) == {module}


def test_every_command_is_where_the_table_says() -> None:
    from proofmill.host.cli.main import parser

    for names in COMMANDS.values():
        for name in names:
            action = parser(name)._subparsers._group_actions[0]  # type: ignore[union-attr]
            assert set(action.choices) == set(names)  # type: ignore[arg-type]
