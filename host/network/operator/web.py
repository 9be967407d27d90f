"""HTTP for whoever watches a node: ``GET`` of a few pages, one request a connection."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Page = Callable[[], tuple[str, bytes]]
"""(media type, content) of a page."""

PHRASES = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
           405: "Method Not Allowed", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Web:
    """Answers requests for `pages`, by path. `token`: that a request has to show, empty for none:
    ``Authorization: Bearer TOKEN``."""

    pages: Mapping[str, Page]
    token: str = ""

    def answer(self, request: bytes) -> bytes:
        """The whole response."""
        head, *lines = request.split(b"\r\n")
        parts = head.split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return response(400)
        method, path = parts[0], parts[1].partition(b"?")[0].decode("latin-1")
        if self.token and not self._may(lines):
            return response(401, more="WWW-Authenticate: Bearer\r\n")
        if path not in self.pages:
            return response(404)
        if method not in (b"GET", b"HEAD"):
            return response(405, more="Allow: GET, HEAD\r\n")
        media, content = self.pages[path]()
        return response(200, media, content, empty=method == b"HEAD")

    def _may(self, lines: list[bytes]) -> bool:
        for line in lines:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"authorization":
                scheme, _, given = value.strip().partition(b" ")
                return scheme.lower() == b"bearer" and hmac.compare_digest(
                    given.strip(), self.token.encode())
        return False


def whole(request: bytes) -> bool:
    """Whether all of a request's head has come; a body is not read."""
    return b"\r\n\r\n" in request


def response(status: int, media: str = "text/plain; charset=utf-8", content: bytes | None = None,
             more: str = "", empty: bool = False) -> bytes:
    """A response that ends its connection. `empty`: without its content, as for HEAD."""
    body = f"{status} {PHRASES[status]}\n".encode() if content is None else content
    return (f"HTTP/1.1 {status} {PHRASES[status]}\r\nContent-Type: {media}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
            f"X-Content-Type-Options: nosniff\r\n{more}Connection: close\r\n\r\n"
            ).encode() + (b"" if empty else body)
