"""A microprogram as it comes from the assembler: instructions and constants, as text and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proofmill.hdl.microcode import REGISTER_BITS, decode, encode

Code = dict[str, Any]
"""The fields of `hdl.microcode.INSTRUCTION`, all of them; the operation as `Operation`."""

HEADING = "proofmill-microprogram 1"


class ImageError(ValueError):
    """A text that is no assembled program."""


@dataclass(frozen=True)
class Program:
    """Instructions, and what registers hold before they run.

    Parameters
    ----------
    field_name : the name of the field it was assembled for.
    instructions : the code, from address 0 on.
    constants : the registers that hold constants, each with its value; no instruction writes them.
    registers : registers there are, constants among them.
    labels : addresses that have names.
    names : registers that have names; not part of the text.
    """

    field_name: str
    instructions: tuple[Code, ...]
    constants: Mapping[int, int]
    registers: int
    labels: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)

    @property
    def entry(self) -> int:
        """Where it begins unless the caller says otherwise: at the label ``main``, or at 0."""
        return self.labels.get("main", 0)

    def image(self) -> str:
        """The program as text that `from_image` reads: words and constants in hexadecimal."""
        lines = [HEADING, f"field {self.field_name}", f"registers {self.registers}"]
        lines += [f"constant {number} {value:x}" for number, value in self.constants.items()]
        lines += [f"label {name} {address}" for name, address in self.labels.items()]
        lines += [f"word {encode(code):x}" for code in self.instructions]
        return "\n".join(lines) + "\n"


def from_image(text: str, file: str = "program") -> Program:
    """The program that `Program.image` wrote; ImageError names the line that is wrong."""
    lines = text.splitlines()
    if not lines or lines[0] != HEADING:
        raise ImageError(f"{file}:1: an assembled program begins with the line {HEADING!r}; "
                         "make one with `proofmill field assemble`")
    name, registers = "", 0
    constants: dict[int, int] = {}
    labels: dict[str, int] = {}
    instructions: list[Code] = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            match line.split():
                case ["field", text]:
                    name = text
                case ["registers", text]:
                    registers = int(text)
                case ["constant", text, value]:
                    constants[int(text)] = int(value, 16)
                case ["label", text, value]:
                    labels[text] = int(value)
                case ["word", value]:
                    instructions.append(decode(int(value, 16)))
                case _:
                    raise ValueError("no line of an assembled program")
        except ValueError as error:
            raise ImageError(f"{file}:{number}: {line!r} is wrong: {error}") from error
    if not name or not instructions or not 1 <= registers <= 1 << REGISTER_BITS:
        raise ImageError(f"{file}: the field's name, the number of registers (1 to "
                         f"{1 << REGISTER_BITS}) or the words are missing")
    return Program(name, tuple(instructions), constants, registers, labels)
