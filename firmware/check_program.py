"""A program for what checks proofs within an accelerator, as it lies in the memory."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, zip_longest

from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.check_shape import Begin, CheckShape, Keep
from proofmill.hdl.wide_shape import GIVEN, INPUTS, PRODUCTS


def check_words(program: WideProgram) -> list[int]:
    """The words of the memory for `program`, which `wide_program.assemble` made for a `CheckShape`.

    What lies in the registers of what is given behind the inputs comes with the key, see
    `key_values`, and the key is behind them; products and sums follow. A round is of as many words
    as begin or keep something in it, and of none if nothing does. They are an even number, as a
    memory has to be asked for that answers two at once. Raises ValueError for a program of another
    shape, and where there are fewer rows than it wants.
    """
    shape = _shape(program)
    firsts = _first_rows(program)
    rows = firsts.pop()
    if rows > 1 << shape.row_bits:
        raise ValueError(f"the program wants {rows:,} rows of a plane, and there are "
                         f"{1 << shape.row_bits:,}: take more than {shape.row_bits} row_bits")
    places = {(name, part): (shape.instruction[name].offset + member.offset)
              for name in shape.instruction.members if name.startswith("term")
              for part, member in shape.instruction[name].shape}
    kept, begin, keep = (int(shape.instruction[name].offset)
                         for name in ("kept", "begin", "keep"))

    def row(bank: int, address: int) -> int:
        return firsts[bank] + address if address or bank == shape.banks else 0

    def beginning(kind: Begin, code: dict[str, int], ports: Sequence[str]) -> int:
        word = kind << begin
        for number, port in enumerate(ports):
            word |= row(code[f"{port}_bank"], code[f"{port}_address"]) << places[
                f"term{number}", "row"]
            for part in ("shift", "negative"):
                word |= code.get(f"{port}_{part}", 0) << places[f"term{number}", part]
        return word

    def keeping(kind: Keep, bank: int, address: int) -> int:
        return kind << keep | row(bank, address) << kept

    words, multiplied = list[int](), 0
    inverses: dict[int, int] = {}  # registers, by the round in which they are written
    for number, code in enumerate(map(shape.layout.decode, program.words)):
        begins = list[int]()
        if code["invert"]:
            begins.append(beginning(Begin.INVERSE, code, "a"))
            inverses[number + shape.inverse_latency - 1] = code["b_address"]
        elif (code["b_bank"], code["b_address"]) != (GIVEN, 0):
            begins.append(beginning(Begin.PRODUCT, code, "ab"))
            multiplied += 1
        if code["send"]:
            begins.append(beginning(Begin.LOOK, code, "a"))
        begins += [beginning(Begin.SUM, code, ports) for ports in shape.layout.sums
                   if any(code[f"{port}_bank"] or code[f"{port}_address"] for port in ports)]
        keeps = [keeping(Keep.SUM, bank, code[target])
                 for bank, target in enumerate(shape.layout.targets[1:], PRODUCTS + 1)
                 if code[target]]
        if code["target0"]:
            keeps.append(keeping(Keep.PRODUCT, PRODUCTS, code["target0"]))
        if number in inverses:
            keeps.append(keeping(Keep.INVERSE, GIVEN, inverses[number]))
        words += [one | other for one, other in zip_longest(begins, keeps, fillvalue=0)]
    if multiplied != program.products:
        raise ValueError(f"{multiplied:,} words multiply, for {program.products:,} products: one "
                         "is by the zero that nothing is read from")
    return words + [0] * (len(words) % 2)


def _first_rows(program: WideProgram) -> list[int]:
    """The row of register 0 of each bank, which is none's but for what is given, and of the key's
    first word; and how many rows there are."""
    given, *made = program.depths
    *banks, end = accumulate((depth - 1 for depth in made), initial=given + program.keys)
    return [0, *(first - 1 for first in banks), given, end]


def key_values(program: WideProgram, key: Sequence[int]) -> Iterator[int]:
    """The values that lie behind the inputs: constants, with zeros where inverses come, and `key`.
    Raises ValueError for a key of another length."""
    if len(key) != program.keys:
        raise ValueError(f"the program's key has {program.keys} words, not {len(key)}")
    first = INPUTS + program.inputs
    return iter([*(program.constants.get(address, 0)
                   for address in range(first, program.depths[GIVEN])), *key])


def _shape(program: WideProgram) -> CheckShape:
    if not isinstance(program.shape, CheckShape):
        raise ValueError("the program was made for a wide processor of its own, not for one within "
                         "an accelerator")
    return program.shape
