"""What the chain tells a prover, and what it says to a proof: plain data."""

from dataclasses import dataclass
from enum import Enum

from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.statement import Statement

COORDINATE_BYTES = 32
PROOF_BYTES = 8 * COORDINATE_BYTES
"""A Groth16 proof on its way: A.x, A.y, B.x imaginary, B.x real, B.y imaginary, B.y real, C.x, C.y,
each 32 bytes, big-endian, as Ethereum's pairing precompile takes them (EIP-197). A point at
infinity is all zero."""

PROOF_SIZES = PROOF_BYTES, 24 * COORDINATE_BYTES
"""Bytes of a proof, of Groth16, and of PLONK or FFLONK. Which system's a chain takes, is what its
verifier accepts."""


@dataclass(frozen=True)
class ProvingTask:
    """What is to be proven about the payload of one slot, by anybody.

    `request_root`: the hash root of the payload's request, the name EIP-8025 gives it.
    `ledger`: the accounts before the payload; `batch`: its transfers, which the chain has applied.
    """

    chain_id: int
    slot: int
    request_root: bytes
    ledger: Ledger
    batch: Batch
    old_root: int
    new_root: int

    def claimed_by(self, prover: int, reward_address: bytes) -> "Claim":
        """The task together with who proves it and where the reward goes (20 bytes).

        `prover`: as the chain's `proof_engine.prover_of` says for who will sign. Raises
        `ProofmillError` for an address of another length.
        """
        statement = Statement(self.chain_id, self.slot, prover, reward_address)
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
        """The public inputs, as `host.prover.circuits.statement.PublicInputs` orders them."""
        task = self.task
        return [task.old_root, task.new_root, task.batch.commitment, self.statement.prover_tag]


@dataclass(frozen=True)
class SlotReport:
    """What happened in one slot.

    `layer1_gwei`: change of all validators' balances together, penalties negative. Epochs are the
    fork-choice store's.
    """

    slot: int
    proposer: int
    transfers: int
    block_root: bytes
    request_root: bytes
    layer1_gwei: int
    justified_epoch: int
    finalized_epoch: int


@dataclass(frozen=True)
class Verdict:
    """What the chain says to a submitted proof; `reason`: why it was refused, else empty."""

    accepted: bool
    reason: str


class Status(Enum):
    """Where the second layer's reward for a proof stands, on the head's branch.

    WAITING: handed in, in no block yet. PENDING: in a block that is not final, or final and not
    yet paid out. MATURED: paid. ORPHANED: the block that had it was left with its branch. LOST:
    another prover's proof won. REFUSED: the contract does not take it, or too late.
    """

    WAITING = "waiting"
    PENDING = "pending"
    MATURED = "matured"
    ORPHANED = "orphaned"
    LOST = "lost"
    REFUSED = "refused"


@dataclass(frozen=True)
class CertificateReward:
    """The reward for the certificate of an epoch, in wei: the prover's share, 0 before a block has
    it. `reason`: of a refusal, else empty."""

    epoch: int
    status: Status
    wei: int
    reason: str = ""


@dataclass(frozen=True)
class Credit:
    """The reward for the proof of one slot, in wei. `reason`: of a refusal, else empty.

    `wei`: the prover's share, as far as it is known: an estimate until the including slot is over.
    `decided`: nothing will change any more.
    """

    slot: int
    status: Status
    wei: int
    decided: bool
    reason: str = ""
