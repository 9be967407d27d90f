"""A compiled simulation that is closed."""

import numpy as np
import pytest

from proofmill.sim.compiling import untold
from proofmill.sim.verilated import HARNESS, Simulation, library_of
from tests.sim.test_dump import ECHO


def test_a_closed_simulation_is_not_asked():
    """Its library would read what has been freed."""
    simulation = Simulation(library_of(ECHO, "accelerator", HARNESS, untold, traced=True))
    simulation.close()
    simulation.close()
    for ask in (simulation.reset, lambda: simulation.cycle,
                lambda: simulation.exchange(np.zeros(1, dtype=np.uint64), 1, 1)):
        with pytest.raises(ValueError, match="^the simulation is closed$"):
            ask()
