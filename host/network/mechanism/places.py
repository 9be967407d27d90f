"""Who has a place among the provers when there are no more than so many.

    a free place      whoever registers
    none is free      who is calibrated takes the place of the first member, by number, that is late
                      (not calibrated `calibration_epochs` whole epochs after it came), or else of
                      the one with the least bond, if its own is larger

The bond is what is at stake, without what is delegated. Who loses its place keeps its bond, may add
to it and come back. So places have a price, the least bond among those that have one, and nobody
is kept out who pays more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proofmill.host.network.mechanism.parameters import Parameters


@dataclass(frozen=True)
class Member:
    """A prover with a place; `epoch`: the one in which it got it."""

    bond: int
    epoch: int
    calibrated: bool


def is_late(parameters: Parameters, member: Member, epoch: int) -> bool:
    """Whether a member has not been calibrated in time."""
    return not member.calibrated and epoch > member.epoch + parameters.calibration_epochs


def last(parameters: Parameters, members: Mapping[int, Member], epoch: int) -> int:
    """The member whose place another may take, of a full registry."""
    late = [number for number, member in members.items() if is_late(parameters, member, epoch)]
    return min(late) if late else min(
        members, key=lambda number: (members[number].bond, number))


def price(
    parameters: Parameters, members: Mapping[int, Member], epoch: int, minimum_bond: int
) -> int:
    """The least bond that gets a place, when its prover is calibrated."""
    if len(members) < parameters.places:
        return minimum_bond
    member = members[last(parameters, members, epoch)]
    return minimum_bond if is_late(parameters, member, epoch) else max(
        minimum_bond, member.bond + 1)


def entered(
    parameters: Parameters, members: Mapping[int, Member], number: int, newcomer: Member
) -> dict[int, Member]:
    """The members once `number` has asked for a place, in the epoch of `newcomer`; ValueError where
    it gets none."""
    kept = dict(members)
    if len(kept) >= parameters.places:
        out = last(parameters, kept, newcomer.epoch)
        if not parameters.defences.places_by_bond or not newcomer.calibrated or not (
                is_late(parameters, kept[out], newcomer.epoch) or newcomer.bond > kept[out].bond):
            raise ValueError(f"there is no place for prover {number}")
        del kept[out]
    kept[number] = newcomer
    return kept
