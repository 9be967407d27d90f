"""HTTP for whoever watches a node: one request a connection, routed by a table.

A `Route` says everything that is told of it: what answers, what it takes, what may come. The
requests are routed by the same table that the description in OpenAPI is made from (`openapi`).
"""

import hmac
import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

from proofmill.host.network.operator.bounded import Stream

JSON, BYTES, EVENTS = "application/json", "application/octet-stream", "text/event-stream"
TEXT = "text/plain; charset=utf-8"
PHRASES = {200: "OK", 202: "Accepted", 206: "Partial Content", 400: "Bad Request",
           401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
           411: "Length Required", 413: "Content Too Large", 415: "Unsupported Media Type",
           429: "Too Many Requests", 503: "Service Unavailable"}
MOST_FIELDS = 32
"""Of a query."""


@dataclass(frozen=True)
class Request:
    """What is asked. `path`: the values of the route's places; `query`: by name, each time."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    accept: str = ""
    body: bytes = b""

    def listed(self, name: str) -> list[str]:
        """A query's values, also where they are in one with commas."""
        return [part for value in self.query.get(name, ()) for part in value.split(",") if part]


@dataclass(frozen=True)
class Reply:
    """An answer. `media` of None: the route's."""

    content: bytes = b""
    status: int = 200
    media: str | None = None


class Refused(Exception):
    """A request has no answer: a status of `PHRASES`, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Parameter:
    """A place of the path, or a field of the query. `schema`: JSON Schema of its text."""

    name: str
    what: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True)
class Route:
    """What a method on a path does. `path` has places such as {root}. `media`: of good answers;
    `body`: the media type of what it takes, empty for nothing; `refusals`: statuses of `Refused`
    that it may raise, and when."""

    path: str
    what: str
    answer: Callable[[Request], Reply | Stream]
    media: str = JSON
    method: str = "GET"
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    refusals: Mapping[int, str] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        """The path's, between the slashes."""
        return self.path.split("/")

    @property
    def is_fixed(self) -> bool:
        """Whether its path has no place."""
        return "{" not in self.path


def json_reply(found: object, status: int = 200) -> Reply:
    """An answer in JSON."""
    return Reply(json.dumps(found).encode() + b"\n", status, JSON)


class Web:
    """Answers requests by `routes`. `token`: that a request has to show, empty for none:
    ``Authorization: Bearer TOKEN``, or as the password of ``Basic``, which browsers ask for.
    `most_body`: bytes of a body."""

    def __init__(self, routes: Sequence[Route], token: str = "", most_body: int = 0) -> None:
        names = [(route.method, route.path) for route in routes]
        assert len(names) == len(set(names)), "a path stands twice"
        # A path without places goes before one that its text would fit.
        self.routes = tuple(sorted(routes, key=lambda route: not route.is_fixed))
        self._token, self._most_body = token, most_body

    def answer(self, request: bytes) -> bytes | Stream:
        """The response."""
        top, _, body = request.partition(b"\r\n\r\n")
        first, *lines = top.split(b"\r\n")
        parts = first.split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return response(400)
        method = parts[0].decode("latin-1")
        where, _, query = parts[1].decode("latin-1").partition("?")
        if self._token and not self._may(lines):
            return response(401, more=(
                "WWW-Authenticate: Bearer\r\nWWW-Authenticate: Basic realm=\"proofmill\"\r\n"))
        fitting = [(route, places) for route in self.routes
                   if (places := _places(route, where)) is not None]
        if not fitting:
            return response(404)
        wanted = "GET" if method == "HEAD" else method
        route, places = next((each for each in fitting if each[0].method == wanted),
                             (None, {}))
        if route is None:
            allowed = {each.method for each, _ in fitting}
            allowed |= {"HEAD"} if "GET" in allowed else set()
            return response(405, more=f"Allow: {', '.join(sorted(allowed))}\r\n")
        if route.body:
            length = _length(lines)
            if length is None:
                return response(411)
            if length > self._most_body:
                return response(413)
        try:
            made = route.answer(Request(
                places, parse_qs(query, max_num_fields=MOST_FIELDS),
                (_field(lines, b"accept") or b"").decode("latin-1"), body))
        except Refused as refused:
            return response(refused.status, JSON, json.dumps(
                {"code": refused.status, "message": refused.message}).encode() + b"\n")
        except ValueError:  # of the query
            return response(400)
        if isinstance(made, Stream):
            return made.head if method == "HEAD" else made
        return response(made.status, made.media or route.media, made.content,
                        empty=method == "HEAD")

    def whole(self, request: bytes) -> bool:
        """Whether a request has come: its head, and of its body as much as is taken."""
        top, end, body = request.partition(b"\r\n\r\n")
        if not end:
            return False
        length = _length(top.split(b"\r\n")[1:])
        # What is longer, or no number, is answered without having been read.
        return length is None or length > self._most_body or len(body) >= length

    def _may(self, lines: list[bytes]) -> bool:
        value = _field(lines, b"authorization")
        if value is None:
            return False
        scheme, _, given = value.partition(b" ")
        if scheme.lower() == b"basic":
            try:
                given = b64decode(given, validate=True).partition(b":")[2]
            except ValueError:
                return False
        elif scheme.lower() != b"bearer":
            return False
        return hmac.compare_digest(given.strip(), self._token.encode())


def _field(lines: list[bytes], name: bytes) -> bytes | None:
    """The first value of a header's field."""
    for line in lines:
        found, colon, value = line.partition(b":")
        if colon and found.strip().lower() == name:
            return value.strip()
    return None


def _length(lines: list[bytes]) -> int | None:
    """How long a body is said to be; None where no number is said."""
    said = _field(lines, b"content-length") or b""
    return int(said[:18]) if said.isdigit() else None


def _places(route: Route, where: str) -> dict[str, str] | None:
    """The values of a route's places in a path, None where it does not fit."""
    parts, given = route.parts, where.split("/")
    if len(parts) != len(given):
        return None
    found = {}
    for part, value in zip(parts, given, strict=True):
        if part.startswith("{"):
            found[part[1:-1]] = unquote(value)
        elif part != value:
            return None
    return found


def response(status: int, media: str = TEXT, content: bytes | None = None,
             more: str = "", empty: bool = False) -> bytes:
    """A response that ends its connection. `empty`: without its content, as for HEAD."""
    body = f"{status} {PHRASES[status]}\n".encode() if content is None else content
    return head_of(status, media, f"Content-Length: {len(body)}\r\n{more}") + (
        b"" if empty else body)


def head_of(status: int, media: str, more: str = "") -> bytes:
    """A response's head; its page may load what comes from here, and nothing else."""
    return (f"HTTP/1.1 {status} {PHRASES[status]}\r\nContent-Type: {media}\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            "Referrer-Policy: no-referrer\r\n"
            "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
            "connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'\r\n"
            f"{more}Connection: close\r\n\r\n").encode()
