"""The contracts on a node that somebody else runs, for a chain that stays in this process.

The node runs the contracts: bonds, assignment, rewards, the verifier. What they learn of the chain
(each block's statement, layer 1's base, finality) the protocol would bring them on a chain of its
own; here an account of this process reports it, at the beginning of every slot. Consensus, payloads
and finality remain the embedded chain's. So the contracts believe this one account, their random
numbers are those of the node's blocks, and an includer's share goes to the node's fee recipient.
"""

from hashlib import sha256

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import ETHER, to_wei
from proofmill.host.network.consensus.blocks import BlockRecord
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.contracts.block_verifiers import (
    block_verifier_artifact,
    proof_numbers_of,
)
from proofmill.host.network.contracts.deployment import (
    BlockStatement,
    Clock,
    Layer,
    deploy_layer,
    divided_bits,
    on_block,
)
from proofmill.host.network.contracts.registry import deploy_registry, pin
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.external import VIRTUAL_SLOT_SECONDS, ExternalEvm
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.execution_layer import (
    FULL_LOAD_BPS,
    beacon_view,
    owned_number,
)
from proofmill.host.network.second_layer.second_layer import SecondLayer

DEPLOYMENTS = 12
"""Transactions before the first slot, and some to spare."""
ORACLE_WEI = ETHER
REPORT_GAS = 10_000_000
"""A report with the end of an epoch takes 1 million for each dozen of provers."""


class ExternalLayer(SecondLayer):
    """`SecondLayer` on a node elsewhere; made after the chain's first slots, before mining."""

    def __init__(
        self, chain: EmbeddedChain, key: ValidatorKey, engines: EvmEngines, evm: ExternalEvm,
        seed: int, slot_seconds: int,
    ) -> None:
        """Creates the contracts: `engines` says with which key, parameters and least bond.

        `key`: of the validator that mines; its account owns the bond. `slot_seconds`: how long a
        slot is where the node's clock cannot be set. Raises `ProofmillError` where an account has
        no ether or the node refuses.
        """
        self._chain = chain
        secret = sha256(b"proofmill oracle %d" % seed).digest()
        self._oracle = Account(evm, secret)
        account = Account(evm, key.account)
        evm.fund(self._oracle.address, ORACLE_WEI)
        evm.fund(account.address, engines.minimum_bond + ORACLE_WEI)
        self._slot_seconds = VIRTUAL_SLOT_SECONDS if evm.development else slot_seconds
        self._genesis_time = _first_time(evm) - (chain.slot + 1) * self._slot_seconds
        if self._genesis_time < 0:
            raise ProofmillError(f"the clock of the node at {evm.url} is at the beginning of time; "
                                 "start it with --timestamp and a time of this century")
        verifier = Contract.deploy(self._oracle, evm, block_verifier_artifact(engines.key))
        layer = self._deploy(evm, engines, verifier.address,
                             Clock(self._genesis_time, self._slot_seconds))
        registry = deploy_registry(self._oracle, evm, local=chain.local)
        pin(self._oracle, registry, verifier.address, engines.key, development=True)
        super().__init__(layer, registry, account, key.address, engines.parameters,
                         engines.minimum_bond)
        self._external = evm
        self._view = beacon_view(chain.store)
        self._parent = chain.block(chain.slot)
        evm.waiting_for_slot = True
        chain.proof_engine.prover_of = lambda index: owned_number(layer, chain.head_state, index)

    def _deploy(self, evm: ExternalEvm, engines: EvmEngines, verifier: Address, clock: Clock
                ) -> Layer:
        """Create the contracts; `verifier`: of the block circuit."""
        return deploy_layer(
            self._oracle, evm, verifier, clock, engines.parameters, engines.minimum_bond,
            self._chain.chain_id, self._oracle.address, numbers=proof_numbers_of(engines.key))

    def slot_passed(self, chain: EmbeddedChain) -> None:
        """Report the slot, send what has waited for it, and take in what became of it."""
        block = chain.block(chain.slot)
        self._external.wait_until(self._genesis_time + chain.slot * self._slot_seconds)
        self._external.pay_to(bytes(block.payload.fee_recipient))
        self._report(chain, block)
        self._external.flush()
        super().slot_passed(chain)

    def _report(self, chain: EmbeddedChain, block: BlockRecord) -> None:
        """Have a block of the slot with what the protocol's call says at the start of the block."""
        evm = self._external
        sender, to, data, value = self._message(chain, block)
        evm.waiting_for_slot = False
        sent = sender.hand_in(to.address, data, value, REPORT_GAS)
        evm.waiting_for_slot = True
        receipt = evm.settled(sent)
        came = (evm.block(receipt.block_number).timestamp - self._genesis_time) \
            // self._slot_seconds
        if came != chain.slot:
            raise ProofmillError(
                f"the node at {evm.url} took the report of slot {chain.slot} into a block of slot "
                f"{came}: it makes blocks more slowly than a slot of {self._slot_seconds} s, or "
                "others use it too; give --slot-seconds, or a node of its own")
        if not receipt.succeeded and not self._was_reported(chain.slot):
            raise RevertedError(f"the report of slot {chain.slot} at {evm.url}",
                                _why(evm, to, data, sender, value))
        self._parent = block

    def _was_reported(self, slot: int) -> bool:
        """Whether somebody else has, where that may be."""
        return False

    def _message(self, chain: EmbeddedChain, block: BlockRecord
                 ) -> tuple[Account, Contract, bytes, int]:
        """Who reports the block, to which contract, how, and with how many wei: here as the
        protocol does (`EvmExecutionLayer`)."""
        consensus, seen = self.layer.consensus, self._view(self._parent.root)
        return self._oracle, consensus, on_block(
            consensus, self._statement(self._parent), seen.finalized_slot,
            divided_bits(chain.slot, seen.divided)), 0

    def _statement(self, block: BlockRecord) -> BlockStatement:
        known = self._chain.proof_engine.payload(block.request_root)
        assert known is not None, "the newest block's parent is not final"
        return BlockStatement(
            block.slot, block.request_root, known.old_root, known.new_root, known.batch_commitment,
            to_wei(block.base_reward_gwei), FULL_LOAD_BPS, bytes(block.payload.fee_recipient))


def _first_time(evm: ExternalEvm) -> int:
    """When the first slot can begin: after the contracts' creation."""
    latest = evm.block()
    if evm.development:
        return latest.timestamp + VIRTUAL_SLOT_SECONDS
    back = min(latest.number, 8)
    interval = (latest.timestamp - evm.block(latest.number - back).timestamp) // max(back, 1) + 1
    return latest.timestamp + DEPLOYMENTS * interval


def _why(evm: ExternalEvm, to: Contract, data: bytes, sender: Account, value: int) -> str:
    try:
        evm.call(to.address, data, sender.address, value)
    except RevertedError as error:
        return error.reason
    return "not enough gas"
