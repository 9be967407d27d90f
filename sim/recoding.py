"""What the recoder makes of scalars and of buckets, by the definition of digits."""

from proofmill.hdl.windows import WindowPlan
from proofmill.sim.msm import signed_digits


def slices_of(scalar: int, plan: WindowPlan) -> list[dict[str, int]]:
    """A scalar's slices as `hdl.slicer.SLICE` has them; the first, too, of a scalar that is 0."""
    highest = max((plan.position(n) + plan.width(n) - 1
                   for n, digit in enumerate(signed_digits(scalar, plan)) if digit), default=0)
    return [{"scalar": scalar + plan.bias, "highest": min(highest, 255), "begin": begin,
             "final": int(copy == plan.copies - 1)}
            for copy in range(plan.copies) if (begin := copy * plan.stride) <= highest]


def operands_of_scalar(scalar: int, plan: WindowPlan, unit: int = 0) -> list[tuple[int, int]]:
    """(mailbox, negative) of every digit of the unit's windows that is not zero, in order."""
    return [((window // plan.units << plan.window - 1) + abs(digit) - 1, int(digit < 0))
            for number, digit in enumerate(signed_digits(scalar, plan))
            if digit and (window := number % plan.windows) % plan.units == unit]


def operands_of_bucket(group: int, number: int, half: int, destination: int
                       ) -> list[tuple[int, int]]:
    """... of bucket `number` of a group: its halves, cut at `half` bits, that are not zero."""
    return [(destination + (2 * group + side << half) + part, 0)
            for side, part in enumerate((number % (1 << half), number >> half)) if part]
