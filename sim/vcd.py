"""Value change dumps (IEEE 1364-2005, clause 18): cut one to some scopes, look values up.

Only what Amaranth's simulator and Verilator write is understood: one change a line.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

DECLARATION = re.compile(r"\$var (\S+) (\d+) (\S+) (.+?)(?: \[\d+:\d+\])? \$end$")

INDEX = re.compile(r"\[(\d+)\]")
"""An element's place in the name of an array's: `words[3]`, `words[3].address`."""


@dataclass(frozen=True)
class Variable:
    """A signal of the dump.

    Parameters
    ----------
    scope, name : where it is and what it is called there; a backslash begins a name with a dot.
    kind, bits : "wire" or "string", and how wide.
    code : what its changes are marked with.
    """

    scope: str
    name: str
    kind: str
    bits: int
    code: str

    @property
    def path(self) -> str:
        """Scope and name: "top.msm.start"."""
        return f"{self.scope}.{self.name.lstrip(chr(92))}"

    @property
    def displayed(self) -> str:
        """Its name as GTKWave's save files have it."""
        bits = f"[{self.bits - 1}:0]" if self.bits > 1 and self.kind != "string" else ""
        return f"bench.{self.scope}.{self.name}{bits}"


def _code(line: str) -> str:
    """The code of the variable that a line changes."""
    return line.split()[1] if line[0] in "bsr" else line[1:].rstrip()


def _plain(name: str, taken: Collection[str]) -> str:
    """A name without indices, by the rule of `hdl.emit.plain_names` but for dots.

    A viewer takes the last index for a bit's, whatever stands before the name (GTKWave:
    amaranth-lang/amaranth issue 1001; Surfer: ekiwi/wellen issue 36).
    """
    found = INDEX.sub(r"__\1", name)
    if found == name:
        return name
    found = found if "." in found else found.lstrip("\\")
    while found in taken:
        found += "_"
    return found


def cut(source: TextIO, target: TextIO, scope: str) -> list[Variable]:
    """Copy the dump `source` to `target`: what lies below `scope` ("top.msm"), and clock and reset.

    Signals that have no name of their own in a scope ("$signal", "start$7") are left out; element 3
    of `words` is called words__3. The outermost scope is called bench. Returns the variables kept.
    """
    top = scope.partition(".")[0]
    path: list[str] = []
    kept: list[Variable] = []
    pending: list[str] = []   # scopes that have been opened and are empty so far
    codes: set[str] = set()
    names: defaultdict[str, set[str]] = defaultdict(set)
    for line in source:
        line = line.lstrip()
        if line.startswith("$scope"):
            path.append(line.split()[2])
            pending.append(line if len(path) > 1 else "$scope module bench $end\n")
        elif line.startswith("$upscope"):
            path.pop()
            if pending:
                pending.pop()
            else:
                target.write(line)
        elif line.startswith("$var"):
            match = DECLARATION.match(line.rstrip("\n"))
            assert match, line
            kind, bits, code, name = match.groups()
            where = ".".join(path[1:])
            within = where == scope or where.startswith(f"{scope}.")
            if "$" not in name and (within or (where == top and name in ("clk", "rst"))):
                target.writelines(pending)
                pending.clear()
                name = _plain(name, names[where])
                names[where].add(name)
                target.write(f"$var {kind} {bits} {code} {name} $end\n")
                kept.append(Variable(where, name, kind, int(bits), code))
                codes.add(code)
        elif line.startswith(("$", "#")) or not path and not codes:
            target.write(line)
        elif line and _code(line) in codes:
            target.write(line)
    return kept


def changes(dump: Path, variable: Variable) -> Iterator[tuple[int, int | str]]:
    """(time, value) of each change of a variable; a string's value is text, without its number."""
    time, end = 0, f" {variable.code}"
    with dump.open() as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("#"):
                time = int(line[1:])
            elif line.startswith("b") and line.endswith(end):
                yield time, int(line[1:-len(end)], 2)
            elif line.startswith("s") and line.endswith(end):
                yield time, line[1:-len(end)].partition("/")[0]
            elif line[1:] == variable.code and line[:1] in "01":
                yield time, int(line[0])


def find(variables: Iterable[Variable], patterns: Iterable[str]) -> list[Variable]:
    """The variables whose paths match one of `patterns` ("top.msm.*_valid"), in their order."""
    known = list(variables)
    found: dict[str, Variable] = {}
    for pattern in patterns:
        for variable in known:
            if fnmatchcase(variable.path, pattern):
                found.setdefault(variable.path, variable)
    return list(found.values())


def grouped(variables: Iterable[Variable], groups: Mapping[str, Iterable[str]], scope: str
            ) -> dict[str, list[Variable]]:
    """The variables of each group, whose patterns are below `scope`; without groups of none."""
    known = list(variables)
    found = {name: find(known, [f"{scope}.{pattern}" for pattern in patterns])
             for name, patterns in groups.items()}
    return {name: each for name, each in found.items() if each}
