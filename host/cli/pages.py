"""What commands print, put into pages: each has its place there between two comments.

::

    <!-- proofmill measure --table -->
    | unit | ...
    <!-- end -->
"""

import argparse
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError

END = "<!-- end -->"


def _place(page: str, name: str, where: str) -> tuple[int, int]:
    """Where the text called `name` begins and ends in `page`."""
    begin = f"<!-- {name} -->\n"
    start = page.find(begin)
    end = page.find(END, start)
    if start < 0 or end < 0 or page.find(begin, start + 1) >= 0:
        raise ProofmillError(f"{where}: there has to be one place for the output of this command, "
                             f"a line <!-- {name} --> and after it a line {END}")
    return start + len(begin), end


def part(path: Path, name: str) -> str:
    """The text called `name` in the page at `path`; raises `ProofmillError` where it has none."""
    page = _read(path)
    start, end = _place(page, name, str(path))
    return page[start:end].strip("\n")


def add_into(command: argparse.ArgumentParser, name: str) -> None:
    """Add the option of a command whose table is called `name` in a page."""
    command.add_argument("--into", metavar="PAGE",
                         help=f"put the table into this Markdown page, after <!-- {name} -->")


def show(text: str, name: str, page: str | None) -> None:
    """Print a text, or put it into the `page` that --into names."""
    if page:
        put(Path(page), {name: text})
    else:
        print(text)


def put(path: Path, texts: dict[str, str]) -> None:
    """Put texts into the page at `path`, each in place of the one of its name."""
    from proofmill.host.ground.output import write_atomically

    page = _read(path)
    for name, text in texts.items():
        start, end = _place(page, name, str(path))
        page = f"{page[:start]}\n{text}\n\n{page[end:]}"
    write_atomically(path, [page.encode()])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProofmillError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
