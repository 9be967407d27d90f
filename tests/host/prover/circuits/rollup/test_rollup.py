"""Signed transfers: the ledger, and a circuit that takes what the ledger takes and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_cost
from proofmill.host.prover.circuits.rollup.batch import Batch, chained, challenge, commitment
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.inputs import rollup_inputs
from proofmill.host.prover.circuits.rollup.kinds import WORDS
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import (
    SIGNED_BYTES,
    Transfer,
)
from proofmill.host.prover.circuits.rollup.tree import SparseTree
from proofmill.host.prover.circuits.statement import Statement
from tests.host.prover.circuits.forgery import forge, unnoticed_changes, violated
from tests.host.prover.circuits.full_tree import MerkleTree
from tests.host.prover.circuits.rollup.small import (
    CHAIN,
    KEYS,
    SIZE,
    STATEMENT,
    accepted,
    batch,
    inputs_of,
    opening_ledger,
    signed,
)


def test_the_tree_is_the_full_one() -> None:
    random = Random(1)
    leaves = [0] * 8
    tree = SparseTree(3)
    for _ in range(12):
        place, leaf = random.randrange(8), random.choice((0, random.randrange(MODULUS)))
        leaves[place], tree = leaf, tree.replace(place, leaf)
        full = MerkleTree.of(leaves)
        assert tree.root == full.root
        assert all(tree.path(at) == full.path(at) and tree.leaf(at) == leaves[at]
                   for at in range(8))
    assert list(tree) == [(place, leaf) for place, leaf in enumerate(leaves) if leaf]
    assert SparseTree(3).with_leaves(dict(enumerate(leaves))) == tree
    few = {2: 7, 3: 0, 6: 9}
    assert tree.with_leaves(few) == tree.replace(2, 7).replace(3, 0).replace(6, 9)
    assert tree.with_leaves({}) == tree
    with pytest.raises(IndexError):
        tree.leaf(8)
    with pytest.raises(IndexError):
        tree.with_leaves({0: 1, 8: 1})


def test_a_ledger_with_one_account_changed() -> None:
    ledger, key = opening_ledger(), public_key(KEYS[0])
    assert ledger.supply == 600
    for number, account in ((1, Account(key, 5, 9)), (3, Account(key, 7))):
        changed = ledger.with_account(number, account)
        fresh = Ledger(SIZE, {**ledger.accounts, number: account})
        assert (changed, changed.supply, changed.root) == (fresh, fresh.supply, fresh.root)
    assert (ledger.supply, ledger.root) == (600, opening_ledger().root)
    for number, account, wrong in (
            (4, Account(key), "there is no account 4"), (1, Account(key, -1), "a balance of -1"),
            (1, Account(key, 0, 1 << 32), "a nonce of 4294967296"),
            (3, Account(Point(1, 1)), "no point of the curve"),
            (3, Account(key, (1 << 64) - 600), "all balances together are 18446744073709551616")):
        with pytest.raises(ProofmillError, match=wrong):
            ledger.with_account(number, account)


def test_a_large_ledger_costs_its_paths() -> None:
    size = RollupSize(depth=20, transfers=1)
    key = public_key(KEYS[0])
    ledger = Ledger(size, {0: Account(key, 5), (1 << 20) - 1: Account(key, 7)})
    moved = ledger.transferred(Transfer(0, (1 << 20) - 1, 3).signed(KEYS[0], CHAIN, 0))
    assert moved.root == Ledger(size, moved.accounts).root != ledger.root
    assert moved.supply == 12


def test_bytes() -> None:
    ledger = opening_ledger()
    made = batch(signed(ledger, 0, 1, 7, 2), signed(ledger, 1, 1, 3))
    assert Batch.from_bytes(SIZE, CHAIN, made.to_bytes()) == made
    assert [len(each) for each in made.to_bytes()] == [4, SIGNED_BYTES, SIGNED_BYTES] == [4, 84, 84]
    for wrong in ([], [b"123"], [*made.to_bytes(), b""], [b"\xff" * 4],
                  [made.to_bytes()[0], bytes(SIGNED_BYTES)],
                  [made.to_bytes()[0], made.to_bytes()[1][:-64] + b"\xff" * 64]):
        with pytest.raises(ProofmillError):
            Batch.from_bytes(SIZE, CHAIN, wrong)


REFUSED: dict[str, tuple[Callable[[Ledger], Batch], str]] = {
    "no sender": (lambda _: batch(Transfer(3, 0, 1).signed(KEYS[0], CHAIN, 0)), "no account 3"),
    "no receiver": (lambda led: batch(signed(led, 0, 3, 1)), "no account 3"),
    "no collector": (lambda led: batch(signed(led, 0, 1, 1), collector=3), "to take the fees"),
    "too much": (lambda led: batch(signed(led, 0, 1, 101)), "does not cover 101"),
    "too much with the fee": (lambda led: batch(signed(led, 0, 1, 99, 2)), "a fee of 2"),
    "money that comes later": (
        lambda led: batch(signed(led, 0, 1, 150), signed(led, 1, 0, 100)), "transfer 0"),
    "replayed": (lambda led: batch(signed(led, 0, 1, 5), signed(led, 0, 1, 5)), "did not sign it"),
    "a later nonce": (lambda led: batch(signed(led, 0, 1, 5, nonce=1)), "did not sign it"),
    "another chain": (lambda led: batch(signed(led, 0, 1, 5, chain_id=1)), "did not sign it"),
    "somebody else's": (
        lambda led: batch(Transfer(0, 1, 5).signed(KEYS[1], CHAIN, 0)), "did not sign it"),
    "another amount": (lambda led: batch(replace(
        signed(led, 0, 1, 5), transfer=Transfer(0, 1, 6))), "did not sign it"),
    "another receiver": (lambda led: batch(replace(
        signed(led, 0, 1, 5), transfer=Transfer(0, 2, 5))), "did not sign it"),
    "another fee": (lambda led: batch(replace(
        signed(led, 0, 1, 5), transfer=Transfer(0, 1, 5, 1))), "did not sign it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_ledger_refuses(name: str) -> None:
    make, reason = REFUSED[name]
    ledger = opening_ledger()
    with pytest.raises(ProofmillError, match=reason):
        ledger.apply(make(ledger))


@pytest.mark.parametrize("name", [name for name in REFUSED if not name.startswith("no ")])
def test_what_the_ledger_refuses_has_no_proof(
    circuit: RollupCircuit, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The witness of one who computes every wire as the honest would, and lies in this alone: the
    one constraint that does not hold is the one that is there for it."""
    monkeypatch.setattr(Ledger, "_check", lambda self, accounts: None)    # balances below zero
    monkeypatch.setattr(Account, "leaf", property(lambda self: poseidon(
        (*self.key, self.balance % MODULUS, self.nonce))))
    ledger = opening_ledger()
    made = REFUSED[name][0](ledger)
    broken = violated(circuit.system, circuit.system.witness(inputs_of(ledger, made)))
    place = "transfer 1" if name == "replayed" else "transfer 0"
    if name.startswith(("too much", "money")):
        assert broken and all(
            label.startswith(f"{place}: what the sender has left: bit") for label in broken)
    else:
        assert broken == {f"{place}: signature: R: x", f"{place}: signature: R: y"}


def test_an_account_that_is_not_there_has_no_proof(circuit: RollupCircuit) -> None:
    """The empty place is opened as an account of any key."""
    ledger = opening_ledger()
    full = ledger.with_account(3, Account(public_key(KEYS[0]), 50))
    made = batch(Transfer(3, 1, 5).signed(KEYS[0], CHAIN, 0))
    inputs = inputs_of(full, made)
    assert accepted(circuit, inputs)
    inputs["old_root"] = ledger.root
    assert violated(circuit.system, circuit.system.witness(inputs)) == {
        "transfer 0: sender's root"}


def test_random_batches(circuit: RollupCircuit) -> None:
    random = Random(7)
    ledger = opening_ledger()
    for _ in range(5):
        state, made = ledger, []
        for _ in range(random.randint(0, SIZE.transfers)):
            sender = random.choice([n for n, one in state.accounts.items() if one.balance])
            balance = state.accounts[sender].balance
            amount = random.choice((1, balance, random.randint(1, balance)))
            each = signed(state, sender, random.randrange(3), amount,
                          random.randint(0, balance - amount))
            assert not state.refusal(each, CHAIN)
            made.append(each)
            state = state.transferred(each)
        block = batch(*made, collector=random.randrange(3))
        after = ledger.apply(block)
        assert after.supply == ledger.supply
        assert accepted(circuit, rollup_inputs(ledger, block, circuit.public_inputs(
            ledger.root, after.root, block, STATEMENT)))
        ledger = after


def test_every_public_input_counts(circuit: RollupCircuit) -> None:
    ledger = opening_ledger()
    honest = inputs_of(ledger, batch(signed(ledger, 0, 1, 7, 2)))
    assert accepted(circuit, honest)
    for name in ("old_root", "new_root", "batch_commitment"):
        assert not accepted(circuit, honest | {name: honest[name] + 1}), name
    other = Batch(SIZE, CHAIN + 1, 2, batch(signed(ledger, 0, 1, 7, 2)).transfers)
    assert not accepted(circuit, honest | {"batch_commitment": other.commitment})
    assert not accepted(circuit, honest | {"chain id": CHAIN + 1})


def test_no_wire_can_be_changed_alone(circuit: RollupCircuit) -> None:
    ledger = opening_ledger()
    made = batch(signed(ledger, 0, 1, 7, 2), signed(ledger, 1, 0, 150))
    free = unnoticed_changes(circuit.system, circuit.system.witness(inputs_of(ledger, made)))
    assert free == []


def test_places_that_are_not_used_do_nothing(circuit: RollupCircuit) -> None:
    ledger = opening_ledger()
    honest = inputs_of(ledger, batch())
    assert accepted(circuit, honest)
    system = circuit.system
    # A transfer of nothing that is called used; one of something that is called unused.
    assert "transfer 0: an amount" in violated(
        system, system.witness(honest | {"0: transfer": 1}))
    made = inputs_of(ledger, batch(signed(ledger, 0, 1, 7)))
    assert {"transfer 0: not used, 0", "transfer 0: an amount"} <= violated(
        system, forge(system, made | {"0: transfer": 0}, {"transfer 0: inverse of the amount": 1}))
    assert "transfer 0: not used, 0" in violated(
        system, system.witness(made | {"0: transfer": 0}))
    # The word of an unused place says nothing: not another receiver either.
    assert "transfer 0: not used, 0" in violated(
        system, system.witness(honest | {"0: receiver, bit 0": 1}))
    # A transfer behind a place that is not used.
    swapped = {name.replace("0: ", "9: ", 1) if name.startswith("0: ") else name: value
               for name, value in made.items()}
    gap = {("0: " + name[3:] if name.startswith("1: ") else
            "1: " + name[3:] if name.startswith("9: ") else name): value
           for name, value in swapped.items()}
    words = (0,) * WORDS + batch(signed(ledger, 0, 1, 7)).words[:WORDS]
    chain = chained(CHAIN, 2, words)
    gap |= {"batch_commitment": commitment(chain, CHAIN, 2, words),
            "challenge": challenge(chain, CHAIN, 2, words)}
    assert violated(system, system.witness(gap)) == {"transfer 1: only behind others"}


def test_a_leaf_is_opened_in_one_way(circuit: RollupCircuit) -> None:
    """Balance for nonce, key for key: all that hashes to something else."""
    ledger = opening_ledger()
    honest = inputs_of(ledger, batch(signed(ledger, 0, 1, 7)))
    for name in ("0: sender, balance", "0: sender, nonce", "0: receiver, balance",
                 "0: receiver, x", "collector, balance", "collector, nonce"):
        assert not accepted(circuit, honest | {name: honest[name] + (1 << 64)}), name
        assert not accepted(circuit, honest | {name: honest[name] + 1}), name


@pytest.mark.parametrize(("make", "complaint"), [
    (lambda: RollupSize(0), "depth of 1 to 32"),
    (lambda: RollupSize(5, 65), "1 to 64 transfers"),
    (lambda: Transfer(0, 0, 0), "amount must be 1 to"),
    (lambda: Transfer(1 << 32, 0, 1), "sender must be 0 to"),
    (lambda: Transfer(0, 0, 1, 1 << 32), "fee must be 0 to"),
    (lambda: Transfer(0, 0, 1).message(1, 1 << 32), "a nonce must be"),
    (lambda: Transfer.from_bytes(b"1"), "takes 20 bytes, not 1"),
    (lambda: Ledger(SIZE, {4: Account(public_key(KEYS[0]))}), "no account 4"),
    (lambda: Ledger(SIZE, {0: Account(Point(0, 1))}), "small order"),
    (lambda: Ledger(SIZE, {0: Account(public_key(KEYS[0]), 1 << 64)}), "below 2\\^64"),
    (lambda: Ledger(SIZE, {0: Account(public_key(KEYS[0]), -1)}), "balance of -1"),
    (lambda: opening_ledger().apply(Batch(RollupSize(5), CHAIN, 0)), "the ledger is"),
    (lambda: batch(*[signed(opening_ledger(), 0, 1, 1)] * 3), "up to 2 transfers, not 3"),
])
def test_mistakes(make: Callable[[], object], complaint: str) -> None:
    with pytest.raises(ProofmillError, match=complaint):
        make()


def test_a_statement_of_another_chain(circuit: RollupCircuit) -> None:
    ledger = opening_ledger()
    with pytest.raises(ProofmillError, match="the statement for chain 5"):
        circuit.witness(ledger, batch(), Statement(5, 1, 1, bytes(20)))


def test_what_a_place_costs(circuit: RollupCircuit) -> None:
    """Four paths and a signature; the page of the ledger has these figures."""
    path = 4 * (poseidon_cost(2) + 1) + 2
    per_place = 5_207 + path * SIZE.depth
    one = RollupCircuit(replace(SIZE, transfers=1))
    assert len(circuit.system.constraints) - len(one.system.constraints) == per_place
    assert path == 966 and 5_207 + 20 * path == 24_527
    page = (Path(__file__).parents[5] / "docs" / "ledger.md").read_text()
    assert "5,207 + 966 d" in page and "24,527 at depth 20" in page
