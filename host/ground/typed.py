"""Data that somebody else wrote, as typed records; what is wrong is named with its place."""

import re
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.nearest import did_you_mean

T = TypeVar("T")

_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<at>.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"Object (?P<how>missing required|contains unknown) field `(?P<name>\w+)`")
_WORDS = {"int": "a whole number", "float": "a number", "str": "text in quotes",
          "object": "a table", "array": "a list", "bool": "true or false", "null": "nothing"}


def typed(document: object, kind: type[T], where: str | Callable[[str], str]) -> T:
    """`document` (tables, lists, numbers, text) as a `kind` of `msgspec.Struct`s.

    Limits are the annotations' (`msgspec.Meta`). ProofmillError names `where`, the key, the value
    found and what it must be. Where `where` says what to name for a key such as ``metrics.port``,
    both limits are told, and not only the one that is broken.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        key, sentence = _sentence(str(error), document, kind, callable(where))
        place = where(key) if callable(where) else where
        raise ProofmillError(f"{place}: {sentence}") from error


def limits_of(annotated: Any) -> str:
    """The whole numbers, or numbers, that an annotation allows, in words; empty for no limit."""
    for meta in getattr(annotated, "__metadata__", ()):
        if not isinstance(meta, msgspec.Meta) or meta.ge is meta.gt:
            continue
        low = f"more than {_told(meta.gt)}" if meta.ge is None else _told(meta.ge)
        if meta.le is not None:
            return f"{low}{' to' if meta.gt is None else ' and at most'} {_told(meta.le)}"
        return low if meta.ge is None else f"{low} or more"
    return ""


def _told(limit: float | None) -> str:
    return f"{limit:,.6f}".rstrip("0").rstrip(".") if isinstance(limit, float) else f"{limit:,}"


def _sentence(
    complaint: str, document: object, kind: Any, both_limits: bool
) -> tuple[str, str]:
    """(the key, what is wrong with it)."""
    match = _COMPLAINT.match(complaint)
    assert match
    at, what = (match["at"] or "").removeprefix("."), match["what"]
    value, kind, annotated = _at(document, kind, at)
    if field := _FIELD.match(what):
        name = f"{at}.{field['name']}" if at else field["name"]
        if field["how"] == "missing required":
            return at, f"{name} is missing"
        names = sorted(one.encode_name for one in msgspec.structs.fields(kind))
        return name, (f"there is no key {name}{did_you_mean(field['name'], names)}; known are "
                      f"{', '.join(names)}")
    if typing.get_origin(kind) is typing.Literal:
        must = "one of " + ", ".join(map(str, typing.get_args(kind)))
    else:
        must = what.removeprefix("Expected ").partition(", got ")[0]
        must = re.sub(r"`(\w+)`", lambda found: _WORDS.get(found[1], found[1]), must)
        must = must.replace(" >= ", ", at least ").replace(" <= ", ", at most ")
        must = re.sub(r"\d{4,}", lambda digits: f"{int(digits[0]):,}", must)
        if " matching regex " in must and (said := _description(annotated)):
            must = said
        if both_limits and (limits := limits_of(annotated)):
            must = f"{re.split(', at | [<>] ', must)[0]}, {limits}"
    return at, f"{at or 'the document'} = {value!r}: must be {must}"


def _description(annotated: Any) -> str | None:
    return next((meta.description for meta in getattr(annotated, "__metadata__", ())
                 if isinstance(meta, msgspec.Meta)), None)


def _at(value: Any, kind: Any, path: str) -> tuple[Any, Any, Any]:
    """The value at ``provers[0].count``, what it should be, and that with its limits."""
    annotated = kind
    for name, index in re.findall(r"(\w+)|\[(\d+|\.\.\.)\]", path):
        if name:
            value = value.get(name)
            annotated = typing.get_type_hints(kind, include_extras=True).get(name)
            kind = _first(typing.get_type_hints(kind, include_extras=False).get(name))
            annotated = _first(annotated)
        elif index.isdigit():
            value, annotated = value[int(index)], (typing.get_args(annotated) or (None,))[0]
            kind = (typing.get_args(kind) or (None,))[0]
        else:    # some value of a table: which one is not told
            return value, kind, annotated
    return value, kind, annotated


def _first(kind: Any) -> Any:
    """Of a type that may be left out, what it is where it is not."""
    union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    return typing.get_args(kind)[0] if union else kind
