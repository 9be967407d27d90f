"""Which stage a delay is in and who may prove then. A delay is in blocks, or, where witnesses
count (`Defences.witnesses`), in slots.

    delay = blocks of the branch after the proven one, up to the including one: at least 1

    stage 1   1 <= delay <= W1              the primary
    stage 2   W1 < delay <= W1 + W2         primary and committee
    stage 3   W1 + W2 < delay <= T          every bonded prover
    closed    delay > T                     nobody

A block is one whose payload is part of the branch: each is a place where the proof could have
been. Slots without one are none, so nobody pays because a proposer was away, or the network split.
Not seconds: a contract sees no finer time, and nothing finer is needed, since proofs that are
included in one block are equal. A primary that is late may still prove, but has missed its window.
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
    """The stage of an inclusion `delay` blocks after the proven one; ValueError below 1."""
    if delay < 1:
        raise ValueError(f"a proof is included 1 block after its own or later, not {delay}")
    if delay > parameters.window_blocks:
        return Stage.CLOSED
    if not parameters.defences.stages:
        return Stage.OPEN
    if delay <= parameters.primary_blocks:
        return Stage.PRIMARY
    if delay <= parameters.committee_blocks:
        return Stage.COMMITTEE
    return Stage.OPEN


def first_delay(parameters: Parameters, assignment: Assignment, prover: int) -> int:
    """The first delay at which `prover` may prove: by its stage, whatever its bond."""
    if (not parameters.defences.stages or assignment.primary is None
            or prover == assignment.primary):
        return 1
    return 1 + (parameters.primary_blocks if prover in assignment.committee
                else parameters.committee_blocks)


def may_prove(
    parameters: Parameters, assignment: Assignment, prover: int, delay: int,
    bonded: Container[int],
) -> bool:
    """Whether a proof of `prover`, included after `delay` blocks, counts.

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
