"""The wide processor as Python: its words carried out."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.commands import pack
from proofmill.hdl.wide_shape import GIVEN, INPUTS, PRODUCTS


@dataclass(frozen=True)
class WideExecution:
    """The canonical words that a run sends, and `WideProgram.cycles`."""

    sent: list[int]
    cycles: int


def checked(program: WideProgram, words: Sequence[int]) -> Sequence[int]:
    """`words`, if they are what the program takes; otherwise ValueError."""
    bits = program.shape.field.bits
    if len(words) != program.inputs:
        raise ValueError(f"the program takes {program.inputs} words, not {len(words)}")
    for n, word in enumerate(words):
        if word < 0 or word >> bits:
            raise ValueError(f"word {n}, {word}, does not fit {bits} bits")
    return words


def checked_key(program: WideProgram, key: Sequence[int]) -> Sequence[int]:
    """`key`, if the program's is as long and its words fit; otherwise ValueError."""
    bits = program.shape.field.bits
    if len(key) != program.keys:
        raise ValueError(f"the program's key has {program.keys} words, not {len(key)}")
    if any(word < 0 or word >> bits for word in key):
        raise ValueError(f"a word of the key does not fit {bits} bits")
    return key


def given_words(program: WideProgram, key: Sequence[int]) -> list[int]:
    """What comes in before the first run, `WideShape.given`: the constants and the key. Raises
    ValueError for another key than `checked_key` lets through."""
    given = program.shape.given
    return [*(pack(given, value=value, address=address)
              for address, value in program.constants.items()),
            *(pack(given, value=word, address=address, key=1)
              for address, word in enumerate(checked_key(program, key)))]


def input_words(program: WideProgram, words: Sequence[int]) -> list[int]:
    """... and for a run: its inputs, of which the last begins it. Raises ValueError for others than
    `checked` lets through."""
    return [pack(program.shape.given, value=word, address=INPUTS + n, last=n == program.inputs - 1)
            for n, word in enumerate(checked(program, words))]


def run(program: WideProgram, words: Sequence[int], key: Sequence[int] = ()) -> WideExecution:
    """Run `program` on `words`, as many as it has inputs, each below ``2 ** field.bits``, with a
    `key` of as many words as it has, of the same size.

    Values are canonical residues here, while the gateware's may have the modulus once more.
    Raises ValueError for other numbers of words, and words that do not fit.
    """
    shape, layout = program.shape, program.shape.layout
    modulus, inverter = shape.field.modulus, shape.inverter
    inverse_radix = pow(shape.multiplier.radix, -1, modulus)
    banks = [*([0] * depth for depth in program.depths), list(checked_key(program, key))]
    banks[GIVEN][INPUTS:INPUTS + program.inputs] = checked(program, words)
    for address, value in program.constants.items():
        banks[GIVEN][address] = value
    # What units will have made, a place for each word until it is written.
    products = deque([0] * (shape.product_latency - 1))
    sums = [deque([0] * (shape.sum_latency - 1)) for _ in range(shape.adders)]
    inverse: tuple[int, int, int] | None = None
    sent = []
    for cycle, word in enumerate(program.words):
        code = layout.decode(word)
        a = banks[code["a_bank"]][code["a_address"]]
        products.append(a * banks[code["b_bank"]][code["b_address"]] * inverse_radix % modulus)
        for made, ports in zip(sums, layout.sums, strict=True):
            total = 0
            for port in ports:
                term = banks[code[f"{port}_bank"]][code[f"{port}_address"]] << code[f"{port}_shift"]
                total += -term if code[f"{port}_negative"] else term
            made.append(total % modulus)
        if code["send"]:
            sent.append(a % modulus)
        for bank, (target, made) in enumerate(
                zip(layout.targets, [products, *sums], strict=True), PRODUCTS):
            banks[bank][code[target]] = made.popleft()
        if inverse is not None and inverse[0] == cycle + 1:
            banks[GIVEN][inverse[1]] = inverse[2]
            inverse = None
        if code["invert"]:
            quotient = inverter.multiple * pow(a, -1, modulus) if a % modulus else 0
            inverse = cycle + shape.inverse_latency, code["b_address"], quotient % modulus
    return WideExecution(sent, program.cycles)
