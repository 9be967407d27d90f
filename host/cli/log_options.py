"""``--verbose`` and ``--log-file``, without what they need: `host.cli.logs`."""

import argparse

VERBOSE, LOG_FILE = "--verbose", "--log-file"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options, for the program and each of its commands: they may stand before and after."""
    _add(parser, False, None)
    for child in _commands(parser):
        _add(child, argparse.SUPPRESS, argparse.SUPPRESS)


def are_given(options: argparse.Namespace) -> bool:
    """Whether records are to go anywhere."""
    return bool(options.verbose) or options.log_file is not None


def _add(parser: argparse.ArgumentParser, verbose: object, file: object) -> None:
    group = parser.add_argument_group("log")
    group.add_argument(VERBOSE, action="store_true", default=verbose,
                       help="log every step on stderr, and in the log file")
    group.add_argument(LOG_FILE, metavar="FILE", default=file,
                       help="append log records to this file, one JSON object a line")


def _commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Every command below, each once."""
    found: list[argparse.ArgumentParser] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in dict.fromkeys(action.choices.values()):
                found += [child, *_commands(child)]
    return found
