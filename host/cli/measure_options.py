"""The options of ``proofmill measure`` that say what is measured, and back: a record's command."""

import argparse
import shlex
from collections.abc import Iterable
from typing import Any

from proofmill.host.cli.arguments import above_zero, whole
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject

UNITS = ("multiplier", "inverter", "adder", "batch_adder", "wide_processor", "mailboxes", "msm")
TARGETS = ("ecp5-85f", "xcup", "xc7", "gw5a", "gw2a", "ice40", "nexus", "gatemate")
KINDS = ("pipelined", "karatsuba", "folded")
PLACERS = ("static", "heap")
PRESETS = ("standard", "one-row", "three-rows", "five-rows", "gw5a-one-row", "gw5a-four-rows",
           "gw5a-eight-rows", "batched", "toy")

OTHER_CURVES = ("bls12-381", "bls12-377")
CURVES = ("bn254", *OTHER_CURVES)
ANY_CURVE = (*CURVES, "toy")
"""The curves that gateware is made for."""

ON_OTHERS = ("multiplier", "inverter", "adder", "batch_adder", "mailboxes", "recoder", "msm",
             "accelerator")
"""Units that there are on other curves than BN254. Others compute on BN254 alone: pairings,
transforms, the sums of a Groth16 key."""

DEFAULTS = {"target": TARGETS[0], "preset": PRESETS[0], "megahertz": 150.0, "seed": 1,
            "placer": PLACERS[0]}

NUMBERS = {
    "digit": "bits of a digit", "limb": "bits of a limb", "depth": "levels of Karatsuba's formula",
    "tables": "steps of a Karatsuba multiplier's division that take tables, not blocks",
    "multiplier_interval": "cycles from one pair of factors to the next",
    "least_loop": "cycles of a folded multiplier's step, at the least",
    "multipliers": "multipliers of the adder",
    "interval": "cycles from one G1 addition to the next",
    "interval_g2": "cycles from one G2 addition to the next", "mailbox_bits": "2 ** N mailboxes",
}
"""Parameters that are numbers, as `boards.units.shape_with` calls them."""

PARAMETERS = ("digit", "limb", "depth", "tables", "multiplier_interval", "least_loop")
"""Those of them that are a multiplier's."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is measured, and how it is placed."""
    parser.add_argument("--target", default=DEFAULTS["target"], choices=TARGETS,
                        metavar="|".join(TARGETS),
                        help="the device family (default: %(default)s)")
    add_shape_options(parser)
    parser.add_argument("--curve", choices=CURVES, metavar="|".join(CURVES), default=CURVES[0],
                        help="whose coordinates are computed with; of others than "
                             f"{CURVES[0]} "
                             f"{', '.join(unit for unit in UNITS if unit in ON_OTHERS)}, of "
                             f"{CURVES[-1]} in G1 (default: %(default)s)")
    parser.add_argument("--g1-only", action="store_true", help="leave G2 out")
    parser.add_argument("--place", action="store_true",
                        help="place and route too (ecp5-85f only; minutes to hours)")
    parser.add_argument("--megahertz", type=above_zero("must be more than 0 MHz"),
                        default=DEFAULTS["megahertz"], metavar="F",
                        help="what the placer tries for (default: %(default)g)")
    parser.add_argument("--seed", type=whole(0, (1 << 31) - 1), default=DEFAULTS["seed"],
    metavar="N",
                        help="where the placer begins (default: %(default)s)")
    parser.add_argument("--rip-up", action="store_true",
                        help="let the router take up slow connections until all meet "
                             "--megahertz, which has to be within reach")
    parser.add_argument("--placer", default=DEFAULTS["placer"], choices=PLACERS,
                        metavar="|".join(PLACERS),
                        help="nextpnr's way of placing: static leaves shorter wires, heap does so "
                             "for a multiplier that fills the chip (default: %(default)s)")


def add_shape_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what an accelerator is made of."""
    parser.add_argument("--preset", default=DEFAULTS["preset"], choices=PRESETS,
                        metavar="|".join(PRESETS),
                        help="the parameters to begin with (default: %(default)s)")
    add_modes(parser)
    add_multiplier(parser, NUMBERS)


def add_multiplier(parser: argparse.ArgumentParser, names: Iterable[str] = PARAMETERS) -> None:
    """Add the options that say which multiplier: its kind, and the numbers called `names`."""
    parser.add_argument("--multiplier", choices=KINDS, metavar="|".join(KINDS),
                        help="another kind of multiplier")
    for name in names:
        parser.add_argument(_flag(name), type=whole(1), metavar="N", help=NUMBERS[name])


def add_modes(parser: argparse.ArgumentParser) -> None:
    """Add the options that build in more than sums: see `built_in`."""
    parser.add_argument("--matrices", action="store_true",
                        help="build in what multiplies matrices on the multiplier's blocks, for "
                             "`proofmill infer`")
    parser.add_argument("--evaluation", action="store_true",
                        help="build in what a proof by one command takes: evaluation of a key's "
                             "matrices, transforms, the finish of sums")
    parser.add_argument("--check", action="store_true",
                        help="... and what checks such a proof before it is answered, and others: "
                             "--evaluation with it")


def preset(name: str) -> Any:
    """The parameters called `name`."""
    from proofmill.boards import shapes
    from proofmill.hdl.presets import STANDARD, TOY_SHAPE, with_batches

    return {"standard": STANDARD, "one-row": shapes.SMALLEST, "three-rows": shapes.THREE_ROWS,
            "five-rows": shapes.FIVE_ROWS, "gw5a-one-row": shapes.GW5A_ONE_ROW,
            "gw5a-four-rows": shapes.GW5A_FOUR_ROWS, "gw5a-eight-rows": shapes.GW5A_EIGHT_ROWS,
            "batched": with_batches(STANDARD), "toy": TOY_SHAPE}[name]


def built_in(options: argparse.Namespace, shape: Any) -> Any:
    """`shape` with what `options` build in; raises `ProofmillError` where that has no place."""
    from proofmill.hdl.presets import with_checked_proofs, with_matrices, with_proofs

    for name, build in (("matrices", with_matrices), ("evaluation", with_proofs),
                        ("check", with_checked_proofs)):
        if getattr(options, name):
            try:
                shape = build(shape)
            except ValueError as error:
                raise ProofmillError(f"--{name}: {error}; leave it out, or take another "
                                     "accelerator") from error
    return shape


def shape_of(options: argparse.Namespace, base: Any = None) -> Any:
    """The accelerator that the options say, made of `base` or of their preset; raises
    `ProofmillError` where they fit none."""
    from proofmill.boards.units import shape_with

    base = _on_curve(options, base or preset(options.preset))
    try:
        return shape_with(base, kind=options.multiplier,
                          groups="g1" if options.g1_only else None, matrices=options.matrices,
                          evaluation=options.evaluation, check=options.check,
                          **{name: getattr(options, name) for name in NUMBERS})
    except ValueError as error:
        raise ProofmillError(f"these parameters do not fit: {error}") from error


def _on_curve(options: argparse.Namespace, shape: Any) -> Any:
    """A preset's shape, or the same of the curve that the options say."""
    if options.curve not in OTHER_CURVES:
        return shape
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.presets import of_curve

    if options.unit is not None and options.unit not in ON_OTHERS:
        raise ProofmillError(f"--curve {options.curve}: there is no {options.unit} of this curve; "
                             f"there are {', '.join(ON_OTHERS)}")
    for name in ("evaluation", "check"):
        if getattr(options, name):
            raise ProofmillError(f"--curve {options.curve}: proofs are of bn254; leave --{name} "
                                 "out")
    if options.preset == "toy":
        raise ProofmillError(f"--curve {options.curve}: the preset toy is of the curve toy; leave "
                             "--preset out")
    return of_curve(TABLE[options.curve], shape)


def command_of(record: JsonObject) -> str:
    """The command that makes a record again, with as few options as there have to be.

    Raises ValueError where no preset and no options lead to the record's parameters.
    """
    found = [options for name in PRESETS
             if name.startswith("gw5a") <= (record["target"] == "gw5a")  # else it says too much
             and (options := _options(name, record)) is not None]
    if not found:
        raise ValueError(f"no options of `proofmill measure` make this {record['unit']}: "
                         f"{record['parameters']}")
    words = ["proofmill", "measure", record["unit"]]
    words += _words({"target": record["target"]} | min(found, key=len))
    if record["megahertz"] is not None:
        words += ["--place", *_words({
            "megahertz": record["constraint"], "seed": record["seed"],
            "placer": record["placer"], "rip_up": record["rip_up"]})]
    return shlex.join(words)


def _options(name: str, record: JsonObject) -> JsonObject | None:
    """The fewest options that make the record's parameters of the preset `name`; None: none do."""
    from proofmill.boards.units import parameters_of, shape_with
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.presets import of_curve

    def fit(options: JsonObject) -> bool:
        changes = {"kind" if key == "multiplier" else key: value for key, value in options.items()
                   if key != "curve"}
        try:
            base = preset(name)
            if "curve" in options:
                base = of_curve(TABLE[options["curve"]], base)
            shape = shape_with(base, **changes)
        except ValueError:
            return False
        return bool(parameters_of(shape, record["unit"]) == record["parameters"])

    options = _stated(record["parameters"])
    if not fit(options):
        return None
    for key in list(options):
        if fit(fewer := {other: options[other] for other in options if other != key}):
            options = fewer
    return {"preset": name} | options


def _stated(parameters: JsonObject) -> JsonObject:
    """Every option that a record's parameters have a value for."""
    from proofmill.boards.units import multiplier_in

    multiplier = multiplier_in(parameters)
    options = {"multiplier": multiplier["kind"], **{
        "multiplier_interval" if name == "interval" else name: multiplier[name]
        for name in ("digit", "limb", "depth", "tables", "interval", "least_loop")
        if name in multiplier}}
    if multiplier["kind"] == "matrix":
        options |= {"multiplier": "folded", "matrices": True}
    if "second" in multiplier:
        options["check" if parameters.get("check") else "evaluation"] = True
    for curve in OTHER_CURVES:
        if multiplier["field"] == f"{curve}-base":
            options["curve"] = curve
    adder = parameters.get("adder", parameters)
    if "intervals" in adder:
        intervals = dict(adder["intervals"])
        options["multipliers"] = adder["multipliers"]
        options["interval"] = intervals["g1"]
        options |= {"interval_g2": intervals["g2"]} if "g2" in intervals else {"groups": "g1"}
    if "mailbox_bits" in parameters:
        options["mailbox_bits"] = parameters["mailbox_bits"]
    return options


def _flag(name: str) -> str:
    return "--g1-only" if name == "groups" else f"--{name.replace('_', '-')}"


def _words(options: JsonObject) -> list[str]:
    """Options as words of a command line; those at their defaults are left out."""
    words = []
    for name, value in options.items():
        if value is False or value == DEFAULTS.get(name):
            continue
        words.append(_flag(name))
        if value is not True and name != "groups":
            words.append(f"{value:g}" if isinstance(value, float) else str(value))
    return words
