"""Published results, by our own code; and the formulas against what is drawn."""

import json
from itertools import product

import numpy as np
import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.economics.attacks.optimal import optimum
from proofmill.host.network.economics.published import compounding, contest
from proofmill.host.network.economics.published.mix import best_play
from proofmill.host.network.economics.published.results import reproduce


def test_every_published_figure_is_reached() -> None:
    found = reproduce()
    assert len(found) == 10
    assert [one for one in found if not one.holds] == []


def by_search(share: float, slots: int, runs: int, seed: int, primary: float) -> float:
    """What greedy play earns a slot, drawn: all sets of blocks to leave out are tried, for the
    next draw's worth alone."""
    luck = np.random.Generator(np.random.PCG64(seed))
    tail, earned = 0, 0.0
    for _ in range(runs):
        best = -np.inf, 0
        for left_out in product((0, 1), repeat=min(tail, slots)):
            own = luck.random(slots) < share
            proven = (luck.random(slots) < share).sum() if primary else 0
            others = np.flatnonzero(~own[::-1])
            best = max(best, (own.sum() + primary * proven - sum(left_out),
                              int(others[0]) if len(others) else slots))
        earned, tail = earned + best[0], best[1]
    return earned / runs / slots


@pytest.mark.parametrize("primary", [0.0, 2.0])
def test_nobody_does_better_than_the_best_play(primary: float) -> None:
    """Greedy play earns more than honest play and no more than the bound; it is close to it."""
    share, slots = 0.3, 4
    bound = best_play(share, slots, 1.0, primary)
    greedy = by_search(share, slots, 8_000, 1, primary)
    assert bound.honest == pytest.approx(share * (1 + primary))
    error = 0.01 * (1 + primary)    # four standard errors
    assert bound.honest + error < greedy < bound.best + error
    assert greedy == pytest.approx(bound.best, rel=0.03)


def test_a_block_that_costs_more_than_a_draw_can_bring_is_never_left_out() -> None:
    play = best_play(0.3, 8, 1.0, cost=1000.0)
    assert play.best == pytest.approx(play.honest, abs=1e-7)
    with pytest.raises(ValueError, match="not between 0 and 1"):
        best_play(1.0, 8)


def test_the_second_layer_adds_less_where_it_pays_less() -> None:
    for share in (0.1, 0.33):
        first, floor = optimum(share).added
        assert first > floor > 0


def test_who_is_too_dear_leaves_the_race() -> None:
    costs = [3.0, 1.0, 1.2, 9.0]
    assert contest.enter(costs) == pytest.approx(contest.shares(costs), abs=1e-9)
    assert contest.shares(costs)[0] == contest.shares(costs)[3] == 0.0
    assert sum(contest.shares(costs)) == pytest.approx(1)
    assert contest.enter([2.0] * 4) == pytest.approx([0.25] * 4)
    with pytest.raises(ValueError, match="two provers or more"):
        contest.enter([1.0])


def test_geometric_rewards_keep_shares_closest() -> None:
    blocks = 50
    geometric, constant = compounding.geometric(3.0, blocks), compounding.constant(3.0, blocks)
    assert sum(geometric) == pytest.approx(sum(constant)) == pytest.approx(3.0)
    least = compounding.spread(0.2, geometric)
    luck = np.random.Generator(np.random.PCG64(3))
    for rewards in (constant, *(3.0 * luck.dirichlet(np.ones(blocks)) for _ in range(20))):
        assert least < compounding.spread(0.2, list(rewards))
    drawn, half_width = compounding.played(0.2, constant, 3_000)
    assert abs(drawn - compounding.spread(0.2, constant)) < 1.5 * half_width
    # One block: the share is 1/2 with the chance 0.2 after a reward as large as the stake.
    assert compounding.spread(0.2, [1.0]) == pytest.approx((0.2 * 0.8)**0.5 / 2)


def test_the_command_prints_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "published"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("proposals of 5%" in line and "5.048" in line for line in lines)
    assert main(["study", "published", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert all(one["holds"] for one in record["results"]) and len(record["results"]) == 10
