# amaranth: UnusedElaboratable=no
"""A product comes of one cycle's operands: not proven of a cycle beside the right one."""

import pytest

from proofmill.boards.cores.proofs.multiplier import FREE, OneCycle
from proofmill.boards.cores.proofs.sby import ONE_QUERY
from proofmill.hdl.presets import TOY_SHAPE
from tests.boards.cores.test_benches import folded
from tests.hdl.proofs import prove

MULTIPLIERS = {"pipelined": TOY_SHAPE.adder.multiplier, "folded": folded(3).adder.multiplier}


@pytest.mark.parametrize("name, beside", [
    ("pipelined", -1), pytest.param("pipelined", 1, marks=pytest.mark.slow),
    pytest.param("folded", -1, marks=pytest.mark.slow)])
def test_another_cycle_is_not_proven(name, beside, tmp_path):
    shape = MULTIPLIERS[name]
    proof = OneCycle(shape, shape.latency + beside)
    assert prove(proof, tmp_path, mode="bmc", depth=proof.depth, any_state=FREE,
                 engine=ONE_QUERY) == "FAIL"
