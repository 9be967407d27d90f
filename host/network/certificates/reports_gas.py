"""What it costs to report a beacon chain's blocks and to prove that, on an EVM."""

from collections.abc import Iterator

from eth_hash.auto import keccak

from proofmill.host.ground.units import ETHER
from proofmill.host.network.certificates.between import FIRST_ROOT, ROOTS
from proofmill.host.network.certificates.reports import (
    BID,
    NOTHING,
    Said,
    ShownBlock,
    linked,
)
from proofmill.host.network.consensus.payload import header_of
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.compiler import compile_source, compiled
from proofmill.host.network.contracts.deployment import Clock, Layer, deploy_layer
from proofmill.host.network.contracts.gas import CHAIN_ID, GENESIS_TIME, PARAMETERS, SECONDS, Cost
from proofmill.host.network.contracts.provisional import deploy_reports
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.finality.registry import Registry, unchanging

DEPOSIT = ETHER // 10
LEDGER = 7
TAKES_ALL = """# pragma version ^0.4.0
@external
@view
def verify(proof: uint256[8], signals: uint256[10]) -> bool:
    return True
"""
"""A verifier of certificates: what is measured is what comes after them."""


def measure_reports(provers: int) -> Iterator[Cost]:
    """The gas of ProvenReports, with so many provers: creating it; opening a registry; a report;
    showing an epoch's blocks, each with its payload; and having their deposits back. Some seconds.
    """
    key = bytes(keccak(b"gas of reports"))
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**7 * ETHER}, GENESIS_TIME - 1_000)
    account = Account(evm, key)
    registry = Registry(1, {}, unchanging(64 * 32 * ETHER // 10**9), bytes(32), 0)
    verifier = Contract.deploy(account, evm, compile_source("takes all", TAKES_ALL))
    finality = Contract.deploy(
        account, evm, compiled("FinalityCertificate"), verifier.address, 0, bytes(32),
        registry.commitment, FIRST_ROOT, ROOTS)
    first = bytes(keccak(b"first block"))
    payload = bytes(keccak(b"first payload"))
    reports = deploy_reports(account, evm, finality.address, DEPOSIT, BID,
                             (first, 0, payload, LEDGER))
    yield Cost("create ProvenReports", evm.block().gas_used)
    layer: Layer = deploy_layer(
        account, evm, verifier.address, Clock(GENESIS_TIME, SECONDS), PARAMETERS, ETHER, CHAIN_ID,
        reports.address, provisional=True)
    reports.send(account, "connect", layer.consensus.address)
    yield Cost("open a registry's totals", reports.send(
        account, "open", 0, registry.tree.root, registry.totals, registry.fork_domain).gas_used)
    for number in range(provers):
        layer.bonds.send(account, "register", b"\x77" * 19 + number.to_bytes(1, "big"),
                         value=10 * ETHER)
    slots = range(1, 2 * PARAMETERS.slots_per_epoch + 1)
    blocks, said = _blocks(first, payload, slots)
    for slot in slots:
        evm.next_block(GENESIS_TIME + slot * SECONDS)
        gas = reports.send(account, "report", said[slot].fields, value=DEPOSIT).gas_used
        if slot == slots[-2]:
            yield Cost("report a block", gas)
    for epoch, root in ((1, _root(blocks, first)), (2, bytes(32))):
        finality.send(account, "submit", epoch - 1, epoch, root, 1, 1, 1, [0] * 8)
    shown = PARAMETERS.slots_per_epoch
    head = blocks[:shown]
    headers = linked(blocks, first)[shown:][::-1]
    yield Cost(f"link {shown} headers", reports.send(
        account, "link", _root(blocks, first), [header.fields for _, header in headers],
        [parent for parent, _ in headers]).gas_used)
    yield Cost(f"prove {shown} blocks", reports.send(
        account, "prove", [each.fields for each in head]).gas_used)
    yield Cost(f"release {shown} deposits", reports.send(
        account, "release", list(slots[:shown])).gas_used)


def _root(blocks: list[ShownBlock], first: bytes) -> bytes:
    parent, header = linked(blocks, first)[-1]
    return header.root(parent)


def _blocks(root: bytes, payload: bytes, slots: range) -> tuple[list[ShownBlock], dict[int, Said]]:
    """A block in each slot, all but the first with a payload before it; and what reports of them
    have to say."""
    blocks, said, header = [], dict[int, Said](), b""
    for slot in slots:
        said[slot] = NOTHING
        if slot > slots[0]:
            made = spec.ExecutionPayload(
                parent_hash=payload, state_root=(LEDGER + slot).to_bytes(32, "big"),
                extra_data=slot.to_bytes(32, "big"), block_number=slot, gas_limit=60_000_000,
                timestamp=1_800_000_000 + slot, slot_number=slot - 1)
            header = header_of(made, bytes(32))
            payload = bytes(keccak(header))
            said[slot] = Said(slot - 1, payload, LEDGER + slot - (1 if slot > 2 else 2),
                              LEDGER + slot, slot, bytes(20))
        block = spec.BeaconBlock(slot=slot, parent_root=root)
        block.body.signed_execution_payload_bid.message.parent_block_hash = payload
        blocks.append(ShownBlock.of(block, header))
        root = blocks[-1].header.root(root)
    return blocks, said
