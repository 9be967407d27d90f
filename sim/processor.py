"""The field processor as Python: what every instruction means, and when it is issued."""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.firmware.program import Program
from proofmill.hdl.microcode import (
    CONTROL_CYCLES,
    COUNTER_BITS,
    COUNTERS,
    DIGIT_BITS,
    INVERT_CYCLES,
    PRODUCT_CYCLES,
    SEND_CYCLES,
    SUM_CYCLES,
    TABLE,
    TEST_CYCLES,
    Operation,
    Unit,
)
from proofmill.hdl.processor_shape import ProcessorShape
from proofmill.sim.field import divided

FOLLOWING = {Unit.SUM: 1, Unit.PRODUCT: 1, Unit.CONTROL: CONTROL_CYCLES, Unit.SEND: SEND_CYCLES,
             Unit.TEST: TEST_CYCLES, Unit.HALT: 0}
"""Cycles from an instruction's issue to the earliest issue of the next, but for an inversion."""

LONGEST = 10_000_000
"""Instructions after which a program is given up."""


class ProcessorError(Exception):
    """A program that cannot go on; the message names the address."""


@dataclass(frozen=True)
class Execution:
    """What a run left: registers as canonical residues, words sent, counters, cycles it took.

    `cycles` is exact for streams that never let the processor wait.
    """

    registers: list[int]
    sent: list[int]
    counters: list[int]
    cycles: int
    executed: int


class Timing:
    """When each instruction is issued: in order, when its registers have their values."""

    def __init__(self, shape: ProcessorShape, registers: int) -> None:
        self.shape = shape
        self.time = CONTROL_CYCLES
        self._ready = [0] * registers
        self._slots: set[int] = set()  # cycles in which a product goes to the registers

    def issue(self, unit: Unit, used: Sequence[int], target: int | None) -> None:
        """Issue an instruction on registers `used` (its target among them), and go on."""
        settles = unit in (Unit.HALT, Unit.INVERSE)
        time = max([self.time, *(self._ready if settles else
                                 (self._ready[register] for register in used))])
        if unit is Unit.PRODUCT:
            time += -time % self.shape.interval
            self._slots.add(time + self.shape.latency)
            self._slots = {slot for slot in self._slots if slot > time}
        elif unit is Unit.SUM:
            while time + 1 in self._slots:
                time += 1
        if unit is Unit.INVERSE:
            assert self.shape.inverter is not None
            self.time = time + self.shape.inverter.latency + INVERT_CYCLES
            return  # the result is there by then
        if target is not None:
            self._ready[target] = time + (SUM_CYCLES if unit is Unit.SUM
                                          else self.shape.latency + PRODUCT_CYCLES)
        self.time = time + FOLLOWING[unit]


def run(shape: ProcessorShape, program: Program, words: Sequence[int] = (), *,
        entry: int | None = None, registers: Sequence[int] | None = None) -> Execution:
    """Run `program` to its halt, with `words` as its input.

    It begins at address `entry`, or at the program's own.

    `registers` are the residues the registers have at the start, instead of the program's
    constants and zeros elsewhere. Raises `ProcessorError` for an address or a register that is
    not there, for an inversion where there is no inverter, for more words wanted than given, and
    for a program that does not end.
    """
    modulus, limit = shape.field.modulus, 1 << COUNTER_BITS
    inverse_radix = pow(shape.multiplier.radix, -1, modulus)
    values = list(registers) if registers is not None else [
        program.constants.get(n, 0) for n in range(program.registers)]
    counters, waiting = [0] * COUNTERS, list(reversed(words))
    sent: list[int] = []
    timing = Timing(shape, len(values))
    address, link = program.entry if entry is None else entry, 0
    for executed in range(LONGEST):
        if not 0 <= address < len(program.instructions):
            raise ProcessorError(f"the program goes to address {address}, past its end")
        code = program.instructions[address]
        operation: Operation = code["operation"]
        entry_of = TABLE[operation]
        places = {kind.field: (code[kind.field] + counters[code[f"{kind.field}_index"]])
                  for kind in entry_of.operands if kind.is_register}
        for place in places.values():
            if place >= len(values):
                raise ProcessorError(f"address {address} uses register r{place}, of which there "
                                     f"are {len(values)}")
        if operation is Operation.INVERT and shape.inverter is None:
            raise ProcessorError(f"address {address} inverts, and the processor has no inverter")
        target = places.get("target")
        timing.issue(entry_of.unit, list(places.values()), target)

        def word(address: int = address) -> int:
            if not waiting:
                raise ProcessorError(f"address {address} wants more than the {len(words)} words "
                                     "it is given")
            return waiting.pop()

        left = values[places["left"]] if "left" in places else 0
        right = values[places["right"]] if "right" in places else 0
        counter, number = code["counter"], code["number"]
        position = counters[code["position"]]
        address += 1
        match operation:
            case Operation.HALT:
                return Execution(values, sent, counters, timing.time, executed + 1)
            case Operation.ADD:
                result = left + right
            case Operation.SUBTRACT:
                result = left - right
            case Operation.MULTIPLY:
                result = left * right * inverse_radix
            case Operation.MOVE:
                result = left
            case Operation.RECEIVE:
                result = word() * right * inverse_radix
            case Operation.SEND:
                sent.append(left)
            case Operation.INVERT:
                assert shape.inverter is not None
                result = divided(shape.inverter, left) or 0
            case Operation.SET:
                counters[counter] = number
            case Operation.STEP:
                counters[counter] = (counters[counter] + number) % limit
            case Operation.TAKE:
                counters[counter] = word() % limit
            case Operation.DIGIT:
                counters[counter] = left >> position & ((1 << DIGIT_BITS) - 1)
            case Operation.JUMP:
                address = number
            case Operation.LOOP:
                counters[counter] = (counters[counter] - 1) % limit
                if counters[counter]:
                    address = number
            case Operation.JUMP_IF_NONE:
                if not counters[counter]:
                    address = number
            case Operation.JUMP_IF_ZERO:
                if left == 0:
                    address = number
            case Operation.JUMP_IF_BIT:
                if left >> position & 1:
                    address = number
            case Operation.CALL:
                address, link = number, address
            case Operation.RETURN:
                address = link
        if target is not None:
            values[target] = result % modulus
    raise ProcessorError(f"the program has not ended after {LONGEST:,} instructions")
