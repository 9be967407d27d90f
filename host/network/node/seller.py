"""The seller's part of a node: jobs of both markets, taken by the array's scheduler and delivered.

What is taken is for `host.network.array.book` to say: slots whose blocks may have to be proven are
counted before jobs, and so is the proof that a buyer can ask for. When the array is done with a job
is a matter of the chain's clock (`host.network.array.board`); what a job gives is computed beside
the node, and delivered when both are there. Where a job stands is read from its contract on the
head's branch each time, so that another branch is only another answer.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proofmill.host.network.array.board import BoardArray
from proofmill.host.network.array.book import Cause, Offer, block_duty
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.contracts.inference import caller_tag
from proofmill.host.network.evm.transaction import decode_transaction
from proofmill.host.network.node.beside import Beside
from proofmill.host.network.node.follower import SLOT_MS, Follower
from proofmill.host.network.node.goods import Computed, Goods
from proofmill.host.network.node.market_offers import (
    BlockLoad,
    Deal,
    OpenJobs,
    give_up,
    state_of,
)
from proofmill.host.network.node.market_place import MarketPlace
from proofmill.host.network.node.trader import Call, Publish, Trader, call


@dataclass(frozen=True)
class SellerTerms:
    """Under what terms a node sells. `key`: of its account on the market, 32 bytes, used for
    nothing else. `capital_gwei`: that may be put down at one time. `cost_gwei`: of a second of the
    array. `inputs`: below which files are read; None for none. `most_jobs`: that are under way at
    one time."""

    key: bytes
    capital_gwei: int
    cost_gwei: float = 0.0
    inputs: Path | None = None
    most_jobs: int = 8


class Seller:
    """Takes jobs, and does them."""

    def __init__(self, terms: SellerTerms, place: MarketPlace, goods: Goods, follower: Follower,
                 array: BoardArray, load: Callable[[], BlockLoad], block_constraints: int,
                 publish: Publish, beside: Beside[Any]) -> None:
        """`load`: of block proofs now. `block_constraints`: of the block circuit, by which the time
        of other proofs is planned."""
        self.terms, self.array = terms, array
        self._goods, self._follower, self._load = goods, follower, load
        self._beside = beside
        self._looked_at_devices: Future[None] | None = None
        self._trader = Trader(terms.key, place, follower, publish)
        self._stalls = self._trader.stalls
        self._open = OpenJobs(self._trader, goods, array, load, block_constraints, terms.inputs)
        self._deals: dict[str, Deal] = {}
        self._looked = -1

    @property
    def address(self) -> bytes:
        """Of the account."""
        return self._trader.address

    @property
    def busy(self) -> bool:
        """Whether something is being computed."""
        return any(future is not None and not future.done() for future in (
            self._looked_at_devices,
            *(each for deal in self._deals.values() for each in (deal.made, deal.proof_made))))

    def work(self) -> None:
        """Do all that can be done now."""
        if self._looked_at_devices is None:
            self._looked_at_devices = self._beside(self._goods.look)
        if not self._looked_at_devices.done():
            return    # what a result takes hangs on what computes it
        now = self.array.cycles(self._follower.now_ms)
        self.array.advance(now)
        for job in self.array.done(now):
            for deal in self._deals.values():
                if job.name in deal.names:
                    deal.done.add(job.name)
        if self._trader.waits:
            return    # what is on its way decides
        calls = [call for name in list(self._deals) for call in self._go_on(name, now)]
        self.array.book.forget(now)
        head = self._trader.evm.block().number
        if head != self._looked and len(self._deals) < self.terms.most_jobs:
            self._looked = head
            calls += self._take(head, now)
        if not calls and not self._deals:
            calls += self._trader.collecting()
        self._trader.send(calls)

    # Taking

    def _take(self, head: int, now: int) -> list[Call]:
        """Lock what the scheduler takes of the open jobs."""
        book = self.array.book
        slot = self._follower.next_block_slot()
        found: dict[str, tuple[Offer, Deal]] = {}
        # What somebody else is about to lock is not worth a transaction.
        on_their_way = {(each.to, each.data) for each in map(
            decode_transaction, self._follower.pool.waiting())}
        for offer, deal in self._open.found(head + 1, slot, self._deals):
            if (deal.lock.to, deal.lock.data) not in on_their_way:
                found[deal.name] = offer, deal
        if not found:
            return []
        room = self.terms.most_jobs - len(self._deals)
        best = sorted(found, key=lambda name: -book.rate(found[name][0].job))[:room]
        last = max(job.last + job.span for name in best for job in found[name][0].jobs)
        duties = self._duties(now, slot, last)
        for duty in duties:
            book.duty(duty)
        decisions = book.offer([found[name][0] for name in best], now)
        for duty in duties:
            book.drop(duty.name)
        calls = []
        for decision in decisions:
            if decision.taken:
                _, deal = found[decision.job.name]
                self._deals[deal.name] = deal
                calls.append(deal.lock)
        return calls

    def _duties(self, now: int, slot: int, last: int) -> list[Job]:
        """A block proof in every slot until `last`, as this node is drawn for it or may be, and
        those of blocks that are there."""
        array, load = self.array, self._load()
        clock, work = array.book.clock_hz, array.cycles(load.proof_ms)
        duties = []
        if load.waiting:
            duties.append(block_duty("blocks that are there", clock, now, work * load.waiting, 0,
                                     0))
        while (start := array.cycles(slot * SLOT_MS)) < last:
            duties.append(block_duty(f"the block of slot {slot}", clock, max(start, now), work, 0,
                                     0))
            slot += 1
        return duties

    # Doing

    def _go_on(self, name: str, now: int) -> Iterator[Call]:
        """What is to be sent for a job that was taken, as its contract has it now."""
        deal = self._deals[name]
        stall = self._stalls.proofs if deal.kind is Kind.PROOF else self._stalls.results
        job = stall.call("job", deal.number)
        head, state = stall.evm.block().number, state_of(deal.kind, job)
        until = job["locked_until" if deal.kind is Kind.PROOF else "until"]
        mine = job["solver"] == self.address
        if mine and state == "LOCKED":
            deal.locked = True
            if head < until:
                yield from self._deliver(deal)
        elif mine and state == "GIVEN":
            if head >= until:    # its proof cannot be asked for in the next block
                yield call(stall, "settle", deal.number)
        elif mine and state == "ASKED":
            if head < until:
                yield from self._prove(deal, now)
        elif state != "OPEN" or head >= deal.lock_block:
            self._end(deal, state)

    def _end(self, deal: Deal, state: str) -> None:
        """It is over, or somebody else's, or was not locked."""
        if not deal.locked:
            give_up(self.array.book, deal.name, deal.kind, Cause.RIVAL, (
                "its lock was not in the block for whose price it was" if state == "OPEN" else
                "another seller has locked it"))
        self._drop(deal)

    def _drop(self, deal: Deal) -> None:
        """Have done with it."""
        for name in deal.names:
            self.array.book.drop(name)
        del self._deals[deal.name]

    def _deliver(self, deal: Deal) -> Iterator[Call]:
        goods, inputs = self._goods, deal.inputs
        if deal.made is None:
            if deal.kind is Kind.PROOF:
                deal.made = self._beside(lambda: goods.preimage_proof(inputs))
            elif inputs["proven"]:
                deal.made = self._beside(lambda: goods.with_proof(
                    inputs["integers"], inputs["salt"], self._tag))
            else:
                deal.made = self._beside(lambda: goods.output(inputs["integers"]))
        self._spare(deal)
        if deal.name not in deal.done or not self._is_made(deal, deal.made):
            return
        made = deal.made.result()
        if deal.kind is Kind.PROOF:
            yield call(self._stalls.proofs, "fulfil", deal.number, made)
        elif inputs["proven"]:
            yield call(self._stalls.results, "give_proven", deal.number, made.output, made.proof)
        else:
            yield call(self._stalls.results, "give", deal.number, made.output)

    def _spare(self, deal: Deal) -> None:
        """Have the array as long as the devices took for a result, where that is not as long as was
        planned: weights were on the chip already."""
        if deal.work and deal.made is not None and deal.made.done() \
                and deal.made.exception() is None and isinstance(made := deal.made.result(),
                                                                 Computed):
            cycles = self.array.of_clock(made.cycles, made.use.clock_hz)
            self.array.book.spared(deal.name, deal.work - cycles)
            deal.work = 0

    def _is_made(self, deal: Deal, made: Future[Any]) -> bool:
        """Whether what was computed is there. Where it failed the job is given up: what it costs is
        for the contract to say."""
        if not made.done() or (error := made.exception()) is None:
            return made.done()
        give_up(self.array.book, deal.name, deal.kind, Cause.FAILED, str(error) or repr(error))
        self._drop(deal)
        return False

    def _prove(self, deal: Deal, now: int) -> Iterator[Call]:
        """The proof that was asked for."""
        book, proof = self.array.book, deal.proof
        assert proof is not None, "a proof is asked for that is not sold"
        if deal.proof_made is None:
            if any(job.name == proof.name and job.last >= now for job in book.jobs):
                book.ask(proof.name, now)
            else:    # there were more empty slots than counted with
                book.drop(proof.name)
                book.duty(replace(proof, release=now, last_release=None))
            deal.proof_made = self._beside(lambda: self._goods.proven_output(
                deal.inputs["integers"], deal.inputs["salt"], self._tag))
        if proof.name in deal.done and self._is_made(deal, deal.proof_made):
            yield call(self._stalls.results, "prove", deal.number, *deal.proof_made.result())

    @property
    def _tag(self) -> int:
        return caller_tag(self.address)
