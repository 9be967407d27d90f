"""The contracts on the embedded machine and the mechanism's reference, given the same blocks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_hash.auto import keccak

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.deployment import (
    NO_STATEMENT,
    BlockStatement,
    Clock,
    Layer,
    Witnessed,
    deploy_layer,
    divided_bits,
    on_block,
    on_witnesses,
)
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import SYSTEM_ADDRESS, Address
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm, ExecutedBlock, SystemCall
from proofmill.host.network.mechanism import invariants
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.provisional import ProvisionalLedger, Reported
from proofmill.host.network.node import contract_state
from proofmill.host.network.node.contract_state import (
    IncludedProof,
    ProverAccount,
    WitnessedProof,
)
from proofmill.host.network.node.layer2 import BlockFacts, BranchReplay
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    GENESIS_MIX,
    GENESIS_TIME,
    MINIMUM_BOND,
    SECONDS,
    STATEMENT_CHAIN_ID,
    private_key,
)

GAS = 3_000_000
MOST_PROVERS = 8
STRANGER, NOBODY = 1_000, 1_001
"""Includers that are no provers: one with an account, and one whose fees go to no address."""
PAID_AT = 2_000
"""Added to a prover's number: an includer that is paid where the prover is, and not its owner."""
Call = tuple[str, Contract, str, tuple[object, ...], int]
"""Who sends, to which contract, which function, with what, and with how many wei."""


class QueueEvm(EmbeddedEvm):
    """The machine; once there is a `queue`, transactions wait in it for the next block."""

    queue: list[bytes] | None = None

    def send(self, raw_transaction: bytes) -> bytes:
        if self.queue is None:
            return super().send(raw_transaction)
        self.queue.append(raw_transaction)
        return bytes(keccak(raw_transaction))


@dataclass(frozen=True)
class Start:
    """A chain with the contracts and nobody in them yet; `head` is its latest block."""

    evm: QueueEvm
    layer: Layer
    parameters: Parameters
    head: bytes
    reports: Contract | None = None
    """Where what the contracts are told is provisional: who tells them."""


@cache
def start(parameters: Parameters, provisional: bool = False) -> Start:
    """Create the contracts, once for each set of parameters."""
    names = ("deployer", "carrier", *(f"owner {number}" for number in range(MOST_PROVERS)))
    rich = {address_of(private_key(name)): 100_000 * ETHER for name in names}
    evm = QueueEvm(CHAIN_ID, rich, GENESIS_TIME - 1_000)
    deployer = Account(evm, private_key("deployer"))
    proof, tag = (compile_source(name, (Path(__file__).parent / f"{name}.vy").read_text())
                  for name in ("any_proof", "any_tag"))
    verifier = Contract.deploy(deployer, evm, proof)
    reports = None
    if provisional:
        source = (Path(__file__).parent / "any_reports.vy").read_text()
        reports = Contract.deploy(deployer, evm, compile_source("any_reports", source))
    layer = deploy_layer(deployer, evm, verifier.address,
                         Clock(GENESIS_TIME, SECONDS, GENESIS_MIX), parameters, MINIMUM_BOND,
                         STATEMENT_CHAIN_ID,
                         SYSTEM_ADDRESS if reports is None else reports.address, tag=tag,
                         provisional=provisional)
    evm.queue = []
    return Start(evm, layer, parameters, evm.head, reports)


def _root(slot: int) -> bytes:
    """Of the payload of a slot."""
    return bytes(keccak(b"payload" + slot.to_bytes(8, "big")))


@dataclass
class Twins:
    """One branch, block by block: `begin`, some actions, `end`.

    Every action says whether the reference takes it; `end` asserts that the contracts took the
    same, and `compare` that both know the same, to the wei.
    """

    start: Start
    slot: int = 0
    provers: list[ProverAccount] = field(default_factory=list)
    statements: dict[int, BlockStatement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.evm, self.layer = self.start.evm, self.start.layer
        self.evm.head = self.start.head
        self._accounts: dict[str, Account] = {}
        self.replay = BranchReplay(self.start.parameters, MINIMUM_BOND, {}, GENESIS_MIX)
        self.ledger = self.replay.ledger
        self.matured: list[int] = []
        self._block: BlockFacts | None = None
        self._calls: list[tuple[Call, str]] = []
        self._included: list[IncludedProof] = []
        self._finalized = 0

    # Blocks.

    def open(self, bonds: Sequence[int]) -> None:
        """Provers that have joined before the first slot; every other one is paid elsewhere than
        at its owner's address."""
        for place, bond in enumerate(bonds):
            self.join(bond, alone=place % 2 == 1)
        self._execute(self.evm.block().timestamp + 1, GENESIS_MIX, bytes(20), [])

    def begin(self, slot: int, includer: int, base: int, finalized: int,
              divided: Iterable[int] = (), witnessed: Sequence[tuple[int, int, int]] = ()) -> None:
        """A block of `slot`; `includer`: a prover, who is paid at its owner's address, or one of
        the others above; `base`: B in wei; `finalized`: a slot; `divided`: slots in which the
        network is said to have been; `witnessed`: (slot, proven slot, prover) that it says."""
        self.slot = slot
        mix = bytes(keccak(self.evm.head + slot.to_bytes(8, "big")))
        self._coinbase = self.address_of(includer)
        includer = next((each.identity for each in self.provers
                         if each.owner == self._coinbase), includer)
        proposing = next((each.identity for each in self.provers
                          if each.reward_address == self._coinbase), None)
        root = _root(slot)
        self._finalized = max(self._finalized, min(finalized, slot - 1))
        self._block = BlockFacts(
            root=root, slot=slot, proposer=includer, proposing=proposing, mix=mix,
            payload_hash=root, request_root=root, base=base, divided=frozenset(divided),
            witnessed=tuple(WitnessedProof(of, proven, _root(proven), prover)
                            for of, proven, prover in witnessed))
        self._calls, self._included = [], []
        self.replay.begin(self._block)
        self.ledger.finalise(self._finalized)

    def end(self) -> None:
        """Execute the block, and see that the contracts refused what the reference refused."""
        block = self._block
        assert block is not None
        consensus = self.layer.consensus
        parent = self.statements[max(self.statements)] if self.statements else NO_STATEMENT
        calls = [on_block(consensus, parent, self._finalized,
                          divided_bits(block.slot, block.divided))]
        if block.witnessed:
            calls.append(on_witnesses(consensus, [
                Witnessed(each.slot, each.proven_slot, each.payload_root, each.prover)
                for each in block.witnessed]))
        executed = self._execute(
            GENESIS_TIME + block.slot * SECONDS, block.mix, self._coinbase,
            self._system_calls(calls))
        numbers = range(len(self.provers))
        assert contract_state.included(self.layer, executed, numbers) == tuple(self._included)
        self.statements[block.slot] = self._statement(block)
        self.replay.end(block)

    def _system_calls(self, told: Sequence[bytes]) -> list[SystemCall]:
        """How Consensus is told this at the start of a block."""
        return [(self.layer.consensus.address, data) for data in told]

    def _execute(self, timestamp: int, mix: bytes, coinbase: Address,
                 system_calls: Sequence[SystemCall]) -> ExecutedBlock:
        queue = self.evm.queue = []
        for account in self._accounts.values():
            account.resynchronise()
        for (sender, contract, function, arguments, value), _ in self._calls:
            data = contract.encode(function, *arguments)
            self.account(sender).hand_in(contract.address, data, value, GAS)
        executed = self.evm.execute(
            self.evm.head, queue, timestamp, mix, coinbase, system_calls)
        self.evm.head = executed.block.hash
        for (call, reason), receipt in zip(self._calls, executed.receipts, strict=True):
            _, _, function, arguments, _ = call
            assert receipt.succeeded == (not reason), (
                f"slot {self.slot}: {function}{arguments} "
                f"{'succeeded' if receipt.succeeded else 'failed'}; the reference: {reason}")
        return executed

    # What can be in a block.

    def join(self, bond: int, alone: bool) -> None:
        """Another prover; `alone`: paid elsewhere than at its owner's address."""
        number = len(self.provers)
        owner = self.account(f"owner {number}").address
        paid = b"\x77" * 19 + bytes([number]) if alone else owner
        reason = ""
        try:
            self.ledger.join(number, bond)
            self.provers.append(ProverAccount(number, owner, paid))
        except ValueError as error:
            reason = str(error)
        self._call(f"owner {number}", self.layer.bonds, "register", (paid,), reason, bond)

    def leave(self, prover: int) -> None:
        """A prover asks for its bond."""
        reason = self._try(self.ledger.leave, prover, self.slot)
        self._call(f"owner {prover}", self.layer.bonds, "leave", (prover,), reason)

    def withdraw(self, prover: int) -> None:
        """A prover takes its bond, if it can."""
        reason = self._try(self.ledger.withdraw, prover, self.slot)
        self._call(f"owner {prover}", self.layer.bonds, "withdraw", (prover,), reason)

    def deposit(self, prover: int, amount: int) -> None:
        """A prover adds to its bond."""
        reason = self._try(self.ledger.deposit, prover, amount)
        self._call(f"owner {prover}", self.layer.bonds, "deposit", (prover,), reason, amount)

    def prove(self, slot: int, prover: int, sound: bool) -> None:
        """Somebody hands in a proof, or reports one that its prover signed and that is wrong."""
        block, statement = self._block, self.statements[slot]
        assert block is not None
        reason = self.replay.include(block, IncludedProof(slot, prover, sound))
        if sound:
            tag = keccak(encode(("uint256", "uint64", "uint64", "address"), (
                STATEMENT_CHAIN_ID, slot, prover, self.provers[prover].reward_address)))
            proof = [statement.old_root, statement.new_root, statement.commitment,
                     int.from_bytes(tag, "big"), 0, 0, 0, 0]
            self._call("carrier", self.layer.rewards, "submit", (slot, prover, proof), reason)
        else:
            reason = "" if reason == "the proof does not verify" else reason or "it verifies"
            proof = [slot, prover, 1, 1, 1, 1, 1, 1]
            digest = self.layer.rewards.call(
                "signed_digest", slot, statement.payload_root, prover, proof)
            signature = self.account(f"owner {prover}").sign_hash(digest)
            numbers = signature[64], *(int.from_bytes(signature[at : at + 32], "big")
                                       for at in (0, 32))
            self._call("carrier", self.layer.rewards, "report_invalid",
                       (slot, prover, proof, *numbers), reason)
        if not reason:
            self._included.append(IncludedProof(slot, prover, sound))

    def mature(self) -> None:
        """Everything that is final is paid out."""
        for record in self.replay.records.values():
            win = record.win
            if win and win.included_slot <= self._finalized and record.slot not in self.matured:
                self.matured.append(record.slot)
                self._call("carrier", self.layer.rewards, "mature", (record.slot,), "")

    # What both know.

    def compare(self) -> None:
        """The contracts' state at the head is the reference's."""
        invariants.check_slot(self.ledger)
        includers = [*range(len(self.provers)), STRANGER, NOBODY,
                     *(PAID_AT + number for number in range(len(self.provers)))]
        addresses = {each: self.address_of(each) for each in includers}
        wins = [self.replay.records[slot].win for slot in self.matured]
        minted = sum(win.prover_gwei + win.includer_gwei for win in wins if win is not None)
        contract_state.check(
            self.layer, self.ledger, self.provers, self.slot, minted, addresses)
        bonds, rewards = self.layer.bonds, self.layer.rewards
        assert rewards.call("settled_epochs") == self.ledger.settled_epochs
        bounties: dict[Address, int] = {}
        for penalty, amounts, rescuer in self.ledger.settled:
            if rescuer is not None:
                address = (self.address_of(rescuer) if penalty.reason == "invalid"
                           else self.provers[rescuer].reward_address)
                bounties[address] = bounties.get(address, 0) + amounts.bounty
        for address, bounty in bounties.items():
            assert bonds.call("credits", address) == bounty, f"0x{address.hex()}"

    def address_of(self, includer: int) -> Address:
        """Where the fees of an includer's blocks go."""
        if includer == STRANGER:
            return b"\x99" * 20
        if includer == NOBODY:
            return bytes(20)
        if includer >= PAID_AT:
            return self.provers[includer - PAID_AT].reward_address
        return self.provers[includer].owner

    def account(self, name: str) -> Account:
        if name not in self._accounts:
            self._accounts[name] = Account(self.evm, private_key(name))
        return self._accounts[name]

    def _statement(self, block: BlockFacts) -> BlockStatement:
        number = int.from_bytes(block.root[:8], "big")
        return BlockStatement(block.slot, block.root, number, number + 1, number + 2, block.base,
                              10_000, self._coinbase)

    def _try(self, action: Callable[..., Any], *arguments: int) -> str:
        try:
            action(*arguments)
        except ValueError as error:
            return str(error)
        return ""

    def _call(self, sender: str, contract: Contract, function: str,
              arguments: Sequence[object], reason: str, value: int = 0) -> None:
        self._calls.append(((sender, contract, function, tuple(arguments), value), reason))


class ProvisionalTwins(Twins):
    """The same where what is told is proven later, or shown to be void: if a block is said to have
    `divided` slots, one of those that are proven with it is void here, or excused."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._void: set[int] = set()
        self._excused: set[int] = set()
        self._proven = 0
        self.ledger = self.replay.ledger = ProvisionalLedger(
            self.start.parameters, MINIMUM_BOND, self._standing, self._was_excused)

    def begin(self, slot: int, includer: int, base: int, finalized: int,
              divided: Iterable[int] = (), witnessed: Sequence[tuple[int, int, int]] = ()) -> None:
        now, count = max(self._proven, min(finalized, slot - 1)), len(list(divided))
        fresh = range(self._proven + 1, now + 1)
        if count and fresh:
            (self._void if count % 2 else self._excused).add(fresh[count % len(fresh)])
        self._proven = now
        super().begin(slot, includer, base, finalized, (), witnessed)

    def mature(self) -> None:
        void = [record.slot for record in self.replay.records.values()
                if record.win and record.slot not in self.matured and self._standing(
                    record.slot, record.win.included_slot) is Reported.VOID]
        for slot in void:
            self._call("carrier", self.layer.rewards, "mature", (slot,), "a report is void")
        self.matured += void
        super().mature()
        self.matured = [slot for slot in self.matured if slot not in void]

    def _standing(self, first: int, last: int) -> Reported:
        if last > self._proven:
            return Reported.UNKNOWN
        return (Reported.VOID if any(first < each <= last for each in self._void)
                else Reported.HOLDS)

    def _was_excused(self, first: int, last: int) -> bool:
        return self._standing(first, last) is Reported.VOID or any(
            first <= each <= last for each in self._excused)

    def _system_calls(self, told: Sequence[bytes]) -> list[SystemCall]:
        reports, consensus = self.start.reports, self.layer.consensus
        assert reports is not None
        return [(reports.address, reports.encode(
            "tell", self._proven, sorted(self._void), sorted(self._excused))),
            *((reports.address, reports.encode("pass_on", consensus.address, data))
              for data in told)]
