"""The second layer as every node computes it for itself, from one branch of the chain.

`settle` is a function of the branch's blocks and nothing else: two nodes with the same head have
the same account, whatever they saw in which order, and a reorganisation is another branch. The
rules are those of `host.mechanism.ledger`, which the contracts agree with; its invariants are
checked every time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from host.mechanism.invariants import check_slot
from host.mechanism.ledger import Ledger
from host.mechanism.lottery import Assignment, mix_epoch
from host.mechanism.parameters import Parameters
from host.mechanism.records import Key, SlotRecord, Submission


@dataclass(frozen=True)
class IncludedProof:
    """A proof that a block's proposer included, already verified: payload, type, prover."""

    key: Key
    prover: int


@dataclass(frozen=True)
class BlockFacts:
    """What layer 2 needs of a block with its payload. `mix`: the payload's `prev_randao`.

    `request_root`: names the payload. `base_reward_gwei`: B of layer 1. `included`: every node's
    own verdict was that they are valid.
    """

    root: bytes
    slot: int
    proposer: int
    mix: bytes
    request_root: bytes
    base_reward_gwei: int
    included: tuple[IncludedProof, ...]


@dataclass(frozen=True)
class Credit:
    """The reward for the proof of `proven_slot`. `stage`: in which the block included it."""

    proven_slot: int
    prover: int
    prover_gwei: int
    includer: int
    includer_gwei: int
    including_slot: int
    stage: int
    contenders: int
    matured: bool


@dataclass(frozen=True)
class Fine:
    """A missed duty. `settled`: its epoch is closed, and what was taken is `burned`, has become the
    `rescuer`'s bounty or was given back; all 0 before."""

    slot: int
    prover: int
    taken: int
    settled: bool
    burned: int = 0
    bounty: int = 0
    rescuer: int | None = None


@dataclass(frozen=True)
class Account:
    """Layer 2 on one branch. `assignments`: who is drawn, by proven slot. `undecided`: slots whose
    proofs are included by the head, so that the next block's mix picks the winner. `bonded`: who
    may prove in the open stage. `rho`: in billionths."""

    assignments: Mapping[int, Assignment]
    credits: tuple[Credit, ...]
    fines: tuple[Fine, ...]
    undecided: frozenset[int]
    bonded: frozenset[int]
    reliability: Mapping[int, int]
    rho: int

    def proving(self, prover: int, *, matured: bool) -> int:
        """Gwei for proofs of `prover`, matured or pending."""
        return sum(credit.prover_gwei for credit in self.credits
                   if credit.prover == prover and credit.matured is matured)

    def including(self, proposers: Collection[int], *, matured: bool) -> int:
        """Gwei for including proofs as one of `proposers`, matured or pending."""
        return sum(credit.includer_gwei for credit in self.credits
                   if credit.includer in proposers and credit.matured is matured)


def settle(
    parameters: Parameters,
    minimum_bond: int,
    bonds: Mapping[int, int],
    branch: Sequence[BlockFacts],
    genesis_mix: bytes,
    final_slot: int,
) -> Account:
    """The account of a branch, from the first block after genesis to the head, in order.

    `bonds`: gwei by prover, who is a validator's index; each at least `minimum_bond` (ValueError).
    `genesis_mix`: RANDAO's of genesis. `final_slot`: of the finalised block: what was included up
    to it has matured.
    """
    ledger = Ledger(parameters, minimum_bond)
    for identity, bond in sorted(bonds.items()):
        ledger.join(identity, bond)
    records: dict[int, SlotRecord] = {}
    proven: dict[Key, int] = {}
    first_mixes: dict[int, bytes] = {}
    before: BlockFacts | None = None
    for block in branch:
        if before is not None:
            # Windows end in slots without a block as well.
            for slot in range(before.slot, block.slot):
                ledger.close_slot(slot, block.mix)
        epoch = block.slot // parameters.slots_per_epoch
        first_mixes.setdefault(epoch, block.mix)
        record = ledger.open_slot(
            block.slot, block.request_root, _mix(epoch, first_mixes, genesis_mix),
            block.base_reward_gwei, proposer=block.proposer if block.proposer in bonds else None)
        records[block.slot], proven[record.key] = record, block.slot
        for proof in block.included:
            if proof.key in proven:
                ledger.include(block.slot, block.proposer, proven[proof.key], Submission(
                    proof.key, proof.prover, b"%d/" % proof.prover + proof.key[0], proof.prover))
        before = block
    ledger.finalise(final_slot)
    check_slot(ledger)
    return _account(ledger, records, final_slot)


def _mix(epoch: int, first_mixes: Mapping[int, bytes], genesis_mix: bytes) -> bytes:
    """The mix that draws the slots of an epoch: the final one of two epochs before.

    It is the `prev_randao` of the first payload after that epoch.
    """
    wanted = mix_epoch(epoch)
    if wanted is None:
        return genesis_mix
    return first_mixes[min(each for each in first_mixes if each > wanted)]


def _account(ledger: Ledger, records: Mapping[int, SlotRecord], final_slot: int) -> Account:
    credits = [
        Credit(win.proven_slot, win.submission.prover, win.prover_gwei, win.includer,
               win.includer_gwei, win.included_slot, int(win.stage), win.contenders,
               win.included_slot <= final_slot)
        for record in records.values() for win in record.wins]
    fines = [Fine(penalty.slot, penalty.prover, penalty.amount, True, amounts.burned,
                  amounts.bounty, rescuer)
             for penalty, amounts, rescuer in ledger.settled]
    fines += [Fine(each.slot, each.prover, each.amount, False) for each in ledger.escrow]
    return Account(
        assignments={slot: record.assignment for slot, record in records.items()},
        credits=tuple(credits),
        fines=tuple(fines),
        undecided=frozenset(slot for slot, record in records.items() if record.batch),
        bonded=frozenset(ledger.bonded()),
        reliability={who: prover.reliability for who, prover in ledger.provers.items()},
        rho=ledger.rho)
