"""A development node with all contracts, played slot by slot."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from eth_hash.auto import keccak

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.deployment import (
    NO_STATEMENT,
    BlockStatement,
    Clock,
    Layer,
    deploy_layer,
    divided_bits,
    on_block,
)
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, DevelopmentEvm, Receipt
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.prover.circuits.statement import prover_tag

CHAIN_ID = 31337
STATEMENT_CHAIN_ID = 5
GENESIS_TIME = 1_800_000_000
SECONDS = 1_000  # a slot; each transaction takes one second of it
ETHER = 10**18
MINIMUM_BOND = ETHER
BASE = ETHER // 10
GENESIS_MIX = bytes(keccak(b"genesis"))
PLAIN = Parameters(defences=Defences(calibration=False))


def private_key(name: str) -> bytes:
    return bytes(keccak(b"test account " + name.encode()))


@dataclass
class World:
    """`statements`: of the payloads so far; `finalized` and `divided`: what the next block will
    report."""

    evm: DevelopmentEvm
    parameters: Parameters = PLAIN
    slot: int = 0
    finalized: int = 0
    divided: Iterable[int] = ()
    statements: dict[int, BlockStatement] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    base: int = BASE
    branch: bytes = b""
    layer: Layer | None = None

    def __post_init__(self) -> None:
        if self.layer is not None:
            return
        deployer = self.account("deployer")
        folder = Path(__file__).parent
        verifier = Contract.deploy(deployer, self.evm, compile_source(
            "any_proof", (folder / "any_proof.vy").read_text()))
        self.layer = deploy_layer(
            deployer, self.evm, verifier.address,
            Clock(GENESIS_TIME, SECONDS, GENESIS_MIX), self.parameters, MINIMUM_BOND,
            STATEMENT_CHAIN_ID)

    @property
    def contracts(self) -> Layer:
        assert self.layer is not None
        return self.layer

    @property
    def bonds(self) -> Contract:
        return self.contracts.bonds

    @property
    def rewards(self) -> Contract:
        return self.contracts.rewards

    @property
    def consensus(self) -> Contract:
        return self.contracts.consensus

    def account(self, name: str) -> Account:
        if name not in self.accounts:
            self.accounts[name] = Account(self.evm, private_key(name))
        return self.accounts[name]

    def resynchronise(self) -> None:
        for account in self.accounts.values():
            account.resynchronise()

    def reward_address(self, prover: int) -> Address:
        return b"\x77" * 19 + bytes([prover])

    def join(self, prover: int, bond: int = 10 * ETHER) -> Receipt:
        """Register the next prover; `prover` has to be its number."""
        owner = self.account(f"owner {prover}")
        assert self.bonds.call("prover_count") == prover
        return self.bonds.send(owner, "register", self.reward_address(prover), value=bond)

    def proposer(self, slot: int) -> Address:
        return b"\x99" * 16 + slot.to_bytes(4, "big")

    def advance(self, to: int | None = None, payload: bool = True) -> None:
        """Begin the next slot (or a later one): the protocol's call. Slots between are empty."""
        parent = self.statements.get(self.slot, NO_STATEMENT)
        self.slot = self.slot + 1 if to is None else to
        self.evm.next_block(GENESIS_TIME + self.slot * SECONDS, self.proposer(self.slot))
        self.evm.system_call(self.consensus.address,
                             on_block(
                                 self.consensus, parent, self.finalized,
                                 divided_bits(self.slot, self.divided)))
        assert self.consensus.call("failed_hooks") == 0
        if payload:
            root = bytes(keccak(self.branch + self.slot.to_bytes(8, "big")))
            number = int.from_bytes(root[:8], "big")
            self.statements[self.slot] = BlockStatement(
                self.slot, root, number, number + 1, number + 2, self.base, 10_000,
                self.proposer(self.slot))

    @property
    def mix(self) -> bytes:
        """What `prevrandao` was in the latest block."""
        return self.evm.block().mix

    def set_proposer(self, slot: int, address: Address) -> None:
        """Who is reported as the proposer of a slot."""
        self.statements[slot] = replace(self.statements[slot], proposer=address)

    def proof(self, slot: int, prover: int, address: Address | None = None) -> list[int]:
        """A proof that the tests' verifier takes for this prover."""
        statement = self.statements[slot]
        tag = prover_tag(STATEMENT_CHAIN_ID, slot, prover,
                         self.reward_address(prover) if address is None else address)
        return [statement.old_root, statement.new_root, statement.commitment, tag, 0, 0, 0, 0]

    def submit(self, slot: int, prover: int, proof: list[int] | None = None,
               sender: str = "carrier") -> Receipt:
        return self.rewards.send(self.account(sender), "submit", slot, prover,
                                 self.proof(slot, prover) if proof is None else proof)

    def assignment(self, slot: int) -> tuple[int, tuple[int, ...]]:
        record = self.rewards.call("record", slot)
        return record["primary"], record["committee"]
