"""A device that hangs, ends its process or fails where a file says so, opened in that process."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Job, Progress, Result


def obey(orders: Path, failure: str) -> str:
    """Do what the first word says, and leave the others for the next time; the word."""
    words = orders.read_text().split()
    if words:
        left = Path(f"{orders}.left")    # who looks at the file sees no half of it
        left.write_text(" ".join(words[1:]))
        left.replace(orders)
    match words[:1]:
        case ["hang"]:
            time.sleep(3600)
        case ["end"]:
            os._exit(3)
        case ["fail"]:
            raise ValueError(failure)
    return words[0] if words else ""


class Hanging(CpuDevice):
    """This machine's processor, obeying what `orders` holds: one word a run."""

    def __init__(self, orders: str) -> None:
        super().__init__(threads=1)
        self._orders = Path(orders)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        first = obey(self._orders, "no such register")
        while first == "endless" and progress is not None:
            time.sleep(0.01)
            progress(0, 1)
        return super().run(jobs, progress)


class GivingWay(Hanging):
    """... that gives way at ``endless``, and has room."""

    gives_way = 1 << 20


class Small(GivingWay):
    """... that has little."""

    gives_way = 100
