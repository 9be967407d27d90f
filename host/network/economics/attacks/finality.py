"""Attacks with branches: to be paid on one, and again on the other."""

from proofmill.host.network.economics.attacks.arena import BLOCK_REWARD_GWEI, Agent, Setting
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.economics.attacks.theft import against


class Withdrawer(Agent):
    """Takes out of the chain whatever has matured, as soon as it has."""

    def after_slot(self, slot: int) -> None:
        earned = self.net.ledger.earned
        for identity in self.net.own:
            self.paid_out += earned.pop(identity, 0)


class Reorganiser(Withdrawer):
    """Undoes, once an epoch, a block that holds its proof, which another block then holds again.

    To undo any one block that is not final, for its reward, which it makes good to the proposer, is
    more than an attacker can do.
    """

    branches = True

    def __init__(self) -> None:
        super().__init__()
        self._last = -1

    def undoes(self, slot: int) -> bool:
        epoch = slot // self.net.parameters.slots_per_epoch
        paid = any(win.included_slot == slot and win.submission.prover in self.net.own
                   for record in self.net.ledger.open.values() for win in record.wins)
        if not paid or epoch == self._last:
            return False
        self._last = epoch
        self.costs += BLOCK_REWARD_GWEI
        return True


ATTACKS = (
    Attack(
        "reorganisation and double pay", "withdraw, undo the block, be paid on the other branch",
        "rewards mature when both blocks are final; one payment for a payload on a branch",
        "20 % of the stake, undoes one block an epoch for the block's reward",
        ("finality",),
        lambda defences, seed: against(
            Setting(share=0.2, failure_rate=0), Reorganiser, Withdrawer, defences, seed)),
)
