"""From a microprogram's text to a `Program`.

One instruction a line, as `hdl.microcode.TABLE` says, ``#`` begins a comment, ``name:`` a label.
A register is ``r5``, the name of one, or an element ``table[2]``; ``table[c1]`` and
``table[c1 + 2]`` are indexed by a counter. Directives:

    .register NAME            a register; .register NAME[COUNT] several
    .constant NAME = VALUE    a register that holds VALUE modulo the modulus and is never written;
                              .constant NAME = VALUE, VALUE several
    .number NAME = VALUE      a name for a number
    .include "FILE"           another text, once, relative to this one
    .if VALUE                 what follows is only read where VALUE is not 0, up to .end; after an
                              .else, which need not be there, only where it is
    .formula NAME GROUP, TARGET, OPERAND, ...
                              the instructions of a formula, see `firmware.formulas.FORMULAS`;
                              NAME[2:4] is two registers of an array

VALUE is an expression of numbers and the names of `firmware.target.Target.symbols`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from proofmill.firmware.expressions import evaluate
from proofmill.firmware.formulas import FORMULAS, lower
from proofmill.firmware.program import Code, Program
from proofmill.firmware.target import Target
from proofmill.hdl.curve import Group
from proofmill.hdl.microcode import (
    ADDRESS_BITS,
    COUNTER_BITS,
    COUNTERS,
    FIELDS,
    REGISTER_BITS,
    TABLE,
    Operand,
    Operation,
    mnemonic,
)

MNEMONICS = {mnemonic(operation): operation for operation in Operation}
NAME = re.compile(r"[A-Za-z_]\w*")
REGISTER = re.compile(r"r(0|[1-9]\d*)")
COUNTER = re.compile(rf"c([1-{COUNTERS - 1}])")
TEMPORARY = 1 << REGISTER_BITS
"""Stands for the first temporary of the formulas until all other registers are known."""

PLACE = re.compile(r"([A-Za-z_]\w*)\s*(?:\[(.*)\])?")


class AssemblyError(ValueError):
    """A mistake in a program's text; the message begins with file, line and column."""


@dataclass(frozen=True)
class Piece:
    """A part of a line, and where it stands."""

    text: str
    file: str
    line: int
    column: int

    def error(self, message: str) -> AssemblyError:
        return AssemblyError(f"{self.file}:{self.line}:{self.column}: {message}")

    def part(self, start: int, end: int | None = None) -> "Piece":
        """The piece from `start` to `end`, without the spaces around it."""
        text = self.text[start:end]
        skipped = len(text) - len(text.lstrip())
        return Piece(text.strip(), self.file, self.line, self.column + start + skipped)

    def split(self) -> list["Piece"]:
        """The parts between commas; none if there is nothing."""
        if not self.text:
            return []
        parts, start = [], 0
        for match in re.finditer(",|$", self.text):
            parts.append(self.part(start, match.start()))
            start = match.end()
        return parts


@dataclass
class _Condition:
    """An ``.if`` in `opened` whose ``.end`` is to come; `holds`: what stands there now is read."""

    opened: Piece
    holds: bool
    turned: bool = False  # by its .else


CONDITIONS = (".if", ".else", ".end")


@dataclass(frozen=True)
class _Array:
    first: int
    count: int


@dataclass
class _Assembly:
    """What is known while a text is read."""

    target: Target
    numbers: dict[str, int]
    arrays: dict[str, _Array] = field(default_factory=dict)
    constants: dict[int, int] = field(default_factory=dict)
    used: int = 0  # registers named so far
    codes: list[Code] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    wanted: list[tuple[Code, Piece]] = field(default_factory=list)
    included: set[Path] = field(default_factory=set)

    # Texts and lines

    def read(self, text: str, file: str, folder: Path) -> None:
        conditions: list[_Condition] = []
        for number, line in enumerate(text.splitlines(), start=1):
            piece = Piece(line.partition("#")[0], file, number, 1).part(0)
            word, _, _ = piece.text.partition(" ")
            if word in CONDITIONS:
                self.condition(word, piece, conditions)
                continue
            if not all(condition.holds for condition in conditions):
                continue
            match = re.match(r"([A-Za-z_]\w*)\s*:", piece.text)
            if match:
                self.label(piece.part(0, match.end(1)))
                piece = piece.part(match.end())
            if piece.text.startswith("."):
                self.directive(piece, folder)
            elif piece.text:
                self.instruction(piece)
        if conditions:
            raise conditions[-1].opened.error("this .if has no .end")

    def condition(self, word: str, piece: Piece, conditions: list[_Condition]) -> None:
        """An ``.if``, whose value only counts where it is read itself, ``.else`` or ``.end``."""
        value = piece.part(len(word))
        if word == ".if":
            read = all(condition.holds for condition in conditions)
            conditions.append(_Condition(piece, read and self.value(value) != 0))
            return
        if value.text:
            raise value.error(f"nothing stands behind {word}")
        if not conditions or word == ".else" and conditions[-1].turned:
            raise piece.error(f"there is no .if for this {word}")
        if word == ".end":
            conditions.pop()
            return
        conditions[-1].holds, conditions[-1].turned = not conditions[-1].holds, True

    def label(self, name: Piece) -> None:
        if name.text in self.labels:
            raise name.error(f"the label {name.text!r} is there already")
        self.labels[name.text] = len(self.codes)

    def directive(self, piece: Piece, folder: Path) -> None:
        word, _, _ = piece.text.partition(" ")
        rest = piece.part(len(word))
        match word:
            case ".register":
                name = PLACE.fullmatch(rest.text)
                if not name:
                    raise rest.error("a .register is NAME or NAME[COUNT]")
                count = 1 if name[2] is None else self.value(rest.part(*name.span(2)))
                self.reserve(rest.part(*name.span(1)), count)
            case ".constant" | ".number":
                name = re.match(r"([A-Za-z_]\w*)\s*=", rest.text)
                if not name:
                    raise rest.error(f"a {word} is NAME = VALUE")
                values = [self.value(part) for part in rest.part(name.end()).split()]
                where = rest.part(*name.span(1))
                if not values or word == ".number" and len(values) != 1:
                    raise rest.error(f"a {word} needs a value")
                if word == ".number":
                    self.fresh(where)
                    self.numbers[where.text] = values[0]
                    return
                first = (self.array(where).first if REGISTER.fullmatch(where.text)
                         else self.reserve(where, len(values)))
                for n, value in enumerate(values):
                    self.constants[first + n] = value % self.target.shape.field.modulus
            case ".include":
                if not re.fullmatch(r'"[^"]+"', rest.text):
                    raise rest.error('an .include names its file in double quotes')
                path = (folder / rest.text[1:-1]).resolve()
                if path in self.included:
                    return
                self.included.add(path)
                try:
                    text = path.read_text()
                except (OSError, UnicodeDecodeError) as error:
                    raise rest.error(f"{rest.text} cannot be read: {error}") from error
                self.read(text, path.name, path.parent)
            case ".formula":
                self.formula(rest)
            case _:
                raise piece.error(f"no directive is called {word!r}; there are .register, "
                                  ".constant, .number, .include, .formula, .if, .else and .end")

    def instruction(self, piece: Piece) -> None:
        word = piece.text.split()[0]
        name = piece.part(0, len(word))
        if word not in MNEMONICS:
            raise name.error(f"no operation is called {word!r}")
        operation = MNEMONICS[word]
        if operation is Operation.INVERT and self.target.shape.inverter is None:
            raise name.error("this processor has no inverter; write .if inverter, and another way "
                             "after .else")
        operands = piece.part(len(word)).split()
        kinds = TABLE[operation].operands
        if len(operands) != len(kinds):
            wanted = ", ".join(kind.value for kind in kinds) or "nothing"
            raise name.error(f"{word} takes {wanted}, not {len(operands)} operands")
        code: Code = {name: 0 for name in FIELDS} | {"operation": operation}
        for kind, operand in zip(kinds, operands, strict=True):
            self.operand(code, kind, operand)
        self.add(code, name)

    def add(self, code: Code, piece: Piece) -> None:
        if len(self.codes) == 1 << ADDRESS_BITS:
            raise piece.error(f"the program is longer than {1 << ADDRESS_BITS} instructions")
        self.codes.append(code)

    # Operands

    def operand(self, code: Code, kind: Operand, piece: Piece) -> None:
        if kind.is_register:
            register, index = self.place(piece)
            if kind is Operand.TARGET and register in self.constants:
                raise piece.error(f"{piece.text} is a constant and cannot be written")
            code[kind.field], code[f"{kind.field}_index"] = register, index
        elif kind in (Operand.COUNTER, Operand.POSITION):
            code[kind.field] = self.counter(piece)
        elif kind is Operand.LABEL:
            if not NAME.fullmatch(piece.text):
                raise piece.error(f"{piece.text!r} is no name of a label")
            self.wanted.append((code, piece))
        else:
            value = self.value(piece)
            limit = 1 << COUNTER_BITS
            if not -limit < value < limit:
                raise piece.error(f"{value} is no number of {COUNTER_BITS} bits")
            code[kind.field] = value % limit

    def counter(self, piece: Piece) -> int:
        match = COUNTER.fullmatch(piece.text)
        if not match:
            raise piece.error(f"{piece.text!r} is no counter; they are c1 to c{COUNTERS - 1}")
        return int(match[1])

    def place(self, piece: Piece) -> tuple[int, int]:
        """(register, index) of an operand."""
        match = PLACE.fullmatch(piece.text)
        if not match:
            raise piece.error(f"{piece.text!r} is no register")
        array = self.array(piece.part(*match.span(1)))
        if match[2] is None:
            if array.count != 1:
                raise piece.error(f"{piece.text} is {array.count} registers; say which, "
                                  f"{piece.text}[0] to {piece.text}[{array.count - 1}]")
            return array.first, 0
        inside = piece.part(*match.span(2))
        indexed = re.fullmatch(r"(c\d+)\s*(?:\+\s*(.+))?", inside.text)
        index = 0
        if indexed:
            index = self.counter(inside.part(*indexed.span(1)))
            offset = 0 if indexed[2] is None else self.value(inside.part(*indexed.span(2)))
        else:
            offset = self.value(inside)
        if not 0 <= offset < array.count and not (index and REGISTER.fullmatch(match[1])):
            raise inside.error(f"{match[1]} has {array.count} registers, no number {offset}")
        return array.first + offset, index

    def array(self, piece: Piece) -> _Array:
        if piece.text in self.arrays:
            return self.arrays[piece.text]
        match = REGISTER.fullmatch(piece.text)
        if not match:
            raise piece.error(f"no register is called {piece.text!r}")
        if int(match[1]) >> REGISTER_BITS:
            raise piece.error(f"registers are r0 to r{(1 << REGISTER_BITS) - 1}")
        return _Array(int(match[1]), 1)

    def registers_of(self, piece: Piece) -> list[int]:
        """All registers of a name, or one element."""
        if NAME.fullmatch(piece.text):
            array = self.array(piece)
            return list(range(array.first, array.first + array.count))
        part = re.fullmatch(r"([A-Za-z_]\w*)\s*\[([^:]*):([^:]*)\]", piece.text)
        if part:
            array = self.array(piece.part(*part.span(1)))
            start, end = (self.value(piece.part(*part.span(n))) for n in (2, 3))
            if not 0 <= start < end <= array.count:
                raise piece.error(f"{part[1]} has {array.count} registers, not {start} to {end}")
            return list(range(array.first + start, array.first + end))
        register, index = self.place(piece)
        if index:
            raise piece.error("a formula's registers cannot be indexed by a counter")
        return [register]

    def value(self, piece: Piece) -> int:
        try:
            return evaluate(piece.text, self.numbers)
        except ValueError as error:
            raise piece.error(str(error)) from None

    def fresh(self, name: Piece) -> None:
        if (name.text in self.arrays or name.text in self.numbers
                or REGISTER.fullmatch(name.text) or re.fullmatch(r"c\d+", name.text)):
            raise name.error(f"the name {name.text!r} is taken")

    def reserve(self, name: Piece, count: int) -> int:
        self.fresh(name)
        left = (1 << REGISTER_BITS) - self.used
        if not 1 <= count <= left:
            raise name.error(f"{count} more registers cannot be had: {left} are left")
        first, self.used = self.used, self.used + count
        self.arrays[name.text] = _Array(first, count)
        return first

    # Formulas

    def formula(self, piece: Piece) -> None:
        head, *arguments = piece.split() or [piece]
        words = head.text.split()
        groups = {group.value: group for group in Group}
        if len(words) != 2 or words[0] not in FORMULAS or words[1] not in groups:
            raise head.error(f"a .formula begins with one of {', '.join(FORMULAS)} and one of "
                             f"{', '.join(groups)}")
        formula, group = FORMULAS[words[0]], groups[words[1]]
        if self.target.curve is None:
            raise head.error("a formula needs a curve to assemble for")
        if len(arguments) != 1 + len(formula.operands):
            raise head.error(f"{words[0]} takes a target and {len(formula.operands)} operands")
        registers = [self.registers_of(argument) for argument in arguments]
        for argument, have, want in zip(arguments[1:], registers[1:], formula.operands,
                                        strict=True):
            if len(have) != want * group.degree:
                raise argument.error(f"{words[0]} in {group.value} takes {want * group.degree} "
                                     f"registers here, {argument.text} is {len(have)}")
        if any(register in self.constants for register in registers[0]):
            raise arguments[0].error(f"{arguments[0].text} is a constant and cannot be written")
        try:
            operations = lower(words[0], self.target.curve, group, self.target.shape.latency,
                               registers[0], registers[1:], TEMPORARY)
        except ValueError as error:
            raise head.error(str(error)) from None
        for operation, target, left, right in operations:
            self.add({name: 0 for name in FIELDS} | {
                "operation": operation, "target": target, "left": left, "right": right}, head)

    def finish(self, piece: Piece) -> Program:
        """Place the formulas' temporaries after all other registers; resolve labels."""
        named = [register for code in self.codes for register in self.registers_in(code).values()]
        first = 1 + max([self.used - 1, *self.constants,
                         *(register for register in named if register < TEMPORARY)])
        highest = first - 1
        for code in self.codes:
            for name, register in self.registers_in(code).items():
                if register >= TEMPORARY:
                    code[name] = first + register - TEMPORARY
                    highest = max(highest, code[name])
        if highest >= 1 << REGISTER_BITS:
            raise piece.error(f"the program needs {highest + 1} registers, its formulas' "
                              f"temporaries included; there are {1 << REGISTER_BITS}")
        for code, label in self.wanted:
            if label.text not in self.labels:
                raise label.error(f"no label is called {label.text!r}")
            code["number"] = self.labels[label.text]
        return Program(self.target.shape.field.name, tuple(self.codes), dict(self.constants),
                       highest + 1, dict(self.labels),
                       {name: array.first for name, array in self.arrays.items()})

    @staticmethod
    def registers_in(code: Code) -> dict[str, int]:
        """The registers that stand in an instruction, by field."""
        return {kind.field: code[kind.field] for kind in TABLE[code["operation"]].operands
                if kind.is_register}


def assemble(source: str, target: Target, *, file: str = "program",
             folder: Path | None = None) -> Program:
    """The program that `source` says; AssemblyError for the first mistake.

    `file` is what messages call the text; `folder` is where its .include begins.
    """
    assembly = _Assembly(target, target.symbols())
    assembly.read(source, file, folder or Path())
    whole = Piece("", file, 1, 1)
    if not assembly.codes:
        raise whole.error("there is no instruction")
    return assembly.finish(whole)


def assemble_file(path: Path, target: Target) -> Program:
    """`assemble` on a file; OSError if it cannot be read."""
    return assemble(path.read_text(), target, file=path.name, folder=path.parent)
