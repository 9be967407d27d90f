"""``proofmill bench transforms``: the scalars h of a proof on the accelerator."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.bench_device import one_lane
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.waveform import add_waves, dumped
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject

CHIPS = ("rtl+h", "model+h")
"""Devices that compute the scalars h on the chip."""

NO_CHIP = "none"

SIZES = (10, 12, 14)


def add_transforms(actions: Any) -> None:
    """Add the command."""
    transforms = actions.add_parser(
        "transforms", help="the scalars h of a proof on the accelerator: cycles and products",
        description="Compute the scalars of the points H from random A w and B w on the "
                    "accelerator, check them against this machine's, and show the cycles beside "
                    "the products and what the model says. 2^12 values are the most that the "
                    "standard accelerator's mailboxes hold; more are computed in tiles of as many, "
                    "which its memory holds. Before that, the cycles that the model says of other "
                    "multipliers and sizes, without a device.")
    transforms.add_argument("--device", choices=(*CHIPS, NO_CHIP), default=CHIPS[0],
                            metavar="|".join((*CHIPS, NO_CHIP)),
                            help="what computes; of model+h the cycles alone; none: the model "
                                 "alone (default: %(default)s)")
    transforms.add_argument("--power", metavar="K", dest="powers", action="append",
                            type=whole(1, 27),
                            help="vectors of 2^K values; may be given several times (default: "
                                 "10, 12 and 14)")
    transforms.add_argument("--json", action="store_true", help="one JSON object")
    add_waves(transforms, "the accelerator")
    transforms.set_defaults(run=run_transforms)


def run_transforms(options: argparse.Namespace) -> int:
    """Print a line for each size."""
    screen = Screen(machine=options.json)
    if options.device == NO_CHIP:
        for name in ("powers", "waves", "cycles"):
            if getattr(options, name) is not None:
                raise ProofmillError(f"--{name.removesuffix('s') if name == 'powers' else name}: "
                                     "is of a device; choose --device rtl+h or model+h")
    said = _by_model(screen)
    found = [] if options.device == NO_CHIP else _on_device(options, screen)
    if options.json:
        print_record("bench transforms", {"device": options.device, "sizes": found,
                                          "schedules": said})
    return 0


def _by_model(screen: Screen) -> list[JsonObject]:
    from proofmill.host.bench.transforms import schedules

    said = []
    for each in schedules():
        said.append(each)
        tiled = each["tile"] < each["power"]
        where = f"tiles of 2^{each['tile']}" if tiled else "in place"
        limit = "" if each["bar"] is None else f", at most {each['bar']:,} wanted"
        all_slots = f"{each['butterflies_a_slot']:.4f} butterflies a slot"
        stages = f"{each['stages_a_slot']:.4f} in the stages alone"
        if each["least"] is not None:
            least = f" (at least {each['least']:g} wanted)"
            if tiled:
                all_slots += least
            else:
                stages += least
        screen.line(f"2^{each['power']} {where} by the model, {each['preset']}, interval "
                    f"{each['interval']}: {each['cycles']:,} cycles{limit}; {all_slots}, {stages}")
    return said


def _on_device(options: argparse.Namespace, screen: Screen) -> list[JsonObject]:
    from proofmill.host.bench.transforms import figures
    from proofmill.host.prover.devices.device import Transforming

    found: list[JsonObject] = []
    with (dumped(options, "accelerator", screen) as dump,
          one_lane(options.device, screen, dump=dump) as device):
        assert isinstance(device, Transforming)
        with screen.bar(f"transforming on {device.name}") as bar:
            powers = options.powers or SIZES
            for each in figures(device, powers):
                found.append(each)
                bar(len(found), len(powers))
                limit = "" if each["bar"] is None else f", at most {each['bar']:,} wanted"
                screen.line(
                    f"2^{each['power']:<2} {each['cycles']:9,} cycles{limit}; the model says "
                    f"{each['model_cycles']:,}; {each['products']:,} products, "
                    f"{each['products_a_cycle']:.4f} a cycle; {each['butterflies_a_cycle']:.4f} "
                    f"butterflies a cycle; {each['moved']:,} cycles for the memory; "
                    f"{each['seconds']:.2f} s")
    return found
