"""Data that somebody else wrote, as typed records; what is wrong is named with its place."""

import re
import types
import typing
from typing import Any, TypeVar

import msgspec

from proofmill.host.ground.errors import ProofmillError

T = TypeVar("T")

_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<at>.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"Object (?P<how>missing required|contains unknown) field `(?P<name>\w+)`")
_WORDS = {"int": "a whole number", "float": "a number", "str": "text in quotes",
          "object": "a table", "array": "a list", "bool": "true or false", "null": "nothing"}


def typed(document: object, kind: type[T], where: str) -> T:
    """`document` (tables, lists, numbers, text) as a `kind` of `msgspec.Struct`s.

    Limits are the annotations' (`msgspec.Meta`). ProofmillError names `where`, the key, the value
    found and what it must be.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise ProofmillError(f"{where}: {_sentence(str(error), document, kind)}") from error


def _sentence(complaint: str, document: object, kind: Any) -> str:
    match = _COMPLAINT.match(complaint)
    assert match
    at, what = (match["at"] or "").removeprefix("."), match["what"]
    value, kind = _at(document, kind, at)
    if field := _FIELD.match(what):
        name = f"{at}.{field['name']}" if at else field["name"]
        if field["how"] == "missing required":
            return f"{name} is missing"
        known = ", ".join(sorted(one.encode_name for one in msgspec.structs.fields(kind)))
        return f"there is no key {name}; known are {known}"
    if typing.get_origin(kind) is typing.Literal:
        must = "one of " + ", ".join(map(str, typing.get_args(kind)))
    else:
        must = what.removeprefix("Expected ").partition(", got ")[0]
        must = re.sub(r"`(\w+)`", lambda found: _WORDS.get(found[1], found[1]), must)
        must = must.replace(" >= ", ", at least ").replace(" <= ", ", at most ")
        must = re.sub(r"\d{4,}", lambda digits: f"{int(digits[0]):,}", must)
    return f"{at or 'the document'} = {value!r}: must be {must}"


def _at(value: Any, kind: Any, path: str) -> tuple[Any, Any]:
    """The value at ``provers[0].count``, and what it should be."""
    for name, index in re.findall(r"(\w+)|\[(\d+|\.\.\.)\]", path):
        if name:
            kinds = typing.get_type_hints(kind, include_extras=False)
            value, kind = value.get(name), kinds.get(name)
            if isinstance(kind, types.UnionType):    # left out, or that
                kind = typing.get_args(kind)[0]
        elif index.isdigit():
            value, kind = value[int(index)], (typing.get_args(kind) or (None,))[0]
        else:    # some value of a table: which one is not told
            return value, kind
    return value, kind
