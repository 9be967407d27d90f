"""The mechanism where what it is told of layer 1 is provisional: reported by anybody, proven later.

Draws, delays and duties go by the reports, as they come. What they lead to waits until the reports
in its time, after the proven slot, up to the last that counted, are known to hold:

* a proof's reward is minted where those up to the including block's hold, and never if one is void;
* an epoch is settled when those that ended its duties are known. A missed duty is excused where one
  in its time is void, and an invalid proof too, since a prover may have signed for what is true;
* in place of divided slots there are epochs without a certificate: a duty in such is excused.
"""

from collections.abc import Callable
from enum import IntEnum

from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import Penalty, SlotRecord


class Reported(IntEnum):
    """Of the reports of some slots. `UNKNOWN`: not all of them are proven; `HOLDS`: headers say the
    same; `VOID`: of one they do not."""

    UNKNOWN = 0
    HOLDS = 1
    VOID = 2


class ProvisionalLedger(RewardLedger):
    """`RewardLedger` that pays nothing, and fines nobody, for what is not proven."""

    def __init__(self, parameters: Parameters, minimum_bond: int,
                 standing_of: Callable[[int, int], Reported],
                 was_excused: Callable[[int, int], bool]) -> None:
        """`standing_of` and `was_excused`: of the reports after one slot up to another's."""
        super().__init__(parameters, minimum_bond)
        self._standing_of, self._was_excused = standing_of, was_excused

    def _settle_epoch(self, epoch: int) -> None:
        per_epoch = self.parameters.slots_per_epoch
        if all(self._reports_of(record) is not Reported.UNKNOWN
               for slot, record in self.open.items() if slot // per_epoch == epoch):
            super()._settle_epoch(epoch)

    def _is_excused(self, penalty: Penalty, record: SlotRecord) -> bool:
        return super()._is_excused(penalty, record) or self._reports_of(record) is Reported.VOID

    def _reports_of(self, record: SlotRecord) -> Reported:
        assert record.judged is not None, "a slot whose window has passed"
        return self._standing_of(record.slot, record.judged)

    def _was_divided(self, record: SlotRecord) -> bool:
        return record.judged is not None and self._was_excused(record.slot, record.judged)

    def _mature(self, slot: int) -> None:
        void = [win for win in self.pending if win.included_slot <= slot
                and self._standing_of(win.proven_slot, win.included_slot) is Reported.VOID]
        for win in void:
            self.pending.remove(win)
        super()._mature(slot)
