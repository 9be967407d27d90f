"""Random programs that end: for lock-step tests, weights chosen so that hazards are common."""

from proofmill.firmware.assembler import assemble
from proofmill.hdl.microcode import COUNTER_BITS, TABLE, Operand, Operation, mnemonic

REGISTERS = 12
STRAIGHT = {Operation.ADD: 6, Operation.SUBTRACT: 6, Operation.MULTIPLY: 8, Operation.MOVE: 2,
            Operation.RECEIVE: 2, Operation.SEND: 1, Operation.SET: 1, Operation.STEP: 1,
            Operation.TAKE: 1, Operation.DIGIT: 1, Operation.JUMP_IF_NONE: 1,
            Operation.JUMP_IF_ZERO: 1, Operation.JUMP_IF_BIT: 1, Operation.JUMP: 1}


def random_program(rng, target):
    """(a program, words enough for it, residues for its registers).

    Blocks of straight code with jumps ahead, some in loops of a few rounds, some of them in a
    subroutine. Registers are indexed by c1 to c3, which stay below 4; c5 to c7 count the loops.
    """
    lines, label = [], 0
    weights = STRAIGHT | {Operation.INVERT: int(target.shape.inverter is not None)}
    few = [r for r in range(8)]  # few registers, so that results are wanted soon

    def register(indexed):
        if indexed and rng.random() < 0.2:
            return f"r{rng.choice(few)}[c{rng.randrange(1, 4)}]"
        return f"r{rng.randrange(REGISTERS)}"

    def instruction(ahead):
        (operation,) = rng.choices(list(weights), weights.values())
        words = []
        for kind in TABLE[operation].operands:
            if kind.is_register:
                words.append(register(True))
            elif kind is Operand.POSITION:
                words.append(f"c{rng.randrange(1, 5)}")
            elif kind is Operand.COUNTER:
                # What may hold anything is c4; the others index registers.
                words.append("c4" if operation in (Operation.STEP, Operation.TAKE, Operation.DIGIT)
                             else f"c{rng.randrange(1, 5)}")
            elif kind is Operand.NUMBER:
                words.append(str(rng.randrange(4) if operation is Operation.SET
                                 else rng.randrange(-9, 1 << COUNTER_BITS)))
            else:
                words.append(ahead)
        return f"{mnemonic(operation)} {', '.join(words)}"

    def block(length):
        nonlocal label
        label += 1
        ahead = f"ahead{label}"
        lines.extend(instruction(ahead) for _ in range(length))
        lines.append(f"{ahead}:")

    for depth in range(rng.randrange(1, 5)):
        block(rng.randrange(1, 12))
        if rng.random() < 0.5:
            lines.append(f"set c{5 + depth % 2}, {rng.randrange(1, 4)}")
            lines.append(f"again{depth}:")
            block(rng.randrange(1, 8))
            if rng.random() < 0.5:
                lines.append("call routine")
            lines.append(f"loop c{5 + depth % 2}, again{depth}")
    lines += ["halt", "routine:"]
    block(rng.randrange(1, 8))
    lines += ["return"]
    modulus = target.shape.field.modulus
    text = f".register all[{REGISTERS}]\n" + "\n".join(lines)
    widest = 1 << target.shape.multiplier.operand_bits
    words = [rng.choice([rng.randrange(widest), rng.randrange(modulus), widest - 1, 0])
             for _ in range(400)]
    edges = [0, 1, modulus - 1]
    registers = [rng.choice([*edges, rng.randrange(modulus)]) for _ in range(REGISTERS)]
    return assemble(text, target), words, registers
