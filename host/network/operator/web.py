"""HTTP for whoever watches a node: ``GET`` of a few pages, one request a connection."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proofmill.host.network.operator.bounded import Stream

Page = Callable[[], tuple[str, bytes] | Stream]
"""(media type, content) of a page, or what it goes on to tell."""

PHRASES = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
           405: "Method Not Allowed", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Web:
    """Answers requests for `pages`, by path. `token`: that a request has to show, empty for none:
    ``Authorization: Bearer TOKEN``, or as the password of ``Basic``, which browsers ask for."""

    pages: Mapping[str, Page]
    token: str = ""

    def answer(self, request: bytes) -> bytes | Stream:
        """The response."""
        head, *lines = request.split(b"\r\n")
        parts = head.split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return response(400)
        method, path = parts[0], parts[1].partition(b"?")[0].decode("latin-1")
        if self.token and not self._may(lines):
            return response(401, more=(
                "WWW-Authenticate: Bearer\r\nWWW-Authenticate: Basic realm=\"proofmill\"\r\n"))
        if path not in self.pages:
            return response(404)
        if method not in (b"GET", b"HEAD"):
            return response(405, more="Allow: GET, HEAD\r\n")
        page = self.pages[path]()
        if isinstance(page, Stream):
            return page if method == b"GET" else page.head
        media, content = page
        return response(200, media, content, empty=method == b"HEAD")

    def _may(self, lines: list[bytes]) -> bool:
        for line in lines:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"authorization":
                scheme, _, given = value.strip().partition(b" ")
                if scheme.lower() == b"basic":
                    try:
                        given = b64decode(given, validate=True).partition(b":")[2]
                    except ValueError:
                        return False
                elif scheme.lower() != b"bearer":
                    return False
                return hmac.compare_digest(given.strip(), self.token.encode())
        return False


def whole(request: bytes) -> bool:
    """Whether all of a request's head has come; a body is not read."""
    return b"\r\n\r\n" in request


def response(status: int, media: str = "text/plain; charset=utf-8", content: bytes | None = None,
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
