"""The registries by which certificates count that are to come, kept for another life of a node.

A node that goes on from a final state has no states before that, from which it could compute them.
What is read is believed as far as it has the commitment that certificates have named, so a file
that is damaged, or of another chain, has nothing.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.output import write_atomically
from proofmill.host.ground.plain import Plain
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.vote import Checkpoint

log = logging.getLogger(__name__)

REGISTRIES = "registries.json"
"""The file in a node's folder."""
_Registries = dict[Checkpoint, Registry]


class KeptRegistries:
    """The file."""

    def __init__(self, folder: Path) -> None:
        """`folder`: the node's."""
        self._path, self._plain = folder / REGISTRIES, Plain()
        self._kept: frozenset[Checkpoint] = frozenset()

    def keep(self, registries: Mapping[Checkpoint, Registry]) -> None:
        """Have these in the file, and no others. `StorageError` where the disk fails."""
        if self._kept != registries.keys():
            write_atomically(self._path, [json.dumps(
                self._plain.dump(_Registries, registries)).encode() + b"\n"])
            self._kept = frozenset(registries)

    def load(self, known: Finality) -> _Registries:
        """Those in the file that count by what is known."""
        try:
            found = self._plain.load(_Registries, json.loads(self._path.read_bytes()))
        except (OSError, ValueError, TypeError, RecursionError, ProofmillError) as error:
            if self._path.exists():
                log.warning("%s: is not used: %s", self._path, error)
            return {}
        return {checkpoint: registry for checkpoint, registry in found.items()
                if known.justified.get(checkpoint) == registry.commitment}
