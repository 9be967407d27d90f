"""The eight things that must be true, as functions that raise `BrokenInvariant`.

`check_slot` is called at every slot of every simulation: invariants 2 to 6. Invariant 1 compares
two runs of a chain, 7 replays into a ledger, 8 judges a measured attack.
"""

import copy
from collections.abc import Sequence

from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.records import Submission


class BrokenInvariant(AssertionError):
    """An invariant does not hold; the message begins with its number."""


def require(holds: bool, number: int, message: str) -> None:
    """Raise `BrokenInvariant` unless `holds`."""
    if not holds:
        raise BrokenInvariant(f"invariant {number}: {message}")


def layer_one_untouched(with_layer_two: Sequence[int], without: Sequence[int]) -> None:
    """1: validators' layer-1 balances are the same with and without the second layer."""
    for validator, (ours, theirs) in enumerate(zip(with_layer_two, without, strict=True)):
        require(ours == theirs, 1, f"validator {validator} has {ours} gwei, not {theirs}")


def minted_within_budgets(ledger: RewardLedger) -> None:
    """2: what layer 2 has credited is at most the budgets of the slots."""
    totals = ledger.totals
    require(totals.credited + totals.minted_bounties <= totals.budgets, 2,
            f"{totals.credited} + {totals.minted_bounties} gwei exceed {totals.budgets}")
    require(totals.matured <= totals.credited, 2, "more has matured than was credited")


def one_winner(ledger: RewardLedger) -> None:
    """3: at most one win for a (root, proof type)."""
    keys = set()
    for record in ledger.open.values():
        require(len(record.wins) <= 1, 3, f"slot {record.slot} has {len(record.wins)} winners")
        require(record.key not in keys, 3, f"slot {record.slot} repeats a payload")
        keys.add(record.key)


def winners_verified(ledger: RewardLedger) -> None:
    """4: every paid proof verifies with its own winner's tag."""
    for record in ledger.open.values():
        for win in record.wins:
            require(win.submission.verifies(bound=True), 4,
                    f"slot {record.slot} pays prover {win.submission.prover} for a proof that "
                    "does not verify with its tag")


def bonds_cover_liabilities(ledger: RewardLedger) -> None:
    """5: no bond is below its prover's open penalties."""
    # Of all others the bond is the minimum or more, and owes nothing.
    asked = ledger.standing.short.union(
        *(record.assignment.drawn for record in ledger.open.values()))
    for prover in map(ledger.provers.__getitem__, asked):
        require(prover.bond >= prover.liabilities, 5,
                f"prover {prover.identity} owes up to {prover.liabilities} of {prover.bond} gwei")


def penalties_add_up(ledger: RewardLedger) -> None:
    """6: burned + bounties + kept = taken, with what is not settled yet."""
    totals = ledger.totals
    waiting = sum(penalty.amount for penalty in ledger.escrow)
    require(totals.burned + totals.bounties + totals.kept + waiting == totals.taken, 6,
            f"{totals.burned} burned, {totals.bounties} bounty, {totals.kept} kept, {waiting} "
            f"waiting, but {totals.taken} gwei taken")


def check_slot(ledger: RewardLedger) -> None:
    """Invariants 2 to 6 of a ledger."""
    minted_within_budgets(ledger)
    one_winner(ledger)
    winners_verified(ledger)
    bonds_cover_liabilities(ledger)
    penalties_add_up(ledger)


def state(ledger: RewardLedger) -> object:
    """A comparable copy of everything a ledger knows."""
    return copy.deepcopy({name: value for name, value in vars(ledger).items()})


def replay_changes_nothing(
    ledger: RewardLedger, slot: int, next_mix: bytes, sent: Sequence[tuple[int, int, Submission]]
) -> None:
    """7: what happened in `slot` happens again, from any step on, and nothing changes.

    `sent`: (includer, proven slot, submission) of each proof in the slot's block.
    """
    before = state(ledger)
    for includer, proven_slot, submission in sent:
        ledger.include(slot, includer, proven_slot, submission)
    ledger.close_slot(slot, next_mix)
    ledger.finalise(ledger.finalised_slot)
    require(before == state(ledger), 7, f"slot {slot} played twice is not slot {slot} played once")


def attack_does_not_pay(name: str, upper_gwei: float) -> None:
    """8: the upper end of an attack's measured mean profit is not positive."""
    require(upper_gwei <= 0, 8, f"{name} may earn {upper_gwei:.0f} gwei")
