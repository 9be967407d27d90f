import json

import pytest

from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.presets import STANDARD
from proofmill.host.bench.batches import BARS, KINDS, figures
from proofmill.host.cli.main import main
from proofmill.sim.batch import products

SHAPE = BatchShape(multiplier=STANDARD.adder.multiplier)


@pytest.mark.parametrize("kind", KINDS)
def test_products_are_those_of_the_formulas(kind):
    found = figures(SHAPE, kind, 9)
    assert found["products"] == products(SHAPE, [KINDS[kind]] * 512, found["batches"])
    assert found["products_an_addition"] == found["products"] / 512
    assert 512 * 6 <= found["products"] <= found["cycles"]
    assert found["dsp_cycles"] == found["dsp"] * found["cycles_an_addition"]


def test_what_was_wanted_is_reached():
    for (kind, power), bar in BARS.items():
        assert figures(SHAPE, kind, power)["products_an_addition"] <= bar


def test_the_command_says_the_same(capsys):
    assert main(["bench", "batch", "--power", "5", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["preset"] == "standard" and record["multiplier"] == "pipelined"
    assert record["runs"] == [figures(SHAPE, kind, 5) for kind in KINDS]


def test_a_multiplier_that_does_not_fit_is_refused(capsys):
    assert main(["bench", "batch", "--power", "3", "--multiplier", "karatsuba"]) == 2
    assert "these parameters do not fit: a karatsuba multiplier needs a depth" in (
        capsys.readouterr().err)
