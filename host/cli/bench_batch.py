"""``proofmill bench batch``: affine additions in batches."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.measure_options import (
    CURVES,
    PARAMETERS,
    PRESETS,
    add_multiplier,
    preset,
)
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError

POWERS = (10, 12, 14)


def add_batch(actions: Any) -> None:
    """Add the command."""
    batch = actions.add_parser(
        "batch", help="affine additions in batches: products and cycles an addition",
        description="Add pairs of affine points in batches with one inversion each, by the "
                    "model, which has the gateware's cycles (`proofmill verilog --unit "
                    "batch_adder`); show products and cycles an addition, from the first pair to "
                    "the last sum, for pairs of two points and of equal ones. DSP blocks are "
                    "those of AMD UltraScale+.")
    batch.add_argument("--preset", default=PRESETS[0], choices=PRESETS, metavar="|".join(PRESETS),
                       help="whose multiplier (default: %(default)s)")
    batch.add_argument("--curve", choices=CURVES, metavar="|".join(CURVES), default=CURVES[0],
                       help="in whose field; of bls12-377 in G1 (default: %(default)s)")
    add_multiplier(batch)
    batch.add_argument("--group", choices=("g1", "g2"), metavar="g1|g2", default="g1",
                       help="whose points (default: %(default)s)")
    batch.add_argument("--power", metavar="K", dest="powers", action="append", type=whole(1, 20),
                       help="2^K pairs; may be given several times (default: 10, 12 and 14)")
    batch.add_argument("--json", action="store_true", help="one JSON object")
    batch.set_defaults(run=run_batch)


def run_batch(options: argparse.Namespace) -> int:
    """Print a line for each kind and size."""
    from proofmill.boards.units import multiplier_with
    from proofmill.hdl.batch_shape import pairs_for
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.curve import Group
    from proofmill.hdl.presets import of_curve
    from proofmill.hdl.quadratic_shape import SHAPES
    from proofmill.host.bench.batches import KINDS as PAIRS
    from proofmill.host.bench.batches import figures

    numbers = {name.removeprefix("multiplier_"): getattr(options, name) for name in PARAMETERS}
    base = preset(options.preset)
    if options.curve != CURVES[0]:
        curve = TABLE[options.curve]
        if options.preset == "toy":
            raise ProofmillError(f"--curve {options.curve}: is not of the toy; leave --preset out")
        if Group(options.group) not in curve.b:
            raise ProofmillError(f"--curve {options.curve}: is of G1 alone; leave --group out")
        base = of_curve(curve, base)
    try:
        multiplier = multiplier_with(base.adder.multiplier, kind=options.multiplier, **numbers)
        pairs = pairs_for(multiplier)
        shape = SHAPES[Group(options.group)](multiplier=multiplier, pairs=pairs,
                                             least=3 * pairs // 4)
    except ValueError as error:
        raise ProofmillError(f"these parameters do not fit: {error}") from error
    screen, found = Screen(machine=options.json), []
    for kind in PAIRS:
        for power in options.powers or POWERS:
            with screen.bar(f"2^{power} {kind} pairs") as bar:
                each = figures(shape, kind, power, bar)
            found.append(each)
            limit = "" if each["bar"] is None else f", at most {each['bar']:g} wanted"
            screen.line(
                f"2^{power:<2} {kind:8} {each['products_an_addition']:.3f} products an addition"
                f"{limit}; {each['cycles_an_addition']:.3f} cycles; {each['batches']:,} batches, "
                f"{each['under_way']} under way; DSP × cycles {each['dsp_cycles']:,.0f}")
    if options.json:
        print_record("bench batch", {"preset": options.preset, "curve": options.curve,
                                     "group": options.group,
                                     "multiplier": shape.multiplier.kind, "runs": found})
    return 0
