"""What a block's proof is about, and who proved it.

The prover's tag is bound by its presence. It is no input of anything else: Groth16 lets nobody turn
a proof for one vector of public inputs into one for another without a new witness, that is, without
doing the work (Baghery, Kohlweiss, Siim and Volkhov, "Another look at extraction and randomization
of Groth's zk-SNARK", https://eprint.iacr.org/2020/811, for keys in which the polynomials of the
public inputs are linearly independent of each other and of all others; a square of the tag in the
circuit and the rows the setup adds for public inputs see to that). Hashing the tag's parts inside
the circuit would say no more: they are public, and the verifier has to compute the tag from them in
any case, since to it a tag is but a number.
"""

from dataclasses import dataclass
from typing import NamedTuple

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.poseidon import poseidon

PROVER_TAG_DOMAIN = int.from_bytes(b"proofmill.prover-tag.1", "big")
"""Keeps tags apart from every other use of Poseidon."""

ADDRESS_BYTES = 20


class PublicInputs(NamedTuple):
    """What prover and verifier agree on, in the order of the circuit."""

    old_root: int
    new_root: int
    batch_commitment: int
    prover_tag: int


@dataclass(frozen=True)
class Statement:
    """The slot of a chain that is proved, the prover and where the reward goes.

    `chain_id`, `slot` and `prover` (a validator's index) are below 2^64, `reward_address` has 20
    bytes; raises `ProofmillError` otherwise.
    """

    chain_id: int
    slot: int
    prover: int
    reward_address: bytes

    def __post_init__(self) -> None:
        for name, value in (("chain id", self.chain_id), ("slot", self.slot),
                            ("prover", self.prover)):
            if not 0 <= value < 1 << 64:
                raise ProofmillError(f"the {name} must be 0 to 2^64 - 1, not {value}")
        if len(self.reward_address) != ADDRESS_BYTES:
            raise ProofmillError(f"a reward address has {ADDRESS_BYTES} bytes, "
                                 f"not {len(self.reward_address)}")

    @property
    def prover_tag(self) -> int:
        """``poseidon((domain, chain id, slot, prover, address))``, the address big-endian."""
        return poseidon((PROVER_TAG_DOMAIN, self.chain_id, self.slot, self.prover,
                         int.from_bytes(self.reward_address, "big")))


def prover_tag(chain_id: int, slot: int, prover: int, reward_address: bytes) -> int:
    """`Statement.prover_tag` of these; raises `ProofmillError` as `Statement` does."""
    return Statement(chain_id, slot, prover, bytes(reward_address)).prover_tag
