"""A beacon chain of made-up blocks, the contracts that take reports of it, and their reference."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from proofmill.host.network.certificates.between import FIRST_ROOT, ROOTS
from proofmill.host.network.certificates.hash_tree import root_above
from proofmill.host.network.certificates.reports import (
    BID,
    NOTHING,
    Anchor,
    BlockHeader,
    Reports,
    Said,
    ShownBlock,
)
from proofmill.host.network.contracts.compiler import compile_source, compiled
from proofmill.host.network.contracts.deployment import Clock, Layer, deploy_layer
from proofmill.host.network.contracts.provisional import deploy_reports
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Receipt
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.prover.circuits.finality.registry import Registry, unchanging

CHAIN_ID, GENESIS_TIME, SECONDS = 1337, 1_000_000, 10_000
ETHER = 10**18
DEPOSIT = ETHER // 10
PARAMETERS = Parameters(defences=Defences(calibration=False))
FOLDER = Path(__file__).parent
GENESIS = Anchor(bytes(keccak(b"genesis")), 0, bytes(keccak(b"genesis payload")), 7)
REGISTRY = Registry(1, {}, unchanging(64 * 32 * 10**9), bytes(32), 0)
PROPOSER = b"\x99" * 20


def payload_header(parent: bytes, ledger: int, commitment: int, number: int) -> bytes:
    """The RLP of a payload's header, with numbers of different lengths."""
    return bytes(rlp.encode([
        parent, sha256(b"ommers").digest(), PROPOSER, ledger.to_bytes(32, "big"),
        sha256(b"transactions").digest(), sha256(b"receipts").digest(), bytes(256), 0, number,
        60_000_000, 0, 1_800_000_000 + number, commitment.to_bytes(32, "big"), bytes(32), bytes(8),
        0, sha256(b"withdrawals").digest(), 0, 0, bytes(32), bytes(32), bytes(32), number]))


@dataclass
class Branch:
    """Blocks one after the other; `said`: what a report of each has to say."""

    at: Anchor = GENESIS
    blocks: list[ShownBlock] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)
    said: dict[int, Said] = field(default_factory=dict)

    def add(self, slot: int, full: bool = True) -> Said:
        """A block; `full`: its parent has a payload. What a report has to say of it."""
        payload, at = b"", self.at
        said = NOTHING
        if full and at.slot:
            payload = payload_header(at.payload, at.ledger + 1, 1000 + slot, at.slot)
            said = Said(at.slot, keccak(payload), at.ledger, at.ledger + 1, 1000 + slot, PROPOSER)
            at = replace(at, payload=said.payload, ledger=said.new_root)
        branch = tuple(sha256(b"%d %d" % (slot, depth)).digest()
                       for depth in range(BID.bit_length() - 1))
        header = BlockHeader(slot, slot % 5, sha256(b"state %d" % slot).digest(),
                             root_above(at.payload, BID, branch))
        self.at = replace(at, root=header.root(at.root), slot=slot)
        self.blocks.append(ShownBlock(header, payload, branch))
        self.roots.append(self.at.root)
        self.said[slot] = said
        return said


class World:
    """The contracts, and beside them the reference, told the same."""

    def __init__(self) -> None:
        keys = [bytes(keccak(b"reports %d" % number)) for number in range(3)]
        self.evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**6 * ETHER for key in keys},
                               GENESIS_TIME - 1_000)
        self.account, self.anybody, self.liar = (Account(self.evm, key) for key in keys)
        stub = Contract.deploy(self.account, self.evm, compile_source(
            "any_certificate", (FOLDER / "any_certificate.vy").read_text()))
        self.finality = Contract.deploy(
            self.account, self.evm, compiled("FinalityCertificate"), stub.address, 0, bytes(32),
            REGISTRY.commitment, FIRST_ROOT, ROOTS)
        first = GENESIS.root, GENESIS.slot, GENESIS.payload, GENESIS.ledger
        self.reports = deploy_reports(
            self.account, self.evm, self.finality.address, DEPOSIT, BID, first)
        contracts = FOLDER.parent / "contracts"
        proof, tag = (compile_source(name, (contracts / f"{name}.vy").read_text())
                      for name in ("any_proof", "any_tag"))
        verifier = Contract.deploy(self.account, self.evm, proof)
        self.layer: Layer = deploy_layer(
            self.account, self.evm, verifier.address, Clock(GENESIS_TIME, SECONDS), PARAMETERS,
            ETHER, CHAIN_ID, self.reports.address, tag=tag, provisional=True)
        self.reports.send(self.account, "connect", self.layer.consensus.address)
        self.reports.send(self.account, "open", 0, REGISTRY.tree.root, REGISTRY.totals,
                          REGISTRY.fork_domain)
        self.begin()

    def begin(self) -> None:
        """The contracts have been reported nothing."""
        self.twin = Reports(GENESIS)
        self.final_root, self.epoch = bytes(32), 0
        for each in (self.account, self.anybody, self.liar):
            each.resynchronise()

    def at(self, slot: int) -> None:
        """Let it be that slot."""
        start = GENESIS_TIME + slot * SECONDS
        self.evm.next_block(max(start, self.evm.block().timestamp + 1), b"\x55" * 20)

    def report(self, slot: int, said: Said, sender: Account | None = None) -> Receipt:
        """Somebody reports the block of a slot, in it."""
        self.at(slot)
        receipt = self.reports.send(sender or self.anybody, "report", said.fields, value=DEPOSIT)
        told = self.twin.report(slot, said)
        if told != NOTHING:
            known = self.layer.consensus.call("statement", told.slot)
            assert (known["payload_root"], known["new_root"]) == (
                told.payload_root, told.new_root)
        return receipt

    def prove(self, blocks: list[ShownBlock]) -> Receipt:
        """Show these blocks."""
        receipt = self.reports.send(self.anybody, "prove", [each.fields for each in blocks])
        self.twin.prove(blocks, self.final_root)
        assert [self.reports.call(name) for name in (
            "proven_root", "proven_slot", "payload", "ledger")] == [
            self.twin.proven.root, self.twin.proven.slot, self.twin.proven.payload,
            self.twin.proven.ledger]
        return receipt

    def finalise(self, epoch: int, root: bytes) -> None:
        """Certificates make the block `root` final, as the checkpoint of `epoch`."""
        self._certify(epoch, root)
        self._certify(epoch + 1, bytes(keccak(b"justified %d" % epoch)))
        self.final_root = root

    def _certify(self, target: int, root: bytes) -> None:
        source = self.epoch
        registry = 40 + target
        of = self.finality.call("root_of", source)
        signals = [self.finality.call("registry_of", source), registry, source,
                   int.from_bytes(of[:16], "big"), int.from_bytes(of[16:], "big"), target,
                   int.from_bytes(root[:16], "big"), int.from_bytes(root[16:], "big")]
        self.finality.send(self.account, "submit", source, target, root, registry, 1, 1, signals)
        self.epoch = target
