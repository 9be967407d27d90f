"""A chain whose every message a test can see: one node has all validators, another listens."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from proofmill.host.network.array.board import BoardArray
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.evm.account import Account
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.beside import Beside, at_once
from proofmill.host.network.node.claims import Certifying, Claims
from proofmill.host.network.node.contract_state import ProverAccount
from proofmill.host.network.node.follower import ChainSetup, Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.node import ATTEST_MS, CONFIRM_MS, STEPS_MS
from proofmill.host.network.node.opening import (
    Founder,
    devnet_parameters,
    minimum_bond_wei,
    open_chain,
)
from proofmill.host.network.node.patience import PatientProver
from proofmill.host.network.node.prover import NodeProver, ProverSetup
from proofmill.host.network.node.slashing_protection import SlashingProtection
from proofmill.host.network.node.store import JobStore
from proofmill.host.network.node.validators import NodeValidators
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.transfers.load import Load
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.groth16.prove import ProofResult
from tests.host.network.node import killed

SEED = 3
KEYS = derive_keys(SEED, 64)
BOND = 10**19
PROVER, ABSENT = 3, 40
"""The prover that proves, and one that has a bond and is never there."""
Hear = Callable[[Topic, bytes], None]


@cache
def chain_setup(founder: Founder | None = None, more: tuple[bytes, ...] = ()) -> ChainSetup:
    """`founder`: as of `open_chain`; `more`: accounts that begin with ether."""
    parameters = devnet_parameters()
    minimum = minimum_bond_wei(len(KEYS), parameters)
    provers = tuple(ProverAccount(identity, KEYS[identity].address, KEYS[identity].address)
                    for identity in (PROVER, ABSENT))
    vk = killed.KEY.verification_key
    rich = (*(each.owner for each in provers), KEYS[-1].address, *more)
    return ChainSetup(
        KEYS, open_chain(EvmEngines(vk, parameters, minimum, rich), SEED, SMALLEST, KEYS, provers,
                         BOND, founder),
        SEED, SMALLEST, vk, parameters, minimum, BOND, provers)


def follower(archive: Archive | None = None, chain: ChainSetup | None = None) -> Follower:
    return Follower(chain or chain_setup(), archive)


class Source:
    """A node with all validators and a prover; `hear` is given what it sends."""

    def __init__(self, folder: Path, hear: Hear, prover: int = PROVER, forge: bool = False,
                 devices: Sequence[Device] = (), beside: Beside[ProofResult] = at_once,
                 chain: ChainSetup | None = None, array: BoardArray | None = None,
                 certifying: Certifying | None = None,
                 begun: Callable[[Archive], Follower] | None = None) -> None:
        """`begun`: makes its follower, where that does not begin at genesis."""
        self.archive = Archive(folder / "blocks.sqlite")
        self.follower = begun(self.archive) if begun else follower(self.archive, chain)
        self.hear = hear
        self.sent: dict[Topic, list[bytes]] = {topic: [] for topic in Topic}
        self.protection = SlashingProtection(
            folder / "slashing.sqlite", self.follower.genesis_validators_root)
        operator = Account(self.follower.execution_layer.evm, KEYS[-1].account)
        self.claims = Claims(self.follower, operator, None, certifying)
        self.validators = NodeValidators(
            dict(enumerate(KEYS)), self.follower, self.protection, self.publish, self.claims)
        self.jobs = JobStore(folder / "jobs.sqlite")
        self.prover = NodeProver(ProverSetup(
            prover, KEYS[prover], KEYS[prover].address, killed.CIRCUIT,
            PatientProver(killed.KEY, devices or [CpuDevice(threads=1)], killed.CIRCUIT.r1cs),
            killed.VERIFY, 500, lambda result: 500, forge, array=array), self.follower, self.jobs,
            self.send, beside)

        self.users = Load(SEED, self.follower.chain_id, tuple(self.follower.ledger().accounts))

    def publish(self, topic: Topic, message: Any) -> None:
        self.send(topic, bytes(message.encode_bytes()))

    def send(self, topic: Topic, data: bytes) -> None:
        verdict, reason = self.follower.take(topic, data, "self")
        assert verdict in (Reception.ACCEPT, Reception.KEEP), reason
        self.sent[topic].append(data)
        self.hear(topic, data)

    def confirm(self, slot: int, tick: Callable[[int, int], None] = lambda slot, ms: None) -> None:
        """The first signatures, for slot 0."""
        self.follower.tick(slot, CONFIRM_MS)
        tick(slot, CONFIRM_MS)
        self.validators.confirm()
        self.sign_transfers(slot + 1)

    def sign_transfers(self, slot: int) -> None:
        """What users want to have in the block of a slot."""
        for raw in self.users.transfers(slot, self.follower.ledger(), self.follower.transfers):
            self.send(Topic.TRANSFER, raw)

    def slot(self, slot: int, tick: Callable[[int, int], None] = lambda slot, ms: None,
             empty: bool = False) -> None:
        """Let a slot pass; `tick` moves the clocks of who listens. `empty`: nobody proposes."""
        for milliseconds in STEPS_MS:
            self.follower.tick(slot, milliseconds)
            tick(slot, milliseconds)
            if milliseconds == 0 and not empty:
                self.validators.propose()
            elif milliseconds == ATTEST_MS:
                self.validators.attest()
            elif milliseconds == CONFIRM_MS:
                self.validators.confirm()
                self.sign_transfers(slot + 1)
            self.follower.check_contracts()
            self.prover.work()

    def close(self) -> None:
        self.jobs.close()
        self.protection.close()
        self.archive.close()
