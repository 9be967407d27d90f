"""The market under any calls by anybody, in any order, refused ones included.

After every step: money in equals money out, burned, and held, and nobody's credit has fallen but by
collecting it. At the end of every history, whatever it was: a stranger can bring every job to its
end, and all that is held is paid out.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.market import (
    TAG_PROVER,
    JobState,
    Way,
    bid_digest,
    commitment_digest,
    deploy_market,
    inputs_digest,
)
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.verifiers import IDENTIFIERS
from proofmill.host.prover.circuits.statement import prover_tag
from proofmill.host.prover.plonk.systems import GROTH16
from tests.host.network.contracts.open_block import OpenBlockEvm
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    STATEMENT_CHAIN_ID,
    private_key,
)

LEAST = ETHER // 100
SALT = b"\x05" * 32
PARAMETERS = Parameters(bid_blocks=2, reveal_blocks=2, decline_divisor=2)
"""Times so short that histories come to their ends."""
NAMES = "ann", "bea", "cid", "dan"
STRANGER = "eve"
GAS = 5_000_000
went: set[str] = set()
"""Functions that some history has called and that went through."""

FITS: dict[str, Callable[[Any], bool]] = {
    "lock": lambda job: job["state"] == JobState.OPEN and job["way"] == Way.LOCKED,
    "decline": lambda job: job["state"] == JobState.LOCKED and job["way"] == Way.LOCKED,
    "bid": lambda job: job["way"] == Way.SEALED, "award": lambda job: job["way"] == Way.SEALED,
    "reveal bid": lambda job: job["way"] == Way.SEALED,
    "take back": lambda job: job["lowest_bid"] > 0, "forfeit": lambda job: True,
    "end lock": lambda job: job["state"] == JobState.LOCKED,
    "fulfil": lambda job: job["state"] == JobState.LOCKED or job["way"] == Way.TAGGED,
    "commit": lambda job: job["way"] == Way.HIDDEN, "reveal": lambda job: job["way"] == Way.HIDDEN,
    "decide": lambda job: job["best_block"] > 0, "end": lambda job: job["state"] == JobState.OPEN,
}
"""Jobs on which an act may go through."""

people = st.sampled_from(NAMES)
acts = st.sampled_from((
    "post", "lock", "lock", "decline", "bid", "bid", "reveal bid", "reveal bid", "take back",
    "award", "end lock", "fulfil", "commit", "commit", "commit", "reveal", "reveal", "decide",
    "forfeit", "end", "fund", "collect"))
steps = st.tuples(acts, people, st.integers(0, 7), st.integers(0, 5))
"""What, by whom, on which job or commitment, and a number that sets the rest, mostly rightly."""


@cache
def deployed() -> tuple[OpenBlockEvm, Contract]:
    balances = {address_of(private_key(name)): 10**6 * ETHER for name in (*NAMES, STRANGER)}
    evm = OpenBlockEvm(CHAIN_ID, balances)
    account = Account(evm, private_key(STRANGER))
    exchange = deploy_market(account, evm, PARAMETERS, LEAST, STATEMENT_CHAIN_ID)
    source = (Path(__file__).parent / "any_signals.vy").read_text()
    for count in (1, 2):
        verifier = Contract.deploy(account, evm, compile_source("any_signals", source),
                                   bytes([count]) * 32, count, IDENTIFIERS[GROTH16])
        exchange.registry.send(account, "add", verifier.address, IDENTIFIERS[GROTH16],
                               bytes([count]) * 32, True)
    return evm, exchange.market


class Markets(RuleBasedStateMachine):
    """Each step is a block or more, or none, and some calls."""

    @initialize()
    def begin(self) -> None:
        self.evm, self.market = deployed()
        self.fork = self.evm.snapshot()
        self.people = {name: Account(self.evm, private_key(name)) for name in (*NAMES, STRANGER)}
        self.jobs = 0
        self.made: list[tuple[str, int, bool, int, bytes]] = []
        """Commitments: whose, of which job, whether a bid, its price, its digest."""
        self.paid_in = self.paid_out = 0
        self._go(1)
        self.credits = self._credits()
        for way in range(4):
            self._post(NAMES[way], way, 1 + way)

    @rule(gap=st.sampled_from((0, 0, 1, 1, 1, 1, 2, 3, 9)), calls=st.lists(steps, min_size=1,
                                                                          max_size=4))
    def step(self, gap: int, calls: list[tuple[str, str, int, int]]) -> None:
        self._go(gap)
        for act, who, place, number in calls:
            self._act(act, who, place, number)
        self._check()

    def teardown(self) -> None:
        if hasattr(self, "fork"):
            try:
                self._bring_to_an_end()
            finally:
                self.evm.revert(self.fork)

    def _go(self, blocks: int) -> None:
        if blocks:
            self.evm.begin(self.evm.block().number + blocks)

    def _credits(self) -> dict[str, int]:
        return {name: self.market.call("credits", account.address)
                for name, account in self.people.items()}

    def _send(self, who: str, function: str, *arguments: object, value: int = 0) -> bool:
        """Whether it went through."""
        try:
            receipt = self.market.send(self.people[who], function, *arguments, value=value, gas=GAS)
        except RevertedError:
            return False
        went.add(function)
        out = [event.values["amount"] for event in self.market.events(receipt)
               if event.name == "Withdrawn"]
        assert (function == "collect") == bool(out)
        self.paid_in, self.paid_out = self.paid_in + value, self.paid_out + sum(out)
        if function == "collect":
            self.credits[who] = 0
        return True

    def _check(self) -> None:
        credits = self._credits()
        assert all(credits[name] >= self.credits[name] for name in credits)
        self.credits = credits
        held = self.market.call("held")
        assert self.market.call("invariants")
        assert held == self.evm.balance(self.market.address)
        assert self.paid_in == self.paid_out + held + self.market.call("burned")

    def _act(self, act: str, who: str, place: int, number: int) -> None:
        right = number > 0
        if act == "post":
            self._post(who, place, number)
            return
        if act in ("fund", "collect"):
            self._send(who, act, value=number * LEAST if act == "fund" else 0)
            return
        jobs = {job: self.market.call("job", job) for job in range(self.jobs)}
        fit = [job for job, known in jobs.items() if right and FITS[act](known)] or list(jobs)
        job = fit[place % len(fit)]
        known = jobs[job]
        if act in ("award", "decide", "decline", "end", "end lock"):
            holder = {account.address: name for name, account in self.people.items()}
            self._send(holder.get(known["solver"], who) if act == "decline" and right else who,
                       act.replace(" ", "_"), job)
        elif act == "lock":
            price = self.market.call("price", job) if known["start"] else 0
            self._send(who, "lock", job, value=max(2 * price, LEAST) if right else price)
        elif act == "fulfil":
            self._fulfil(who, job, known, right)
        elif act in ("commit", "bid"):
            self._commit(who, job, known, number, act == "bid")
        else:
            of_these = [made for made in self.made if not right or FITS[act](jobs[made[1]])
                        and made[2] == (act != "reveal")]
            if of_these:
                self._of_a_commitment(act, who, of_these[place % len(of_these)], right)

    def _post(self, who: str, place: int, number: int) -> None:
        way = (Way.LOCKED, Way.TAGGED, Way.HIDDEN, Way.SEALED)[place % 4]
        tagged = way == Way.TAGGED
        highest = (number + 1) * LEAST
        lowest = (0, highest // 3, highest)[number % 3]
        time = 1 + place % 5
        duration = time + (8, 2, 12, 7)[number % 4]
        if self._send(who, "post", 1, [7] if tagged else [7, 8], way, lowest, highest, number,
                      duration, time, number * LEAST // 50, inputs_digest(b"x"), "data:,x",
                      value=highest if number != 5 else highest + 1):
            self.jobs += 1

    def _proof(self, who: str, job: int, known: Any, right: bool) -> list[int]:
        second = 8
        if known["way"] == Way.TAGGED:
            second = prover_tag(STATEMENT_CHAIN_ID, job, TAG_PROVER, self.people[who].address)
        return [7 if right else 9, second, 0, 0, 0, 0, 0, 0]

    def _fulfil(self, who: str, job: int, known: Any, right: bool) -> None:
        holder = {account.address: name for name, account in self.people.items()}
        who = holder.get(known["solver"], who) if right else who
        self._send(who, "fulfil", job, self._proof(who, job, known, right))

    def _commit(self, who: str, job: int, known: Any, number: int, bid: bool) -> None:
        address = self.people[who].address
        price = known["highest"] * number // 4
        digest = bid_digest(job, address, price, SALT) if bid else commitment_digest(
            job, address, self._proof(who, job, known, True), SALT)
        least = max(2 * known["highest"], LEAST) if bid else LEAST * number
        if self._send(who, "bid" if bid else "commit", job, digest, value=least):
            self.made.append((who, job, bid, price, digest))

    def _of_a_commitment(self, act: str, who: str, made: tuple[str, int, bool, int, bytes],
                         right: bool) -> None:
        owner, job, bid, price, digest = made
        if act in ("take back", "forfeit"):
            self._send(who, act.replace(" ", "_"), self.people[owner].address, digest)
        elif bid or act == "reveal bid":
            self._send(owner if right else who, "reveal_bid", job, price, SALT)
        else:
            known = self.market.call("job", job)
            self._send(owner, "reveal", job, self._proof(owner, job, known, right), SALT)

    def _bring_to_an_end(self) -> None:
        """A stranger does it, and everybody is paid."""
        for _ in range(2 + PARAMETERS.failed_locks):
            self._go(60)
            for job in range(self.jobs):
                known = self.market.call("job", job)
                if known["state"] == JobState.LOCKED:
                    assert self._send(STRANGER, "end_lock", job)
                elif known["state"] == JobState.OPEN and known["best_block"]:
                    assert self._send(STRANGER, "decide", job)
                elif known["state"] == JobState.OPEN:
                    self._send(STRANGER, "end", job)    # its clock may have stood still
        for owner, _, _, _, digest in self.made:
            made = self.market.call("commitment", self.people[owner].address, digest)
            if not made["closed"]:
                assert self._send(STRANGER, "take_back" if made["revealed"] else "forfeit",
                                  self.people[owner].address, digest)
        self._check()
        for job in range(self.jobs):
            assert self.market.call("job", job)["state"] in (JobState.DONE, JobState.CLOSED), job
        for name, credit in self.credits.items():
            assert not credit or self._send(name, "collect")
        assert self.market.call("held") == self.market.call("pool")


def play(examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(Markets, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), **more))


def test_money_is_kept_and_nobody_is_kept_out() -> None:
    play(examples=5, steps=14, derandomize=True, phases=(Phase.generate, Phase.shrink))
    assert len(went) >= 10, went    # histories in which all is refused show nothing


@pytest.mark.slow
def test_money_is_kept_and_nobody_is_kept_out_in_many_histories() -> None:
    play(examples=200, steps=40)
    assert len(went) == 17, went
