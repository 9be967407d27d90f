"""What a node keeps of certificates, beside its final state, from one life to the next.

Each file is opened, and with that checked, once: by whichever asks first, of what a final state
lacks and of the parts that go on with it.
"""

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from proofmill.host.network.certificates.light import STATE, LightNode
from proofmill.host.network.node.final_state import FinalState
from proofmill.host.network.node.kept_registries import REGISTRIES, KeptRegistries
from proofmill.host.network.node.proven_blocks import ProvenBlocks
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.vote import Checkpoint

LIGHT = "light"
"""The folder, within the node's, of the certificates that it knows."""
ERAS = "eras.sqlite"
"""The file in a node's folder of proven blocks and their eras."""


class KeptCertificates:
    """The files."""

    def __init__(self, folder: Path, files: ExitStack, eras: bool) -> None:
        """`folder`: the node's. What is opened is given back with `files`. `eras`: whether the
        chain has eras of proven history."""
        self._folder, self._files, self._eras = folder, files, eras
        self.place = folder / LIGHT
        self.registries = KeptRegistries(folder)

    @cached_property
    def light(self) -> LightNode | None:
        """What certificates have made final; None before the first life. `ProofmillError` where it
        cannot be read."""
        return LightNode.open(self.place) if (self.place / STATE).exists() else None

    @cached_property
    def counting(self) -> dict[Checkpoint, Registry]:
        """The registries that are kept and count by what is final."""
        return {} if self.light is None else self.registries.load(self.light.known)

    @cached_property
    def blocks(self) -> ProvenBlocks:
        """The proven blocks, and their eras. `ProofmillError` where they cannot be opened."""
        return self._files.enter_context(ProvenBlocks(self._folder / ERAS))

    def lacks(self, state: FinalState) -> str:
        """What a node would lack, were it to go on from a final state: what follows from older
        blocks, and is in these files. Nothing where all is there."""
        if self.light is None:
            return f"without {LIGHT}, the folder of certificates"
        justified = self.light.known.justified.items()
        if {each for each, commitment in justified if commitment} - self.counting.keys():
            return f"without the registries of {REGISTRIES}"
        if self._eras:
            last = bytes(state.point.payloads[0].payload.block_hash)
            if self.blocks.number_of(last) is None:
                return f"without {ERAS}, which has not all blocks before it"
        return ""
