"""Jobs for results of models under any calls by anybody, in any order, refused ones included
(`histories`). At the end of every history, whatever it was: a stranger can bring every job to its
end, and all that is held is paid out."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from proofmill.host.network.contracts.compiler import compile_source, compiled
from proofmill.host.network.contracts.inference import PROOF_SYSTEM_ID
from proofmill.host.network.contracts.results import ResultState, Terms
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.parameters import Parameters
from tests.host.network.contracts.histories import LEAST, NAMES, STRANGER, Histories, machine, play
from tests.host.network.contracts.open_block import OpenBlockEvm
from tests.host.network.contracts.world import private_key

PARAMETERS = Parameters()
COMMITMENT = (7).to_bytes(32, "big")
MODEL = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32, PROOF_SYSTEM_ID, "ipfs://model"
RIGHT, WRONG = (5).to_bytes(32, "big") * 2, (6).to_bytes(32, "big")
"""Outputs."""

FITS: dict[str, Callable[[Any], bool]] = {
    "lock": lambda job: job["state"] == ResultState.OPEN and job["failed_locks"] < 2,
    "end lock": lambda job: job["state"] == ResultState.LOCKED,
    "give": lambda job: job["state"] == ResultState.LOCKED and not job["terms"]["proven"],
    "give proven": lambda job: job["state"] == ResultState.LOCKED or job["failed_locks"] == 2,
    "ask": lambda job: job["state"] == ResultState.GIVEN,
    "settle": lambda job: job["state"] == ResultState.GIVEN,
    "prove": lambda job: job["state"] == ResultState.ASKED,
    "refute": lambda job: job["state"] == ResultState.ASKED,
    "end": lambda job: job["state"] == ResultState.OPEN, "model": lambda job: True,
}
"""Jobs on which an act may go through."""

people = st.sampled_from(NAMES)
acts = st.sampled_from((
    "post", "lock", "lock", "lock", "end lock", "end lock", "give", "give", "give", "give proven",
    "give proven", "ask", "ask", "settle", "prove", "prove", "refute", "end", "fund", "collect",
    "model"))
steps = st.tuples(acts, people, st.integers(0, 7), st.integers(0, 5))
"""What, by whom, on which job, and a number that sets the rest, mostly rightly."""


@cache
def deployed() -> tuple[OpenBlockEvm, Contract, Contract]:
    evm = machine()
    account = Account(evm, private_key(STRANGER))
    models = Contract.deploy(account, evm, compiled("ModelRegistry"))
    for _ in range(2):
        models.send(account, "registerModel", MODEL)
    jobs = Contract.deploy(
        account, evm, compiled("Results"), models.address, PARAMETERS.penalty_multiple,
        PARAMETERS.fee_burn_bps, PARAMETERS.subsidy_bps, LEAST, PARAMETERS.failed_locks)
    source = (Path(__file__).parent / "any_result.vy").read_text()
    verifier = Contract.deploy(account, evm, compile_source("any_result", source), jobs.address)
    jobs.send(account, "connect", verifier.address)
    return evm, jobs, models


class Jobs(Histories):
    """Of jobs for results."""

    went = set()
    fits = FITS

    @initialize()
    def begin(self) -> None:
        evm, jobs, self.models = deployed()
        self.outputs: dict[int, bytes] = {}
        self.start((evm, jobs))
        for place in range(4):
            self.post(NAMES[place], place, 1 + place)

    @rule(gap=st.sampled_from((0, 0, 1, 1, 1, 2, 3, 6)), calls=st.lists(steps, min_size=1,
                                                                       max_size=4))
    def step(self, gap: int, calls: list[tuple[str, str, int, int]]) -> None:
        self.acts(gap, calls)

    def on_a_job(self, act: str, who: str, job: int, jobs: dict[int, Any], place: int,
                 number: int) -> None:
        if act == "model":    # its owner changes it, or ends it: jobs are of what it was
            other = (MODEL[0], MODEL[1], bytes([place]) * 32, *MODEL[3:])
            self.models.send(self.people[STRANGER], "updateModel", 2, other)
            return
        right, known = number > 0, jobs[job]
        seller = self.name_of(known["solver"], who) if right else who
        if act == "lock":
            price = self.contract.call("price", job)
            self.send(who, act, job, value=max(known["terms"]["multiple"] * price, LEAST)
                      if right else price)
        elif act == "give":
            output = RIGHT if number % 2 else WRONG
            if self.send(seller, act, job, output):
                self.outputs[job] = output
        elif act == "give proven":
            self.send(seller, "give_proven", job, RIGHT, self._proof(job, seller, right))
        elif act == "ask":
            self.send(self.name_of(known["requester"], who) if right else who, act, job,
                      value=known["terms"]["proof_price"])
        elif act == "prove":
            # Anybody carries it; another output has no proof.
            self.send(who, act, job, self.outputs.get(job, RIGHT) if right else RIGHT,
                      self._proof(job, seller, right))
        else:
            self.send(who, act.replace(" ", "_"), job)

    def post(self, who: str, place: int, number: int) -> None:
        highest = (number + 1) * LEAST
        time = 1 + place % 4
        proven = place % 3 == 0
        terms = Terms(
            proven=proven, lowest=(0, highest // 3, highest)[number % 3], highest=highest,
            ramp=number, duration=time + (8, 2, 12, 7)[number % 4], time=time,
            multiple=2 + number % 2, window=1 + place % 3, proof_price=number * LEAST // 7,
            proof_time=1 + number % 3, subsidy=number * LEAST // 50)
        if self.send(who, "post", 1 + place % 2, COMMITMENT, terms.words, b"\x44" * 32, "data:,x",
                     value=highest if number != 5 else highest + 1):
            self.jobs += 1

    def _proof(self, job: int, seller: str, right: bool) -> bytes:
        return bytes(encode(
            ["uint256", "bytes32", "bytes32", "address"],
            [job, COMMITMENT, keccak(RIGHT), self.people[seller if right else STRANGER].address]))

    def bring_to_an_end(self) -> None:
        ways = {ResultState.LOCKED: "end_lock", ResultState.GIVEN: "settle",
                ResultState.ASKED: "refute"}
        for _ in range(2 + PARAMETERS.failed_locks):
            self.go(60)
            for job in range(self.jobs):
                state = self.contract.call("job", job)["state"]
                if state in ways:
                    assert self.send(STRANGER, ways[ResultState(state)], job)
                elif state == ResultState.OPEN:
                    self.send(STRANGER, "end", job)    # its clock may have stood still
        self.check()
        for job in range(self.jobs):
            assert self.contract.call("job", job)["state"] in (
                ResultState.DONE, ResultState.CLOSED), job


def test_money_is_kept_and_nobody_is_kept_out() -> None:
    play(Jobs, examples=5, steps=14, derandomize=True, phases=(Phase.generate, Phase.shrink))
    assert len(Jobs.went) >= 9, Jobs.went    # histories in which all is refused show nothing


@pytest.mark.slow
def test_money_is_kept_and_nobody_is_kept_out_in_many_histories() -> None:
    play(Jobs, examples=200, steps=40)
    assert len(Jobs.went) == 12, Jobs.went
