"""Libraries of simulations: what goes wrong before anything is compiled."""

import pytest

from proofmill.sim.compiling import BuildError
from proofmill.sim.verilated import HARNESS, library_of


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    place = tmp_path / "file"
    place.write_text("no folder")
    monkeypatch.setenv("PROOFMILL_CACHE", str(place))
    with pytest.raises(BuildError, match="file.*set PROOFMILL_CACHE to another folder"):
        library_of("module board; endmodule", "board", HARNESS, lambda what, done, total: None)
