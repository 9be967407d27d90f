"""``proofmill bench``: the figures, each by a command that anyone can run."""
import argparse
from typing import Any


def register(commands: Any) -> None:
    """Add the commands."""
