"""The states of a proving job, and which may follow which."""

from enum import Enum


class State(Enum):
    """Where a job stands. Entering a state is written down before anything of it is done.

    So a state says what may have happened, never more: in BROADCAST the proof may or may not have
    left, in SIGNED it certainly has not.
    """

    SEEN = "seen"  # a payload that could be proven
    ELIGIBLE = "eligible"  # the prover may prove it now
    ADMITTED = "admitted"  # the prover owes it: every other liability still meets its deadline
    WITNESS = "witness"  # the witness is being computed
    PROVING = "proving"  # a device is at work
    SELF_VERIFIED = "self-verified"  # the proof is kept with this event, and verifies
    SIGNED = "signed"  # the signed message is kept with this event; no other will ever be signed
    BROADCAST = "broadcast"  # the message may have left
    INCLUDED = "included"  # a block of the head's branch pays it
    MATURED = "matured"  # paid for good
    STALE = "stale"  # not worth going on: somebody else's proof counts, or the branch is gone
    ORPHANED = "orphaned"  # the including block is off the head's branch
    MISSED = "missed"  # the deadline passed
    HW_ERROR = "hardware error"  # no device could do it; it is tried again while there is time


ARROWS: dict[State | None, frozenset[State]] = {
    None: frozenset({State.SEEN}),
    State.SEEN: frozenset({State.ELIGIBLE, State.STALE, State.MISSED}),
    State.ELIGIBLE: frozenset({State.ADMITTED, State.STALE, State.MISSED}),
    State.ADMITTED: frozenset({State.WITNESS, State.STALE, State.MISSED}),
    State.WITNESS: frozenset({State.PROVING, State.HW_ERROR, State.STALE, State.MISSED}),
    State.PROVING: frozenset({State.SELF_VERIFIED, State.HW_ERROR, State.STALE, State.MISSED}),
    State.SELF_VERIFIED: frozenset({State.SIGNED, State.STALE, State.MISSED}),
    State.SIGNED: frozenset({State.BROADCAST, State.STALE, State.MISSED}),
    State.BROADCAST: frozenset({State.INCLUDED, State.STALE, State.MISSED}),
    State.INCLUDED: frozenset({State.MATURED, State.ORPHANED}),
    # A later proposer may include the same proof again, or the old branch may come back.
    State.ORPHANED: frozenset({State.INCLUDED, State.STALE, State.MISSED}),
    # Another device may try again while there is time.
    State.HW_ERROR: frozenset({State.WITNESS, State.STALE, State.MISSED}),
    State.MATURED: frozenset(),
    # The branch that decided so is left: on with it, from as far as it had come.
    State.STALE: frozenset({State.SEEN, State.SELF_VERIFIED, State.BROADCAST, State.INCLUDED}),
    State.MISSED: frozenset({State.INCLUDED}),
}
"""From each state (None: the job is unknown) to those that may follow."""

FINAL = frozenset({State.MATURED, State.STALE, State.MISSED})
"""States in which there is nothing to do, on this branch."""

OWED = frozenset(
    {
        State.ADMITTED,
        State.WITNESS,
        State.PROVING,
        State.SELF_VERIFIED,
        State.SIGNED,
        State.HW_ERROR,
    }
)
"""States in which the prover still has work to do for what it has taken on."""
