"""The README's table of figures, as Markdown."""

from collections.abc import Iterator
from typing import Any

from hdl.curve import Group
from host.bench.msm import measure
from host.bench.proving import compare
from host.bench.simulation import simulation_speed
from host.devices.catalogue import open_device

RATIOS = ("uniform", "equal", "two", "hot", "bucket", "binary")


def figures(zkey: str, witness: str) -> Iterator[str]:
    """The lines of the table; the whole takes a minute or two."""
    yield "| figure | value | command |"
    yield "|---|---|---|"
    device = open_device("rtl", lanes=1)
    try:
        for group in Group:
            found = {kind: measure(device, group, 4096, kind) for kind in RATIOS}
            first = found["uniform"]
            ratios = ", ".join(f"{kind} {found[kind]['ratio']:.3f}" for kind in RATIOS)
            yield (f"| {group.name}, 4,096 points, interval {first['interval']}: cycles | "
                   f"{first['cycles']:,} | `proofmill bench msm --group {group.value}` |")
            yield (f"| {group.name}: ratio by kind of scalars | {ratios} | "
                   f"`proofmill bench msm --group {group.value} --scalars ...` |")
    finally:
        device.close()
    speed = simulation_speed()
    yield ("| complete additions a second in RTL simulation, one core | "
           f"{speed['rtl_additions_per_second']:,.0f}, {speed['ratio']:.1f} times the golden "
           "Python model's | `proofmill bench sim` |")
    proof: dict[str, Any] = compare(zkey, witness)
    parts = [f"{name} {found['seconds']:.3f} s" for name, found in proof["provers"].items()
             if found is not None]
    yield (f"| one proof of the block circuit | {', '.join(parts)} | `proofmill bench prove` |")
    cycles = proof["provers"]["rtl"]["cycles"]
    yield (f"| ... on the accelerator | {cycles:,} cycles: {cycles / 1e8:.3f} s at 100 MHz | "
           "`proofmill bench prove` |")
    yield (f"| checking a proof | {1000 * proof['verify_seconds']:.1f} ms | "
           "`proofmill bench prove` |")
