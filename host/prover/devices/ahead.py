"""A simulated device that is built by a process of its own, while this one prepares other things.

Emitting the Verilog keeps one core busy for as long as loading a chain and compiling its contracts
do; side by side they take two. It stands back behind what this process does, which somebody
watches. What is built goes into the cache, where `open_device` finds it; if that process fails,
`open_device` builds it itself, and says what is wrong.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.parent import end_with_parent, same_packages
from proofmill.host.prover.devices.catalogue import BuildProgress, is_built, open_device
from proofmill.host.prover.devices.check_programs import prepare_check
from proofmill.sim.processes import end, start

BEHIND = 5
"""How much nicer than this process it is."""


class Ahead(Closing):
    """Builds the device called `name`, from its making on; ends that where it is closed before."""

    def __init__(self, name: str) -> None:
        self._process = start(
            [sys.executable, "-m", __name__, name], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=same_packages())
        self.last: tuple[str, int, int] | None = None
        """The step that it has told last, None before the first and when it has ended."""
        self._progress: BuildProgress = lambda what, done, total: None
        self._hears = threading.Thread(target=self._hear, daemon=True)
        self._hears.start()

    @property
    def building(self) -> bool:
        """Whether it is still at it."""
        return self._hears.is_alive()

    def wait(self, progress: BuildProgress) -> None:
        """Until it has ended, well or not; `progress` hears at which step it is, and of those that
        follow."""
        self._progress = progress
        if self.last is not None:
            progress(*self.last)
        self._hears.join()

    def close(self) -> None:
        """End it, with the compilers it has started."""
        end(self._process)
        self._hears.join()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as said:
            for line in said:
                self.last = tuple(json.loads(line))
                self._progress(*self.last)
        self._process.wait()
        self.last = None


def ahead_of(name: str) -> Ahead | None:
    """What builds the device, None where it need not be built."""
    return None if is_built(name) else Ahead(name)


def main(name: str) -> None:
    """Build it; a line of JSON on stdout for each step: what is done, how far, of how much."""
    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    end_with_parent(signal.SIGTERM)
    if hasattr(os, "nice"):
        os.nice(BEHIND)

    def told(what: str, done: int, total: int) -> None:
        print(json.dumps([what, done, total]), flush=True)

    device = open_device(name, progress=told)
    prepare_check(device, told)
    device.close()


if __name__ == "__main__":
    main(sys.argv[1])
