"""What commands of ``proofmill bench`` share: a device of one accelerator, figures in lines."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from proofmill.host.cli.screen import Screen
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import Device


@contextmanager
def one_lane(name: str, screen: Screen, **parameters: Any) -> Iterator[Device]:
    """A device, of simulated accelerators one, opened beside a bar and closed at the end."""
    with screen.bar("preparing the device") as bar:
        device = open_device(name, lanes=1, progress=bar.step, **parameters)
    with closing(device):
        yield device


def is_simulated(device: str) -> bool:
    """Whether a device of this name is an accelerator simulated here."""
    return device.partition("+")[0] in ("rtl", "model")


def show(screen: Screen, figures: JsonObject) -> None:
    """Print a line for each figure."""
    longest = max(map(len, figures))
    for name, value in figures.items():
        if isinstance(value, float):
            value = f"{value:,.4f}" if value < 100 else f"{value:,.0f}"
        elif isinstance(value, int):
            value = f"{value:,}"
        screen.line(f"{name.replace('_', ' '):{longest}}  {value}")


def told(kinds: dict[str, str]) -> str:
    """Kinds and what they are, in a line."""
    return "; ".join(f"{kind}: {text}" for kind, text in kinds.items())
