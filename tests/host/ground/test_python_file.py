"""A user's Python file is loaded by its path, and a fault in it has its line."""

from pathlib import Path

import pytest

from proofmill.host.ground.python_file import load_python, place_in


def test_a_file_is_a_module_that_no_import_finds(tmp_path):
    (tmp_path / "mine.py").write_text("HERE = __file__\n")
    module = load_python(tmp_path / "mine.py", "some_name")
    assert (module.__name__, module.HERE) == ("some_name", str(tmp_path / "mine.py"))
    with pytest.raises(ImportError):
        import some_name  # noqa: F401


def test_a_file_may_have_dataclasses_whose_annotations_are_text(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Pair:\n    left: int\n    right: int\n")
    assert vars(load_python(tmp_path / "mine.py", "some_name").Pair(1, 2)) == {
        "left": 1, "right": 2}


@pytest.mark.parametrize("text, place", [
    ("x = 1\ny = z\n", ":2"), ("\n\nx = (\n", ":3"),
    ("def f():\n    return 1 / 0\n\nf()\n", ":2"),
    ("import json\njson.loads(3)\n", ":2"),
])
@pytest.mark.parametrize("way", ["mine.py", "./mine.py", "{}/mine.py"])
def test_a_fault_has_its_line_however_the_file_is_named(text, place, way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path(way.format(tmp_path))
    path.write_text(text)
    with pytest.raises(Exception) as caught:
        load_python(path, "mine")
    assert place_in(caught.value, path) == place


def test_a_fault_elsewhere_has_no_line(tmp_path):
    assert place_in(ValueError("elsewhere"), tmp_path / "mine.py") == ""
