"""``proofmill completion``: what completes its commands, options and choices in a shell."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import InputFile, OutputFile, OutputFolder, device
from proofmill.host.cli.subcommands import Commands

SHELLS = ("bash", "zsh", "fish")


def register(commands: Commands) -> None:
    """Add the command."""
    completion = commands.add_parser(
        "completion", help="print a script by which a shell completes commands and options",
        description="Print a script that lets a shell complete commands, options, choices and "
                    "names of files. It is of this version: let the shell ask for it whenever it "
                    "starts, in ~/.bashrc by the line `eval \"$(proofmill completion bash)\"`, in "
                    "~/.zshrc, below compinit, by `eval \"$(proofmill completion zsh)\"`, in "
                    "~/.config/fish/config.fish by `proofmill completion fish | source`.")
    completion.add_argument("shell", metavar="|".join(SHELLS), choices=SHELLS)
    completion.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the script."""
    import shtab

    from proofmill.host.cli.main import parser

    top = parser()
    _say_what_is_completed(top, shtab)
    print(shtab.complete(top, options.shell))


def _say_what_is_completed(parser: argparse.ArgumentParser, shtab: Any) -> None:
    """Mark the arguments of a parser, and of its commands, that take files, folders and devices."""
    from proofmill.host.prover.devices.catalogue import DEVICES

    for action in parser._actions:
        takes = getattr(action.type, "__annotations__", {}).get("return")
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                _say_what_is_completed(each, shtab)
        elif action.type is device:
            action.choices = [name for name in DEVICES if name != "serial:PORT"]
        elif action.choices is not None:
            action.choices = list(action.choices)    # a dictionary it would take for commands
        elif takes in (InputFile, OutputFile):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif takes is OutputFolder:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
