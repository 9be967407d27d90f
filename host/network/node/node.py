"""A node: one process with its own chain, keys, log and peers, moved by a clock alone.

The clock comes through a pipe from whoever started the node, and nothing else of consequence does:
every decision is made here, from what peers have sent and this node has checked.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from proofmill.host.ground.errors import StorageError
from proofmill.host.ground.log_fields import LogTo, name_of
from proofmill.host.ground.output import write_atomically
from proofmill.host.ground.owner import Owner
from proofmill.host.network.consensus.block_proofs import block_verifier
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account as EvmAccount
from proofmill.host.network.evm.history import HISTORY, History
from proofmill.host.network.evm.on_disk import keep_on_disk
from proofmill.host.network.node.admission import Liability
from proofmill.host.network.node.archive import BLOCKS, Archive
from proofmill.host.network.node.beginning import FinalStates
from proofmill.host.network.node.beside import Beside, Made
from proofmill.host.network.node.blobs import BlobMaker, BlobReport, BlobSetup, OwnTime
from proofmill.host.network.node.catch_up import CatchUp
from proofmill.host.network.node.certificates import (
    TOPICS as CERTIFICATE_TOPICS,
)
from proofmill.host.network.node.certificates import Certificates, CertificateSetup
from proofmill.host.network.node.certifier import Maker
from proofmill.host.network.node.claims import Claims
from proofmill.host.network.node.companion_bonds import SlashedKey
from proofmill.host.network.node.early import EarlyMessages
from proofmill.host.network.node.era_maker import MadeEra
from proofmill.host.network.node.follower import (
    ATTEST_MS,
    PARENT_EMPTY,
    PARENT_UNKNOWN,
    SLOT_MS,
    ChainSetup,
    Follower,
)
from proofmill.host.network.node.gossip import Gossip, Reception
from proofmill.host.network.node.happenings import Tell, Value, nobody
from proofmill.host.network.node.identity import Identity, called, contexts
from proofmill.host.network.node.kept_certificates import KeptCertificates
from proofmill.host.network.node.layer2 import BlockFacts, CreditedCertificate, LayerTwo
from proofmill.host.network.node.patience import PatientProver
from proofmill.host.network.node.process import Traffic, Trusted
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.prover import NodeProver, ProverSetup
from proofmill.host.network.node.service import WalletService
from proofmill.host.network.node.slashing_protection import SlashingProtection
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobStore, LoggedJob
from proofmill.host.network.node.validators import NodeValidators
from proofmill.host.network.node.wire import DIRECTED, Topic
from proofmill.host.network.transfers.load import Load
from proofmill.host.network.transfers.store import TransferStore
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.ledger import Account as LedgerAccount
from proofmill.host.prover.devices.catalogue import KZG_DEVICES
from proofmill.host.prover.devices.device import BOARD_HZ, Device
from proofmill.host.prover.groth16.prove import ProofResult

if TYPE_CHECKING:  # these need the extra for AI
    from proofmill.host.network.array.board import BoardArray
    from proofmill.host.network.node.market_part import MarketReport, MarketSetup, NodeMarket

log = logging.getLogger(__name__)

PROPOSE_MS, CONFIRM_MS = 0, 3 * SLOT_MS // 4
STEPS_MS = (PROPOSE_MS, ATTEST_MS, SLOT_MS // 2, CONFIRM_MS)
"""The clock's steps within a slot; on each of them provers go on with their work."""
SOLD = "sold.json"
"""The file of a node's part in the market, renewed with every epoch that is final."""
ORDERS = "device.orders"
"""The file that says what a `Fault` makes of the node's device now."""
FIRST_MS = 1000
"""What an accelerator's first proof is planned with."""
BLOB_PERCENT = 70
"""What a blob takes of the time of a proof where that is fixed: on the processor a commitment and
its cells' proofs take 349 ms (`bench kzg`), and a proof counts for 500."""
MOST_PROOFS = 32
"""That are made at one time."""


@dataclass(frozen=True)
class Opened:
    """Devices that are open: those that share the work, and those that stand in for all of them."""

    devices: tuple[Device, ...]
    stand_ins: tuple[Device, ...] = ()


@dataclass(frozen=True)
class DeviceSpeed:
    """The device of a prover: `name` of the catalogue, and how long a proof takes in chain time.

    `proof_ms`: fixed; None for an accelerator, whose cycles decide (at `BOARD_HZ`), or, where
    another device had to stand in, the time it took. `label`: for the table.
    """

    label: str
    name: str
    proof_ms: int | None

    @property
    def first_ms(self) -> int:
        """What a proof is planned with before one has been measured."""
        return self.proof_ms or FIRST_MS

    def milliseconds(self, result: ProofResult) -> int:
        """What a proof took; at least 1."""
        if self.proof_ms is not None:
            return self.proof_ms
        return max(1, result.cycles * 1000 // BOARD_HZ or round(result.seconds * 1000))

    def blobs(self, count: int, seed: int) -> BlobSetup:
        """`count` blobs a block made on this device: where a proof has a fixed time, in as much of
        it as `BLOB_PERCENT`."""
        return BlobSetup(count, seed, self.name if self.name in KZG_DEVICES else "cpu",
                         None if self.proof_ms is None else max(
                             1, self.proof_ms * BLOB_PERCENT // 100))

    def open(self, folder: Path, faulty: bool, weight_words: int = 0) -> Opened:
        """The device, and the processor to stand in for it; `faulty`: as `ORDERS` in the node's
        `folder` says."""
        from proofmill.host.prover.devices.apart import ApartDevice
        from proofmill.host.prover.devices.cpu import CpuDevice
        from proofmill.host.prover.devices.faulty import OPENER

        processor = CpuDevice(threads=1)
        if faulty:
            device = ApartDevice(self.name, OPENER, lanes=1, orders=str(folder / ORDERS),
                                 weight_words=weight_words)
            # For a processor that fails there is no other that could stand in.
            return Opened((device,), () if self.name == "cpu" else (processor,))
        return Opened((processor,)) if self.name == "cpu" else Opened(
            (ApartDevice(self.name, lanes=1, weight_words=weight_words),), (processor,))


class ProvingDevices(Protocol):
    """What a node proves on: devices in the order in which work is dealt, and their speed."""

    @property
    def first_ms(self) -> int:
        """Chain time that a proof is planned with before one has been measured."""
        ...

    def milliseconds(self, result: ProofResult) -> int:
        """Chain time that a proof took; at least 1."""
        ...

    def open(self, folder: Path, faulty: bool, weight_words: int = 0) -> Opened:
        """The devices; `folder`: the node's. `weight_words`: of each device's memory, for matrices
        that it multiplies between its sums; 0: it multiplies none."""
        ...


@dataclass(frozen=True)
class Fault:
    """What a node's device does after slot `start` until after slot `end`: ``fail``, ``hang``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class NodeSetup:
    """All a node is told at its start. `chain.keys`: with secrets only for `own`.

    `peers`: certificates by name. `prover`: the validator index it proves as, None if it does not;
    `zkey`: the proving key's file, for provers; `forge`: send proofs that do not verify;
    `withhold`: send none. `faults`: of its device. `drift_ms`: how far its clock is ahead.
    """

    name: str
    folder: Path
    identity: Identity
    peers: Mapping[str, str]
    chain: ChainSetup
    own: tuple[int, ...]
    prover: int | None = None
    prover_key: ValidatorKey | None = None
    device: ProvingDevices | None = None
    zkey: Path | None = None
    forge: bool = False
    withhold: bool = False
    faults: tuple[Fault, ...] = ()
    drift_ms: int = 0
    sign_transfers: bool = True
    """Whether it signs transfers from the development accounts of its validators."""
    log_to: LogTo | None = None
    """Called at the start with the file ``node.log`` in `folder` and the node's name."""
    certificates: CertificateSetup | None = None
    """None where the chain has no certificates of finality."""
    market: "MarketSetup | None" = None
    """None where it takes no part in a market."""
    blobs: BlobSetup | None = None
    """None where its validators' blocks bring none."""

    @property
    def says(self) -> str:
        """What it begins as, for the log."""
        proves = "no prover" if self.prover is None else f"prover {self.prover}"
        return f"{len(self.own)} validators, {proves}"

    def open(self, on_trouble: Callable[[BaseException], None]) -> "Node":
        """The node, not yet listening."""
        return Node(self, on_trouble)


@dataclass(frozen=True)
class SlotView:
    """Layer 1 as a node sees it at the end of a slot. `head_root`: of the head's block.
    `finalized_checkpoint`: the field of the head's state, epoch and root.

    `layer1`: a digest of everything the head's state says about validators, their balances, votes
    and duties, and of finality: all of it but the roots of blocks, whose payloads carry proofs.
    """

    slot: int
    head_root: bytes
    layer1: bytes
    finalized_epoch: int
    finalized_checkpoint: tuple[int, bytes] = (0, bytes(32))


@dataclass(frozen=True)
class NodeReport:
    """What a node has to say at the end. `balances`: of all validators at its head, in gwei.

    `tokens`: what the contract of rewards has minted, in wei: to the node's prover, and to its
    other validators for including proofs.

    `branch`: the blocks behind `account`; `final_slot`: as the last of them was told.
    `proven_slots`: those this node has made a proof for. `jobs`: slots by state. `notes`: by slot,
    why a job waited or was given up. `dropped`: peers and why. `fetched`: blocks it had missed and
    got from peers. `slashed`: validators that layer 1 has slashed. `certificates`: of
    finality, paid on the branch; `slashed_keys`: companion keys whose bonds were taken there.
    `eras`: of proven history, made here; `ledger_roots`: after each final payload, where there are
    eras, and `ledgers`: the accounts after the latest of these, by their roots. After a restart,
    history and eras are those of the last life.
    """

    name: str
    history: tuple[SlotView, ...]
    balances: tuple[int, ...]
    tokens: tuple[int, int]
    account: LayerTwo
    branch: tuple[BlockFacts, ...]
    final_slot: int
    proven_slots: tuple[int, ...]
    jobs: Mapping[State, tuple[int, ...]]
    notes: Mapping[int, str]
    dropped: Mapping[str, str]
    forwarded: int
    refused: tuple[str, ...]
    layer2_seconds: float
    fetched: int
    slashed: tuple[int, ...] = ()
    certificates: tuple[CreditedCertificate, ...] = ()
    slashed_keys: tuple[SlashedKey, ...] = ()
    eras: tuple[MadeEra, ...] = ()
    ledger_roots: tuple[int, ...] = ()
    ledgers: Mapping[int, Mapping[int, LedgerAccount]] = field(default_factory=dict)
    market: "MarketReport | None" = None
    blobs: BlobReport | None = None


class Node:
    """The parts of a node, wired together."""

    def __init__(
        self, setup: NodeSetup, on_trouble: Callable[[BaseException], None] | None = None,
        clock: Callable[[], int] | None = None, tell: Tell = nobody,
    ) -> None:
        """`on_trouble` hears of what this node cannot go on with between commands: while it handles
        messages, or goes on with a proof that is made. `clock`: milliseconds since genesis now,
        for a node whose time goes on between ticks. `tell` hears of what happens."""
        self.setup = setup
        self._clock = clock
        self._tell = tell
        self._closed = False
        self._on_trouble = on_trouble or (lambda error: None)
        with ExitStack() as files:
            self.owner = files.enter_context(Owner(setup.folder, setup.name))
            self.archive = files.enter_context(Archive(setup.folder / BLOCKS))
            self._final: FinalStates | None = None
            kept = None if setup.certificates is None else KeptCertificates(
                setup.folder, files, setup.certificates.eras is not None)
            if clock is None:
                self.follower = Follower(setup.chain, self.archive)
                keep_on_disk(self.follower.execution_layer.evm, setup.folder, files)
            else:
                # A service runs too long to keep every block's facts for a report, or to check all
                # blocks whenever it starts.
                self._final = FinalStates(
                    setup.folder, setup.chain, files, *(() if kept is None else (kept.lacks,)))
                self.follower = self._final.begin(
                    self.archive, files.enter_context(History(setup.folder / HISTORY)))
            self.jobs = files.enter_context(JobStore(
                setup.folder / "jobs.sqlite", on_event=lambda event: tell(
                    "job", event.slot, {"job": event.key.name, "state": event.state.name,
                                        "reason": event.reason})))
            self.protection = files.enter_context(SlashingProtection(
                setup.folder / "slashing.sqlite", self.follower.genesis_validators_root))
            self.follower.transfers.keep_in(files.enter_context(TransferStore(
                setup.folder / "transfers.sqlite")))
            self._connect(kept)
            self._files = files.pop_all()

    def _connect(self, kept: KeptCertificates | None) -> None:
        setup = self.setup
        self._early = EarlyMessages()
        keys = setup.chain.keys
        askers = setup.certificates.askers if setup.certificates is not None else frozenset()
        self.gossip = Gossip(
            called(setup.peers), self._take,
            contexts(setup.identity, setup.peers.values(), setup.folder), on_peer=self._greet,
            on_trouble=self._on_trouble, askers=askers)
        self.certificates = None if setup.certificates is None or kept is None else Certificates(
            setup.certificates, kept, self.follower,
            {index: keys[index] for index in setup.own}, self.gossip.send, self.gossip.answer,
            self.gossip.publish, self.gossip.silent)
        self.catch_up = CatchUp(
            self.follower, self.archive, self.gossip.send, self.gossip.answer, self.gossip.silent,
            None if self.certificates is None else self.certificates.offer)
        claims = None
        if setup.own:
            # The last one's, since the first one's account may own a bond.
            operator = EvmAccount(self.follower.execution_layer.evm, keys[setup.own[-1]].account)
            claims = Claims(self.follower, operator, setup.prover, self.certificates)
        self.sign_transfers(setup.sign_transfers)
        self._beside = ThreadPoolExecutor(MOST_PROOFS, "proofmill-prover")
        """Threads that live as long as the node: a device's process ends with the thread that has
        begun it."""
        array = self._array()
        self.blobs: BlobMaker | None = None
        self.prover = _prover(setup, self.follower, self.jobs, self._send, self._run_beside,
                              self._proven, self._faulty, array,
                              lambda: () if self.blobs is None else self.blobs.owed())
        if setup.blobs is not None and setup.own:
            self.blobs = BlobMaker(
                setup.blobs, frozenset(setup.own), self.follower,
                self.prover or OwnTime(lambda: self.follower.now_ms), self._run_beside)
        self.validators = NodeValidators(
            {index: keys[index] for index in setup.own}, self.follower, self.protection,
            self._publish, claims,
            lambda reason: self._tell("unsigned", self.follower.slot, {"reason": reason}),
            self.blobs)
        self.market = self._market(array)
        if self.certificates is not None and self.prover is not None:
            self.certificates.make_them(
                Maker(self.follower.chain_id, self.follower.numbers[self.prover.setup.identity],
                      self.prover.setup.address), self._run_beside)
        self.service = WalletService(setup.folder, self.follower, self._take_from_wallet,
                                     self._on_trouble)
        self._orders: str | None = None
        self._sold_epoch: int | None = None
        self._history: list[SlotView] = []
        self._layer2_seconds = 0.0

    def _array(self) -> "BoardArray | None":
        """The array that this node sells, where it does."""
        market = self.setup.market
        if market is None or market.seller is None or self.setup.prover is None:
            return None
        from proofmill.host.network.node.market_part import board_array

        return board_array(market.seller)

    def _market(self, array: "BoardArray | None") -> "NodeMarket | None":
        if self.setup.market is None:
            return None
        from proofmill.host.network.node.market_offers import BlockLoad
        from proofmill.host.network.node.market_part import NodeMarket

        prover = self.prover
        constraints = 0 if prover is None else prover.setup.circuit.r1cs.constraints
        return NodeMarket(
            self.setup.market, self.follower, array,
            lambda: BlockLoad(0, 0) if prover is None else BlockLoad(
                prover.bound_ms, prover.unproven),
            constraints, self._send, self._run_beside,
            None if prover is None else prover.setup.prover, self._multiplies)

    def _multiplies(self, device: str, reason: str) -> None:
        """What multiplies the matrices of models from now on, says a thread that computes."""
        self._say("matrices", {"device": device, "reason": reason})

    def sign_transfers(self, sign: bool) -> None:
        """Whether each of the node's validators that has an account signs transfers here."""
        self._load = Load(self.setup.chain.seed, self.follower.chain_id, sorted(
            self.follower.ledger().accounts.keys() & set(self.setup.own) if sign else ()))

    async def start(self) -> int:
        """Listen to peers and wallets, and return the port for peers."""
        port = await self.gossip.start()
        await self.service.start()
        return port

    def tick(self, slot: int, milliseconds: int) -> None:
        """Move the clock, and do what is due: nothing but catching up while peers know more.

        Devices work on meanwhile: what a prover does keeps no validator from its duties.
        """
        slot, milliseconds = self._own_time(slot, milliseconds)
        self._order(slot)
        log.debug("the clock: slot %d, %d ms", slot, milliseconds, extra={"slot": slot})
        new = slot > self.follower.slot
        self.follower.tick(slot, milliseconds)
        if new:
            for topic, data, peer in self._early.release():
                self.gossip.again(peer, topic, data)
        self._pass_on()
        self.catch_up.tick(self.gossip.peers)
        if self.catch_up.busy:
            return
        match milliseconds:
            case 0:
                self.validators.propose()
            case _ if milliseconds == ATTEST_MS:
                self.validators.attest()
            case _ if milliseconds == CONFIRM_MS:
                self.validators.confirm()
                self._sign_transfers(slot + 1)
                if slot == 0:
                    return  # genesis: its head is signed for the first block, and that is all
                if self._final is not None:
                    self._final.keep_in_time(self.follower)
                else:  # as for blocks' facts
                    self._history.append(view_of(
                        slot, self.follower.head(), self.follower.head_state(),
                        self.follower.finalized_epoch))
        if new and self._clock is not None:
            self._keep_sold()
        start = time.perf_counter()
        self.follower.check_contracts()
        self._work()
        self._layer2_seconds += time.perf_counter() - start

    def _keep_sold(self) -> None:
        """Write down what has come of the market, for `proofmill market`."""
        epoch = self.follower.finalized_epoch
        if self.market is None or epoch == self._sold_epoch:
            return
        self._sold_epoch = epoch
        write_atomically(self.setup.folder / SOLD, [
            json.dumps({"market": self._sold().record}).encode()], to_disk=False)

    def traffic(self) -> Traffic:
        """What the clock waits for."""
        return Traffic(self.gossip.counts(), any(
            part is not None and part.busy
            for part in (self.certificates, self.prover, self.market, self.blobs)))

    def _greet(self, peer: str) -> None:
        if self.certificates is not None:
            self.certificates.greet(peer)
        if peer not in self.gossip.askers:
            self.catch_up.greet(peer)

    def _work(self) -> None:
        if self.certificates is not None and not self.catch_up.busy:
            self.certificates.work()
        if self.blobs is not None and not self.catch_up.busy:
            self.blobs.work()
            self.validators.reveal()
        if self.prover is not None and not self.catch_up.busy:
            try:
                self.prover.work()
            except StorageError:    # without its log a node must not sign
                raise
            except Exception as error:  # whatever it was, the validators have other duties
                self.prover.notes[self.follower.slot] = f"proving failed: {error!r}"
        if self.market is not None and not self.catch_up.busy:
            try:
                self.market.work()
            except StorageError:
                raise
            except Exception as error:  # as for proofs: the market is nobody's duty
                log.exception("the market: %s", error, extra={"slot": self.follower.slot})

    def _sign_transfers(self, slot: int) -> None:
        """Send the transfers that this node's accounts make for the block of `slot`."""
        for raw in self._load.transfers(slot, self.follower.ledger(), self.follower.transfers):
            self._send(Topic.TRANSFER, raw)

    def _take_from_wallet(self, topic: Topic, raw: bytes) -> Answer:
        """Take in and pass on what a wallet has signed."""
        answer = self.follower.take(topic, raw, "a wallet")
        if answer[0] is Reception.ACCEPT:
            self.gossip.publish(topic, raw)
        return answer

    def _run_beside(self, work: Callable[[], Made]) -> Future[Made]:
        loop = self._loop = asyncio.get_running_loop()
        made = self._beside.submit(work)

        def done(_: Future[Made]) -> None:
            with suppress(RuntimeError):  # the node has ended
                loop.call_soon_threadsafe(self._go_on)

        made.add_done_callback(done)
        return made

    def _proven(self, job: LoggedJob, result: ProofResult) -> None:
        assert self.prover is not None
        self._tell("proof", job.slot, {
            "job": job.key.name, "device": result.device, "seconds": round(result.seconds, 6),
            "cycles": result.cycles,
            "constraints": self.prover.setup.circuit.r1cs.constraints})

    def _faulty(self, device: str, reason: str, pause_ms: int) -> None:
        """A device is put aside, says the thread that proves."""
        self._say("fault", {"device": device, "reason": reason, "pause_ms": pause_ms})

    def _say(self, kind: str, fields: dict[str, Value]) -> None:
        """Tell of a device what a thread says that has used it."""
        def tell() -> None:
            if self._closed:
                return  # it was given back, which is no fault
            try:
                self._tell(kind, self.follower.slot, fields)
            except StorageError as error:
                self._on_trouble(error)

        with suppress(RuntimeError):  # the node has ended
            self._loop.call_soon_threadsafe(tell)

    def _go_on(self) -> None:
        """Work on with a proof that is made. No command waits for it, so trouble is reported."""
        if self._closed:
            return  # the log is given back; the next life makes the proof again
        if self._clock is not None:
            slot, milliseconds = divmod(self._clock(), SLOT_MS)
            # A new slot begins with a tick, which has more to do.
            if slot == self.follower.slot and milliseconds > self.follower.milliseconds:
                self.follower.tick(slot, milliseconds)
        try:
            self._work()
        except StorageError as error:
            self._on_trouble(error)

    def _own_time(self, slot: int, milliseconds: int) -> tuple[int, int]:
        """What this node's clock shows at that time, genesis at the earliest."""
        return divmod(max(0, slot * SLOT_MS + milliseconds + self.setup.drift_ms), SLOT_MS)

    def _order(self, slot: int) -> None:
        """Tell the device what it is to do, if that has changed."""
        orders = next((fault.kind for fault in self.setup.faults
                       if fault.start < slot <= fault.end), "")
        if self.setup.faults and orders != self._orders:
            (self.setup.folder / ORDERS).write_text(orders)
            self._orders = orders

    def resume(self, slot: int, milliseconds: int) -> int:
        """Go on after a former life: what it has kept after its final state is taken in again; how
        many blocks."""
        self.follower.tick(*self._own_time(slot, milliseconds))
        final = self._final
        blocks = self.follower.load() if final is None else self.follower.load(
            lambda: final.keep_in_time(self.follower))
        self.follower.transfers.restore()
        return blocks

    def rest(self) -> None:
        """At the end of a life in which nothing went wrong: the next one has little to check.
        StorageError where the disk fails."""
        if self._final is not None:
            self.follower.follow_finality()
            if self.certificates is not None:
                self.certificates.keep()
            self._final.keep(self.follower)

    def report(self) -> NodeReport:
        """How it went."""
        jobs: dict[State, tuple[int, ...]] = {}
        for job in self.jobs.jobs():
            jobs[job.state] = (*jobs.get(job.state, ()), job.slot)
        eras = None if self.certificates is None else self.certificates.eras
        return NodeReport(
            self.setup.name, tuple(self._history),
            tuple(int(balance) for balance in self.follower.head_state().balances),
            self._tokens(), self.follower.whole_account(), tuple(self.follower.branch()),
            self.follower.layer.consensus.call("finalized_slot"),
            tuple(job.slot for job in self.jobs.jobs() if job.proof is not None), jobs,
            dict(self.prover.notes) if self.prover else {}, dict(self.gossip.dropped),
            self.gossip.forwarded, tuple(self.validators.refused), self._layer2_seconds,
            self.catch_up.fetched,
            tuple(index for index, validator in enumerate(self.follower.head_state().validators)
                  if validator.slashed),
            self.follower.credited_certificates(),
            () if self.certificates is None else self.certificates.slashed,
            () if eras is None else tuple(eras.made), () if eras is None else tuple(eras.roots()),
            {} if eras is None else {
                root: dict(ledger.accounts) for root, ledger in eras.ledgers.items()},
            None if self.market is None else self._sold(),
            None if self.blobs is None else self.blobs.report)

    def _sold(self) -> "MarketReport":
        assert self.market is not None
        missed = sum(job.state is State.MISSED for job in self.jobs.jobs())
        return self.market.report(self.setup.name, self._tokens()[0], missed)

    def last_words(self) -> tuple[tuple[BlockFacts, ...], int]:
        """The branch and its final slot, as of `NodeReport`; the chain may be what is broken."""
        branch: tuple[BlockFacts, ...] = ()
        final_slot = 0
        with suppress(Exception):
            branch = tuple(self.follower.branch())
            final_slot = self.follower.layer.consensus.call("finalized_slot")
        return branch, final_slot

    def ask(self, accounts: Collection[int], payloads: Collection[bytes]) -> None:
        """A full node has the ledger itself, and asks nobody."""

    def trusted(self) -> Trusted:
        """As of `Certificates`, on a chain that has them."""
        assert self.certificates is not None
        return Trusted(*self.certificates.trusted, self.certificates.first_ledger)

    async def close(self) -> None:
        """End connections and give back files."""
        self._closed = True
        await self.service.close()
        await self.gossip.close()
        if self.prover is not None:
            self.prover.setup.prover.close()
        if self.certificates is not None:
            self.certificates.close()
        self._beside.shutdown()
        if self.blobs is not None:
            self.blobs.close()
        self._files.close()

    def _take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        if topic in CERTIFICATE_TOPICS:
            return self._take_certificates(topic, data, peer)
        if topic in DIRECTED:
            return self.catch_up.take(topic, data, peer)
        verdict, reason = self.follower.take(topic, data, peer)
        if verdict is Reception.IGNORE:
            self._early.notice(topic, data, peer, reason)
        self._pass_on()
        if verdict is Reception.IGNORE and reason in (PARENT_UNKNOWN, PARENT_EMPTY):
            self.catch_up.missing(data, peer)
        return verdict, reason

    def _take_certificates(self, topic: Topic, data: bytes, peer: str) -> Answer:
        if self.certificates is None:
            return Reception.IGNORE, "this node takes no part in certificates"
        verdict, reason = self.certificates.take(topic, data, peer)
        if verdict is Reception.IGNORE:
            self._early.notice(topic, data, peer, reason)
        return verdict, reason

    def _pass_on(self) -> None:
        """Send on what had come too early and holds."""
        for topic, message in self.follower.released():
            self.gossip.publish(topic, bytes(message.encode_bytes()))

    def _publish(self, topic: Topic, message: spec.Container) -> None:
        if not self._send(topic, bytes(message.encode_bytes())):
            return
        if topic is Topic.BLOCK:
            self._tell("block", self.follower.slot,
                       {"root": name_of(bytes(spec.hash_tree_root(message.message)))})
        elif topic is Topic.ATTESTATION and self.certificates is not None:
            self.certificates.attested(message)

    def _tokens(self) -> tuple[int, int]:
        balance_of = self.follower.layer.rewards
        keys, own = self.setup.chain.keys, self.setup.own
        paid_at = {each.reward_address for each in self.setup.chain.provers
                   if each.identity == self.setup.prover}
        addresses = {keys[index].address for index in own} - paid_at
        return tuple(sum(int(balance_of.call("balanceOf", address)) for address in each)
                     for each in (paid_at, addresses))  # type: ignore[return-value]

    def _send(self, topic: Topic, data: bytes) -> bool:
        """Take in and send on what is this node's own; whether it has gone out."""
        # What this node would not take from another it does not send.
        verdict, reason = self.follower.take(topic, data, "self")
        if verdict in (Reception.ACCEPT, Reception.KEEP):
            self.gossip.publish(topic, data)
            return True
        self.validators.refuse(f"own {topic.name} of slot {self.follower.slot}: {reason}")
        log.error(self.validators.refused[-1], extra={"slot": self.follower.slot})
        return False


def view_of(
    slot: int, head: spec.ForkChoiceNode, state: spec.BeaconState, finalized_epoch: int
) -> SlotView:
    """The view of a slot, from the head's `ForkChoiceNode` and the state after its block."""
    parts = [spec.hash_tree_root(part) for part in (
        state.validators, state.balances, state.inactivity_scores,
        state.previous_epoch_participation, state.current_epoch_participation,
        state.randao_mixes, state.proposer_lookahead, state.current_sync_committee,
        state.previous_justified_checkpoint.epoch, state.current_justified_checkpoint.epoch,
        state.finalized_checkpoint.epoch)]
    return SlotView(slot, bytes(head.root), sha256(b"".join(map(bytes, parts))).digest(),
                    finalized_epoch, (int(state.finalized_checkpoint.epoch),
                                      bytes(state.finalized_checkpoint.root)))


def _prover(
    setup: NodeSetup, follower: Follower, jobs: JobStore, publish: Callable[[Topic, bytes], object],
    beside: Beside[ProofResult], on_proof: Callable[[LoggedJob, ProofResult], None],
    on_fault: Callable[[str, str, int], None], array: "BoardArray | None" = None,
    others: Callable[[], Sequence[Liability]] = tuple,
) -> NodeProver | None:
    if setup.prover is None:
        return None
    from proofmill.host.prover.groth16.zkey import read_zkey

    assert setup.device is not None and setup.zkey is not None and setup.prover_key is not None
    key = read_zkey(setup.zkey)
    weight_words = 0
    if array is not None:    # it is sold
        from proofmill.host.prover.devices.matrices import WEIGHT_WORDS

        weight_words = WEIGHT_WORDS
    opened = setup.device.open(setup.folder, bool(setup.faults), weight_words)
    circuit = RollupCircuit(setup.chain.size)
    address = follower.provers[follower.numbers[setup.prover]].reward_address
    return NodeProver(ProverSetup(
        setup.prover, setup.prover_key, address, circuit,
        PatientProver(key, opened.devices, circuit.r1cs, on_fault, opened.stand_ins,
                      setup.device.milliseconds),
        block_verifier(setup.chain.verification_key),
        setup.device.first_ms, setup.device.milliseconds, setup.forge,
        setup.withhold, on_proof, array), follower, jobs, publish, beside,
        others)
