"""Open jobs of both markets as a seller's scheduler sees them: fetched, checked, priced, and timed.
"""

from collections.abc import Callable, Collection, Iterator, MutableMapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.recent import Recent
from proofmill.host.ground.units import GWEI
from proofmill.host.network.array.board import BoardArray
from proofmill.host.network.array.book import Book, Cause, Decision, Offer
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.contracts.market import JobState, Way
from proofmill.host.network.contracts.registry import check_verifier
from proofmill.host.network.contracts.results import ResultState
from proofmill.host.network.contracts.verifier import key_hash
from proofmill.host.network.mechanism import market as rule
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.goods import Goods
from proofmill.host.network.node.market_inputs import fetch
from proofmill.host.network.node.trader import Call, Trader, call
from proofmill.host.prover.circuits.preimage import PREIMAGE

SEEN_MS = SLOT_MS // 4
"""From a slot's begin until a node has its block, and from a transaction until a proposer has it:
a step of the clock each."""
EMPTY_SLOTS = 8
"""By so many slots a result's window may end later than blocks are counted."""
MOST_SLOTS = 64
"""For which the array is planned ahead. Every slot may bring a block proof, and the work of seeing
whether all is in time grows with the cube of their number."""
MOST_UNFIT = 4_096
NAMES = {Kind.PROOF: "proof", Kind.RESULT: "result"}
OVER = ("DONE", "CLOSED")


@dataclass(frozen=True)
class BlockLoad:
    """What block proofs may take: chain time of each, and how many could begin at once now."""

    proof_ms: int
    waiting: int


@dataclass
class Deal:
    """A job that may be taken, or is. `kind`: of the market; `lock`: what takes it."""

    kind: Kind
    number: int
    name: str
    inputs: dict[str, Any]
    lock: Call
    lock_block: int
    proof: Job | None = None
    """That can be asked for."""
    work: int = 0
    """Cycles of a result as planned, without those of its proof."""
    locked: bool = False
    made: Future[Any] | None = None
    proof_made: Future[Any] | None = None
    done: set[str] = field(default_factory=set)
    """Names of its jobs that the array has come to the end of."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its jobs in the scheduler's book."""
        return (self.name,) if self.proof is None else (self.name, self.proof.name)


class OpenJobs:
    """The open jobs that can be done here."""

    def __init__(self, trader: Trader, goods: Goods, array: BoardArray,
                 load: Callable[[], BlockLoad], block_constraints: int, inputs: Path | None
                 ) -> None:
        """As of `seller.Seller`."""
        self._trader, self._goods, self._array, self._load = trader, goods, array, load
        self._block_constraints, self._inputs = block_constraints, inputs
        self._stalls, self._place = trader.stalls, trader.place
        self._checked = False
        self._first = dict.fromkeys((Kind.PROOF, Kind.RESULT), 0)
        """The first job of each book that may not have come to its end."""
        self._unfit: MutableMapping[str, str] = Recent(MOST_UNFIT)
        """Jobs that cannot be done here, by name, and why."""

    def found(self, block: int, slot: int, without: Collection[str]
              ) -> Iterator[tuple[Offer, Deal]]:
        """Those that would be locked in `block` of `slot`, but for these names. What cannot be done
        is given up, once."""
        for kind, stall in ((Kind.PROOF, self._stalls.proofs), (Kind.RESULT, self._stalls.results)):
            for number in range(self._first[kind], stall.call("job_count")):
                name, job = f"{NAMES[kind]} {number}", stall.call("job", number)
                state = state_of(kind, job)
                if state in OVER and number == self._first[kind]:
                    self._first[kind] += 1
                if state != "OPEN" or name in without or name in self._unfit:
                    continue
                try:
                    made = (self._proof_offer if kind is Kind.PROOF else self._result_offer)(
                        number, name, job, block, slot)
                except (ProofmillError, ValueError) as error:    # whatever it is that was posted
                    self._unfit[name] = str(error)
                    give_up(self._array.book, name, kind, Cause.UNFIT, str(error))
                    continue
                if made is not None:
                    yield made

    def _proof_offer(self, number: int, name: str, job: dict[str, Any], block: int, slot: int
                     ) -> tuple[Offer, Deal] | None:
        stall = self._stalls.proofs
        if job["way"] != Way.LOCKED or block + job["time"] > job["deadline"]:
            return None
        if job["verifier"] != self._place.verifier:
            raise ProofmillError("it is for a circuit that is not made here")
        if not self._checked:
            check_verifier(stall.evm, self._stalls.verifiers, self._place.verifier,
                           self._goods.proofs.key.verification_key)
            self._checked = True
        digest, place = self._posted(Kind.PROOF, number, job["start"])
        text = fetch(place, digest, self._inputs)
        if not text.isdigit():
            raise ProofmillError("its inputs are no preimage, which is a whole number")
        inputs = {PREIMAGE: int(text)}
        if self._goods.proofs.system.witness(inputs)[1] != job["signals"][0]:
            raise ProofmillError("its inputs do not give its signals; nobody can prove it")
        price = _price(job, block)
        collateral = max(price * stall.call("COLLATERAL_MULTIPLE"), stall.call("DEPOSIT"))
        work = self._proof_cycles(self._goods.proofs.constraints)
        offered = self._job(name, Kind.PROOF, slot, job["time"], work, self._tile(work), price,
                            collateral)
        return Offer(offered), Deal(Kind.PROOF, number, name, inputs, call(
            stall, "lock", number, value=collateral), block)

    def _result_offer(self, number: int, name: str, job: dict[str, Any], block: int, slot: int
                      ) -> tuple[Offer, Deal] | None:
        stall, terms, goods = self._stalls.results, job["terms"], self._goods
        if block + terms["time"] > job["deadline"]:
            return None
        if job["key_hash"] != key_hash(goods.results.key.verification_key):
            raise ProofmillError("it is for a model that is not run here")
        digest, place = self._posted(Kind.RESULT, number, job["start"])
        integers, salt = goods.opening(fetch(place, digest, self._inputs), digest,
                                       job["commitment"])
        price = _price(job | terms, block)
        collateral = max(price * terms["multiple"], stall.call("DEPOSIT"))
        proving = self._proof_cycles(goods.results.constraints)
        use = goods.matrices.use
        commands = [self._array.of_clock(cycles, use.clock_hz) for cycles in goods.commands(use)]
        work, tile, proof = sum(commands), max(commands), None
        if terms["proven"]:
            work, tile = work + proving, self._tile(proving)
        else:
            proof = self._job(
                f"the proof of {name}", Kind.PROOF, slot, terms["proof_time"], proving,
                self._tile(proving), terms["proof_price"], 0,
                terms["time"] + terms["window"] + EMPTY_SLOTS)
        offered = self._job(name, Kind.RESULT, slot, terms["time"], work, tile, price, collateral)
        inputs = {"integers": integers, "salt": salt, "proven": terms["proven"]}
        return Offer(offered, proof), Deal(Kind.RESULT, number, name, inputs, call(
            stall, "lock", number, value=collateral), block, proof, sum(commands))

    def _job(self, name: str, kind: Kind, slot: int, blocks: int, work: int, tile: int, price: int,
             collateral: int, asked: int | None = None) -> Job:
        """A job that is locked in `slot`, for so many blocks: from when the lock is seen until
        what is delivered can be in the last of them. `asked`: of a proof that can be asked for,
        in how many slots at the latest."""
        if (slots := blocks + (asked or 0)) > MOST_SLOTS:
            raise ProofmillError(f"it may last for {slots:,} slots, and the array is planned for "
                                 f"{MOST_SLOTS} ahead")
        release = self._cycles_of(slot) + self._array.cycles(SEEN_MS)
        span = self._array.cycles(blocks * SLOT_MS - 3 * SEEN_MS)
        if span <= 0:
            raise ProofmillError("its lock is over before anything can be delivered")
        last = None if asked is None else self._cycles_of(slot + asked)
        return Job(name, kind, release, work, span, tile, price // GWEI, collateral // GWEI, last)

    def _tile(self, cycles: int) -> int:
        """Of work that can be cut anywhere into tiles of a thousandth of a second."""
        return min(cycles, self._array.book.longest_tile)

    def _cycles_of(self, slot: int) -> int:
        return self._array.cycles(slot * SLOT_MS)

    def _proof_cycles(self, constraints: int) -> int:
        """Of the array for a proof, in proportion to the block circuit's constraints."""
        whole = self._array.cycles(self._load().proof_ms)
        return max(1, -(-whole * constraints // self._block_constraints))

    def _posted(self, kind: Kind, number: int, block: int) -> tuple[bytes, str]:
        """(the inputs' hash, where they are), as the job's event says."""
        stall = self._stalls.proofs if kind is Kind.PROOF else self._stalls.results
        # Of others' events not even the text need be sound.
        own = [log for log in self._trader.evm.logs(stall.address, block, block)
               if log.topics[1:2] == (number.to_bytes(32, "big"),)]
        for event in stall.decoded(own):
            if event.name == "Posted":
                return event.values["inputs_digest"], event.values["inputs_place"]
        raise ProofmillError("there is no event of its posting")


def state_of(kind: Kind, job: dict[str, Any]) -> str:
    """The state of a job, by its name in the contract."""
    return str((JobState if kind is Kind.PROOF else ResultState)(job["state"]).name)


def give_up(book: Book, name: str, kind: Kind, cause: Cause, reason: str) -> None:
    """Note that a job is not done, though the scheduler was not asked, or had taken it."""
    book.note(Decision(Job(name, kind, 0, 1, 1, 1, 0), 0.0, cause, reason))


def _price(job: dict[str, Any], block: int) -> int:
    """What a job pays in `block`, wei."""
    return rule.price(rule.Offer(job["lowest"], job["highest"], job["start"], job["ramp"]), block,
                      job["stood_still"])
