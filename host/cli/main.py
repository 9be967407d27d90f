"""``proofmill``: the entry point."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from proofmill.host.cli import log_options, signals
from proofmill.host.cli.arguments import Parser, columns
from proofmill.host.cli.examples import examples
from proofmill.host.cli.extras import hint
from proofmill.host.ground.errors import ProofmillError, way_out

COMMANDS = {
    "mine": ("mine",),
    "devnet": ("devnet",),
    "node": ("node",),
    "doctor": ("doctor",),
    "worker": ("worker",),
    "postmortem": ("postmortem",),
    "prove": ("prove", "verify"),
    "serve": ("serve",),
    "inference": ("infer", "model"),
    "keys": ("zkey", "setup"),
    "gnark": ("gnark",),
    "kzg": ("kzg",),
    "files": ("r1cs",),
    "bench": ("bench",),
    "explore": ("explore",),
    "field": ("field",),
    "gateware": ("verilog", "commands"),
    "simulate": ("simulate",),
    "study": ("study",),
    "attacks": ("attacks",),
    "why": ("why",),
    "contracts": ("contracts",),
    "market": ("market",),
    "ledger": ("ledger",),
    "board": ("board",),
    "measure": ("measure",),
    "devices": ("devices", "selftest"),
    "build": ("build",),
    "waves": ("waves",),
    "vectors": ("vectors",),
    "slashing": ("slashing",),
    "wallet": ("wallet",),
    "history": ("history",),
    "light": ("light",),
    "completion": ("completion",),
}
"""Modules with ``register(subparsers)``, and the commands of each."""

READERS = {
    "proving": ("prove", "verify", "serve", "setup", "zkey", "r1cs", "gnark",
                "kzg"),
    "inference": ("infer", "model"),
    "mining and the network": ("mine", "devnet", "node", "worker", "doctor", "postmortem",
                               "wallet", "light", "history", "why", "contracts", "market",
                               "ledger", "slashing"),
    "devices and boards": ("devices", "selftest", "board", "build"),
    "building on the hardware": ("verilog", "commands", "field", "waves", "measure", "explore"),
    "figures and research": ("bench", "simulate", "study", "attacks", "vectors"),
    "this command line": ("completion",),
}
"""Commands by who wants them, in the order of the help."""

INSTALLED, INSTALLED_END = "proofmill-", ".dist-info"
"""What the name of an installation's folder has before and after the version."""

CLOSED_PIPE = 141
"""Status where nobody reads on: 128 and the number of SIGPIPE, as of other commands."""


class TopParser(Parser):
    """The parser of ``proofmill``, whose help lists the commands by `READERS`."""

    def format_help(self) -> str:
        assert self._subparsers is not None
        commands: Any = self._subparsers._group_actions[0]
        helps = {action.dest: action for action in commands._get_subactions()}
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        for reader, names in READERS.items():
            formatter.start_section(reader)
            formatter.add_arguments(helps[name] for name in names)
            formatter.end_section()
        formatter.start_section("options")
        formatter.add_arguments(action for action in self._actions if action is not commands)
        formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help() + examples(self.prog, columns() - 2)


class ShowVersion(argparse.Action):
    """``--version``: the package's, looked up only when it is asked for."""

    def __call__(self, *given: Any, **more: Any) -> None:
        print(f"proofmill {version()}")
        raise SystemExit(0)


def version() -> str:
    """The version of the installed package."""
    # By the name of the folder that every installation makes: importlib.metadata takes longer to
    # import than all else that is done here.
    for folder in sys.path:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if name.startswith(INSTALLED) and name.endswith(INSTALLED_END):
                return name[len(INSTALLED):-len(INSTALLED_END)]
    return "of unknown version: it is not installed"


def parser(word: str | None = None) -> Parser:
    """The whole command line; if `word` is a command's name, that of its module alone.

    Other commands' modules are not imported then, which takes longer than a small proof.
    """
    top = TopParser(
        prog="proofmill",
        description="An open ZK-mining stack: prove blocks of a proof-of-stake chain on an FPGA "
                    "accelerator, or its simulation, and earn a second layer of reward.",
        epilog="Exit status: 0 when it worked (and what was to be proven or verified is valid), "
               "1 when a proof is not valid, 2 for a mistake that the message says how to mend, "
               "130 when stopped by Ctrl-C, 143 by SIGTERM. `proofmill COMMAND --help` tells more; "
               "docs/commands.md has every status and every field of --json.")
    top.add_argument("--version", action=ShowVersion, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True,
                                  parser_class=Parser, prog=top.prog)
    modules = [name for name, names in COMMANDS.items() if word in names] or list(COMMANDS)
    for name in modules:
        import_module(f"proofmill.host.cli.{name}").register(commands)
    log_options.add_options(top)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's own); return the exit status."""
    with signals.stopping():
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        try:
            words = list(sys.argv[1:] if arguments is None else arguments)
            if words == ["--version"]:
                print(f"proofmill {version()}")
                raise SystemExit(0)  # as argparse does, which is not waited for here
            options = parser(words[0] if words else None).parse_args(words)
            if log_options.are_given(options) or not getattr(options, "logs_later", False):
                from proofmill.host.cli import logs
                logs.set_up(options)
            status = options.run(options)
        finally:
            sys.stdout.flush()
        return int(status or 0)
    except ProofmillError as error:
        return _refuse(str(error))
    except ModuleNotFoundError as error:
        if (said := hint(error)) is None:
            raise
        return _refuse(said)
    except KeyboardInterrupt:
        print(f"proofmill: stopped{signals.reason()}", file=sys.stderr)
        return signals.status()
    except BrokenPipeError:
        # The reader has gone (`proofmill ... | head`); keep Python from complaining at exit.
        for stream in (sys.stdout, sys.stderr):
            _close_quietly(stream)
        return CLOSED_PIPE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}; {way_out(error)}")


def _refuse(sentence: str) -> int:
    """Say what is wrong; return the status for it."""
    import warnings

    # Amaranth's word on parts of a design that were not used, because of the very mistake.
    warnings.filterwarnings("ignore", message=".* created but never used")
    print(f"proofmill: {sentence}", file=sys.stderr)
    return 2


def _close_quietly(stream: Any) -> None:
    """Let what is left in `stream` go nowhere, if its reader has gone."""
    try:
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
