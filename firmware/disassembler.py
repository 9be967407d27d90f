"""From a `Program` back to text that assembles to it."""

from proofmill.firmware.program import Code, Program
from proofmill.hdl.microcode import COUNTER_BITS, TABLE, Operand, Operation, mnemonic


def disassemble(program: Program) -> str:
    """`program` as text: `firmware.assembler.assemble` makes the same one of it.

    Registers are written by number; addresses without a name get one.
    """
    labels: dict[int, list[str]] = {}
    for name, address in program.labels.items():
        labels.setdefault(address, []).append(name)
    taken = set(program.labels)
    for code in program.instructions:
        if Operand.LABEL in TABLE[code["operation"]].operands and code["number"] not in labels:
            name = f"at_{code['number']}"
            while name in taken:
                name += "_"
            taken.add(name)
            labels[code["number"]] = [name]
    lines = [f"# {len(program.instructions)} instructions for {program.field_name}",
             f".register registers[{program.registers}]"]
    lines += [f".constant r{number} = {value:#x}" for number, value in program.constants.items()]
    for address, code in enumerate(program.instructions):
        lines += [f"{name}:" for name in labels.get(address, [])]
        lines.append(f"    {line(code, labels)}".ljust(48) + f"# {address}")
    lines += [f"{name}:" for address in sorted(labels) if address >= len(program.instructions)
              for name in labels[address]]
    return "\n".join(lines) + "\n"


def line(code: Code, labels: dict[int, list[str]]) -> str:
    """One instruction; `labels` are the names of addresses."""
    operation: Operation = code["operation"]
    operands = [_operand(kind, code, labels) for kind in TABLE[operation].operands]
    return f"{mnemonic(operation)} {', '.join(operands)}".strip()


def _operand(kind: Operand, code: Code, labels: dict[int, list[str]]) -> str:
    value = int(code[kind.field])
    if kind.is_register:
        index = code[f"{kind.field}_index"]
        return f"r{value}" + (f"[c{index}]" if index else "")
    if kind in (Operand.COUNTER, Operand.POSITION):
        return f"c{value}"
    if kind is Operand.LABEL:
        return labels[value][0]
    # A step down reads better as one.
    if code["operation"] is Operation.STEP and value >> (COUNTER_BITS - 1):
        return str(value - (1 << COUNTER_BITS))
    return str(value)
