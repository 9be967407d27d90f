import pytest

from proofmill.hdl.windows import FRACTION_BITS, MAX_WINDOW, WindowPlan, halves
from proofmill.sim.msm import group_of_bit, signed_digits


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


@pytest.mark.parametrize("base", range(3, 32))
def test_digits_to_a_base_stand_for_every_scalar(base):
    """In each place what has come by products from the fraction that is sent; of 181 numbers."""
    plan = WindowPlan(8, base.bit_length(), base=base, order=181)
    assert base ** plan.copies > 181 >= base ** (plan.copies - 1)
    assert plan.sizes[0] == base // 2 and plan.mailboxes <= 16 + 2 * 8
    for scalar in range(1, 181):
        fraction, found = plan.sent(scalar), []
        for _ in range(plan.copies):
            digit, fraction = divmod(fraction * base, 1 << FRACTION_BITS)
            found.append(digit - base // 2)
        assert found == signed_digits(scalar, plan)
        assert sum(digit * plan.multiple(n) for n, digit in enumerate(found)) % 181 == scalar
    assert plan.sent(0) == 0


@pytest.mark.parametrize("wrong", [
    {"window": 4}, {"base": 2, "window": 2}, {"order": 0}, {"stride": 4}, {"at_once": 1},
    {"units": 2}, {"base": 65535, "window": 16, "order": 1 << 256}])
def test_bases_that_there_are_not_are_refused(wrong):
    with pytest.raises(ValueError, match="base"):
        WindowPlan(**{"scalar_bits": 8, "window": 5, "base": 17, "order": 181} | wrong)


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


@pytest.mark.parametrize("window, stride, units", [
    (13, 13, 1), (12, 12, 1), (7, 13, 1), (9, 26, 1), (11, 32, 3), (16, 64, 4), (8, 128, 12)])
def test_slices_are_cut_alike_and_hold_the_scalar(window, stride, units):
    plan = WindowPlan(254, window, units, stride=stride)
    assert (plan.copies - 1) * stride < 255 <= plan.copies * stride
    ends = [plan.position(n) + plan.width(n) for n in range(plan.digits)]
    assert [plan.position(n) for n in range(plan.digits)] == [0, *ends[:-1]]
    assert ends[-2] < 255 <= ends[-1]
    assert plan.digits - 1 == (plan.copies - 1) * plan.windows + plan.last
    assert plan.bias == sum(1 << end - 1 for end in ends[:-1])
    # As many mailboxes as a scalar of one slice takes.
    assert plan.sizes[0] == -(-plan.windows // units) << window - 1


@pytest.mark.parametrize("window, stride, sentence", [
    (12, 13, "a slice of 13 bits is not cut into windows of 12 bits and of one bit less"),
    (2, 5, "a slice of 5 bits is not cut into windows of 2 bits and of one bit less"),
    (2, 1, "a slice has 2 to 255 bits, not 1"), (8, 256, "a slice has 2 to 255 bits, not 256")])
def test_slices_that_cannot_be_cut_are_refused(window, stride, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        WindowPlan(254, window, stride=stride)
