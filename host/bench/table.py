"""The README's table of figures, as Markdown."""

from collections.abc import Iterator

from proofmill.hdl.curve import Group
from proofmill.hdl.presets import at_interval
from proofmill.host.bench.kinds import KINDS
from proofmill.host.bench.msm import measure
from proofmill.host.bench.proving import compare
from proofmill.host.bench.ratios import ratios
from proofmill.host.bench.simulation import simulation_speed
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.devices.catalogue import open_device

OTHERS: tuple[tuple[str, dict[str, int]], ...] = (
    ("1,024 points", {"points": 1024}),
    ("4,096 points without copies", {"copies": 1}),
    ("4,096 points, interval 3: 4 multipliers", {"interval": 3}),
    ("4,096 points, interval 1: 12 multipliers", {"interval": 1}),
)
"""Products of G1 whose ratios are shown beside those of the standard accelerator, and the options
of ``proofmill bench ratios`` that say which."""

SEEDS = 5


def other_ratios() -> Iterator[str]:
    """A line for each of `OTHERS`: median and greatest ratios, on the control alone, which takes
    the RTL's cycles."""
    for text, options in OTHERS:
        device = open_device("model", lanes=1, shape=at_interval(options.get("interval", 12)),
                             copies=options.get("copies"))
        try:
            found = list(ratios(device, Group.G1, options.get("points", 4096), SEEDS,
                                tuple((kind, "random") for kind in KINDS)))
        finally:
            device.close()
        each = ", ".join(f"{line['scalars']} {line['median']:.3f} ({line['greatest']:.3f})"
                         for line in found)
        said = "".join(f" --{name.replace('_', '-')} {value}" for name, value in options.items())
        yield (f"| G1, {text}: cycles; ratios, median (greatest) of {SEEDS} seeds | "
               f"{found[0]['cycles']:,}; {each} | `proofmill bench ratios{said}` |")


def figures(zkey: str, witness: str) -> Iterator[str]:
    """The lines of the table; the whole takes some minutes."""
    yield "| figure | value | command |"
    yield "|---|---|---|"
    device = open_device("rtl", lanes=1)
    try:
        for group in Group:
            found = {kind: measure(device, group, 4096, kind) for kind in KINDS}
            first = found["uniform"]
            ratios = ", ".join(f"{kind} {found[kind]['ratio']:.3f}" for kind in KINDS)
            yield (f"| {group.name}, 4,096 points, interval {first['interval']}: cycles | "
                   f"{first['cycles']:,} | `proofmill bench msm --group {group.value}` |")
            yield (f"| {group.name}: ratio by kind of scalars | {ratios} | "
                   f"`proofmill bench msm --group {group.value} --scalars ...` |")
    finally:
        device.close()
    yield from other_ratios()
    speed = simulation_speed()
    yield ("| complete additions a second in RTL simulation, one core | "
           f"{speed['rtl_additions_per_second']:,.0f}, {speed['ratio']:.1f} times the golden "
           "Python model's | `proofmill bench sim` |")
    proof: JsonObject = compare(zkey, witness)
    parts = [f"{name} {found['seconds']:.3f} s" for name, found in proof["provers"].items()
             if found is not None]
    yield (f"| one proof of the block circuit | {', '.join(parts)} | `proofmill bench prove` |")
    cycles = proof["provers"]["rtl"]["cycles"]
    yield (f"| ... on the accelerator | {cycles:,} cycles: {cycles / 1e8:.3f} s at 100 MHz | "
           "`proofmill bench prove` |")
    yield (f"| checking a proof | {1000 * proof['verify_seconds']:.1f} ms | "
           "`proofmill bench prove` |")
