"""What the contracts say on the branch a node follows, and that it is what the mechanism says.

Rewards and penalties are the contracts'. The mechanism's own reference
(`host.network.mechanism.ledger`) is replayed from what the branch's transactions did, and compared
with the contracts' state to the wei: two implementations, one in Vyper, that have to agree at every
head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.contracts.deployment import Layer
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import ExecutedBlock
from proofmill.host.network.mechanism.invariants import require
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.records import SlotRecord

NOBODY = 2**64 - 1
"""The contract's primary where nobody is drawn."""


@dataclass(frozen=True)
class ProverAccount:
    """A prover as it registers: `identity`, its validator; `owner` of the bond; where it is paid.

    Its number in the contract is its place among all, ascending by identity.
    """

    identity: int
    owner: Address
    reward_address: Address


@dataclass(frozen=True)
class IncludedProof:
    """A proof in a block's transactions: of which slot, whose, and whether it is `valid` or was
    reported because it is not."""

    slot: int
    prover: int
    valid: bool = True


@dataclass(frozen=True)
class WitnessedProof:
    """What a block says of layer 1's witnesses: those of `slot` had the prover's proof for the
    payload of `proven_slot`, which `payload_root` names."""

    slot: int
    proven_slot: int
    payload_root: bytes
    prover: int


def included(
    layer: Layer, executed: ExecutedBlock, identities: Sequence[int]
) -> tuple[IncludedProof, ...]:
    """The proofs that a block's transactions handed in or reported, in their order."""
    found = []
    for receipt in executed.receipts:
        for event in layer.rewards.events(receipt) if receipt.succeeded else ():
            if event.name in ("ProofIncluded", "InvalidProof"):
                found.append(IncludedProof(
                    int(event.values["slot"]), identities[int(event.values["prover"])],
                    event.name == "ProofIncluded"))
    return tuple(found)


def matured(layer: Layer, executed: ExecutedBlock) -> tuple[int, ...]:
    """The slots whose rewards a block's transactions had paid out."""
    selector = layer.rewards.encode("mature", 0)[:4]
    return tuple(
        int.from_bytes(transaction.data[4:36], "big")
        for transaction, receipt in zip(executed.transactions, executed.receipts, strict=True)
        if receipt.succeeded and bytes(transaction.to) == layer.rewards.address
        and bytes(transaction.data[:4]) == selector)


def check(
    layer: Layer, ledger: RewardLedger, provers: Sequence[ProverAccount], head_slot: int,
    minted_wei: int, addresses: Mapping[int, Address],
) -> None:
    """Compare the contracts at the head with the mechanism's ledger; `BrokenInvariant` if not.

    The contracts open a slot with the block after it, so the head's own is left out. `minted_wei`:
    what has been paid out by the mechanism's word. `addresses`: of the validators, who include
    proofs. Invariants 2 to 6 of the contracts' own are asked, too.
    """
    rewards, bonds = layer.rewards, layer.bonds
    require(bool(rewards.call("invariants")), 2, "the contract of rewards says so itself")
    require(bool(bonds.call("invariants")), 5, "the contract of bonds says so itself")
    require(layer.consensus.call("failed_hooks") == 0, 3, "a contract failed at a block's start")
    head = ledger.open.get(head_slot)
    totals, now = ledger.totals, head.budget if head else 0
    _equal(rewards, {
        "rho": ledger.rho, "budgets": totals.budgets - now, "credited": totals.credited})
    _equal(bonds, {
        "taken": totals.taken, "burned": totals.burned, "bounties": totals.bounties,
        "returned": totals.kept, "escrow": sum(each.amount for each in ledger.escrow)})
    for number, account in enumerate(provers):
        prover = ledger.provers[account.identity]
        known = bonds.call("prover", number)
        owed = prover.liabilities - prover.duties.get(head_slot, 0)
        ours = prover.bond, prover.reliability, owed
        theirs = known["bond"], known["reliability"], known["liabilities"]
        require(ours == theirs, 5, f"prover {account.identity} has {theirs}, not {ours}")
    numbers = {account.identity: number for number, account in enumerate(provers)}
    for slot, record in ledger.open.items():
        if slot != head_slot:
            _same_record(rewards.call("record", slot), record, numbers, provers, addresses)
    _equal(rewards, {"totalSupply": minted_wei})


def _equal(contract: Contract, values: Mapping[str, int]) -> None:
    for name, ours in values.items():
        theirs = contract.call(name)
        require(theirs == ours, 6 if contract.artifact.name == "Bonds" else 2,
                f"{contract.artifact.name}.{name} is {theirs}, the mechanism says {ours}")


def _same_record(
    known: JsonObject, record: SlotRecord, numbers: Mapping[int, int],
    provers: Sequence[ProverAccount], addresses: Mapping[int, Address],
) -> None:
    drawn = record.assignment
    primary = NOBODY if drawn.primary is None else numbers[drawn.primary]
    committee = tuple(numbers[each] for each in drawn.committee)
    require((known["primary"], tuple(known["committee"])) == (primary, committee), 3,
            f"slot {record.slot} is drawn otherwise")
    win = record.win
    require(known["won"] == (win is not None), 3, f"slot {record.slot} is not won alike")
    if win is not None:
        ours = (numbers[win.submission.prover], win.included_slot, win.prover_gwei,
                win.includer_gwei, addresses[win.includer])
        theirs = (known["winner"], known["included_slot"], known["prover_amount"],
                  known["includer_amount"], known["includer"])
        require(ours == theirs, 3, f"slot {record.slot} pays {theirs}, not {ours}")
