"""Nothing overflows, as text for a solver of SMT-LIB 2: products, and the sums between them.

Every claim is one that cannot be: its answer is ``unsat``. Numbers are integers, so that the
claims are of the full width.
"""

from collections.abc import Iterable, Iterator

from proofmill.hdl.curve import Group
from proofmill.hdl.graph import Sum
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.point_adder import AdderShape


def file_of(says: str, claims: Iterable[list[str]]) -> str:
    """A file of claims, each asked by itself."""
    lines = [f"; {line}" for line in says.splitlines()]
    for claim in claims:
        lines += ["(push)", *claim, "(check-sat)", "(pop)"]
    return "\n".join(lines) + "\n"


def product_claim(shape: MultiplierShape, most: int, *, second: bool = False, missing: int = 0
                  ) -> list[str]:
    """Operands up to `most` have a product above ``shape.product_bound(most, most)``.

    A step adds ``digit * b`` and a multiple of the modulus that makes the lowest digit zero, and
    drops that digit. ``digit * b`` is a number of its own here: their sum is ``a * b``. With
    `missing` the bound is lower by so many times what the steps add, and can be exceeded.
    """
    modulus, lift, base = shape.fields[second].modulus, shape.lifts[second], 1 << shape.digit
    lines, total, parts = [], "0", []
    for step in range(shape.steps):
        part, quotient, following = (f"{name}{step}" for name in ("part", "quotient", "following"))
        multiple = (lift if step + 1 < shape.steps else 1) * modulus
        lines += [f"(declare-const {name} Int)" for name in (part, quotient, following)]
        lines.append(f"(assert (and (>= {part} 0) (>= {quotient} 0) (< {quotient} {base}) "
                     f"(= (* {base} {following}) (+ {total} {part} (* {multiple} {quotient})))))")
        parts.append(f"(* {base ** step} {part})")
        total = following
    bound = (shape.product_bound(most, most, second=second)
             - missing * shape.product_bound(0, 0, second=second))
    return [*lines, f"(assert (<= (+ 0 {' '.join(parts)}) {most * most}))",
            f"(assert (> {total} {bound}))"]


def product_claims(shape: MultiplierShape) -> Iterator[list[str]]:
    """... of any operands that there are, in each of the fields."""
    greatest = (1 << shape.operand_bits) - 1
    for second in range(len(shape.fields)):
        yield product_claim(shape, greatest, second=bool(second))


def sum_claims(shape: AdderShape, group: Group, *, missing: int = 0) -> Iterator[list[str]]:
    """A sum of the group's formula, its operands within their bounds, is below zero or above its
    own bound, or above one that is `missing` less."""
    modulus = shape.multiplier.field.modulus
    for node in shape.traces[group][0].nodes:
        if not isinstance(node, Sum):
            continue
        lines, terms = [], [str(node.lift * modulus)]
        for n, (operand, shift, negative) in enumerate(zip(
                node.operands, node.shifts, node.negative, strict=True)):
            factor = f"(- {1 << shift})" if negative else str(1 << shift)
            lines += [f"(declare-const v{n} Int)",
                      f"(assert (and (>= v{n} 0) (<= v{n} {operand.bound})))"]
            terms.append(f"(* {factor} v{n})")
        lines += [f"(define-fun total () Int (+ {' '.join(terms)}))",
                  f"(assert (or (< total 0) (> total {node.bound - missing})))"]
        yield lines
