"""Server-sent events from views that follow each other."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from proofmill.host.network.operator.bounded import Stream
from proofmill.host.network.operator.web import EVENTS, head_of

STILL_SECONDS = 15.0
"""After so long without news a comment is sent, so that both sides see that the other is there."""
V = TypeVar("V")


def event(name: str, data: object) -> str:
    """An event with its data in JSON."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def stream(view: Callable[[], V], news: Callable[[V, V], Sequence[str]],
           first: Callable[[V], Sequence[str]] = lambda view: ()) -> Stream:
    """What `news` says of a view and the one after it, from now on; `first`: what is said of the
    view that there is."""
    before, begun, quiet = view(), False, 0.0

    def piece() -> bytes:
        nonlocal before, begun, quiet
        now = view()
        said = [*(() if begun else first(before)),
                *(() if now is before else news(before, now))]
        before, begun = now, True
        quiet = 0.0 if said else quiet + Stream.seconds
        if quiet >= STILL_SECONDS:
            quiet = 0.0
            return b": still here\n\n"
        return "".join(said).encode()

    return Stream(head_of(200, EVENTS), piece)
