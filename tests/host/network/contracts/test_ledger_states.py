"""The ledger's contract under any calls by anybody, in any order, refused ones included.

Beside it stands a plain model that says of every call whether it goes through. After every step the
coins are where the model has them. At the end of every history, whatever it was, the queue is left
until it ends the ledger, and then all that is held is paid out to whom it belongs to.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from proofmill.host.network.contracts.ledger import UNIT
from proofmill.host.network.evm.account import address_of
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.rollup.requests import ForcedExit
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Signable
from tests.host.network.contracts.bank import CHAIN, TERMS, Bank, leave, point_of, transfer
from tests.host.network.contracts.world import ETHER, GENESIS_TIME, private_key

SIZE = RollupSize(depth=2, transfers=3)
NAMES = ("owner 0", "owner 1", "thief")
STRANGER = "deployer"
COLD = [bytes([0xC0 + number]) * 20 for number in range(2)]
"""Where signed exits go."""
went: set[str] = set()
"""Functions that went through at least once."""
small = st.integers(0, 9)
people = st.sampled_from(NAMES)


@cache
def deployed() -> Bank:
    balances = {address_of(private_key(name)): 10**6 * ETHER
                for name in (*NAMES, STRANGER, "carrier")}
    return Bank(EmbeddedEvm(CHAIN, balances, timestamp=GENESIS_TIME - 1_000), SIZE)


class Ledgers(RuleBasedStateMachine):
    """`times`: when what waits was queued. `escaped`, `reclaimed`, `paid`: what is done with."""

    @initialize()
    def begin(self) -> None:
        base = deployed()
        self.evm = base.evm
        self.fork = self.evm.snapshot()
        self.bank = Bank(self.evm, SIZE, contract=base.contract)
        self.owners: list[str] = []
        self.times: list[int] = []
        self.first = 0                      # the queue's first place that waits
        self.frozen = False
        self.escaped: set[int] = set()
        self.reclaimed: set[int] = set()
        self.paid: set[tuple[int, int]] = set()
        self.inside = 0                     # units paid in and not yet out
        self._open(NAMES[0], 5, True)
        self._open(NAMES[1], 3, True)
        self.prove(NAMES[2], None, [(True, 0, 0, 2)], None)
        self.force(NAMES[1], 1, True)
        self.credit(NAMES[2], 0, 4, 0)

    def teardown(self) -> None:
        if hasattr(self, "fork"):
            try:
                self._bring_to_an_end()
            finally:
                self.evm.revert(self.fork)

    # Calls, each with what the model says of it.

    @rule(who=people, units=small, right=st.booleans())
    def open(self, who: str, units: int, right: bool) -> None:
        self._open(who, units, right or units > 3)

    def _open(self, who: str, units: int, right: bool) -> None:
        bank, number = self.bank, len(self.owners)
        point = point_of(f"key {number}")
        goes = (not self.frozen and units >= TERMS.least and right and number < SIZE.accounts)
        bank.names[number] = f"key {number}"
        if self._call(goes, who, "open", point.x, point.y if right else point.y + 1,
                      bank.account(who).address, value=units * UNIT):
            self.owners.append(who)
            self._queued(units)

    @rule(who=people, number=small, units=small, wei=st.sampled_from((0, 0, 0, 1)))
    def credit(self, who: str, number: int, units: int, wei: int) -> None:
        number %= len(self.owners) + 1
        goes = (not self.frozen and number < len(self.owners) and units >= TERMS.least and not wei)
        if self._call(goes, who, "credit", number, value=units * UNIT + wei):
            self._queued(units)

    @rule(who=people, number=small, own=st.booleans())
    def force(self, who: str, number: int, own: bool) -> None:
        number %= len(self.owners) + 1
        if own and number < len(self.owners):
            who = self.owners[number]
        goes = not self.frozen and number < len(self.owners) and self.owners[number] == who
        if self._call(goes, who, "force", number):
            self._queued(0)

    @rule(who=people, requests=st.sampled_from((None, None, 0, 1, 2)),
          wanted=st.lists(st.tuples(st.booleans(), small, small, small), min_size=1, max_size=2),
          lie=st.sampled_from((None,) * 6 + ("root", "data", "forced", "order")))
    def prove(self, who: str, requests: int | None,
              wanted: list[tuple[bool, int, int, int]], lie: str | None) -> None:
        bank = self.bank
        waiting = 0 if self.frozen else len(bank.queue)
        count = min(waiting, SIZE.transfers if requests is None else requests)
        operations = self._covered(wanted[:SIZE.transfers - count], count)
        if operations is None:
            return
        batch, taken = bank.batch(*operations, requests=count)
        due = count < waiting and self.times[self.first + count] + TERMS.due < self._next_time()
        goes = not self.frozen and not (due and count < SIZE.transfers)
        chained, listed, data, root, tag, proof = bank.arguments(batch, taken)
        assert isinstance(data, bytes) and isinstance(root, int) and isinstance(listed, list)
        if lie == "root":
            root, goes = root + 1, False
        elif lie == "data" and operations:
            data, goes = data[:-1] + bytes([data[-1] ^ 1]), False
        elif lie == "forced" and any(isinstance(each.request, ForcedExit) for each in taken):
            place = next(place for place, each in enumerate(taken)
                         if isinstance(each.request, ForcedExit))
            listed[place] = (*listed[place][:2], listed[place][2] + 1, *listed[place][3:])
            goes = False
        elif lie == "order" and count > 1 and listed[0] != listed[1]:
            listed[:2], goes = listed[1::-1], False
        if self._call(goes, who, "prove", chained, listed, data, root, tag, proof):
            bank.follow(batch)
            self.first += count

    @rule(who=people, number=small, place=small, more=st.sampled_from((0, 0, 0, 1)))
    def withdraw(self, who: str, number: int, place: int, more: int) -> None:
        trees = [(batch, tree) for batch, tree in enumerate(self.bank.exits) if tree.exits]
        if not trees:
            return
        batch, tree = trees[number % len(trees)]
        place %= len(tree.exits)
        at, of, receiver, amount, branch = self.bank.withdrawal(batch, place)
        assert isinstance(amount, int)
        goes = (batch, place) not in self.paid and not more
        if self._call(goes, who, "withdraw", at, of, receiver, amount + more, branch):
            self.paid.add((batch, place))
            self.inside -= amount

    @rule(seconds=st.sampled_from((1, 100, 100, TERMS.due + 9, TERMS.due + 9, TERMS.stop + 9)))
    def pass_time(self, seconds: int) -> None:
        self.bank.pass_time(seconds)
        self.bank.account(STRANGER).send(self.bank.account(STRANGER).address)

    @rule(who=people)
    def freeze(self, who: str) -> None:
        goes = (not self.frozen and len(self.bank.queue) > 0
                and self.times[self.first] + TERMS.stop < self._next_time())
        if self._call(goes, who, "freeze"):
            self.frozen = True

    @rule(who=people, number=small, more=st.sampled_from((0, 0, 0, 1)))
    def escape(self, who: str, number: int, more: int) -> None:
        known = sorted(self.bank.ledger.accounts)
        if not known:
            return
        number = known[number % len(known)]
        at, x, y, balance, nonce, path = self.bank.escape(number)
        assert isinstance(balance, int)
        goes = self.frozen and number not in self.escaped and not more
        if self._call(goes, who, "escape", at, x, y, balance + more, nonce, path):
            self.escaped.add(number)
            self.inside -= balance

    @rule(who=people, number=small, wrong=st.booleans())
    def reclaim(self, who: str, number: int, wrong: bool) -> None:
        queue = self.bank.queue
        if not queue:
            return
        place = number % len(queue)
        queued = queue[place]
        if wrong and number > 5:
            queued = replace(queued, who=self.bank.account(who).address[::-1])
        amount = queued.request.amount
        goes = (self.frozen and amount > 0 and queued == queue[place]
                and place not in self.reclaimed)
        if self._call(goes, who, "reclaim", self.first + place, queued.fields):
            self.reclaimed.add(place)
            self.inside -= amount

    # The model.

    def _queued(self, units: int) -> None:
        self.times.append(self.evm.block().timestamp)
        self.inside += units

    def _next_time(self) -> int:
        return self.evm.block().timestamp + 1

    def _call(self, goes: bool, who: str, function: str, *arguments: object,
              value: int = 0) -> bool:
        """Whether it went through, as the model said."""
        try:
            self.bank.send(who, function, *arguments, value=value)
        except RevertedError as error:
            assert not goes, (function, arguments, error)
            return False
        assert goes, (function, arguments)
        went.add(function)
        return True

    @invariant()
    def _check(self) -> None:
        """Coins and counters are what the model has."""
        if not hasattr(self, "fork"):
            return
        bank = self.bank
        contract = bank.contract
        in_tree = sum(account.balance for number, account in bank.ledger.accounts.items()
                      if number not in self.escaped)
        waiting = sum(each.request.amount for place, each in enumerate(bank.queue)
                      if place not in self.reclaimed)
        owed = sum(leaving.amount for batch, tree in enumerate(bank.exits)
                   for place, leaving in enumerate(tree.exits)
                   if (batch, place) not in self.paid)
        assert [contract.call(name) for name in ("in_tree", "waiting", "owed")] == [
            in_tree, waiting, owed]
        assert in_tree + waiting + owed == self.inside
        assert self.evm.balance(contract.address) == self.inside * UNIT
        assert contract.call("invariants")
        assert contract.call("root") == bank.ledger.root
        assert [contract.call(name) for name in ("queued", "taken", "accounts", "batches")] == [
            self.first + len(bank.queue), self.first, len(self.owners), len(bank.exits)]
        assert contract.call("frozen") == self.frozen

    def _covered(self, wanted: list[tuple[bool, int, int, int]],
                 count: int) -> list[Signable] | None:
        """Transfers and exits that the ledger covers after so many requests; None where the batch
        has no collector."""
        bank = self.bank
        state = bank.ledger
        for queued in bank.queue[:count]:
            state = state.requested(queued.taken_from(state).request)
        if 0 not in state.accounts:
            return None
        made: list[Signable] = []
        for leaves, sender, receiver, amount in wanted:
            known = sorted(state.accounts)
            sender, receiver = known[sender % len(known)], known[receiver % len(known)]
            amount = min(amount, state.accounts[sender].balance)
            if amount:
                fee = min(1, state.accounts[sender].balance - amount)
                made.append(leave(sender, COLD[receiver % 2], amount, fee) if leaves
                            else transfer(sender, receiver, amount, fee))
                state = state.carried_out(made[-1])
        return made

    def _bring_to_an_end(self) -> None:
        """A stranger does it, and everybody is paid."""
        self._check()
        if not self.frozen:
            self._call(True, self.owners[0], "force", 0)
            self._queued(0)
            self.pass_time(TERMS.stop + 9)
            self.freeze(STRANGER)
            assert self.frozen
        for batch, tree in enumerate(self.bank.exits):
            for place in range(len(tree.exits)):
                if (batch, place) not in self.paid:
                    self._call(True, STRANGER, "withdraw", *self.bank.withdrawal(batch, place))
        for number in self.bank.ledger.accounts:
            if number not in self.escaped:
                self._call(True, STRANGER, "escape", *self.bank.escape(number))
        for place, queued in enumerate(self.bank.queue):
            if queued.request.amount and place not in self.reclaimed:
                self._call(True, STRANGER, "reclaim", self.first + place, queued.fields)
        assert self.evm.balance(self.bank.contract.address) == 0
        assert self.bank.contract.call("invariants")


def play(examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(Ledgers, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), **more))


def test_coins_are_kept_and_everybody_gets_out() -> None:
    play(examples=4, steps=22, derandomize=True, phases=(Phase.generate, Phase.shrink))
    assert went >= {"open", "credit", "force", "prove", "freeze", "escape", "withdraw"}, went


@pytest.mark.slow
def test_coins_are_kept_and_everybody_gets_out_in_many_histories() -> None:
    play(examples=100, steps=40)
    assert len(went) == 8, went
