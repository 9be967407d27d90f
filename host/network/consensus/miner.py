"""The miner: takes each block's task, proves it, checks and signs the proof, and is paid for it."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.log_fields import name_of, proof_name
from proofmill.host.network.consensus.blocks import BlockRecord
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.proofs import PROOF_TYPE
from proofmill.host.network.consensus.records import (
    CertificateReward,
    Claim,
    Credit,
    SlotReport,
    Status,
    Verdict,
)

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


@dataclass(frozen=True)
class CertificateChanged:
    """The reward for a certificate of finality has a new status."""

    reward: CertificateReward


Event = (SlotPassed | ProofStarted | ProofMade | ProofJudged | RewardChanged
         | CertificateChanged)


@dataclass(frozen=True)
class Summary:
    """What a run came to: as of the end of one slot, or of one proof, in all its parts.

    Slots and blocks are those of this run. `blocks_asked`: how many were to be proven, of which
    `blocks` have been, well or not. `proofs_included`: by blocks of the head's branch.
    `proofs_rejected`: by the miner's own check, by the chain or by the contracts. `layer1_gwei`:
    what the miner's validator gained, below zero if it lost. `layer2_matured_wei`,
    `layer2_pending_wei`: the miner's share of what its proofs of this run bring.
    `layer2_includer_wei`: what its reward address was paid besides, for blocks it proposed that
    included proofs and certificates. `certificates_matured_wei`, `certificates_pending_wei`: what
    certificates that it made bring. `balances_wei`: see `PayingLayer.balances`. `interrupted`: the
    run was stopped before its end.
    """

    blocks_asked: int
    blocks: int
    slots: int
    finalized_epoch: int
    proofs_made: int
    proofs_included: int
    proofs_rejected: int
    layer1_gwei: int
    layer2_matured_wei: int
    layer2_pending_wei: int
    layer2_includer_wei: int
    certificates_matured_wei: int
    certificates_pending_wei: int
    balances_wei: dict[str, int]
    interrupted: bool


class PayingLayer(Protocol):
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

    def balances(self) -> dict[str, int]:
        """In wei: the reward token at the reward address, the bond, and the account's ether."""


class Certificates(Protocol):
    """Who makes certificates of finality beside the blocks' proofs; see
    `host.network.node.certified_chain`."""

    def slot_passed(self, last_slot: int) -> None:
        """Take in the chain's newest block. Certificates are made of the epochs up to that of
        `last_slot`."""

    @property
    def rewards(self) -> list[CertificateReward]:
        """What became of those handed in, by epoch."""

    def decided(self, epoch: int) -> bool:
        """Whether a certificate of this epoch or a later one has been paid out, or cannot be."""


class Miner:
    """A validator that proves blocks."""

    def __init__(
        self,
        chain: EmbeddedChain,
        validator_index: int,
        rewards: PayingLayer,
        prove: Callable[[Claim], bytes],
        on_event: Callable[[Event], None] | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        """`prove` makes the proof of a claim, laid out as `records.PROOF_BYTES` says.

        `on_event` hears everything as it happens, in order. `certificates`: paid on this chain, and
        made beside the proofs; None for none.
        """
        self.chain = chain
        self.validator_index = validator_index
        self.rewards = rewards
        self._certificates = certificates
        self._prove = prove
        self._emit = on_event or (lambda event: None)
        self._first_slot = chain.slot + 1
        self._balance_before = chain.balances()[validator_index]
        self._reward_before = rewards.balances()["reward"]
        self._asked = self._made = self._rejected = 0
        self._proven: list[int] = []
        self._known: dict[int, Status] = {}
        self._known_certificates: dict[int, Status] = {}
        self.summary = self._take_stock()
        """What the run came to so far."""

    def run(self, blocks: int, meanwhile: Callable[[], bool] = lambda: False) -> Summary:
        """Prove the next `blocks` blocks, then run the chain on until their rewards are decided.
        Before them one more is proven, and counted as asked, for each time that `meanwhile` says
        that what is to prove them is not there yet.

        Stops early, and says so in the summary, on KeyboardInterrupt (Ctrl-C) and, without that
        mark, when finality has not come after `LONGEST_WAIT_EPOCHS`. What `prove` raises besides
        comes through, with `summary` as it was.
        """
        try:
            self._asked = blocks
            self.summary = self._take_stock()
            self.rewards.join()
            while meanwhile():
                self._asked += 1
                self._mine(self._next_slot(proving=True).slot)
            for _ in range(blocks):
                self._mine(self._next_slot(proving=True).slot)
            deadline = self.chain.slot + LONGEST_WAIT_EPOCHS * self.chain.slots_per_epoch
            while not self._decided() and self.chain.slot < deadline:
                self._next_slot(proving=False)
        except KeyboardInterrupt:
            # Whatever it came in the midst of: chain and contracts may be a step apart just now.
            self.summary = replace(self.summary, interrupted=True)
        return self.summary

    def _next_slot(self, proving: bool) -> SlotReport:
        report = self.chain.advance()
        self.rewards.slot_passed(self.chain)
        if self._certificates is not None:
            # Of the epochs whose blocks are proven: those after them only wait to be final.
            self._certificates.slot_passed(report.slot if proving else max(
                self._proven, default=report.slot))
        self.summary = self._take_stock()
        self._emit(SlotPassed(report, proving))
        for credit in self.rewards.credits:
            if self._known.get(credit.slot, Status.WAITING) is not credit.status:
                self._known[credit.slot] = credit.status
                self._emit(RewardChanged(credit))
        for reward in self._certificate_rewards:
            if self._known_certificates.get(reward.epoch) is not reward.status:
                self._known_certificates[reward.epoch] = reward.status
                self._emit(CertificateChanged(reward))
        return report

    @property
    def _certificate_rewards(self) -> list[CertificateReward]:
        return [] if self._certificates is None else self._certificates.rewards

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
        # Never send what the chain would have to refuse: an invalid proof costs reputation, and
        # the device that made it is to be looked at.
        valid = self.chain.verify(claim.public, proof)
        seconds = time.perf_counter() - start
        log.info("proof made: %s", "valid" if valid else "NOT valid, and not sent",
                 extra=self._about(claim))
        verdict, wei = Verdict(False, ""), 0
        if valid:
            verdict, wei = self._submit(claim, proof)
        self._made += 1
        self._rejected += not verdict.accepted
        self._proven.append(slot)
        self.summary = self._take_stock()
        self._emit(ProofMade(slot, seconds, valid))
        if valid:
            self._emit(ProofJudged(slot, verdict, wei))

    def _about(self, claim: Claim) -> dict[str, object]:
        """By what a log knows a claim's proof."""
        root = claim.task.request_root
        return {"slot": claim.task.slot, "payload": name_of(root),
                "proof": proof_name(root, PROOF_TYPE, self.validator_index)}

    def _submit(self, claim: Claim, proof: bytes) -> tuple[Verdict, int]:
        """The chain's verdict on the signed proof, and what it should bring."""
        signed = self.chain.sign_proof(
            self.validator_index, claim.task.request_root, proof, self.rewards.reward_address)
        verdict = self.chain.submit(signed)
        log.info("proof %s%s", "accepted" if verdict.accepted else "refused: ", verdict.reason,
                 extra=self._about(claim))
        if not verdict.accepted:
            return verdict, 0
        return verdict, self.rewards.submit(self.chain.block(claim.task.slot), proof)

    def _decided(self) -> bool:
        """Whether the blocks are final and nothing is pending any more: of certificates that of the
        epoch of the last proven block, which is the last one made."""
        if not self._proven or self.chain.finalized_slot < self._proven[-1]:
            return not self._proven
        return all(credit.decided for credit in self.rewards.credits) and (
            self._certificates is None
            or self._certificates.decided(self._proven[-1] // self.chain.slots_per_epoch))

    def _take_stock(self) -> Summary:
        credits, balances = self.rewards.credits, self.rewards.balances()

        certificates = self._certificate_rewards

        def total(status: Status, rewards: Sequence[Credit | CertificateReward] = credits) -> int:
            return sum(reward.wei for reward in rewards if reward.status is status)

        balance = self.chain.balances()[self.validator_index]
        matured, certified = total(Status.MATURED), total(Status.MATURED, certificates)
        return Summary(
            blocks_asked=self._asked,
            blocks=len(self._proven),
            slots=self.chain.slot + 1 - self._first_slot,
            finalized_epoch=self.chain.finalized_epoch,
            proofs_made=self._made,
            proofs_included=sum(credit.status in INCLUDED for credit in credits),
            proofs_rejected=self._rejected + sum(
                credit.status is Status.REFUSED for credit in credits),
            layer1_gwei=balance - self._balance_before,
            layer2_matured_wei=matured,
            layer2_pending_wei=total(Status.PENDING),
            layer2_includer_wei=balances["reward"] - self._reward_before - matured - certified,
            certificates_matured_wei=certified,
            certificates_pending_wei=total(Status.PENDING, certificates),
            balances_wei=balances,
            interrupted=False,
        )
