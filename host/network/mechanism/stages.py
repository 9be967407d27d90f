"""Which stage a delay is in and who may prove then. A delay is in whole slots.

    delay = slot of the including block - proven slot, at least 1

    stage 1   1 <= delay <= W1              the primary
    stage 2   W1 < delay <= W1 + W2         primary and committee
    stage 3   W1 + W2 < delay <= T          every bonded prover
    closed    delay > T                     nobody

Slots, not seconds: a contract sees no finer time, and nothing finer is needed, since proofs that
are included in one slot are equal. A primary that is late may still prove, but has missed its
window.
"""

from collections.abc import Container
from enum import IntEnum

from proofmill.host.network.mechanism.lottery import Assignment
from proofmill.host.network.mechanism.parameters import Parameters


class Stage(IntEnum):
    """A stage; the numbers are the contract's."""

    CLOSED = 0
    PRIMARY = 1
    COMMITTEE = 2
    OPEN = 3


def stage_of(parameters: Parameters, delay: int) -> Stage:
    """The stage of an inclusion `delay` slots after the proven slot; ValueError below 1."""
    if delay < 1:
        raise ValueError(f"a proof is included 1 slot after its own or later, not {delay}")
    if delay > parameters.window_slots:
        return Stage.CLOSED
    if not parameters.defences.stages:
        return Stage.OPEN
    if delay <= parameters.primary_slots:
        return Stage.PRIMARY
    if delay <= parameters.committee_slots:
        return Stage.COMMITTEE
    return Stage.OPEN


def may_prove(
    parameters: Parameters, assignment: Assignment, prover: int, delay: int,
    bonded: Container[int],
) -> bool:
    """Whether a proof of `prover`, included after `delay` slots, counts.

    `bonded`: provers whose bond is at least the minimum and who are not leaving; only they prove in
    stage 3. With nobody assigned (no weight anywhere), stages 1 and 2 are open as stage 3 is.
    """
    stage = stage_of(parameters, delay)
    if stage is Stage.CLOSED:
        return False
    if stage is Stage.OPEN or assignment.primary is None:
        return prover in bonded
    if prover == assignment.primary:
        return True
    return stage is Stage.COMMITTEE and prover in assignment.committee
