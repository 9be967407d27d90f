"""What a full node writes down for light ones: headers, accounts and places, as files to serve.

    <slot>.proof.json        and .public.json, of every proven block (`era`)
    verification_key.json    of block proofs
    0.headers                headers from the first proven block on, and a final block's branch
    <root>-<n>.account       of the ledger after the last proven block
    <hash>.block             of every proven block
    trust.json               what a light node that begins here has to be told
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.output import make_folder, write_atomically
from proofmill.host.network.certificates.answers import (
    account_answer,
    account_file,
    block_answer,
    block_file,
)
from proofmill.host.network.certificates.era import write_block_proof
from proofmill.host.network.certificates.hash_tree import HashTree
from proofmill.host.network.certificates.headers import branch_in, write_evidence
from proofmill.host.network.certificates.light_ledger import EVIDENCE
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.groth16.verification_key import (
    Proof,
    VerificationKey,
    write_verification_key,
)

KEY, TRUST = "verification_key.json", "trust.json"


class Publisher:
    """Writes to a folder, made if need be, as a chain goes on. Raises `ProofmillError`."""

    def __init__(self, folder: str | os.PathLike[str], chain: EmbeddedChain,
                 key: VerificationKey) -> None:
        self.folder, self._chain = Path(folder), chain
        make_folder(self.folder)
        write_verification_key(self.folder / KEY, key)
        self._headers: dict[int, tuple[bytes, bytes]] = {}
        """By slot: hash and RLP."""
        self._proven: list[int] = []
        self._ledger: Ledger | None = None
        self._first: tuple[bytes, int] = (b"", 0)

    def passed(self, slot: int) -> None:
        """The chain has a block in this slot, its head."""
        record = self._chain.block(slot)
        header = self._chain.execution_layer.header(record.request)
        self._headers[slot] = bytes(record.payload.block_hash), header

    def proven(self, slot: int, proof: Proof, public: Sequence[int]) -> None:
        """The block of this slot, after the one proven before it, has this proof."""
        write_block_proof(self.folder, slot, proof, public)
        payload = self._chain.block(slot).payload
        if not self._proven:
            self._first = bytes(payload.parent_hash), public[0]
        self._proven.append(slot)
        self._ledger = self._chain.execution_layer.ledger(bytes(payload.block_hash))

    def finish(self) -> None:
        """Write what needs a final block, if the proven ones are final and go on from each other;
        a branch that was left is not followed back."""
        checkpoint = self._chain.store.finalized_checkpoint
        final = self._chain.store.blocks[checkpoint.root]
        last = bytes(final.body.signed_execution_payload_bid.message.parent_block_hash)
        slots = [slot for slot in sorted(self._headers) if self._proven
                 and slot >= self._proven[0]]
        hashes = [self._headers[slot][0] for slot in slots]
        count = len(self._proven)
        if self._ledger is None or last not in hashes or slots[:count] != self._proven \
                or hashes.index(last) + 1 < count:
            raise ProofmillError(f"{self.folder}: no headers for light nodes: the proven blocks "
                                 "are not all final; mine on until they are")
        end = hashes.index(last) + 1
        write_atomically(self.folder / f"0{EVIDENCE}", [write_evidence(
            [self._headers[slot][1] for slot in slots[:end]], branch_in(final))])
        tree = HashTree(hashes[:count])
        for place in range(count):
            write_atomically(self.folder / block_file(hashes[place]),
                             [block_answer(place, tree.branch(place))], False)
        for number in self._ledger.accounts:
            write_atomically(self.folder / account_file(self._ledger.root, number),
                             [account_answer(self._ledger, number)], False)
        write_atomically(self.folder / TRUST, [json.dumps({
            "epoch": int(checkpoint.epoch), "root": bytes(checkpoint.root).hex(),
            "ledger_root": str(self._first[1]), "block_hash": self._first[0].hex(),
            "blocks": [each.hex() for each in hashes[:count]]}, indent=1).encode() + b"\n"])
