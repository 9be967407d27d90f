"""A full node's part in proven history: it makes an era of final blocks' proofs, and hands it out.

An era is made as soon as its blocks are final with their proofs, on the processor beside the node's
duties, one at a time. Whoever asks for one gets it with the headers that lead from its first block
to the final checkpoint that was asked with. Of the ledger after an era, which such a one then knows
by its root, every full node shows accounts, and of blocks up to there the places.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

from proofmill.host.network.certificates.answers import account_answer, block_answer
from proofmill.host.network.certificates.era import aggregate
from proofmill.host.network.certificates.hash_tree import HashTree
from proofmill.host.network.certificates.headers import branch_in, write_evidence
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.beside import Beside
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.ledger_exchange import AccountQuestion, Question
from proofmill.host.network.node.proven_blocks import Due, ProvenBlocks
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.second_layer.final_blocks import FinalBlock
from proofmill.host.prover.aggregation.aggregate import rounds_of
from proofmill.host.prover.aggregation.setup import Heads, read_pair
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.verification_key import VerificationKey

log = logging.getLogger(__name__)

POWERS = ("first.ptau", "second.ptau")
"""Of two ceremonies, in the folder of a chain that begins with development powers."""
MOST_LEDGERS = 4
"""After the latest eras, whose accounts a node shows."""
MOST_TREES = 4
"""Of eras whose blocks were asked for last."""


@dataclass(frozen=True)
class EraSetup:
    """What nodes of a chain agree on: `blocks` of an era, the `key` of block proofs, and what
    verifies their aggregates. `powers`: the files of the two ceremonies where this node makes
    eras, None where it does not."""

    blocks: int
    key: VerificationKey
    heads: Heads
    powers: tuple[Path, Path] | None = None


def make_powers(folder: Path, blocks: int, seed: bytes) -> Heads:
    """Make the files `POWERS` for eras of so many blocks, and say what verifies these: development
    powers, which follow from `seed` and prove nothing to anybody."""
    first, second = (folder / name for name in POWERS)
    for path in (first, second):
        development_powers(path, rounds_of(blocks) + 1, seed + path.name.encode())
    return read_pair(first, second).heads


@dataclass(frozen=True)
class MadeEra:
    """An era that was made: the number of its first block, how many it has, its bytes, and the
    seconds that took."""

    first: int
    blocks: int
    bytes: int
    seconds: float


class _Closed(Exception):
    """Nobody waits for the era any more."""


class EraMaker:
    """Keeps final blocks with their proofs, and makes eras of them if its setup says so."""

    def __init__(self, setup: EraSetup, blocks: ProvenBlocks, follower: Follower) -> None:
        """`blocks`: those that are here already, and where the next ones go."""
        self._setup, self._follower = setup, follower
        self._blocks = blocks
        self._beside: Beside[tuple[bytes, float]] | None = None
        self._making: tuple[Due, Future[tuple[bytes, float]]] | None = None
        self._failed: int | None = None
        """The first block of an era that came to nothing: the same proofs would again."""
        self._closed = False
        self.ledgers: OrderedDict[int, Ledger] = OrderedDict()
        """After the latest eras that may be made, by their roots."""
        self._trees: OrderedDict[int, HashTree] = OrderedDict()
        """Over the hashes of an era's blocks, by the first one's number: those asked for last."""
        self.made: list[MadeEra] = []
        """By this process."""
        follower.on_final = self.hear

    def begin(self, beside: Beside[tuple[bytes, float]]) -> None:
        """Have this node make eras from now on, if its setup says so."""
        if self._setup.powers is not None:
            self._beside = beside

    @property
    def busy(self) -> bool:
        """Whether an era is being made."""
        return self._making is not None

    def hear(self, blocks: Sequence[FinalBlock]) -> None:
        """Payloads have become final. Raises `StorageError` where the disk fails."""
        self._blocks.add(blocks)
        for block in blocks:
            if (block.number + 1) % self._setup.blocks == 0:
                self.ledgers[block.after] = self._follower.execution_layer.ledger(block.hash)
                self.ledgers.move_to_end(block.after)
        while len(self.ledgers) > MOST_LEDGERS:
            self.ledgers.popitem(last=False)

    def roots(self) -> list[int]:
        """The ledger's root after each final block."""
        return self._blocks.roots()

    def work(self) -> None:
        """Keep what is made, and begin with what is due. Raises `StorageError`."""
        if self._beside is None:
            return
        if self._making is not None:
            due, making = self._making
            if not making.done():
                return
            self._making = None
            try:
                data, seconds = making.result()
            except Exception as error:  # whatever it was, the node has other duties
                self._failed = due.first
                log.error("no era from block %d on: %s", due.first, error)
            else:
                self._blocks.keep(due.first, len(due.blocks), data)
                self.made.append(MadeEra(due.first, len(due.blocks), len(data), seconds))
                log.info("an era of %d blocks from block %d on: %d bytes", len(due.blocks),
                         due.first, len(data))
        next_due = self._blocks.due(self._setup.blocks)
        if next_due is not None and next_due.first != self._failed:
            self._making = next_due, self._beside(partial(self._make, next_due))

    def answer(self, first: int, checkpoint: bytes) -> tuple[bytes, bytes] | None:
        """The era that begins with the block of a number, and the headers that lead from there to
        the final block of root `checkpoint`; None where either is not here."""
        found, archive = self._blocks.era(first), self._follower.archive
        raw = None if archive is None else archive.part(checkpoint, Topic.BLOCK)
        if found is None or raw is None:
            return None
        count, data = found
        final = spec.SignedBeaconBlock.decode_bytes(raw).message
        last = bytes(final.body.signed_execution_payload_bid.message.parent_block_hash)
        headers = self._blocks.headers(first, last)
        return None if len(headers) < count else (data, write_evidence(headers, branch_in(final)))

    def about(self, question: Question) -> bytes:
        """What `certificates.answers` has of a question: of an account of the ledger after one of
        the latest eras, or of a payload whose era is among the blocks that the asker knows to be
        proven. Nothing where that is not here."""
        if isinstance(question, AccountQuestion):
            ledger = self.ledgers.get(question.root)
            return b"" if ledger is None or question.number >= ledger.size.accounts else (
                account_answer(ledger, question.number))
        number, length = self._blocks.number_of(question.block_hash), self._setup.blocks
        if number is None:
            return b""
        first = number - number % length
        if first + length > question.blocks:
            return b""
        tree = self._tree(first)
        # Of no era yet, whatever the asker says.
        return b"" if tree is None else block_answer(number - first, tree.branch(number - first))

    @property
    def key(self) -> VerificationKey:
        """Of block proofs."""
        return self._setup.key

    @property
    def heads(self) -> Heads:
        """What verifies their aggregates."""
        return self._setup.heads

    def latest(self, most: int) -> list[int]:
        """The numbers of the first blocks of the latest eras that are here."""
        return self._blocks.eras(most)

    def before(self, first: int) -> tuple[int, bytes] | None:
        """The ledger's root before the block of this number, and the hash of the block that has it;
        None where that is not here."""
        if first:
            return self._blocks.after(first - 1)
        root = self._blocks.first_root
        return None if root is None else (root, self._follower.execution_layer.genesis_hash)

    def last_roots(self) -> set[int]:
        """Of the ledgers after the latest eras that may be made."""
        return self._blocks.roots_after(self._setup.blocks, MOST_LEDGERS)

    def places(self, first: int) -> list[tuple[bytes, bytes]]:
        """Of each block of the era that begins with the block of this number the hash, and what
        `certificates.answers` has of its place; nothing where the era is not here."""
        tree = self._tree(first)
        return [] if tree is None else [
            (block_hash, block_answer(place, tree.branch(place)))
            for place, block_hash in enumerate(self._blocks.hashes(first, self._setup.blocks))]

    def _tree(self, first: int) -> HashTree | None:
        """Over an era's hashes; None where not all of its blocks are here."""
        if first not in self._trees:
            hashes = self._blocks.hashes(first, self._setup.blocks)
            if len(hashes) < self._setup.blocks:
                return None
            self._trees[first] = HashTree(hashes)
        self._trees.move_to_end(first)
        while len(self._trees) > MOST_TREES:
            self._trees.popitem(last=False)
        return self._trees[first]

    def close(self) -> None:
        """Give up the era that is being made."""
        self._closed = True
        if self._making is not None:
            with suppress(Exception):
                self._making[1].result()

    def _make(self, due: Due) -> tuple[bytes, float]:
        assert self._setup.powers is not None
        begun = perf_counter()
        powers = read_pair(*self._setup.powers, rounds_of(len(due.blocks)))
        era = aggregate(powers, self._setup.key, due.blocks, due.proofs, progress=self._step)
        return era.to_bytes(), perf_counter() - begun

    def _step(self, done: int, total: int) -> None:
        if self._closed:
            raise _Closed
