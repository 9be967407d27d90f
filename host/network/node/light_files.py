"""What a full node hands to light nodes as files, beside the certificates that are in their folder.

    <blocks before>.era       of the latest eras, where this node makes them
    <blocks before>.headers   from an era's first block to what certificates have made final
    <root>-<number>.account   of the ledgers after the latest eras
    <hash>.block              of these eras' blocks
    block_key.json            verification key of block proofs
    history_key.json          what verifies their aggregates
    trust.json                what a light node that begins here has to be told

Headers lead to one final checkpoint, so they are written again with every one that is final; those
of eras before the latest `MOST_ERAS` go, since a chain has ever more blocks after them.
"""

import json

from proofmill.host.ground.output import write_atomically
from proofmill.host.network.certificates.answers import account_answer, account_file, block_file
from proofmill.host.network.certificates.era import SUFFIX
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.light_ledger import BLOCK_KEY, EVIDENCE, HISTORY_KEY
from proofmill.host.network.certificates.publish import TRUST
from proofmill.host.network.node.era_maker import MOST_LEDGERS, EraMaker
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.groth16.verification_key import write_verification_key

MOST_ERAS = MOST_LEDGERS
MOST_ACCOUNTS = 1_024
"""Of a ledger, the first ones: each is a file."""
ROOT_DIGITS = 64
"""Hexadecimal ones of a root in a file's name."""


class LightFiles:
    """Writes them into the folder of the light node that a full node keeps."""

    def __init__(self, light: LightNode, eras: EraMaker) -> None:
        """Raises `ProofmillError` where the folder cannot be written."""
        self._light, self._eras = light, eras
        self._final: Checkpoint | None = None
        # Those of a former life are here.
        self._roots = {int(path.name[:ROOT_DIGITS], 16)
                       for path in light.folder.glob("?" * ROOT_DIGITS + "-*.account")}
        self._written: set[int] = set()
        self._firsts = {int(path.stem) for path in light.folder.glob(f"*{SUFFIX}")}
        write_verification_key(light.folder / BLOCK_KEY, eras.key)
        eras.heads.write(light.folder / HISTORY_KEY)

    def work(self) -> None:
        """Write what is new. Raises `ProofmillError` where the disk fails."""
        final, folder = self._light.known.finalized, self._light.folder
        for root in [root for root in self._eras.ledgers if root not in self._written]:
            self._written.add(root)
            self._roots.add(root)
            ledger = self._eras.ledgers[root]
            for number in sorted(ledger.accounts)[:MOST_ACCOUNTS]:
                write_atomically(folder / account_file(root, number),
                                 [account_answer(ledger, number)], False)
        for root in self._roots - self._eras.ledgers.keys() - self._eras.last_roots():
            self._roots.remove(root)
            self._written.discard(root)
            for path in folder.glob(account_file(root, 0).replace("-0.", "-*.")):
                path.unlink(missing_ok=True)
        firsts = set(self._eras.latest(MOST_ERAS))
        if (final, firsts) == (self._final, self._firsts):
            return
        for first in sorted(firsts):
            found = self._eras.answer(first, final.root)
            if found is None:
                continue    # certificates are behind its blocks
            era, headers = found
            write_atomically(folder / f"{first}{EVIDENCE}", [headers], False)
            if not (path := folder / f"{first}{SUFFIX}").exists():
                write_atomically(path, [era], False)
                for block_hash, answer in self._eras.places(first):
                    write_atomically(folder / block_file(block_hash), [answer], False)
        for first in self._firsts - firsts:
            for name in (f"{first}{SUFFIX}", f"{first}{EVIDENCE}", *(
                    block_file(block_hash) for block_hash, _ in self._eras.places(first))):
                (folder / name).unlink(missing_ok=True)
        self._final, self._firsts = final, firsts
        self._write_trust(final, min(firsts, default=0))

    def _write_trust(self, final: Checkpoint, first: int) -> None:
        """The final checkpoint with its registry, and the ledger before the first era here."""
        before, registry = self._eras.before(first), self._light.known.justified[final]
        if before is None or not registry:
            return
        root, block_hash = before
        write_atomically(self._light.folder / TRUST, [json.dumps({
            "epoch": final.epoch, "root": final.root.hex(), "registry": str(registry),
            "ledger_root": str(root), "block_hash": block_hash.hex()}, indent=1).encode() + b"\n"],
                         False)
