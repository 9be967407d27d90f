from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.batch import Batch, Transfer
from proofmill.host.prover.circuits.block_size import BlockSize
from proofmill.host.prover.circuits.ledger import Ledger
from proofmill.host.prover.circuits.merkle import MerkleTree
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.random_batch import batch_of_slot, random_batch
from proofmill.host.prover.circuits.statement import PROVER_TAG_DOMAIN, Statement, prover_tag

SIZE = BlockSize()
BALANCES = tuple(100 * account for account in range(SIZE.accounts))
SIZES = (SIZE, BlockSize(page=2, depth=0, transfers=1), BlockSize(page=4, depth=3, transfers=7),
         BlockSize(page=16, depth=1, transfers=2))


# Sizes


def test_default_size():
    assert (SIZE.pages, SIZE.accounts, SIZE.place_bits, SIZE.transfer_bits) == (4, 32, 3, 70)
    assert (SIZE.transfers_per_word, SIZE.words) == (3, 2)
    assert BlockSize(transfers=3).words == 1


@pytest.mark.parametrize(("wrong", "message"), [
    ({"page": 3}, "2, 4, 8 or 16 balances, not 3"),
    ({"page": 32}, "not 32"),
    ({"depth": -1}, "0 to 20 levels, not -1"),
    ({"depth": 21}, "not 21"),
    ({"transfers": 0}, "1 to 48 transfers, not 0"),
    ({"transfers": 49}, "not 49"),
])
def test_sizes_that_cannot_be(wrong, message):
    with pytest.raises(ProofmillError, match=message):
        BlockSize(**wrong)


# Ledgers


def test_root_is_a_tree_over_pages():
    ledger = Ledger(SIZE, BALANCES)
    pages = [BALANCES[start:start + 8] for start in range(0, 32, 8)]
    assert [ledger.page(number) for number in range(4)] == pages
    assert ledger.root == MerkleTree.of([poseidon(page) for page in pages]).root


def test_apply():
    ledger = Ledger(SIZE, BALANCES)
    after = ledger.apply(Batch(SIZE, (Transfer(9, 12, 900), Transfer(12, 12, 2100),
                                      Transfer(12, 8, 2000))))
    expected = list(BALANCES)
    expected[9], expected[12], expected[8] = 0, 100, 2800
    assert after == Ledger(SIZE, tuple(expected))
    assert after.root == Ledger(SIZE, tuple(expected)).root != ledger.root
    assert ledger.apply(Batch(SIZE)).root == ledger.root


def test_overdraft_names_account_balance_and_amount():
    ledger = Ledger(SIZE, BALANCES)
    with pytest.raises(ProofmillError,
                       match="transfer 1: account 3 has 299, which does not cover 300"):
        ledger.apply(Batch(SIZE, (Transfer(3, 2, 1), Transfer(3, 2, 300))))
    with pytest.raises(ProofmillError, match="account 3 has 300, which does not cover 301"):
        ledger.apply(Batch(SIZE, (Transfer(3, 3, 301),)))
    with pytest.raises(ProofmillError, match="account 0 has 0, which does not cover 1"):
        # The money comes too late.
        ledger.apply(Batch(SIZE, (Transfer(0, 1, 1), Transfer(1, 0, 1))))


@pytest.mark.parametrize(("balances", "message"), [
    ((1,) * 31, "32 balances, not 31"),
    ((1,) * 31 + (-1,), "account 31: a balance cannot be -1"),
    ((1 << 59,) * 32, "must stay below 2\\^64"),
    ((1 << 64,) + (0,) * 31, "must stay below 2\\^64"),
])
def test_ledgers_that_cannot_be(balances, message):
    with pytest.raises(ProofmillError, match=message):
        Ledger(SIZE, balances)


def test_the_largest_supply_is_no_mistake():
    ledger = Ledger(SIZE, ((1 << 64) - 1,) + (0,) * 31)
    after = ledger.apply(Batch(SIZE, (Transfer(0, 1, (1 << 64) - 1),)))
    assert after.balances[1] == (1 << 64) - 1


def test_a_batch_of_another_size():
    with pytest.raises(ProofmillError, match="the batch is for"):
        Ledger(SIZE, BALANCES).apply(Batch(BlockSize(transfers=5)))


# Batches


def test_batches_that_cannot_be():
    for transfers, message in (
            ((Transfer(0, 1, 1),) * 5, "up to 4 transfers, not 5"),
            ((Transfer(0, 32, 1),), "no account 32, accounts are 0 to 31"),
            ((Transfer(-1, 0, 1),), "no account -1"),
            ((Transfer(0, 8, 1),), "account 8 is on page 1, but the batch works on page 0"),
            ((Transfer(8, 9, 1), Transfer(16, 9, 1)), "transfer 1: account 16 is on page 2"),
            ((Transfer(0, 1, 0),), "must be 1 to 18446744073709551615, not 0"),
            ((Transfer(0, 1, 1 << 64),), "not 18446744073709551616")):
        with pytest.raises(ProofmillError, match=message):
            Batch(SIZE, transfers)


def test_bytes():
    batch = Batch(SIZE, (Transfer(8, 15, 258), Transfer(9, 9, (1 << 64) - 1)))
    assert batch.to_bytes() == [bytes.fromhex("00000008 0000000f 0000000000000102"),
                                bytes.fromhex("00000009 00000009 ffffffffffffffff")]
    assert Batch.from_bytes(SIZE, batch.to_bytes()) == batch
    assert Batch.from_bytes(SIZE, []) == Batch(SIZE)
    with pytest.raises(ProofmillError, match="16 bytes, not 15"):
        Batch.from_bytes(SIZE, [bytes(15)])
    with pytest.raises(ProofmillError, match="not 0"):
        Batch.from_bytes(SIZE, [bytes(16)])


def test_commitment_is_the_hash_of_the_packed_batch():
    batch = Batch(SIZE, (Transfer(17, 18, 5), Transfer(23, 16, 6), Transfer(16, 17, 7),
                         Transfer(22, 23, 8)))
    packed = [5 + (1 + 8 * 2 << 64), 6 + (7 << 64), 7 + (8 << 64), 8 + (6 + 8 * 7 << 64)]
    first = packed[0] + (packed[1] << 70) + (packed[2] << 140) + (2 << 210)
    assert batch.commitment == poseidon((first, packed[3]))
    assert Batch(SIZE).commitment == poseidon((0, 0))


def test_commitments_differ():
    variants = [(), (Transfer(0, 0, 1),), (Transfer(0, 1, 1),), (Transfer(1, 0, 1),),
                (Transfer(8, 9, 1),), (Transfer(0, 1, 1), Transfer(0, 1, 1)),
                (Transfer(0, 1, 2),), (Transfer(0, 1, 1), Transfer(1, 0, 1)),
                (Transfer(1, 0, 1), Transfer(0, 1, 1))]
    assert len({Batch(SIZE, transfers).commitment for transfers in variants}) == len(variants)


def test_random_batches_are_valid_varied_and_repeatable():
    for size in SIZES:
        random = Random(5)
        ledger = Ledger(size, tuple(random.choice((0, 1, random.randrange(1 << 40)))
                                    for _ in range(size.accounts - 1)) + (10**6,))
        supply = ledger.supply
        pages, counts = set(), set()
        for seed in range(40):
            batch = random_batch(Random(seed), ledger)
            assert batch == random_batch(Random(seed), ledger)
            assert Batch.from_bytes(size, batch.to_bytes()) == batch
            ledger = ledger.apply(batch)
            assert ledger.supply == supply
            pages.add(batch.page)
            counts.add(len(batch.transfers))
        assert len(pages) > size.pages // 2
        assert counts == set(range(1, size.transfers + 1))


def test_a_slot_s_batch_follows_from_seed_slot_and_ledger():
    ledger = Ledger(SIZE, (1000,) * SIZE.accounts)
    batch = batch_of_slot(1, 2, ledger)
    assert batch == batch_of_slot(1, 2, Ledger(SIZE, (1000,) * SIZE.accounts))
    others = [batch_of_slot(2, 2, ledger), batch_of_slot(1, 3, ledger),
              batch_of_slot(1, 2, ledger.apply(batch))]
    assert batch not in others


def test_a_ledger_without_money_gets_the_empty_batch():
    assert random_batch(Random(1), Ledger(SIZE, (0,) * 32)) == Batch(SIZE)


# Statements


def test_prover_tag():
    address = bytes(range(20))
    tag = poseidon((PROVER_TAG_DOMAIN, 1, 2, 3, int.from_bytes(address, "big")))
    assert prover_tag(1, 2, 3, address) == Statement(1, 2, 3, address).prover_tag == tag
    others = {prover_tag(2, 2, 3, address), prover_tag(1, 3, 3, address),
              prover_tag(1, 2, 4, address), prover_tag(1, 2, 3, bytes(20))}
    assert len(others | {tag}) == 5


def test_statements_that_cannot_be():
    with pytest.raises(ProofmillError, match="the slot must be 0 to 2\\^64 - 1, not -1"):
        Statement(1, -1, 3, bytes(20))
    with pytest.raises(ProofmillError, match="the chain id"):
        prover_tag(1 << 64, 1, 3, bytes(20))
    with pytest.raises(ProofmillError, match="20 bytes, not 32"):
        prover_tag(1, 1, 3, bytes(32))
