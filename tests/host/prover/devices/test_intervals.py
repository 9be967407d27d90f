"""Other throughputs than the standard one: more multipliers, fed by more mailbox units."""

import pytest

from proofmill.hdl.curve import Group
from proofmill.hdl.presets import STANDARD, at_interval
from proofmill.host.bench.msm import measure
from proofmill.host.prover.devices.catalogue import open_device


def test_the_standard_accelerator_is_the_one_at_interval_12():
    assert at_interval(12) == STANDARD


@pytest.mark.parametrize("interval", [0, 5, 24])
def test_intervals_that_cannot_be_fed_are_refused(interval):
    with pytest.raises(ValueError, match=f"interval is a divisor of 12, not {interval}"):
        at_interval(interval)


@pytest.mark.slow
@pytest.mark.parametrize("interval", [6, 4, 3, 2, 1])
def test_sums_are_right_and_the_model_counts_the_same_cycles(interval):
    shape = at_interval(interval)
    devices = [open_device(name, lanes=1, shape=shape) for name in ("rtl", "model")]
    for group in Group:
        for kind in ("uniform", "equal", "binary", "hot"):
            figures = [measure(device, group, 100, kind) for device in devices]
            assert figures[0]["counters"] == figures[1]["counters"]
    for device in devices:
        device.close()
