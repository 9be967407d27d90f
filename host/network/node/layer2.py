"""The second layer as the mechanism computes it from one branch of the chain, in wei.

`replay` is a function of the branch's blocks and nothing else: two nodes with the same head have
the same account, whatever they saw in which order, and a reorganisation is another branch. The
rules are those of `host.network.mechanism.ledger`; its invariants are checked every time, and
`contract_state.check` compares it with the contracts.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import Assignment, mix_epoch
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import SlotRecord, Submission
from proofmill.host.network.node.contract_state import IncludedProof, WitnessedProof


@dataclass(frozen=True)
class BlockFacts:
    """What layer 2 needs of a block with its payload. `mix`: the payload's `prev_randao`.

    `divided`: the slots before it in which the network was divided, as the protocol's call says.
    `drawing`: on a chain with a delay function, what draws its epoch, if the payload brings that.
    `payload_hash`: the block's of the execution layer; `request_root` names it to provers.
    `proposing`: the prover that is paid at the proposer's address, if there is one. `base`: B of
    layer 1, wei. `included`: proofs that its transactions handed in or reported; `matured`: slots
    whose rewards they had paid out. `witnessed`: where witnesses count, what it says of them.
    """

    root: bytes
    slot: int
    proposer: int
    proposing: int | None
    mix: bytes
    payload_hash: bytes
    request_root: bytes
    base: int
    included: tuple[IncludedProof, ...] = ()
    matured: tuple[int, ...] = ()
    divided: frozenset[int] = frozenset()
    drawing: bytes | None = None
    witnessed: tuple[WitnessedProof, ...] = ()


@dataclass(frozen=True)
class CreditedProof:
    """The reward for the proof of `proven_slot`, in wei. `delay`: in blocks; `stage`: in which the
    block included it.

    `final`: the including block is, so that it can be paid out; `matured`: it has been.
    """

    proven_slot: int
    prover: int
    prover_wei: int
    includer: int
    includer_wei: int
    including_slot: int
    delay: int
    stage: int
    contenders: int
    final: bool
    matured: bool


@dataclass(frozen=True)
class CreditedCertificate:
    """The reward for the certificate of an epoch, in wei, of `prover`. `includer`: the validator
    whose block has it, None for a fees' address of nobody's; `matured`: it has been paid out."""

    epoch: int
    prover: int
    prover_wei: int
    includer: int | None
    includer_wei: int
    including_slot: int
    matured: bool


@dataclass(frozen=True)
class Fine:
    """A penalty, in wei. `reason`: a duty missed as "primary" or in the "committee", or an
    "invalid" proof. `settled`: its epoch is closed, and what was taken is `burned`, has become the
    bounty of the `rescuer` (a prover, or the validator that reported it) or was given back; all 0
    before."""

    slot: int
    prover: int
    reason: str
    taken: int
    settled: bool
    burned: int = 0
    bounty: int = 0
    rescuer: int | None = None


@dataclass(frozen=True)
class LayerTwo:
    """Layer 2 on one branch. `assignments`: who is drawn, by proven slot. `delays`: of what the
    block after the head includes, by slots whose windows are not over. `undecided`: slots whose
    proofs are included by the head, so that the next block's mix picks the winner. `bonded`: who
    may prove in the open stage. `barred`: provers by slot whose proofs no longer count. `bonds`:
    wei by prover. `rho`: in billionths. `witnessed`: where witnesses count, by slot and prover the
    first slot in which they had a proof, as blocks say."""

    assignments: Mapping[int, Assignment]
    delays: Mapping[int, int]
    credits: tuple[CreditedProof, ...]
    fines: tuple[Fine, ...]
    undecided: frozenset[int]
    bonded: frozenset[int]
    barred: Mapping[int, frozenset[int]]
    bonds: Mapping[int, int]
    reliability: Mapping[int, int]
    rho: int
    witnessed: Mapping[int, Mapping[int, int]] = field(default_factory=dict)

    def credit(self, slot: int) -> CreditedProof | None:
        """The reward for the proof of `slot`, None for none."""
        return next((credit for credit in self.credits if credit.proven_slot == slot), None)

    def proving(self, prover: int, *, matured: bool) -> int:
        """Wei for proofs of `prover`, matured or pending."""
        return sum(credit.prover_wei for credit in self.credits
                   if credit.prover == prover and credit.matured is matured)

    def including(self, proposers: Collection[int], *, matured: bool) -> int:
        """Wei for including proofs as one of `proposers`, matured or pending."""
        return sum(credit.includer_wei for credit in self.credits
                   if credit.includer in proposers and credit.matured is matured)


class BranchReplay:
    """The mechanism's ledger, led along the blocks of one branch in the contracts' order.

    A slot is opened by the block after it, so what its own block includes comes first, but after
    the weights that its epoch freezes.
    """

    def __init__(
        self, parameters: Parameters, minimum_bond: int, bonds: Mapping[int, int],
        genesis_mix: bytes,
    ) -> None:
        """As `replay` has it."""
        self.ledger = RewardLedger(parameters, minimum_bond)
        for identity, bond in sorted(bonds.items()):
            self.ledger.join(identity, bond)
        self.records: dict[int, SlotRecord] = {}
        self.paid: set[int] = set()
        """Slots whose rewards have been paid out."""
        self._genesis_mix = genesis_mix
        self._first_mixes: dict[int, bytes] = {}
        self._drawing: dict[int, bytes] = {}
        """What draws an epoch, where a delay function makes it of the mix."""
        self._before: BlockFacts | None = None

    def mix_for(self, slot: int) -> bytes:
        """The mix that draws a slot: the final one of two epochs before.

        It is the `prev_randao` of the first payload after that epoch, or what a delay function
        makes of that.
        """
        epoch = slot // self.ledger.parameters.slots_per_epoch
        if epoch in self._drawing:
            return self._drawing[epoch]
        wanted = mix_epoch(epoch)
        if wanted is None:
            return self._genesis_mix
        return self._first_mixes[min(each for each in self._first_mixes if each > wanted)]

    def fork(self) -> "BranchReplay":
        """A copy with nothing in common that either could change; costs what is open."""
        other = copy(self)
        other.ledger = self.ledger.fork()
        # What the ledger has closed does not change any more, and may be shared.
        other.records = {slot: other.ledger.open.get(slot, record)
                         for slot, record in self.records.items()}
        other.paid, other._first_mixes = self.paid.copy(), self._first_mixes.copy()
        other._drawing = self._drawing.copy()
        return other

    @property
    def before(self) -> BlockFacts | None:
        """The block that was taken in last."""
        return self._before

    @property
    def mixes(self) -> tuple[Mapping[int, bytes], Mapping[int, bytes]]:
        """By epoch: of its first block each, and what draws one where a delay function makes it."""
        return self._first_mixes, self._drawing

    def go_on_after(self, before: BlockFacts | None, first: Mapping[int, bytes],
                    drawing: Mapping[int, bytes]) -> None:
        """Have taken in the branch up to `before`, with these `mixes`."""
        self._before, self._first_mixes, self._drawing = before, dict(first), dict(drawing)

    def closed(self) -> set[int]:
        """Slots of which everything has been decided, settled and paid out."""
        return {slot for slot, record in self.records.items() if slot not in self.ledger.open
                and (record.win is None or slot in self.paid)}

    def forget(self, slots: Collection[int], settled: int) -> None:
        """Drop what is kept elsewhere: closed `slots`, and the first `settled` penalties."""
        for slot in slots:
            del self.records[slot]
        self.paid.difference_update(slots)
        del self.ledger.settled[:settled]
        # A mix draws the epochs after it, and there is none before the last block's any more.
        if self._before is not None:
            wanted = mix_epoch(self._before.slot // self.ledger.parameters.slots_per_epoch)
            self._first_mixes = {epoch: mix for epoch, mix in self._first_mixes.items()
                                 if wanted is None or epoch > wanted}
            self._drawing = dict(list(self._drawing.items())[-1:])

    def add(self, block: BlockFacts) -> None:
        """Take in the next block of the branch."""
        self.begin(block)
        for proof in block.included:
            self.include(block, proof)
        self.end(block)

    def begin(self, block: BlockFacts) -> None:
        """What happens at a block's start, before its transactions."""
        ledger = self.ledger
        ledger.divided = block.divided
        if self._before is not None:
            ledger.close_slot(self._before.slot, block.mix)
        epoch = block.slot // ledger.parameters.slots_per_epoch
        self._first_mixes.setdefault(epoch, block.mix)
        if block.drawing is not None:
            self._drawing[epoch] = block.drawing
        ledger.begin_epoch(block.slot)
        for told in block.witnessed:
            record = self.records.get(told.proven_slot)
            if record is not None and record.key[0] == told.payload_root:
                ledger.witness(told.slot, told.proven_slot, told.prover)

    def include(self, block: BlockFacts, proof: IncludedProof) -> str:
        """A proof in the block's transactions; why it does not count, or "" if it does."""
        record = self.records.get(proof.slot)
        if record is None:
            return "there is no such payload"
        return self.ledger.include(block.slot, block.proposer, proof.slot, Submission(
            record.key, proof.prover, b"%d/%d" % (proof.prover, proof.slot), proof.prover,
            proof.valid))

    def end(self, block: BlockFacts) -> None:
        """The block is whole: its own payload is the next to be proven."""
        self.records[block.slot] = self.ledger.open_slot(
            block.slot, block.request_root, self.mix_for(block.slot), block.base,
            proposer=block.proposing)
        self.paid.update(block.matured)
        self._before = block


def replay(
    parameters: Parameters,
    minimum_bond: int,
    bonds: Mapping[int, int],
    branch: Sequence[BlockFacts],
    genesis_mix: bytes,
    final_slot: int,
) -> tuple[LayerTwo, RewardLedger]:
    """The account of a branch, from the first block after genesis to the head, in order.

    `bonds`: wei by prover, who is a validator's index; each at least `minimum_bond` (ValueError).
    `genesis_mix`: what draws the first two epochs. `final_slot`: as the head's block was told: what
    was included up to it can be paid out.
    """
    run = BranchReplay(parameters, minimum_bond, bonds, genesis_mix)
    for block in branch:
        run.add(block)
    run.ledger.finalise(final_slot)
    check_slot(run.ledger)
    return account_of(run, final_slot), run.ledger


def account_of(
    run: BranchReplay, final_slot: int, only: Collection[int] | None = None
) -> LayerTwo:
    """The account of what `run` keeps, or of those slots `only` with all penalties settled."""
    ledger, paid = run.ledger, run.paid
    records = {slot: record for slot, record in run.records.items()
               if only is None or slot in only}
    credits = [
        CreditedProof(win.proven_slot, win.submission.prover, win.prover_gwei, win.includer,
               win.includer_gwei, win.included_slot, win.delay, int(win.stage), win.contenders,
               win.included_slot <= final_slot, win.proven_slot in paid)
        for record in records.values() for win in record.wins]
    fines = [Fine(penalty.slot, penalty.prover, penalty.reason, penalty.amount, True,
                  amounts.burned, amounts.bounty, rescuer)
             for penalty, amounts, rescuer in ledger.settled]
    if only is None:
        fines += [Fine(each.slot, each.prover, each.reason, each.amount, False)
                  for each in ledger.escrow]
    return LayerTwo(
        assignments={slot: record.assignment for slot, record in records.items()},
        # The head's own slot is not closed yet.
        delays={slot: ledger.blocks + 1 - record.block for slot, record in ledger.open.items()},
        credits=tuple(credits),
        fines=tuple(fines),
        undecided=frozenset(slot for slot, record in records.items() if record.batch),
        bonded=frozenset(ledger.bonded()),
        barred={slot: frozenset(record.barred) for slot, record in records.items()
                if record.barred},
        bonds={who: prover.bond for who, prover in ledger.provers.items()},
        reliability={who: prover.reliability for who, prover in ledger.provers.items()},
        rho=ledger.rho,
        witnessed={slot: dict(record.witnessed) for slot, record in ledger.open.items()})


def joined(closed: Sequence[LayerTwo], account: LayerTwo) -> LayerTwo:
    """One account of what was `closed`, in order, and of what is open, whose state it has."""
    parts = [*closed, account]
    return replace(
        account,
        assignments={slot: drawn for part in parts for slot, drawn in part.assignments.items()},
        credits=tuple(sorted((credit for part in parts for credit in part.credits),
                             key=lambda credit: credit.proven_slot)),
        fines=tuple(fine for part in parts for fine in part.fines),
        barred={slot: provers for part in parts for slot, provers in part.barred.items()})
