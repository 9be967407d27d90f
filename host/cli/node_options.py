"""What the commands at a node's settings take."""

import argparse

from proofmill.host.cli.arguments import input_file

CONFIG = "node.toml"


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``."""
    parser.add_argument("--config", default=CONFIG, metavar="FILE.toml",
                        type=input_file("`proofmill node init` makes one"),
                        help=f"the node's settings (default: {CONFIG})")
