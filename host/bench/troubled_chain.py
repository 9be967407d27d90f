"""A chain with forks, missed slots, changing validators and voters that sign for both branches.

States, blocks and votes are the specification's, run by its state transition (`process_slots`,
`process_block`). Left out are payloads, signatures of BLS (the specification's own switch) and the
fork choice: which branch goes on is drawn, among those with the latest justified and final
checkpoints, as the specification's `filter_block_tree` has it. Validators wait to be activated,
leave, and are slashed where a block shows their two votes.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from proofmill.host.network.consensus.duties import (
    MAX_ATTESTATIONS,
    attest,
    committees_of,
    includable,
)
from proofmill.host.network.consensus.genesis import genesis_block, genesis_state
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.spec import bls, spec

VALIDATORS, WAITING, EQUIVOCATORS = 64, 8, 14
"""Of `VALIDATORS` the last `WAITING` are activated as the chain goes on. The first `EQUIVOCATORS`,
a quarter of the active, vote for both branches of every fork."""
ACTIVATED_EVERY = 12
"""Epochs between two activations."""
LEAST = 48
"""Validators that stay, whoever leaves or is slashed."""
SLOTS = int(spec.SLOTS_PER_EPOCH)
MISSED, FORKED, LEFT, SHOWN = 1 / 8, 1 / 24, 1 / 40, 1 / 6
"""Chances: that a slot has no block, that a fork begins in it, that a block has somebody leave, or
shows two votes, where there are such."""
TURNOUTS = (1.0, 0.97, 0.9, 0.7, 0.66, 0.5)
"""Of an epoch; each is as likely as the others but the first, which is five times."""
LATENESS = (0, 0, 0, 3, 7)
"""Slots for which blocks of an epoch leave votes out, beside the one that there has to be."""
PARTICIPATIONS = 16
"""Sets of participants that are kept: a few flags of a few branches."""
KEPT_EPOCHS = 4
"""Blocks and states that are kept, before the final checkpoint."""


@contextmanager
def unsigned() -> Iterator[None]:
    """Without the signatures of BLS: none is made and none is checked. And who participated is kept
    while it stays the same, in the specification's own way (`cache_this`), which otherwise asks it
    again for every validator; a quarter of the whole time."""
    before = bls.bls_active, spec.get_unslashed_participating_indices
    bls.bls_active = False
    spec.get_unslashed_participating_indices = spec.cache_this(
        _participation_key, before[1], PARTICIPATIONS)
    try:
        yield
    finally:
        bls.bls_active, spec.get_unslashed_participating_indices = before


def _participation_key(state: spec.BeaconState, flag: int, epoch: int) -> tuple[object, ...]:
    """All that `get_unslashed_participating_indices` looks at."""
    participation = (state.current_epoch_participation
                     if epoch == spec.get_current_epoch(state)
                     else state.previous_epoch_participation)
    return (state.validators.hash_tree_root(), participation.hash_tree_root(), int(flag),
            int(epoch), int(state.slot) // SLOTS)


@dataclass(frozen=True)
class Ballot:
    """One validator's vote, as its attestation has it."""

    validator: int
    data: spec.AttestationData


@dataclass
class Events:
    """What has happened on a chain."""

    missed_slots: int = 0
    forks: int = 0
    activated: int = 0
    exits: int = 0
    slashed: int = 0
    double_votes: int = 0


@dataclass
class _Fork:
    other: bytes
    sides: dict[int, bool]
    left: int


@dataclass
class TroubledChain:
    """`seed`: all draws follow from it. To be made with signatures, for its keys, and run without
    (`unsigned`)."""

    seed: int
    events: Events = field(default_factory=Events)
    slot: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._signers = dict(enumerate(derive_keys(self.seed, VALIDATORS)))
        first = VALIDATORS - WAITING
        state = genesis_state(tuple(self._signers.values()), bytes(32), {
            first + number: ACTIVATED_EVERY * (number + 1) for number in range(WAITING)})
        block = genesis_block(state)
        self.head = bytes(spec.hash_tree_root(block))
        self.blocks = {self.head: block}
        self.states = {self.head: state}
        self.ballots: dict[int, list[Ballot]] = {}
        """All that was signed, by the target's epoch."""
        self._later: dict[bytes, spec.BeaconState] = {}
        self._starts: dict[tuple[bytes, int], spec.BeaconState] = {}
        self._pool: list[spec.Attestation] = []
        self._has: dict[bytes, frozenset[int]] = {self.head: frozenset()}
        self._fork: _Fork | None = None
        self._evidence: list[spec.AttesterSlashing] = []
        self._turnout, self._late = 1.0, 0

    def epoch(self) -> spec.BeaconState:
        """Run an epoch; the state at the beginning of the next, of the branch that is ahead."""
        self._turnout = self._random.choice((1.0,) * 4 + TURNOUTS)
        self._late = self._random.choice(LATENESS)
        for _ in range(SLOTS):
            if self.slot:
                self._step()
            self.slot += 1
        state = self._at(self._ahead(), self.slot)
        known = [each for each in state.validators if each.exit_epoch != spec.FAR_FUTURE_EPOCH]
        self.events.slashed = sum(bool(each.slashed) for each in known)
        self.events.exits = len(known) - self.events.slashed
        self.events.activated = sum(
            0 < each.activation_epoch < spec.FAR_FUTURE_EPOCH for each in state.validators)
        self._prune(state)
        return state

    def start_state(self, root: bytes, epoch: int) -> spec.BeaconState:
        """The state of the checkpoint of `epoch` with the block `root`."""
        state = self.states[root]
        if state.slot >= epoch * SLOTS:
            return state
        if (root, epoch) not in self._starts:
            state = spec.copy(state)
            spec.process_slots(state, spec.Slot(epoch * SLOTS))
            self._starts[root, epoch] = state
        return self._starts[root, epoch]

    def _step(self) -> None:
        draw = self._random
        if self._fork is None and draw.random() < FORKED and self.head in self.blocks and \
                self.slot > SLOTS:
            parent = bytes(self.blocks[self.head].parent_root)
            if parent in self.states:
                self.events.forks += 1
                self._fork = _Fork(parent, {
                    each: draw.random() < 1 / 2 for each in self._signers}, draw.randint(1, 10))
        if draw.random() < MISSED:
            self.events.missed_slots += 1
        elif self._fork is not None and draw.random() < 1 / 2:
            self._fork.other = self._propose(self._fork.other)
        else:
            self.head = self._propose(self.head)
        self._vote()
        if self._fork is not None:
            self._fork.left -= 1
            if self._fork.left <= 0:
                self.head, self._fork = self._ahead(), None

    def _ahead(self) -> bytes:
        """The branch with the latest justified and final checkpoints; drawn where both have."""
        if self._fork is None:
            return self.head
        tips = [self.head, self._fork.other]
        if self._random.random() < 1 / 2:
            tips.reverse()
        return max(tips, key=lambda root: self._standing(self._at(root, self.slot)))

    @staticmethod
    def _standing(state: spec.BeaconState) -> tuple[int, int]:
        return (int(state.current_justified_checkpoint.epoch),
                int(state.finalized_checkpoint.epoch))

    def _propose(self, parent: bytes) -> bytes:
        state = spec.copy(self._at(parent, self.slot))
        proposer = spec.get_beacon_proposer_index(state)
        if state.validators[proposer].slashed:
            self.events.missed_slots += 1
            return parent
        has = self._has[parent]
        chosen = [number for number, each in enumerate(self._pool)
                  if number not in has and each.data.slot + 1 + self._late <= self.slot
                  and includable(state, each)][-MAX_ATTESTATIONS:]
        block = spec.BeaconBlock(
            slot=self.slot, proposer_index=proposer,
            parent_root=parent, body=spec.BeaconBlockBody(
                randao_reveal=self._random.randbytes(96), eth1_data=state.eth1_data,
                signed_execution_payload_bid=_no_bid(state, parent, self.slot),
                attestations=[self._pool[number] for number in chosen],
                attester_slashings=self._shown(state), voluntary_exits=self._leaving(state),
                sync_aggregate=spec.SyncAggregate(
                    sync_committee_signature=spec.G2_POINT_AT_INFINITY)))
        spec.process_block(state, block)
        block.state_root = spec.hash_tree_root(state)
        root = bytes(spec.hash_tree_root(block))
        self.blocks[root], self.states[root] = block, state
        self._has[root] = has | frozenset(chosen)
        return root

    def _vote(self) -> None:
        fork = self._fork
        heads = [self.head] if fork is None else [self.head, fork.other]
        both = dict[int, list[spec.AttestationData]]()
        state = self._at(self.head, self.slot)
        awake = {each for members in committees_of(state, self.slot) for each in members
                 if self._random.random() < self._turnout}
        for side, root in enumerate(heads):
            voters = awake if fork is None else {
                each for each in awake if each < EQUIVOCATORS or fork.sides[each] == bool(side)}
            made = self._attest(root, voters)
            if made is None:
                continue
            attestation, members = made
            self._pool.append(attestation)
            data = attestation.data
            kept = self.ballots.setdefault(int(data.target.epoch), [])
            for each in members:
                kept.append(Ballot(each, data))
                both.setdefault(each, []).append(data)
        for each, signed in both.items():
            if len(signed) == 2 and signed[0] != signed[1]:
                self.events.double_votes += 1
                self._evidence.append(spec.AttesterSlashing(**{
                    f"attestation_{number}": spec.IndexedAttestation(
                        attesting_indices=[each], data=data)
                    for number, data in enumerate(signed, 1)}))

    def _attest(self, root: bytes, voters: Collection[int]
                ) -> tuple[spec.Attestation, list[int]] | None:
        state = self._at(root, self.slot)
        node = spec.ForkChoiceNode(root=root, payload_status=spec.PAYLOAD_STATUS_EMPTY)
        members = list[int]()

        def permit(present: Collection[int], data: spec.AttestationData, _: bytes
                   ) -> Collection[int]:
            members.extend(each for each in present if each in voters
                           and not state.validators[each].slashed)
            return members

        attestation = attest(self._signers, state, node, self.slot, permit)
        return None if attestation is None else (attestation, members)

    def _shown(self, state: spec.BeaconState) -> list[spec.AttesterSlashing]:
        """Two votes of one validator, now and then."""
        while self._evidence and self._random.random() < SHOWN:
            found = self._evidence.pop()
            index = found.attestation_1.attesting_indices[0]
            if self._may_go(state, int(index)):
                return [found]
        return []

    def _leaving(self, state: spec.BeaconState) -> list[spec.SignedVoluntaryExit]:
        """A validator that leaves, now and then, as soon as it may."""
        epoch = spec.get_current_epoch(state)
        index = self._random.randrange(EQUIVOCATORS, VALIDATORS)
        validator = state.validators[index]
        if self._random.random() > LEFT or not self._may_go(state, index) or \
                epoch < validator.activation_epoch + spec.config.SHARD_COMMITTEE_PERIOD:
            return []
        return [spec.SignedVoluntaryExit(message=spec.VoluntaryExit(
            epoch=epoch, validator_index=index))]

    def _may_go(self, state: spec.BeaconState, index: int) -> bool:
        epoch, validator = spec.get_current_epoch(state), state.validators[index]
        staying = sum(not each.slashed and each.exit_epoch == spec.FAR_FUTURE_EPOCH
                      and spec.is_active_validator(each, epoch) for each in state.validators)
        return bool(spec.is_active_validator(validator, epoch) and not validator.slashed
                    and validator.exit_epoch == spec.FAR_FUTURE_EPOCH and staying > LEAST)

    def _at(self, root: bytes, slot: int) -> spec.BeaconState:
        """The state of a block brought forward to `slot`. Not to be changed."""
        state = self._later.get(root, self.states[root])
        if state.slot > slot:
            state = self.states[root]
        while state.slot < slot:
            epoch = int(state.slot) // SLOTS + 1
            state = spec.copy(state)
            spec.process_slots(state, spec.Slot(min(slot, epoch * SLOTS)))
            if state.slot == epoch * SLOTS:
                self._starts[root, epoch] = state
        self._later[root] = state
        return state

    def _prune(self, state: spec.BeaconState) -> None:
        """Forget what is long final."""
        oldest = int(state.finalized_checkpoint.epoch) - KEPT_EPOCHS
        keep = {root for root, block in self.blocks.items() if block.slot >= oldest * SLOTS}
        keep.add(bytes(state.finalized_checkpoint.root))
        for held in (self.blocks, self.states, self._has, self._later):
            for root in held.keys() - keep:
                del held[root]
        self._starts = {key: each for key, each in self._starts.items() if key[0] in self.states}
        self.ballots = {epoch: each for epoch, each in self.ballots.items() if epoch >= oldest}
        self._evidence = self._evidence[-EQUIVOCATORS:]


def _no_bid(state: spec.BeaconState, parent: bytes, slot: int) -> spec.SignedExecutionPayloadBid:
    """A bid of the proposer's own whose payload never comes."""
    return spec.SignedExecutionPayloadBid(
        message=spec.ExecutionPayloadBid(
            parent_block_hash=state.latest_block_hash, parent_block_root=parent,
            prev_randao=spec.get_randao_mix(state, spec.get_current_epoch(state)),
            builder_index=spec.BUILDER_INDEX_SELF_BUILD, slot=slot,
            block_hash=slot.to_bytes(32, "big"),
            execution_requests_root=spec.hash_tree_root(spec.ExecutionRequests())),
        signature=spec.G2_POINT_AT_INFINITY)
