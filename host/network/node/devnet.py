"""Several independent nodes on this machine, each a process, and the clock they share.

The parent starts them, introduces them to each other, moves the clock when all messages of a step
have been handled, and collects what they report. It decides nothing: it knows messages only by
their number.
"""

import logging
import multiprocessing
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_hash.auto import keccak

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.log_fields import LogTo
from proofmill.host.network.certificates.companion import registered
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.engines import MakeEngines
from proofmill.host.network.consensus.genesis import STAKE_GWEI, genesis_validators_root
from proofmill.host.network.consensus.keys import ValidatorKey, derive_keys
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node import companion_bonds
from proofmill.host.network.node.certificates import CertificateSetup
from proofmill.host.network.node.contract_state import ProverAccount
from proofmill.host.network.node.era_maker import EraSetup
from proofmill.host.network.node.follower import SLOT_MS, ChainSetup
from proofmill.host.network.node.identity import Identity, new_identity
from proofmill.host.network.node.light_peer import FirstLedger, LightReport, LightSetup
from proofmill.host.network.node.node import (
    CONFIRM_MS,
    STEPS_MS,
    DeviceSpeed,
    Fault,
    NodeReport,
    NodeSetup,
    SlotView,
    view_of,
)
from proofmill.host.network.node.opening import (
    BOND_WEI,
    Founder,
    GenesisEngines,
    both,
    devnet_parameters,
    minimum_bond_wei,
    open_chain,
)
from proofmill.host.network.node.process import (
    NodeFailure,
    Traffic,
    Trusted,
    belong_to_parent,
    run_node,
)
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.devices.faulty import HANG
from proofmill.host.prover.groth16.verification_key import VerificationKey

if TYPE_CHECKING:  # these need the extra for AI
    from proofmill.host.network.node.market_devnet import MarketPlan
    from proofmill.host.network.node.market_part import MarketSetup

log = logging.getLogger(__name__)

STAKERS = DeviceSpeed("cpu", "cpu", 500)
"""What makes the blobs of who proves nothing."""
START_SECONDS = 120.0
COMPILE_SECONDS = 20.0
"""How much longer a node may take to start for each transfer of a batch: provers compile the
circuit, side by side."""
MARKET_SECONDS = 120.0
"""As much longer where there is a market: its contracts are created, its goods' circuits made."""
PLACE_SECONDS = 4.0
"""As much longer for each place of a certificate, to whoever makes them."""
ANSWER_SECONDS = 120.0
"""How long a node may take for one step before it counts as dead. Simulated hardware is slow."""
SETTLE_SECONDS = 20.0
"""How long messages may be on their way before the clock goes on without them."""
HANG_SECONDS = 3.0
"""How long the clock waits for a device that is known to hang."""
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class NodePlan:
    """One node: how many validators it has, and the device it proves on, None for none.

    `forge`: it signs proofs that do not verify. `withhold`: it sends none. `faults`: of its device.
    `drift_ms`: how far its clock is ahead. `late`: the slot after which it joins, 0 for the start.
    `sign_twice`: its first validator's companion key signs what it must not.
    """

    name: str
    validators: tuple[int, ...]
    prover: int | None = None
    device: DeviceSpeed | None = None
    forge: bool = False
    withhold: bool = False
    faults: tuple[Fault, ...] = ()
    drift_ms: int = 0
    late: int = 0
    sign_twice: bool = False

    @property
    def role(self) -> str:
        """Staker, prover or both."""
        if self.prover is None:
            return "staker"
        return "both" if self.validators else "prover"


def plan_nodes(validators: int, devices: Sequence[DeviceSpeed]) -> list[NodePlan]:
    """A node for each device, every other one without validators, and one that only stakes.

    Execution proofs are signed by validators (EIP-8025): node 3 signs as validator 3. A node that
    only proves signs in the name of one whose other duties are the staker's.
    """
    count = len(devices)
    shares = [[index] if index % 2 == 0 else [] for index in range(count)]
    shares.append(list(range(1, count, 2)))
    staking = [*shares[0:count:2], shares[-1]]
    for index in range(count, validators):
        min(staking, key=len).append(index)
    plans = [NodePlan(f"node {index}", tuple(shares[index]), index, device)
             for index, device in enumerate(devices)]
    return [*plans, NodePlan(f"node {count}", tuple(shares[-1]))]


def prover_accounts(
    plans: Sequence[NodePlan], keys: Sequence[ValidatorKey]
) -> tuple[ProverAccount, ...]:
    """The provers of the plans, ascending: the order in which they register.

    Who stakes as well is paid where its validator is; who only proves, at an address of its own.
    """
    accounts = []
    for plan in plans:
        if plan.prover is not None:
            owner = keys[plan.prover].address
            alone = bytes(keccak(b"proofmill prover " + plan.name.encode()))[12:]
            accounts.append(ProverAccount(plan.prover, owner, owner if plan.validators else alone))
    return tuple(sorted(accounts, key=lambda each: each.identity))


@dataclass(frozen=True)
class LightPlan:
    """Light nodes beside the full ones: how many, and the circuit of certificates with its keys.

    `zkey`: for the first node that proves, which makes the certificates.
    """

    count: int
    size: CertificateSize
    verification_key: VerificationKey
    zkey: Path
    eras: EraSetup | None = None
    """What light nodes follow the ledger by; the same node makes the eras."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the light nodes."""
        return tuple(f"light {index}" for index in range(self.count))


@dataclass(frozen=True)
class DevnetSetup:
    """All a devnet needs. `zkey`: the block circuit's key as a file, for nodes that prove."""

    nodes: Sequence[NodePlan]
    folder: Path
    seed: int
    size: RollupSize
    verification_key: VerificationKey
    zkey: Path
    parameters: Parameters = field(default_factory=devnet_parameters)
    guests: Mapping[str, str] = field(default_factory=dict)
    """Certificates of further peers, by name, that all nodes let in: what tests play."""
    log_to: LogTo | None = None
    """As in `NodeSetup`; each node's file is in its own folder."""
    light: LightPlan | None = None
    """None for a chain without certificates of finality."""
    market: "MarketPlan | None" = None
    """None for a chain without a market."""
    delay_squarings: int = 0
    """Of the delay function on the mixes that draw; 0 for none."""
    blobs: int = 0
    """That every block brings."""

    def folder_of(self, name: str) -> Path:
        """Of the node of this name."""
        return self.folder / name.replace(" ", "-")


@dataclass
class _Running:
    setup: NodeSetup | LightSetup
    process: BaseProcess
    control: Connection
    port: int = 0


class NoNodeLeftError(ProofmillError):
    """Every node of a devnet has ended before the run had."""


class Devnet(Closing):
    """Running nodes; leave the context, and none is left."""

    def __init__(self, setup: DevnetSetup) -> None:
        self.setup = setup
        self.dead: dict[str, str] = {}
        """Nodes that are no more, and what is known of it."""
        self.failures: dict[str, NodeFailure] = {}
        """Of the dead nodes those that an error of their own has ended."""
        self.failed: dict[str, str] = {}
        """The dead nodes that nobody has killed, and how they ended."""
        self.unsettled = 0
        """Steps after which messages were still on their way when the clock went on."""
        self.slot = 0
        self.disturbed: set[int] = set()
        """Slots in which a node was away, or had not heard everything."""
        self.outages: list[str] = []
        """What was done to nodes, a sentence each."""
        self._cut: set[str] = set()
        self._half: set[str] = set()
        """The nodes that the others do not hear while the network is split."""
        self._joined = False
        """Whether two halves have just been connected: until one slot's votes have gone round among
        all, a proposer may be on the branch that loses."""
        self._late: dict[str, NodeSetup] = {}
        """Nodes that have not joined yet."""
        self._unwaited: set[str] = set()
        """Nodes whose device has kept the clock waiting in vain, until it is done."""
        self._steps = tuple(sorted(
            {(step - plan.drift_ms) % SLOT_MS for plan in setup.nodes for step in STEPS_MS}
            | set(STEPS_MS)))
        self._engines: GenesisEngines | None = None
        self._nodes: dict[str, _Running] = {}
        self._reference: tuple[BaseProcess, Connection] | None = None
        self._context = multiprocessing.get_context("spawn")

    def __enter__(self) -> "Devnet":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    @property
    def alive(self) -> list[str]:
        """Names of the nodes that run."""
        return [name for name in self._nodes if name not in self.dead]

    @property
    def ports(self) -> dict[str, int]:
        """Where each node listens, on 127.0.0.1."""
        return {name: node.port for name, node in self._nodes.items()}

    def process_id(self, name: str) -> int:
        """Of a node's process."""
        identifier = self._nodes[name].process.pid
        assert identifier is not None
        return identifier

    def run(self, slots: int, on_slot: Callable[[int, int], None] | None = None) -> None:
        """Let `slots` slots pass; `on_slot` hears (slots done, slots in all)."""
        for done in range(1, slots + 1):
            self.next_slot()
            if on_slot is not None:
                on_slot(done, slots)

    def next_slot(self) -> None:
        """Let one slot pass. NoNodeLeftError when no node is left."""
        self.slot += 1
        before = self.unsettled
        for milliseconds in self._steps:
            self._ask(("tick", self.slot, milliseconds), ANSWER_SECONDS)
            self._require_nodes()
            self._settle()
        if (self.dead or self._cut or self._half or self._late or self._joined
                or self.unsettled > before):
            self.disturbed.add(self.slot)
        self._joined = False

    def kill(self, name: str) -> None:
        """Kill a node at once (SIGKILL), as it stands."""
        process = self._nodes[name].process
        process.kill()
        process.join()
        self._bury(name, "")
        del self.failed[name]
        self.outages.append(f"{name} killed after slot {self.slot}")

    def restart(self, name: str) -> None:
        """Start a killed node again, from what it has kept; it catches up before this returns."""
        old = self._nodes[name]
        assert name in self.dead, f"{name} runs"
        old.control.close()
        del self.dead[name]
        blocks = self._begin(name, old.setup)
        self.outages.append(
            f"{name} did not start again after slot {self.slot}" if blocks is None else
            f"{name} started again after slot {self.slot}, with {blocks} blocks")

    def join(self, name: str) -> None:
        """Start a node that is late; it catches up before this returns."""
        blocks = self._begin(name, self._late.pop(name))
        how = "did not start" if blocks is None else "joined"
        self.outages.append(f"{name} {how} after slot {self.slot}")

    def cut(self, name: str) -> None:
        """Break all connections of a node; it goes on alone until `heal`."""
        self._break(name, [other for other in self._nodes if other != name])
        self._cut.add(name)
        self.outages.append(f"{name} cut off after slot {self.slot}")

    def heal(self, name: str) -> None:
        """Connect a node again that was cut off; it and the others catch up."""
        self._cut.discard(name)
        self._link(name, self._reachable(name))
        self._settle()
        self.outages.append(f"{name} connected again after slot {self.slot}")

    def split(self) -> None:
        """Break the connections between the first half of the nodes and the second."""
        first, second = halves(self.setup.nodes)
        self._half = set(first)
        for name in first:
            if name in self.alive:
                self._break(name, second)
        self.outages.append(f"the network is split after slot {self.slot}: {', '.join(first)} do "
                            f"not hear {', '.join(second)}")

    def join_halves(self) -> None:
        """End `split`: the halves are connected again, and catch up."""
        first, self._half, self._joined = self._half, set(), True
        for name in [name for name in self.alive if name in first and name not in self._cut]:
            self._link(name, [other for other in self._reachable(name) if other not in first])
        self._settle()
        self.outages.append(f"the halves are connected again after slot {self.slot}")

    def reports(self) -> dict[str, NodeReport]:
        """What every living full node has to say. NoNodeLeftError when there is none."""
        found = self._ask(("report",), ANSWER_SECONDS, self._full)
        self._require_nodes()
        return found

    def light_reports(self) -> dict[str, LightReport]:
        """What every living light node has to say."""
        return self._ask(("report",), ANSWER_SECONDS,
                         [each for each in self.alive if each in self._light_names])

    def ask_light(self, accounts: Sequence[int], payloads: Sequence[bytes]) -> None:
        """Have every living light node ask its peers for accounts, by number, and which payloads,
        by block hash, are proven, and wait for the answers."""
        self._ask(("ask", tuple(accounts), tuple(payloads)), ANSWER_SECONDS,
                  [each for each in self.alive if each in self._light_names])
        self._settle()

    def start_reference(self, slots: int) -> None:
        """Begin to run the same chain without any prover, in a process of its own."""
        ours, theirs = self._context.Pipe()
        setup = self.setup
        assert self._engines is not None, "the nodes have not been started"
        count = sum(len(plan.validators) for plan in setup.nodes)
        process = self._context.Process(
            target=run_reference, daemon=True, name="proofmill reference",
            args=(theirs, setup.seed, count, setup.size, self._engines, slots))
        _start_deaf(process)
        theirs.close()
        self._reference = process, ours

    def reference(self) -> list[SlotView]:
        """Layer 1 slot by slot without provers; waits for `start_reference`'s process."""
        assert self._reference is not None, "there is no reference to wait for"
        try:
            views: list[SlotView] = self._reference[1].recv()
        except EOFError as error:
            raise ProofmillError("the run without provers ended early; try again") from error
        return views

    def close(self) -> None:
        """End every process, by asking first; may be called again."""
        for node in self._nodes.values():
            with suppress(OSError):
                node.control.send(("stop",))
        processes = [node.process for node in self._nodes.values()]
        if self._reference is not None:
            self._reference[0].kill()
            processes.append(self._reference[0])
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        for node in self._nodes.values():
            node.control.close()
        if self._reference is not None:
            self._reference[1].close()
        self._reference = None

    def _start(self) -> None:
        setup = self.setup
        identities = {name: new_identity() for name in (
            *(plan.name for plan in setup.nodes), *self._light_names)}
        count = sum(len(plan.validators) for plan in setup.nodes)
        keys = derive_keys(setup.seed, count)
        public = [replace(key, secret=0) for key in keys]
        accounts = prover_accounts(setup.nodes, keys)
        rich = {each.owner for each in accounts} | {
            keys[plan.validators[-1]].address for plan in setup.nodes if plan.validators}
        market: Founder | None = None
        if setup.market is not None:
            from proofmill.host.network.node import market_devnet

            market = market_devnet.founder(setup.seed, setup.market)
            rich |= market_devnet.rich(setup.seed, self._sellers)
        bonds = None if setup.light is None else companion_bonds.founder(
            keys, genesis_validators_root(keys), [
                companion_bonds.Bonding(plan.validators[0], plan.validators[-1])
                for plan in setup.nodes if plan.validators])
        minimum = minimum_bond_wei(count, setup.parameters)
        certifying = self._certifying(keys)
        engines = self._engines = open_chain(
            EvmEngines(setup.verification_key, setup.parameters, minimum, tuple(sorted(rich)),
                       setup.delay_squarings,
                       certificates=None if certifying is None else certifying.terms(keys)),
            setup.seed, setup.size, keys, accounts, BOND_WEI, both(bonds, market))
        bonded, place = engines.place or (None, None)
        markets = self._markets(place)
        if certifying is not None:
            certifying = replace(certifying, bonds=bonded)
        maker = next((plan.name for plan in setup.nodes if plan.prover is not None), None)
        for plan in setup.nodes:
            own = set(plan.validators)
            node = NodeSetup(
                name=plan.name, folder=setup.folder_of(plan.name),
                identity=identities[plan.name], peers=self._peers_of(plan.name, identities),
                # A node is given the secrets of its own validators, and nobody else's.
                chain=ChainSetup(
                    tuple(keys[i] if i in own else public[i] for i in range(count)),
                    engines, setup.seed, setup.size, setup.verification_key, setup.parameters,
                    minimum, BOND_WEI, accounts),
                own=plan.validators, prover=plan.prover,
                prover_key=None if plan.prover is None else keys[plan.prover],
                device=plan.device, zkey=setup.zkey, forge=plan.forge,
                withhold=plan.withhold, faults=plan.faults, drift_ms=plan.drift_ms,
                log_to=setup.log_to, market=markets.get(plan.name),
                blobs=(plan.device or STAKERS).blobs(setup.blobs, setup.seed)
                if setup.blobs else None,
                certificates=None if certifying is None else replace(
                    certifying if plan.name == maker else certifying.without_making(),
                    sign_twice=plan.validators[0] if plan.sign_twice else None))
            if plan.late:
                self._late[plan.name] = node
            else:
                self._nodes[plan.name] = self._spawn(node)
        for name, answer in self._answers(self._start_seconds).items():
            self._nodes[name].port = answer[1]
        self._start_light(identities)
        names = self.alive
        if len(names) < len(self._nodes):
            raise ProofmillError(f"not every node started: {self._epitaphs()}")
        for index, name in enumerate(names):
            self._link(name, names[index + 1 :])
        # The sync committee signs genesis as the head of slot 0, for the first block.
        self._ask(("tick", 0, CONFIRM_MS), ANSWER_SECONDS)
        self._settle()

    @property
    def _sellers(self) -> list[str]:
        """Names of the nodes that prove: all of them sell, where there is a market."""
        return [plan.name for plan in self.setup.nodes if plan.prover is not None]

    def _markets(self, place: Any) -> "Mapping[str, MarketSetup]":
        """What nodes are told of the market; the last one, which only stakes, buys."""
        setup = self.setup
        if setup.market is None:
            return {}
        from proofmill.host.network.node.market_devnet import setups

        return setups(setup.seed, setup.market, place, setup.folder, self._sellers,
                      setup.nodes[-1].name)

    def _peers_of(self, name: str, identities: Mapping[str, Identity]) -> dict[str, str]:
        """Certificates of all that a node of this name lets in: everybody but itself."""
        everybody = {**{other: each.certificate for other, each in identities.items()},
                     **self.setup.guests}
        return {other: certificate for other, certificate in everybody.items() if other != name}

    def _certifying(self, keys: Sequence[ValidatorKey]) -> CertificateSetup | None:
        """What full nodes are told of certificates: every validator has a companion key."""
        light = self.setup.light
        if light is None:
            return None
        return CertificateSetup(
            registered(keys), light.size,
            light.verification_key, light.zkey, frozenset(light.names), eras=light.eras)

    def _start_light(self, identities: Mapping[str, Identity]) -> None:
        """Start the light nodes: they trust what the first full node says of genesis."""
        light, setup = self.setup.light, self.setup
        if light is None or not self.alive:
            return
        self._nodes[first := self.alive[0]].control.send(("trusted",))
        trusted: Trusted = self._answer(first)
        ledger = None if light.eras is None or trusted.ledger is None else FirstLedger(
            light.eras.key, light.eras.heads, *trusted.ledger)
        for name in light.names:
            self._nodes[name] = self._spawn(LightSetup(
                name, setup.folder_of(name), identities[name], self._peers_of(name, identities),
                light.verification_key, trusted.checkpoint, trusted.registry, setup.log_to, ledger))
        for name, answer in self._answers(START_SECONDS, light.names).items():
            self._nodes[name].port = answer[1]

    @property
    def _full(self) -> list[str]:
        """Names of the full nodes that run."""
        return [name for name in self.alive if name not in self._light_names]

    @property
    def _light_names(self) -> tuple[str, ...]:
        return () if self.setup.light is None else self.setup.light.names

    @property
    def _start_seconds(self) -> float:
        places = 0 if self.setup.light is None else self.setup.light.size.places
        return (START_SECONDS + COMPILE_SECONDS * self.setup.size.transfers
                + PLACE_SECONDS * places
                + (0.0 if self.setup.market is None else MARKET_SECONDS))

    def _spawn(self, setup: NodeSetup | LightSetup) -> _Running:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=run_node, args=(setup, theirs), daemon=True, name=f"proofmill {setup.name}")
        _start_deaf(process)
        theirs.close()
        return _Running(setup, process, ours)

    def _begin(self, name: str, setup: NodeSetup | LightSetup) -> int | None:
        """Start a node in the middle of the run and let it catch up: how many blocks it had itself,
        None where it has not started."""
        node = self._nodes[name] = self._spawn(setup)
        started = self._answers(self._start_seconds, [name])
        if name in started:
            node.port = started[name][1]
            node.control.send(("resume", self.slot, self._steps[-1]))
            started = self._answers(START_SECONDS, [name])
        if name not in started:
            return None
        blocks: int = started[name]
        self._link(name, self._reachable(name))
        self._settle()
        return blocks

    def _reachable(self, name: str) -> list[str]:
        """Whom a node may be connected with now."""
        if name in self._cut:
            return []
        return [other for other in self.alive if other != name and other not in self._cut
                and (other in self._half) == (name in self._half)]

    def _break(self, name: str, others: Sequence[str]) -> None:
        self._nodes[name].control.send(("cut", tuple(others)))
        self._answers(ANSWER_SECONDS, [name])

    def _link(self, name: str, others: Sequence[str]) -> None:
        """Connect a node to others, and wait until both sides of each connection have it."""
        deadline = time.monotonic() + START_SECONDS
        missing = list(others)
        while missing:
            if time.monotonic() > deadline:
                raise ProofmillError(
                    f"{name} does not reach {', '.join(missing)}; is loopback blocked?")
            for other in missing:
                # A side that still has an old connection refuses: then once more.
                with suppress(OSError):  # it has died, which the answer says
                    self._nodes[name].control.send(("connect", self._nodes[other].port))
                problem = self._answer(name)
                if problem:
                    raise ProofmillError(f"{name} cannot reach {other}: {problem}")
            for _ in range(20):
                counts = self._ask(("counts",), ANSWER_SECONDS)
                if name not in counts:
                    raise ProofmillError(f"{name} died while it connected: {self.dead[name]}")
                missing = [other for other in others if other in self.alive
                           and not (other in counts[name].peers and name in counts[other].peers)]
                if not missing:
                    break
                time.sleep(0.01)

    def _ask(self, command: tuple[Any, ...], seconds: float, names: Sequence[str] | None = None
             ) -> JsonObject:
        asked = self.alive if names is None else names
        for name in asked:
            try:
                self._nodes[name].control.send(command)
            except OSError:
                self._bury(name, "")
        return self._answers(seconds, [name for name in asked if name not in self.dead])

    def _answers(self, seconds: float, names: Sequence[str] | None = None) -> JsonObject:
        """One answer from each node, in the order in which they are asked, whoever is the first to
        give one; who does not is dead."""
        asked = self.alive if names is None else names
        waiting = {self._nodes[name].control: name for name in asked}
        answers: JsonObject = {}
        deadline = time.monotonic() + seconds
        while waiting:
            ready = wait(list(waiting), max(0.0, deadline - time.monotonic()))
            if not ready:
                for name in waiting.values():
                    self._nodes[name].process.kill()
                    self._bury(name, f"it gave no answer for {seconds:.0f} s")
                break
            for connection in ready:
                assert isinstance(connection, Connection)
                name = waiting.pop(connection)
                try:
                    answer = connection.recv()
                except (EOFError, OSError):
                    self._bury(name, "")
                    continue
                if isinstance(answer, NodeFailure):
                    self.failures[name] = answer
                    self._bury(name, answer.reason)
                else:
                    answers[name] = answer
        return {name: answers[name] for name in asked if name in answers}

    def _answer(self, name: str) -> Any:
        """One node's answer to what it was asked. ProofmillError if it has died."""
        answers = self._answers(START_SECONDS, [name])
        if name not in answers:
            raise ProofmillError(f"{name} died: {self.dead[name]}")
        return answers[name]

    def _require_nodes(self) -> None:
        if not self._full:
            raise NoNodeLeftError(f"no node is left: {self._epitaphs()}")

    def _epitaphs(self) -> str:
        """What is known of dead nodes, each reason once."""
        names: dict[str, list[str]] = {}
        for name in self._nodes:
            if name in self.dead:
                names.setdefault(self.dead[name], []).append(name)
        return "; ".join(f"{', '.join(who)}: {reason}" for reason, who in names.items())

    def _bury(self, name: str, reason: str) -> None:
        process = self._nodes[name].process
        reason = reason or self._last_words(name)
        process.join(STOP_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        code = process.exitcode
        how = f"ended by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        self.dead[name] = self.failed[name] = f"slot {self.slot}: {reason or how}"
        log.warning("%s is no more: %s", name, self.dead[name], extra={"node": name})

    def _last_words(self, name: str) -> str:
        """What a node that has ended still said of it, if anything."""
        control = self._nodes[name].control
        with suppress(EOFError, OSError):
            while control.poll():
                answer = control.recv()
                if isinstance(answer, NodeFailure):
                    self.failures[name] = answer
                    return answer.reason
        return ""

    def _settle(self) -> None:
        """Wait until every message that was sent has been handled, and has caused no other.

        For devices at work as well, so that proofs are there when they are due in chain time; not
        for one that does not come to an end.
        """
        begun = time.monotonic()
        deadline = begun + SETTLE_SECONDS
        before: object = None
        while time.monotonic() < deadline:
            counts: dict[str, Traffic] = self._ask(("counts",), ANSWER_SECONDS)
            proving = {name for name, each in counts.items() if each.proving}
            self._unwaited &= proving
            # Two equal looks: the first are taken at different times, and a message may pass.
            if not proving - self._unwaited and counts == before and _all_handled(counts):
                return
            before = counts
            if proving:
                waited = time.monotonic() - begun
                self._unwaited |= {name for name in proving if waited > self._patience(name)}
                deadline = time.monotonic() + SETTLE_SECONDS
            time.sleep(0.02 if proving else 0.002)
        self.unsettled += 1

    def _patience(self, name: str) -> float:
        """How long the clock waits for a node's device."""
        faults = next(plan.faults for plan in self.setup.nodes if plan.name == name)
        hangs = any(each.kind == HANG and each.start < self.slot <= each.end for each in faults)
        return HANG_SECONDS if hangs else ANSWER_SECONDS


def _start_deaf(process: BaseProcess) -> None:
    """Start a process that Ctrl-C does not reach, not even while it is starting.

    The signal mask is inherited; a Ctrl-C that comes meanwhile reaches the parent afterwards.
    """
    # Starting the tracker would unblock the signal, so it has to run already.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _all_handled(counts: Mapping[str, Traffic]) -> bool:
    return all(
        sent == counts[peer].peers[name][1]
        for name, traffic in counts.items()
        for peer, (sent, _) in traffic.peers.items()
        # Guests keep no books, and a connection may be cut on one side only.
        if peer in counts and name in counts[peer].peers
    )


def halves(plans: Sequence[NodePlan]) -> tuple[list[str], list[str]]:
    """The names of the nodes on either side of a split: the first half, and the others."""
    names = [plan.name for plan in plans]
    return names[: len(names) // 2], names[len(names) // 2 :]


def run_reference(
    answer: Connection, seed: int, validators: int, size: RollupSize, engines: MakeEngines,
    slots: int,
) -> None:
    """The same chain with nobody proving, by the one-process chain; sends a view of every slot."""
    belong_to_parent()
    chain = EmbeddedChain(lambda public, proof: False, seed, validators, size, engines)
    views = []
    for _ in range(slots):
        if answer.poll():
            return  # nobody waits any more: the pipe has ended
        report = chain.advance()
        views.append(view_of(
            report.slot, chain.head, chain.head_state, report.finalized_epoch))
    with suppress(BrokenPipeError):
        answer.send(views)


def layer1_gwei(plan: NodePlan, report: NodeReport) -> int:
    """What a node's validators have gained on layer 1 by the head of `report`, or lost."""
    return sum(report.balances[index] - STAKE_GWEI for index in plan.validators)
