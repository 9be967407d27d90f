"""What README and docs name is there: paths, links, commands, sections, extras, Python's names."""

import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from proofmill.host.cli.extras import EXTRAS
from proofmill.host.cli.main import parser
from proofmill.host.ground.errors import ProofmillError

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = sorted(path for folder in ("boards", "firmware", "hdl", "host", "sim", "tests")
                 for kind in ("*.py", "*.vy", "*.asm", "*.cpp", "*.toml")
                 for path in (ROOT / folder).rglob(kind) if path != Path(__file__))

TREE = r"(?:boards|docs|firmware|hdl|host|sim|tests)/[\w./*-]*[\w*/]"
"""A path of the repository, from its root."""


def lines_of(pages):
    """(where it stands, line) of every line of the pages."""
    return [(f"{page.relative_to(ROOT)}:{number}", line) for page in pages
            for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)]


def is_there(path):
    """Whether a path, which may have a ``*``, is in the repository."""
    return any(ROOT.glob(path.rstrip("/")))


def test_every_path_that_a_page_names_is_there():
    named = [(where, path) for where, line in lines_of(PAGES)
             for path in re.findall(rf"`({TREE})`", line)]
    assert len(named) > 50
    assert not [each for each in named if not is_there(each[1])]


def test_every_path_that_the_sources_name_is_there():
    """In comments, docstrings and messages; ``dir/x.py`` with a suffix, so that it is a path."""
    path = re.compile(rf"(?<![\w/.-])({TREE}\.(?:py|md|asm|vy|json|toml))(?!\w)")
    named = [(where, found) for where, line in lines_of(SOURCES) for found in path.findall(line)]
    assert len(named) > 20
    assert not [each for each in named if not is_there(each[1])]


def test_every_name_that_is_imported_is_there():
    """Pages' programs are run by tests that take minutes; a name that has moved is found here."""
    examples = sorted((ROOT / "docs" / "examples").rglob("*.py"))
    wrong, found = [], 0
    for page in [*PAGES, *examples]:
        for module, names in re.findall(r"^ *from (proofmill[\w.]*) import ([\w, ]+)$",
                                        page.read_text("utf-8"), re.MULTILINE):
            found += 1
            wrong += [(page.name, module, name) for name in names.split(", ")
                      if not hasattr(importlib.import_module(module), name.split(" as ")[0])]
    assert found > 30
    assert not wrong


def anchors(page):
    """What a link can name of a page: its headings, as GitHub spells them."""
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)}


def test_every_link_of_a_page_leads_somewhere():
    links = [(where, page.parent, link) for page in PAGES for where, line in lines_of([page])
             for link in re.findall(r"\]\(([^)\s]+)\)", line) if "://" not in link]
    assert len(links) > 5
    wrong = []
    for where, folder, link in links:
        path, _, heading = link.partition("#")
        page = folder / path if path else ROOT / where.partition(":")[0]
        if not page.exists() or heading and heading not in anchors(page):
            wrong.append((where, link))
    assert not wrong


def commands():
    """(where it stands, command line) of every ``proofmill ...`` in a page's code; the headings of
    commands.md, which is made from the commands, are none."""
    found = []
    for where, line in lines_of([page for page in PAGES if page.name != "commands.md"]):
        spans = re.findall(r"`(proofmill [^`]*)`", line)
        block = re.match(r"(?:    |\$ )?(proofmill .*)", line)
        for text in spans or ([block[1]] if block else []):
            found.append((where, text))
    return found


def words_of(command):
    """The words of a command as a page has them: no remark, no redirection, nothing after ``||``,
    not that it runs beside the next, of ``a|b`` the first, and a page's ``...`` for something of
    the reader's."""
    command = re.sub(r"\s+#.*|\s+>.*|\s+\|\|.*|\s+&$", "", command)
    return [word.partition("|")[0] for word in shlex.split(command)[1:]]


ELIDED = ("...", "…")


def parses(words):
    """None, or why the command line does not parse."""
    def refuse(message):
        raise ValueError(message)

    top = parser(words[0] if words else None)
    parsers = [top]
    for each in parsers:  # the list grows by the commands of each
        each.error = refuse
        for action in each._actions:
            if hasattr(action, "choices") and isinstance(action.choices, dict):
                parsers += action.choices.values()
    words = [word.replace("serial:PORT", "serial:/dev/ttyUSB0") for word in words]
    for word in words:
        if re.fullmatch(r"\w[\w/-]*[./]\w+", word):    # the files of which a page speaks are there
            Path(word).parent.mkdir(parents=True, exist_ok=True)
            Path(word).touch()
    try:
        options = top.parse_args(words)
    except (ValueError, ProofmillError) as error:
        return str(error)
    except SystemExit as ended:    # --help and --version say what they say, and end
        return None if ended.code == 0 else f"status {ended.code}"
    return None if hasattr(options, "run") else "it does nothing"


def is_command(words):
    """Whether the words name a command and nothing else, as prose does: ``proofmill board``."""
    return all(re.fullmatch(r"[a-z-]+", word) and not word.startswith("-") for word in words)


def test_every_command_that_a_page_names_parses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("node.toml").touch()  # of which some commands do not say that they read it
    found = commands()
    assert len(found) > 40
    wrong = []
    for where, command in found:
        words = words_of(command)
        if any(word.endswith(ELIDED) for word in words):
            # Elided: the options before are there, and take what follows.
            words = [word for word in words if word not in ELIDED]
            if words[-1].startswith("--"):
                words.pop()
        why = parses(words)
        if why is not None and not (
                is_command(words) and re.search("(are|is) required", why)):
            wrong.append((where, command, why))
    assert not wrong


def headings(page):
    """The numbers of a page's numbered sections, in order."""
    return [int(number) for number in re.findall(r"^## (\d+)\. ", page.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sections_are_numbered_once_and_those_referred_to_are_there(page):
    numbers = headings(page)
    assert numbers == list(range(1, len(numbers) + 1))
    referred = re.findall(r"\bsections? (\d+)", page.read_text())
    assert {int(number) for number in referred} <= set(numbers)


def test_the_section_on_a_bonds_number_says_who_the_prover_is():
    text = (ROOT / "docs" / "protocol.md").read_text()
    number, = re.findall(r"the number of its bond \(section (\d+)\)", text)
    section = text[text.index(f"\n## {number}. "):]
    assert "**Who is the prover.**" in section.partition("\n## ")[0] + section


def test_every_extra_that_is_named_is_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"]
    assert set(EXTRAS.values()) <= extras.keys()
    named = [(where, extra) for where, line in lines_of([*PAGES, *SOURCES])
             for extra in re.findall(r"'(?:\.|proofmill)\[(\w+)\]'", line)]
    assert named and not [each for each in named if each[1] not in extras]
    assert not [where for where, line in lines_of([*PAGES, *SOURCES])
                if re.search(r"pip install '?proofmill", line)], "it is not on PyPI"


def test_the_wheel_has_all_of_the_packages_files():
    """Every file of a package that is no Python is in its package-data."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {"proofmill": ROOT / "host" / "front"}
    packed = {path for package, patterns in tool["package-data"].items() for pattern in patterns
              for path in folders.get(package, ROOT / package.partition(".")[2].replace(".", "/"))
              .glob(pattern)}
    tops = ("hdl", "sim", "firmware", "host", "boards")
    there = {path for top in tops for path in (ROOT / top).rglob("*")
             if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert len(there) > 20 and sorted(there - packed) == []
    folders = {path.parent for top in tops for path in (ROOT / top).rglob("*.py")}
    assert all((folder / "__init__.py").exists() for folder in folders)
