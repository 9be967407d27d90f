"""The page for people on ``/``: static files, and the figures as server-sent events.

It needs nothing from anywhere else, so that it works where there is no way to the Internet. What a
figure is comes from the table of figures, and what an event says from `stories.sentence`.
"""

import json
from collections.abc import Callable, Mapping
from importlib import resources

from proofmill.host.network.operator.bounded import Stream
from proofmill.host.network.operator.figures import FIGURES, Snapshot
from proofmill.host.network.operator.stories import sentence
from proofmill.host.network.operator.web import Page, head_of

FILES = {"/": ("index.html", "text/html; charset=utf-8"),
         "/page.css": ("page.css", "text/css; charset=utf-8"),
         "/page.js": ("page.js", "text/javascript; charset=utf-8")}
"""The page's files, by path."""
STILL_SECONDS = 15.0
"""After so long without news a comment is sent, so that both sides see that the other is there."""
RETRY_MS = 2_000


def pages(snapshot: Callable[[], Snapshot]) -> Mapping[str, Page]:
    """The pages, as `web.Web` wants them."""
    folder = resources.files(__package__) / "pages"

    def file(name: str, media: str) -> Page:
        content = (folder / name).read_bytes()
        return lambda: (media, content)

    return {**{path: file(*each) for path, each in FILES.items()},
            "/events": lambda: _stream(snapshot)}


def _stream(snapshot: Callable[[], Snapshot]) -> Stream:
    shown: Snapshot | None = None
    quiet = 0.0

    def piece() -> bytes:
        nonlocal shown, quiet
        latest = snapshot()
        if latest is shown:
            quiet += Stream.seconds
            if quiet < STILL_SECONDS:
                return b""
            quiet = 0.0
            return b": still here\n\n"
        first, shown, quiet = shown is None, latest, 0.0
        table = [{"name": each.name, "unit": each.unit, "what": each.what, "label": each.label}
                 for each in FIGURES.values()]
        return (f"retry: {RETRY_MS}\n\n{_event('table', table)}" if first else "").encode() \
            + _event("figures", told(latest)).encode()

    return Stream(head_of(200, "text/event-stream"), piece)


def told(snapshot: Snapshot) -> dict[str, object]:
    """A snapshot as the page is told it."""
    return {
        "unix_seconds": snapshot.unix_seconds, "about": dict(snapshot.about),
        "conditions": [{"name": each.name, "reason": each.reason, "way_out": each.way_out}
                       for each in snapshot.conditions],
        "figures": snapshot.values,
        "events": [{"unix_seconds": each.unix_seconds, "slot": each.slot,
                    "sentence": sentence(each.kind, each.fields)} for each in snapshot.events]}


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
