"""Transactions wait in order, and what is none, or cannot be paid for, is not kept."""

import pytest
from eth_account import Account as Signer

from proofmill.host.network.node.gossip import Verdict
from proofmill.host.network.node.mempool import KEEP_SLOTS, MOST_OF_ONE, Mempool

CHAIN, RICH = 7, 10**18
KEYS = [bytes([n]) * 32 for n in (1, 2, 3)]
SENDERS = [bytes.fromhex(Signer.from_key(key).address[2:]) for key in KEYS]


class World:
    def __init__(self) -> None:
        self.nonces = dict.fromkeys(SENDERS, 0)
        self.pool = Mempool(lambda who: self.nonces[who], self.balance, CHAIN)

    def balance(self, who: bytes) -> int:
        return 0 if who == SENDERS[2] else RICH


def signed(sender: int, nonce: int, chain_id: int = CHAIN, value: int = 0) -> bytes:
    return bytes(Signer.sign_transaction({
        "type": 2, "chainId": chain_id, "nonce": nonce, "gas": 21_000, "maxFeePerGas": 10,
        "maxPriorityFeePerGas": 1, "value": value, "to": b"\x09" * 20}, KEYS[sender]
    ).raw_transaction)


def test_they_wait_in_the_order_of_their_nonces() -> None:
    world = World()
    raws = [signed(0, nonce) for nonce in range(4)]
    for nonce in (2, 0, 3):
        assert world.pool.add(raws[nonce], 1)[0] is Verdict.ACCEPT
    assert world.pool.waiting() == [raws[0]]  # 2 and 3 wait for 1
    assert world.pool.add(raws[1], 1)[0] is Verdict.ACCEPT
    assert world.pool.waiting() == raws
    assert world.pool.add(raws[1], 1) == (Verdict.KEEP, "it is known")
    other = signed(1, 0)
    world.pool.add(other, 1)
    world.nonces[SENDERS[0]] = 3
    assert set(world.pool.waiting()) == {raws[3], other}
    # The blocks with them are left with their branch: they are there again.
    world.nonces[SENDERS[0]] = 1
    assert set(world.pool.waiting()) == {*raws[1:], other}


def test_what_is_in_a_block_is_forgotten_in_time() -> None:
    world = World()
    raw = signed(0, 0)
    world.pool.add(raw, 1)
    world.nonces[SENDERS[0]] = 1
    world.pool.prune(KEEP_SLOTS)
    world.nonces[SENDERS[0]] = 0
    assert world.pool.waiting() == [raw]
    world.nonces[SENDERS[0]] = 1
    world.pool.prune(KEEP_SLOTS + 1)
    world.nonces[SENDERS[0]] = 0
    assert world.pool.waiting() == []


@pytest.mark.parametrize("raw,verdict,reason", [
    (b"", Verdict.REJECT, "no signed transaction"),
    (b"\x02", Verdict.REJECT, "no signed transaction"),
    (b"\x02\xff" * 50, Verdict.REJECT, "no signed transaction"),
    (b"\xf8" + signed(0, 0), Verdict.REJECT, "no signed transaction"),
    (signed(0, 0)[:-1], Verdict.REJECT, "no signed transaction"),
    (signed(0, 0, chain_id=8), Verdict.REJECT, "a transaction of the chain 8"),
    (signed(2, 0), Verdict.IGNORE, "its sender cannot pay for it"),
    (signed(0, 0, value=RICH), Verdict.IGNORE, "its sender cannot pay for it"),
])
def test_what_is_wrong_is_not_kept(raw: bytes, verdict: Verdict, reason: str) -> None:
    world = World()
    found, why = world.pool.add(raw, 1)
    assert found is verdict and reason in why and world.pool.waiting() == []


def test_nobody_fills_it() -> None:
    world = World()
    for nonce in range(MOST_OF_ONE):
        assert world.pool.add(signed(0, nonce), 1)[0] is Verdict.ACCEPT
    assert world.pool.add(signed(0, MOST_OF_ONE), 1) == (
        Verdict.IGNORE, "too many are waiting")
    assert world.pool.add(signed(0, 5, value=1), 1) == (
        Verdict.IGNORE, "its nonce is taken by one that is waiting")
    assert world.pool.add(signed(1, 0), 1)[0] is Verdict.ACCEPT
    world.nonces[SENDERS[1]] = 4
    assert world.pool.add(signed(1, 3), 1) == (Verdict.IGNORE, "its nonce is used")
