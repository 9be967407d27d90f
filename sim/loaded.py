"""A compiled simulation in this process: loaded, called, and freed."""

import ctypes
from pathlib import Path
from typing import Any


class Loaded:
    """One simulation: what ``NAME_create`` of a library gives, until ``NAME_destroy`` has it.

    Not to be used from two threads at once; several simulations run side by side.

    Parameters
    ----------
    library : see `sim.verilated.library_of`.
    name : how the names of its functions begin.
    given : what it is created with, integers.
    functions : those that are called beside these two, by the rest of their names: (what they take
        after the simulation, what they return), as types of ctypes.
    """

    def __init__(self, library: Path, name: str, *given: int,
                 **functions: tuple[list[Any], Any]) -> None:
        self._name, self._code = name, ctypes.CDLL(str(library))
        for function, (arguments, result) in {"destroy": ([], None), **functions}.items():
            found = self._function(function)
            found.argtypes, found.restype = [ctypes.c_void_p, *arguments], result
        create = self._function("create")
        create.restype = ctypes.c_void_p
        self._handle: int | None = create(*given)

    def _function(self, function: str) -> Any:
        return getattr(self._code, f"{self._name}_{function}")

    def _call(self, function: str, *arguments: Any) -> Any:
        """What the function returns. Raises ValueError when the simulation is closed."""
        if self._handle is None:
            raise ValueError("the simulation is closed")
        return self._function(function)(self._handle, *arguments)

    def close(self) -> None:
        """Free the simulation; calling it again does nothing."""
        if self._handle is not None:
            self._call("destroy")
            self._handle = None
