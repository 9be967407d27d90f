"""What happens in a node that its operator may want to know of.

One table of kinds with their fields; nodes tell them with `Tell`, and know nothing of who listens.
"""

from collections.abc import Callable

Value = str | int | float
Tell = Callable[[str, int, dict[str, Value]], None]
"""Hears of what happened: (kind, slot, fields), `KINDS` says which."""

KINDS: dict[str, dict[str, str]] = {
    "start": {"blocks": "kept from former lives and checked anew", "port": "for peers"},
    "end": {"reason": "empty where it was told to end"},
    "job": {"job": "its name", "state": "that it enters, as in `states.State`", "reason": "why"},
    "proof": {"job": "it is for", "device": "that made it", "seconds": "from witness to verified "
              "proof", "cycles": "of the accelerator", "constraints": "of the circuit"},
    "fault": {"device": "that failed twice", "reason": "what it said",
              "pause_ms": "of chain time for which it is put aside"},
    "matrices": {"device": "that multiplies, from now on, the matrices of models whose results are "
                 "sold; empty for this processor", "reason": "what is wrong with others, by name"},
    "worker": {"worker": "its name", "state": "came, gone, aside (of which nothing is taken any "
               "more) or failed (at a task)", "reason": "why; for came, its devices"},
    "block": {"root": "of a block that this node has proposed"},
    "unsigned": {"reason": "why slashing protection, or this node's own check, let it not go out"},
    "skipped": {"steps": "of the clock that were left out", "late_seconds": "of the last one done"},
    "reload": {"taken": "settings that changed, or why they cannot be read",
               "stays": "those that stay until the node is started again"},
    "condition": {"condition": "that the node is in now, the gravest", "reason": "why",
                  "way_out": "what to do about it"},
}


def nobody(kind: str, slot: int, fields: dict[str, Value]) -> None:
    """A `Tell` where nobody listens."""
