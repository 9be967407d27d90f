"""Signed transfers wait in order; what cannot be applied is refused with its reason."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.mempool import take_signed
from proofmill.host.network.pool import MOST_BLOCKS
from proofmill.host.network.transfers.load import Load, full_batch
from proofmill.host.network.transfers.opening import development_key, opened, opening_ledger
from proofmill.host.network.transfers.pool import (
    MOST,
    MOST_EARLY_OF_ONE,
    MOST_OF_ONE,
    TransferPool,
)
from proofmill.host.network.transfers.store import TransferStore
from proofmill.host.network.transfers.waiting import NoTransfer, Waiting
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, Transfer

CHAIN, SIZE, BALANCE = 7, RollupSize(depth=3, transfers=4), 1000
KEYS = [bytes([number + 1]) * 32 for number in range(4)]


def opening() -> Ledger:
    return Ledger(SIZE, {number: Account(public_key(key), BALANCE, 5 * number)
                         for number, key in enumerate(KEYS)})


class World:
    def __init__(self) -> None:
        self.ledger = opening()
        self.height = 0
        self.pool = TransferPool(CHAIN, lambda: self.ledger, lambda: self.height)

    def add(self, raw: bytes) -> tuple[Reception, str]:
        return take_signed(self.pool, raw)

    def build(self, collector: int = 3) -> list[bytes]:
        """Apply the next batch; the bytes of its transfers."""
        batch = self.pool.batch(self.ledger, collector)
        self.ledger = self.ledger.apply(batch)
        self.height += 1
        return [each.to_bytes() for each in batch.transfers]


@cache
def signed(sender: int, nonce: int, amount: int = 1, fee: int = 0, receiver: int = 1,
           key: int | None = None, chain_id: int = CHAIN) -> bytes:
    return Waiting(nonce, Transfer(sender, receiver, amount, fee).signed(
        KEYS[sender if key is None else key], chain_id, nonce)).raw


def test_bytes() -> None:
    raw = signed(0, 3, 5, 2)
    assert Waiting.from_bytes(raw).raw == raw and len(raw) == 88
    assert raw[:4] == b"\0\0\0\3"
    for wrong in (b"", raw[:-1], raw + b"1", raw[:4] + bytes(84)):
        with pytest.raises(NoTransfer):
            Waiting.from_bytes(wrong)


def test_who_pays_most_comes_first_and_nonces_keep_their_order() -> None:
    world = World()
    raws = [signed(0, 0, fee=1), signed(0, 1, fee=9), signed(1, 5, fee=5), signed(2, 10, fee=3),
            signed(1, 6, fee=4)]
    for raw in reversed(raws):
        assert world.add(raw)[0] is Reception.ACCEPT
    assert len(world.pool) == 5 and world.pool.next_nonce(0) == 2
    # 1's pay 5 and 4, 2's 3; of 0's the one of 9 has to wait for the one of 1.
    assert world.pool.waiting() == [raws[number] for number in (2, 4, 3, 0, 1)]
    assert world.build() == [raws[number][4:] for number in (2, 4, 3, 0)]
    assert world.build() == [raws[1][4:]]
    assert world.ledger.accounts[3].balance == BALANCE + 22
    assert len(world.pool) == 0


REFUSED = {
    "used nonce": (signed(1, 4), "nonce 4 of account 1 is used already; the next is 5"),
    "far nonce": (signed(0, MOST_OF_ONE), f"the most is {MOST_OF_ONE}"),
    "no sender": (Waiting(0, Transfer(4, 0, 1).signed(KEYS[0], CHAIN, 0)).raw,
                  "there is no account 4"),
    "no receiver": (signed(0, 0, receiver=4), "there is no account 4"),
    "too much": (signed(0, 0, BALANCE, 1), "account 0 has 1000, which does not cover 1001"),
}
FORGED = {
    "somebody else's": signed(0, 0, key=1),
    "another chain": signed(0, 0, chain_id=CHAIN + 1),
    "another nonce": b"\0\0\0\1" + signed(0, 0)[4:],
    "another amount": signed(0, 0)[:-70] + b"\x02" + signed(0, 0)[-69:],
    "no bytes of one": b"transfer",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_applied_is_refused_with_its_reason(name: str) -> None:
    world = World()
    raw, reason = REFUSED[name]
    verdict, said = world.add(raw)
    assert verdict is Reception.IGNORE and reason in said
    assert len(world.pool) == 0


@pytest.mark.parametrize("name", FORGED)
def test_what_nobody_signed_counts_against_its_sender(name: str) -> None:
    world = World()
    assert world.add(FORGED[name])[0] is Reception.REJECT
    assert len(world.pool) == 0


def test_all_of_one_are_covered_together() -> None:
    world = World()
    assert world.add(signed(0, 0, 600, 10))[0] is Reception.ACCEPT
    verdict, reason = world.add(signed(0, 1, 390, 1))
    assert verdict is Reception.IGNORE and "does not cover 391 beside the 1" in reason
    assert world.add(signed(0, 1, 390))[0] is Reception.ACCEPT


def test_a_replacement_pays_ten_percent_more() -> None:
    world = World()
    for fee, verdict in ((20, Reception.ACCEPT), (21, Reception.IGNORE), (20, Reception.KEEP),
                         (22, Reception.ACCEPT), (20, Reception.IGNORE)):
        assert world.add(signed(0, 0, fee=fee))[0] is verdict, fee
    assert world.build() == [signed(0, 0, fee=22)[4:]]
    # Of nothing ten percent are nothing: one more it has to be.
    assert world.add(signed(0, 1, 5))[0] is Reception.ACCEPT
    assert world.add(signed(0, 1, 6))[0] is Reception.IGNORE
    assert world.add(signed(0, 1, 6, 1))[0] is Reception.ACCEPT


def test_one_sender_has_limits() -> None:
    world = World()
    for nonce in range(MOST_EARLY_OF_ONE):
        assert world.add(signed(0, nonce + 2))[0] is Reception.ACCEPT
    verdict, reason = world.add(signed(0, 9))
    assert verdict is Reception.IGNORE and "wait for one with nonce 0" in reason
    assert world.build() == []
    for nonce in range(MOST_OF_ONE):
        world.add(signed(0, nonce))
    assert len(world.pool) == MOST_OF_ONE
    assert len(world.build()) == 4


def test_a_full_pool_keeps_who_pays_most(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST == 256
    monkeypatch.setattr("proofmill.host.network.transfers.pool.MOST", 3)
    world = World()
    # With its nonce missing before it a transfer goes first, whatever it pays.
    for raw in (signed(0, 1, fee=50), signed(1, 5, fee=3), signed(2, 10, fee=2)):
        assert world.add(raw)[0] is Reception.ACCEPT
    assert world.add(signed(3, 15, fee=9))[0] is Reception.ACCEPT
    verdict, reason = world.add(signed(1, 6, fee=1))
    assert verdict is Reception.IGNORE and "pay more than 1" in reason
    # For the same fee who came first stays.
    verdict, reason = world.add(signed(0, 0, fee=2))
    assert verdict is Reception.IGNORE and "pay more than 2" in reason
    assert len(world.build()) == 3


def test_nothing_waits_for_ever() -> None:
    world = World()
    world.add(signed(0, 1))
    world.height = MOST_BLOCKS
    world.add(signed(1, 5))
    assert len(world.pool) == 2
    world.height += 1
    world.add(signed(2, 10))
    assert len(world.pool) == 2


def test_a_block_left_with_its_branch_gives_its_transfers_back() -> None:
    world = World()
    before = world.ledger
    world.add(signed(0, 0))
    assert world.build() and not world.build()
    world.ledger = before
    assert world.build() == [signed(0, 0)[4:]]
    world.pool.settle(world.ledger)
    world.ledger = before
    assert not world.build()


def test_a_block_left_late_gives_its_transfers_their_whole_time() -> None:
    world = World()
    before = world.ledger
    world.add(signed(0, 0))
    assert world.build()
    world.height += MOST_BLOCKS
    world.add(signed(1, 5))
    world.height += 1
    world.ledger = before
    world.add(signed(2, 10))
    assert len(world.pool) == 3


def test_it_survives_restarts(tmp_path: Path) -> None:
    world = World()
    with TransferStore(tmp_path / "transfers.sqlite") as store:
        world.pool.keep_in(store)
        for raw in (signed(0, 0, fee=1), signed(1, 5, 900), signed(2, 10), signed(0, 0, fee=2)):
            assert world.add(raw)[0] is Reception.ACCEPT
    again = World()
    # Meanwhile another node's block had 2's, and 1 has less.
    again.ledger = again.ledger.transferred(Waiting.from_bytes(signed(2, 10)).signed)
    poorer = replace(again.ledger.accounts[1], balance=100)
    again.ledger = again.ledger.with_account(1, poorer)
    with TransferStore(tmp_path / "transfers.sqlite") as store:
        again.pool.keep_in(store)
        assert again.pool.restore() == 1
        assert store.all() == [signed(0, 0, fee=2)]
    assert again.build() == [signed(0, 0, fee=2)[4:]]


def test_a_damaged_store_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "transfers.sqlite"
    path.write_bytes(b"not a database")
    with TransferStore(path) as store:
        assert store.all() == []
    assert (tmp_path / "transfers.sqlite.damaged").exists()


def test_what_leaves_the_ledger_waits_like_the_rest() -> None:
    world = World()
    left = Waiting(0, Exit(0, b"\x07" * 20, 30, 5).signed(KEYS[0], CHAIN, 0)).raw
    assert world.add(left)[0] is Reception.ACCEPT
    assert world.build() == [left[4:]]
    assert world.ledger.supply == 4 * BALANCE - 30


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(
    st.integers(0, 4), st.integers(-1, 6), st.sampled_from((1, 3, 400, 999, BALANCE, 1 << 63)),
    st.sampled_from((0, 1, 2, 600)), st.integers(0, 4), st.sampled_from((None, None, None, 2)),
    st.sampled_from((CHAIN, CHAIN, CHAIN, 1)), st.booleans()), max_size=24))
def test_no_sender_makes_a_batch_that_cannot_be(
    sent: list[tuple[int, int, int, int, int, int | None, int, bool]],
) -> None:
    """Whatever comes, in whatever order, and on whatever branch: the ledger takes every batch, the
    sum of all balances stays, and what was accepted and is ready does get into a block."""
    world = World()
    # A branch on which nobody has received what was spent on the head's.
    other = Ledger(SIZE, {number: replace(account, balance=number)
                          for number, account in world.ledger.accounts.items()})
    for sender, ahead, amount, fee, receiver, key, chain_id, build in sent:
        known = world.ledger.accounts.get(sender)
        nonce = max(0, ahead + (0 if known is None else known.nonce))
        made = Transfer(sender, receiver, amount, fee).signed(
            KEYS[min(sender, 3) if key is None else key], chain_id, nonce)
        verdict, reason = world.add(Waiting(nonce, made).raw)
        assert (verdict is Reception.ACCEPT) == (reason == "")
        for ledger in (world.ledger, other):     # `apply` raises for what cannot be
            assert ledger.apply(world.pool.batch(ledger, 0)).supply == ledger.supply
        if build:
            world.build()
    for _ in range(24):
        world.build()
    assert world.ledger.supply == 4 * BALANCE
    for number, account in world.ledger.accounts.items():
        # Nothing is left that could be applied.
        assert world.pool.next_nonce(number) == account.nonce or world.pool.spendable(number) < 0


def pool_on(ledger: Ledger) -> TransferPool:
    return TransferPool(CHAIN, lambda: ledger)


def test_the_load_is_what_the_seed_says() -> None:
    ledger = opening_ledger(9, SIZE)
    assert sorted(ledger.accounts) == list(range(opened(SIZE))) == [0, 1, 2, 3]
    assert ledger == opening_ledger(9, SIZE) != opening_ledger(8, SIZE)
    counts = set()
    for slot in range(12):
        pools = [pool_on(ledger) for _ in range(2)]
        one, other = (Load(9, CHAIN, range(4)).transfers(slot, ledger, pool) for pool in pools)
        assert one == other
        for raw in one:
            pools[0].add(raw)
        assert len(pools[0]) == len(one)
        counts.add(len(one))
        assert Load(9, CHAIN, range(4)).transfers(slot, ledger, pools[0]) == []
        ledger = ledger.apply(pools[0].batch(ledger, 1))
    assert counts >= {1, 4}
    assert Load(9, CHAIN, ()).transfers(1, ledger, pool_on(ledger)) == []


def test_a_full_batch_is_full_and_holds() -> None:
    ledger = opening_ledger(3, SIZE)
    batch = full_batch(3, ledger, CHAIN)
    assert len(batch.transfers) == SIZE.transfers
    assert ledger.apply(batch).supply == ledger.supply
    assert development_key(3, 0) != development_key(3, 1)
