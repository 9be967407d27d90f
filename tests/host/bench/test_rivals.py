"""What a point and window take on BLS12-377, beside other accelerators, and the README's table."""

import json
from pathlib import Path

import pytest

from proofmill.boards.shapes import FIVE_ROWS, SMALLEST
from proofmill.boards.units import shape_with
from proofmill.hdl.batch_shape import BatchShape, pairs_for
from proofmill.hdl.curve import BLS12_377, BLS12_381
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, of_curve
from proofmill.host.bench.rivals import BAR, GOAL, TABLES, figures, others, ways
from proofmill.host.cli.bench_rivals import PAGE
from proofmill.host.cli.main import main
from proofmill.host.cli.pages import part

README = Path(__file__).parents[3] / "README.md"


def test_the_readmes_table_is_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "rivals"]) == 0
    assert part(README, PAGE) == capsys.readouterr().out.strip("\n")


def test_what_others_state() -> None:
    """Hardcaml's 3,086 without bucket sums, CycloneMSM's 2,999 with them."""
    found = {each["name"].split()[0]: each for each in others()}
    assert round(found["Hardcaml"]["dsp_cycles"]) == 3086 and not found["Hardcaml"]["sums"]
    assert round(found["CycloneMSM"]["dsp_cycles"]) == 2999 and found["CycloneMSM"]["sums"]


def test_ours(capsys: pytest.CaptureFixture[str]) -> None:
    every = ways()
    found = [figures(way) for way in every]
    by_products = {each["products"]: each["dsp_cycles"] for each in found[:3]}
    assert list(by_products) == [12, 9, 7]  # so many blocks' cycles a product
    assert all(cost == pytest.approx(products * 485, rel=0.01)
               for products, cost in by_products.items())
    batched = found[3:]
    assert len(batched) == len(TABLES)
    # Batches take fewer products than the twisted Edwards form at its least.
    assert batched[0]["products"] < 7 and batched[0]["dsp_cycles"] < by_products[7]
    assert batched[0]["dsp_cycles"] < 3086
    assert batched[1]["dsp_cycles"] < GOAL < BAR < batched[0]["dsp_cycles"]
    assert [way.shape is None for way in every] == [False, True, True, False, False, False]
    assert main(["bench", "rivals", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ways"] == found and (said["bar"], said["goal"]) == (BAR, GOAL)


def test_batches_are_large_enough_to_hide_an_inversion() -> None:
    """... and, where products take long, for the products that are a batch's own."""
    long = shape_with(STANDARD, kind="karatsuba", digit=17, limb=26, depth=2)
    for shape, pairs in ((STANDARD, 128), (TOY_SHAPE, 128), (SMALLEST, 128), (FIVE_ROWS, 128),
                         (of_curve(BLS12_381), 256), (of_curve(BLS12_377), 256), (long, 256)):
        multiplier = shape.adder.multiplier
        assert pairs_for(multiplier) == pairs
        made = BatchShape(multiplier=multiplier, pairs=pairs)
        slots = pairs * made.slots
        assert slots * made.interval >= made.inverter.latency and slots >= 40 * made.products


@pytest.mark.slow
def test_the_gateware_that_reaches_the_goal_sums_right(capsys: pytest.CaptureFixture[str]) -> None:
    """In the cycles of its control."""
    assert main(["bench", "rivals", "--rtl", "5", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["rtl"]
    assert found["name"] == "in batches of 256, 13 steps of the division in tables"
    assert found["cycles"] == found["control_cycles"] > 0 and found["power"] == 5
