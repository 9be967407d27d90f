"""What the chain tells a prover, and what it says to a proof: plain data."""

from dataclasses import dataclass

from host.circuits.batch import Batch
from host.circuits.ledger import Ledger
from host.circuits.statement import Statement

COORDINATE_BYTES = 32
PROOF_BYTES = 8 * COORDINATE_BYTES
"""A Groth16 proof on its way: A.x, A.y, B.x imaginary, B.x real, B.y imaginary, B.y real, C.x, C.y,
each 32 bytes, big-endian, as Ethereum's pairing precompile takes them (EIP-197). A point at
infinity is all zero."""


@dataclass(frozen=True)
class ProvingTask:
    """What is to be proven about the payload of one slot, by anybody.

    `request_root`: the hash root of the payload's request, the name EIP-8025 gives it.
    `ledger`: the balances before the payload; `batch`: its transfers, which the chain has applied.
    """

    chain_id: int
    slot: int
    request_root: bytes
    ledger: Ledger
    batch: Batch
    old_root: int
    new_root: int

    def claimed_by(self, validator_index: int, reward_address: bytes) -> "Claim":
        """The task together with who proves it and where the reward goes (20 bytes).

        Raises `ProofmillError` for an address of another length.
        """
        statement = Statement(self.chain_id, self.slot, validator_index, reward_address)
        return Claim(self, statement)


@dataclass(frozen=True)
class Claim:
    """A task and its prover: all that the public inputs of a proof depend on.

    `statement.prover_tag` binds the proof: a copy signed by someone else does not verify.
    """

    task: ProvingTask
    statement: Statement

    @property
    def public(self) -> list[int]:
        """The public inputs, as `host.circuits.block.PublicInputs` orders them."""
        task = self.task
        return [task.old_root, task.new_root, task.batch.commitment, self.statement.prover_tag]


@dataclass(frozen=True)
class SlotReport:
    """What happened in one slot.

    `proofs_included`: slots whose proofs this slot's proposer included. `layer1_gwei`: change of
    all validators' balances together, penalties negative. Epochs are the fork-choice store's.
    """

    slot: int
    proposer: int
    transfers: int
    block_root: bytes
    request_root: bytes
    proofs_included: tuple[int, ...]
    layer1_gwei: int
    justified_epoch: int
    finalized_epoch: int


@dataclass(frozen=True)
class Verdict:
    """What the chain says to a submitted proof.

    `reason`: why it was refused, empty when it was accepted. `reward_gwei`: what the prover is
    credited if the next slot's proposer includes the proof; 0 when refused.
    """

    accepted: bool
    reason: str
    reward_gwei: int
