"""Rewards, controller, penalties, bonds, reliability: values worked out by hand, and bounds."""

import pytest

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism import bonds, controller, penalties, reliability, rewards
from proofmill.host.network.mechanism.lottery import Assignment
from proofmill.host.network.mechanism.parameters import BILLION, Defences, Parameters
from proofmill.host.network.mechanism.stages import Stage, may_prove, stage_of

P = Parameters()


@pytest.mark.parametrize(
    ("delay", "decay"), [(1, 10_000), (2, 10_000), (3, 9_166), (5, 7_500), (8, 5_000), (9, 0)])
def test_decay(delay: int, decay: int) -> None:
    assert rewards.decay_bps(P, delay) == decay


def test_budget_load_and_split() -> None:
    assert rewards.budget(64_000, 250_000_000) == 16_000
    assert rewards.budget(64_000, 250_000_000, 20_000) == 32_000
    assert [rewards.load_bps(P, used, 100) for used in (0, 50, 130, 999)] == [
        5_000, 5_000, 13_000, 20_000]
    assert rewards.split(P, 6_400, 1) == (5_600, 800)
    assert rewards.split(P, 6_400, 3) == (5_132, 733)
    for slot_budget in (0, 1, 63, 64, 22_624_000, 2**62):
        for delay in range(1, 10):
            assert 0 <= sum(rewards.split(P, slot_budget, delay)) <= slot_budget
    with pytest.raises(ValueError, match="not 0"):
        rewards.decay_bps(P, 0)


def test_controller_stays_in_its_bounds_and_moves_towards_the_target() -> None:
    assert controller.coverage_bps(7, 8) == 8_750
    assert controller.coverage_bps(0, 0) == BPS
    assert controller.next_rho(P, P.rho_max, BPS) == 250_000_000 * 79_800 // 80_000
    assert controller.next_rho(P, P.rho_max, 0) == P.rho_max
    assert controller.next_rho(P, P.rho_min, BPS) == P.rho_min
    rho = P.rho_max
    for _ in range(2_000):
        rho = controller.next_rho(P, rho, BPS)
    assert rho == P.rho_min


def test_penalties_are_divided_exactly() -> None:
    assert penalties.primary_penalty(P, 6_400) == 11_200
    assert penalties.committee_penalty(P, 6_400) == 2_800
    assert penalties.settle(P, 11_201) == penalties.Settlement(5_600, 5_601, 0)
    assert penalties.settle(P, 11_201, rescued=False) == penalties.Settlement(11_201, 0, 0)
    assert penalties.settle(P, 11_201, outage=True) == penalties.Settlement(1_400, 1_400, 8_401)
    for penalty in range(50):
        for outage in (False, True):
            assert penalties.settle(P, penalty, outage).taken == penalty
    assert [penalties.is_outage(P, missed, 9) for missed in (3, 4)] == [False, True]


def test_bonds_cover_kappa_times_the_liabilities() -> None:
    assert bonds.required_bond(P, [100, 1]) == 152
    assert bonds.covers(P, 300, [100], 100) and not bonds.covers(P, 299, [100], 100)
    # Three duties as primary at 2 * 5,600 and two in the committee at a quarter of that.
    assert bonds.minimum_bond(P, 6_400) == (3 * 11_200 + 2 * 2_800) * 3 // 2
    assert bonds.unbonding_epochs(P) == 2 + 1 + 2 + 2
    assert bonds.withdrawable_epoch(P, 10) == 18


def test_reliability() -> None:
    assert [reliability.first(P, proofs) for proofs in (0, 2, 3, 4)] == [0, 0, 3_000, 3_000]
    assert reliability.kept(P, 3_000) == 3_700
    assert reliability.missed(P, 10_000) == 6_000
    assert reliability.missed(P, 1_200) == 1_000 and reliability.missed(P, 0) == 0
    assert reliability.idle(P, 10_000) == 9_990
    assert reliability.idle(P, 3_000) == 3_000 and reliability.idle(P, 1_500) == 1_500
    q = 1_000
    for _ in range(100):
        q = reliability.kept(P, q)
    assert q == BPS


def test_stages_and_who_is_in_them() -> None:
    stages = [stage_of(P, delay) for delay in range(1, 10)]
    assert stages == [Stage.PRIMARY] * 2 + [Stage.COMMITTEE] * 2 + [Stage.OPEN] * 4 + [Stage.CLOSED]
    drawn, bonded = Assignment(1, (2, 3)), {1, 2, 3, 4}
    who = [[p for p in range(6) if may_prove(P, drawn, p, d, bonded)] for d in (1, 3, 5, 9)]
    assert who == [[1], [1, 2, 3], [1, 2, 3, 4], []]
    assert may_prove(P, Assignment(None, ()), 4, 1, bonded)
    race = Parameters(defences=Defences(stages=False))
    assert may_prove(race, drawn, 4, 1, bonded)


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="windows of 0"):
        Parameters(stage1_blocks=0)
    with pytest.raises(ValueError, match="burn_bps must be 0 to 10,000, not 10001"):
        Parameters(burn_bps=10_001)
    with pytest.raises(ValueError, match="rho must"):
        Parameters(rho_max=BILLION + 1)
    with pytest.raises(ValueError, match="exceed 64"):
        Parameters(includer_weight=9)
