"""The second layer's ledger as every node computes it for itself, from one branch of the chain.

`settle` is a function of the branch's blocks and nothing else: two nodes with the same head have
the same ledger, whatever they saw in which order, and a reorganisation is another branch. The rules
are `host.mechanism`'s. Bonds are those of the start; rho moves from epoch to epoch.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from host.mechanism import controller, lottery, penalties, reliability, rewards, stages
from host.mechanism.lottery import Assignment, Ticket
from host.mechanism.parameters import Parameters

Key = tuple[bytes, int]
"""(new payload request root, proof type)."""


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
class Penalty:
    """A duty that was missed and what it costs; half is burned, half the rescuer's bounty."""

    slot: int
    prover: int
    settlement: penalties.Settlement
    rescuer: int | None


@dataclass
class Ledger:
    """Layer 2 on one branch. `assignments`: by proven slot. `undecided`: proven slots whose lottery
    waits for the next block's mix."""

    assignments: dict[int, Assignment] = field(default_factory=dict)
    credits: list[Credit] = field(default_factory=list)
    penalties: list[Penalty] = field(default_factory=list)
    undecided: set[int] = field(default_factory=set)
    reliability: dict[int, int] = field(default_factory=dict)
    rho: int = 0
    budgets_gwei: int = 0
    """Of all proven slots together."""

    def proving(self, prover: int, *, matured: bool) -> int:
        """Gwei for proofs of `prover`, matured or pending."""
        return sum(credit.prover_gwei for credit in self.credits
                   if credit.prover == prover and credit.matured is matured)

    def including(self, proposers: Collection[int], *, matured: bool) -> int:
        """Gwei for including proofs as one of `proposers`, matured or pending."""
        return sum(credit.includer_gwei for credit in self.credits
                   if credit.includer in proposers and credit.matured is matured)

    def check(self) -> None:
        """Assert what must hold at every block."""
        slots = [credit.proven_slot for credit in self.credits]
        assert len(set(slots)) == len(slots), "two winners for one payload"
        minted = sum(credit.prover_gwei + credit.includer_gwei for credit in self.credits)
        assert minted <= self.budgets_gwei, "more is minted than the budgets of the proven slots"


# The branch is folded anew for every head, and most of it is as it was.
@lru_cache(maxsize=4096)
def _draw(
    mix: bytes, slot: int, tickets: tuple[Ticket, ...], committee: int, proposer: int
) -> Assignment:
    return lottery.assign(lottery.slot_seed(mix, slot), tickets, committee, proposer)


class _Fold:
    """Walks a branch block by block."""

    def __init__(
        self, parameters: Parameters, bonds: Mapping[int, int], genesis_mix: bytes, final_slot: int
    ) -> None:
        self.parameters = parameters
        self.bonds = dict(sorted(bonds.items()))
        self.genesis_mix = genesis_mix
        self.final_slot = final_slot
        first = reliability.first(parameters, parameters.calibration_proofs)
        self.ledger = Ledger(
            reliability=dict.fromkeys(self.bonds, first), rho=parameters.rho_start
        )
        self.blocks: list[BlockFacts] = []
        self.by_key: dict[Key, BlockFacts] = {}
        self.budgets: dict[int, int] = {}
        self.frozen: list[dict[int, int]] = []  # reliability at the start of each epoch
        self.winners: dict[int, tuple[int, int]] = {}  # proven slot: delay, winner or -1
        self.waiting: list[tuple[BlockFacts, BlockFacts, list[IncludedProof]]] = []
        self.open: list[BlockFacts] = []  # blocks with duties that are not decided
        self.missed: dict[int, list[tuple[int, int, int]]] = defaultdict(list)

    def add(self, block: BlockFacts) -> None:
        self._epochs(block.slot)
        self._decide(block.mix)
        self._include(block)
        self.blocks.append(block)
        self.by_key[block.request_root, 0] = block
        base = block.base_reward_gwei
        self.budgets[block.slot] = rewards.budget(base, self.ledger.rho)
        self.ledger.assignments[block.slot] = self._assign(block)
        self.open.append(block)

    def finish(self) -> Ledger:
        for epoch, missed in self.missed.items():
            primaries = sum(
                assignment.primary is not None
                for slot, assignment in self.ledger.assignments.items()
                if slot // self.parameters.slots_per_epoch == epoch
            )
            count = sum(rank == 0 for _, _, rank in missed)
            outage = penalties.is_outage(self.parameters, count, primaries)
            for slot, prover, rank in missed:
                cost = penalties.committee_penalty if rank else penalties.primary_penalty
                winner = self.winners.get(slot, (0, -1))[1]
                rescuer = winner if winner not in (-1, prover) else None
                self.ledger.penalties.append(Penalty(slot, prover, penalties.settle(
                    self.parameters, cost(self.parameters, self.budgets[slot]), outage,
                    rescuer is not None), rescuer))
        self.ledger.undecided = {proven.slot for _, proven, _ in self.waiting}
        self.ledger.check()
        return self.ledger

    def _epochs(self, slot: int) -> None:
        """Close every epoch before `slot`'s."""
        size = self.parameters.slots_per_epoch
        while len(self.frozen) <= slot // size:
            epoch = len(self.frozen) - 1
            if epoch >= 0:
                slots = [b.slot for b in self.blocks if b.slot // size == epoch]
                early = self.parameters.stage1_slots + self.parameters.stage2_slots
                proven = sum(0 < self.winners.get(s, (0, 0))[0] <= early for s in slots)
                self.ledger.rho = controller.next_rho(
                    self.parameters, self.ledger.rho, controller.coverage_bps(proven, len(slots)))
            self.frozen.append(dict(self.ledger.reliability))

    def _assign(self, block: BlockFacts) -> Assignment:
        epoch = block.slot // self.parameters.slots_per_epoch
        mix_epoch = lottery.mix_epoch(epoch)
        mix = self.genesis_mix
        if mix_epoch is not None:
            # The final mix of an epoch is the prev_randao of the first payload after it.
            start = (mix_epoch + 1) * self.parameters.slots_per_epoch
            place = bisect_left(self.blocks, start, key=lambda each: each.slot)
            mix = (*self.blocks[place : place + 1], block)[0].mix
        q = self.frozen[lottery.weight_epoch(epoch)]
        tickets = tuple(Ticket(prover, lottery.weight(bond, 0, q[prover]))
                        for prover, bond in self.bonds.items())
        return _draw(mix, block.slot, tickets, self.parameters.committee_size, block.proposer)

    def _include(self, block: BlockFacts) -> None:
        batches: dict[Key, list[IncludedProof]] = defaultdict(list)
        for proof in block.included:
            proven = self.by_key.get(proof.key)
            if proven is None or proven.slot in self.winners:
                continue
            assignment = self.ledger.assignments[proven.slot]
            if stages.may_prove(self.parameters, assignment, proof.prover,
                                block.slot - proven.slot, self.bonds):
                batches[proof.key].append(proof)
        for key, proofs in batches.items():
            proven = self.by_key[key]
            self.winners[proven.slot] = block.slot - proven.slot, -1
            self.waiting.append((block, proven, proofs))
            assignment = self.ledger.assignments[proven.slot]
            delay = block.slot - proven.slot
            for proof in proofs:
                on_time = proof.prover in assignment.committee or (
                    proof.prover == assignment.primary and delay <= self.parameters.stage1_slots)
                if on_time:
                    self.ledger.reliability[proof.prover] = reliability.kept(
                        self.parameters, self.ledger.reliability[proof.prover])
        self._duties(block.slot)

    def _decide(self, mix: bytes) -> None:
        """The lotteries of the last block, by the mix of this one."""
        for block, proven, proofs in self.waiting:
            tickets = [Ticket(p.prover, lottery.weight(
                self.bonds[p.prover], 0, self.ledger.reliability[p.prover])) for p in proofs]
            winner = lottery.pick_from_batch(lottery.batch_seed(mix, *proofs[0].key), tickets)
            delay = block.slot - proven.slot
            self.winners[proven.slot] = delay, winner
            budget = self.budgets[proven.slot]
            prover_gwei, includer_gwei = rewards.split(self.parameters, budget, delay)
            self.ledger.budgets_gwei += budget
            self.ledger.credits.append(Credit(
                proven.slot, winner, prover_gwei, block.proposer, includer_gwei, block.slot,
                int(stages.stage_of(self.parameters, delay)), len(proofs),
                block.slot <= self.final_slot))
        self.waiting = []

    def _duties(self, slot: int) -> None:
        """Find the duties whose last block has come and gone without them."""
        first = self.parameters.stage1_slots
        second = first + self.parameters.stage2_slots
        still = []
        for block in self.open:
            assignment, delay = self.ledger.assignments[block.slot], slot - block.slot
            proven_after = self.winners.get(block.slot, (0, 0))[0]
            if proven_after and proven_after <= first:
                continue
            if delay == first or (delay > first and not self._missed(block.slot, 0)):
                if assignment.primary is not None:
                    self._miss(block.slot, assignment.primary, 0)
            if proven_after and proven_after <= second:
                continue
            if delay >= second:
                for rank, member in enumerate(assignment.committee, start=1):
                    self._miss(block.slot, member, rank)
            else:
                still.append(block)
        self.open = still

    def _missed(self, slot: int, rank: int) -> bool:
        epoch = slot // self.parameters.slots_per_epoch
        return any(each[0] == slot and each[2] == rank for each in self.missed[epoch])

    def _miss(self, slot: int, prover: int, rank: int) -> None:
        self.missed[slot // self.parameters.slots_per_epoch].append((slot, prover, rank))
        self.ledger.reliability[prover] = reliability.missed(
            self.parameters, self.ledger.reliability[prover])


def settle(
    parameters: Parameters,
    bonds: Mapping[int, int],
    branch: Sequence[BlockFacts],
    genesis_mix: bytes,
    final_slot: int,
) -> Ledger:
    """The ledger of a branch, from the first block after genesis to the head, in order.

    `bonds`: gwei by prover, who is a validator's index. `genesis_mix`: RANDAO's of genesis.
    `final_slot`: of the finalised block: what was included up to it has matured.
    """
    fold = _Fold(parameters, bonds, genesis_mix, final_slot)
    for block in branch:
        fold.add(block)
    return fold.finish()
