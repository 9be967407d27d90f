"""Bonds, places, duties and the token under any calls by anybody, in any order.

Refused ones are among them. After every call: ether in equals ether out, burned, and held, and what
is held is what is owed; the token's balances are its supply; nobody has less but by an act of its
own, or by a penalty for a duty or for a proof that it has signed. At the end of every history,
whatever it was: who pays the price gets a place and proves, and everybody gets out all that it has.
"""

from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from proofmill.host.network.contracts.deployment import NO_STATEMENT, Layer
from proofmill.host.network.evm.account import address_of
from proofmill.host.network.evm.client import Address, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.bonds import unbonding_epochs
from proofmill.host.network.mechanism.parameters import Parameters
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    GENESIS_TIME,
    MINIMUM_BOND,
    World,
    private_key,
)

P = Parameters(slots_per_epoch=2, stage1_blocks=1, stage2_blocks=1, window_blocks=3,
               committee_size=1, places=3, calibration_proofs=1)
NAMES = "ann", "bea", "cid", "dan"
STRANGER = "eve"
EVERYBODY = (*NAMES, STRANGER)
MOST_PROVERS = 8
GAS = 3_000_000
WRONG = [1] * 8
went: set[str] = set()
"""Functions that some history has called and that went through."""
JUDGE_ALONE: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("take_on", (0, 1)), ("release", (0, 1, True)), ("take", (0, 1, False)),
    ("settle", (0, 0, 1, 0, bytes(20))), ("has_delivered", (0,)), ("end_epoch", ()),
    ("count_calibration", (0,)), ("forgive", (0, 1)), ("connect", (b"\x01" * 20,)))

acts = st.sampled_from((
    "register", "deposit", "enter", "enter", "leave", "withdraw", "delegate", "undelegate",
    "withdraw delegation", "collect", "submit", "submit", "submit", "submit", "report",
    "calibrate", "calibrate", "mature", "transfer", "approve", "judge"))
steps = st.tuples(acts, st.sampled_from(NAMES), st.integers(0, 7), st.integers(0, 7))
"""What, by whom, on which prover or slot, and a number that sets the rest, mostly rightly."""


class Town(World):
    """A world whose proposers are its people, in turn, so that all bounties have an owner."""

    def proposer(self, slot: int) -> Address:
        return address_of(private_key(NAMES[slot % len(NAMES)]))


@cache
def deployed() -> tuple[EmbeddedEvm, Layer]:
    names = ("deployer", *EVERYBODY)
    evm = EmbeddedEvm(CHAIN_ID, {address_of(private_key(name)): 10**6 * ETHER for name in names},
                      timestamp=GENESIS_TIME - 1_000)
    return evm, World(evm, P).contracts


class Bonded(RuleBasedStateMachine):
    """Each step is a block, or some slots without one and a block, and calls in it."""

    @initialize()
    def begin(self) -> None:
        evm, layer = deployed()
        self.fork = evm.snapshot()
        self.world = Town(evm, P, layer=layer)
        self.evm, self.bonds, self.rewards = evm, layer.bonds, layer.rewards
        self.paid_in = self.paid_out = 0
        self._acts = {
            "register": self._register, "deposit": self._deposit, "enter": self._enter,
            "leave": self._leave, "withdraw": self._withdraw, "delegate": self._delegate,
            "undelegate": self._undelegate, "withdraw delegation": self._withdraw_delegation,
            "collect": self._collect, "submit": self._submit, "report": self._report,
            "calibrate": self._calibrate, "mature": self._mature, "transfer": self._transfer,
            "approve": self._approve, "judge": self._judge}
        self.signed_for: dict[int, int] = {}
        """What invalid proofs have cost each prover, which its owner has signed."""
        self.owners: list[str] = []
        self.paid_at: list[str] = []
        for place, name in enumerate(NAMES[:3]):
            self._register(name, place, 6)
        self._go(1)
        self._go(1)
        for prover in range(3):
            self._calibrate(NAMES[3], 1, prover)
        for _ in range(5):    # weights that count two epochs later
            self._go(1)
        self._check()

    @rule(gap=st.sampled_from((1, 1, 1, 1, 1, 2, 3, 9)),
          calls=st.lists(steps, min_size=1, max_size=4))
    def step(self, gap: int, calls: list[tuple[str, str, int, int]]) -> None:
        self._go(gap)
        for act, who, place, number in calls:
            before = self._wealth()
            self._acts[act](who, place, number)
            self._check()
            for name, had in self._wealth().items():
                assert name == who or all(
                    now >= then for now, then in zip(had, before[name], strict=True)), (act, name)

    def teardown(self) -> None:
        if hasattr(self, "fork"):
            try:
                self._bring_to_an_end()
            finally:
                self.evm.revert(self.fork)

    def _go(self, slots: int) -> None:
        self.world.advance(to=self.world.slot + slots)    # fails where a hook has failed

    def _address(self, name: str) -> Address:
        return self.world.account(name).address

    def _send(self, who: str, contract: Contract, function: str, *arguments: object,
              value: int = 0) -> bool:
        """Whether it went through."""
        try:
            receipt = contract.send(self.world.account(who), function, *arguments, value=value,
                                    gas=GAS)
        except RevertedError:
            return False
        went.add(function)
        self.paid_in += value
        self.paid_out += sum(event.values["amount"] for event in self.bonds.events(receipt)
                             if event.name == "Withdrawn")
        return True

    def _wealth(self) -> dict[str, tuple[int, ...]]:
        """Of everybody what nobody else may lessen: bounties, what is delegated or on its way
        back, tokens that no other may spend, and bonds but for a proof signed by the owner."""
        numbers = range(len(self.owners))
        found = {}
        for name in EVERYBODY:
            address = self._address(name)
            allowed = sum(self.rewards.call("allowance", address, self._address(other))
                          for other in EVERYBODY)
            found[name] = (
                self.bonds.call("credits", address),
                *(self.bonds.call("delegations", number, address) for number in numbers),
                *(self.bonds.call("leaving_delegation", number, address)["amount"]
                  for number in numbers),
                max(0, self.rewards.call("balanceOf", address) - allowed),
                *(self.bonds.call("prover", number)["bond"] + self.signed_for.get(number, 0)
                  for number in numbers if self.owners[number] == name))
            found[name] = (*found[name], *[0] * (4 * MOST_PROVERS - len(found[name])))
        return found

    def _check(self) -> None:
        held = self.bonds.call("held")
        assert held == self.evm.balance(self.bonds.address)
        assert self.paid_in == self.paid_out + held + self.bonds.call("burned")
        numbers, everybody = range(len(self.owners)), [self._address(each) for each in EVERYBODY]
        provers = [self.bonds.call("prover", number) for number in numbers]
        owed = sum(each["bond"] + each["delegated"] for each in provers)
        owed += sum(self.bonds.call("leaving_delegation", number, each)["amount"]
                    for number in numbers for each in everybody)
        owed += sum(self.bonds.call("credits", each) for each in everybody)
        assert held == owed + self.bonds.call("escrow")
        assert sum(each["placed"] for each in provers) <= P.places
        assert self.bonds.call("invariants") and self.rewards.call("invariants")
        assert self.rewards.call("totalSupply") == sum(
            self.rewards.call("balanceOf", each) for each in everybody)

    # What people do; `number` 0: wrongly.

    def _register(self, who: str, place: int, number: int) -> None:
        paid_at = NAMES[place % 4]
        if len(self.owners) < MOST_PROVERS and self._send(
                who, self.bonds, "register", self._address(paid_at),
                value=MINIMUM_BOND * number // 2):
            self.owners.append(who)
            self.paid_at.append(paid_at)

    def _mine(self, who: str, place: int, number: int) -> tuple[str, int]:
        """A prover, and who acts for it: mostly its owner."""
        prover = place % len(self.owners)
        return (self.owners[prover] if number > 1 else who), prover

    def _deposit(self, who: str, place: int, number: int) -> None:
        self._send(who, self.bonds, "deposit", place % (len(self.owners) + 1),
                   value=number * MINIMUM_BOND // 2)

    def _enter(self, who: str, place: int, number: int) -> None:
        owner, prover = self._mine(who, place, number)
        self._send(owner, self.bonds, "enter", prover)

    def _leave(self, who: str, place: int, number: int) -> None:
        if number > 4 and len(self.owners) > 4 or number < 2:    # else all would be gone soon
            owner, prover = self._mine(who, place, number)
            assert not self._send(owner, self.bonds, "leave", prover) or (
                owner == self.owners[prover])

    def _withdraw(self, who: str, place: int, number: int) -> None:
        self._send(who, self.bonds, "withdraw", place % len(self.owners))

    def _delegate(self, who: str, place: int, number: int) -> None:
        self._send(who, self.bonds, "delegate", place % len(self.owners),
                   value=number * MINIMUM_BOND // 4)

    def _undelegate(self, who: str, place: int, number: int) -> None:
        self._send(who, self.bonds, "undelegate", place % len(self.owners),
                   number * MINIMUM_BOND // 4)

    def _withdraw_delegation(self, who: str, place: int, number: int) -> None:
        self._send(who, self.bonds, "withdraw_delegation", place % len(self.owners))

    def _collect(self, who: str, place: int, number: int) -> None:
        self._send(who, self.bonds, "collect")

    def _slot(self, place: int) -> int:
        return max(1, self.world.slot - 1 - place % 4)

    def _proof(self, slot: int, prover: int) -> list[int]:
        return self.world.proof(slot, prover, self._address(self.paid_at[prover]))

    def _submit(self, who: str, place: int, number: int) -> None:
        slot = self._slot(place // 3)
        if slot not in self.world.statements:
            return
        record = self.rewards.call("record", slot)
        prover = record["primary"] if number > 2 and record["primary"] < 2**64 - 1 else (
            number % len(self.owners))
        self._send(who, self.rewards, "submit", slot, prover,
                   self._proof(slot, prover) if number else WRONG)

    def _report(self, who: str, place: int, number: int) -> None:
        slot = self._slot(place // 3)
        record = self.rewards.call("record", slot)
        prover = record["primary"] if number > 1 and record["primary"] < 2**64 - 1 else (
            number % len(self.owners))
        signer = self.owners[prover] if number else who
        digest = self.rewards.call("signed_digest", slot, record["payload_root"], prover, WRONG)
        signed = self.world.account(signer).sign_hash(digest)
        if self._send(who, self.rewards, "report_invalid", slot, prover, WRONG, signed[64],
                      int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big")):
            assert signer == self.owners[prover]
            self.signed_for[prover] = self.signed_for.get(prover, 0) + record["penalty"]

    def _calibrate(self, who: str, place: int, number: int) -> None:
        slot, prover = self._slot(place), number % len(self.owners)
        if slot in self.world.statements:
            self._send(who, self.rewards, "calibrate", slot, prover, self._proof(slot, prover))

    def _mature(self, who: str, place: int, number: int) -> None:
        self.world.finalized = max(self.world.finalized, self.world.slot - 2)
        self._send(who, self.rewards, "mature", self._slot(place))

    def _transfer(self, who: str, place: int, number: int) -> None:
        amount = self.rewards.call("balanceOf", self._address(who)) * number // 6
        self._send(who, self.rewards, "transfer", self._address(NAMES[place % 4]), amount)
        self._send(who, self.rewards, "transferFrom", self._address(NAMES[place % 4]),
                   self._address(who), number)

    def _approve(self, who: str, place: int, number: int) -> None:
        self._send(who, self.rewards, "approve", self._address(NAMES[place % 4]), number)

    def _judge(self, who: str, place: int, number: int) -> None:
        """Nobody but the contract of rewards and the protocol may do these."""
        function, arguments = JUDGE_ALONE[place % len(JUDGE_ALONE)]
        layer = self.world.contracts
        assert not self._send(who, self.bonds, function, *arguments)
        assert not self._send(who, self.rewards, "on_block", self.world.slot + 1, 0)
        assert not self._send(who, layer.consensus, "on_block", NO_STATEMENT.fields, 0, 0)
        assert not self._send(who, layer.assignment, "take_snapshot", 0)

    def _bring_to_an_end(self) -> None:
        """Who pays the price gets a place and proves; all go, and all is paid out."""
        self._go(1)
        prover = len(self.owners)
        assert self._send(STRANGER, self.bonds, "register", self._address(STRANGER),
                          value=2 * self.bonds.call("place_price"))
        self.owners.append(STRANGER)
        self.paid_at.append(STRANGER)
        slot = self.world.slot - 1
        assert self._send(STRANGER, self.rewards, "calibrate", slot, prover,
                          self._proof(slot, prover))
        if not self.bonds.call("prover", prover)["placed"]:
            assert self._send(STRANGER, self.bonds, "enter", prover)
        for _ in range(P.window_blocks - 1):    # the last stage of that slot is everybody's
            self._go(1)
        if not self.rewards.call("record", slot)["won"]:
            assert self._send(STRANGER, self.rewards, "submit", slot, prover,
                              self._proof(slot, prover))
        for number, owner in enumerate(self.owners):
            if not self.bonds.call("prover", number)["leaving"]:
                assert self._send(owner, self.bonds, "leave", number)
            for name in EVERYBODY:
                lent = self.bonds.call("delegations", number, self._address(name))
                assert not lent or self._send(name, self.bonds, "undelegate", number, lent)
        self._go(P.slots_per_epoch * (unbonding_epochs(P) + 2))
        while self.rewards.call("settled_epochs") < self.world.slot // P.slots_per_epoch - 2 or \
                self.bonds.call("escrow"):
            self._go(1)
        for number, owner in enumerate(self.owners):
            known: Any = self.bonds.call("prover", number)
            assert known["liabilities"] == 0
            assert not known["bond"] or self._send(owner, self.bonds, "withdraw", number)
            for name in EVERYBODY:
                waiting = self.bonds.call("leaving_delegation", number, self._address(name))
                assert not waiting["amount"] or self._send(
                    name, self.bonds, "withdraw_delegation", number)
        for name in EVERYBODY:
            assert not self.bonds.call("credits", self._address(name)) or self._send(
                name, self.bonds, "collect")
        self._check()
        assert self.bonds.call("held") == 0


def play(examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(Bonded, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), **more))


def test_bonds_are_kept_and_nobody_is_kept_out() -> None:
    play(examples=3, steps=8, derandomize=True, phases=(Phase.generate, Phase.shrink))
    assert len(went) >= 10, went    # histories in which all is refused show nothing


@pytest.mark.slow
def test_bonds_are_kept_and_nobody_is_kept_out_in_many_histories() -> None:
    play(examples=40, steps=25)
    assert len(went) == 16, went
