"""``proofmill bench msm`` and ``bench ratios``: sums on an accelerator, and their cycles."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from proofmill.host.bench.kinds import BASES, KINDS, MOST_POINTS
from proofmill.host.cli.arguments import ONE, seed, whole
from proofmill.host.cli.bench_device import is_simulated, one_lane, show, told
from proofmill.host.cli.measure_options import CURVES, PARAMETERS, add_multiplier
from proofmill.host.cli.prove import add_device
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.waveform import add_waves, dumped
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.devices.device import Device

if TYPE_CHECKING:
    from proofmill.sim.dump import Dump

POINTS = "there must be at least one, and at most 2^32 - 1"
DEFAULT_INTERVAL = 12
MOST_COPIES = 127
MOST_COPIES_SAID = "there must be at least one, the point itself, and at most 127, of two bits each"


def add_products(actions: Any) -> None:
    """Add the commands."""
    msm = actions.add_parser(
        "msm", help="one multi-scalar multiplication: cycles, ratio to the bound, seconds",
        description="One multi-scalar multiplication, checked against an independent "
                    "computation.")
    _add_product(msm, "rtl")
    msm.add_argument("--scalars", choices=tuple(KINDS), default="uniform", metavar="|".join(KINDS),
                     help=f"{told(KINDS)} (default: uniform)")
    msm.add_argument("--bases", choices=tuple(BASES), default="random", metavar="|".join(BASES),
                     help=f"{told(BASES)} (default: random)")
    msm.add_argument("--seed", type=seed, default=0, metavar="N",
                     help="points and scalars follow from it (default: 0)")
    msm.add_argument("--counters", action="store_true", help="what the accelerator counted")
    add_waves(msm, "the simulated accelerator, of rtl or model")
    msm.set_defaults(run=run_msm)

    several = actions.add_parser(
        "ratios", help="cycles over the bound, for every kind of scalars and points",
        description="Cycles, bucket sums included, over non-zero digits times the adder's "
                    "interval: the least, median and greatest over several seeds; cycles a digit, "
                    "and those over uniform scalars'. Every sum is checked.")
    _add_product(several, "model")
    several.add_argument("--seeds", type=whole(1, otherwise=ONE), default=5, metavar="N",
                         help="seeds 0 to N - 1 (default: 5)")
    several.set_defaults(run=run_ratios)


def _add_product(parser: argparse.ArgumentParser, device: str) -> None:
    """The options that say which product, on which accelerator."""
    add_device(parser, device)
    parser.add_argument("--curve", choices=CURVES, metavar="|".join(CURVES), default=CURVES[0],
                        help=f"whose points are added; of others than {CURVES[0]} on simulated "
                             "accelerators, of bls12-377 in G1 (default: %(default)s)")
    parser.add_argument("--group", choices=("g1", "g2"), default="g1",
                        help="of which group the points are (default: g1)")
    parser.add_argument("--points", type=whole(1, MOST_POINTS, POINTS), default=4096, metavar="N",
                        help="how many points and scalars (default: 4096)")
    parser.add_argument("--window", type=whole(2, 16, "a window has 2 to 16 bits"), metavar="BITS",
                        help="force the window width (default: the one with the fewest additions)")
    parser.add_argument("--copies", type=whole(1, MOST_COPIES, MOST_COPIES_SAID), metavar="N",
                        help="copies of every point, multiplied by powers of two, that are stored "
                             "with it, itself among them (default: as many as save cycles and fit)")
    parser.add_argument("--at-once", type=whole(1, otherwise=ONE), metavar="N",
                        help="windows computed in one pass, without copies (default: all that fit "
                             "the mailboxes)")
    parser.add_argument("--interval", type=whole(), choices=(12, 6, 4, 3, 2, 1),
                        metavar="12|6|4|3|2|1",
                        help="cycles from one G1 addition to the next (default: 12); below, there "
                             "are more multipliers and mailbox units")
    add_multiplier(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


@contextmanager
def product_device(options: argparse.Namespace, screen: Screen,
                    dump: "Dump | None" = None) -> Iterator[Device]:
    """The device that the options of `_add_product` name, closed at the end."""
    from proofmill.hdl.curve import Group

    for name in ("window", "at_once", "copies", "interval", "multiplier", *PARAMETERS):
        if getattr(options, name) is not None and not is_simulated(options.device) and (
                name != "window" or options.device == "cpu"):
            raise ProofmillError(f"--{name.replace('_', '-')} {getattr(options, name)}: is of "
                                 f"simulated accelerators, not of {options.device}; leave it out, "
                                 "or choose --device rtl or model")
    shape, parameters = _shape(options), dict[str, Any]()
    if options.curve != CURVES[0]:
        from proofmill.host.bench.known import known_on

        parameters["arithmetic"] = known_on(options.curve).arithmetic
    if is_simulated(options.device):
        _check_windows(options, shape)  # before a simulation is built, which takes a minute
    with one_lane(options.device, screen, window=options.window, at_once=options.at_once,
                   copies=options.copies, shape=shape, groups=[Group(options.group)],
                   dump=dump, **parameters) as device:
        try:
            yield device
        except ValueError as error:  # of a board, whose mailboxes are known only now
            raise ProofmillError(f"--window: {error}") from error


def _shape(options: argparse.Namespace) -> Any:
    """The accelerator that the options say, to which the device's name adds what it has besides;
    raises `ProofmillError` where they fit none."""
    from proofmill.boards.units import shape_with
    from proofmill.hdl.presets import at_interval

    shape = at_interval(options.interval or DEFAULT_INTERVAL)
    if options.curve != CURVES[0]:
        shape = _on_curve(options, shape)
    try:
        return shape_with(shape, kind=options.multiplier,
                          **{name: getattr(options, name) for name in PARAMETERS})
    except ValueError as error:
        raise ProofmillError(f"these parameters do not fit: {error}") from error


def _on_curve(options: argparse.Namespace, shape: Any) -> Any:
    """`shape` on another curve than BN254."""
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.curve import Group
    from proofmill.hdl.presets import of_curve

    said = f"--curve {options.curve}:"
    if not is_simulated(options.device) or "h" in options.device.partition("+")[2]:
        raise ProofmillError(f"{said} sums on it are simulated, without transforms, and not "
                             f"computed on {options.device}; choose --device rtl or model")
    curve = TABLE[options.curve]
    if Group(options.group) not in curve.b:
        raise ProofmillError(f"{said} sums on it are of G1 alone; leave --group out")
    return of_curve(curve, shape)


def _check_windows(options: argparse.Namespace, shape: Any) -> None:
    """Raise where an accelerator of `shape` cannot cut scalars as `options` say."""
    from proofmill.hdl.accelerator import identity_words
    from proofmill.hdl.curve import Group
    from proofmill.hdl.plans import best_plan, uniform
    from proofmill.host.prover.devices.lanes import machine_of

    machine = machine_of(identity_words(shape, 0), Group(options.group),
                         order=shape.adder.curve.scalar.modulus)
    if options.copies not in (None, 1) and options.at_once is not None:
        raise ProofmillError("--at-once: is of points without copies; leave --copies out, or say 1")
    try:
        best_plan(machine, uniform(machine.order, options.points), window=options.window or 0,
                  at_once=options.at_once or 0)
    except ValueError as error:
        said = " and ".join(f"--{name.replace('_', '-')} {value}" for name in ("window", "at_once")
                            if (value := getattr(options, name)) is not None)
        raise ProofmillError(f"{said or '--interval'}: {error}") from error


def run_ratios(options: argparse.Namespace) -> int:
    """Print a line for each kind of scalars and points."""
    from proofmill.hdl.curve import Group
    from proofmill.host.bench.known import known_on
    from proofmill.host.bench.ratios import CASES, ratios

    if options.device == "cpu":
        raise ProofmillError("--device cpu: counts no cycles, so has no ratio to a bound; choose "
                             "rtl, model or serial:PORT")
    screen = Screen(machine=options.json)
    found: list[dict[str, Any]] = []
    row = "{:10} {:11} {:>6} {:>4} {:>6} {:>6} {:>12} {:>7} {:>7} {:>8} {:>8} {:>8}"
    screen.line(row.format("scalars", "points", "window", "sets", "copies", "passes", "cycles",
                           "least", "median", "greatest", "a digit", "against"), style="bold")
    with product_device(options, screen) as device:
        with screen.bar(f"multiplying on {device.name}") as bar:
            for figures in ratios(device, Group(options.group), options.points, options.seeds,
                                  known=known_on(options.curve)):
                found.append(figures)
                bar(len(found), len(CASES))
                screen.line(row.format(
                    *(figures[name] for name in ("scalars", "bases", "window", "sets", "copies",
                                                 "passes")),
                    f"{figures['cycles']:,}",
                    *(f"{figures[name]:.3f}" for name in (
                        "least", "median", "greatest", "cycles_a_digit", "against")))
                    + (f", at most {figures['bar']:g} wanted" if figures["bar"] else ""))
    if options.json:
        print_record("bench ratios", {
            "device": device.name, "curve": options.curve, "group": options.group,
            "points": options.points, "interval": found[0]["interval"],
            "seeds": options.seeds, "ratios": found})
    return 0


def run_msm(options: argparse.Namespace) -> int:
    """Measure one product."""
    from proofmill.hdl.curve import Group
    from proofmill.host.bench.known import known_on
    from proofmill.host.bench.msm import blocks, measure
    from proofmill.host.prover.devices.catalogue import simulated_shape

    screen = Screen(machine=options.json)
    if options.waves is not None and not is_simulated(options.device):
        raise ProofmillError(f"--waves {options.waves}: is of simulated accelerators, not of "
                             f"{options.device}; choose --device rtl. Of a simulated board: "
                             "proofmill board simulate BOARD --waves FILE")
    with (dumped(options, "accelerator", screen) as dump,
          product_device(options, screen, dump) as device):
        with screen.bar(f"multiplying on {device.name}") as bar:
            figures = measure(device, Group(options.group), options.points, options.scalars,
                              options.bases, options.seed, bar, known_on(options.curve))
        figures |= _line_figures(device, figures.get("cycles", 0))
        if is_simulated(options.device):
            figures |= blocks(simulated_shape(options.device, _shape(options)).adder, figures)
    if options.json:
        print_record("bench msm", figures)
        return 0
    counters = figures.pop("counters", {})
    show(screen, figures)
    if options.counters:
        screen.line("counters:")
        show(screen, counters)
    return 0


def _line_figures(device: Any, cycles: int) -> dict[str, float]:
    """Of a device on a serial line: what the line took, beside what computing took."""
    if not device.name.startswith("serial:"):
        return {}
    from proofmill.host.prover.devices.serial import beside_the_line

    took = beside_the_line(device.accelerators[0].link, device.clock_hz, cycles)
    return {name: round(value, 6) for name, value in took.items()}
