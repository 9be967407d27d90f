"""Where a service begins: at the final state that its last life has kept, or at genesis."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.kept import tell
from proofmill.host.ground.log_fields import name_of
from proofmill.host.network.evm.history import History
from proofmill.host.network.evm.states import STATES, StateFile
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.final_state import FinalCodec, FinalState
from proofmill.host.network.node.final_store import FINAL, FinalStore, Unusable
from proofmill.host.network.node.follower import ChainSetup, Follower

log = logging.getLogger(__name__)

REMEMBERED_BLOCKS = 1_024
"""Final ones whose facts a service keeps in memory."""
EPOCHS_BETWEEN = 4
"""From one final state that is kept to the next: each costs most pages of the file, however little
is new, and what one more epoch costs the next start is small."""


class FinalStates:
    """The final states of one node: the one it begins with, and those it keeps from then on.

    Nothing of these ends a node: what cannot be read or written is told, and all blocks are
    checked. The file of what its machine has of states, which it cannot do without, is made here
    as well.
    """

    def __init__(self, folder: Path, chain: ChainSetup, files: ExitStack,
                 lacks: Callable[[FinalState], str] = lambda state: "") -> None:
        """The file is in the node's `folder` and is given back with `files`. `lacks`: without what
        a state is of no use, as a sentence's end; nothing where all is there."""
        self.path, self._lacks = folder / FINAL, lacks
        self._chain, self._files = chain, files
        self._store: FinalStore | None = None
        self._states: StateFile | None = None
        self._due = 0
        """The epoch that is final when the next one is to be kept."""
        self.begun = False
        """Whether the node goes on from a final state."""

    def begin(self, archive: Archive, history: History | None = None) -> Follower:
        """A follower at the kept final state, if that can be used, else at genesis. Its clock has
        to be set, and the archive to be loaded. `history`: the machine's, where it is asked."""
        follower = self._new(archive, history)
        try:
            self._store = self._files.enter_context(FinalStore(
                self.path, FinalCodec(self._chain.parameters, self._chain.size),
                follower.genesis_root))
        except ProofmillError as error:
            self._give_up(str(error))
            return follower
        try:
            kept = self._store.kept()
            if kept is None:
                return follower
            if history is not None and not history.is_whole(kept.executed[0].block):
                raise Unusable(f"is of no use without {history.path.name}, which has not all "
                               "blocks before it")
            if lacking := self._lacks(kept):
                raise Unusable(f"is of no use {lacking}")
            follower.go_on_from(kept)
        except Unusable as error:
            return self._anew(archive, history, str(error))
        except Exception as error:  # whatever is wrong with it, the blocks are here
            return self._anew(archive, history, f"does not hold ({type(error).__name__}: {error})")
        self.begun, self._due = True, kept.point.epoch + EPOCHS_BETWEEN
        log.info("it goes on from its final state of epoch %d, and checks the blocks after it",
                 kept.point.epoch, extra={"block": name_of(kept.point.root)})
        return follower

    def keep_in_time(self, follower: Follower) -> None:
        """`keep`, `EPOCHS_BETWEEN` after the last one, once what is final has been followed."""
        final = bytes(follower.store.finalized_checkpoint.root)
        if follower.finalized_epoch >= self._due and final == follower.final_root:
            self.keep(follower)

    def keep(self, follower: Follower) -> None:
        """Write down the state at the last final block, unless it is there."""
        store = self._store
        if store is None or store.root == follower.final_root:
            return
        try:
            state = follower.final_state()
            if state is None:
                return
            # It is of no use without its block, nor without the machine's blocks before it.
            if follower.archive is not None:
                follower.archive.sync()
            if follower.execution_layer.evm.history is not None:
                follower.execution_layer.evm.history.sync()
            store.keep(state)
            self._due = state.point.epoch + EPOCHS_BETWEEN
        except Exception as error:  # a node has other duties than to be begun again
            self._store = None
            self._give_up(f"{self.path}: the final state cannot be kept ({error})")

    def _new(self, archive: Archive, history: History | None) -> Follower:
        follower = Follower(self._chain, archive, REMEMBERED_BLOCKS)
        machine = follower.execution_layer.evm
        machine.history = history
        if self._states is not None:
            self._states.close()  # of a follower that is of no use any more
        self._states = self._files.enter_context(StateFile(self.path.with_name(STATES)))
        machine.keep_in(self._states)
        return follower

    def _anew(self, archive: Archive, history: History | None, reason: str) -> Follower:
        assert self._store is not None
        said = (f"{self.path}: the final state that is kept {reason}; all blocks that are kept "
                "are checked instead")
        log.warning("%s", said)
        tell(said)
        try:
            self._store.forget()
        except ProofmillError as error:
            self._store = None
            self._give_up(str(error))
        return self._new(archive, history)

    def _give_up(self, reason: str) -> None:
        said = f"{reason}; this node goes on without one, and checks all blocks when it starts"
        log.warning("%s", said)
        tell(said)
