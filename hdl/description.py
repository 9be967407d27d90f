"""A shape in words: all that its gateware depends on, taken from the dataclasses' own fields.

One description serves the accelerator's identity, the caches' keys and the records of builds and
measurements, so a field that is added to a shape is in all of them.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from proofmill.hdl.curve import CURVES, Curve
from proofmill.hdl.field import FIELDS, PrimeField
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.matrix_shape import MatrixShape
from proofmill.hdl.montgomery import MultiplierShape

KINDS: dict[str, type[MultiplierShape]] = {
    shape.kind: shape for shape in (MultiplierShape, KaratsubaShape, FoldedShape, MatrixShape)}
"""Multipliers, by what each kind is called."""

NAMED = {Curve: CURVES, PrimeField: FIELDS}
"""What a name stands for."""


def describe(shape: Any) -> dict[str, Any]:
    """The fields of `shape` by name, as JSON has values; a shape within it likewise.

    A curve or a prime field is its name, a multiplier says its `kind` too, and what is None is left
    out. Raises ValueError for a curve or field that its name does not stand for, TypeError for a
    value that has no description.
    """
    kind = {"kind": shape.kind} if isinstance(shape, MultiplierShape) else {}
    held = {field.name: getattr(shape, field.name) for field in fields(shape)}
    return kind | {name: _plain(value) for name, value in held.items() if value is not None}


def _plain(value: Any) -> Any:
    if (known := NAMED.get(type(value))) is not None:
        if known.get(value.name) != value:
            raise ValueError(f"{value.name!r} does not name this {type(value).__name__}: enter it "
                             "under a name of its own in hdl.curve.CURVES or hdl.field.FIELDS")
        return value.name
    if is_dataclass(value):
        return describe(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bool | int | str):
        return value
    raise TypeError(f"{value!r} has no description")


def shape_from(shape: type, words: Mapping[str, Any]) -> Any:
    """The shape of class `shape` that `describe` describes so; raises ValueError where none is.

    A word that is missing is the field's default; one that no field has is a mistake.
    """
    words = dict(words)
    if shape is MultiplierShape:
        shape = _known(KINDS, words.pop("kind", None), "kind of multiplier")
    hints, held = get_type_hints(shape), {}
    for field in fields(shape):
        if field.name in words:
            held[field.name] = _value(hints[field.name], words.pop(field.name), field.name)
        elif field.default is MISSING:
            raise ValueError(f"{shape.__name__} needs {field.name!r}")
    if words:
        raise ValueError(f"{shape.__name__} has no {', no '.join(map(repr, words))}")
    return shape(**held)


def _known(table: Mapping[str, Any], name: Any, what: str) -> Any:
    if name not in table:
        raise ValueError(f"there is no {what} {name!r}; there are {', '.join(table)}")
    return table[name]


def _value(wanted: Any, plain: Any, name: str) -> Any:
    """What a field `name` of type `wanted` holds where its description is `plain`."""
    if NoneType in get_args(wanted):
        wanted, = (kind for kind in get_args(wanted) if kind is not NoneType)
    if wanted in NAMED:
        return _known(NAMED[wanted], plain, wanted.__name__)
    if is_dataclass(wanted) and isinstance(plain, Mapping):
        return shape_from(wanted, plain)
    if get_origin(wanted) is tuple and isinstance(plain, list):
        parts = get_args(wanted)
        parts = parts[:1] * len(plain) if parts[-1] is Ellipsis else parts
        if len(parts) == len(plain):
            return tuple(_value(part, each, name)
                         for part, each in zip(parts, plain, strict=True))
    elif isinstance(wanted, type) and issubclass(wanted, Enum):
        return wanted(plain)  # raises a ValueError that names it
    elif type(plain) is wanted:
        return plain
    raise ValueError(f"{name} is {plain!r}, which is no {getattr(wanted, '__name__', wanted)}")


def in_words(words: Mapping[str, Any]) -> str:
    """A description for people: its levels side by side, ``curve bn254, kind folded, ...``."""
    parts = []
    for name, value in words.items():
        if isinstance(value, Mapping):
            parts.append(in_words(value))
        elif isinstance(value, list):  # of pairs: a word and what holds for it
            parts.append(f"{name} " + " and ".join(
                " ".join(map(str, pair)) for pair in value))
        else:
            parts.append(f"{name} {value}")
    return ", ".join(parts)
