"""Integer expressions in a program's text: numbers, names, ``+ - * // % ** << >>``, brackets."""

import ast
import operator
from collections.abc import Callable, Mapping

OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}

LARGEST_EXPONENT = 4096
"""The largest exponent or shift: an expression is a constant, not a computation."""


def evaluate(text: str, names: Mapping[str, int]) -> int:
    """The value of `text`; ValueError says what in it is wrong."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        raise ValueError(f"{text.strip()!r} is no expression") from None

    def value(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(number)) if not isinstance(number, bool):
                return number
            case ast.Name(id=name):
                if name not in names:
                    raise ValueError(f"no number is called {name!r}")
                return names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATORS:
                one, two = value(left), value(right)
                if isinstance(operation, ast.Pow | ast.LShift | ast.RShift) and not (
                        0 <= two <= LARGEST_EXPONENT):
                    raise ValueError(f"{ast.unparse(node)}: an exponent or shift is 0 to "
                                     f"{LARGEST_EXPONENT}")
                if isinstance(operation, ast.FloorDiv | ast.Mod) and two == 0:
                    raise ValueError(f"{ast.unparse(node)} divides by zero")
                return OPERATORS[type(operation)](one, two)
        raise ValueError(f"{ast.unparse(node)!r} cannot stand in an expression")

    return value(tree.body)
