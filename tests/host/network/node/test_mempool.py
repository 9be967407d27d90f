"""Transactions wait in order, and what is none, or cannot be paid for, is not kept."""

import pytest
from eth_account import Account as Signer

from proofmill.host.ground.units import Wei
from proofmill.host.network.evm.pool import MOST_OF_ONE, TransactionPool
from proofmill.host.network.evm.transaction import decode_transaction, sign_transaction
from proofmill.host.network.node.gossip import Verdict
from proofmill.host.network.node.mempool import take_transaction

CHAIN, RICH = 7, 10**18
KEYS = [bytes([n]) * 32 for n in (1, 2, 3)]
SENDERS = [bytes.fromhex(Signer.from_key(key).address[2:]) for key in KEYS]


class World:
    def __init__(self) -> None:
        self.nonces = dict.fromkeys(SENDERS, 0)
        self.pool = TransactionPool(lambda who: self.nonces[who], self.balance, CHAIN)

    def add(self, raw: bytes) -> tuple[Verdict, str]:
        return take_transaction(self.pool, raw)

    def balance(self, who: bytes) -> int:
        return 0 if who == SENDERS[2] else RICH


def signed(sender: int, nonce: int, chain_id: int = CHAIN, value: int = 0) -> bytes:
    """By the library itself, not by what is under test."""
    return bytes(Signer.sign_transaction({
        "type": 2, "chainId": chain_id, "nonce": nonce, "gas": 21_000, "maxFeePerGas": 10,
        "maxPriorityFeePerGas": 1, "value": value, "to": b"\x09" * 20}, KEYS[sender]
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
        assert found.hash == Signer.sign_transaction({
            "type": 2, "chainId": CHAIN, "nonce": 3, "gas": 90_000, "maxFeePerGas": 101,
            "maxPriorityFeePerGas": 1, "value": value, "data": data,
            **({"to": to} if to else {})}, KEYS[0]).hash


def test_they_wait_in_the_order_of_their_nonces() -> None:
    world = World()
    raws = [signed(0, nonce) for nonce in range(4)]
    for nonce in (2, 0, 3):
        assert world.add(raws[nonce])[0] is Verdict.ACCEPT
    assert world.pool.waiting() == [raws[0]]  # 2 and 3 wait for 1
    assert world.add(raws[1])[0] is Verdict.ACCEPT
    assert world.pool.waiting() == raws
    assert world.add(raws[1]) == (Verdict.KEEP, "it is known")
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
    (b"", Verdict.REJECT, "no signed transaction"),
    (b"\x02", Verdict.REJECT, "no signed transaction"),
    (b"\x02\xff" * 50, Verdict.REJECT, "no signed transaction"),
    (b"\xf8" + signed(0, 0), Verdict.REJECT, "no signed transaction"),
    (signed(0, 0)[:-1], Verdict.REJECT, "no signed transaction"),
    (legacy(), Verdict.REJECT, "no signed transaction"),
    (b"\x01" + signed(0, 0)[1:], Verdict.REJECT, "no signed transaction"),
    (signed(0, 0) + b"\x00", Verdict.REJECT, "no signed transaction"),
    (signed(0, 0, chain_id=8), Verdict.REJECT, "a transaction of the chain 8"),
    (signed(2, 0), Verdict.IGNORE, "cannot pay for this transaction"),
    (signed(0, 0, value=RICH), Verdict.IGNORE, "cannot pay for this transaction"),
])
def test_what_is_wrong_is_not_kept(raw: bytes, verdict: Verdict, reason: str) -> None:
    world = World()
    found, why = world.add(raw)
    assert found is verdict and reason in why and world.pool.waiting() == []


def test_nobody_fills_it() -> None:
    world = World()
    for nonce in range(MOST_OF_ONE):
        assert world.add(signed(0, nonce))[0] is Verdict.ACCEPT
    for raw, reason in ((signed(0, MOST_OF_ONE), "32 transactions of"),
                        (signed(0, 5, value=1), "is taken by one that is waiting")):
        verdict, why = world.add(raw)
        assert verdict is Verdict.IGNORE and reason in why
    assert world.add(signed(1, 0))[0] is Verdict.ACCEPT
    world.nonces[SENDERS[1]] = 4
    verdict, why = world.add(signed(1, 3))
    assert verdict is Verdict.IGNORE and "is used already" in why
