"""From a formula to instructions: `hdl.formulas` on symbols, scheduled, registers allocated.

A formula is written once, in `hdl.formulas` or here, over anything that can be added, subtracted,
multiplied and shifted; what a microprogram needs of it is made here, so that no point operation is
written by hand. The processor issues in order, so the order decides how much of the multiplier's
latency is hidden: operations on the longest remaining path go first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.formulas import Point, Quadratic, complete_addition
from proofmill.hdl.microcode import PRODUCT_CYCLES, SUM_CYCLES, Operation


@dataclass(eq=False)
class Step:
    """An operation on earlier values, or an input (`operation` None) in register `register`."""

    index: int
    operation: Operation | None
    operands: tuple["Step", ...] = ()
    register: int | None = None
    users: list["Step"] = field(default_factory=list)


class Recorder:
    """Notes operations as they are asked for, each only once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._made: dict[tuple[Any, ...], Step] = {}

    def input(self, register: int) -> "Symbol":
        """The value a register has when the formula begins."""
        key = ("input", register)
        if key not in self._made:
            self._made[key] = Step(len(self.steps), None, register=register)
            self.steps.append(self._made[key])
        return Symbol(self, self._made[key])

    def step(self, operation: Operation, *operands: Step) -> "Symbol":
        """``operands[0] operation operands[1]``."""
        if operation is not Operation.SUBTRACT:
            operands = tuple(sorted(operands, key=lambda step: step.index))
        key = (operation, *(step.index for step in operands))
        if key not in self._made:
            made = Step(len(self.steps), operation, operands)
            self.steps.append(made)
            self._made[key] = made
            for operand in dict.fromkeys(operands):
                operand.users.append(made)
        return Symbol(self, self._made[key])


class Symbol:
    """A value of a formula."""

    def __init__(self, recorder: Recorder, step: Step) -> None:
        self.recorder, self.step = recorder, step

    def __add__(self, other: "Symbol") -> "Symbol":
        return self.recorder.step(Operation.ADD, self.step, other.step)

    def __sub__(self, other: "Symbol") -> "Symbol":
        return self.recorder.step(Operation.SUBTRACT, self.step, other.step)

    def __mul__(self, other: "Symbol") -> "Symbol":
        return self.recorder.step(Operation.MULTIPLY, self.step, other.step)

    def __lshift__(self, count: int) -> "Symbol":
        return self if count == 0 else (self + self) << (count - 1)


def complete_doubling(p: Any, times_3b: Callable[[Any], Any]) -> Any:
    """P + P on y^2 = x^3 + b in 8 products, for every P, infinity included.

    Algorithm 9 of Renes, Costello and Batina (EUROCRYPT 2016, eprint 2015/1060).
    """
    yy, yz, xy, zz3b = p.y * p.y, p.y * p.z, p.x * p.y, times_3b(p.z * p.z)
    yy8 = yy << 3
    minus = yy - ((zz3b << 1) + zz3b)
    product = minus * xy
    return Point(x=product + product, y=zz3b * yy8 + minus * (yy + zz3b), z=yz * yy8)


def _addition(p: Any, q: Any, times_3b: Any) -> Sequence[Any]:
    formula: Any = complete_addition
    return tuple(formula(p, q, times_3b))


def _product(a: Any, b: Any, times_3b: Any) -> Sequence[Any]:
    return (a * b,)


def _norm(a: Any, times_3b: Any) -> Sequence[Any]:
    return (a.re * a.re + a.im * a.im,)


@dataclass(frozen=True)
class Formula:
    """What ``.formula NAME`` stands for.

    Parameters
    ----------
    result, operands : how many elements of Fp or Fp2 the target and each operand have.
    apply : from operands (a Point for 3 elements) and `times_3b` to the result's elements.
    """

    result: int
    operands: tuple[int, ...]
    apply: Callable[..., Sequence[Any]]


FORMULAS = {
    "addition": Formula(3, (3, 3), _addition),
    "doubling": Formula(3, (3,), complete_doubling),
    "product": Formula(1, (1, 1), _product),
    "norm": Formula(1, (1,), _norm),
}
"""``norm`` is re^2 + im^2, by which the conjugate is divided for the inverse in Fp2."""


Lowered = list[tuple[Operation, int, int, int]]
"""Operations in order, as (operation, target, left, right)."""


def lower(name: str, curve: Curve, group: Group, latency: int, target: Sequence[int],
          operands: Sequence[Sequence[int]], temporary: int) -> Lowered:
    """The operations of formula `name`, on registers.

    `target` and each of `operands` are registers, one for each element of Fp, and may be the same;
    registers from `temporary` on are used for values in between. `latency` is the multiplier's;
    with another one the result is the same and the order not the best.
    """
    recorder, formula = Recorder(), FORMULAS[name]
    quadratic: Any = Quadratic
    arguments = []
    for registers in operands:
        symbols: list[Any] = [recorder.input(register) for register in registers]
        if group is Group.G2:
            symbols = [quadratic(re, im)
                       for re, im in zip(symbols[0::2], symbols[1::2], strict=True)]
        arguments.append(Point(*symbols) if len(symbols) == 3 else symbols[0])
    results = [part.step for element in formula.apply(*arguments, curve.times_3b[group])
               for part in (element if isinstance(element, Quadratic) else (element,))]
    if len(results) != len(target):
        raise ValueError(f"{name} gives {len(results)} elements, the target has {len(target)}")
    return _allocate(_order(recorder.steps, latency), dict(zip(target, results, strict=True)),
                     temporary)


def _cycles(step: Step, latency: int) -> int:
    if step.operation is None:
        return 0
    return latency + PRODUCT_CYCLES if step.operation is Operation.MULTIPLY else SUM_CYCLES


def _order(steps: list[Step], latency: int) -> list[Step]:
    """List scheduling: of what can be issued, what has the longest way to the end goes first."""
    remaining: dict[Step, int] = {}
    for step in reversed(steps):
        remaining[step] = _cycles(step, latency) + max(
            (remaining[user] for user in step.users), default=0)
    ready = {step: 0 for step in steps if step.operation is None}
    waiting = [step for step in steps if step.operation is not None]
    order: list[Step] = []
    time = 0
    while waiting:
        able = [step for step in waiting
                if all(ready.get(operand, time + 1) <= time for operand in step.operands)]
        if able:
            chosen = max(able, key=lambda step: (remaining[step], -step.index))
            waiting.remove(chosen)
            order.append(chosen)
            ready[chosen] = time + _cycles(chosen, latency)
        time += 1
    return order


def _allocate(order: list[Step], results: dict[int, Step], temporary: int) -> Lowered:
    """Give every value a register, that of a result where its old value is not read any more."""
    last_use = {operand: place for place, step in enumerate(order) for operand in step.operands}
    inputs = {step.register: step for step in last_use if step.operation is None}
    at_home: dict[Step, int] = {}
    moves: list[tuple[int, Step]] = []
    for register, step in results.items():
        blocked = register in inputs and step in order and (
            last_use[inputs[register]] > order.index(step))
        if step.operation is None or step in at_home or blocked:
            moves.append((register, step))
        else:
            at_home[step] = register
    kept = {step for _, step in moves}
    if any(step.operation is None for step in kept):
        raise ValueError("a result of a formula is one of its operands, unchanged")
    where: dict[Step, int] = {}
    free: list[int] = []
    used = 0
    operations: Lowered = []

    def register_of(step: Step) -> int:
        return where[step] if step.register is None else step.register

    for place, step in enumerate(order):
        assert step.operation is not None
        left, right = (register_of(operand) for operand in step.operands)
        for operand in dict.fromkeys(step.operands):
            # In-order issue has read the operands before the result can be written.
            if (operand.operation is not None and operand not in at_home and operand not in kept
                    and last_use[operand] == place):
                free.append(where[operand])
        if step in at_home:
            where[step] = at_home[step]
        elif free:
            where[step] = free.pop(0)
        else:
            where[step] = temporary + used
            used += 1
        operations.append((step.operation, where[step], left, right))
    return operations + [(Operation.MOVE, register, where[step], 0) for register, step in moves]
