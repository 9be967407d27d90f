"""Attacks on proofs: copied, re-randomised, outrun; and floods of invalid ones."""

from dataclasses import replace

from proofmill.host.network.economics.attacks.arena import (
    BLOCK_CHECKS,
    TRANSACTION_COST_GWEI,
    Agent,
    Arena,
    Entry,
    Setting,
)
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.mechanism.parameters import Defences
from proofmill.host.network.mechanism.records import SlotRecord, Submission

FIRST = 0
"""The rank of who is nearest to every proposer."""


class Copier(Agent):
    """Has no device. Signs the honest proofs it sees as its own and is faster with them."""

    def delivers(self, record: SlotRecord, identity: int, stage: int) -> bool:
        return False

    def mempool(self, slot: int, entries: list[Entry]) -> list[Entry]:
        copies = []
        for entry in entries:
            if entry.submission.prover in self.net.own:
                continue
            self.costs += TRANSACTION_COST_GWEI
            copies.append(Entry(FIRST, entry.proven_slot,
                                replace(entry.submission, prover=self.net.own[0])))
        return copies


class Rerandomiser(Agent):
    """Proves honestly, then sends its own proof again in other bytes, three times."""

    def mempool(self, slot: int, entries: list[Entry]) -> list[Entry]:
        again = []
        for entry in entries:
            if entry.submission.prover in self.net.own:
                self.costs += 3 * TRANSACTION_COST_GWEI
                again += [
                    Entry(entry.rank + 1, entry.proven_slot,
                          replace(entry.submission, proof=entry.submission.proof + b"'" * count))
                    for count in (1, 2, 3)]
        return again


class Flooder(Agent):
    """In the committee: fills the block with invalid proofs, and keeps the last place for its own.
    """

    def mempool(self, slot: int, entries: list[Entry]) -> list[Entry]:
        flood = []
        for entry in entries:
            submission = entry.submission
            if submission.prover not in self.net.own:
                continue
            record = self.net.ledger.open.get(entry.proven_slot)
            if record is None or submission.prover == record.assignment.primary:
                continue
            entry.rank = FIRST + 1
            for count in range(BLOCK_CHECKS - 1):
                bad = Submission(submission.key, submission.prover, b"bad%d" % count,
                                 submission.prover, sound=False)
                flood.append(Entry(FIRST, entry.proven_slot, bad))
        self.costs += len(flood) * TRANSACTION_COST_GWEI
        return flood


def against(setting: Setting, attack: type[Agent], honest: type[Agent], defences: Defences,
             seed: int, steady: bool = True) -> float:
    """Gwei a slot that `attack` earns over `honest` on the same luck.

    `steady`: leave out the luck of the draws, whose mean is 0 unless the attack is on the draw.
    """
    nets = [Arena(setting, defences, seed, kind()) for kind in (attack, honest)]
    gains = [net.play() - (net.luck if steady else 0) for net in nets]
    return (gains[0] - gains[1]) / setting.slots


SMALL = Setting(share=0.1)
UNRELIABLE = Setting(share=0.25, failure_rate=0.3)

ATTACKS = (
    Attack(
        "copied proof", "sign the proof of another prover as one's own and be first with it",
        "the prover's tag is a public input; only who is drawn may prove in stages 1 and 2",
        "10 % of the stake, no device, always first; over not taking part",
        ("bound_proofs", "stages"),
        lambda defences, seed: Arena(SMALL, defences, seed, Copier()).play() / SMALL.slots),
    Attack(
        "re-randomised proof", "send one's own proof again in other bytes to be paid again",
        "a proof is known by what it is about, not by its bytes",
        "10 % of the stake, 3 copies of each own proof",
        ("statement_key",),
        lambda defences, seed: against(SMALL, Rerandomiser, Agent, defences, seed)),
    Attack(
        "invalid-proof flood", "fill the block's room for proofs, so that others wait",
        "an invalid proof costs a slice of the bond and bars its signer from the payload; who has "
        "to wait for room was witnessed",
        "25 % of the stake, proofs fail in 30 % of slots, 15 invalid proofs for a rescue",
        ("invalid_penalty", "witnesses"),
        lambda defences, seed: against(UNRELIABLE, Flooder, Agent, defences, seed)),
)
