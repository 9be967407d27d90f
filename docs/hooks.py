"""What mkdocs is told beyond its settings: the reference has the names of api.md's table."""

import re
from pathlib import Path
from typing import Any

import proofmill

PLACE = "<!-- names -->"


def on_page_markdown(markdown: str, page: Any, **more: Any) -> str:
    """The text of a page; that of the reference with every name's place in the sources."""
    if page.file.src_uri != "reference.md":
        return markdown
    return markdown.replace(PLACE, names(Path(__file__).with_name("api.md").read_text("utf-8")))


def names(api: str) -> str:
    """A section for each row of the table, with what mkdocstrings makes of ``::: name``."""
    homes = proofmill._homes()
    text = ""
    for row in re.findall(r"^\| (`.*`) \| (.*?) \|$", api, re.MULTILINE):
        title = re.sub(r" *\(\[.*?\]\(.*?\)\)", "", row[1])
        text += f"## {title[:1].upper()}{title[1:]}\n\n"
        for name in re.findall(r"`(\w+)`", row[0]):
            text += "::: {}.{}\n\n".format(*homes[name])
    module, name = homes["ProofmillError"]
    return f"{text}## Mistakes\n\n::: {module}.{name}\n"
