"""``proofmill field pairing``: the pairing of two points on the wide processor."""

import argparse
from collections.abc import Callable
from typing import Any

from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError

DEVICES = ("model", "rtl")
INFINITY = "infinity"


def add_pairing(actions: Any) -> None:
    """Add the action."""
    pairing = actions.add_parser(
        "pairing", help="the optimal ate pairing of two points of BN254",
        description="Compute the optimal ate pairing of a point of G1 and one of G2 by a program "
                    "for the wide processor (docs/firmware.md), and print its six coefficients "
                    "over Fp2 with the cycles it took. The value is the usual pairing's to the "
                    "power of 2 x (6 x^2 + 3 x + 1), x = 4965661367192848881, which the short "
                    "final exponentiation gives. Points off their curves, or of another order "
                    "than r, are refused.")
    pairing.add_argument("--p", metavar="X,Y", type=_point(2), default=None,
                         help=f"the point of G1, or {INFINITY} (default: the generator)")
    pairing.add_argument("--q", metavar="XRE,XIM,YRE,YIM", type=_point(4), default=None,
                         help=f"the point of G2, or {INFINITY} (default: the generator)")
    pairing.add_argument("--device", choices=DEVICES, default=DEVICES[0],
                         help="the gateware in simulation, or its model, which gives the same "
                              "cycles (default: %(default)s)")
    pairing.add_argument("--json", action="store_true", help="one JSON object")
    pairing.set_defaults(run=run_pairing)


def _point(count: int) -> Callable[[str], tuple[int, ...] | str]:
    """The type of an argument that is a point of `count` numbers below p."""
    def parse(text: str) -> tuple[int, ...] | str:
        from proofmill.hdl.field import BN254_BASE

        if text == INFINITY:
            return text
        try:
            numbers = tuple(int(part, 0) for part in text.split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != count:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no point; give {count} numbers with commas between, or {INFINITY}")
        for number in numbers:
            if not 0 <= number < BN254_BASE.modulus:
                raise argparse.ArgumentTypeError(
                    f"{number} is no coordinate; give numbers from 0 to p - 1, p = "
                    f"{BN254_BASE.modulus}")
        return numbers
    return parse


def run_pairing(options: argparse.Namespace) -> int:
    """Compute a pairing."""
    from proofmill.firmware.pairing.exponentiation import MULTIPLE
    from proofmill.firmware.pairing.programs import pairing
    from proofmill.hdl.curve import GENERATOR_G1, GENERATOR_G2
    from proofmill.hdl.presets import STANDARD_WIDE
    from proofmill.sim.pairing import PointError, program_value, program_words
    from proofmill.sim.wide_gateware import run_on

    p = None if options.p == INFINITY else options.p or GENERATOR_G1
    q = None if options.q == INFINITY else GENERATOR_G2
    if q is not None and options.q:
        q = (options.q[:2], options.q[2:])
    screen = Screen(machine=options.json)
    try:
        words = program_words(p, q)
        with screen.bar("making the program") as bar:
            found = run_on(options.device, pairing(STANDARD_WIDE), words, tell=bar.step)
        value = program_value(found.sent)
    except PointError as error:
        where = options.p if str(error).startswith("P") else options.q
        raise ProofmillError(f"{error}: {','.join(map(str, where))}; give a point of the group "
                             "of order r") from error
    pairs = [value[n:n + 2] for n in range(0, len(value), 2)]
    if options.json:
        print_record("field pairing", {
            "value": [[str(part) for part in pair] for pair in pairs], "multiple": str(MULTIPLE),
            "cycles": found.cycles, "device": options.device})
        return 0
    for n, (re, im) in enumerate(pairs):
        screen.line(f"w^{n}  {re} + {im} u")
    screen.line(f"{found.cycles:,} cycles ({options.device})")
    return 0
