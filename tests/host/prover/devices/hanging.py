"""A device that hangs, ends its process or fails where a file says so, opened in that process."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Job, Progress, Result


def obey(orders: Path, failure: str) -> None:
    """Do what the first word says, and leave the others for the next time."""
    words = orders.read_text().split()
    if words:
        orders.write_text(" ".join(words[1:]))
    match words[:1]:
        case ["hang"]:
            time.sleep(3600)
        case ["end"]:
            os._exit(3)
        case ["fail"]:
            raise ValueError(failure)


class Hanging(CpuDevice):
    """This machine's processor, obeying what `orders` holds: one word a run."""

    def __init__(self, orders: str) -> None:
        super().__init__(threads=1)
        self._orders = Path(orders)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        obey(self._orders, "no such register")
        return super().run(jobs, progress)
