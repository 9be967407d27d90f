"""What the mailboxes must have in the end, whoever meets whom on the way."""

from random import Random

from proofmill.boards.cores.bench import Bench, number, rows, width
from proofmill.hdl.frames import FRAME_NUMBER_BITS
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.msm import MsmShape

OPERANDS = 60
BOXES = 12
"""Mailboxes that are used, at the most."""

BURST = 12
"""Operands for one and the same mailbox, one after another."""


def mailboxes_bench(shape: MsmShape) -> Bench:
    """Operands of the first group for some mailboxes; what each has when all is at rest.

    The mailboxes move values and do not look at them, so a sum in the bench is one of numbers,
    modulo a power of two, in place of one of points.
    """
    adder, bits, group = shape.adder, shape.mailbox_bits, shape.adder.groups[0]
    rng, beats, size = Random(bits), 3 * group.degree, adder.coordinate_bits
    boxes = rng.sample(range(shape.mailboxes(group)), min(BOXES, shape.mailboxes(group)))
    mailboxes = [*boxes, *[boxes[0]] * BURST, *rng.choices(boxes, k=OPERANDS)]
    values = [[rng.getrandbits(size) for _ in range(beats)] for _ in mailboxes]
    sums = {box: [0] * beats for box in boxes}
    for box, value in zip(mailboxes, values, strict=True):
        sums[box] = [(a + b) % (1 << size) for a, b in zip(sums[box], value, strict=True)]
    unit, frame = Mailboxes(adder, bits), adder.frame[group]
    position = width(unit, "total_position")
    return Bench(
        parts=["mailboxes"], answers=len(boxes) * beats,
        limit=(1 << bits) + frame * (4 * len(mailboxes) + 4 * len(boxes) + 40), places={
            "COUNT": len(mailboxes), "BOXES": len(boxes), "FRAME": frame, "BEATS": beats,
            "FRAMES": adder.schedules[group].frames, "MAILBOX_MSB": bits - 1,
            "COORDINATE_MSB": size - 1, "POSITION_MSB": position - 1,
            "ROUND_MSB": FRAME_NUMBER_BITS - 1, "MAILBOXES": 1 << bits,
            "GROUP": f"{width(unit, 'group')}'d0",
            "ROWS": "\n".join([
                rows(mailbox_of=[number(box, bits) for box in mailboxes]),
                rows(value_of=[number(part, size) for value in values for part in value]),
                rows(box_of=[number(box, bits) for box in boxes]),
                rows(sum_of=[number(part, size) for box in boxes for part in sums[box]])])})
