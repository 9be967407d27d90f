"""A contract that holds money, under any calls by anybody, in any order, refused ones included.

After every step: money in equals money out, burned, and held, and nobody's credit has fallen but by
collecting it.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.contract import Contract
from tests.host.network.contracts.open_block import OpenBlockEvm
from tests.host.network.contracts.world import CHAIN_ID, ETHER, private_key

NAMES = "ann", "bea", "cid", "dan"
STRANGER = "eve"
GAS = 5_000_000
LEAST = ETHER // 100
"""Of a deposit, in wei."""


def machine() -> OpenBlockEvm:
    """One on which all of them have money."""
    return OpenBlockEvm(CHAIN_ID, {address_of(private_key(name)): 10**6 * ETHER
                                   for name in (*NAMES, STRANGER)})


class Histories(RuleBasedStateMachine):
    """Each step is a block or more, or none, and some calls. After each history a stranger brings
    all to its end."""

    went: ClassVar[set[str]]
    """Functions that some history has called and that went through."""

    fits: ClassVar[dict[str, Callable[[Any], bool]]]
    """Jobs on which an act may go through."""

    def start(self, deployed: tuple[OpenBlockEvm, Contract]) -> None:
        """Begin with a contract as it was deployed."""
        self.evm, self.contract = deployed
        self.fork = self.evm.snapshot()
        self.people = {name: Account(self.evm, private_key(name)) for name in (*NAMES, STRANGER)}
        self.jobs = self.paid_in = self.paid_out = 0
        self.go(1)
        self.credits = self._credits()

    @abstractmethod
    def bring_to_an_end(self) -> None:
        """A stranger does it, and everybody is paid."""

    @abstractmethod
    def post(self, who: str, place: int, number: int) -> None:
        """A job."""

    @abstractmethod
    def on_a_job(self, act: str, who: str, job: int, jobs: dict[int, Any], place: int,
                 number: int) -> None:
        """An act on one of the jobs, of which all is known; `number` sets the rest, rightly if not
        0."""

    def acts(self, gap: int, calls: list[tuple[str, str, int, int]]) -> None:
        """So many blocks on, then calls: what, by whom, on which job, and a number. On one that
        the act fits if the number is not 0."""
        self.go(gap)
        for act, who, place, number in calls:
            if act == "post":
                self.post(who, place, number)
            elif act in ("fund", "collect"):
                self.send(who, act, value=number * LEAST if act == "fund" else 0)
            else:
                jobs = {job: self.contract.call("job", job) for job in range(self.jobs)}
                fit = [job for job, known in jobs.items()
                       if number and self.fits[act](known)] or list(jobs)
                job = fit[place % len(fit)]
                self.on_a_job(act, who, job, jobs, place, number)
        self.check()

    def teardown(self) -> None:
        if hasattr(self, "fork"):
            try:
                self.bring_to_an_end()
                for name, credit in self.credits.items():
                    assert not credit or self.send(name, "collect")
                assert self.contract.call("held") == self.contract.call("pool")
            finally:
                self.evm.revert(self.fork)

    def go(self, blocks: int) -> None:
        """So many blocks on."""
        if blocks:
            self.evm.begin(self.evm.block().number + blocks)

    def _credits(self) -> dict[str, int]:
        return {name: self.contract.call("credits", account.address)
                for name, account in self.people.items()}

    def send(self, who: str, function: str, *arguments: object, value: int = 0) -> bool:
        """Whether it went through."""
        try:
            receipt = self.contract.send(self.people[who], function, *arguments, value=value,
                                         gas=GAS)
        except RevertedError:
            return False
        self.went.add(function)
        out = [event.values["amount"] for event in self.contract.events(receipt)
               if event.name == "Withdrawn"]
        assert (function == "collect") == bool(out)
        self.paid_in, self.paid_out = self.paid_in + value, self.paid_out + sum(out)
        if function == "collect":
            self.credits[who] = 0
        return True

    def name_of(self, address: bytes, otherwise: str) -> str:
        """Whose address it is."""
        return next((name for name, account in self.people.items() if account.address == address),
                    otherwise)

    def check(self) -> None:
        """What holds after every step."""
        credits = self._credits()
        assert all(credits[name] >= self.credits[name] for name in credits)
        self.credits = credits
        held = self.contract.call("held")
        assert self.contract.call("invariants")
        assert held == self.evm.balance(self.contract.address)
        assert self.paid_in == self.paid_out + held + self.contract.call("burned")


def play(histories: type[Histories], examples: int, steps: int, **more: Any) -> None:
    """So many histories."""
    run_state_machine_as_test(histories, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), **more))
