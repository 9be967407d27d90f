"""Transfers as users might make them, from a seed, with real signatures."""

from collections.abc import Sequence
from random import Random

from proofmill.host.network.transfers.opening import development_key
from proofmill.host.network.transfers.pool import TransferPool
from proofmill.host.network.transfers.waiting import Waiting
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.transfer import Transfer

HIGHEST_FEE = 20


class Load:
    """Makes the transfers of some accounts of a local chain's first ledger.

    What it makes follows from the seed, the slot, the ledger and what is waiting, and from nothing
    else.
    """

    def __init__(self, seed: int, chain_id: int, accounts: Sequence[int]) -> None:
        """`accounts`: whose transfers it makes; see `opening.development_key`."""
        self._seed, self._chain_id, self._accounts = seed, chain_id, tuple(accounts)

    def transfers(self, slot: int, ledger: Ledger, pool: TransferPool) -> list[bytes]:
        """What to put into `pool` before the block of `slot` is built on `ledger`, as
        `Waiting.raw` is.

        As many as let a random number of them wait, 1 to what a batch holds: whole balances, single
        units and all magnitudes between, to any account, itself too, with fees of 0 to 20.
        """
        random = Random(f"proofmill load {self._seed} {slot} {self._accounts}")
        wanted = random.randint(1, ledger.size.transfers) - len(pool)
        receivers = sorted(ledger.accounts)
        made: list[bytes] = []
        nonces: dict[int, int] = {}
        left = {number: pool.spendable(number) for number in self._accounts}
        for _ in range(wanted):
            able = [number for number in self._accounts if left[number] > 0]
            if not able:
                break
            sender = random.choice(able)
            transfer = _draw(random, sender, left[sender], receivers)
            nonce = nonces.get(sender, pool.next_nonce(sender))
            made.append(Waiting(nonce, transfer.signed(
                development_key(self._seed, sender), self._chain_id, nonce)).raw)
            nonces[sender], left[sender] = (
                nonce + 1, left[sender] - transfer.amount - transfer.fee)
        return made


def full_batch(seed: int, ledger: Ledger, chain_id: int) -> Batch:
    """As many transfers as a batch holds, which `ledger` can apply; account 0 has the fees.

    `ledger`: `opening.opening_ledger` of the same seed.
    """
    random, after, made = Random(f"proofmill batch {seed}"), ledger, []
    receivers = sorted(ledger.accounts)
    for _ in range(ledger.size.transfers):
        sender = random.choice([n for n, one in after.accounts.items() if one.balance])
        account = after.accounts[sender]
        made.append(_draw(random, sender, account.balance, receivers).signed(
            development_key(seed, sender), chain_id, account.nonce))
        after = after.transferred(made[-1])
    return Batch(ledger.size, chain_id, 0, tuple(made))


def _draw(random: Random, sender: int, most: int, receivers: Sequence[int]) -> Transfer:
    """One that takes 1 to `most` from `sender`."""
    amount = random.choice((most, 1, random.randint(1, most),
                            random.randint(1, 1 << random.randrange(most.bit_length()))))
    fee = random.randint(0, min(HIGHEST_FEE, most - amount))
    return Transfer(sender, random.choice(receivers), amount, fee)
