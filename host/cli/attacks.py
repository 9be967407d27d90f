"""``proofmill attacks``: play every attack on the reward mechanism and measure what it earns."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.host.network.economics.attacks.harm import Measured


def register(commands: Commands) -> None:
    """Add the command."""
    attacks = commands.add_parser(
        "attacks", help="play every attack on the second layer and measure its profit",
        description="Play each attack in a small simulated network, with its defence and with the "
                    "defence switched off, over many seeds. A profit is over honest play on the "
                    "same luck, in gwei a slot, with its 95 % interval. Takes some minutes. "
                    "Exit status 1 if an attack may pay in spite of its defence.")
    form = attacks.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object on stdout")
    form.add_argument("--markdown", action="store_true", help="docs/attacks.md on stdout")
    attacks.add_argument("--only", metavar="TEXT", help="attacks with this text in their name")
    attacks.set_defaults(run=run)


def _tell_harms(screen: Screen, harms: Sequence["Measured"]) -> None:
    """A line for each attack that is measured by the victim's loss, too."""
    from proofmill.host.network.economics.attacks.report import gwei

    screen.line()
    screen.line(f"{'attack':28}{'gain':>18}{'victim loses':>18}{'gain without':>18}"
                f"{'victim loses without':>22}   gwei")
    for result in harms:
        on, off = result.protected, result.unprotected
        screen.line(f"{result.harm.name:28}{gwei(on.gain):>18}{gwei(on.loss):>18}"
                    f"{gwei(off.gain):>18}{gwei(off.loss):>22}")


def run(options: argparse.Namespace) -> int:
    """Play, measure, report."""
    from proofmill.host.network.economics.attacks.catalogue import ATTACKS, HARMS, LIMITS
    from proofmill.host.network.economics.attacks.harm import Harm, Measured, measure_harm
    from proofmill.host.network.economics.attacks.measure import Attack, MeasuredAttack, measure
    from proofmill.host.network.economics.attacks.optimal import optima
    from proofmill.host.network.economics.attacks.report import (
        as_data,
        best_as_data,
        gwei,
        harm_as_data,
        markdown,
    )

    if options.only is not None and options.markdown:
        raise ProofmillError("--only with --markdown: the document has all attacks; leave one out")
    everything: tuple[Attack | Harm, ...] = (*ATTACKS, *LIMITS, *HARMS)
    chosen = [attack for attack in everything
              if options.only is None or options.only.lower() in attack.name.lower()]
    if not chosen:
        names = ", ".join(attack.name for attack in everything)
        raise ProofmillError(f"--only {options.only}: no attack is named so; there are {names}")
    screen = Screen(machine=options.json or options.markdown)
    results: list[MeasuredAttack] = []
    harms: list[Measured] = []
    plain = not (options.json or options.markdown)
    if plain:
        screen.line(f"{'attack':42}{'profit':>26}{'without its defence':>26}   gwei a slot")
    with screen.bar("playing") as bar:
        for number, attack in enumerate(chosen):
            bar.step(attack.name, number, len(chosen))
            if not isinstance(attack, Attack):
                harms.append(measure_harm(attack))
                continue
            result = measure(attack)
            results.append(result)
            if plain:
                off = "no defence" if result.unprotected is None else gwei(result.unprotected)
                screen.line(f"{attack.name:42}{gwei(result.protected):>26}{off:>26}")
    stopped = [result for result in results if not result.attack.limit]
    limits = [result for result in results if result.attack.limit]
    paying = [result.attack.name for result in stopped if result.protected.upper > 0]
    paying += [result.harm.name for result in harms if result.protected.pays]
    if plain and harms:
        _tell_harms(screen, harms)
    if options.markdown:
        print(markdown(stopped, limits, harms, optima()), end="")
    elif options.json:
        print_record("attacks", {"attacks": [as_data(result) for result in results],
                                 "harms": [harm_as_data(result) for result in harms],
                                 "best_play": [best_as_data(best) for best in optima()],
                                 "may_pay": paying})
    else:
        screen.line()
        screen.line("May pay in spite of its defence: " + ", ".join(paying) if paying else
                    "No attack pays against its defence.")
    return 1 if paying else 0
