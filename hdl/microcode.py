"""The field processor's instructions: the one table that says what their bits and words mean.

Assembler, disassembler, interpreter, the gateware's decoder, the random programs of the tests and
the table in ``docs/firmware.md`` (printed by ``proofmill field isa``) are all made from here.
"""

import enum
from dataclasses import dataclass

from amaranth.lib import data

REGISTER_BITS = 8
"""Bits of a register's number."""

COUNTERS = 8
"""Counters there are, the first of which is always zero: ``c1`` to ``c7`` can be written."""

COUNTER_BITS = 10
"""Bits of a counter, and of the number in an instruction. Counters wrap."""

ADDRESS_BITS = 10
"""Bits of an instruction's address."""

DIGIT_BITS = 4
"""Bits that ``digit`` cuts out of a register."""

CONTROL_CYCLES = 3
"""Cycles from an instruction that goes elsewhere, or changes a counter, to the next."""

SEND_CYCLES = 6
"""Cycles from a word sent to the next instruction, if the word is taken at once."""

TEST_CYCLES = 7
"""Cycles from an instruction that looks into a register to the next."""

SUM_CYCLES = 4
"""Cycles from a sum to the first instruction that can use it."""

PRODUCT_CYCLES = 3
"""What a product takes from its issue until it can be used, beyond the multiplier's latency."""

INVERT_CYCLES = 6
"""Cycles from an inversion to the next instruction, beyond the inverter's latency."""


OPERATION_BITS = 5
"""Bits of an operation."""


class Operation(enum.IntEnum):
    """What an instruction does; `TABLE` says how each is written and what it takes."""

    HALT = 0
    ADD = 1
    SUBTRACT = 2
    MULTIPLY = 3
    MOVE = 4
    RECEIVE = 5
    SEND = 6
    SET = 7
    STEP = 8
    TAKE = 9
    DIGIT = 10
    JUMP = 11
    LOOP = 12
    JUMP_IF_NONE = 13
    JUMP_IF_ZERO = 14
    JUMP_IF_BIT = 15
    CALL = 16
    RETURN = 17
    INVERT = 18


class Operand(enum.Enum):
    """A place in an instruction; the value is the field of `INSTRUCTION` it is kept in."""

    TARGET = "target"      # a register that is written, perhaps indexed by a counter
    LEFT = "left"          # a register that is read, perhaps indexed
    RIGHT = "right"        # another one
    COUNTER = "counter"    # the counter an instruction is about
    POSITION = "position"  # the counter that says which bit
    NUMBER = "number"      # a constant
    LABEL = "label"        # an address, kept as the number

    @property
    def is_register(self) -> bool:
        return self in (Operand.TARGET, Operand.LEFT, Operand.RIGHT)

    @property
    def field(self) -> str:
        """The field of `INSTRUCTION` that holds it."""
        return "number" if self is Operand.LABEL else self.value


class Unit(enum.Enum):
    """Who carries an instruction out, and so what it takes; the value is the table's wording."""

    SUM = f"1, usable after {SUM_CYCLES}"
    PRODUCT = f"1, usable after latency + {PRODUCT_CYCLES}"
    CONTROL = f"{CONTROL_CYCLES}"
    SEND = f"{SEND_CYCLES}"
    TEST = f"{TEST_CYCLES}"
    HALT = "waits for all results"
    INVERSE = f"waits for all results, then the inverter's latency + {INVERT_CYCLES}"


@dataclass(frozen=True)
class Description:
    """How an operation is written and what it does."""

    operands: tuple[Operand, ...]
    unit: Unit
    meaning: str


TABLE: dict[Operation, Description] = {
    Operation.ADD: Description(
        (Operand.TARGET, Operand.LEFT, Operand.RIGHT), Unit.SUM, "target = left + right"),
    Operation.SUBTRACT: Description(
        (Operand.TARGET, Operand.LEFT, Operand.RIGHT), Unit.SUM, "target = left - right"),
    Operation.MULTIPLY: Description(
        (Operand.TARGET, Operand.LEFT, Operand.RIGHT), Unit.PRODUCT,
        "target = left * right / radix"),
    Operation.MOVE: Description(
        (Operand.TARGET, Operand.LEFT), Unit.SUM, "target = left"),
    Operation.RECEIVE: Description(
        (Operand.TARGET, Operand.RIGHT), Unit.PRODUCT,
        "target = next word in * right / radix; waits for the word"),
    Operation.SEND: Description(
        (Operand.LEFT,), Unit.SEND, "next word out = left, canonical; waits until it is taken"),
    Operation.SET: Description(
        (Operand.COUNTER, Operand.NUMBER), Unit.CONTROL, "counter = number"),
    Operation.STEP: Description(
        (Operand.COUNTER, Operand.NUMBER), Unit.CONTROL, "counter = counter + number"),
    Operation.TAKE: Description(
        (Operand.COUNTER,), Unit.CONTROL,
        f"counter = lowest {COUNTER_BITS} bits of the next word in; waits for it"),
    Operation.DIGIT: Description(
        (Operand.COUNTER, Operand.LEFT, Operand.POSITION), Unit.TEST,
        f"counter = the {DIGIT_BITS} bits of left, canonical, from bit position on"),
    Operation.JUMP: Description((Operand.LABEL,), Unit.CONTROL, "go to label"),
    Operation.LOOP: Description(
        (Operand.COUNTER, Operand.LABEL), Unit.CONTROL,
        "counter = counter - 1; go to label unless it is now 0"),
    Operation.JUMP_IF_NONE: Description(
        (Operand.COUNTER, Operand.LABEL), Unit.CONTROL, "go to label if counter is 0"),
    Operation.JUMP_IF_ZERO: Description(
        (Operand.LEFT, Operand.LABEL), Unit.TEST, "go to label if left is 0 modulo the modulus"),
    Operation.JUMP_IF_BIT: Description(
        (Operand.LEFT, Operand.POSITION, Operand.LABEL), Unit.TEST,
        "go to label if that bit of left, canonical, is 1"),
    Operation.CALL: Description(
        (Operand.LABEL,), Unit.CONTROL,
        "go to label, and remember the next instruction, instead of any remembered before"),
    Operation.RETURN: Description((), Unit.CONTROL, "go to the remembered instruction"),
    Operation.HALT: Description((), Unit.HALT, "stop when all results are there"),
    Operation.INVERT: Description(
        (Operand.TARGET, Operand.LEFT), Unit.INVERSE,
        "target = radix ** 2 / left, 0 if left is 0; only where there is an inverter"),
}

INSTRUCTION = data.StructLayout({
    "operation": OPERATION_BITS,
    **{name: width for register in ("target", "left", "right")
       for name, width in ((register, REGISTER_BITS),
                           (f"{register}_index", (COUNTERS - 1).bit_length()))},
    "counter": (COUNTERS - 1).bit_length(),
    "position": (COUNTERS - 1).bit_length(),
    "number": max(COUNTER_BITS, ADDRESS_BITS),
})
"""An instruction word. The register meant is ``target + counter[target_index]``, and so on;
index 0 is the counter that is always zero."""

FIELDS = tuple(name for name, _ in INSTRUCTION)

INSTRUCTION_BITS = INSTRUCTION.size


def mnemonic(operation: Operation) -> str:
    """How `operation` is written."""
    return operation.name.lower()


def encode(code) -> int:
    """An instruction, a mapping of fields (those left out are 0), as a word."""
    word = 0
    for name, value in code.items():
        member = INSTRUCTION[name]
        if value < 0 or value >> member.width:
            raise ValueError(f"{name} = {value} does not fit {member.width} bits")
        word |= value << member.offset
    return word


def decode(word: int) -> dict:
    """The instruction that `encode` made into `word`, all fields given; ValueError if none."""
    if word < 0 or word >> INSTRUCTION_BITS:
        raise ValueError(f"{word:#x} has more than the {INSTRUCTION_BITS} bits of an instruction")
    fields = {name: word >> INSTRUCTION[name].offset & ((1 << INSTRUCTION[name].width) - 1)
              for name in FIELDS}
    return {**fields, "operation": Operation(fields["operation"])}


def markdown() -> str:
    """The table as Markdown."""
    lines = ["| instruction | meaning | cycles |", "|---|---|---|"]
    for operation, entry in TABLE.items():
        operands = ", ".join(operand.value for operand in entry.operands)
        lines.append(f"| `{mnemonic(operation)}{' ' if operands else ''}{operands}` "
                     f"| {entry.meaning} | {entry.unit.value} |")
    fields = ", ".join(f"{name} {INSTRUCTION[name].width}" for name in FIELDS)
    note = (f"Fields of an instruction word, in bits from the lowest on: {fields}; "
            f"{INSTRUCTION_BITS} in all.")
    return "\n".join([*lines, "", note])
