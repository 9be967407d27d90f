"""The page for people on ``/``: static files, and the figures as server-sent events.

It needs nothing from anywhere else, so that it works where there is no way to the Internet. What a
figure is comes from the table of figures, and what an event says from `stories.sentence`.
"""

from collections.abc import Callable
from importlib import resources

from proofmill.host.network.operator.bounded import Stream
from proofmill.host.network.operator.events_stream import event, stream
from proofmill.host.network.operator.figures import FIGURES, Snapshot
from proofmill.host.network.operator.stories import sentence
from proofmill.host.network.operator.web import EVENTS, Reply, Route

FILES = {"/": ("index.html", "text/html; charset=utf-8"),
         "/page.css": ("page.css", "text/css; charset=utf-8"),
         "/page.js": ("page.js", "text/javascript; charset=utf-8")}
"""The page's files, by path."""
RETRY_MS = 2_000


def routes(snapshot: Callable[[], Snapshot]) -> list[Route]:
    """The pages."""
    folder = resources.files(__package__) / "pages"

    def file(path: str, name: str, media: str) -> Route:
        content = Reply((folder / name).read_bytes())
        return Route(path, f"the page for people: {name}", lambda request: content, media=media)

    return [*(file(path, *each) for path, each in FILES.items()),
            Route("/events", "figures and latest events as they come", media=EVENTS,
                  answer=lambda request: _stream(snapshot))]


def _stream(snapshot: Callable[[], Snapshot]) -> Stream:
    table = [{"name": each.name, "unit": each.unit, "what": each.what, "label": each.label}
             for each in FIGURES.values()]
    return stream(
        snapshot, lambda before, now: [event("figures", told(now))],
        lambda latest: [f"retry: {RETRY_MS}\n\n", event("table", table),
                        event("figures", told(latest))])


def told(snapshot: Snapshot) -> dict[str, object]:
    """A snapshot as the page is told it."""
    return {
        "unix_seconds": snapshot.unix_seconds, "about": dict(snapshot.about),
        "conditions": [{"name": each.name, "reason": each.reason, "way_out": each.way_out}
                       for each in snapshot.conditions],
        "figures": snapshot.values,
        "events": [{"unix_seconds": each.unix_seconds, "slot": each.slot,
                    "sentence": sentence(each.kind, each.fields)} for each in snapshot.events]}
