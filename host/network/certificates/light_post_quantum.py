"""A light node of certificates with hash-based signatures (extra `post-quantum`).

    state.json               what is justified and final, as of `light.LightNode`
    <epoch>.certificate      the latest certificate alone, some 250 KB for eight votes

It holds what a node of the other certificates does, and follows by the same rule; its registries
are 32 bytes, told as numbers. Nothing that it checks needs a pairing or a logarithm to be hard.
"""

import os
from dataclasses import dataclass

from proofmill.host.network.certificates.light import POST_QUANTUM, LightFolder
from proofmill.host.network.certificates.post_quantum import HashCertificate, refusal
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.prover.circuits.finality.vote import Checkpoint


@dataclass
class HashLightNode(LightFolder[HashCertificate]):
    """Of such certificates. It has no key of a circuit."""

    kind, most_bytes, kept, keys = POST_QUANTUM, 1 << 22, 1, "XMSS keys"

    @classmethod
    def start(cls, folder: str | os.PathLike[str], checkpoint: Checkpoint, registry: int
              ) -> "HashLightNode":
        """Make the folder's files; `ProofmillError` where there are such already."""
        node = cls(cls._begin(folder), Finality.start(checkpoint, registry))
        node._write()
        return node

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> "HashLightNode":
        """The node of a folder. Raises `ProofmillError` where there is none."""
        return cls(*cls._kept(folder))

    def read(self, data: bytes) -> HashCertificate:
        """As of `LightFolder`."""
        return HashCertificate.from_bytes(data)

    def refusal(self, certificate: HashCertificate) -> str:
        """Why its signatures are not those of two thirds of the registry that it names."""
        return refusal(certificate, certificate.registry.commitment)
