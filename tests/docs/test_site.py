"""The documentation as a site: its pages are all in it, its reference has every name."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import proofmill
from tests.docs.walk import ROOT

SETTINGS = (ROOT / "mkdocs.yml").read_text("utf-8")
DOCS = ROOT / "docs"


def test_every_page_is_in_the_navigation() -> None:
    named = re.findall(r": ([\w/.-]+\.md)$", SETTINGS, re.MULTILINE)
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert len(named) == len(set(named)) and set(named) == pages
    home = (DOCS / "index.md").read_text("utf-8")
    examples = {page for page in pages if page.startswith("examples/")}
    assert {page for page in pages - examples - {"index.md"} if f"]({page})" not in home} == set()


def test_the_reference_has_every_name() -> None:
    spec = importlib.util.spec_from_file_location("hooks", DOCS / "hooks.py")
    assert spec is not None and spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    assert hooks.PLACE in (DOCS / "reference.md").read_text("utf-8")
    text = hooks.names((DOCS / "api.md").read_text("utf-8"))
    places = re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)
    assert sorted(places) == sorted(".".join(home) for home in proofmill._homes().values())
    assert "## Simulations of the second layer\n" in text


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    for module in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(module)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "reference.html").read_text("utf-8")
    for name in dir(proofmill):
        assert re.search(rf'id="proofmill\.[\w.]+\.{name}"', page), name
    assert "Proves with one key on one device" in page
    for made in (tmp_path / "site").rglob("*.html"):    # nothing is loaded from another host
        text = made.read_text("utf-8")
        assert not re.findall(r'(?:\ssrc=|<link[^>]* href=)"?(?:https?:)?//[^" >]+', text), made
