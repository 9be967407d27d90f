"""Which parts of a Groth16 proof an accelerator makes, by what it says of itself, and which are
this machine's."""

from __future__ import annotations  # of what commands that name devices need not wait for

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proofmill.sim.evaluator import Room

CHECK = "the check of the proof"

NUMBERS, QUOTIENT, SUMS, POINTS = "A w and B w", "the scalars h", "the sums", "A, B, C of the sums"


def parts(identity: Mapping[str, int], room: Room | None, checks: bool
          ) -> tuple[list[str], list[str]]:
    """(Those that it makes, those that stay here), in the order of a proof.

    `identity`, `room`: what it says in answer to IDENTIFY and EVALUATION, see `hdl.commands`; None
    where that is unknown to it. `checks`: it knows CHECK. Where sums are not finished on the chip
    they come back as windows' groups, and what random numbers multiply is added here too. This
    machine checks a proof in any case.
    """
    makes = {NUMBERS: room is not None, QUOTIENT: identity["transforms"] > 0, SUMS: True,
             POINTS: bool(identity["finisher"]), CHECK: checks}
    return ([name for name, own in makes.items() if own],
            [name for name, own in makes.items() if not own or name == CHECK])


def in_words(identity: Mapping[str, int], room: Room | None, checks: bool = False) -> str:
    """The same as a line for a reader."""
    own, here = parts(identity, room, checks)
    one = ", by one command under keys that its memory has room for" if (
        room is not None and room.proves) else ""
    return f"of a proof it makes {', '.join(own)}{one}; this machine: {', '.join(here)}"
