"""The market under any calls by anybody, in any order, refused ones included (`histories`). At the
end of every history, whatever it was: a stranger can bring every job to its end, and all that is
held is paid out."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

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
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.verifiers import IDENTIFIERS
from proofmill.host.prover.circuits.statement import prover_tag
from proofmill.host.prover.plonk.systems import GROTH16
from tests.host.network.contracts.histories import LEAST, NAMES, STRANGER, Histories, machine, play
from tests.host.network.contracts.open_block import OpenBlockEvm
from tests.host.network.contracts.world import STATEMENT_CHAIN_ID, private_key

SALT = b"\x05" * 32
PARAMETERS = Parameters(bid_blocks=2, reveal_blocks=2, decline_divisor=2)
"""Times so short that histories come to their ends."""

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
    evm = machine()
    account = Account(evm, private_key(STRANGER))
    exchange = deploy_market(account, evm, PARAMETERS, LEAST, STATEMENT_CHAIN_ID)
    source = (Path(__file__).parent / "any_signals.vy").read_text()
    for count in (1, 2):
        verifier = Contract.deploy(account, evm, compile_source("any_signals", source),
                                   bytes([count]) * 32, count, IDENTIFIERS[GROTH16])
        exchange.registry.send(account, "add", verifier.address, IDENTIFIERS[GROTH16],
                               bytes([count]) * 32, True)
    return evm, exchange.market


class Markets(Histories):
    """Of the market."""

    went = set()
    fits = FITS

    @initialize()
    def begin(self) -> None:
        self.start(deployed())
        self.made: list[tuple[str, int, bool, int, bytes]] = []
        """Commitments: whose, of which job, whether a bid, its price, its digest."""
        for way in range(4):
            self.post(NAMES[way], way, 1 + way)

    @rule(gap=st.sampled_from((0, 0, 1, 1, 1, 1, 2, 3, 9)), calls=st.lists(steps, min_size=1,
                                                                          max_size=4))
    def step(self, gap: int, calls: list[tuple[str, str, int, int]]) -> None:
        self.acts(gap, calls)

    def on_a_job(self, act: str, who: str, job: int, jobs: dict[int, Any], place: int,
                 number: int) -> None:
        right, known = number > 0, jobs[job]
        if act in ("award", "decide", "decline", "end", "end lock"):
            self.send(self.name_of(known["solver"], who) if act == "decline" and right else who,
                       act.replace(" ", "_"), job)
        elif act == "lock":
            price = self.contract.call("price", job) if known["start"] else 0
            self.send(who, "lock", job, value=max(2 * price, LEAST) if right else price)
        elif act == "fulfil":
            self._fulfil(who, job, known, right)
        elif act in ("commit", "bid"):
            self._commit(who, job, known, number, act == "bid")
        else:
            of_these = [made for made in self.made if not right or FITS[act](jobs[made[1]])
                        and made[2] == (act != "reveal")]
            if of_these:
                self._of_a_commitment(act, who, of_these[place % len(of_these)], right)

    def post(self, who: str, place: int, number: int) -> None:
        way = (Way.LOCKED, Way.TAGGED, Way.HIDDEN, Way.SEALED)[place % 4]
        tagged = way == Way.TAGGED
        highest = (number + 1) * LEAST
        lowest = (0, highest // 3, highest)[number % 3]
        time = 1 + place % 5
        duration = time + (8, 2, 12, 7)[number % 4]
        if self.send(who, "post", 1, [7] if tagged else [7, 8], way, lowest, highest, number,
                      duration, time, number * LEAST // 50, inputs_digest(b"x"), "data:,x",
                      value=highest if number != 5 else highest + 1):
            self.jobs += 1

    def _proof(self, who: str, job: int, known: Any, right: bool) -> list[int]:
        second = 8
        if known["way"] == Way.TAGGED:
            second = prover_tag(STATEMENT_CHAIN_ID, job, TAG_PROVER, self.people[who].address)
        return [7 if right else 9, second, 0, 0, 0, 0, 0, 0]

    def _fulfil(self, who: str, job: int, known: Any, right: bool) -> None:
        who = self.name_of(known["solver"], who) if right else who
        self.send(who, "fulfil", job, self._proof(who, job, known, right))

    def _commit(self, who: str, job: int, known: Any, number: int, bid: bool) -> None:
        address = self.people[who].address
        price = known["highest"] * number // 4
        digest = bid_digest(job, address, price, SALT) if bid else commitment_digest(
            job, address, self._proof(who, job, known, True), SALT)
        least = max(2 * known["highest"], LEAST) if bid else LEAST * number
        if self.send(who, "bid" if bid else "commit", job, digest, value=least):
            self.made.append((who, job, bid, price, digest))

    def _of_a_commitment(self, act: str, who: str, made: tuple[str, int, bool, int, bytes],
                         right: bool) -> None:
        owner, job, bid, price, digest = made
        if act in ("take back", "forfeit"):
            self.send(who, act.replace(" ", "_"), self.people[owner].address, digest)
        elif bid or act == "reveal bid":
            self.send(owner if right else who, "reveal_bid", job, price, SALT)
        else:
            known = self.contract.call("job", job)
            self.send(owner, "reveal", job, self._proof(owner, job, known, right), SALT)

    def bring_to_an_end(self) -> None:
        """A stranger does it, and everybody is paid."""
        for _ in range(2 + PARAMETERS.failed_locks):
            self.go(60)
            for job in range(self.jobs):
                known = self.contract.call("job", job)
                if known["state"] == JobState.LOCKED:
                    assert self.send(STRANGER, "end_lock", job)
                elif known["state"] == JobState.OPEN and known["best_block"]:
                    assert self.send(STRANGER, "decide", job)
                elif known["state"] == JobState.OPEN:
                    self.send(STRANGER, "end", job)    # its clock may have stood still
        for owner, _, _, _, digest in self.made:
            made = self.contract.call("commitment", self.people[owner].address, digest)
            if not made["closed"]:
                assert self.send(STRANGER, "take_back" if made["revealed"] else "forfeit",
                                  self.people[owner].address, digest)
        self.check()
        for job in range(self.jobs):
            assert self.contract.call("job", job)["state"] in (JobState.DONE, JobState.CLOSED), job


def test_money_is_kept_and_nobody_is_kept_out() -> None:
    play(Markets, examples=5, steps=14, derandomize=True, phases=(Phase.generate, Phase.shrink))
    assert len(Markets.went) >= 10, Markets.went    # histories in which all is refused show nothing


@pytest.mark.slow
def test_money_is_kept_and_nobody_is_kept_out_in_many_histories() -> None:
    play(Markets, examples=200, steps=40)
    assert len(Markets.went) == 17, Markets.went
