"""What checks a proof within an accelerator, in words: the command, and what is in the memory."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from proofmill.firmware.check_program import key_values
from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.check_shape import Begin, CheckShape, Keep
from proofmill.hdl.commands import HEADER, PLACE, WORD, Command, pack, split, unpack
from proofmill.hdl.wide_shape import TERMS
from proofmill.sim.wide_processor import checked, checked_key, run


def check_command(program: tuple[int, int], inputs: tuple[int, int], key: tuple[int, int]
                  ) -> list[int]:
    """The words of CHECK; places are (address, words)."""
    return [pack(HEADER, command=Command.CHECK, finish=1),
            *(pack(PLACE, address=address, count=count)
              for address, count in (program, inputs, key))]


def value_words(program: WideProgram, values: Sequence[int]) -> list[int]:
    """Values as they lie in the memory, of `program`'s field."""
    words = -(-program.shape.field.bits // WORD)
    return [word for value in values for word in split(value, words)]


def input_words(program: WideProgram, inputs: Sequence[int]) -> list[int]:
    """The inputs of a check in the memory; raises ValueError as `wide_processor.run`."""
    return value_words(program, checked(program, inputs))


def key_words(program: WideProgram, key: Sequence[int]) -> list[int]:
    """... and the key, with constants; likewise."""
    return value_words(program, list(key_values(program, checked_key(program, key))))


def is_right(program: WideProgram, inputs: Sequence[int], key: Sequence[int] = ()) -> bool:
    """What CHECK answers, by the program's definition: all that it sends is zero."""
    return not any(run(program, inputs, key).sent)


def carried_out(shape: CheckShape, words: Iterable[int], values: Sequence[int]
                ) -> tuple[list[int], list[int]]:
    """(what a program's `words` look at, one after another, what rows hold at the end), where those
    from 1 on hold `values` at first: residues, which are canonical. What is kept and was not begun
    is zero here."""
    modulus, inverter = shape.field.modulus, shape.inverter
    inverse_radix = pow(shape.multiplier.radix, -1, modulus)
    rows = [0, *values, *[0] * ((1 << shape.row_bits) - 1 - len(values))]
    made: dict[int, deque[int]] = defaultdict(deque)  # and not kept
    looked = list[int]()
    for code in (unpack(shape.instruction, word) for word in words):
        terms = [unpack(shape.instruction.members[f"term{n}"], code[f"term{n}"])
                 for n in range(TERMS)]
        read = [rows[term["row"]] for term in terms]
        if code["keep"] != Keep.NOTHING:
            waiting = made[code["keep"]]
            rows[code["kept"]] = waiting.popleft() if waiting else 0
        match Begin(code["begin"]):
            case Begin.SUM:
                made[Keep.SUM].append(sum(
                    -(value << term["shift"]) if term["negative"] else value << term["shift"]
                    for value, term in zip(read, terms, strict=True)) % modulus)
            case Begin.PRODUCT:
                made[Keep.PRODUCT].append(read[0] * read[1] * inverse_radix % modulus)
            case Begin.INVERSE:
                made[Keep.INVERSE].append(
                    inverter.multiple * pow(read[0], -1, modulus) % modulus
                    if read[0] % modulus else 0)
            case Begin.LOOK:
                looked.append(read[0] % modulus)
    return looked, [value % modulus for value in rows]
