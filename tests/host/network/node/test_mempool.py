"""Transactions wait in order, and what is none, or cannot be paid for, is not kept."""

from functools import cache

import pytest
from eth_account import Account as Signer
from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.ground.units import Wei
from proofmill.host.network.evm.account import address_of
from proofmill.host.network.evm.pool import (
    MOST,
    MOST_EARLY_OF_ONE,
    MOST_OF_ONE,
    TransactionPool,
)
from proofmill.host.network.evm.transaction import decode_transaction, sign_transaction
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.mempool import take_signed
from proofmill.host.network.pool import MOST_BLOCKS

CHAIN, RICH, BASE_FEE = 7, 10**18, 7
BONDS, BOND = b"\xb0" * 20, 10**17
BLOCK_GAS = 30_000_000
KEYS = [bytes([n]) * 32 for n in range(1, 12)]
SENDERS = [address_of(key) for key in KEYS]


class World:
    def __init__(self) -> None:
        self.nonces = dict.fromkeys(SENDERS, 0)
        self.height = 0
        self.pool = TransactionPool(lambda who: self.nonces.get(who, 0), self.balance, CHAIN,
                                    lambda: BASE_FEE, lambda: self.height)
        self.pool.is_reward = lambda each: each.to == BONDS and each.value >= BOND

    def add(self, raw: bytes) -> tuple[Reception, str]:
        return take_signed(self.pool, raw)

    def balance(self, who: bytes) -> int:
        return 0 if who == SENDERS[2] else RICH


@cache
def signed(sender: int, nonce: int, chain_id: int = CHAIN, value: int = 0, fee: int = 10,
           gas: int = 21_000, to: bytes = b"\x09" * 20, data: bytes = b"") -> bytes:
    """By the library itself, not by what is under test."""
    return bytes(Signer.sign_transaction({
        "type": 2, "chainId": chain_id, "nonce": nonce, "gas": gas, "maxFeePerGas": fee,
        "maxPriorityFeePerGas": min(1, fee), "value": value, "to": to, "data": data}, KEYS[sender]
    ).raw_transaction)


def legacy() -> bytes:
    return bytes(Signer.sign_transaction({
        "chainId": CHAIN, "nonce": 0, "gas": 21_000, "gasPrice": 10, "value": 0,
        "to": b"\x09" * 20}, KEYS[0]).raw_transaction)


def test_what_is_signed_here_is_read_here() -> None:
    signer = Signer.from_key(KEYS[0])
    for to, data, value in ((b"\x09" * 20, b"", 5), (None, b"code", 0)):
        raw = sign_transaction(signer, CHAIN, 3, Wei(50), to, data, Wei(value), gas=90_000)
        found = decode_transaction(raw)
        assert (found.sender, found.nonce, found.chain_id) == (SENDERS[0], 3, CHAIN)
        assert (found.to, found.data, found.value) == (to or b"", data, value)
        assert found.most == 90_000 * 101 + value
        assert decode_transaction(bytearray(raw)) is found  # who signed it is found out once
        assert found.hash == Signer.sign_transaction({
            "type": 2, "chainId": CHAIN, "nonce": 3, "gas": 90_000, "maxFeePerGas": 101,
            "maxPriorityFeePerGas": 1, "value": value, "data": data,
            **({"to": to} if to else {})}, KEYS[0]).hash


def test_they_wait_in_the_order_of_their_nonces() -> None:
    world = World()
    raws = [signed(0, nonce) for nonce in range(4)]
    for nonce in (2, 0, 3):
        assert world.add(raws[nonce])[0] is Reception.ACCEPT
    assert world.pool.waiting() == [raws[0]]  # 2 and 3 wait for 1
    assert world.add(raws[1])[0] is Reception.ACCEPT
    assert world.pool.waiting() == raws
    assert world.add(raws[1]) == (Reception.KEEP, "it is known")
    other = signed(1, 0)
    world.add(other)
    world.nonces[SENDERS[0]] = 3
    assert set(world.pool.waiting()) == {raws[3], other}
    # The blocks with them are left with their branch: they are there again.
    world.nonces[SENDERS[0]] = 1
    assert set(world.pool.waiting()) == {*raws[1:], other}


def test_what_is_in_a_block_is_forgotten_once_that_is_final() -> None:
    world = World()
    raws = [signed(0, nonce) for nonce in range(2)]
    for raw in raws:
        world.add(raw)
    world.nonces[SENDERS[0]] = 1
    world.pool.settle(lambda who: 0)
    world.nonces[SENDERS[0]] = 0  # the block with it is left with its branch
    assert world.pool.waiting() == raws
    world.pool.settle(lambda who: 1)
    assert raws[0] not in world.pool and raws[1] in world.pool


@pytest.mark.parametrize("raw,verdict,reason", [
    (b"", Reception.REJECT, "no signed transaction"),
    (b"\x02", Reception.REJECT, "no signed transaction"),
    (b"\x02\xff" * 50, Reception.REJECT, "no signed transaction"),
    (b"\xf8" + signed(0, 0), Reception.REJECT, "no signed transaction"),
    (signed(0, 0)[:-1], Reception.REJECT, "no signed transaction"),
    (legacy(), Reception.REJECT, "no signed transaction"),
    (b"\x01" + signed(0, 0)[1:], Reception.REJECT, "no signed transaction"),
    (signed(0, 0) + b"\x00", Reception.REJECT, "no signed transaction"),
    (signed(0, 0, chain_id=8), Reception.REJECT, "a transaction of the chain 8"),
    (signed(2, 0), Reception.IGNORE, "cannot pay for this transaction"),
    (signed(0, 0, value=RICH), Reception.IGNORE, "cannot pay for this transaction"),
    (signed(0, 0, fee=0), Reception.IGNORE, "0 wei for a unit of gas, and the base fee is 7"),
    (signed(0, 32), Reception.IGNORE, "the most is 32"),
])
def test_what_is_wrong_is_not_kept(raw: bytes, verdict: Reception, reason: str) -> None:
    world = World()
    found, why = world.add(raw)
    assert found is verdict and reason in why and world.pool.waiting() == []


def test_nobody_fills_it() -> None:
    world = World()
    for nonce in range(MOST_OF_ONE):
        assert world.add(signed(0, nonce))[0] is Reception.ACCEPT
    for raw, reason in ((signed(0, MOST_OF_ONE), "32 transactions of"),
                        (signed(0, 5, value=1), "is taken by one that is waiting")):
        verdict, why = world.add(raw)
        assert verdict is Reception.IGNORE and reason in why
    assert world.add(signed(1, 0))[0] is Reception.ACCEPT
    world.nonces[SENDERS[1]] = 4
    verdict, why = world.add(signed(1, 3))
    assert verdict is Reception.IGNORE and "is used already" in why


def test_a_sender_pays_for_all_that_waits_together() -> None:
    world = World()
    assert world.add(signed(0, 0, value=RICH * 2 // 3))[0] is Reception.ACCEPT
    verdict, why = world.add(signed(0, 1, value=RICH * 2 // 3))
    assert verdict is Reception.IGNORE and "cannot pay for this transaction beside the 1" in why
    assert world.add(signed(0, 1))[0] is Reception.ACCEPT


def test_who_offers_a_tenth_more_takes_the_place() -> None:
    world = World()
    first, better = signed(0, 0, fee=100), signed(0, 0, fee=110)
    assert world.add(first)[0] is Reception.ACCEPT
    verdict, why = world.add(signed(0, 0, fee=109))
    assert verdict is Reception.IGNORE and "offer 110 wei for a unit of gas" in why
    assert world.add(better)[0] is Reception.ACCEPT
    assert world.pool.waiting() == [better] and first not in world.pool


def test_few_of_one_wait_for_a_missing_nonce() -> None:
    world = World()
    for nonce in range(1, 1 + MOST_EARLY_OF_ONE):
        assert world.add(signed(0, nonce))[0] is Reception.ACCEPT
    verdict, why = world.add(signed(0, 1 + MOST_EARLY_OF_ONE))
    assert verdict is Reception.IGNORE and "wait for one with nonce 0; send that first" in why
    assert world.add(signed(0, 0))[0] is Reception.ACCEPT
    assert world.add(signed(0, 1 + MOST_EARLY_OF_ONE))[0] is Reception.ACCEPT
    assert len(world.pool.waiting()) == 2 + MOST_EARLY_OF_ONE


@pytest.mark.parametrize("more,reason", [
    ({"gas": 31_000_000}, "more than 60,000,000 gas together"),
    ({"gas": 15_000_000, "data": bytes(1 << 17)}, "more than 262,144 bytes together"),
])
def test_one_sender_asks_for_so_much_and_no_more(more: dict[str, int | bytes], reason: str) -> None:
    world = World()
    assert world.add(signed(0, 0, **more))[0] is Reception.ACCEPT  # type: ignore[arg-type]
    verdict, why = world.add(signed(0, 1, **more))  # type: ignore[arg-type]
    assert verdict is Reception.IGNORE and reason in why


def test_who_offers_least_goes_when_it_is_full() -> None:
    world = World()
    raws = [signed(sender, nonce, fee=100 + sender) for sender in range(3, 11)
            for nonce in range(MOST_OF_ONE)]
    assert len(raws) == MOST and all(world.add(raw)[0] is Reception.ACCEPT for raw in raws)
    verdict, why = world.add(signed(0, 0, fee=100))
    assert verdict is Reception.IGNORE and "offer more than 100 wei" in why
    assert len(world.pool) == MOST
    assert world.add(signed(0, 0, fee=500))[0] is Reception.ACCEPT
    assert len(world.pool) == MOST and world.pool.waiting()[0] == signed(0, 0, fee=500)
    bond = signed(1, 0, value=BOND, to=BONDS)
    assert world.add(bond)[0] is Reception.ACCEPT
    assert world.pool.waiting(BLOCK_GAS)[0] == bond and len(world.pool) == MOST + 1
    assert raws[MOST_OF_ONE - 1] not in world.pool and raws[MOST_OF_ONE - 2] in world.pool


def test_none_waits_for_ever() -> None:
    world = World()
    world.add(signed(0, 0))
    world.height = MOST_BLOCKS
    assert world.pool.waiting() == [signed(0, 0)]
    world.height += 1
    assert world.pool.waiting() == [] and signed(0, 0) not in world.pool


hostile = st.tuples(
    st.integers(1, 10), st.sampled_from([0, 1, 2, 5, 31]), st.sampled_from([0, 10, 10**6]),
    st.sampled_from([21_000, 15_000_000, 60_000_000]), st.sampled_from([b"\x09" * 20, BONDS]))


@settings(max_examples=12, deadline=None)
@given(st.lists(hostile, max_size=30))
def test_an_honest_bond_is_in_the_next_block(
    attempts: list[tuple[int, int, int, int, bytes]]
) -> None:
    """Whatever senders without a bond have sent before, and after."""
    world = World()
    for at, (sender, nonce, fee, gas, to) in enumerate(attempts):
        world.add(signed(sender, nonce, fee=fee, gas=gas, to=to))
        if at == len(attempts) // 2:
            world.add(signed(0, 0, value=BOND, gas=1_000_000, to=BONDS))
    bond = signed(0, 0, value=BOND, gas=1_000_000, to=BONDS)
    assert world.add(bond)[0] in (Reception.ACCEPT, Reception.KEEP)
    chosen = world.pool.waiting(BLOCK_GAS)
    assert chosen[0] == bond
    assert sum(decode_transaction(raw).gas for raw in chosen) <= BLOCK_GAS
    assert len(world.pool) <= MOST + 1
