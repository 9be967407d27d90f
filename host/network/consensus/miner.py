"""The miner: takes each block's task, proves it, checks and signs the proof, and is paid for it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.log_fields import name_of, proof_name
from proofmill.host.network.consensus.blocks import BlockRecord
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.proofs import PROOF_TYPE
from proofmill.host.network.consensus.records import Claim, Credit, SlotReport, Status, Verdict

log = logging.getLogger(__name__)

LONGEST_WAIT_EPOCHS = 8
"""How long to run on for finality. It takes two to three epochs unless votes are missing."""
INCLUDED = Status.PENDING, Status.MATURED, Status.LOST
"""What a credit is whose proof is in a block of the head's branch."""


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
    """The chain's verdict on the proof of `slot`; `wei`: what it should bring the prover."""

    slot: int
    verdict: Verdict
    wei: int


@dataclass(frozen=True)
class RewardChanged:
    """The reward for proving a slot has a new status."""

    credit: Credit


Event = SlotPassed | ProofStarted | ProofMade | ProofJudged | RewardChanged


@dataclass(frozen=True)
class Summary:
    """What a run came to. Slots and blocks are those of this run.

    `proofs_included`: by blocks of the head's branch. `proofs_rejected`: by the miner's own check,
    by the chain or by the contracts. `layer1_gwei`: what the miner's validator gained, below zero
    if it lost. `layer2_*_wei`: the miner's share of what its proofs of this run bring.
    `interrupted`: the run was stopped before its end.
    """

    blocks: int
    slots: int
    finalized_epoch: int
    proofs_made: int
    proofs_included: int
    proofs_rejected: int
    layer1_gwei: int
    layer2_matured_wei: int
    layer2_pending_wei: int
    interrupted: bool


class SecondLayer(Protocol):
    """Who pays for proofs; see `host.network.second_layer.second_layer`."""

    @property
    def reward_address(self) -> bytes:
        """Where rewards go, 20 bytes."""

    def join(self) -> None:
        """Become a prover, from the next block on."""

    def submit(self, block: BlockRecord, proof: bytes) -> int:
        """Hand in the proof of a block; what it should bring, in wei."""

    def slot_passed(self, chain: EmbeddedChain) -> None:
        """Take in the chain's newest block."""

    @property
    def credits(self) -> list[Credit]:
        """What became of the proofs handed in, by slot."""


class Miner:
    """A validator that proves blocks."""

    def __init__(
        self,
        chain: EmbeddedChain,
        validator_index: int,
        rewards: SecondLayer,
        prove: Callable[[Claim], bytes],
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        """`prove` makes the proof of a claim, laid out as `records.PROOF_BYTES` says.

        `on_event` hears everything as it happens, in order.
        """
        self.chain = chain
        self.validator_index = validator_index
        self.rewards = rewards
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
            self.rewards.join()
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
        self.rewards.slot_passed(self.chain)
        self._emit(SlotPassed(report, proving))
        for credit in self.rewards.credits:
            if self._known.get(credit.slot, Status.WAITING) is not credit.status:
                self._known[credit.slot] = credit.status
                self._emit(RewardChanged(credit))
        return report

    def _mine(self, slot: int) -> None:
        prover = self.chain.proof_engine.prover_of(self.validator_index)
        if prover is None:
            raise ProofmillError(
                f"validator {self.validator_index} has no bond as a prover in slot {slot}: the "
                "contract did not take it; see whether its account has the ether")
        address = self.rewards.reward_address
        claim = self.chain.proving_task(slot).claimed_by(prover, address)
        self._emit(ProofStarted(slot))
        start = time.perf_counter()
        proof = self._prove(claim)
        self._made += 1
        # Never send what the chain would have to refuse: an invalid proof costs reputation, and
        # the device that made it is to be looked at.
        valid = self.chain.verify(claim.public, proof)
        about = {"slot": slot, "payload": name_of(claim.task.request_root), "proof": proof_name(
            claim.task.request_root, PROOF_TYPE, self.validator_index)}
        log.info("proof made: %s", "valid" if valid else "NOT valid, and not sent", extra=about)
        self._emit(ProofMade(slot, time.perf_counter() - start, valid))
        if not valid:
            self._rejected += 1
            return
        signed = self.chain.sign_proof(
            self.validator_index, claim.task.request_root, proof, address
        )
        verdict = self.chain.submit(signed)
        self._rejected += not verdict.accepted
        wei = 0
        if verdict.accepted:
            wei = self.rewards.submit(self.chain.block(slot), proof)
        log.info("proof %s%s", "accepted" if verdict.accepted else "refused: ", verdict.reason,
                 extra=about)
        self._emit(ProofJudged(slot, verdict, wei))

    def _decided(self) -> bool:
        """Whether the blocks are final and nothing is pending any more."""
        if not self._asked or self.chain.finalized_slot < self._asked[-1]:
            return not self._asked
        return all(credit.decided for credit in self.rewards.credits)

    def _summary(self, interrupted: bool) -> Summary:
        credits = self.rewards.credits

        def total(status: Status) -> int:
            return sum(credit.wei for credit in credits if credit.status is status)

        balance = self.chain.balances()[self.validator_index]
        return Summary(
            blocks=len(self._asked),
            slots=self.chain.slot + 1 - self._first_slot,
            finalized_epoch=self.chain.finalized_epoch,
            proofs_made=self._made,
            proofs_included=sum(credit.status in INCLUDED for credit in credits),
            proofs_rejected=self._rejected + sum(
                credit.status is Status.REFUSED for credit in credits),
            layer1_gwei=balance - self._balance_before,
            layer2_matured_wei=total(Status.MATURED),
            layer2_pending_wei=total(Status.PENDING),
            interrupted=interrupted,
        )
