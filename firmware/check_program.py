"""A program for what checks proofs within an accelerator, as it lies in the memory."""

from collections.abc import Iterator, Sequence

from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.check_shape import PORTS, WORDS, CheckShape
from proofmill.hdl.commands import WORD
from proofmill.hdl.wide_shape import GIVEN, INPUTS


def check_words(program: WideProgram) -> list[int]:
    """The words of the memory for `program`, which `wide_program.assemble` made for a `CheckShape`.

    What lies in the registers of what is given behind the inputs comes with the key, see
    `key_values`, and the key is behind them. Raises ValueError for a program of another shape, and
    where a plane has fewer rows than it wants.
    """
    shape = _shape(program)
    rows = max(*program.depths, program.depths[GIVEN] + program.keys)
    if rows > 1 << shape.row_bits:
        raise ValueError(f"the program wants {rows:,} rows of a plane, and there are "
                         f"{1 << shape.row_bits:,}: take more than {shape.row_bits} row_bits")
    places = {(port, part): (shape.instruction[port].offset + member.offset)
              for port in PORTS for part, member in shape.instruction[port].shape}
    single = {name: shape.instruction[name].offset
              for name in ("product", "sum", "multiply", "invert", "send")}
    words, multiplied = [], 0
    for code in map(shape.layout.decode, program.words):
        multiplies = (code["b_bank"], code["b_address"]) != (GIVEN, 0) and not code["invert"]
        multiplied += multiplies
        word = 0
        for port, source in zip(PORTS, (*shape.layout.sums[0], "a", "b"), strict=True):
            bank, row = code[f"{source}_bank"], code[f"{source}_address"]
            if bank == shape.banks:
                bank, row = GIVEN, program.depths[GIVEN] + row
            word |= bank << places[port, "bank"] | row << places[port, "row"]
            if (port, "shift") in places:
                word |= (code[f"{source}_shift"] << places[port, "shift"]
                         | code[f"{source}_negative"] << places[port, "negative"])
        for name, value in (("product", code["target0"]), ("sum", code["target1"]),
                            ("multiply", multiplies), ("invert", code["invert"]),
                            ("send", code["send"])):
            word |= value << single[name]
        words += [word >> WORD * n & ((1 << WORD) - 1) for n in range(WORDS)]
    if multiplied != program.products:
        raise ValueError(f"{multiplied:,} words multiply, for {program.products:,} products: one "
                         "is by the zero that nothing is read from")
    return words


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
