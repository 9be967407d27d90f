"""In which slots the network was divided, by the votes of layer 1 on one branch.

A validator has a turn to vote in one slot of every epoch. Its vote is for a branch if it names the
block that the branch has at that slot, and a block of the branch includes it. After a slot, each
validator's latest turn is looked at:

    divided after slot t:   3 * (stake whose latest turn up to t was not used for the branch)
                            > stake of all
    a divided slot:         t - 2 * (slots_per_epoch - 1) to t, for such a t

A third is a third of all stake, whatever committees the shuffling makes, and who has no more than
that divides nothing by keeping its votes back. With two thirds a branch becomes final; with less,
the rest may be somewhere else. Nobody can add a vote to a branch that was not cast for it, and one
proposer cannot leave votes out, since the next ones bring them.

Everybody has a turn in `2 * slots_per_epoch - 1` slots in a row. So if more than a third is away
for so long, all slots from the first to the last count as divided. Half of all is seen after six
slots in one case of two, after ten always (`tests/host/network/mechanism/test_division.py`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

TOLD_SLOTS = 256
"""Of so many slots before a block its contracts are told whether the network was divided."""


@dataclass(frozen=True)
class Turn:
    """Validators whose turn a slot is, and of them who voted for the branch."""

    members: Collection[int]
    voters: Collection[int]


def divided_slots(
    turns: Mapping[int, Turn], stake: Mapping[int, int], slots_per_epoch: int
) -> frozenset[int]:
    """The slots in which the network was divided.

    `turns`: by slot; `stake`: of every active validator, in any unit. Whoever had no turn in them
    yet counts as if it had voted.
    """
    everybody, missing = sum(stake.values()), 0
    absent: set[int] = set()
    found: set[int] = set()
    for slot in sorted(turns):
        turn = turns[slot]
        for each in turn.members:
            missing -= stake.get(each, 0) * (each in absent)
            absent.discard(each)
            if each not in turn.voters:
                absent.add(each)
                missing += stake.get(each, 0)
        if 3 * missing > everybody:
            found.update(range(max(slot - 2 * (slots_per_epoch - 1), 0), slot + 1))
    return frozenset(found)
