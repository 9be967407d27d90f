"""Libraries of simulations: what goes wrong before anything is compiled."""

import pytest

from proofmill.hdl.presets import TOY_SHAPE
from proofmill.sim import verilated
from proofmill.sim.compiling import BuildError, untold
from proofmill.sim.verilated import HARNESS, gateware, library_of
from proofmill.sim.wide_gateware import wide_library
from tests.firmware.wide_programs import TOY_WIDE


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    place = tmp_path / "file"
    place.write_text("no folder")
    monkeypatch.setenv("PROOFMILL_CACHE", str(place))
    with pytest.raises(BuildError, match="file.*set PROOFMILL_CACHE to another folder"):
        library_of("module board; endmodule", "board", HARNESS, untold)
    for build in (verilated.build, gateware):
        with pytest.raises(BuildError, match="file.*set PROOFMILL_CACHE to another folder"):
            build(TOY_SHAPE)
    with pytest.raises(BuildError, match="file.*set PROOFMILL_CACHE to another folder"):
        wide_library(TOY_WIDE)
