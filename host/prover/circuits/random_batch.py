"""Batches as users might make them, from a seed."""

from hashlib import sha256
from random import Random

from proofmill.host.prover.circuits.batch import Batch, Transfer
from proofmill.host.prover.circuits.ledger import Ledger


def random_batch(random: Random, ledger: Ledger) -> Batch:
    """A batch that `ledger` can apply; the same for the same state of `random`.

    Any page that has money, one to ``size.transfers`` transfers: whole balances, single units and
    all magnitudes between, some of money received in the same batch, some to oneself. A ledger
    without money gets the empty batch.
    """
    size = ledger.size
    pages = [number for number in range(size.pages) if any(ledger.page(number))]
    if not pages:
        return Batch(size)
    page = random.choice(pages)
    balances = list(ledger.page(page))
    transfers: list[Transfer] = []
    for _ in range(random.randint(1, size.transfers)):
        funded = [place for place, balance in enumerate(balances) if balance]
        sender = random.choice(funded)
        if transfers and random.random() < 0.3:
            sender = transfers[-1].receiver - page * size.page
        receiver = random.randrange(size.page)
        amount = random.choice((
            balances[sender], 1, random.randint(1, balances[sender]),
            random.randint(1, 1 << random.randrange(balances[sender].bit_length()))))
        balances[sender] -= amount
        balances[receiver] += amount
        transfers.append(Transfer(page * size.page + sender, page * size.page + receiver, amount))
    return Batch(size, tuple(transfers))


def batch_of_slot(seed: int, slot: int, ledger: Ledger) -> Batch:
    """The batch of the block of `slot` on a payload that leaves `ledger`, on the chain of `seed`.

    It follows from these three alone. A payload's hash is not among them, since that depends on the
    randomness of the proofs in it.
    """
    draw = sha256(b"proofmill batch %d %d " % (seed, slot) + ledger.root.to_bytes(32, "big"))
    return random_batch(Random(draw.digest()), ledger)
