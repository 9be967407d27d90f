"""A real proof-of-stake chain in one process: the specification's, driven slot by slot."""

import logging
from contextlib import AbstractContextManager
from functools import partial

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.log_fields import name_of
from proofmill.host.network.consensus.blocks import BlockRecord, BlockTree, record_of
from proofmill.host.network.consensus.duties import attest, attest_payload, propose
from proofmill.host.network.consensus.engines import MakeEngines, ledger_engines
from proofmill.host.network.consensus.genesis import genesis_block, genesis_state
from proofmill.host.network.consensus.inclusion_lists import InclusionLists
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.proofs import (
    PROOF_TYPE,
    VerifiedProof,
    Verify,
    encode_proof_data,
)
from proofmill.host.network.consensus.records import ProvingTask, SlotReport, Verdict
from proofmill.host.network.consensus.spec import INCLUSION_LISTS, spec
from proofmill.host.network.consensus.spec import engines as used_engines
from proofmill.host.network.consensus.store import full_node, pin_store, prune_store
from proofmill.host.network.consensus.witnesses import ProofWitness, sign
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.transfers.load import Load
from proofmill.host.prover.circuits.rollup.size import SMALLEST, RollupSize

log = logging.getLogger(__name__)

SLOTS_PER_EPOCH = int(spec.SLOTS_PER_EPOCH)
MINIMUM_VALIDATORS = int(spec.config.MIN_GENESIS_ACTIVE_VALIDATOR_COUNT)
UNSIGNED = "the proof is too large, or its signer is not active or did not sign it"


class EmbeddedChain:
    """The official fork choice, state transition, signatures and finality, with every validator.

    Time is virtual: a slot passes when `advance` is called, so slow proving never misses one. The
    same seed gives the same chain, whether or not proofs are submitted: EIP-8025 keeps them out of
    blocks, so layer 1 cannot notice them.
    """

    def __init__(
        self,
        verify: Verify,
        seed: int = 0,
        validators: int = MINIMUM_VALIDATORS,
        size: RollupSize = SMALLEST,
        engines: MakeEngines = ledger_engines,
    ) -> None:
        """`verify` checks a Groth16 proof against the block circuit's key (see `proofs.Verify`).

        `size`: of the ledger and its batches. `engines`: what payloads are
        (`host.network.second_layer.engines` has EVM blocks with the contracts of the second layer).
        ProofmillError for fewer validators than the minimal preset's 64.
        """
        if validators < MINIMUM_VALIDATORS:
            raise ProofmillError(
                f"{validators} validators: the minimal preset needs {MINIMUM_VALIDATORS} or more"
            )
        self.verify = verify
        self.keys = derive_keys(seed, validators)
        self._signers = dict(enumerate(self.keys))
        self.chain_id = int(spec.config.DEPOSIT_CHAIN_ID)
        made = engines(seed, size, self.chain_id, verify)
        self.execution_layer, self.proof_engine = made.execution, made.proof
        genesis_hash = self.execution_layer.genesis_hash
        self._payload_hash = genesis_hash
        """The head's."""
        self._load = Load(seed, self.chain_id, tuple(
            self.execution_layer.ledger(genesis_hash).accounts))
        self.window_blocks = Parameters().window_blocks
        """T: how many blocks later a block may still be proven."""
        self.proofs: dict[tuple[bytes, int], VerifiedProof] = {}
        """The first valid proof by (request root, proof type), until its payload is final."""
        state = genesis_state(self.keys, genesis_hash)
        anchor = genesis_block(state)
        self.store = spec.get_forkchoice_store(state, anchor)
        self.execution_layer.watch(self.store)
        self.head = spec.get_head(self.store)
        self.slot = 0
        """The slot that `advance` ran last."""
        self._tree = BlockTree(bytes(self.head.root))
        self.lists = InclusionLists() if INCLUSION_LISTS else None
        self._witnessed: set[tuple[bytes, int]] = set()
        """Whose proof of which payload the witnesses of a slot have signed for."""
        self._attestations: list[spec.Attestation] = []
        self._payload_attestations: dict[bytes, spec.PayloadAttestation] = {}

    slots_per_epoch = SLOTS_PER_EPOCH

    local = True
    """The chain is this process's own, so development keys are good enough for it."""

    @property
    def finalized_epoch(self) -> int:
        """The fork-choice store's finalised epoch; 0 until finality sets in."""
        return int(self.store.finalized_checkpoint.epoch)

    @property
    def finalized_slot(self) -> int:
        """The slot of the finalised block; 0 until finality sets in."""
        return self._tree.final_slot

    @property
    def attestations(self) -> list[spec.Attestation]:
        """The votes of the last epoch's slots, oldest first; those of the slot at hand count in the
        fork choice from the next one on."""
        return list(self._attestations)

    @property
    def head_state(self) -> spec.BeaconState:
        """The `BeaconState` after the head's block. Not to be changed."""
        return self.store.block_states[self.head.root]

    def balances(self) -> list[int]:
        """Every validator's layer-1 balance at the head, in gwei."""
        return [int(balance) for balance in self.head_state.balances]

    def advance(self, parent: bytes | None = None, attesting: bool = True,
                users: bool = True) -> SlotReport:
        """Run the next slot: all duties, honestly, through the specification's handlers.

        Without `users` nobody signs a transfer for it. To rehearse a network gone wrong: `parent`
        makes the proposer build on that block instead of the head, and without `attesting` nobody
        votes in this slot.
        """
        if users:
            self._load_pool()
        balance = sum(self.balances())
        self._begin_slot()
        store, slot = self.store, self.slot
        head = spec.get_head(store) if parent is None else full_node(store, parent)
        done = self._tree.attested(bytes(head.root), slot - SLOTS_PER_EPOCH)
        with self._in_use():
            proposal = propose(
                self._signers,
                store,
                head,
                slot,
                self.execution_layer,
                lambda _: [a for a in self._attestations
                           if bytes(spec.hash_tree_root(a)) not in done],
                self._payload_attestations.get(bytes(head.root)),
                listed=None if self.lists is None else partial(self.lists.bits, slot=slot - 1),
            )
            spec.on_block(store, proposal.signed_block)
            spec.on_execution_payload_envelope(store, proposal.signed_envelope)
        record = record_of(proposal, store.block_states[proposal.block_root])
        self._tree.add(record)
        self._end_slot(record.root, attesting)
        log.info("block of validator %d", record.proposer, extra={
            "block": name_of(record.root), "payload": name_of(record.request_root), "slot": slot})
        return SlotReport(
            slot=slot,
            proposer=record.proposer,
            transfers=len(self.execution_layer.batch(
                bytes(record.payload.block_hash)).transfers),
            block_root=record.root,
            request_root=record.request_root,
            layer1_gwei=sum(self.balances()) - balance,
            justified_epoch=int(store.justified_checkpoint.epoch),
            finalized_epoch=self.finalized_epoch,
        )

    def leave_empty(self) -> None:
        """Run the next slot without a block, as where its proposer makes none: the votes are for
        the head as it is."""
        self._begin_slot()
        self._end_slot(None, attesting=True)

    def advance_epochs(self, count: int) -> list[SlotReport]:
        """Run `count` epochs of slots: how a miner finds a chain that has long been running."""
        return [self.advance() for _ in range(count * SLOTS_PER_EPOCH)]

    def block(self, slot: int) -> BlockRecord:
        """The block of `slot` on the head's branch; ProofmillError as `proving_task`."""
        return self._tree.at(slot, bytes(self.head.root))

    def proving_task(self, slot: int) -> ProvingTask:
        """What is to be proven about the block of `slot` on the head's branch.

        ProofmillError where the branch has no block in that slot, or one before the finalised.
        """
        record = self.block(slot)
        attributes = spec.ProofAttributes(proof_types=[PROOF_TYPE])
        root = bytes(self.proof_engine.request_proofs(record.request, attributes))
        known = self.proof_engine.payload(root)
        assert known is not None, "the proof engine was never told of an accepted payload"
        return ProvingTask(
            chain_id=self.chain_id,
            slot=slot,
            request_root=root,
            ledger=self.execution_layer.ledger(bytes(record.payload.parent_hash)),
            batch=self.execution_layer.batch(bytes(record.payload.block_hash)),
            old_root=known.old_root,
            new_root=known.new_root,
        )

    def sign_proof(
        self, validator_index: int, request_root: bytes, proof: bytes, reward_address: bytes
    ) -> spec.SignedExecutionProof:
        """A `SignedExecutionProof` of that validator; `proof` is laid out as `PROOF_BYTES` says.

        The address is part of what is signed, and of what the proof's tag commits to.
        """
        message = spec.ExecutionProof(
            proof_data=encode_proof_data(proof, reward_address),
            proof_type=PROOF_TYPE,
            public_input=spec.PublicInput(new_payload_request_root=request_root),
        )
        secret = self.keys[validator_index].secret
        signature = spec.get_execution_proof_signature(self.head_state, message, secret)
        return spec.SignedExecutionProof(
            message=message, validator_index=validator_index, signature=signature
        )

    def submit(self, signed_proof: spec.SignedExecutionProof) -> Verdict:
        """Offer a proof to the chain: EIP-8025's gossip rule, then `process_execution_proof`.

        The first valid proof of a payload and proof type is kept. Nothing a stranger signs raises:
        what is wrong comes back as the reason.
        """
        root = bytes(signed_proof.message.public_input.new_payload_request_root)
        key = root, int(signed_proof.message.proof_type)
        signer = int(signed_proof.validator_index)
        block = self._tree.proposed(root)
        if block is None:
            return Verdict(False, "the payload is unknown, or final and no longer kept")
        delay = self._tree.delay(block, bytes(self.head.root))
        if delay is not None and delay > self.window_blocks:
            return Verdict(False, f"slot {block.slot} can no longer be proven")
        if key in self.proofs:
            return Verdict(False, f"slot {block.slot} is proven already")
        if signer >= len(self.keys):
            return Verdict(False, f"there is no validator {signer}")
        engine = self.proof_engine.for_signer(signer)
        try:
            spec.process_execution_proof(self.head_state, signed_proof, engine)
        except AssertionError:
            return Verdict(False, engine.refusal or UNSIGNED)
        assert engine.verified is not None, "accepted without a verified proof"
        self.proofs[key] = engine.verified
        return Verdict(True, "")

    def _load_pool(self) -> None:
        """Let users sign transfers for the next block."""
        pool = self.execution_layer.transfers
        ledger = self.execution_layer.ledger(self._payload_hash)
        for raw in self._load.transfers(self.slot + 1, ledger, pool):
            pool.add(raw)

    def _begin_slot(self) -> None:
        """The running slot ends, with what its witnesses have seen, and the votes of it count."""
        self._witness()
        self.slot += 1
        store, slot = self.store, self.slot
        spec.on_tick(store, store.genesis_time + slot * spec.config.SLOT_DURATION_MS // 1000)
        for attestation in self._attestations:
            if attestation.data.slot + 1 == slot:
                spec.on_attestation(store, attestation)

    def _end_slot(self, block_root: bytes | None, attesting: bool) -> None:
        """What follows from the slot's block, or from that there is none: head, votes, lists, and
        what is final."""
        pin_store(self.store)
        self.head = spec.get_head(self.store)
        self._vote(block_root, attesting)
        self._list()
        self._tell_engines()
        prune_store(self.store)

    def _witness(self) -> None:
        """Three quarters of the slot are over: where witnesses count, its own sign whose proofs
        they have, of payloads of the head's branch, unless an earlier slot's have."""
        pool, head = self.execution_layer.witness_pool, bytes(self.head.root)
        if pool is None:
            return
        for (root, _), proof in self.proofs.items():
            block, name = self._tree.proposed(root), (root, proof.prover)
            if name in self._witnessed or block is None or self._tree.delay(block, head) is None:
                continue
            vote = sign(self._signers, self.head_state, ProofWitness(
                slot=self.slot, proven_slot=block.slot, payload_root=root, prover=proof.prover))
            assert vote is not None, "every slot has witnesses"
            pool.hear(self.head_state, vote)
            self._witnessed.add(name)
        pool.forget(self.slot)

    def _vote(self, block_root: bytes | None, attesting: bool) -> None:
        """The votes of this slot, for the next one's proposer; `block_root`: of its block."""
        oldest = self.slot - SLOTS_PER_EPOCH
        self._attestations = [a for a in self._attestations if a.data.slot > oldest]
        self._payload_attestations = {}
        if attesting:
            signers = self._signers
            self._attestations.append(attest(signers, self.head_state, self.head, self.slot))
            if block_root is not None:
                self._payload_attestations[block_root] = attest_payload(
                    signers, self.store.block_states[block_root], block_root)

    def _in_use(self) -> AbstractContextManager[None]:
        """The specification talks to this chain's engines, and knows its inclusion lists."""
        return used_engines(self.execution_layer, self.proof_engine,
                            None if self.lists is None else self.lists.store)

    def _list(self) -> None:
        """The inclusion lists of this slot's committee, for the next payload."""
        if self.lists is None:
            return
        waiting = self.execution_layer.get_inclusion_list().inclusion_list_transactions
        with self._in_use():
            for signed in self.lists.make(self._signers, self.head_state, self.slot, waiting):
                self.lists.hear(self.store, self.head_state, signed)

    def _tell_engines(self) -> None:
        """Bring the tree and both engines up to the head and to finality."""
        self._tree.finalize(bytes(self.store.finalized_checkpoint.root))
        # The specification tells the execution engine, when a payload is to be built; telling both
        # of every new head it leaves to the implementation.
        bids = [self.store.blocks[root].body.signed_execution_payload_bid.message
                for root in (self.head.root, self.store.finalized_checkpoint.root)]
        head, final = (bid.block_hash for bid in bids)
        if self.head.payload_status == spec.PAYLOAD_STATUS_EMPTY:
            head = bids[0].parent_block_hash
        self._payload_hash = bytes(head)
        self.execution_layer.notify_forkchoice_updated(head, final, final, None)
        self.proof_engine.notify_forkchoice_updated(head, final, final)
        self.proofs = {
            key: proof for key, proof in self.proofs.items()
            if self.proof_engine.payload(key[0]) is not None
        }
        self._witnessed &= {(root, proof.prover) for (root, _), proof in self.proofs.items()}
