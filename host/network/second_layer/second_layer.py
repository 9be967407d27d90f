"""A prover's dealings with the contracts: its bond, its proofs, what they bring.

All of it goes through one account, which owns the bond, and all that is known comes from the
contracts, on the branch that the node follows.
"""

from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import to_wei
from proofmill.host.network.consensus.block_proofs import numbers_of
from proofmill.host.network.consensus.blocks import BlockRecord
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.records import Credit, Status
from proofmill.host.network.contracts.deployment import Layer
from proofmill.host.network.contracts.ledger import UNIT
from proofmill.host.network.contracts.registry import Pinned, pinned
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm, RevertedError, was_refused
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.invariants import BrokenInvariant
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.rewards import budget, split
from proofmill.host.network.second_layer.certificate_pay import CertificatePay
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.execution_layer import EvmExecutionLayer

SUBMIT_GAS = 3_000_000
MATURE_GAS = 300_000
REGISTER_GAS = 1_000_000


@dataclass
class _Submission:
    """The proof of one slot on its way; hashes are of the latest transaction of each kind."""

    slot: int
    payload_root: bytes
    proof: list[int]
    estimate: int
    submitted: bytes
    matured: bytes | None = None
    credit: Credit | None = None
    block_hash: bytes = b""
    included_slot: int | None = None
    closed_slot: int | None = None
    """The slot whose block is the first after the window, as far as it is known."""


class SecondLayer:
    """What `Miner` wants as its second layer, over the contracts of `layer`."""

    final_by_certificates = False
    """Whether for the contracts nothing is final but by certificates of finality."""

    def __init__(
        self, layer: Layer, registry: Contract, account: Account, reward_address: Address,
        parameters: Parameters, bond: int,
    ) -> None:
        """`account` owns the bond, `bond` wei; `parameters`: those the contracts have; `registry`:
        of verifiers, in which the layer's is number 0."""
        self.layer = layer
        self.registry = registry
        self.account = account
        self.reward_address = reward_address
        self._evm: Evm = layer.rewards.evm
        self._parameters = parameters
        self._bond = bond
        self._submissions: dict[int, _Submission] = {}

    def join(self) -> None:
        """Hand in the bond; it is there from the next block on. Does nothing if it is there."""
        if self.number is None:
            data = self.layer.bonds.encode("register", self.reward_address)
            self.account.hand_in(self.layer.bonds.address, data, self._bond, REGISTER_GAS)

    @property
    def number(self) -> int | None:
        """The number that the contract has given the prover; None before it has."""
        owns, number = self.layer.bonds.call("number_owned_by", self.account.address)
        return int(number) if owns else None

    def submit(self, block: BlockRecord, proof: bytes) -> int:
        """Hand in the proof of a block for the next one; what it should bring there, in wei.

        `proof`: verified, as `proof_to_bytes` has it.
        """
        rho = self.layer.rewards.call("rho")
        estimate, _ = split(self._parameters, budget(to_wei(block.base_reward_gwei), rho), 1)
        numbers = numbers_of(proof)
        self._submissions[block.slot] = _Submission(
            block.slot, self._payload_root(block), numbers, estimate,
            self._hand_in_proof(block.slot, numbers))
        return estimate

    def slot_passed(self, chain: EmbeddedChain) -> None:
        """Take in what the newest block has changed, and hand in what is due.

        That is: proofs that the contract did not take yet, and rewards whose blocks are final now.
        """
        final_slot = self._final_slot(chain)
        for submission in self._submissions.values():
            if submission.credit is None or not submission.credit.decided:
                submission.credit = self._credit(submission, chain.slot, final_slot)

    def balances(self) -> dict[str, int]:
        """In wei: the reward token at the reward address, the bond, and the account's ether."""
        number = self.number
        return {
            "reward": int(self.layer.rewards.call("balanceOf", self.reward_address)),
            "bond": 0 if number is None else int(self.layer.bonds.call("prover", number)["bond"]),
            "account": self._evm.balance(self.account.address),
        }

    @property
    def addresses(self) -> dict[str, Address]:
        """Of all contracts, by name."""
        return {**self.layer.addresses, "registry": self.registry.address}

    @property
    def verifier(self) -> Pinned:
        """What the registry on the chain says of the block circuit's verifier."""
        return pinned(self.registry, 0)

    @property
    def coins(self) -> dict[str, int] | None:
        """The contract of the ledger's coins, in units: what it holds, of which is in the tree, in
        the queue and owed; of which slot the last batch is that it has, and how many blocks' it has
        not. None where there is no such contract."""
        return None

    @property
    def credits(self) -> list[Credit]:
        """Of all proofs handed in, by slot."""
        return [submission.credit or Credit(slot, Status.WAITING, submission.estimate, False)
                for slot, submission in sorted(self._submissions.items())]

    def _payload_root(self, block: BlockRecord) -> bytes:
        """What the contracts call a block's payload."""
        return block.request_root

    def _final_slot(self, chain: EmbeddedChain) -> int:
        """The last slot that is final for the contracts too."""
        return chain.finalized_slot

    def _is_void(self, proven_slot: int, included_slot: int) -> bool:
        """Whether a proof of the one slot that is in the block of the other, final, is not paid
        because contracts were told of them what is not true."""
        return False

    def _credit(self, submission: _Submission, slot: int, finalized_slot: int) -> Credit:
        receipt = self._evm.receipt(submission.submitted)
        if receipt is None:
            return self._absent(submission, slot, finalized_slot)
        if not receipt.succeeded:
            return self._refused(submission, slot, finalized_slot)
        known = submission.credit
        if known is not None and receipt.block_hash == submission.block_hash \
                and submission.included_slot is not None \
                and finalized_slot < submission.included_slot:
            return known  # nothing but finality can change it on this branch
        submission.block_hash = receipt.block_hash
        record = self.layer.rewards.call("record", submission.slot)
        if not record["won"]:  # decided when the including slot is over
            return Credit(submission.slot, Status.PENDING, submission.estimate, False)
        submission.included_slot = record["included_slot"]
        final = finalized_slot >= record["included_slot"]
        if record["winner"] != self.number:
            return Credit(submission.slot, Status.LOST, 0, final)
        amount = record["prover_amount"]
        if record["matured"]:
            return Credit(submission.slot, Status.MATURED, amount, True)
        if final and self._is_void(submission.slot, submission.included_slot):
            return Credit(submission.slot, Status.REFUSED, 0, True, "a report is void")
        if final:
            self._claim(submission)
        return Credit(submission.slot, Status.PENDING, amount, False)

    def _absent(self, submission: _Submission, slot: int, finalized_slot: int) -> Credit:
        """In no block of this branch: the node still has it, and may put it into a later one."""
        status = Status.ORPHANED if submission.block_hash else Status.WAITING
        submission.included_slot = None
        closed = self._closed_slot(submission, slot)
        return Credit(submission.slot, status, submission.estimate,
                      closed is not None and finalized_slot >= closed)

    def _closed_slot(self, submission: _Submission, slot: int) -> int | None:
        """The slot after whose block no other can include the proof, None before."""
        rewards, parameters = self.layer.rewards, self._parameters
        record = rewards.call("record", submission.slot)
        if parameters.defences.witnesses:
            # A late block may say that they had it in time.
            over = submission.slot // parameters.slots_per_epoch < rewards.call("settled_epochs")
        else:
            over = rewards.call("blocks") - record["block"] + 1 >= parameters.window_blocks
        if not record["opened"] or not over:
            submission.closed_slot = None
        elif submission.closed_slot is None:
            submission.closed_slot = slot
        return submission.closed_slot

    def _refused(self, submission: _Submission, slot: int, finalized_slot: int) -> Credit:
        """The contract refused it: perhaps too early, so again while the window lasts."""
        record = self.layer.rewards.call("record", submission.slot)
        if record["payload_root"] != submission.payload_root:
            # The proven block itself was left with its branch, and the proof is about nothing.
            return Credit(submission.slot, Status.ORPHANED, submission.estimate,
                          finalized_slot >= submission.slot)
        if self._closed_slot(submission, slot) is not None:
            return Credit(submission.slot, Status.REFUSED, 0, True, "its window has passed")
        data = self._proof_data(submission.slot, submission.proof)
        reason = "it would be taken now"
        try:
            self._evm.call(self.layer.rewards.address, data, self.account.address)
        except RevertedError as error:
            reason = error.reason
        submission.submitted = self._hand_in_proof(submission.slot, submission.proof)
        return Credit(submission.slot, Status.REFUSED, 0, False, reason)

    def _claim(self, submission: _Submission) -> None:
        """Have the reward paid out; anybody may, so why not who gets it."""
        if submission.matured is not None and not was_refused(self._evm, submission.matured):
            return  # on its way
        # Finality reaches the contract with the next block's report, before its transactions.
        submission.matured = self.account.hand_in(
            self.layer.rewards.address, self.layer.rewards.encode("mature", submission.slot),
            gas=MATURE_GAS)

    def _hand_in_proof(self, slot: int, proof: list[int]) -> bytes:
        return self.account.hand_in(
            self.layer.rewards.address, self._proof_data(slot, proof), gas=SUBMIT_GAS)

    def _proof_data(self, slot: int, proof: list[int]) -> bytes:
        number = self.number
        assert number is not None, "a prover without a bond hands in no proofs"
        return self.layer.rewards.encode("submit", slot, number, proof)


class EmbeddedLayer(SecondLayer):
    """`SecondLayer` in the chain's own payloads, where the contract of the ledger's coins is, too.

    That one is checked at every block.
    """

    def __init__(self, execution: EvmExecutionLayer, account: Account, reward_address: Address,
                 engines: EvmEngines) -> None:
        super().__init__(execution.layer, execution.registry, account, reward_address,
                         engines.parameters, engines.minimum_bond)
        self._execution = execution

    def certificate_pay(self) -> CertificatePay:
        """What hands in this prover's certificates of finality, on a chain that pays them."""
        execution, contracts = self._execution, self._execution.certificate_contracts
        assert contracts is not None, "a chain that pays no certificates"
        return CertificatePay(contracts, self.account, lambda: self.number,
                              lambda epochs: execution.certificates(execution.evm.head).credits)

    def slot_passed(self, chain: EmbeddedChain) -> None:
        try:
            self._execution.check_coins()
            self._execution.check_certificates(chain.finalized_slot)
        except BrokenInvariant as error:
            raise ProofmillError(f"slot {chain.slot}: {error}; the run ends here, since coins are "
                                 "lost or made of nothing") from error
        super().slot_passed(chain)

    @property
    def addresses(self) -> dict[str, Address]:
        certificates = self._execution.certificate_contracts
        return {**super().addresses, "ledger": self._execution.bank.address,
                **({} if certificates is None else certificates.addresses)}

    @property
    def coins(self) -> dict[str, int]:
        bank, evm = self._execution.bank, self._execution.evm
        state = self._execution.coins(evm.head)
        return {"proven_slot": state.proven_slot, "unproven": len(state.unproven),
                "units": evm.balance(bank.address) // UNIT,
                **{name: bank.call(name) for name in ("in_tree", "waiting", "owed")}}


def embedded_layer(chain: EmbeddedChain, key: ValidatorKey, engines: EvmEngines) -> EmbeddedLayer:
    """The contracts inside of the chain's own payloads, for the prover of a validator's `key`.

    `chain` was made with `engines`. The account owns the least bond and is paid the rewards.
    """
    execution = chain.execution_layer
    assert isinstance(execution, EvmExecutionLayer), "a chain whose payloads have no contracts"
    return EmbeddedLayer(execution, Account(execution.evm, key.account), key.address, engines)
