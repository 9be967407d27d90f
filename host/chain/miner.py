"""The miner: takes each block's task, proves it, checks and signs the proof, and is paid for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from host.chain.chain import EmbeddedChain
from host.chain.records import Claim, SlotReport, Verdict
from host.chain.rewards import Credit, Status

LONGEST_WAIT_EPOCHS = 8
"""How long to run on for finality. It takes two to three epochs unless votes are missing."""


@dataclass(frozen=True)
class SlotPassed:
    """A slot is over; `proving`: whether its block is among those the miner is to prove."""

    report: SlotReport
    proving: bool


@dataclass(frozen=True)
class ProofStarted:
    """Proving the block of `slot` begins."""

    slot: int


@dataclass(frozen=True)
class ProofMade:
    """The proof is there after `seconds`. `valid`: the miner's own check; if not, it stays home."""

    slot: int
    seconds: float
    valid: bool


@dataclass(frozen=True)
class ProofJudged:
    """The chain's verdict on the proof of `slot`."""

    slot: int
    verdict: Verdict


@dataclass(frozen=True)
class RewardChanged:
    """The reward for proving `slot` has a new status; `gwei` is the prover's share."""

    slot: int
    gwei: int
    status: Status


Event = SlotPassed | ProofStarted | ProofMade | ProofJudged | RewardChanged


@dataclass(frozen=True)
class Summary:
    """What a run came to. Amounts in gwei; slots and blocks are those of this run.

    `proofs_included`: by blocks of the head's branch. `proofs_rejected`: by the miner's own check
    or by the chain. `layer1_gwei`: what the miner's validator gained, below zero if it lost.
    `layer2_gwei_*`: what came to the miner's address by proving in this run. `interrupted`: the
    run was stopped before its end.
    """

    blocks: int
    slots: int
    finalized_epoch: int
    proofs_made: int
    proofs_included: int
    proofs_rejected: int
    layer1_gwei: int
    layer2_gwei_matured: int
    layer2_gwei_pending: int
    interrupted: bool


class Miner:
    """A validator that proves blocks."""

    def __init__(
        self,
        chain: EmbeddedChain,
        validator_index: int,
        reward_address: bytes,
        prove: Callable[[Claim], bytes],
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        """`prove` makes the proof of a claim, laid out as `records.PROOF_BYTES` says.

        `reward_address` has 20 bytes. `on_event` hears everything as it happens, in order.
        """
        self.chain = chain
        self.validator_index = validator_index
        self.reward_address = reward_address
        self._prove = prove
        self._emit = on_event or (lambda event: None)
        self._first_slot = chain.slot + 1
        self._balance_before = chain.balances()[validator_index]
        self._made = 0
        self._rejected = 0
        self._asked: list[int] = []
        self._known: dict[int, Status] = {}

    def run(self, blocks: int) -> Summary:
        """Prove the next `blocks` blocks, then run the chain on until their rewards are decided.

        Stops early, and says so in the summary, on KeyboardInterrupt (Ctrl-C) and, without that
        mark, when finality has not come after `LONGEST_WAIT_EPOCHS`. What `prove` raises besides
        comes through.
        """
        try:
            for _ in range(blocks):
                report = self._next_slot(proving=True)
                self._mine(report.slot)
            deadline = self.chain.slot + LONGEST_WAIT_EPOCHS * self.chain.slots_per_epoch
            while not self._decided() and self.chain.slot < deadline:
                self._next_slot(proving=False)
        except KeyboardInterrupt:
            return self._summary(interrupted=True)
        return self._summary(interrupted=False)

    def _next_slot(self, proving: bool) -> SlotReport:
        report = self.chain.advance()
        if proving:
            self._asked.append(report.slot)
        self._emit(SlotPassed(report, proving))
        for credit in self._credits():
            slot = credit.record.proven_slot
            if self._known.get(slot) is not credit.status:
                self._known[slot] = credit.status
                self._emit(RewardChanged(slot, credit.prover_gwei, credit.status))
        return report

    def _mine(self, slot: int) -> None:
        claim = self.chain.proving_task(slot).claimed_by(self.validator_index, self.reward_address)
        self._emit(ProofStarted(slot))
        start = time.perf_counter()
        proof = self._prove(claim)
        self._made += 1
        # Never send what the chain would have to refuse: an invalid proof costs reputation, and
        # the device that made it is to be looked at.
        valid = self.chain.verify(claim.public, proof)
        self._emit(ProofMade(slot, time.perf_counter() - start, valid))
        if not valid:
            self._rejected += 1
            return
        signed = self.chain.sign_proof(
            self.validator_index, claim.task.request_root, proof, self.reward_address
        )
        verdict = self.chain.submit(signed)
        self._rejected += not verdict.accepted
        self._emit(ProofJudged(slot, verdict))

    def _credits(self) -> list[Credit]:
        """This run's credits to the miner as a prover, one a proof: the one that counts if there
        is one, else the latest inclusion that was lost."""
        found: dict[int, Credit] = {}
        for credit in self.chain.layer2.credits:
            slot = credit.record.proven_slot
            mine = credit.record.prover == self.validator_index and slot in self._asked
            if mine and (slot not in found or found[slot].status is Status.ORPHANED):
                found[slot] = credit
        return list(found.values())

    def _decided(self) -> bool:
        """Whether the blocks are final and nothing is pending any more."""
        if not self._asked or self.chain.finalized_slot < self._asked[-1]:
            return not self._asked
        return all(credit.sealed for credit in self._credits())

    def _summary(self, interrupted: bool) -> Summary:
        credits = self._credits()

        def total(status: Status) -> int:
            return sum(credit.prover_gwei for credit in credits if credit.status is status)

        balance = self.chain.balances()[self.validator_index]
        return Summary(
            blocks=len(self._asked),
            slots=self.chain.slot + 1 - self._first_slot,
            finalized_epoch=self.chain.finalized_epoch,
            proofs_made=self._made,
            proofs_included=sum(credit.status is not Status.ORPHANED for credit in credits),
            proofs_rejected=self._rejected,
            layer1_gwei=balance - self._balance_before,
            layer2_gwei_matured=total(Status.MATURED),
            layer2_gwei_pending=total(Status.PENDING),
            interrupted=interrupted,
        )
