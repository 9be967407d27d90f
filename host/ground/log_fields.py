"""What a log record is about: a block, a proof, a peer or a job has one identifier in all of them.

Every module logs to the logger of its own name and knows no handler; `host.cli.logs` decides where
records go. A job and the proof it makes have the same identifier.
"""

from collections.abc import Callable
from pathlib import Path

LogTo = Callable[[Path, str], None]
"""Lets this process's records go into a file, in the name of a node."""
FIELDS = ("node", "slot", "block", "payload", "proof", "job", "peer")
"""The extra fields of records, in the order they are shown."""


def name_of(root: bytes) -> str:
    """A block's root, or a payload's request, as it is named everywhere."""
    return f"0x{root.hex()}"


def proof_name(request_root: bytes, proof_type: int, prover: int) -> str:
    """A prover's proof of a payload, and the job that makes it."""
    return f"{name_of(request_root)}/{proof_type}/{prover}"
