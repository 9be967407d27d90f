"""The prover's part of a node: which payloads are its to prove, when, and in time for what.

Time is the chain's, not the wall's: a proof that takes this device two seconds is there two seconds
of chain time after it was begun, whatever computing it takes here. That is how several devices of
different speeds can share one machine and one run.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, MutableMapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import lru_cache

from proofmill.host.ground.log_fields import name_of
from proofmill.host.ground.recent import Recent
from proofmill.host.network.array.board import BoardArray
from proofmill.host.network.consensus.block_proofs import proof_to_bytes
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.proofs import PROOF_TYPE, Verify, encode_proof_data
from proofmill.host.network.consensus.records import Claim, ProvingTask
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.transaction import decode_transaction, most_price
from proofmill.host.network.mechanism.stages import Stage, may_prove, stage_of
from proofmill.host.network.node.admission import (
    WINDOW,
    Calibration,
    Liability,
    admit,
    beside,
)
from proofmill.host.network.node.beside import Beside, at_once
from proofmill.host.network.node.follower import SLOT_MS, Follower
from proofmill.host.network.node.jobs import JobRunner, Turn
from proofmill.host.network.node.layer2 import CreditedProof
from proofmill.host.network.node.owned_proof import Handover, numbers_of, own
from proofmill.host.network.node.patience import DeviceInTurn, PatientProver, held_up
from proofmill.host.network.node.states import FINAL, OWED, State
from proofmill.host.network.node.store import JobKey, JobStore, LoggedJob
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.second_layer.coins import Unproven
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.groth16.prove import ProofResult

log = logging.getLogger(__name__)

SUBMIT_MS = SLOT_MS // 4
"""From a finished proof to its arrival at the next proposer: one step of the devnet's clock."""
SUBMIT_GAS = 3_000_000
ATTEMPTS = 3
"""At a proof, each on every device that may be used, before it is given up."""
MOST_NOTES = 4_096
"""Slots whose notes are kept."""
FAR_BELOW = 256
"""Signed messages in a row, newest first, whose nonces finality has closed: a nonce that may still
be of use is not behind them, since only what is open at one time is signed out of order."""
MOST_NONCES = 256
"""Of signed messages that are remembered: those of open jobs are asked for with each new one."""
TO_PROVE = (State.SEEN, State.ELIGIBLE, State.ADMITTED, State.WITNESS, State.PROVING,
            State.HW_ERROR)
"""States of jobs whose proof is not there."""
COORDINATES = 64
"""Bytes of a point of G1 in a proof."""
Publish = Callable[[Topic, bytes], object]
"""Sends a message to the peers, and takes it in here as theirs would be."""
Speed = Callable[[ProofResult], int]
"""Milliseconds of chain time that a proof takes on the device."""


@dataclass(frozen=True)
class ProverSetup:
    """Who proves, with what. `key`: the validator's, whose account owns the bond; `address`: where
    the contract pays rewards, 20 bytes.

    `first_ms`: the device's calibration, what a proof is expected to take; `speed` what each took.
    `forge`: sign and send every proof spoilt, as a prover without a device might. `withhold`: make
    and sign proofs, and send none.
    """

    identity: int
    key: ValidatorKey
    address: bytes
    circuit: RollupCircuit
    prover: PatientProver
    verify: Verify
    first_ms: int
    speed: Speed
    forge: bool = False
    withhold: bool = False
    on_proof: Callable[[LoggedJob, ProofResult], None] = lambda job, result: None
    """Hears of every proof that is made."""
    array: BoardArray | None = None
    """What proofs share with jobs of the market, whose tile they wait for; None: nothing."""


@dataclass
class _Making:
    """A proof that `device` is making, since `begun_ms`; meanwhile it did `other_work` from and to
    these times."""

    begun_ms: int
    result: Future[ProofResult]
    name: str
    device: DeviceInTurn | None
    other_work: list[tuple[int, int]] = field(default_factory=list)

    def end_ms(self, took: int) -> int:
        """When it is there, by the chain's clock, if it takes so long alone."""
        return held_up(self.begun_ms + took, self.other_work)


@dataclass(frozen=True)
class _Late:
    """The proof of a batch that brings no reward any more, for `claim`."""

    claim: Claim
    making: _Making


class NodeProver:
    """Sees payloads, is drawn, admits, proves, signs, sends, and watches over its rewards."""

    def __init__(
        self, setup: ProverSetup, follower: Follower, store: JobStore,
        publish: Publish, beside: Beside[ProofResult] = at_once,
        others: Callable[[], Sequence[Liability]] = tuple,
    ) -> None:
        """`beside`: where devices work; after it, `work` is to be called again. `others`: what is
        owed that goes before proofs on the first device (`interrupt`)."""
        self.setup = setup
        self.refusal: tuple[int, str] | None = None
        """The slot and reason of the latest job that was not admitted."""
        self.notes: MutableMapping[int, str] = Recent(MOST_NOTES)
        """By slot, why a job of the prover's had to wait or was given up."""
        self._follower = follower
        self._store = store
        self._publish = publish
        self._calibrations: dict[str, Calibration] = {}
        """By device."""
        self._account = Account(follower.execution_layer.evm, setup.key.account)
        self._runner = JobRunner(store, self)
        self._beside = beside
        self._others = others
        self._making: dict[JobKey, _Making] = {}
        self._made: dict[JobKey, bytes | BaseException] = {}
        self._done_at_ms: dict[JobKey, int] = {}
        self._made_on: dict[JobKey, DeviceInTurn | None] = {}
        self._steps: deque[int] = deque(maxlen=WINDOW)
        """How long a device went on in each proof before it could do other work."""
        self._lent_since_ms = 0
        self._late: _Late | None = None
        self._late_failed: set[int] = set()
        """Slots whose late proof came to nothing: it is not tried again."""
        self._branch: dict[bytes, int] = {}
        """The payloads of the head's branch since finality, and their slots."""
        self._used: dict[JobKey, int] = {}
        """The nonces that finished jobs have used up, from the first on that is not final."""
        self._resumed = False

    def work(self) -> None:
        """Do all that can be done now; the most urgent first."""
        self._collect()
        self._branch = {block.request_root: block.slot for block in self._follower.recent()}
        for root, slot in self._branch.items():
            key = JobKey(root, PROOF_TYPE, self.setup.identity)
            job = self._store.job(key)
            if job is None and (self._follower.delay(slot) is not None
                                and self._follower.proof_engine.payload(root) is not None):
                job = self._store.see(key, slot)
            if job is not None and job.state in FINAL:
                self._revive(job)
        if not self._resumed:
            # Not before the chain is there: what a former life has begun is about its blocks.
            self._resumed = True
            self._used = self._kept_nonces()
            self._runner.resume()
        for job in sorted(self._store.unfinished(), key=lambda job: (self._deadline(job), job.key)):
            self._finish(self._runner.run(job.key))
        self._prove_late()

    def _finish(self, job: LoggedJob) -> None:
        """Of a job that has come to its end, keep what others may still need: its nonce."""
        if job.state in FINAL:
            self._made.pop(job.key, None)
            self._done_at_ms.pop(job.key, None)
            self._made_on.pop(job.key, None)
            if job.signed is not None and self._was_sent(job):
                self._used[job.key] = _nonce(job.signed)

    @property
    def busy(self) -> bool:
        """Whether a device is at work."""
        late = [self._late.making] if self._late is not None else []
        return any(not making.result.done() for making in (*self._making.values(), *late))

    @property
    def unproven(self) -> int:
        """Payloads whose proof this node may still have to make, or is making."""
        return sum(job.state in TO_PROVE for job in self._store.unfinished())

    @property
    def bound_ms(self) -> int:
        """How long a proof may take on any device that may be used."""
        return max((self._calibration(each.device.name).bound_ms
                    for each in self.setup.prover.usable(self._follower.now_ms)),
                   default=Calibration(self.setup.first_ms).bound_ms)

    def _calibration(self, device: str) -> Calibration:
        return self._calibrations.setdefault(device, Calibration(self.setup.first_ms))

    def _free_at_ms(self) -> list[int]:
        """When the devices are free that make no proof now; empty where all do."""
        prover, now = self.setup.prover, self._follower.now_ms
        usable = prover.usable(now)
        if not usable:  # all are put aside
            return [prover.free_at_ms()]
        return [max(now, each.working_until_ms) for each in usable
                if not each.busy and not each.lent]

    @property
    def _idle(self) -> bool:
        """Whether a device could begin a proof now."""
        return min(self._free_at_ms(), default=math.inf) <= self._follower.now_ms

    def interrupt(self, name: str) -> int:
        """See `blobs.DeviceTime`: the first device, at the end of the step that it is at."""
        now, array = self._follower.now_ms, self.setup.array
        self._collect()
        device = self.setup.prover.lend()
        first = 0 if device.device.name == "cpu" else self.setup.first_ms
        begun = now + max(self._steps, default=first)
        if not device.busy:
            begun = min(begun, max(now, device.working_until_ms))
        if array is not None:
            begun = max(begun, now + -(-1_000 * array.block(name, array.cycles(now))
                                       // array.book.clock_hz))
        self._lent_since_ms = begun
        return begun

    def go_on(self, name: str, end_ms: int) -> None:
        """See `blobs.DeviceTime`: what was being proven is there so much later."""
        other, array, prover = (self._lent_since_ms, end_ms), self.setup.array, self.setup.prover
        self._collect()
        first = prover.lend()
        prover.take_back(*other)
        for making in self._making.values():
            if making.device is first:
                making.other_work.append(other)
        for key, due in self._done_at_ms.items():
            if self._made_on.get(key) is first:
                self._done_at_ms[key] = held_up(due, [other])
        if array is not None:
            array.block_over(name, array.cycles(end_ms))

    def _prove_late(self) -> None:
        """Prove the oldest batch that the contract of coins lacks, if nobody is paid for it any
        more and the device has nothing else to do: the contract takes no later one before.

        The node's own blocks hand it in. A device that takes a slot or longer leaves this to
        others, so that it misses no duty by it.
        """
        follower, execution = self._follower, self._follower.execution_layer
        if self.setup.forge or self.setup.withhold or self.bound_ms >= SLOT_MS \
                or self._making or self._late is not None or not self._idle:
            return
        for block in execution.coins(execution.evm.head).unproven[:1]:
            # Batches are proven in their order, so those before are.
            self._late_failed = {slot for slot in self._late_failed if slot >= block.slot}
            if block.proof is None and follower.delay(block.slot) is None \
                    and block.slot not in self._late_failed \
                    and execution.late_proof(block) is None:
                self._begin_late(block)

    def _begin_late(self, block: Unproven) -> None:
        setup = self.setup
        task = ProvingTask(self._follower.chain_id, block.slot, bytes(32), block.before,
                           block.batch, block.before.root, block.after.root)
        claim = task.claimed_by(self._follower.numbers[setup.identity], setup.address)
        witness = setup.circuit.witness(block.before, block.batch, claim.statement)
        log.info("a late proof begins", extra={"slot": block.slot})
        self._late = _Late(claim, self._begin(witness, f"late, slot {block.slot}"))
        self._collect_late()

    def _collect_late(self) -> None:
        late = self._late
        if late is None or not late.making.result.done():
            return
        self._late = None
        self._give_back(late.making)
        slot, error = late.claim.task.slot, late.making.result.exception()
        if error is None:
            result = late.making.result.result()
            if self.setup.verify(late.claim.public, proof_to_bytes(result.proof)):
                self._follower.execution_layer.keep_late(late.claim, result.proof.numbers)
                return
            error = DeviceError("it does not verify")
        self._late_failed.add(slot)
        log.warning("the late proof of slot %d failed: %s", slot, error, extra={"slot": slot})

    def missing_funds(self) -> str:
        """As the function of that name, for this prover."""
        return missing_funds(self._follower, self.setup.identity, self._account.address)

    def _revive(self, job: LoggedJob) -> None:
        """Take up again what another branch had decided, where this one has not, or otherwise."""
        credit, sent = self._credit(job), self._was_sent(job)
        if job.state is State.MATURED:
            return
        if sent and credit is not None and credit.prover == self.setup.identity:
            self._store.advance(job.key, State.INCLUDED, "on the branch that is the chain now")
        elif job.state is State.STALE:
            state = (State.BROADCAST if sent else
                     State.SEEN if job.proof is None else State.SELF_VERIFIED)
            if self._ended(replace(job, state=state)) is None:
                self._used.pop(job.key, None)
                self._store.advance(job.key, state, "the branch on which it was given up is left",
                                    job.proof if state is State.SELF_VERIFIED else None)

    def _was_sent(self, job: LoggedJob) -> bool:
        """Whether the job's message may have left, ever."""
        return job.signed is not None and any(
            event.state is State.BROADCAST for event in self._store.events(job.key))

    def turn(self, job: LoggedJob) -> Turn:
        """What is next for a job (see `jobs.Work`)."""
        if job.state in (State.BROADCAST, State.INCLUDED, State.ORPHANED):
            return self._reward(job)
        ended = self._ended(job)
        if ended is not None:
            self._note(job, ended.reason)
            return ended
        now = self._follower.now_ms
        match job.state:
            case State.SEEN:
                return Turn(State.ELIGIBLE if self._drawn(job) else None, self._stage(job).name)
            case State.ELIGIBLE:
                return self._admission(job)
            case State.ADMITTED:
                return Turn(State.WITNESS if self._idle else None)
            case State.WITNESS:
                return Turn(State.PROVING)
            case State.PROVING:
                due = self._done_at_ms.get(job.key)
                return Turn(None if due is None or now < due else State.SELF_VERIFIED)
            case State.SELF_VERIFIED:
                return Turn(State.SIGNED)
            case State.SIGNED:
                return Turn(State.BROADCAST)
            case _:
                return self._again(job)  # HW_ERROR

    def _again(self, job: LoggedJob) -> Turn:
        """After every device has failed: once more when one may be used, as long as it helps."""
        self._note(job, job.reason)
        failures = sum(event.state is State.HW_ERROR for event in self._store.events(job.key))
        if failures >= ATTEMPTS:
            return Turn(State.MISSED, job.reason)
        if not self._idle:
            return Turn(None, job.reason)
        return Turn(State.WITNESS, f"once more after: {job.reason}")

    def witness(self, job: LoggedJob) -> Limbs:
        """The witness of the job's claim; DeviceError if its payload is no longer kept."""
        claim = self._claim(job)
        return self.setup.circuit.witness(claim.task.ledger, claim.task.batch, claim.statement)

    def prove(self, job: LoggedJob, witness: Limbs) -> None:
        """Begin the proof beside the node; by the chain's clock it is there when it is due."""
        self._made.pop(job.key, None)
        self._done_at_ms.pop(job.key, None)
        self._making[job.key] = self._begin(witness, job.key.name)
        self._collect()

    def _begin(self, witness: Limbs, name: str) -> _Making:
        prover, now, array = self.setup.prover, self._follower.now_ms, self.setup.array
        # Reserved here: a thread may begin later than the next job is dealt.
        device = prover.reserve(now)
        wait = 0
        if array is not None:
            wait = -(-1_000 * array.block(name, array.cycles(now)) // array.book.clock_hz)
        return _Making(now + wait, self._beside(lambda: prover.prove(witness, now, device)), name,
                       device)

    def _give_back(self, making: _Making) -> None:
        """What it was made on is free from the moment on at which it is done."""
        array = self.setup.array
        if array is not None:
            failed = making.result.exception() is not None
            end = self._follower.now_ms if failed else (
                making.end_ms(self.setup.speed(making.result.result())))
            array.block_over(making.name, array.cycles(end))

    def proof(self, job: LoggedJob) -> bytes:
        """The proof that was made; what went wrong is raised."""
        made = self._made.pop(job.key)
        self._done_at_ms.pop(job.key, None)
        if isinstance(made, BaseException):
            raise made
        return made

    def _collect(self) -> None:
        """Take what devices have come to the end of."""
        self._collect_late()
        for key in [key for key, making in self._making.items() if making.result.done()]:
            making = self._making.pop(key)
            self._give_back(making)
            job = self._store.job(key)
            if job is None or job.state is not State.PROVING:
                continue  # given up meanwhile
            error = making.result.exception()
            if error is not None:
                self._made[key], self._done_at_ms[key] = error, making.begun_ms
                continue
            result = making.result.result()
            took = self.setup.speed(result)
            self._calibration(result.device).record(took)
            log.info("proof made on %s: %d cycles, %d ms of chain time", result.device,
                     result.cycles, took,
                     extra={"job": key.name, "proof": key.name, "slot": job.slot})
            self.setup.on_proof(job, result)
            self._made[key] = proof_to_bytes(result.proof)
            self._done_at_ms[key], self._made_on[key] = making.end_ms(took), making.device
            self._steps.append(_step_ms(result, took))

    def verify(self, job: LoggedJob, proof: bytes) -> bool:
        """The node's own check of its own proof."""
        return self.setup.verify(self._claim(job).public, proof)

    def sign(self, job: LoggedJob, proof: bytes) -> bytes:
        """The `Handover` of the proof, SSZ: with it the account's next nonce is used up."""
        if self.setup.forge:
            proof = proof[-COORDINATES:] + proof[COORDINATES:-COORDINATES] + proof[:COORDINATES]
        message = spec.ExecutionProof(
            proof_data=encode_proof_data(proof, self.setup.address),
            proof_type=PROOF_TYPE,
            public_input=spec.PublicInput(new_payload_request_root=job.key.root),
        )
        signature = spec.get_execution_proof_signature(
            self._follower.head_state(), message, self.setup.key.secret)
        signed = spec.SignedExecutionProof(
            message=message, validator_index=self.setup.identity, signature=signature)
        number = self._follower.numbers[self.setup.identity]
        proven = own(signed, job.slot, number, self._follower.layer, self._account)
        rewards = self._follower.layer.rewards
        data = rewards.encode("submit", job.slot, number, numbers_of(signed))
        return bytes(Handover(
            proof=proven, transaction=self._account.sign(
                rewards.address, data, gas=SUBMIT_GAS, nonce=self._next_nonce())).encode_bytes())

    def landed(self, job: LoggedJob) -> bool:
        """Whether the chain pays for it already, or this node's pool has it."""
        proofs = self._follower.proofs_for((job.key.root, PROOF_TYPE))
        return self.setup.identity in proofs or self._credit(job) is not None

    def broadcast(self, job: LoggedJob, signed: bytes) -> None:
        """Send the proof, and the transaction that hands it in."""
        if self.setup.withhold:
            log.info("proof withheld", extra={"job": job.key.name, "slot": job.slot})
            return
        handover = Handover.decode_bytes(signed)
        log.info("proof sent", extra={"job": job.key.name, "proof": job.key.name,
                                      "payload": name_of(job.key.root), "slot": job.slot})
        self._publish(Topic.PROOF, bytes(handover.proof.encode_bytes()))
        self._publish(Topic.TRANSACTION, bytes(handover.transaction))

    def _next_nonce(self) -> int:
        """The account's next nonce that no message of this node has used.

        The log of jobs is what says so, since it outlives the process. What was signed and given up
        without having been sent has used none.
        """
        final = self._follower.final_nonce(self._account.address)
        self._used = {key: nonce for key, nonce in self._used.items() if nonce >= final}
        used = {*self._used.values(), *(
            _nonce(job.signed) for job in self._store.unfinished() if job.signed is not None)}
        nonce = self._follower.execution_layer.evm.nonce(self._account.address)
        while nonce in used:
            nonce += 1
        return int(nonce)

    def _kept_nonces(self) -> dict[JobKey, int]:
        """`_used` as a former life has left it."""
        final, below, used = self._follower.final_nonce(self._account.address), 0, {}
        for key, message in self._store.signed():
            job, nonce = self._store.job(key), _nonce(message)
            assert job is not None
            below = below + 1 if nonce < final else 0
            if below == FAR_BELOW:
                break
            if nonce >= final and job.state in FINAL and self._was_sent(job):
                used[key] = nonce
        return used

    def _claim(self, job: LoggedJob) -> Claim:
        task = self._follower.task(job.key.root)
        if task is None:
            raise DeviceError(f"slot {job.slot} is final; what it was is no longer kept")
        return task.claimed_by(
            self._follower.numbers[self.setup.identity], self.setup.address)

    def _delay(self, job: LoggedJob) -> int | None:
        """Of an inclusion by the block after the head; None where none can include it any more, or
        the head's branch has another payload."""
        return (self._follower.delay(job.slot, self.setup.identity) if self._on_branch(job)
                else None)

    def _stage(self, job: LoggedJob) -> Stage:
        delay = self._delay(job)
        return Stage.CLOSED if delay is None else stage_of(self._follower.parameters, delay)

    def _drawn(self, job: LoggedJob) -> bool:
        delay, account = self._delay(job), self._follower.account()
        return delay is not None and may_prove(
            self._follower.parameters, account.assignments[job.slot], self.setup.identity, delay,
            account.bonded)

    def _deadline(self, job: LoggedJob) -> int:
        """When the last proposer of the job's stage builds its block, in ms of chain time, if every
        slot from now on has one."""
        follower, parameters = self._follower, self._follower.parameters
        last = {
            Stage.PRIMARY: parameters.primary_blocks,
            Stage.COMMITTEE: parameters.committee_blocks,
        }.get(self._stage(job), parameters.window_blocks)
        delay = self._delay(job)
        left = 0 if delay is None else last - delay
        return (follower.next_block_slot() + left) * SLOT_MS

    def _liability(self, job: LoggedJob) -> Liability:
        now = self._follower.now_ms
        left = self.bound_ms
        if job.state in (State.SELF_VERIFIED, State.SIGNED):
            left = 1  # only to be sent
        return Liability(f"slot {job.slot}", now, self._deadline(job), left)

    def _admission(self, job: LoggedJob) -> Turn:
        """Admitted if everything owed, and this as well, is in time for its stage's end."""
        free_at = self._free_at_ms()
        if not free_at:
            return Turn(None, "every device is at work")
        # What is being proven keeps its device out of `free_at`.
        owed = [self._liability(other) for other in self._store.unfinished()
                if other.state in OWED and other.state is not State.PROVING]
        others = self._others()
        refusal = admit(beside(self._liability(job), others), [
            beside(each, others) for each in owed], free_at, SUBMIT_MS)
        if refusal is None:
            return Turn(State.ADMITTED)
        self.refusal = job.slot, str(refusal)
        if job.slot not in self.notes:
            self._note(job, str(refusal))
        return Turn(None, str(refusal))

    def _ended(self, job: LoggedJob) -> Turn | None:
        """Whether a job that has not been sent is to be given up."""
        follower = self._follower
        if not self._on_branch(job):
            if follower.proof_engine.payload(job.key.root) is None:
                return Turn(State.STALE, "its branch was left behind")
            return Turn(None, "not on the head's branch")
        if self._delay(job) is None:
            owed = job.state in OWED
            return Turn(State.MISSED if owed else State.STALE, "the window closed")
        credit = self._credit(job)
        if credit is not None or job.slot in follower.account().undecided:
            return Turn(State.STALE, "another proof is included")
        if self.setup.identity in follower.account().barred.get(job.slot, ()):
            return Turn(State.STALE, "the prover is barred from this payload")
        # Work that has begun is finished: proofs of one slot are equal, and the lottery decides.
        if job.state in (State.SEEN, State.ELIGIBLE, State.ADMITTED):
            others = follower.proofs_for((job.key.root, PROOF_TYPE))
            if others:
                return Turn(State.STALE, f"prover {min(others)} was there first")
        return None

    def _reward(self, job: LoggedJob) -> Turn:
        credit = self._credit(job)
        mine = credit is not None and credit.prover == self.setup.identity
        if job.state in (State.BROADCAST, State.ORPHANED) and credit is not None:
            return Turn(State.INCLUDED) if mine else Turn(
                State.STALE, f"prover {credit.prover} is paid for it")
        if job.state is State.INCLUDED:
            if credit is None or not mine:
                return Turn(State.ORPHANED, "the including block is off the branch")
            return Turn(State.MATURED if credit.matured else None)
        closed = (self._delay(job) is None if self._on_branch(job) else
                  self._follower.proof_engine.payload(job.key.root) is None)
        decided = job.slot not in self._follower.account().undecided
        return Turn(State.MISSED if closed and decided else None, "no block included it in time")

    def _credit(self, job: LoggedJob) -> CreditedProof | None:
        return self._follower.credit(job.slot) if self._on_branch(job) else None

    def _on_branch(self, job: LoggedJob) -> bool:
        """Whether the job's payload is part of the chain."""
        return job.key.root in self._branch or self._follower.is_final(job.key.root)

    def _note(self, job: LoggedJob, reason: str) -> None:
        before = self.notes.get(job.slot, "")
        if reason and not before.endswith(reason):
            self.notes[job.slot] = f"{before}; then: {reason}" if before else reason


def missing_funds(follower: Follower, identity: int, owner: Address) -> str:
    """What keeps a prover from handing in proofs for want of funds, at the head; empty for nothing.

    `owner`: of its bond, whose account pays for handing in.
    """
    if identity not in follower.account().bonded:
        return f"the bond of prover {identity} is below the minimum, or is being taken back"
    evm = follower.execution_layer.evm
    balance, price = evm.balance(owner), most_price(evm.block().base_fee)
    if balance < SUBMIT_GAS * price:
        return (f"the account 0x{owner.hex()} has {balance} wei, and handing in a proof may take "
                f"{SUBMIT_GAS * price}")
    return ""


def _step_ms(result: ProofResult, took: int) -> int:
    """What the longest of a proof's sums took, after which an accelerator can do other work; of a
    processor, which can at once, 0. `took`: the whole proof, in milliseconds."""
    longest = max((each.get("fill", 0) + each.get("sum", 0)
                   for each in result.counters.values()), default=0)
    return -(-took * longest // max(1, result.cycles))


@lru_cache(MOST_NONCES)
def _nonce(handover: bytes) -> int:
    return decode_transaction(bytes(Handover.decode_bytes(handover).transaction)).nonce
