"""The embedded node: py-evm, block by block, over every branch at once.

py-evm executes and hashes; which branch counts is decided elsewhere (the specification's fork
choice), so its own notion of a canonical chain is not used: a block is executed on any known
parent, and `head` is set from outside.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth.abc import (
    BlockAPI,
    BlockHeaderAPI,
    ComputationAPI,
    ReceiptAPI,
    SignedTransactionAPI,
    VirtualMachineAPI,
)
from eth.consensus.context import ConsensusContext
from eth.db.atomic import AtomicDB
from eth.db.chain import ChainDB
from eth.exceptions import PyEVMError
from eth.vm.chain_context import ChainContext
from eth.vm.forks.cancun import CancunVM
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.constants import GAS_PER_BLOB, MAX_BLOB_GAS_PER_BLOCK
from eth.vm.forks.cancun.state import CancunState
from eth.vm.forks.shanghai.withdrawals import Withdrawal
from eth.vm.interrupt import EVMMissingData
from eth_hash.auto import keccak
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException  # type: ignore[import-untyped]

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import Wei
from proofmill.host.network.evm.client import (
    CALL_GAS,
    SYSTEM_ADDRESS,
    ZERO_ADDRESS,
    Address,
    Block,
    DevelopmentEvm,
    Log,
    Receipt,
    RevertedError,
    revert_reason,
)
from proofmill.host.network.evm.history import History
from proofmill.host.network.evm.precompiles import CURVE_PRECOMPILES
from proofmill.host.network.evm.states import StateFile, States

BLOCK_GAS = 60_000_000
BLOB_GAS = int(GAS_PER_BLOB)
MOST_BLOBS = int(MAX_BLOB_GAS_PER_BLOCK) // BLOB_GAS
"""Of a block, by the machine's fork."""
SYSTEM_CALL_GAS = 30_000_000
"""What EIP-4788 gives a system call, beside the block's own gas."""

ANCESTORS = 256
"""Blocks before the latest whose hashes a contract can ask for (opcode BLOCKHASH)."""

SystemCall = tuple[Address, bytes]
WithdrawalFields = tuple[int, int, Address, int]
"""Index, validator's index, address, gwei."""


class _Computation(CancunComputation):
    """Cancun's, with the curve's arithmetic in machine code."""

    _precompiles = {**CancunComputation._precompiles, **CURVE_PRECOMPILES}


class _State(CancunState):
    computation_class = _Computation


class _SlotVM(CancunVM):
    """Cancun's rules, and a block that begins with the protocol's own calls."""

    _state_class = _State
    system_calls: Sequence[SystemCall] = ()
    system_gas = 0

    def block_preprocessing(self, block: BlockAPI) -> None:
        super().block_preprocessing(block)
        for to, data in self.system_calls:
            outcome = _message(self, SYSTEM_ADDRESS, to, data, 0, SYSTEM_CALL_GAS)
            if outcome.is_error:
                raise RevertedError("a system call", revert_reason(bytes(outcome.output)))
            self.system_gas += outcome.get_gas_used()
            self.state.clear_transient_storage()
            self.state.lock_changes()


@dataclass(frozen=True)
class ExecutedBlock:
    """A block with everything that came of executing it."""

    block: Block
    header: BlockHeaderAPI
    transactions: tuple[SignedTransactionAPI, ...]
    receipts: tuple[Receipt, ...]
    system_gas: int = 0
    """What the protocol's own calls used; it is not part of the block's gas."""


class EmbeddedEvm(DevelopmentEvm):
    """Ethereum's virtual machine (Cancun) in this process, without a network.

    `execute` runs a block on any known parent and keeps it, `head` chooses the branch that `block`,
    `call` and the rest speak of. `send` makes a block of one transaction on the head at once.
    """

    def __init__(
        self, chain_id: int, balances: Mapping[Address, int], timestamp: int = 0,
        gas_limit: int = BLOCK_GAS,
    ) -> None:
        """A chain of the genesis block alone, with these balances in wei."""
        self.chain_id = chain_id
        self._states = States()
        self._database = AtomicDB(self._states)
        self._chaindb = ChainDB(self._database)
        self._chain_context = ChainContext(chain_id)
        self._coinbase = ZERO_ADDRESS
        self._next_timestamp: int | None = None
        blank = _SlotVM.create_genesis_header(timestamp=timestamp, gas_limit=gas_limit)
        state: Any = _SlotVM.build_state(self._database, blank, self._chain_context)
        for address, balance in balances.items():
            state.set_balance(address, balance)
        state.lock_changes()
        state.persist()
        genesis = blank.copy(state_root=state.state_root)
        self._blocks: dict[bytes, ExecutedBlock] = {}
        self.history: History | None = None
        """Where final blocks go; without one they stay in memory."""
        self._latest: tuple[object, ExecutedBlock] | None = None
        self._oldest = 0
        """The number of the first block whose state has ever been here."""
        self._keep(genesis, (), ())
        self.genesis_hash = bytes(genesis.hash)
        self.head = self.genesis_hash
        """The hash of the latest block of the branch this node follows."""

    def execute(
        self,
        parent_hash: bytes,
        transactions: Sequence[bytes],
        timestamp: int,
        mix: bytes,
        coinbase: Address = ZERO_ADDRESS,
        system_calls: Sequence[SystemCall] = (),
        parent_beacon_block_root: bytes = bytes(32),
        extra_data: bytes = b"",
        withdrawals: Sequence[WithdrawalFields] = (),
    ) -> ExecutedBlock:
        """Execute raw transactions on a known block, after the system calls, and keep the block.

        Withdrawals from the consensus layer are credited after the transactions (EIP-4895).

        `head` stays. Executing is deterministic: who executes the same on the same parent has the
        same hash. So the block that was executed last is not executed again: who has just built a
        payload and gets it back as the chain's next pays for it once.

        Raises `ProofmillError` for an unknown parent, a time not after the parent's and a
        transaction that no block may contain, `RevertedError` where a system call is refused.
        """
        parent = self._known(parent_hash).header
        task = (parent_hash, tuple(transactions), timestamp, mix, coinbase, tuple(system_calls),
                parent_beacon_block_root, extra_data, tuple(withdrawals))
        if self._latest is not None and self._latest[0] == task:
            executed = self._latest[1]
            self._blocks[executed.block.hash] = executed
            return executed
        if timestamp <= parent.timestamp:
            raise ProofmillError(f"block time {timestamp} is not after its parent's, "
                                 f"{parent.timestamp}; give a later one")
        header = _SlotVM.create_header_from_parent(
            parent, timestamp=timestamp, coinbase=coinbase, mix_hash=mix, extra_data=extra_data,
            gas_limit=parent.gas_limit, parent_beacon_block_root=parent_beacon_block_root)
        machine = self._machine(header)
        machine.system_calls = system_calls
        decoded = self._decoded(machine, transactions)
        try:
            block = _SlotVM.get_block_class()(
                header, transactions=decoded, uncles=[],
                withdrawals=[_withdrawal(*fields) for fields in withdrawals])
            final = machine.import_block(block).block
        except EVMMissingData:
            raise  # of this machine, and no fault of the block
        except (ValidationError, PyEVMError, RLPException) as error:
            raise ProofmillError(f"a transaction does not fit into the block: {error}") from error
        executed = self._keep(final.header, decoded, final.get_receipts(self._chaindb),
                              machine.system_gas)
        self._latest = task, executed
        return executed

    def executed(self, block_hash: bytes) -> ExecutedBlock:
        """A block on whatever branch; raises `ProofmillError` for one that is unknown."""
        return self._known(block_hash)

    def forget(self, block_hashes: Sequence[bytes]) -> None:
        """Drop blocks that nothing will be built on; their state stays, shared with others'."""
        for block_hash in block_hashes:
            self._blocks.pop(block_hash, None)

    def retire(self, final_hash: bytes) -> None:
        """Nothing will be built on blocks before the parent of this one, which is final: drop their
        states once in a while, and, with a `history`, all but their last `ANCESTORS`. Raises
        StorageError where the disk fails."""
        final = self._known(final_hash)
        if self.history is not None:
            self._hand_over(self.history, final_hash, final.block.number - ANCESTORS)
        base = self._blocks.get(final.block.parent_hash, final)
        if base.block.number < self._oldest:
            base = final
        kept = list(self._blocks.values())
        if self._latest is not None:
            kept.append(self._latest[1])  # it may be forgotten, and come back
        self._states.settle(base.block.state_root, lambda: {
            each.block.state_root for each in kept if each.block.number >= base.block.number},
            {each.block.hash for each in kept})

    def _hand_over(self, history: History, final_hash: bytes, before: int) -> None:
        """Give blocks with a number below `before` to the history, and forget those beside them."""
        branch: list[ExecutedBlock] = []
        executed = self._blocks.get(final_hash)
        while executed is not None:
            if executed.block.number < before:
                branch.append(executed)
            executed = self._blocks.get(executed.block.parent_hash)
        history.keep((each.block, [log for receipt in each.receipts for log in receipt.logs])
                     for each in reversed(branch))
        for key in [key for key, each in self._blocks.items() if each.block.number < before]:
            del self._blocks[key]

    def branch(self, block_hash: bytes) -> list[ExecutedBlock]:
        """The blocks that are kept here of the branch that ends in a known one, oldest first."""
        found = [self._known(block_hash)]
        while (parent := self._blocks.get(found[-1].block.parent_hash)) is not None:
            found.append(parent)
        return found[::-1]

    @property
    def entries(self) -> Mapping[bytes, bytes]:
        """All of tries, code and headers, by hash; not to be changed."""
        return self._states

    def keep_in(self, file: StateFile) -> None:
        """Have final states in this file, so that memory has what is new alone."""
        self._states.keep_in(file)

    def go_on_from(self, blocks: Sequence[ExecutedBlock], entries: Mapping[bytes, bytes],
                   roots: Collection[bytes]) -> None:
        """Have executed these blocks and no other; `entries`: of the states of those that are built
        on, whose roots are `roots`."""
        self._blocks, self._latest = {}, None
        self._states.begin(roots, entries)
        self._oldest = min(executed.block.number for executed in blocks
                           if executed.block.state_root in roots)
        for executed in blocks:
            self._blocks[executed.block.hash] = executed
            self._database.set(executed.block.hash, rlp.encode(executed.header))

    def block(self, number: int | None = None) -> Block:
        executed = self._known(self.head)
        if self.history is not None and number is not None and (
                found := self.history.block(number)) is not None:
            return found
        while number is not None and executed.block.number > number:
            executed = self._known(executed.block.parent_hash)
        if number is not None and executed.block.number != number:
            raise ProofmillError(f"there is no block {number} yet; the latest is "
                                 f"{executed.block.number}")
        return executed.block

    def call(self, to: Address, data: bytes, sender: Address = ZERO_ADDRESS, value: int = 0,
             gas: int = CALL_GAS) -> bytes:
        # As the nodes do it: the latest block's own surroundings, on the state after it.
        machine = self._machine(self._known(self.head).header)
        if value:
            machine.state.delta_balance(sender, value)
        outcome = _message(machine, sender, to, data, value, gas)
        if outcome.is_error:
            raise RevertedError("a call", revert_reason(bytes(outcome.output))
                                or type(outcome.error).__name__)
        return bytes(outcome.output)

    def send(self, raw_transaction: bytes) -> bytes:
        timestamp = self._next_timestamp or self.block().timestamp + 1
        self.head = self.execute(
            self.head, [raw_transaction], timestamp, self._mix(timestamp), self._coinbase
        ).block.hash
        self._next_timestamp = None
        return bytes(self._known(self.head).transactions[0].hash)

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        executed = self._known(self.head)
        while True:
            for receipt in executed.receipts:
                if receipt.transaction_hash == transaction_hash:
                    return receipt
            if executed.block.parent_hash not in self._blocks:
                return None
            executed = self._known(executed.block.parent_hash)

    def logs(self, address: Address, first: int = 0, last: int | None = None) -> list[Log]:
        """As `Evm.logs`; of blocks up to `last`, the latest by default."""
        found: list[Log] = []
        executed = self._known(self.head)
        while executed.block.number >= first:
            if last is None or executed.block.number <= last:
                found[:0] = [log for receipt in executed.receipts for log in receipt.logs
                             if log.address == address]
            if executed.block.parent_hash not in self._blocks:
                if self.history is not None:
                    end = executed.block.number - 1
                    found[:0] = self.history.logs(
                        address, first, end if last is None else min(last, end))
                break
            executed = self._known(executed.block.parent_hash)
        return found

    def nonce(self, address: Address) -> int:
        return self.nonce_after(self.head, address)

    def nonce_after(self, block_hash: bytes, address: Address) -> int:
        """How many transactions an account has sent by a block on whatever branch."""
        return int(self._machine(self._known(block_hash).header).state.get_nonce(address))

    def could_follow(self, block_hash: bytes, sender: Address, nonce: int, most: Wei) -> bool:
        """Whether a transaction with this nonce, whose sender has to have `most` wei, could come
        after a block on whatever branch, as far as its sender is concerned."""
        state = self._machine(self._known(block_hash).header).state
        return bool(state.get_nonce(sender) == nonce and state.get_balance(sender) >= most)

    def blob_base_fee(self, parent_hash: bytes) -> Wei:
        """Wei that a unit of blob gas costs in a block on a known one (EIP-4844)."""
        parent = self._known(parent_hash).header
        header = _SlotVM.create_header_from_parent(parent, timestamp=parent.timestamp + 1)
        return Wei(self._machine(header).state.blob_base_fee)

    def balance_after(self, block_hash: bytes, address: Address) -> Wei:
        """Of an account after a block on whatever branch."""
        return Wei(self._machine(self._known(block_hash).header).state.get_balance(address))

    def balance(self, address: Address) -> Wei:
        return Wei(self._state().get_balance(address))

    def code(self, address: Address) -> bytes:
        return bytes(self._state().get_code(address))

    def next_block(self, timestamp: int, coinbase: Address | None = None) -> None:
        latest = self.block().timestamp
        if timestamp <= latest:
            raise ProofmillError(f"block time {timestamp} is not after the latest block's, "
                                 f"{latest}; give a later one")
        self._next_timestamp = timestamp
        self._coinbase = self._coinbase if coinbase is None else coinbase

    def system_call(self, to: Address, data: bytes) -> None:
        timestamp = self._next_timestamp or self.block().timestamp + 1
        self.head = self.execute(
            self.head, [], timestamp, self._mix(timestamp), self._coinbase, [(to, data)]
        ).block.hash
        self._next_timestamp = None

    @contextmanager
    def at(self, block_hash: bytes) -> Iterator[None]:
        """Inside the block everything is asked as a known block, on whatever branch, has it."""
        before, self.head = self.head, block_hash
        try:
            yield
        finally:
            self.head = before

    def snapshot(self) -> object:
        return self.head

    def revert(self, snapshot: object) -> None:
        assert isinstance(snapshot, bytes)
        self._known(snapshot)
        self.head = snapshot
        self._next_timestamp = None

    def _mix(self, timestamp: int) -> bytes:
        """A mix for blocks made without a consensus layer: of the parent and the time alone."""
        return bytes(keccak(self.head + timestamp.to_bytes(32, "big")))

    def _decoded(
        self, machine: VirtualMachineAPI, transactions: Sequence[bytes]
    ) -> tuple[SignedTransactionAPI, ...]:
        """Transactions with their senders known; `ProofmillError` for bytes that are none."""
        builder = machine.get_transaction_builder()
        try:
            decoded = tuple(builder.decode(raw) for raw in transactions)
            for each in decoded:
                each.check_signature_validity()
        except MemoryError:
            raise  # own trouble says nothing about the bytes
        except Exception as error:  # py-evm has no one class for what may be wrong with bytes
            raise ProofmillError(f"a transaction does not fit into the block: {error}") from error
        return decoded

    def _known(self, block_hash: bytes) -> ExecutedBlock:
        if block_hash not in self._blocks:
            raise ProofmillError(f"block 0x{block_hash.hex()} is unknown to the embedded machine")
        return self._blocks[block_hash]

    def _machine(self, header: BlockHeaderAPI) -> Any:  # py-evm has an address type of its own
        return _SlotVM(header, self._chaindb, self._chain_context,
                       ConsensusContext(self._database))

    def _state(self) -> Any:
        return self._machine(self._known(self.head).header).state

    def _keep(self, header: BlockHeaderAPI, transactions: Sequence[SignedTransactionAPI],
              receipts: Sequence[ReceiptAPI],
              system_gas: int = 0) -> ExecutedBlock:
        block = block_of(header)
        used = 0
        plain = []
        for transaction, receipt in zip(transactions, receipts, strict=True):
            created = None
            if not transaction.to:
                created = bytes(keccak(rlp.encode(
                    [transaction.sender, transaction.nonce])))[12:]
            plain.append(Receipt(
                transaction_hash=bytes(transaction.hash),
                succeeded=receipt.state_root == b"\x01",
                gas_used=receipt.gas_used - used,
                block_number=block.number, block_hash=block.hash, contract=created,
                logs=tuple(Log(bytes(log.address), tuple(
                    topic.to_bytes(32, "big") for topic in log.topics), bytes(log.data))
                    for log in receipt.logs)))
            used = receipt.gas_used
        executed = ExecutedBlock(block, header, tuple(transactions), tuple(plain), system_gas)
        self._blocks[block.hash] = executed
        self._database.set(block.hash, rlp.encode(header))
        return executed


def block_of(header: BlockHeaderAPI) -> Block:
    """What contracts can see of a header."""
    return Block(
        number=header.block_number, hash=bytes(header.hash),
        parent_hash=bytes(header.parent_hash), state_root=bytes(header.state_root),
        timestamp=header.timestamp, mix=bytes(header.mix_hash),
        coinbase=bytes(header.coinbase), base_fee=header.base_fee_per_gas or 0,
        gas_used=header.gas_used)


def _message(
    machine: Any, sender: Address, to: Address, data: bytes, value: int, gas: int
) -> ComputationAPI:
    """Run a message outside of any transaction; py-evm's record of how it went."""
    outcome: ComputationAPI = machine.execute_bytecode(
        origin=sender, gas_price=0, gas=gas, to=to, sender=sender, value=value, data=data,
        code=machine.state.get_code(to))
    return outcome


def _withdrawal(*fields: Any) -> Any:
    return Withdrawal(*fields)
