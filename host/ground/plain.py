"""Values of this program's own types as plain data, and back, by their type hints.

Plain data is what JSON has: numbers, texts, lists and null. A dataclass or named tuple becomes a
list of its fields, bytes become hexadecimal digits, a mapping a list of pairs in its order, a set
an ascending list. What comes back is checked against the hints on its way, so that data of another
shape is refused and never taken for what it is not: nothing is run that a file names, as a pickle
would be.
"""

import types
import typing
from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum
from functools import cache
from hashlib import sha256
from typing import Any

_ATOMS = (bool, int, str)


@dataclass(frozen=True)
class Hook:
    """How a type that is not told by its hints becomes a value of `kind`, and comes back."""

    kind: Any
    out: Callable[[Any], Any]
    back: Callable[[Any], Any]


class Plain:
    """Dumps and loads, with `hooks` by type for what the hints do not tell."""

    def __init__(self, hooks: Mapping[Any, Hook] | None = None) -> None:
        self._hooks = dict(hooks or {})

    def dump(self, kind: Any, value: Any) -> Any:
        """`value`, which is of the type `kind`, as plain data. ValueError where it is not."""
        kind = _bare(kind)
        if kind in self._hooks:
            hook = self._hooks[kind]
            return self.dump(hook.kind, hook.out(value))
        if kind is int:
            _require(isinstance(value, int), kind, value)
            return int(value)  # the specification's numbers are of classes of their own
        if kind in _ATOMS or kind is None:
            _require(value is None if kind is None else type(value) is kind, kind, value)
            return value
        if kind is bytes:
            _require(isinstance(value, bytes), kind, value)
            return value.hex()
        if _is_enum(kind):
            return int(kind(value))
        if members := _members(kind):
            _require(isinstance(value, tuple if issubclass(kind, tuple) else kind), kind, value)
            return [self.dump(each, getattr(value, name)) for name, each in members]
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            return None if value is None else self.dump(_one_of(kind), value)
        if origin is tuple and inner[-1] is not Ellipsis:
            _require(len(value) == len(inner), kind, value)
            return [self.dump(each, item) for each, item in zip(inner, value, strict=True)]
        if _is_mapping(origin):
            return [[self.dump(inner[0], key), self.dump(inner[1], item)]
                    for key, item in value.items()]
        item_kind = _item_of(kind)
        _require(isinstance(value, Collection), kind, value)
        return [self.dump(item_kind, item)
                for item in (sorted(value) if isinstance(value, AbstractSet) else value)]

    def load(self, kind: Any, data: Any) -> Any:
        """The value of the type `kind` that `data` is. ValueError where it is none."""
        kind = _bare(kind)
        if kind in self._hooks:
            hook = self._hooks[kind]
            return hook.back(self.load(hook.kind, data))
        if kind in _ATOMS or kind is None:
            _require(data is None if kind is None else type(data) is kind, kind, data)
            return data
        if kind is bytes:
            _require(isinstance(data, str), kind, data)
            return bytes.fromhex(data)
        if _is_enum(kind):
            return kind(data)
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            return None if data is None else self.load(_one_of(kind), data)
        _require(isinstance(data, list), kind, data)
        if members := _members(kind):
            _require(len(data) == len(members), kind, data)
            return kind(*(self.load(each, item)
                          for (_, each), item in zip(members, data, strict=True)))
        if origin is tuple and inner[-1] is not Ellipsis:
            _require(len(data) == len(inner), kind, data)
            return tuple(self.load(each, item) for each, item in zip(inner, data, strict=True))
        if _is_mapping(origin):
            pairs = tuple[inner[0], inner[1]]  # type: ignore[valid-type]
            return dict(self.load(pairs, pair) for pair in data)
        items = (self.load(_item_of(kind), item) for item in data)
        return tuple(items) if origin is tuple else _container(origin)(items)

    def shape(self, *kinds: Any) -> str:
        """A checksum over the fields' names and types of `kinds` and of all that they consist of:
        another one where data of the one would not be data of the other. 64 digits."""
        seen: dict[str, str] = {}
        for kind in kinds:
            self._describe(kind, seen)
        return sha256(repr(sorted(seen.items())).encode()).hexdigest()

    def _describe(self, kind: Any, seen: dict[str, str]) -> str:
        kind = _bare(kind)
        name = repr(kind)
        if name in seen:
            return name
        seen[name] = ""
        if kind in self._hooks:
            seen[name] = f"as {self._describe(self._hooks[kind].kind, seen)}"
        elif not isinstance(kind, type | None) or typing.get_origin(kind) is not None:
            seen[name] = str([self._describe(each, seen) for each in typing.get_args(kind)
                              if each is not Ellipsis])
        else:
            seen[name] = str([(field, self._describe(each, seen))
                              for field, each in _members(kind)])
        return name


@cache
def _members(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The fields of a dataclass or named tuple, in order; of nothing else any."""
    if not isinstance(kind, type) or typing.get_origin(kind) is not None:
        return ()
    hints = typing.get_type_hints(kind)
    if is_dataclass(kind):
        return tuple((field.name, hints[field.name]) for field in fields(kind) if field.init)
    return tuple((name, hints[name]) for name in getattr(kind, "_fields", ()))


def _bare(kind: Any) -> Any:
    """What a `NewType` is made of."""
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    return None if kind is types.NoneType else kind


def _one_of(kind: Any) -> Any:
    """What may be there beside None: one type, the other kinds of unions have hooks."""
    others = [each for each in typing.get_args(kind) if each is not types.NoneType]
    if len(others) != 1:
        raise ValueError(f"{kind} is more than something or None, and has no hook")
    return others[0]


def _item_of(kind: Any) -> Any:
    arguments = typing.get_args(kind)
    if not arguments:
        raise ValueError(f"{kind} is not told by its hints, and has no hook")
    return arguments[0]


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, IntEnum)


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _container(origin: Any) -> Callable[[Any], Any]:
    """What is made of a list; of an abstract collection a set that nobody changes."""
    return origin if origin in (list, set, frozenset) else frozenset


def _require(holds: bool, kind: Any, value: Any) -> None:
    if not holds:
        raise ValueError(f"{type(value).__name__} where {kind} is expected")
