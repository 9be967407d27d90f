"""Transactions that are in no block yet: what gossip brings, for the blocks this node builds."""

from collections.abc import Callable
from dataclasses import dataclass

import rlp  # type: ignore[import-untyped]
from eth_account import Account as Signer
from eth_hash.auto import keccak

from proofmill.host.network.evm.client import Address
from proofmill.host.network.node.gossip import Verdict

MOST = 256
MOST_OF_ONE = 32
"""Transactions of one sender that are kept."""
KEEP_SLOTS = 32
TYPE_2 = b"\x02"


@dataclass(frozen=True)
class _Waiting:
    raw: bytes
    sender: Address
    nonce: int
    slot: int


class Mempool:
    """Signed transactions (type 2) of accounts that can pay, by hash.

    A transaction stays, whether or not a block has it, until its sender's nonce has passed it for
    `KEEP_SLOTS` slots: a block that had it can be left with its branch.
    """

    def __init__(
        self, nonce: Callable[[Address], int], balance: Callable[[Address], int], chain_id: int
    ) -> None:
        """`nonce` and `balance`: of an account at the head, in wei."""
        self._nonce = nonce
        self._balance = balance
        self._chain_id = chain_id
        self._known: dict[bytes, _Waiting] = {}

    def add(self, raw: bytes, slot: int) -> tuple[Verdict, str]:
        """Take one in; REJECT for what is no transaction of this chain."""
        key = bytes(keccak(raw))
        if key in self._known:
            return Verdict.KEEP, "it is known"
        try:
            if raw[:1] != TYPE_2:
                raise ValueError("another type")
            fields = rlp.decode(raw[1:])
            chain_id, nonce = (int.from_bytes(fields[i], "big") for i in (0, 1))
            gas, price, value = (int.from_bytes(fields[i], "big") for i in (4, 3, 6))
            sender = bytes.fromhex(Signer.recover_transaction(raw)[2:])
        except Exception as error:  # whatever a stranger's bytes lead to
            return Verdict.REJECT, f"no signed transaction ({type(error).__name__})"
        if chain_id != self._chain_id:
            return Verdict.REJECT, f"a transaction of the chain {chain_id}"
        if nonce < self._nonce(sender):
            return Verdict.IGNORE, "its nonce is used"
        mine = [each for each in self._known.values() if each.sender == sender]
        if any(each.nonce == nonce for each in mine):
            return Verdict.IGNORE, "its nonce is taken by one that is waiting"
        if self._balance(sender) < gas * price + value:
            return Verdict.IGNORE, "its sender cannot pay for it"
        if len(mine) >= MOST_OF_ONE or len(self._known) >= MOST:
            return Verdict.IGNORE, "too many are waiting"
        self._known[key] = _Waiting(raw, sender, nonce, slot)
        return Verdict.ACCEPT, ""

    def waiting(self) -> list[bytes]:
        """Those that the head's branch does not have and could have, by sender and nonce."""
        ready = []
        expected: dict[Address, int] = {}
        for each in sorted(self._known.values(), key=lambda each: (each.sender, each.nonce)):
            nonce = expected.setdefault(each.sender, self._nonce(each.sender))
            if each.nonce == nonce:
                ready.append(each.raw)
                expected[each.sender] += 1
        return ready

    def prune(self, slot: int) -> None:
        """Forget what has long been in a block."""
        self._known = {
            key: each for key, each in self._known.items()
            if each.slot + KEEP_SLOTS > slot or each.nonce >= self._nonce(each.sender)}
