"""``proofmill postmortem``: what became of a job, from a node's event log."""

import argparse
import os
from datetime import datetime
from pathlib import Path

from proofmill.host.cli.node_options import add_config
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands


def register(commands: Commands) -> None:
    """Add the command."""
    postmortem = commands.add_parser(
        "postmortem", help="tell what became of a job, from a node's event log",
        description="Tell the story of a job: when its states began, by the clock and from the "
                    "beginning of its slot, what each was for, and what happened to the node "
                    "meanwhile: devices that failed, steps that were late, an end and a start. "
                    "The node may run.",
        epilog="example: proofmill postmortem 21 --config mill/node-0/node.toml")
    postmortem.add_argument("job", metavar="JOB",
                            help="a slot, or a job's name as in node.log, or its beginning")
    add_config(postmortem)
    postmortem.add_argument("--json", action="store_true",
                            help="one JSON object on stdout, everything else on stderr")
    postmortem.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Tell it."""
    from proofmill.host.network.operator.settings import read_settings

    settings = read_settings(options.config, os.environ)
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.network.operator.chain_file import read_chain
    from proofmill.host.network.operator.event_log import EventReader
    from proofmill.host.network.operator.stories import find_job, story
    from proofmill.host.network.operator.watch import EVENTS

    base = Path(options.config).absolute().parent
    chain = read_chain(base / settings.node.chain)
    log = EventReader(base / settings.node.folder / EVENTS)
    told = story(log, find_job(log, options.job), chain.clock)
    seconds = chain.slot_milliseconds / 1000
    if options.json:
        print_record("postmortem", {
            "job": told.job, "slot": told.slot, "state": told.state, "verdict": told.verdict,
            "events": [vars(line) for line in told.lines]})
        return 0
    screen.line(f"job {told.job}, of slot {told.slot} (a slot is {seconds:g} s)")
    for line in told.lines:
        at = datetime.fromtimestamp(line.unix_seconds).strftime("%Y-%m-%d %H:%M:%S")
        # Chain time, so that it can be compared with the slot's steps whatever a slot lasts.
        screen.line(f"{at}  {line.chain_ms / 1000:>+8.2f} s  {'' if line.own else '· '}"
                    f"{line.sentence}")
    screen.line(f"{told.state}: {told.verdict}")
    return 0
