"""What checks a proof within an accelerator, in words: the command, and what is in the memory."""

from collections.abc import Sequence

from proofmill.firmware.check_program import key_values
from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.commands import HEADER, PLACE, WORD, Command, pack, split
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
