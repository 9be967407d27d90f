"""``proofmill vectors``: the mechanism's values for other implementations, made and checked."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.output import write_atomically

if TYPE_CHECKING:
    from proofmill.host.network.mechanism.vector_cases import Value


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "vectors", help="values of the mechanism, to hold another implementation to",
        description="Write the values that docs/protocol.md is checked against as JSON: for every "
                    "formula what goes in and what comes out, and a history slot by slot. With "
                    "--check, compare a file (of another implementation, say) with them.")
    command.add_argument("file", metavar="FILE", nargs="?", type=Path,
                         help="where to write, or what to check (default: standard output)")
    command.add_argument("--check", action="store_true",
                         help="compare FILE with the values; status 1 where they differ")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make, or compare."""
    from proofmill.host.network.mechanism.vectors import vectors

    if options.check:
        if options.file is None:
            raise ProofmillError("--check compares a file; name it: proofmill vectors FILE --check")
        return _check(options.file, vectors())
    text = as_text(vectors())
    if options.file is None:
        sys.stdout.write(text)
    else:
        write_atomically(options.file, [text.encode()])
    return 0


def as_text(document: "Value") -> str:
    """The document as JSON, a case a line, so that a change shows as the lines it changes."""
    assert isinstance(document, dict)
    values = document["values"]
    assert isinstance(values, dict)
    topics = []
    for name, cases in values.items():
        assert isinstance(cases, list)
        lines = ",\n".join("  " + json.dumps(case) for case in cases)
        topics.append(f" {json.dumps(name)}: [\n{lines}\n ]")
    head = json.dumps({key: value for key, value in document.items() if key != "values"})
    return head[:-1] + ', "values": {\n' + ",\n".join(topics) + "\n}}\n"


def _check(path: Path, document: "Value") -> int:
    try:
        found = parse_json(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise ProofmillError(f"{path}: cannot be read as JSON: {error}; "
                             "make one with: proofmill vectors FILE") from error
    differences = list(_differences("", json.loads(as_text(document)), found))
    for where, wanted, got in differences[:10]:
        print(f"{path}: {where}: {got}, not {wanted}")
    if len(differences) > 10:
        print(f"... and {len(differences) - 10} more")
    if not differences:
        print(f"{path}: all values agree")
    return 1 if differences else 0


def _differences(where: str, wanted: object, got: object) -> list[tuple[str, object, object]]:
    if isinstance(wanted, dict) and isinstance(got, dict):
        names = [*wanted, *(name for name in got if name not in wanted)]
        return [found for name in names for found in _differences(
            f"{where}.{name}" if where else str(name), wanted.get(name), got.get(name))]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [found for index, (one, other) in enumerate(zip(wanted, got, strict=True))
                for found in _differences(f"{where}[{index}]", one, other)]
    return [] if wanted == got else [(where or "the document", _short(wanted), _short(got))]


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 100 else text[:97] + "..."
