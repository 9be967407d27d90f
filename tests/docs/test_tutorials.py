"""The tutorials, and what is added: each command in them is run, and shows what the page says."""

import socket
from pathlib import Path

import pytest

from tests.docs.walk import ROOT, Command, File, is_as, steps_of, walk

TUTORIALS = ROOT / "docs" / "tutorials"


def test_an_engineer_gets_a_unit_and_a_board(tmp_path: Path) -> None:
    pytest.importorskip("amaranth_boards")
    walk(TUTORIALS / "fpga.md", tmp_path)


def test_an_operator_gets_a_proof(tmp_path: Path) -> None:
    walk(TUTORIALS / "operator.md", tmp_path, until="A node")


@pytest.mark.slow
def test_an_operator_gets_a_node(tmp_path: Path) -> None:
    """By the wall clock, on the ports that the page names."""
    for port in (9000, 9464, 4028):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                pytest.skip(f"port {port} is in use")
    walk(TUTORIALS / "operator.md", tmp_path)


def test_a_researcher_gets_figures(tmp_path: Path) -> None:
    walk(TUTORIALS / "researcher.md", tmp_path)


def test_the_owner_of_a_model_gets_a_result_verified(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("sklearn")
    walk(TUTORIALS / "inference.md", tmp_path)


def test_a_board_a_curve_a_circuit_and_a_contract_are_added(tmp_path: Path) -> None:
    pytest.importorskip("amaranth_boards")
    walk(ROOT / "docs" / "extending.md", tmp_path)


def test_every_tutorial_is_walked_here() -> None:
    text = Path(__file__).read_text("utf-8")
    assert all(f'"{page.name}"' in text for page in TUTORIALS.glob("*.md"))


PAGE = """
# A page

```toml title="a.txt"
hello
```

```console
$ cat a.txt
hello
$ sleep 30 &
$ kill %1
$ for n in 1 2 3
> do echo $n
> done
1
...
$ proofmill mien
proofmill: there is no command …
```
"""


def test_steps_are_files_and_commands() -> None:
    steps = list(steps_of(PAGE))
    assert steps[0] == File("a.txt", "hello\n")
    assert steps[1] == Command(9, "cat a.txt", ("hello",))
    assert steps[4] == Command(13, "for n in 1 2 3\ndo echo $n\ndone", ("1", "..."))
    assert [step.refused for step in steps[1:] if isinstance(step, Command)] == [
        False, False, False, False, True]


@pytest.mark.parametrize("wrong, said", [
    (("$ cat a.txt\nhello", "$ cat a.txt\nhallo"), r"page.md:9: cat a.txt: status 0\nhello"),
    (("mien", "--version"), r"page.md:18: proofmill --version: status 0"),
    (("mien\nproofmill: there is no command …", "mien"), r"page.md:18: .*: status 2\n\nproof"),
    (("$ cat a.txt", "$ cat b.txt"), r"page.md:9: cat b.txt: status 1"),
    (("1\n...", "1\n2"), r"page.md:13: for n in 1 2 3\n"),
])
def test_a_page_that_is_wrong_is_found(wrong: tuple[str, str], said: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = PAGE.replace(*wrong)
    assert text != PAGE
    page.write_text(text, "utf-8")
    with pytest.raises(AssertionError, match=said):
        walk(page, tmp_path / "walked")


def test_a_page_that_is_right_is_walked(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, "utf-8")
    walk(page, tmp_path / "walked")
    page.write_text("```console\n$ no-such-program\n```\n", "utf-8")
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not there"):
        walk(page, tmp_path / "again")


def test_dots_stand_for_what_differs() -> None:
    assert is_as("a 12 s\nb\nc\n", ("a … s", "...", "c"))
    assert is_as("a\nc", ("a", "...", "c")) and is_as("", ()) and is_as("", ("...",))
    assert not is_as("a 12 s\nb\n", ("a … m", "..."))
    assert not is_as("a\n", ()) and not is_as("", ("a",)) and not is_as("a\nb\n", ("a…", ))
