"""Waveforms of simulations under Verilator: of some cycles, by the names of the Verilog."""

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofmill.sim.vcd import Variable, cut, grouped

PERIOD_NS = 10
"""A cycle, as sim/trace.h has it."""

STREAM = ("payload", "payload__*", "valid", "ready")

GROUPS = {
    "commands": tuple(f"commands__{part}" for part in STREAM),
    "answers": tuple(f"answers__{part}" for part in STREAM),
    "memory": tuple(f"{name}__{part}" for name in ("requests", "points", "writes")
                    for part in STREAM),
    "multi-scalar multiplication": ("fsm_state", "msm.sequencer.fsm_state", "msm.start",
                                    "msm.ready"),
    "pairs and sums of the adder": ("msm.adder.next__cycle", "msm.adder.pairs__*",
                                    "msm.adder.totals__*"),
}
"""Signals of an accelerator to see first, by what they have in common."""

PINS = {"pins": ("rx", "tx", "active"), "memory chip": ("chip.pins__*", "broken")}
"""Those of a simulated board around it."""


@dataclass(frozen=True)
class Dumped:
    """What a dump has: its variables, and those to see first."""

    variables: list[Variable]
    groups: dict[str, list[Variable]]


@dataclass
class Dump:
    """A value change dump that a simulation writes while it runs.

    Parameters
    ----------
    path : the file that is written.
    cycles : the cycles that it has. Cycle 0 is the first behind an accelerator's reset, or a
        board's first, which has its reset in four of them.
    ran : how many cycles there were, known when the simulation is closed.
    """

    path: Path
    cycles: range
    ran: int = 0

    def begin(self, trace: Any, handle: int | None) -> None:
        """Have the simulation `handle` write it, by its library's function `trace`.

        Raises OSError where the file cannot be written.
        """
        trace.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64]
        if trace(handle, os.fsencode(self.path), self.cycles[0], self.cycles[-1]):
            raise OSError(f"{self.path} cannot be written")

    def finish(self, top: str) -> Dumped:
        """Bring it into the form that `sim.vcd` knows, of what lies in module `top`.

        To be called when the simulation is closed. Raises ValueError where it did not come as far.
        """
        if self.ran <= self.cycles[0]:
            raise ValueError(f"the run ended with cycle {max(0, self.ran - 1):,}")
        part = self.path.with_suffix(".part")
        with self.path.open() as source, part.open("w") as target:
            kept = cut(source, target, top)
        part.replace(self.path)
        return Dumped(kept, grouped(kept, PINS, top) | grouped(kept, GROUPS, "*accelerator"))
