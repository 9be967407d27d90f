"""What a companion key signs: the vote that its validator gives with BLS, as numbers of the field.

    words(root) = the high 128 bits of a root of 32 bytes, big-endian; the low 128 bits
    link    = Poseidon(domain, words(fork's domain), next registry,
                       source epoch, words(source root), target epoch, words(target root))
    message = Poseidon(domain', link, slot, index, words(head's root))

with the domains ``proofmill.finality-link.1`` and ``proofmill.finality-vote.1`` as numbers. So a
message holds every field of the specification's AttestationData (phase 0, "AttestationData"), the
domain that the BLS signature has too, by which chain and fork are told apart, and one number more:
the `registry` of the target's state. What all voters of an epoch have in common is hashed once, in
`link`.

Words are canonical because whoever verifies cuts them from 32 bytes, below 2^128 each. Inside the
circuit no range is checked: another number would be another message, which nobody signed.
"""

from dataclasses import dataclass
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.poseidon import poseidon

LINK_DOMAIN = int.from_bytes(b"proofmill.finality-link.1", "big")
VOTE_DOMAIN = int.from_bytes(b"proofmill.finality-vote.1", "big")
TAG_DOMAIN = int.from_bytes(b"proofmill.finality-tag.1", "big")
"""Each keeps its hashes apart from every other use of Poseidon."""

ROOT_BYTES = 32
WORD_BYTES = 16
ADDRESS_BYTES = 20
NUMBER_BITS = 64


def words(root: bytes) -> tuple[int, int]:
    """The high and the low half of 32 bytes; `ProofmillError` for another length."""
    if len(root) != ROOT_BYTES:
        raise ProofmillError(f"a root has {ROOT_BYTES} bytes, not {len(root)}: 0x{root.hex()}")
    return int.from_bytes(root[:WORD_BYTES], "big"), int.from_bytes(root[WORD_BYTES:], "big")


def joined(high: int, low: int) -> bytes:
    """The root of two words; `ProofmillError` for a word that is not canonical."""
    for word in (high, low):
        if not 0 <= word < 1 << 8 * WORD_BYTES:
            raise ProofmillError(f"a word of a root must be below 2^128, not {word}")
    return high.to_bytes(WORD_BYTES, "big") + low.to_bytes(WORD_BYTES, "big")


def check_number(name: str, value: int) -> None:
    """`ProofmillError` unless ``0 <= value < 2^64``, as every uint64 of the specification."""
    if not 0 <= value < 1 << NUMBER_BITS:
        raise ProofmillError(f"the {name} must be 0 to 2^64 - 1, not {value}")


@dataclass(frozen=True, order=True)
class Checkpoint:
    """An epoch and the root of its first block, as the specification's `Checkpoint`."""

    epoch: int
    root: bytes

    def __post_init__(self) -> None:
        check_number("epoch of a checkpoint", self.epoch)
        words(self.root)

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Epoch, high and low word."""
        return (self.epoch, *words(self.root))


@dataclass(frozen=True)
class Link:
    """What the voters of an epoch agree on: from one checkpoint to another, in one fork.

    `fork_domain`: 32 bytes, the specification's `get_domain` of attesters for the target's epoch.
    `next_registry`: the commitment to the registry of the target's state.
    """

    fork_domain: bytes
    source: Checkpoint
    target: Checkpoint
    next_registry: int

    @cached_property
    def digest(self) -> int:
        """`link` of the module's head; kept, being most of the work of a message."""
        return poseidon((LINK_DOMAIN, *words(self.fork_domain), self.next_registry,
                         *self.source.numbers, *self.target.numbers))


@dataclass(frozen=True)
class Vote:
    """One validator's: the link, and what is its slot's alone."""

    link: Link
    slot: int
    index: int
    head: bytes

    def __post_init__(self) -> None:
        check_number("slot of a vote", self.slot)
        check_number("index of a vote", self.index)
        words(self.head)

    @property
    def message(self) -> int:
        """What is signed, below r."""
        return poseidon((VOTE_DOMAIN, self.link.digest, self.slot, self.index, *words(self.head)))


def certificate_tag(chain_id: int, epoch: int, prover: int, address: bytes) -> int:
    """Who made the certificate of an epoch: ``Poseidon(domain, chain id, epoch, prover, address)``.

    All but the address (20 bytes, big-endian) are below 2^64; raises `ProofmillError` otherwise.
    """
    for name, value in (("chain id", chain_id), ("epoch", epoch), ("prover", prover)):
        check_number(name, value)
    if len(address) != ADDRESS_BYTES:
        raise ProofmillError(f"a reward address has {ADDRESS_BYTES} bytes, not {len(address)}")
    return poseidon((TAG_DOMAIN, chain_id, epoch, prover, int.from_bytes(address, "big")))
