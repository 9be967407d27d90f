import json

import pytest

from proofmill.hdl.curve import BLS12_381, Group
from proofmill.hdl.presets import STANDARD, of_curve
from proofmill.hdl.quadratic_shape import SHAPES
from proofmill.host.bench.batches import BARS, KINDS, figures
from proofmill.host.cli.main import main
from proofmill.sim.batch import products

MADE = {group: shape(multiplier=STANDARD.adder.multiplier) for group, shape in SHAPES.items()}
SHAPE = MADE[Group.G1]


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("kind", KINDS)
def test_products_are_those_of_the_formulas(kind, group):
    shape = MADE[group]
    found = figures(shape, kind, 9)
    assert found["products"] == products(shape, [KINDS[kind]] * 512, found["batches"])
    assert found["products_an_addition"] == found["products"] / 512
    assert 512 * shape.slots <= found["products"] <= found["cycles"]
    assert found["dsp_cycles"] == found["dsp"] * found["cycles_an_addition"]


def test_what_was_wanted_is_reached():
    for (degree, kind, power), bar in BARS.items():
        shape = next(shape for shape in MADE.values() if shape.degree == degree)
        assert figures(shape, kind, power)["products_an_addition"] <= bar


def test_the_command_says_the_same(capsys):
    assert main(["bench", "batch", "--power", "5", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["preset"] == "standard" and record["multiplier"] == "pipelined"
    assert record["runs"] == [figures(SHAPE, kind, 5) for kind in KINDS]
    assert main(["bench", "batch", "--power", "5", "--group", "g2", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["group"] == "g2"
    assert record["runs"] == [figures(MADE[Group.G2], kind, 5) for kind in KINDS]


def test_on_another_curve(capsys):
    """BLS12-381 has G2, over the same Fp2; BLS12-377 is of G1 alone."""
    assert main(["bench", "batch", "--power", "5", "--curve", "bls12-381", "--group", "g2",
                 "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["curve"], record["group"]) == ("bls12-381", "g2")
    shape = SHAPES[Group.G2](multiplier=of_curve(BLS12_381).adder.multiplier, pairs=256, least=192)
    assert record["runs"] == [figures(shape, kind, 5) for kind in KINDS]
    for command in (["bench", "batch"], ["bench", "msm", "--device", "model"]):
        assert main([*command, "--curve", "bls12-377", "--group", "g2"]) == 2
        said = capsys.readouterr().err
        assert "--curve bls12-377" in said and "of G1 alone; leave --group out" in said
    assert main(["bench", "batch", "--curve", "bls12-381", "--preset", "toy"]) == 2
    assert "is not of the toy; leave --preset out" in capsys.readouterr().err


def test_a_multiplier_that_does_not_fit_is_refused(capsys):
    assert main(["bench", "batch", "--power", "3", "--multiplier", "karatsuba"]) == 2
    assert "these parameters do not fit: a karatsuba multiplier needs a depth" in (
        capsys.readouterr().err)
