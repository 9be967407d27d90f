"""Bonds: what they must cover, who may be drawn, and when they can leave.

    bond >= kappa * (sum of the penalties of all open duties)      kappa = 1.5

A duty is open from its slot until it is kept or its window has passed: the primary's W1, the
committee's W1 + W2. A prover is passed over in a draw when its bond would not cover the new duty as
well; that keeps the inequality true at every slot, whatever happens.
"""

from collections.abc import Sequence

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.penalties import committee_penalty, primary_penalty


def required_bond(parameters: Parameters, penalties: Sequence[int]) -> int:
    """``kappa * sum``, rounded up."""
    return -(-parameters.kappa_bps * sum(penalties) // BPS)


def covers(parameters: Parameters, bond: int, open_penalties: Sequence[int], new: int) -> bool:
    """Whether `bond` covers the open duties and one more of penalty `new`."""
    return bond >= required_bond(parameters, (*open_penalties, new))


def minimum_bond(parameters: Parameters, largest_budget: int) -> int:
    """The bond that is never passed over while it is whole: one prover drawn at every slot.

    `largest_budget`: R at rho_max and the highest load. W1 + 1 primary duties and W2 committee
    duties can be open at once.
    """
    return required_bond(parameters, (
        (parameters.stage1_blocks + 1) * primary_penalty(parameters, largest_budget),
        parameters.stage2_blocks * committee_penalty(parameters, largest_budget)))


def unbonding_epochs(parameters: Parameters) -> int:
    """Epochs a bond stays slashable after its owner asks for it back.

    It can still be drawn for 2 epochs, whose weights are frozen; then come the last deadline T,
    finality and the time for disputes.
    """
    deadline = -(-parameters.window_blocks // parameters.slots_per_epoch)
    return 2 + deadline + parameters.finality_epochs + parameters.dispute_epochs


def withdrawable_epoch(parameters: Parameters, request_epoch: int) -> int:
    """The first epoch in which a bond asked for in `request_epoch` can be taken out."""
    return request_epoch + unbonding_epochs(parameters) + 1
