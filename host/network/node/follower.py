"""A node's own view of the chain: its fork-choice store, its engines, and what it makes of gossip.

Every message is checked here, by the specification's own functions, whoever sent it; nobody's
verdict is taken over. Layer 1 goes through the handlers `on_block`, `on_attestation`,
`on_execution_payload_envelope` and `on_payload_attestation_message`; execution proofs through
`process_execution_proof` with this node's `BindingProofEngine`; payloads are executed on this
node's own machine, and what the contracts of the second layer say is read from it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from proofmill.host.ground.log_fields import name_of, proof_name
from proofmill.host.ground.units import Wei
from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.consensus.block_proofs import block_verifier
from proofmill.host.network.consensus.blocks import record_of
from proofmill.host.network.consensus.data_columns import (
    BlockColumns,
    DataColumns,
    check_columns,
)
from proofmill.host.network.consensus.duties import Proposal
from proofmill.host.network.consensus.genesis import genesis_block, genesis_state
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.proofs import PROOF_TYPE
from proofmill.host.network.consensus.records import ProvingTask
from proofmill.host.network.consensus.refusal import Invalid, decoded, judged_by_specification
from proofmill.host.network.consensus.spec import INCLUSION_LISTS, spec
from proofmill.host.network.consensus.spec import engines as used_engines
from proofmill.host.network.consensus.store import begin_store, pin_store, prune_store
from proofmill.host.network.consensus.witnesses import ProofWitness, WitnessVote
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.transaction import decode_transaction
from proofmill.host.network.mechanism.certificates import CertificateLedger
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import Key
from proofmill.host.network.mechanism.stages import first_delay, may_prove
from proofmill.host.network.node import contract_state
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.branches import ANCHOR, Branches
from proofmill.host.network.node.clock_watch import ClockWatch
from proofmill.host.network.node.contract_state import ProverAccount, WitnessedProof
from proofmill.host.network.node.early_proofs import EarlyProofs
from proofmill.host.network.node.final_state import FinalPoint, FinalState
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.known_block import KnownBlock
from proofmill.host.network.node.layer2 import (
    BlockFacts,
    CreditedCertificate,
    CreditedProof,
    LayerTwo,
)
from proofmill.host.network.node.mempool import take_signed
from proofmill.host.network.node.opening import GENESIS_MIX
from proofmill.host.network.node.owned_proof import OwnedProof, numbers_of
from proofmill.host.network.node.proof_pool import Answer, ProofPool
from proofmill.host.network.node.votes import VotePool
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.second_layer.engines import MakeEvmEngines
from proofmill.host.network.second_layer.final_blocks import FinalBlock, final_block
from proofmill.host.network.second_layer.proof_engine import EvmProofEngine
from proofmill.host.prover.circuits.finality.vote import certificate_tag
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.groth16.verification_key import VerificationKey

log = logging.getLogger(__name__)

OURSELVES = frozenset({"self", "the archive"})
"""Where messages come from that say nothing about others' clocks."""

SLOT_MS = int(spec.config.SLOT_DURATION_MS)
ATTEST_MS = SLOT_MS // 4
"""When the votes of a slot are due: a block that has not come by then comes too late for them."""
SLOTS_PER_EPOCH = int(spec.SLOTS_PER_EPOCH)
PARENT_UNKNOWN = "its parent is unknown"
PARENT_EMPTY = "its parent's payload is unknown"
BLOCK_UNKNOWN = "its block is unknown"
COLUMNS_MISSING = "the cells of its blobs have not come"
EARLY = "its slot is the next"
"""By a clock that may be right as well as this node's: to be looked at then (`early`)."""


@dataclass(frozen=True)
class ChainSetup:
    """What all nodes of a chain have to agree on.

    `keys`: of all validators; their secrets are not looked at. `engines`, `seed` and `size`: of the
    execution layer. `verification_key`: of the block circuit. `minimum_bond` and `bond`: of
    each of the `provers`, ascending by identity.
    """

    keys: Sequence[ValidatorKey]
    engines: MakeEvmEngines
    seed: int
    size: RollupSize
    verification_key: VerificationKey
    parameters: Parameters
    minimum_bond: Wei
    bond: Wei
    provers: tuple[ProverAccount, ...]


class Follower:
    """One node's chain. `slot` and `milliseconds` into it are where its clock stands."""

    def __init__(self, chain: ChainSetup, archive: Archive | None = None,
                 remembered: int | None = None) -> None:
        """`archive`: keeps what has been found valid of every block; see `load`. `remembered`:
        as for `Branches`."""
        self.parameters = chain.parameters
        self.provers = chain.provers
        self.numbers = {each.identity: number for number, each in enumerate(chain.provers)}
        """The provers' numbers in the contracts, by validator."""
        self.archive = archive
        self.chain_id = int(spec.config.DEPOSIT_CHAIN_ID)
        made = chain.engines(
            chain.seed, chain.size, self.chain_id, block_verifier(chain.verification_key))
        self.execution_layer, self.proof_engine = made.execution, made.proof
        self.layer = made.execution.layer
        """The contracts, on the branch of the head."""
        state = genesis_state(chain.keys, self.execution_layer.genesis_hash)
        anchor = genesis_block(state)
        self.store = spec.get_forkchoice_store(state, anchor)
        self.execution_layer.watch(self.store)
        evm = self.execution_layer.evm
        self.pool = evm.pool
        """Transactions that are in no block yet."""
        self.transfers = self.execution_layer.transfers
        """Signed transfers of the ledger that are in no block yet."""
        self.genesis_root = bytes(spec.hash_tree_root(anchor))
        self.genesis_validators_root = bytes(state.genesis_validators_root)
        self.slot = self.milliseconds = 0
        self._addresses = {index: key.address for index, key in enumerate(chain.keys)}
        self._paid_at = {each.reward_address: each.identity for each in chain.provers[::-1]}
        self._head: spec.ForkChoiceNode | None = None
        self._told: int | None = None
        self._checked = ANCHOR
        self._blocks: dict[bytes, KnownBlock] = {}
        self._at_slot: dict[int, list[KnownBlock]] = {}
        """Those that are not final."""
        self._branches = Branches(
            chain.parameters, chain.minimum_bond,
            {each.identity: chain.bond for each in chain.provers}, GENESIS_MIX,
            remembered)
        self._by_request: dict[bytes, KnownBlock] = {}
        self._columns = DataColumns()
        self.votes = VotePool(self.store)
        self._pool = ProofPool(
            self.proof_engine, self.layer, self.numbers,
            {each.identity: each.reward_address for each in chain.provers})
        self._early = EarlyProofs(self.numbers)
        self._released: list[tuple[Topic, spec.Container]] = []
        self.clock = ClockWatch()
        self._watched: set[tuple[int, int]] = set()
        """Blocks, by slot and proposer, that the clock has been compared with."""
        self._first_number = self.execution_layer.evm.block().number + 1
        self.on_final: Callable[[Sequence[FinalBlock]], object] | None = None
        """Hears of payloads that are part of the chain for good, the oldest first."""
        self._final_root = self.genesis_root
        self._final_payload = self.execution_layer.genesis_hash

    @property
    def now_ms(self) -> int:
        """Milliseconds since genesis."""
        return self.slot * SLOT_MS + self.milliseconds

    def head(self) -> spec.ForkChoiceNode:
        """The fork choice's head, a `ForkChoiceNode`; moves the execution layer to it."""
        if self._head is None:
            head = self._head = spec.get_head(self.store)
            block = self._blocks.get(bytes(head.root))
            if block is not None:
                full = head.payload_status == spec.PAYLOAD_STATUS_FULL
                payload = block.payload_hash if full else block.parent_hash
                self.execution_layer.notify_forkchoice_updated(
                    spec.Hash32(payload), spec.Hash32(), spec.Hash32(), None)
        return self._head

    def head_state(self) -> spec.BeaconState:
        """The state after the head's block; not to be changed."""
        return self.store.block_states[self.head().root]

    @property
    def finalized_epoch(self) -> int:
        """The store's finalised epoch."""
        return int(self.store.finalized_checkpoint.epoch)

    def is_early(self, slot: int) -> bool:
        """Whether a message of `slot` is from the future, but for the next slot.

        The specification takes what is up to MAXIMUM_GOSSIP_CLOCK_DISPARITY early, and lets a node
        queue the rest: what is kept costs little, and one wrong clock then stops nobody.
        """
        return slot == self.slot + 1

    def tick(self, slot: int, milliseconds: int) -> None:
        """Set the clock; at a new slot the votes of earlier ones begin to count."""
        new = slot > self.slot
        self.slot, self.milliseconds = slot, milliseconds
        spec.on_tick(self.store, self.store.genesis_time + self.now_ms // 1000)
        if new:
            self._new_slot()

    def take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        """Check a message and learn from it; the verdict, and why if it is not ACCEPT.

        Never raises for what is in the message; of one that is rejected nothing stays but what has
        been found valid. What is raised (StorageError among it) is the node's own trouble, after
        which it does not go on.
        """
        if topic is Topic.TRANSACTION:
            return take_signed(self.pool, data)  # the pool's own log names it
        if topic is Topic.TRANSFER:
            return take_signed(self.transfers, data)
        kind, _ = self._topics[topic]
        try:
            message = decoded(kind, data)
        except Invalid as error:
            return Reception.REJECT, str(error)
        if topic is Topic.BLOCK and peer not in OURSELVES:
            self._compare_clock(message)
        return self.judge(topic, message)

    def judge(self, topic: Topic, message: spec.Container) -> Answer:
        """`take` for a message that is decoded already."""
        try:
            verdict, reason = self._topics[topic][1](self, message)
        except Invalid as error:
            verdict, reason = Reception.REJECT, str(error)
        level = {Reception.ACCEPT: logging.DEBUG, Reception.KEEP: logging.DEBUG,
                 Reception.IGNORE: logging.INFO, Reception.REJECT: logging.WARNING}[verdict]
        if log.isEnabledFor(level):
            log.log(level, "%s: %s%s", topic.name, verdict.value, f", {reason}" if reason else "",
                    extra=_about(topic, message))
        return verdict, reason

    def load(self, on_epoch: Callable[[], None] = lambda: None) -> int:
        """Take in what the archive has after the final block, checked as if it came from a
        stranger; how many blocks.

        The clock has to be set. What is damaged is forgotten, and can be had from peers. `on_epoch`
        is called whenever finality may have moved.
        """
        assert self.archive is not None, "there is no archive to load"
        blocks = 0
        for topic, root, data in self.archive.messages(self._final_root):
            if self.take(topic, data, "the archive")[0] is Reception.REJECT:
                log.warning("what the archive has is damaged, and forgotten",
                            extra={"block": name_of(root)})
                self.archive.forget(root)
            elif topic is Topic.BLOCK and root in self._blocks:
                blocks += 1
                if blocks % SLOTS_PER_EPOCH == 0:
                    self.follow_finality()
                    on_epoch()
        self.follow_finality()
        on_epoch()
        return blocks

    @property
    def final_root(self) -> bytes:
        """Of the last final block that `follow_finality` has followed."""
        return self._final_root

    def final_state(self) -> FinalState | None:
        """What another follower goes on from at the last final block, None where there is not all
        of it; it is to be written down before anything changes."""
        final, branches = self._blocks.get(self._final_root), self._branches.kept()
        execution, store = self.execution_layer, self.store
        turns = execution.turnout.turns(self._final_root)
        base = execution.accepted(self._final_payload)
        if not (final and branches and turns and base) or INCLUSION_LISTS:
            return None
        payloads, blocks = [base], [final]
        if final.facts is not None:
            own = execution.accepted(final.payload_hash)
            assert own is not None, "a payload that has come is known"
            payloads.append(own)
        oldest = base.statement.slot - 2 * SLOTS_PER_EPOCH
        while (parent := self._blocks.get(blocks[-1].parent)) and parent.slot >= oldest:
            blocks.append(replace(parent, request=None))
        facts, closed = self._branches.final
        return FinalState(FinalPoint(
            self.finalized_epoch, self._final_root, store.block_states[spec.Root(self._final_root)],
            frozenset(map(int, store.equivocating_indices)), turns, tuple(blocks[::-1]),
            tuple(payloads), branches, execution.delays.found if execution.delays else {}),
            facts, closed, execution.evm.branch(bytes(payloads[-1].payload.block_hash)),
            execution.evm.entries)

    def go_on_from(self, kept: FinalState) -> None:
        """Be where a follower was at its last final block; nothing has been taken in before.

        ValueError, `BrokenInvariant` or what else reading meets where the state is not that block's
        by the archive and the contracts: then this follower is of no use any more.
        """
        point = kept.point
        final = point.blocks[-1]
        block = self._kept_part(spec.SignedBeaconBlock, Topic.BLOCK, point.root)
        if final.root != point.root or bytes(spec.hash_tree_root(block)) != point.root:
            raise ValueError("the archive's final block is another")
        for each in point.payloads:
            if each.ledger.root != each.statement.new_root:
                raise ValueError("the ledger of transfers is not what its payload's proof states")
        begin_store(self.store, point.state, block, spec.Checkpoint(
            epoch=point.epoch, root=point.root), point.equivocating)
        execution = self.execution_layer
        execution.watch(self.store)
        execution.turnout.go_on_from(point.root, point.turns)
        execution.go_on_from(point.payloads, kept.executed, kept.entries)
        if execution.delays is not None:
            execution.delays.go_on_from(point.delayed)
        assert isinstance(self.proof_engine, EvmProofEngine)
        for each in point.payloads:
            self.proof_engine.learn(bytes(each.payload.block_hash))
        self._blocks = {each.root: each for each in point.blocks}
        self._at_slot = {final.slot: [final]}
        self._branches.go_on_from(point.branches, kept.facts, kept.closed)
        if final.facts is not None:
            envelope = self._kept_part(
                spec.SignedExecutionPayloadEnvelope, Topic.ENVELOPE, point.root)
            if bytes(envelope.payload.block_hash) != final.payload_hash:
                raise ValueError("the archive's final payload is another")
            self.store.payloads[spec.Root(point.root)] = envelope
            self._branches.add(final.facts, point.branches.base)
            self._by_request = {final.facts.request_root: final}
        self._final_root = point.root
        self._final_payload = bytes(point.payloads[0].payload.block_hash)
        self._changed()
        tip = self._tip()
        self._check(tip, final.slot if tip == point.root else point.payloads[0].statement.slot)

    def _kept_part(self, kind: type[spec.Container], topic: Topic, root: bytes) -> spec.Container:
        """What the archive's message of that topic about a block says, without its signature."""
        assert self.archive is not None, "the final block is read in the archive"
        data = self.archive.part(root, topic)
        if data is None:
            raise ValueError(f"the archive has not the final block's {topic.name}")
        return decoded(kind, data).message

    def has(self, root: bytes, full: bool) -> bool:
        """Whether a block is known, and its payload as well if it is to be `full`."""
        block = self._blocks.get(root)
        if block is not None:
            return not full or block.facts is not None
        if root == self.genesis_root:
            return True
        if self.archive is None:
            return False
        slot = self.archive.slot(root)
        return slot is not None and slot <= self.finalized_slot and (
            not full or self.archive.part(root, Topic.ENVELOPE) is not None)

    def follow_finality(self) -> None:
        """Forget what lies before the finalised block, if that has changed."""
        final_root = bytes(self.store.finalized_checkpoint.root)
        if final_root != self._final_root:
            self._final_root = final_root
            self._finalize(final_root)
            log.info("epoch %d is final", self.finalized_epoch,
                     extra={"block": name_of(final_root), "slot": self.slot})

    @property
    def finalized_slot(self) -> int:
        """The first slot of the finalised epoch: no block up to it can still come."""
        return int(spec.compute_start_slot_at_epoch(self.store.finalized_checkpoint.epoch))

    def final_nonce(self, address: Address) -> int:
        """How many transactions an account has sent by the last final payload."""
        return int(self.execution_layer.evm.nonce_after(self._final_payload, address))

    @contextmanager
    def at_final_payload(self) -> Iterator[None]:
        """Inside the block contracts are asked as the last final payload has them."""
        self.head()
        with self.execution_layer.evm.at(self._final_payload):
            yield

    def included_attestations(self, head: spec.ForkChoiceNode) -> set[bytes]:
        """Roots of the attestations that the last blocks of the branch of `head` carry."""
        done: set[bytes] = set()
        block = self._blocks.get(bytes(head.root))
        while block is not None and block.slot >= self.slot - SLOTS_PER_EPOCH:
            done |= block.attestation_roots
            block = self._blocks.get(block.parent)
        return done

    def branch(self) -> list[BlockFacts]:
        """The blocks from genesis to the head whose payloads are part of the chain.

        Its cost is the chain's length; `recent` has those since finality.
        """
        return self._branches.branch(self._tip())

    def recent(self) -> list[BlockFacts]:
        """`branch` from the first block after the final ones."""
        return self._branches.recent(self._tip())

    def is_final(self, request_root: bytes) -> bool:
        """Whether a payload is part of the chain for good."""
        return self._branches.is_final(request_root)

    def account(self) -> LayerTwo:
        """Layer 2 on the head's branch, as the mechanism has it, without what is closed for good.

        See `whole_account` and `check_contracts`.
        """
        tip = self._tip()
        return self._branches.account(tip, self._told_final())

    def whole_account(self) -> LayerTwo:
        """`account` from the first block on. Its cost is the chain's length."""
        tip = self._tip()
        return self._branches.whole(tip, self._told_final())

    def credit(self, slot: int) -> CreditedProof | None:
        """The reward for the proof of `slot` on the head's branch, None for none."""
        tip = self._tip()
        return self._branches.credit(tip, self._told_final(), slot)

    def check_contracts(self) -> None:
        """Raise `BrokenInvariant` unless the contracts at the head say what the mechanism says."""
        tip, recent = self._tip(), self.recent()
        if recent and tip != self._checked:
            self._check(tip, recent[-1].slot)

    def _check(self, tip: bytes, slot: int) -> None:
        """As `check_contracts`; `slot`: of the last payload."""
        final = self._told_final()
        self._branches.account(tip, final)
        self._checked = tip
        contract_state.check(
            self.layer, self._branches.ledger(tip), self.provers, slot,
            self._branches.minted_wei(tip, final) + self.certificates().minted,
            self._addresses)
        self.execution_layer.check_coins()
        self.execution_layer.check_certificates(final)

    def certificates(self) -> CertificateLedger:
        """What the head's branch pays for certificates of finality, by the mechanism; not to be
        changed."""
        self.head()
        execution = self.execution_layer
        return execution.certificates(execution.evm.head)

    def due_certificates(self) -> list[int]:
        """Epochs whose certificates are in final blocks, and not paid out."""
        return [credit.epoch for credit in self.certificates().due(self._told_final())]

    def credited_certificates(self) -> tuple[CreditedCertificate, ...]:
        """`certificates` by epoch, with everybody's validators."""
        return tuple(CreditedCertificate(
            credit.epoch, self.provers[credit.prover].identity, credit.prover_amount,
            self.validator_at(credit.includer), credit.includer_amount, credit.included_slot,
            credit.matured) for _, credit in sorted(self.certificates().credits.items()))

    def validator_at(self, address: Address) -> int | None:
        """The validator whose account an address is, None for nobody's."""
        return next((index for index, each in self._addresses.items() if each == address), None)

    def certified_by(self, certificate: Certificate) -> int | None:
        """The number in the contracts of the prover whose tag a certificate has, None for nobody's.
        """
        stated = certificate.stated
        return next((number for number, account in enumerate(self.provers) if certificate_tag(
            self.chain_id, stated.target_epoch, number, account.reward_address)
            == stated.prover_tag), None)

    def ledger(self) -> Ledger:
        """The accounts as the head's branch leaves them."""
        self.head()
        execution = self.execution_layer
        return execution.ledger(execution.evm.head)

    def proofs_for(self, key: Key) -> dict[int, OwnedProof]:
        """The valid proofs of a payload that this node knows, by prover."""
        return self._pool.valid(key)

    def open_proofs(self) -> list[OwnedProof]:
        """Proofs of payloads that can still be proven, and invalid ones to be reported."""
        found = [*self._pool.all_valid(), *((key, proof) for key, _, proof in self._pool.invalid())]
        return [proof for (root, _), proof in found if root in self._by_request
                and self._can_be_proven(self._by_request[root])]

    def delay(self, slot: int, prover: int | None = None) -> int | None:
        """The delay of a proof of `slot` in the block after the head, of `prover` where witnesses
        may have had it; None once it is too late for any, or where the head's branch has nothing to
        be proven in that slot."""
        account = self.account()
        delay = account.delays.get(slot)
        if delay is not None and self.execution_layer.witness_pool is not None:
            delay = self.next_block_slot() - slot
            seen = None if prover is None else self.seen(slot, prover)
            if prover is not None and seen is not None:
                first = first_delay(self.parameters, account.assignments[slot], prover)
                delay = min(delay, max(seen - slot, first))
        return None if delay is None or delay > self.parameters.window_blocks else delay

    def seen(self, slot: int, prover: int) -> int | None:
        """The first slot in which witnesses had a prover's proof of the payload that the head's
        branch has in `slot`, by what that says or could say; None for none."""
        pool, root = self.execution_layer.witness_pool, self._branches.requests(
            self._tip()).get(slot)
        if pool is None or root is None:
            return None
        told = self.account().witnessed.get(slot, {}).get(prover)
        heard = pool.first(self.head_state(), root, self.numbers[prover])
        return min((each for each in (told, heard) if each is not None), default=None)

    def to_witness(self) -> list[ProofWitness]:
        """What validators sign as witnesses of this slot: the valid proofs that this node knows, of
        payloads of the head's branch that have none, unless an earlier slot's witnesses have."""
        if self.execution_layer.witness_pool is None:
            return []
        account = self.account()
        proven = {credit.proven_slot for credit in account.credits} | account.undecided
        of_slot = {block.request_root: block.slot for block in self.recent()}
        found = []
        for (root, _), proof in self._pool.all_valid():
            proven_slot, prover = of_slot.get(root), int(proof.signed.validator_index)
            if (proven_slot is not None and proven_slot in account.delays
                    and proven_slot not in proven and self.seen(proven_slot, prover) is None):
                found.append(ProofWitness(slot=self.slot, proven_slot=proven_slot,
                                          payload_root=root, prover=self.numbers[prover]))
        return found

    def next_block_slot(self) -> int:
        """The slot of the next block: this one until its votes are due, unless the head has it."""
        made = self.store.blocks[self.head().root].slot == self.slot
        return self.slot if not made and self.milliseconds < ATTEST_MS else self.slot + 1

    def _can_be_proven(self, block: KnownBlock) -> bool:
        """Whether a block after the head may include a proof, as far as can be known: on another
        branch its window may still be open."""
        known = self._branches.requests(self._tip()).get(block.slot)
        if block.facts is None or known != block.facts.request_root:
            return True
        if self.execution_layer.witness_pool is not None:
            # Until its epoch is settled a block may say that witnesses had a proof in time.
            return block.slot in self.account().delays
        return self.delay(block.slot) is not None

    def released(self) -> list[tuple[Topic, spec.Container]]:
        """Proofs that came before their blocks and are accepted now, once: to be passed on."""
        found, self._released = self._released, []
        return found

    def to_carry(self) -> list[tuple[int, int, OwnedProof]]:
        """(proven slot, prover, proof) of valid proofs that the block after the head can include
        and that no transaction which waits here hands in; the oldest first.

        A proof goes round apart from its transaction, and whoever signs the one may keep the other
        back, while all others stop proving.
        """
        account = self.account()
        proven = {credit.proven_slot for credit in account.credits} | account.undecided
        of_slot = {block.request_root: block.slot for block in self.recent()}
        on_its_way = {decode_transaction(raw).data for raw in self.pool.waiting()}
        found = []
        for (root, _), proof in self._pool.all_valid():
            proven_slot, prover = of_slot.get(root), int(proof.signed.validator_index)
            if proven_slot is None or proven_slot in proven:
                continue
            delay = self.delay(proven_slot, prover)
            if delay is None or prover in account.barred.get(proven_slot, ()):
                continue
            if may_prove(self.parameters, account.assignments[proven_slot], prover, delay,
                         account.bonded) and self.submission(proven_slot, proof) not in on_its_way:
                found.append((proven_slot, prover, proof))
        return sorted(found, key=lambda each: each[:2])

    def submission(self, slot: int, proof: OwnedProof) -> bytes:
        """The call that hands a proof in to the contract, as a transaction's data."""
        return self.layer.rewards.encode(
            "submit", slot, self.numbers[int(proof.signed.validator_index)],
            numbers_of(proof.signed))

    def to_report(self) -> list[tuple[int, int, OwnedProof]]:
        """(proven slot, prover, proof) of the invalid proofs that the block after the head can
        report."""
        account = self.account()
        proven = {credit.proven_slot for credit in account.credits} | account.undecided
        of_slot = {block.request_root: block.slot for block in self.recent()}
        return [
            (slot, prover, proof) for key, prover, proof in self._pool.invalid()
            if (slot := of_slot.get(key[0])) is not None and slot not in proven
            and prover not in account.barred.get(slot, ())
            and (delay := self.delay(slot, prover)) is not None
            and may_prove(self.parameters, account.assignments[slot], prover, delay,
                          account.bonded)]

    def task(self, request_root: bytes) -> ProvingTask | None:
        """What is to be proven about a payload; None where it is unknown or long final."""
        block, known = self._by_request.get(request_root), self.proof_engine.payload(request_root)
        if block is None or block.request is None or known is None:
            return None
        payload = block.request.execution_payload
        try:
            ledger = self.execution_layer.ledger(bytes(payload.parent_hash))
            batch = self.execution_layer.batch(bytes(payload.block_hash))
        except KeyError:
            return None
        return ProvingTask(self.chain_id, block.slot, request_root, ledger, batch, known.old_root,
                           known.new_root)

    def _changed(self) -> None:
        self._head = self._told = None

    def _tip(self) -> bytes:
        """The newest block whose payload is part of the head's branch; `ANCHOR` for none."""
        head = self.head()
        block = self._blocks.get(bytes(head.root))
        if block is None or head.payload_status == spec.PAYLOAD_STATUS_FULL:
            return ANCHOR if block is None else block.root
        return self._predecessor(block)

    def _predecessor(self, block: KnownBlock) -> bytes:
        """The block whose payload is the one before this block's; `ANCHOR` for none."""
        parent = self._blocks.get(block.parent)
        while parent is not None and parent.payload_hash != block.parent_hash:
            parent = self._blocks.get(parent.parent)
        return ANCHOR if parent is None else parent.root

    def _told_final(self) -> int:
        """The finalised slot that the head's payload was told."""
        if self._told is None:
            self.head()
            self._told = int(self.layer.consensus.call("finalized_slot"))
        return self._told

    def _new_slot(self) -> None:
        self.votes.new_slot(self.slot)
        if self.execution_layer.witness_pool is not None:
            self.execution_layer.witness_pool.forget(self.slot)
        pin_store(self.store)
        self._changed()
        self.follow_finality()

    def _keep(self, topic: Topic, root: bytes, message: spec.Container) -> None:
        if self.archive is not None:
            self.archive.keep(topic, root, bytes(message.encode_bytes()))

    def _finalize(self, final_root: bytes) -> None:
        final, head = self._blocks[final_root], self._blocks[bytes(self.head().root)]
        # Whether the final block's own payload is part of the chain is for the next ones to say.
        base = self._predecessor(final)
        if self.on_final is not None:  # before what is known of them is forgotten
            self.on_final([final_block(self.execution_layer, self._first_number,
                                       self._blocks[facts.root].request)
                           for facts in self._branches.recent(base)])
        first, last = spec.Hash32(head.payload_hash), spec.Hash32(final.payload_hash)
        prune_store(self.store)
        self.execution_layer.notify_forkchoice_updated(first, last, last, None)
        self.proof_engine.notify_forkchoice_updated(first, last, last)
        for slot in [slot for slot in self._at_slot if slot < final.slot]:
            for block in self._at_slot.pop(slot):
                self._columns.forget(block.root)
                if block.facts is not None:
                    self._by_request.pop(block.facts.request_root, None)
                    block.request = None
        self._branches.finalise(base)
        if base != ANCHOR:
            self._final_payload = self._blocks[base].payload_hash
            self._forget(self._blocks[base].slot - 2 * SLOTS_PER_EPOCH)
        self._pool.prune()

    def _forget(self, slot: int) -> None:
        """Of blocks before `slot`, which is long final, the archive knows what is still asked."""
        if self.archive is not None:
            self._blocks = {root: block for root, block in self._blocks.items()
                            if block.slot >= slot}

    def _block(self, signed: spec.SignedBeaconBlock) -> Answer:
        block = signed.message
        root = bytes(spec.hash_tree_root(block))
        if root in self._blocks:
            return Reception.KEEP, "it is known"
        if block.slot > self.slot:
            early = self.is_early(int(block.slot))
            return Reception.IGNORE, EARLY if early else "it is from the future"
        if block.slot <= self.finalized_slot:
            return Reception.IGNORE, "it is not after the finalised block"
        if bytes(block.parent_root) not in self.store.block_states:
            return Reception.IGNORE, PARENT_UNKNOWN
        with judged_by_specification():
            full = spec.is_parent_node_full(self.store, block)
        if full and block.parent_root not in self.store.payloads:
            return Reception.IGNORE, PARENT_EMPTY
        second = any(b.facts is not None and b.facts.proposer == block.proposer_index
                     for b in self._at_slot.get(int(block.slot), ()))
        with judged_by_specification(), used_engines(self.execution_layer, self.proof_engine):
            spec.on_block(self.store, signed)
        self._count_votes(block.body)
        pin_store(self.store)
        bid = block.body.signed_execution_payload_bid.message
        known = self._blocks[root] = KnownBlock(
            root, bytes(block.parent_root), int(block.slot), bytes(bid.block_hash),
            bytes(bid.parent_block_hash),
            frozenset(bytes(spec.hash_tree_root(a)) for a in block.body.attestations),
            tuple(bid.blob_kzg_commitments))
        self._at_slot.setdefault(known.slot, []).append(known)
        self._keep(Topic.BLOCK, root, signed)
        log.info("block of validator %d", block.proposer_index,
                 extra={"block": name_of(root), "slot": known.slot})
        self._changed()
        return (Reception.KEEP, "a second block of its slot") if second else (Reception.ACCEPT, "")

    def _count_votes(self, body: spec.BeaconBlockBody) -> None:
        """The fork choice hears the votes in a block, as the specification wants it: whoever was
        away when they were cast has them from there alone."""
        for slashing in body.attester_slashings:
            with suppress(Invalid), judged_by_specification():
                spec.on_attester_slashing(self.store, slashing)
        for attestation in body.attestations:
            # Some are for blocks that were never seen here, or are final and forgotten.
            with suppress(Invalid), judged_by_specification():
                spec.on_attestation(self.store, attestation, is_from_block=True)

    def _block_columns(self, columns: BlockColumns) -> Answer:
        root = columns.root
        known = self._blocks.get(root)
        if known is None or root not in self.store.block_states:
            return Reception.IGNORE, BLOCK_UNKNOWN
        if root in self._columns or known.facts is not None:
            return Reception.KEEP, "they are known"
        with judged_by_specification():
            wrong = check_columns(columns, root, known.slot, known.commitments)
        if wrong:
            return Reception.REJECT, wrong
        self._columns.keep(columns, known.commitments)
        self._keep(Topic.COLUMNS, root, columns)
        log.info("the cells of %d blobs", len(known.commitments),
                 extra={"block": name_of(root), "slot": known.slot})
        return Reception.ACCEPT, ""

    def _envelope(self, signed: spec.SignedExecutionPayloadEnvelope) -> Answer:
        root = bytes(signed.message.beacon_block_root)
        known = self._blocks.get(root)
        if known is not None and known.facts is not None:
            return Reception.KEEP, "it is known"
        if known is None or root not in self.store.block_states:
            return Reception.IGNORE, BLOCK_UNKNOWN
        if known.slot <= self.finalized_slot:
            # What it was told of layer 1 is forgotten, and the chain has gone on without it.
            return Reception.IGNORE, "its block is final"
        if known.commitments and root not in self._columns:
            return Reception.IGNORE, COLUMNS_MISSING
        with judged_by_specification(), used_engines(self.execution_layer, self.proof_engine,
                                                     columns=self._columns):
            spec.on_execution_payload_envelope(self.store, signed)
        self._columns.forget(root)
        block = spec.SignedBeaconBlock(message=self.store.blocks[root])
        record = record_of(Proposal(root, block, signed), self.store.block_states[root])
        self._keep(Topic.ENVELOPE, root, signed)
        known.request = record.request
        payload_hash = bytes(record.payload.block_hash)
        executed = self.execution_layer.evm.executed(payload_hash)
        known.facts = BlockFacts(
            root, record.slot, record.proposer,
            self._paid_at.get(bytes(record.payload.fee_recipient)),
            bytes(record.payload.prev_randao), payload_hash, record.request_root,
            self.execution_layer.statement(payload_hash).base_wei,
            contract_state.included(
                self.layer, executed, [each.identity for each in self.provers]),
            contract_state.matured(self.layer, executed),
            self.execution_layer.divided(bytes(signed.message.parent_beacon_block_root)),
            self.execution_layer.drawing(payload_hash),
            tuple(WitnessedProof(told.slot, told.proven_slot, told.payload_root,
                                 self.provers[told.prover].identity)
                  for told in self.execution_layer.witnessed(payload_hash)
                  if told.prover < len(self.provers)))
        self._by_request[record.request_root] = known
        before = self._predecessor(known)
        self._branches.add(known.facts, before)
        self._log_payload(known, known.facts, before)
        self._changed()
        for proof in self._early.take(record.request_root):
            if self.judge(Topic.PROOF, proof)[0] is Reception.ACCEPT:
                self._released.append((Topic.PROOF, proof))
        return Reception.ACCEPT, ""

    def _compare_clock(self, signed: spec.SignedBeaconBlock) -> None:
        """Let a block of gossip, the first of its proposer's for a slot, say what time it is."""
        slot, proposer = int(signed.message.slot), int(signed.message.proposer_index)
        if not self.now_ms or (slot, proposer) in self._watched or not self._is_signed(signed):
            return  # before genesis this clock says nothing yet
        self._watched = {each for each in self._watched
                         if each[0] > slot - SLOTS_PER_EPOCH} | {(slot, proposer)}
        self.clock.heard(proposer, self.now_ms - slot * SLOT_MS)

    def _is_signed(self, signed: spec.SignedBeaconBlock) -> bool:
        """Whether the validator that a block names has signed it."""
        try:
            with judged_by_specification():
                return bool(spec.verify_block_signature(self.head_state(), signed))
        except Invalid:
            return False

    def _log_payload(self, block: KnownBlock, facts: BlockFacts, before: bytes) -> None:
        """What a block's payload has brought, and which proofs."""
        about = {"block": name_of(block.root), "slot": block.slot}
        log.info("payload, with %d proofs", len(facts.included),
                 extra={**about, "payload": name_of(facts.request_root)})
        if facts.included:
            roots = self._branches.requests(before)
            for each in facts.included:
                if each.slot in roots:
                    name = proof_name(roots[each.slot], PROOF_TYPE, each.prover)
                    log.info("the proof of slot %d is %s", each.slot,
                             "included" if each.valid else "reported as invalid",
                             extra={**about, "payload": name_of(roots[each.slot]), "proof": name})

    def _attestation(self, attestation: spec.Attestation) -> Answer:
        if self.is_early(int(attestation.data.slot)):
            return Reception.IGNORE, EARLY
        return self.votes.add_attestation(attestation, self.slot)

    def _payload_attestation(self, attestation: spec.PayloadAttestation) -> Answer:
        answer = self.votes.add_payload_attestation(attestation, self.slot)
        if answer[0] is Reception.ACCEPT:
            self._changed()
        return answer

    def _contribution(self, contribution: spec.SyncCommitteeContribution) -> Answer:
        return self.votes.add_contribution(contribution, self.slot)

    def _witness(self, vote: WitnessVote) -> Answer:
        pool, message = self.execution_layer.witness_pool, vote.message
        if pool is None:
            return Reception.IGNORE, "witnesses do not count on this chain"
        slot = int(message.slot)
        if self.is_early(slot):
            return Reception.IGNORE, EARLY
        if not self.slot - 1 <= slot <= self.slot:
            return Reception.IGNORE, "it is not of this slot"
        block = self._by_request.get(bytes(message.payload_root))
        state = None if block is None else self.store.block_states.get(spec.Root(block.root))
        if block is None or state is None:
            return Reception.IGNORE, "its payload is unknown"
        if message.proven_slot != block.slot or message.prover >= len(self.provers):
            return Reception.REJECT, "it is of no proof that there can be"
        try:
            reason = pool.hear(state, vote)
        except Invalid as error:
            if spec.compute_epoch_at_slot(message.slot) > spec.get_current_epoch(state) + 1:
                # Who witnesses then is decided by blocks after the proven one.
                return Reception.IGNORE, f"on this branch {error}"
            raise
        return (Reception.KEEP, reason) if reason else (Reception.ACCEPT, "")

    def _proof(self, proof: OwnedProof) -> Answer:
        root = bytes(proof.signed.message.public_input.new_payload_request_root)
        block = self._by_request.get(root)
        if block is None:
            if self._early.add(proof, self.head_state()):
                return Reception.KEEP, "it waits for its payload"
            return Reception.IGNORE, "its payload is unknown"
        if self.proof_engine.payload(root) is None:
            return Reception.IGNORE, "its payload is unknown, or long final"
        if not self._can_be_proven(block):
            return Reception.IGNORE, "its payload can no longer be proven"
        return self._pool.add(proof, block.slot, self.head_state())

    _topics: Mapping[Topic, tuple[type[spec.Container], Callable[..., Answer]]] = {
        Topic.BLOCK: (spec.SignedBeaconBlock, _block),
        Topic.COLUMNS: (BlockColumns, _block_columns),
        Topic.ENVELOPE: (spec.SignedExecutionPayloadEnvelope, _envelope),
        Topic.ATTESTATION: (spec.Attestation, _attestation),
        Topic.PAYLOAD_ATTESTATION: (spec.PayloadAttestation, _payload_attestation),
        Topic.SYNC: (spec.SyncCommitteeContribution, _contribution),
        Topic.PROOF: (OwnedProof, _proof),
        Topic.WITNESS: (WitnessVote, _witness),
    }


def _about(topic: Topic, message: spec.Container) -> dict[str, object]:
    """What a log record about a message has for its extra fields."""
    match topic:
        case Topic.BLOCK:
            return {"block": name_of(bytes(spec.hash_tree_root(message.message))),
                    "slot": int(message.message.slot)}
        case Topic.ENVELOPE:
            return {"block": name_of(bytes(message.message.beacon_block_root))}
        case Topic.COLUMNS:
            return {"block": name_of(message.root)}
        case Topic.ATTESTATION | Topic.PAYLOAD_ATTESTATION:
            return {"block": name_of(bytes(message.data.beacon_block_root)),
                    "slot": int(message.data.slot)}
        case Topic.SYNC:
            return {"block": name_of(bytes(message.beacon_block_root)), "slot": int(message.slot)}
        case Topic.WITNESS:
            return {"payload": name_of(bytes(message.message.payload_root)),
                    "slot": int(message.message.slot)}
        case Topic.PROOF:
            proof = message.signed.message
            root = bytes(proof.public_input.new_payload_request_root)
            return {"payload": name_of(root), "proof": proof_name(
                root, int(proof.proof_type), int(message.signed.validator_index))}
    return {}
