"""Programs and what is expected of them: pairs of files, ``invert.asm`` and ``invert.expected``.

An .expected file is TOML: a list of cases, each with the field it is assembled for, the words that
go in, the words that come out, the cycles, and registers by name (those not named may hold
anything); `inverter = true` where the processor has an inverter. A file without its partner is an
error.
"""

import re
import tomllib
from dataclasses import dataclass, field

from proofmill.firmware.library import FOLDER, TARGETS, program, with_inverter


@dataclass(frozen=True)
class Case:
    program: str
    number: int
    field: str
    words: list[int]
    sent: list[int]
    cycles: int
    registers: dict[str, int] = field(default_factory=dict)
    entry: str | None = None
    inverter: bool = False

    @property
    def target(self):
        target = TARGETS[self.field]
        return with_inverter(target) if self.inverter else target

    @property
    def assembled(self):
        return program(self.program, self.target)

    @property
    def start(self):
        return self.assembled.entry if self.entry is None else self.assembled.labels[self.entry]

    def check(self, outcome):
        """`outcome` is what is expected."""
        assert outcome.sent == self.sent
        for name, value in self.registers.items():
            assert outcome.registers[number(self.assembled, name)] == value, name
        assert outcome.cycles == self.cycles

    def __str__(self):
        return f"{self.program}-{self.number}-{self.field}{'-inverter' * self.inverter}"


def number(assembled, name):
    """The register called `name`, perhaps an element of an array."""
    match = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", name)
    return assembled.names[match[1]] + int(match[2] or 0)


def cases(folder=FOLDER):
    """Every case of every pair in `folder`."""
    programs = {path.stem for path in folder.glob("*.asm")}
    expected = {path.stem for path in folder.glob("*.expected")}
    for name in sorted(programs ^ expected):
        have, lack = (".asm", ".expected") if name in programs else (".expected", ".asm")
        raise FileNotFoundError(f"{folder / name}{have} has no partner {name}{lack}")
    found = []
    for name in sorted(programs):
        text = (folder / f"{name}.expected").read_text()
        found += [Case(program=name, number=n, **case)
                  for n, case in enumerate(tomllib.loads(text)["case"])]
    return found
