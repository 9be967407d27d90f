"""What keeps a machine's memory from growing with its chain: all that is final is on the disk."""

from contextlib import ExitStack
from pathlib import Path

from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.history import HISTORY, History
from proofmill.host.network.evm.states import STATES, StateFile


def keep_on_disk(evm: EmbeddedEvm, folder: Path, files: ExitStack) -> None:
    """Have final states and blocks, with their events, in files in `folder`, which are given back
    with `files`. StorageError where these cannot be opened."""
    evm.keep_in(files.enter_context(StateFile(folder / STATES)))
    evm.history = files.enter_context(History(folder / HISTORY))
