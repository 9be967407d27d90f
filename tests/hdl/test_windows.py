import pytest

from proofmill.hdl.windows import MAX_WINDOW, WindowPlan, best_plan, halves
from proofmill.sim.msm import group_of_bit


@pytest.mark.parametrize("scalar_bits", [8, 64, 254, 255])
@pytest.mark.parametrize("window", range(2, MAX_WINDOW + 1))
def test_digits_and_regions(scalar_bits, window):
    plan = WindowPlan(scalar_bits, window)
    # The greatest scalar's digits, with their last carry, fit.
    assert (plan.windows - 1) * window <= scalar_bits < plan.windows * window
    assert plan.sizes[0] == plan.windows << window - 1
    assert len(plan.sizes) == len(halves(window)) + 1
    assert plan.sizes[-1] == plan.windows << len(halves(window)) << 1
    # Neighbouring levels lie in different regions, and every level fits its own.
    assert all(size <= plan.second_region for size in plan.sizes[0::2])
    assert all(plan.second_region + size <= plan.mailboxes for size in plan.sizes[1::2])


@pytest.mark.parametrize("window", range(2, MAX_WINDOW + 1))
def test_every_bit_has_a_group_of_its_own_and_its_exponent(window):
    plan = WindowPlan(254, window)
    groups = {}
    for place in range(plan.windows):
        for bit in range(plan.width(place)):
            group = group_of_bit(plan, place, bit)
            assert group not in groups
            assert group < plan.windows << len(halves(window))
            groups[group] = plan.exponent(group)
            assert groups[group] == plan.position(place) + bit
    assert len(set(groups.values())) == len(groups)


@pytest.mark.parametrize("units", [1, 2, 3, 4, 6, 12])
@pytest.mark.parametrize("scalar_bits", [8, 64, 254])
def test_windows_are_cut_so_that_units_share_them_evenly(scalar_bits, units):
    for window in range(2, MAX_WINDOW + 1):
        plan = WindowPlan(scalar_bits, window, units)
        ends = [plan.position(n) + plan.width(n) for n in range(plan.windows)]
        assert [plan.position(n) for n in range(plan.windows)] == [0, *ends[:-1]]
        assert {plan.width(n) for n in range(plan.windows)} <= {window, window - 1}
        assert plan.width(0) == window
        if plan.wide < plan.windows:
            assert ends[-1] == scalar_bits + 1
        else:
            assert ends[-2:-1] <= [scalar_bits] < ends[-1:]
        shared = -(-plan.windows // units) * units
        # Not shared evenly only where windows of one bit less would do, or none is narrower.
        assert plan.windows == shared or window == 2 or shared * (window - 1) > scalar_bits


def test_halves_end_at_one_bit():
    assert halves(1) == []
    assert halves(13) == [7, 4, 2, 1]
    for window in range(2, MAX_WINDOW + 1):
        widths = [window, *halves(window)]
        assert widths[-1] == 1
        assert all(2 * half - 1 <= width <= 2 * half
                   for width, half in zip(widths, widths[1:], strict=False))


@pytest.mark.parametrize("window", [-1, 0, 1, 17])
def test_a_window_too_narrow_or_wide_is_refused(window):
    with pytest.raises(ValueError, match=f"^a window has 2 to 16 bits, not {window}$"):
        WindowPlan(254, window)


def test_more_points_take_wider_windows_and_too_few_mailboxes_are_refused():
    widths = [best_plan(254, 1 << n, 1 << 22).window for n in range(0, 22)]
    assert widths == sorted(widths)
    smallest = WindowPlan(254, 2, at_once=1).mailboxes
    with pytest.raises(ValueError, match=(
            f"^{smallest - 1} mailboxes are too few for any window of 254-bit scalars; the "
            f"smallest takes {smallest}$")):
        best_plan(254, 10, smallest - 1)


@pytest.mark.parametrize("mailboxes, units", [(8192, 1), (4096, 1), (2048, 4)])
def test_the_best_plan_fits_and_covers_every_window_once(mailboxes, units):
    for points in (1, 100, 4096, 65536, 1 << 20):
        plan = best_plan(254, points, mailboxes, units)
        assert plan.mailboxes <= mailboxes
        covered = [window for first, count in plan.passes for window in range(first, first + count)]
        assert covered == list(range(plan.windows))
    few = [best_plan(254, points, mailboxes, units) for points in (1, 100, 1000)]
    assert not any(plan.at_once for plan in few)  # passes do not pay


def test_where_scalars_travel_slowly_they_are_sent_once():
    """A pass takes as long as sending or adding: 18 additions at 180 cycles and 30 MHz are the time
    of a scalar at 3 Mbaud."""
    near, far = (best_plan(254, 65536, 2048, sending=sending) for sending in (0, 18))
    assert len(list(near.passes)) > 10 and len(list(far.passes)) <= 2
    seconds = [max(18 * len(list(plan.passes)), plan.windows) for plan in (near, far)]
    assert seconds[1] < 0.2 * seconds[0]


def test_what_is_forced_is_kept_or_refused():
    assert best_plan(254, 100, 8192, window=11).at_once
    assert best_plan(254, 100, 8192, window=8, at_once=3).at_once == 3
    with pytest.raises(ValueError, match="^8192 mailboxes are too few for windows of 16 bits"):
        best_plan(254, 100, 8192, window=16)
    with pytest.raises(ValueError, match="^there are 32 windows of 8 bits, so not 33 at once$"):
        best_plan(254, 100, 8192, window=8, at_once=33)
