"""``proofmill attacks``: play every attack on the reward mechanism and measure what it earns."""

import argparse

from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError


def register(commands: Commands) -> None:
    """Add the command."""
    attacks = commands.add_parser(
        "attacks", help="play every attack on the second layer and measure its profit",
        description="Play each attack in a small simulated network, with its defence and with the "
                    "defence switched off, over many seeds. A profit is over honest play on the "
                    "same luck, in gwei a slot, with its 95 % interval. Takes about a minute. "
                    "Exit status 1 if an attack may pay in spite of its defence.")
    form = attacks.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object on stdout")
    form.add_argument("--markdown", action="store_true", help="docs/attacks.md on stdout")
    attacks.add_argument("--only", metavar="TEXT", help="attacks with this text in their name")
    attacks.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play, measure, report."""
    from proofmill.host.network.economics.attacks.catalogue import ATTACKS, LIMITS
    from proofmill.host.network.economics.attacks.measure import Result, measure
    from proofmill.host.network.economics.attacks.report import as_data, gwei, markdown

    if options.only is not None and options.markdown:
        raise ProofmillError("--only with --markdown: the document has all attacks; leave one out")
    chosen = [attack for attack in (*ATTACKS, *LIMITS)
              if options.only is None or options.only.lower() in attack.name.lower()]
    if not chosen:
        names = ", ".join(attack.name for attack in (*ATTACKS, *LIMITS))
        raise ProofmillError(f"--only {options.only}: no attack is named so; there are {names}")
    screen = Screen(machine=options.json or options.markdown)
    results: list[Result] = []
    plain = not (options.json or options.markdown)
    if plain:
        screen.line(f"{'attack':42}{'profit':>26}{'without its defence':>26}   gwei a slot")
    with screen.bar("playing") as bar:
        for number, attack in enumerate(chosen):
            bar.step(attack.name, number, len(chosen))
            result = measure(attack)
            results.append(result)
            if plain:
                off = "no defence" if result.unprotected is None else gwei(result.unprotected)
                screen.line(f"{attack.name:42}{gwei(result.protected):>26}{off:>26}")
    stopped = [result for result in results if not result.attack.limit]
    limits = [result for result in results if result.attack.limit]
    paying = [result.attack.name for result in stopped if result.protected.upper > 0]
    if options.markdown:
        print(markdown(stopped, limits), end="")
    elif options.json:
        print_record("attacks", {"attacks": [as_data(result) for result in results],
                                 "may_pay": paying})
    else:
        screen.line()
        screen.line("May pay in spite of its defence: " + ", ".join(paying) if paying else
                    "No attack pays against its defence.")
    return 1 if paying else 0
