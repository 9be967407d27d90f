"""What a sum takes of a chip: blocks times cycles of an addition, of any multiplier."""

import pytest

from proofmill.boards.units import shape_with
from proofmill.hdl.curve import BLS12_381
from proofmill.hdl.presets import STANDARD, at_interval, of_curve
from proofmill.host.bench.batches import BLOCK
from proofmill.host.bench.msm import BLOCKS_BARS, blocks
from proofmill.host.cli.main import main

XCUP = shape_with(STANDARD, kind="karatsuba", digit=17, limb=26, depth=2)


def measured(**more: object) -> dict[str, object]:
    """Figures as `host.bench.msm.measure` has them, of a sum in batches."""
    return {"group": "g1", "scalars": "uniform", "points": 4096, "cycles": 7000, "additions": 1000,
            "batched": 990, "counters": {"additions": 1000}} | more


def test_blocks_are_those_of_all_multipliers() -> None:
    """... and cycles all there are, over all additions."""
    found = blocks(XCUP.adder, measured())
    assert found == {"dsp": 269, "dsp_cycles": 269 * 7, "dsp_cycles_bar": 1750}
    four = at_interval(3)
    assert blocks(four.adder, measured())["dsp"] == 4 * BLOCK.total(
        STANDARD.adder.multiplier.multiplications)
    assert blocks(XCUP.adder, measured(counters={"additions": 0})) == {}
    assert blocks(XCUP.adder, {"group": "g1"}) == {}  # of a processor


def test_what_is_wanted_is_of_random_scalars_of_bn254s_g1_in_batches() -> None:
    assert BLOCKS_BARS == {4096: 1750, 16_384: 1700}
    complete = measured()
    del complete["batched"]
    for adder, figures in ((XCUP.adder, measured(scalars="hot")),
                           (XCUP.adder, measured(group="g2")),
                           (XCUP.adder, measured(points=1024)), (XCUP.adder, complete),
                           (of_curve(BLS12_381).adder, measured())):
        assert "dsp_cycles_bar" not in blocks(adder, figures)


@pytest.mark.parametrize("line, said", [
    ("--multiplier karatsuba", "these parameters do not fit: a karatsuba multiplier needs a depth"),
    ("--depth 2", "these parameters do not fit: a pipelined multiplier has no depth"),
    ("--device cpu --multiplier folded", "--multiplier folded: is of simulated accelerators"),
    ("--device cpu --digit 17", "--digit 17: is of simulated accelerators")])
def test_a_multiplier_that_does_not_fit_is_refused(
        line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "msm", "--points", "8", *line.split()]) == 2
    assert said in capsys.readouterr().err
