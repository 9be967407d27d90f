"""The execution layer with real EVM blocks: payloads built and checked by py-evm.

A payload of the consensus layer is a block of the embedded machine: its hash is that of the block's
header (Cancun's fields), its state root the machine's. Two rules come on top, and a payload that
breaks one is invalid, as one with a wrong state root is:

* The first transaction goes to `INBOX` and carries the block's batch of signed transfers, as a
  rollup posts its batches; `extra_data` is the batch's commitment. The ledger itself is outside of
  the machine: every node applies the batch to its own. Its coins are in the contract Ledger.vy: the
  batch begins with the requests that wait there (`coins`).
* A payload may bring blobs (EIP-4844), in a transaction of type 3 of whoever posts batches; the
  versioned hashes of its transactions are those of the commitments in the block's bid.
* On a chain with a delay function the first payload of an epoch brings a proof (`delayed_mixes`),
  and where witnesses count every payload says what they had (`witnessed_proofs`).
* The block begins with the protocol's call to the contract Consensus.vy (EIP-4788's way), whose
  content every node derives for itself: what the parent payload's proof has to state, layer 1's
  base reward and the finalised slot in the parent's beacon state, and in which slots the network
  was divided, by the votes in the blocks up to the parent's. What the delay function made of a mix
  comes in a call before it, what witnesses had in one after it. So contracts know these things
  without trusting anybody who is not trusted with the chain.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import rlp  # type: ignore[import-untyped]
from trie.hexary import HexaryTrie

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.ground.log_fields import name_of
from proofmill.host.ground.units import BPS, ETHER, Gwei, Wei, to_wei
from proofmill.host.network.certificates.rewards import (
    CertificateContracts,
    CertificateTerms,
    deploy_certificates,
    deploy_finality,
)
from proofmill.host.network.consensus.blocks import base_reward_gwei
from proofmill.host.network.consensus.collectors import Collectors
from proofmill.host.network.consensus.payload import EMPTY_OMMERS_HASH, request_root
from proofmill.host.network.consensus.payload_builder import PayloadBuilder
from proofmill.host.network.consensus.records import Claim
from proofmill.host.network.consensus.refusal import own_work
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.consensus.turnout import Turnout
from proofmill.host.network.contracts.block_verifiers import (
    block_verifier_artifact,
    proof_numbers_of,
)
from proofmill.host.network.contracts.deployment import (
    NO_STATEMENT,
    BlockStatement,
    Clock,
    Layer,
    Witnessed,
    deploy_layer,
    divided_bits,
    on_block,
    on_delayed_mix,
    on_witnesses,
)
from proofmill.host.network.contracts.ledger import Opening, Terms, deploy_ledger
from proofmill.host.network.contracts.registry import deploy_registry, pin
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import (
    BLOB_GAS,
    MOST_BLOBS,
    ExecutedBlock,
    SystemCall,
    WithdrawalFields,
)
from proofmill.host.network.evm.pool import PooledEvm, header_hash
from proofmill.host.network.evm.transaction import (
    NoTransaction,
    Transaction,
    blob_hashes,
    decode_transaction,
)
from proofmill.host.network.mechanism.certificates import CertificateLedger
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.second_layer.coins import Coins, FoundProof, Unproven, proofs_in
from proofmill.host.network.second_layer.delayed_mixes import (
    DELAYED,
    DELAYED_GAS,
    DelayedMixes,
    final_mix,
)
from proofmill.host.network.second_layer.witnessed_proofs import (
    WITNESSED,
    WitnessedProofs,
    told_gas,
)
from proofmill.host.network.transfers.keystore import chain_key
from proofmill.host.network.transfers.opening import development_key, opening_ledger
from proofmill.host.network.transfers.pool import TransferPool
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.requests import Request
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.statement import prover_tag
from proofmill.host.prover.fflonk.verification_key import AnyKey

log = logging.getLogger(__name__)

INBOX: Address = b"\x00" * 12 + b"proofmil"
"""Where batches are posted: no contract, nobody's account."""
BATCH_GAS = 200_000
PROVE_GAS = 3_000_000
BLOBS_GAS = 30_000
MOST_HANDED_IN = 2
"""Proven batches that one payload hands in to the contract of coins: one a block come, and where
they had to wait for a late proof the contract catches up."""
FULL_LOAD_BPS = BPS
"""Every batch has the same size, so its load is the target's."""


@dataclass(frozen=True)
class Seen:
    """What the protocol's call says of layer 1 after a beacon block.

    `base`: B; `finalized_slot`: in the state after it; `divided`: slots in which the network was,
    by the votes on its branch (`consensus.turnout`).
    """

    base: Gwei
    finalized_slot: int
    divided: frozenset[int]


View = Callable[[bytes], Seen]
"""Of a beacon block's root."""


@dataclass(frozen=True)
class Accepted:
    """An accepted payload: what its proof states, the batch, and what becomes of coins and is paid
    for certificates."""

    payload: spec.ExecutionPayload
    statement: BlockStatement
    ledger: Ledger
    batch: Batch
    coins: Coins
    certificates: CertificateLedger
    drawing: bytes | None = None
    """What the delay function makes of the mix that draws the payload's epoch, where it brings it.
    """
    witnessed: tuple[Witnessed, ...] = ()
    """What it says of witnesses."""


class EvmExecutionLayer(PayloadBuilder):
    """The specification's `ExecutionEngine` over py-evm; the interface of `ExecutionLayer`.

    `evm`: the machine, whose `send` queues transactions for the next payload built here; `layer`:
    the contracts, created before the first payload; `bank`: the one with the ledger's coins;
    `registry`: of verifiers, in which the block circuit's is number 0.
    """

    def __init__(
        self, seed: int, size: RollupSize, key: AnyKey, chain_id: int,
        parameters: Parameters, minimum_bond: Wei, genesis_time: int,
        rich: Sequence[Address] = (), delay_squarings: int = 0,
        certificates: CertificateTerms | None = None,
    ) -> None:
        """`seed` decides the first ledger; `key`: the block circuit's.

        `chain_id`: of the machine, what statements name and transfers are signed for;
        `minimum_bond`: wei; `rich`: accounts that begin with a million ether, besides the one that
        posts batches. `delay_squarings`: of the delay function on the mixes that draw, 0 for none.
        `certificates`: of finality, which contracts of the chain pay; None where they do not.
        """
        super().__init__()
        self.delays = DelayedMixes(delay_squarings) if delay_squarings else None
        """Where mixes go through a delay function."""
        self.witnesses = WitnessedProofs() if parameters.defences.witnesses else None
        """Where they count."""
        self.witness_pool = None if self.witnesses is None else self.witnesses.pool
        self._size, self._chain_id, self._genesis_time = size, chain_id, genesis_time
        secret = sha256(b"proofmill batches %d" % seed).digest()
        poster = address_of(secret)
        self._genesis_ledger = opening_ledger(seed, size)
        owners = [address_of(chain_key(development_key(seed, number)))
                  for number in self._genesis_ledger.accounts]
        self.evm = PooledEvm(chain_id, dict.fromkeys((poster, *owners, *rich), 10**6 * ETHER),
                             genesis_time - 1_000)
        self._poster = Account(self.evm, secret)
        verifier = Contract.deploy(self._poster, self.evm, block_verifier_artifact(key))
        numbers = proof_numbers_of(key)
        self.layer: Layer = deploy_layer(
            self._poster, self.evm, verifier.address,
            Clock(genesis_time, int(spec.config.SLOT_DURATION_MS) // 1000, bytes(32),
                  self.delays is not None),
            parameters, minimum_bond, chain_id, numbers=numbers)
        self.bank = deploy_ledger(
            self._poster, self.evm, verifier.address, size, chain_id, Terms(),
            Opening(self._genesis_ledger, owners, self.layer.consensus.address), numbers)
        self.registry = deploy_registry(self._poster, self.evm, local=True)
        pin(self._poster, self.registry, verifier.address, key, development=True)
        self.certificate_contracts: CertificateContracts | None = None
        """Where certificates of finality are paid."""
        if certificates is not None:
            self.certificate_contracts = deploy_certificates(
                self._poster, self.evm, self.layer,
                deploy_finality(self._poster, self.evm, certificates), parameters, chain_id)
        self._no_certificates = CertificateLedger(parameters)
        self.evm.pooling = True
        self.evm.pool.is_reward = self._is_reward_message
        self._minimum_bond = minimum_bond
        self.genesis_hash = self.evm.head
        self.refusal = ""
        """Why the last payload was refused, empty if it was not."""
        self._view: View | None = None
        self._store: spec.Store = None
        self._collectors = Collectors(self._genesis_ledger)
        self.transfers = TransferPool(
            chain_id, lambda: self.ledger(self.evm.head), lambda: self.evm.block().number,
            lambda: self.coins(self.evm.head).ended)
        """What waits for a payload, of the ledger's transfers."""
        self._known: dict[bytes, Accepted] = {}
        self._late: dict[tuple[int, int, int], tuple[int, Sequence[int]]] = {}
        self._prepared: list[bytes] = []
        self._carried: tuple[bytes, ...] = ()
        """Commitments to the blobs of the next payload that is built here, or of the last."""
        self.leaves_out: Callable[[bytes], bool] = lambda raw: False
        """Transactions that payloads built here leave out, as a censor's would."""

    def prepare(self, transactions: Sequence[bytes]) -> None:
        """Let the next payload that is built here have these as well, after the pool's.

        Nobody else gets to know them before.
        """
        self._prepared = list(transactions)

    def carry(self, commitments: Sequence[bytes]) -> None:
        """Let the next payload that is built here bring blobs, as far as the machine's fork and the
        price of blob gas allow: these commitments to them, 48 bytes each."""
        self._carried = tuple(commitments[:MOST_BLOBS])

    def watch(self, store: spec.Store) -> None:
        """Take what contracts are told of layer 1 from the beacon states in `store`."""
        self.turnout = Turnout(store)
        self._view, self._store = beacon_view(store, self.turnout), store
        self._collectors.watch(store)

    def prover_of(self, validator_index: int) -> int | None:
        """The number of the bond that the validator's withdrawal address owns, at the head."""
        state = self._store.block_states[self._store.justified_checkpoint.root]
        return owned_number(self.layer, state, validator_index)

    def accepted(self, payload_hash: bytes) -> Accepted | None:
        """All that is known of a payload; None for one unknown or long finalised, and genesis."""
        return self._known.get(payload_hash)

    def go_on_from(self, payloads: Sequence[Accepted], blocks: Sequence[ExecutedBlock],
                   entries: Mapping[bytes, bytes]) -> None:
        """Have accepted these payloads, the oldest first; the rest as of `EmbeddedEvm`."""
        self.evm.go_on_from(
            blocks, entries, {bytes(each.payload.state_root) for each in payloads})
        self._known = {bytes(each.payload.block_hash): each for each in payloads}
        self.evm.head = bytes(payloads[-1].payload.block_hash)

    def ledger(self, payload_hash: bytes) -> Ledger:
        """The accounts after a payload; KeyError for one unknown or long finalised."""
        if payload_hash == self.genesis_hash:
            return self._genesis_ledger
        return self._known[payload_hash].ledger

    def batch(self, payload_hash: bytes) -> Batch:
        """The transfers of an accepted payload; KeyError as `ledger`."""
        return self._known[payload_hash].batch

    def coins(self, payload_hash: bytes) -> Coins:
        """What the contract of coins has after a payload; KeyError as `ledger`."""
        return Coins() if payload_hash == self.genesis_hash else self._known[payload_hash].coins

    def certificates(self, payload_hash: bytes) -> CertificateLedger:
        """What the branch has paid for certificates after a payload, by the mechanism; not to be
        changed; KeyError as `ledger`."""
        if payload_hash == self.genesis_hash:
            return self._no_certificates
        return self._known[payload_hash].certificates

    def check_certificates(self, since: int = 0) -> None:
        """`BrokenInvariant` where the contracts at the head have paid other than that; `since`: as
        of `CertificateContracts.check`."""
        if self.certificate_contracts is not None:
            self.certificate_contracts.check(
                self.layer, self.certificates(self.evm.head), since)

    def keep_late(self, claim: Claim, numbers: Sequence[int]) -> None:
        """Have payloads that are built here hand in the batch of `claim` with this proof, where the
        chain has taken in none: `numbers` as ``prove`` wants them."""
        old_root, new_root, commitment, tag = claim.public
        self._late[old_root, new_root, commitment] = tag, tuple(numbers)

    def late_proof(self, block: Unproven) -> tuple[int, Sequence[int]] | None:
        """The tag and the numbers that `keep_late` was given for a block's batch, if it was."""
        return self._late.get(_statement_of(block))

    def tag_of(self, proof: FoundProof) -> int:
        """The tag of a proof that the chain has taken in, as the contract of tags has it, which
        takes longer to say so."""
        return prover_tag(self._chain_id, proof.slot, proof.prover,
                          self.layer.bonds.call("reward_address", proof.prover))

    def check_coins(self) -> None:
        """`BrokenInvariant` where the contract of coins at the head has not what it should."""
        self.coins(self.evm.head).check(self.bank, self.ledger(self.evm.head))

    def get_inclusion_list(self) -> "spec.GetInclusionListResponse":
        """What waits for a payload, messages of the reward layer first: proofs are among them."""
        return spec.GetInclusionListResponse(inclusion_list_transactions=self.evm.pool.waiting())

    @own_work()
    def is_inclusion_list_satisfied(
        self, execution_payload: spec.ExecutionPayload,
        inclusion_list_transactions: Sequence[spec.Transaction],
    ) -> bool:
        """EIP-7805: whether each of these is in an accepted payload, or could not have come after
        its last transaction: for want of gas, of ether, or by its nonce."""
        block = self.evm.executed(bytes(execution_payload.block_hash)).block
        included = {bytes(raw) for raw in execution_payload.transactions}
        left = int(execution_payload.gas_limit) - int(execution_payload.gas_used)
        for raw in inclusion_list_transactions:
            if bytes(raw) in included:
                continue
            try:
                missing = decode_transaction(bytes(raw))
            except NoTransaction:
                continue
            fits = (missing.chain_id == self._chain_id and missing.gas <= left
                    and missing.max_fee >= block.base_fee)
            if fits and self.evm.could_follow(block.hash, missing.sender, missing.nonce,
                                              missing.most):
                return False
        return True

    @own_work()
    def verify_and_notify_new_payload(self, new_payload_request: spec.NewPayloadRequest) -> bool:
        """Whether the payload is right in every respect; if so, it is kept."""
        payload = new_payload_request.execution_payload
        requests = spec.get_execution_requests_list(new_payload_request.execution_requests)
        root = bytes(new_payload_request.parent_beacon_block_root)
        if len(requests):
            self.refusal = "there are requests, and this layer has none"
        elif not self.is_valid_versioned_hashes(new_payload_request):
            self.refusal = "the blobs of the transactions are not those that are committed to"
        elif not self.is_valid_block_hash(payload, root, requests):
            self.refusal = "the block hash is not the header's"
        else:
            self.refusal = self._execute(payload, root, request_root(new_payload_request))
        if self.refusal:
            log.warning("a payload is refused: %s", self.refusal,
                        extra={"payload": name_of(request_root(new_payload_request))})
        return not self.refusal

    def is_valid_block_hash(
        self, execution_payload: spec.ExecutionPayload, parent_beacon_block_root: spec.Root,
        execution_requests_list: Sequence[bytes],
    ) -> bool:
        """Whether `block_hash` is that of the header of a Cancun block with these fields."""
        return bytes(execution_payload.block_hash) == header_hash(
            _header_fields(execution_payload, bytes(parent_beacon_block_root)))

    def is_valid_versioned_hashes(self, new_payload_request: spec.NewPayloadRequest) -> bool:
        """Whether the blobs of the payload's transactions are those that the bid commits to."""
        try:
            found = [each for raw in new_payload_request.execution_payload.transactions
                     for each in blob_hashes(bytes(raw))]
        except NoTransaction:
            return False
        return found == [bytes(each) for each in new_payload_request.versioned_hashes]

    def header(self, request: spec.NewPayloadRequest) -> bytes:
        """The RLP of the header of a payload's block."""
        return bytes(rlp.encode(_header_fields(
            request.execution_payload, bytes(request.parent_beacon_block_root))))

    def _execute(
        self, payload: spec.ExecutionPayload, parent_beacon_block_root: bytes, name: bytes
    ) -> str:
        """Why the payload is wrong, or nothing, and then it is kept."""
        parent_hash = bytes(payload.parent_hash)
        if parent_hash not in self._known and parent_hash != self.genesis_hash:
            return "the parent payload is unknown"
        if len(payload.block_access_list):
            return "a field this machine does not use is not zero"
        transactions = [bytes(raw) for raw in payload.transactions]
        before, coins = self.ledger(parent_hash), self.coins(parent_hash)
        try:
            batch = self._batch_of(transactions, coins.queue)
            coins.require_all_taken(batch)
            ledger = before.apply(batch)
            mix = self._mix_due(parent_hash, parent_beacon_block_root, int(payload.slot_number))
            drawing = self._drawing(mix, transactions)
            told = self._told(parent_beacon_block_root, int(payload.slot_number), mix, transactions)
            executed = self.evm.execute(
                parent_hash, transactions, int(payload.timestamp), bytes(payload.prev_randao),
                bytes(payload.fee_recipient), self._system_calls(
                    parent_hash, parent_beacon_block_root, int(payload.slot_number), drawing, told),
                parent_beacon_block_root, bytes(payload.extra_data), _withdrawals(payload))
        except StorageError:
            raise  # the owner's trouble, and no fault of the payload
        except ProofmillError as error:
            return str(error)
        if bytes(payload.extra_data) != batch.commitment.to_bytes(32, "big"):
            return "the extra data is not the batch's commitment"
        if executed.block.hash != bytes(payload.block_hash):
            self._forget(executed.block.hash)
            return "executing the block gives another one"
        slot = int(payload.slot_number)
        seconds = int(spec.config.SLOT_DURATION_MS) // 1000
        if slot * seconds != int(payload.timestamp) - self._genesis_time:
            self._forget(executed.block.hash)
            return "the time is not the slot's"
        seen = self._look(parent_beacon_block_root)
        coins = coins.after(
            Unproven(slot, before, ledger, batch, coins.taken(batch)), [
                event for receipt in executed.receipts for event in self.bank.events(receipt)],
            proofs_in(self.layer, executed))
        self._known[executed.block.hash] = Accepted(payload, BlockStatement(
            slot, name, before.root, ledger.root, batch.commitment, to_wei(seen.base),
            FULL_LOAD_BPS, bytes(payload.fee_recipient)), ledger, batch, coins,
            self._certificates_after(executed, parent_hash, slot, seen.finalized_slot), drawing,
            tuple(told))
        if self.delays is not None and slot >= int(spec.SLOTS_PER_EPOCH):
            # The mix of the epoch before, which draws the next one's provers, is final.
            self.delays.begin(final_mix(self._store.block_states[parent_beacon_block_root],
                                        slot // int(spec.SLOTS_PER_EPOCH) - 1))
        return ""

    def _certificates_after(self, executed: ExecutedBlock, parent_hash: bytes, slot: int,
                            final_slot: int) -> CertificateLedger:
        """What is paid for certificates after a block of `slot`."""
        before = self.certificates(parent_hash)
        if self.certificate_contracts is None:
            return before

        def rho() -> int:
            with self.evm.at(executed.block.hash):
                return int(self.layer.rewards.call("rho"))

        return self.certificate_contracts.after(
            before, (log for receipt in executed.receipts for log in receipt.logs), slot,
            bytes(executed.header.coinbase), self.statement(parent_hash).base_wei, rho, final_slot)

    def statement(self, payload_hash: bytes) -> BlockStatement:
        """What the proof of an accepted payload has to state; KeyError as `ledger`."""
        if payload_hash == self.genesis_hash:
            return NO_STATEMENT
        return self._known[payload_hash].statement

    def drawing(self, payload_hash: bytes) -> bytes | None:
        """What an accepted payload brings that draws its epoch: the mix of two epochs before, as it
        comes out of the delay function; None where it brings none. KeyError as `ledger`."""
        return self._known[payload_hash].drawing

    def witnessed(self, payload_hash: bytes) -> tuple[Witnessed, ...]:
        """What an accepted payload says of witnesses. KeyError as `ledger`."""
        return self._known[payload_hash].witnessed

    def _build(
        self, parent_hash: bytes, attributes: spec.PayloadAttributes
    ) -> spec.ExecutionPayload:
        slot, root = int(attributes.slot_number), bytes(attributes.parent_beacon_block_root)
        ledger, coins = self.ledger(parent_hash), self.coins(parent_hash)
        batch = self.transfers.batch(
            ledger, self._collectors.of(bytes(attributes.suggested_fee_recipient)),
            coins.next_requests(ledger, ledger.size.transfers))
        mix = self._mix_due(parent_hash, root, slot)
        first = self._own_transactions(parent_hash, batch, coins, mix,
                                       self._witnesses_data(parent_hash, root, slot))
        extra = batch.commitment.to_bytes(32, "big")
        withdrawals = _withdrawals(attributes)
        calls = self._system_calls(parent_hash, root, slot, self._drawing(mix, first),
                                   self._told(root, slot, mix, first))
        own_gas = sum(decode_transaction(raw).gas for raw in (*first, *self._prepared))
        blobs = self._blobs_transaction(parent_hash, len(first))
        first += blobs
        own_gas += BLOBS_GAS * len(blobs)
        waiting = [*self.evm.pool.waiting(self.evm.gas_limit - own_gas), *self._prepared]
        self._prepared = []
        listed = [bytes(raw) for raw in getattr(attributes, "inclusion_list_transactions", ())]
        waiting = [raw for raw in (*waiting, *(raw for raw in listed if raw not in waiting))
                   if not self.leaves_out(raw)]
        while True:
            try:
                executed = self.evm.execute(
                    parent_hash, [*first, *waiting], int(attributes.timestamp),
                    bytes(attributes.prev_randao), bytes(attributes.suggested_fee_recipient),
                    calls, root, extra, withdrawals)
                break
            except (RevertedError, StorageError):
                raise
            except ProofmillError:
                if not waiting:
                    raise
                # Out with the first one that does not fit after those that do.
                waiting = self._fitting(parent_hash, first, waiting, attributes, calls)
        header = executed.header
        self._forget(executed.block.hash)  # until it comes back as a payload
        return spec.ExecutionPayload(
            parent_hash=parent_hash, fee_recipient=attributes.suggested_fee_recipient,
            state_root=bytes(header.state_root), receipts_root=bytes(header.receipt_root),
            logs_bloom=header.bloom.to_bytes(256, "big"), prev_randao=attributes.prev_randao,
            block_number=header.block_number, gas_limit=header.gas_limit,
            gas_used=header.gas_used, timestamp=header.timestamp, extra_data=extra,
            base_fee_per_gas=header.base_fee_per_gas, block_hash=executed.block.hash,
            transactions=[*first, *waiting], withdrawals=attributes.withdrawals,
            blob_gas_used=header.blob_gas_used, excess_blob_gas=header.excess_blob_gas,
            slot_number=slot)

    def _own_transactions(self, parent_hash: bytes, batch: Batch, coins: Coins,
                          mix: bytes | None, told: bytes | None) -> list[bytes]:
        """The batch's, the one with the proof of the delay function where one is due, what
        witnesses had where they count, and those that hand proven batches in to the contract of
        coins."""
        nonce = self.evm.nonce_after(parent_hash, self._poster.address)
        sent = [self._poster.sign(INBOX, rlp.encode(batch.to_bytes()), gas=BATCH_GAS, nonce=nonce)]
        if mix is not None:
            assert self.delays is not None
            sent.append(self._poster.sign(DELAYED, self.delays.proof(mix), gas=DELAYED_GAS,
                                          nonce=nonce + len(sent)))
        if told is not None:
            sent.append(self._poster.sign(WITNESSED, told, gas=told_gas(told),
                                          nonce=nonce + len(sent)))
        for each in () if coins.ended else coins.unproven[:MOST_HANDED_IN]:
            proof = self._proof_of(each)
            if proof is None:
                break
            sent.append(self._poster.sign(
                self.bank.address, self.bank.encode("prove", *each.arguments(*proof)),
                gas=PROVE_GAS, nonce=nonce + len(sent)))
        return sent

    def _blobs_transaction(self, parent_hash: bytes, before: int) -> list[bytes]:
        """The transaction that brings what is carried, after `before` others of the same account;
        none where there is nothing, or the account cannot pay for it."""
        fee, poster = self.evm.blob_base_fee(parent_hash), self._poster
        hashes = [bytes(spec.kzg_commitment_to_versioned_hash(each)) for each in self._carried]
        if fee * BLOB_GAS * len(hashes) > self.evm.balance_after(parent_hash, poster.address) // 2:
            hashes, self._carried = [], ()
        if not hashes:
            return []
        nonce = self.evm.nonce_after(parent_hash, poster.address) + before
        return [poster.sign_blobs(INBOX, hashes, fee, BLOBS_GAS, nonce)]

    def _commitments(self, payload: spec.ExecutionPayload) -> Sequence[bytes]:
        carried, self._carried = self._carried, ()
        return carried

    def _proof_of(self, block: Unproven) -> tuple[int, Sequence[int]] | None:
        """The tag and the numbers of a batch's proof: of the one that the chain has taken in, or
        of a late one; None while there is none."""
        if block.proof is None:
            return self.late_proof(block)
        return self.tag_of(block.proof), block.proof.numbers

    def _fitting(self, parent_hash: bytes, first: Sequence[bytes], waiting: Sequence[bytes],
                 attributes: spec.PayloadAttributes, calls: Sequence[SystemCall]) -> list[bytes]:
        """The waiting transactions that fit one after another; the others go on waiting."""
        fitting: list[bytes] = []
        for raw in waiting:
            try:
                tried = self.evm.execute(
                    parent_hash, [*first, *fitting, raw], int(attributes.timestamp),
                    bytes(attributes.prev_randao), bytes(attributes.suggested_fee_recipient),
                    calls)
                self._forget(tried.block.hash)
                fitting.append(raw)
            except StorageError:
                raise
            except ProofmillError:
                continue
        return fitting

    def _is_reward_message(self, transaction: Transaction) -> bool:
        """Whether a bond stands behind it: its owner calls, or it brings one."""
        bonds, rewards = self.layer.bonds, self.layer.rewards
        paying = [bonds.address, rewards.address]
        if self.certificate_contracts is not None:
            paying.append(self.certificate_contracts.rewards.address)
        if transaction.to not in paying:
            return False
        if bonds.call("number_owned_by", transaction.sender)[0]:
            return True
        register = bonds.encode("register", bytes(20))[:4]
        return (transaction.to == bonds.address and transaction.data[:4] == register
                and transaction.value >= self._minimum_bond)

    def divided(self, root: bytes) -> frozenset[int]:
        """The slots in which the network was divided, as a payload on the beacon block `root` is
        told."""
        return self._look(root).divided

    def _mix_due(self, parent_hash: bytes, root: bytes, slot: int) -> bytes | None:
        """The mix that a payload has to bring through the delay function, if it has to."""
        if self.delays is None:
            return None
        return self.delays.mix_due(self._store.block_states[root], slot,
                                   self.statement(parent_hash).slot)

    def _drawing(self, mix: bytes | None, transactions: list[bytes]) -> bytes | None:
        """What comes out of a mix that is due in a payload with these transactions. ProofmillError
        where they have no right proof of it."""
        if mix is None:
            return None
        assert self.delays is not None
        return self.delays.output(mix, transactions)

    def _witnesses_data(self, parent_hash: bytes, root: bytes, slot: int) -> bytes | None:
        """What a payload says of witnesses, where they count: what its branch does not say yet."""
        if self.witnesses is None:
            return None
        rewards, parent = self.layer.rewards, self.statement(parent_hash)
        per_epoch = int(spec.SLOTS_PER_EPOCH)

        def wanted(told: Witnessed) -> bool:
            if (told.proven_slot, told.payload_root) == (parent.slot, parent.payload_root):
                return True  # the contract opens it in this block
            if told.proven_slot // per_epoch < settled:
                return False  # as is most of what is still known
            record = rewards.call("record", told.proven_slot)
            if record["payload_root"] != told.payload_root:
                return False
            if record["won"] and record["winner"] == told.prover \
                    and record["included_slot"] <= max(told.slot, told.proven_slot + 1):
                return False  # the block that has it was as early
            seen, first = rewards.call("witnessed", told.proven_slot, told.prover)
            return not seen or told.slot < first

        with self.evm.at(parent_hash):
            settled = rewards.call("settled_epochs")
            return self.witnesses.data(self._store.block_states[root], slot, wanted)

    def _told(self, root: bytes, slot: int, mix: bytes | None, transactions: list[bytes]
              ) -> list[Witnessed]:
        """What a payload with these transactions says of witnesses. ProofmillError where that is
        wrong; `mix`: as `_mix_due` has it."""
        if self.witnesses is None:
            return []
        return self.witnesses.of(self._store.block_states[root], slot, 1 + (mix is not None),
                                 transactions)

    def _system_calls(
        self, parent_hash: bytes, root: bytes, slot: int, drawing: bytes | None,
        told: Sequence[Witnessed],
    ) -> list[tuple[Address, bytes]]:
        """The protocol's calls of a payload. `drawing`, `told`: as it brings it."""
        consensus, seen = self.layer.consensus, self._look(root)
        calls = []
        if drawing is not None:
            calls.append((consensus.address, on_delayed_mix(consensus, drawing)))
        calls.append((consensus.address, on_block(
            consensus, self.statement(parent_hash), seen.finalized_slot,
            divided_bits(slot, seen.divided))))
        if told:
            calls.append((consensus.address, on_witnesses(consensus, told)))
        return calls

    def _look(self, root: bytes) -> Seen:
        assert self._view is not None, "`watch` was never called"
        return self._view(root)

    def _batch_of(self, transactions: Sequence[bytes], queue: Sequence[Request]) -> Batch:
        """The batch that the first transaction posts. Raises `ProofmillError`."""
        none = ProofmillError("the first transaction posts no batch; it goes to the inbox and is "
                              "of type 2")
        try:
            first = decode_transaction(transactions[0])
            parts = rlp.decode(first.data)
        except (IndexError, NoTransaction, rlp.DecodingError) as error:
            raise none from error
        if first.to != INBOX or not isinstance(parts, list) or not all(
                isinstance(part, bytes) for part in parts):
            raise none
        return Batch.from_bytes(self._size, self._chain_id, parts, queue)

    def _forget(self, block_hash: bytes) -> None:
        """Drop a block that was tried, unless it is one that was accepted."""
        if block_hash not in self._known:
            self.evm.forget([block_hash])

    def _follow(self, head_hash: bytes) -> None:
        if head_hash in self._known or head_hash == self.genesis_hash:
            self.evm.head = head_hash

    def _prune(self, finalized_hash: bytes) -> None:
        if finalized_hash not in self._known:
            return
        number = self._known[finalized_hash].payload.block_number
        self.evm.settle(finalized_hash)
        self.evm.retire(finalized_hash)
        self.transfers.settle(self._known[finalized_hash].ledger)
        old = [key for key, known in self._known.items()
               if known.payload.block_number + 1 < number]
        for key in old:
            del self._known[key]
        wanted = {_statement_of(each) for known in self._known.values()
                  for each in known.coins.unproven}
        self._late = {key: proof for key, proof in self._late.items() if key in wanted}


def beacon_view(store: spec.Store, turnout: Turnout | None = None) -> View:
    """The view of the beacon states in the specification's fork-choice store; `turnout`: its own,
    where it is known already."""
    turnout = turnout or Turnout(store)

    def view(root: bytes) -> Seen:
        state = store.block_states[root]
        final = spec.compute_start_slot_at_epoch(state.finalized_checkpoint.epoch)
        return Seen(base_reward_gwei(state), int(final), turnout.divided(root))

    return view


def owned_number(layer: Layer, state: spec.BeaconState, validator_index: int) -> int | None:
    """The number of the bond whose owner is a validator's withdrawal address, None for none.

    So who signs a proof as a validator is who has the bond: nobody can take another's number, and
    contracts need not know validators. `state`: a beacon state with the validator.
    """
    if validator_index >= len(state.validators):
        return None
    credentials = bytes(state.validators[validator_index].withdrawal_credentials)
    if credentials[:1] not in (b"\x01", b"\x02"):
        return None  # withdrawn with a BLS key: no account
    owns, number = layer.bonds.call("number_owned_by", credentials[12:])
    return int(number) if owns else None


def _statement_of(block: Unproven) -> tuple[int, int, int]:
    """What the proof of its batch states, whoever makes it."""
    return block.before.root, block.after.root, block.batch.commitment


def _withdrawals(
    source: spec.ExecutionPayload | spec.PayloadAttributes
) -> list[WithdrawalFields]:
    return [(int(each.index), int(each.validator_index), bytes(each.address), int(each.amount))
            for each in source.withdrawals]


def _trie_root(values: Sequence[bytes]) -> bytes:
    """Root of the Merkle-Patricia trie RLP(index) -> value."""
    tree = HexaryTrie(db={})
    for index, each in enumerate(values):
        tree.set(rlp.encode(index), each)  # type: ignore[no-untyped-call]
    return bytes(tree.root_hash)


def _header_fields(payload: spec.ExecutionPayload, parent_beacon_block_root: bytes
                   ) -> list[object]:
    """Of a Cancun block's header, in the order in which they are hashed."""
    withdrawals = [rlp.encode(list(each)) for each in _withdrawals(payload)]
    return [
        bytes(payload.parent_hash), EMPTY_OMMERS_HASH, bytes(payload.fee_recipient),
        bytes(payload.state_root), _trie_root([bytes(raw) for raw in payload.transactions]),
        bytes(payload.receipts_root), bytes(payload.logs_bloom), 0, int(payload.block_number),
        int(payload.gas_limit), int(payload.gas_used), int(payload.timestamp),
        bytes(payload.extra_data), bytes(payload.prev_randao), bytes(8),
        int(payload.base_fee_per_gas), _trie_root(withdrawals), int(payload.blob_gas_used),
        int(payload.excess_blob_gas), parent_beacon_block_root]
