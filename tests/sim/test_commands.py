"""Commands in words, where a fault would not show in a sum."""

import pytest

from proofmill.hdl.commands import multiply_head, split
from proofmill.hdl.curve import Group
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import scalar_words


def test_scalars_travel_in_the_fewest_words():
    ones = [0, 1, (1 << 64) - 1, 1 << 64, (1 << 128) - 1, 1 << 128, 1 << 253]
    assert scalar_words([]) == []
    assert scalar_words(ones) == [
        0b11_11_10_10_01_01_00, 1, (1 << 64) - 1, 0, 1, (1 << 64) - 1, (1 << 64) - 1, 0, 0, 1, 0,
        0, 0, 0, 1 << 61]
    assert scalar_words([1] * 33) == [sum(1 << 2 * n for n in range(32)), *[1] * 32, 1, 1]


def test_what_fits_no_word_and_what_no_command_has_is_refused():
    assert split((1 << 64) + 5, 2) == [5, 1]
    for value in (-1, 1 << 128):
        with pytest.raises(ValueError, match=f"^{value} does not fit 2 words$"):
            split(value, 2)
    with pytest.raises(ValueError, match="^MULTIPLY has no windoes$"):
        multiply_head(Group.G1, WindowPlan(254, 8), windoes=3)
