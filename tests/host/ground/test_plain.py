"""Values as plain data and back: the same, and nothing that they are not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple, NewType

import pytest

from proofmill.host.ground.plain import Hook, Plain

Wei = NewType("Wei", int)


class Stage(IntEnum):
    FIRST = 1


class Point(NamedTuple):
    x: int
    y: int


class Foreign:
    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Foreign) and self.text == other.text

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Inner:
    name: bytes
    at: Point | None = None


@dataclass
class Outer:
    amount: Wei
    stage: Stage
    inner: tuple[Inner, ...]
    pairs: Mapping[tuple[int, int], Inner] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    names: list[str] = field(default_factory=list)
    foreign: Foreign | None = None
    fixed: tuple[int, bool, None] = (0, False, None)


PLAIN = Plain({Foreign: Hook(str, lambda value: value.text, Foreign)})
VALUE = Outer(Wei(3 * 10**30), Stage.FIRST, (Inner(b"\x00\xff", Point(1, 2)), Inner(b"")),
              {(1, 2): Inner(b"x"), (0, 5): Inner(b"y")}, {9, 3}, ["a"], Foreign("z"),
              (7, True, None))


def test_what_was_dumped_is_loaded() -> None:
    data = json.loads(json.dumps(PLAIN.dump(Outer, VALUE)))
    again = PLAIN.load(Outer, data)
    assert again == VALUE and list(again.pairs) == [(1, 2), (0, 5)]
    assert type(again.stage) is Stage and type(again.inner[0].at) is Point
    assert data[4] == [3, 9] and data[2][0] == ["00ff", [1, 2]]


@pytest.mark.parametrize(("kind", "data"), [
    (int, "1"), (int, True), (int, 1.0), (bool, 1), (str, 1), (bytes, 5), (bytes, "0g"),
    (None, 0), (Stage, 2), (Inner, ["00"]), (Inner, {"name": "00"}), (Point, [1, 2, 3]),
    (tuple[int, ...], 5), (tuple[int, str], [1]), (dict[int, int], [[1]]), (int | None, "x"),
    (list[int], ["1"])])
def test_data_of_another_shape_is_refused(kind: Any, data: object) -> None:
    with pytest.raises(ValueError):
        PLAIN.load(kind, data)


@pytest.mark.parametrize(("kind", "value"), [
    (int, "1"), (bytes, "x"), (str, b"x"), (Inner, Point(1, 2)), (int | str, 1), (object, 1)])
def test_a_value_of_another_type_is_refused(kind: Any, value: object) -> None:
    with pytest.raises(ValueError):
        PLAIN.dump(kind, value)


def test_a_shape_changes_with_any_field_of_what_a_type_consists_of() -> None:
    @dataclass
    class More:
        name: bytes
        at: Point | None = None
        more: int = 0

    assert PLAIN.shape(Outer) == Plain({Foreign: Hook(str, repr, repr)}).shape(Outer)
    assert PLAIN.shape(Outer) != Plain({Foreign: Hook(bytes, repr, repr)}).shape(Outer)
    assert len({PLAIN.shape(kind) for kind in (
        Inner, tuple[Inner, ...], list[Inner], More, Outer)}) == 5
