"""The contract that holds a ledger's coins: who can put in, who can take out, and who cannot."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.exits import ExitTree, Leaving
from proofmill.host.network.contracts.ledger import (
    UNIT,
    Queued,
    ledger_artifact,
    prove_arguments,
)
from proofmill.host.network.contracts.poseidon import hash_artifact
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import ZERO_ADDRESS, DevelopmentEvm, RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.requests import Credit, ForcedExit
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.tree import SparseTree, empty_root
from tests.host.network.contracts.bank import (
    CHAIN,
    TAG,
    TERMS,
    Bank,
    leave,
    point_of,
    transfer,
)
from tests.host.network.contracts.conftest import running
from tests.host.network.contracts.world import private_key

SIZE = RollupSize(depth=3, transfers=8)
ALICE, BOB, THIEF = "owner 0", "owner 1", "thief"
HOME = b"\x51" * 20


@pytest.fixture(scope="module")
def ground(request: pytest.FixtureRequest) -> Iterator[Bank]:
    with running("embedded", request) as evm:
        yield Bank(evm, SIZE)


@pytest.fixture
def bank(ground: Bank) -> Iterator[Bank]:
    """Alice has 100 in account 0, Bob 50 in account 1; each test's own branch."""
    fork = ground.evm.snapshot()
    yield begun(Bank(ground.evm, SIZE, contract=ground.contract))
    ground.evm.revert(fork)


def begun(bank: Bank) -> Bank:
    bank.open(ALICE, 100)
    bank.open(BOB, 50)
    bank.prove()
    return bank


def test_another_machine_says_the_same(request: pytest.FixtureRequest) -> None:
    with running("anvil", request) as evm:
        contract = Bank(evm, SIZE).contract
        for history in (test_in_between_and_out, test_if_nobody_proves):
            fork = evm.snapshot()
            history(begun(Bank(evm, SIZE, contract=contract)))
            evm.revert(fork)


def refused(bank: Bank, reason: str, who: str, function: str, *arguments: object,
            value: int = 0) -> None:
    with pytest.raises(RevertedError, match=reason):
        bank.send(who, function, *arguments, value=value)
    bank.check()


def test_in_between_and_out(bank: Bank) -> None:
    bank.check()
    bank.send(BOB, "credit", 0, value=7 * UNIT)
    bank.check()
    bank.prove(transfer(0, 1, 30, 2), leave(1, HOME, 80), collector=1)
    bank.check()
    assert {number: each.balance for number, each in bank.ledger.accounts.items()} == {0: 75, 1: 2}
    bank.send(THIEF, "withdraw", *bank.withdrawal(1, 0))
    assert bank.evm.balance(HOME) == 80 * UNIT
    bank.check()
    # What waits is taken by later batches, in part and in order.
    for amount in (3, 4, 5):
        bank.send(ALICE, "credit", 1, value=amount * UNIT)
    bank.prove(requests=1)
    bank.check()
    bank.prove(transfer(1, 0, 1), requests=2)
    bank.check()
    assert bank.ledger.accounts[1].balance == 13


def test_as_many_exits_as_there_are_places(bank: Bank) -> None:
    owners = {number: bank.account(name).address for number, name in ((0, ALICE), (1, BOB))}
    for count in (1, 3, 5, SIZE.transfers):
        bank.send(ALICE, "credit", 0, value=100 * UNIT)
        bank.prove()
        bank.send(BOB, "force", 1)
        bank.prove(*(leave(0, HOME, 1 + place) for place in range(count - 1)))
        bank.check()
        assert len(bank.exits[-1].exits) == count
        assert bank.exits[-1].exits[0] == Leaving(owners[1], 50 if count == 1 else 0)
        for place in range(count):
            bank.send(THIEF, "withdraw", *bank.withdrawal(len(bank.exits) - 1, place))
    bank.check()
    assert bank.contract.call("owed") == 0


WRONG_WITHDRAWALS: list[tuple[Callable[..., tuple[object, ...]], str]] = [
    (lambda w: (w[0], w[1], w[2], w[3] + 1, w[4]), "no such exit"),
    (lambda w: (w[0], w[1], b"\x52" * 20, w[3], w[4]), "no such exit"),
    (lambda w: (w[0], w[1] - 1, *w[2:]), "no such exit"),
    (lambda w: (w[0] - 1, *w[1:]), "no such exit"),
    (lambda w: (w[0] + 1, *w[1:]), "no such exit"),
    (lambda w: (*w[:4], [bytes(32), *w[4][1:]]), "no such exit"),
    (lambda w: (*w[:4], w[4][:1]), "no such exit"),
    (lambda w: (w[0], w[1] + 4, *w[2:]), "fewer exits"),
]


def test_what_left_nobody(bank: Bank) -> None:
    bank.prove(*(leave(0, HOME, 1 + place) for place in range(3)))
    honest = bank.withdrawal(1, 1)
    for change, reason in WRONG_WITHDRAWALS:
        refused(bank, reason, THIEF, "withdraw", *change(honest))
    bank.send(THIEF, "withdraw", *honest)
    refused(bank, "paid out", THIEF, "withdraw", *honest)
    # A batch without exits has no root that anything is under.
    refused(bank, "no such exit", THIEF, "withdraw", 0, 0, HOME, 1, [])


FORBIDDEN: list[tuple[Callable[[Bank], tuple[object, ...]], str]] = [
    (lambda b: ("open", *point_of("x"), HOME, 2 * UNIT + 1), "multiple of"),
    (lambda b: ("open", *point_of("x"), HOME, UNIT), "too small"),
    (lambda b: ("credit", 0, UNIT), "too small"),
    (lambda b: ("open", *point_of("x"), bytes(20), 2 * UNIT), "has an owner"),
    (lambda b: ("open", 0, 1, HOME, 2 * UNIT), "no point that can sign"),
    (lambda b: ("open", point_of("x").x + MODULUS, point_of("x").y, HOME, 2 * UNIT), "can sign"),
    (lambda b: ("open", point_of("x").x, point_of("x").y + MODULUS, HOME, 2 * UNIT), "can sign"),
    (lambda b: ("open", point_of("x").y, point_of("x").x, HOME, 2 * UNIT), "not on the curve"),
    (lambda b: ("credit", 2, 2 * UNIT), "no such account"),
    (lambda b: ("force", 0, 0), "only its owner"),
    (lambda b: ("force", 2, 0), "only its owner"),
    (lambda b: ("freeze", 0), "no request waits"),
    (lambda b: ("escape", *b.escape(0), 0), "has not ended"),
    (lambda b: ("reclaim", 0, Queued(Credit(0, 5), HOME).fields, 0), "has not ended"),
]


def test_what_nobody_may(bank: Bank) -> None:
    for call, reason in FORBIDDEN:
        function, *arguments, value = call(bank)
        refused(bank, reason, THIEF, function, *arguments, value=value)


def test_less_than_2_64_units(bank: Bank) -> None:
    most = (1 << 64) - 151
    bank.contract.call("credit", 0, value=most * UNIT)
    with pytest.raises(RevertedError, match="2.64 units"):
        bank.contract.call("credit", 0, value=(most + 1) * UNIT)


def test_every_number_is_given_once(bank: Bank) -> None:
    for number in range(2, SIZE.accounts):
        assert bank.open(ALICE, 2, f"key {number}") == number
    refused(bank, "all numbers", ALICE, "open", *point_of("x"), HOME, value=2 * UNIT)
    bank.prove()
    bank.check()
    assert len(bank.ledger.accounts) == SIZE.accounts


def test_the_queue_is_taken_in_its_order(bank: Bank) -> None:
    bank.send(ALICE, "credit", 0, value=5 * UNIT)
    bank.send(BOB, "credit", 1, value=6 * UNIT)
    bank.send(BOB, "force", 1)
    first, second, forced = bank.queue
    taken = [each.taken_from(bank.ledger) for each in bank.queue]
    taken[2] = replace(forced, request=replace(forced.request, amount=56))

    thief = bank.account(THIEF).address
    elsewhere = Queued(ForcedExit(1, 56, thief), thief)
    wrong: list[list[Queued]] = [
        [second], [first, first], [first, taken[2]],
        [replace(first, request=Credit(0, 6))], [replace(first, request=Credit(1, 5))],
        [replace(first, who=b"\x01" * 20)], [*taken[:2], elsewhere], [*taken, first]]
    for chosen in wrong:
        made = Batch(SIZE, CHAIN, 0, (), tuple(each.request for each in chosen))
        refused(bank, "not the request that is next", "carrier", "prove",
                *prove_arguments(made, chosen, 0, TAG, [0] * 8))
    bank.prove()
    bank.check()
    assert bank.ledger.accounts[1].balance == 0


def test_a_forced_exit_takes_all(bank: Bank) -> None:
    bank.send(BOB, "force", 1)
    batch, taken = bank.batch()
    honest = bank.arguments(batch, taken)
    for amount in (0, 49, 51, 2**64):
        lie = [replace(taken[0], request=replace(taken[0].request, amount=amount))]
        arguments = (honest[0], [each.fields for each in lie], *honest[2:])
        reason = "does not verify" if amount < 2**64 else "an account has less"
        refused(bank, reason, "carrier", "prove", *arguments)


def test_a_request_that_is_due_comes_before_all_else(bank: Bank) -> None:
    for amount in range(2, 2 + SIZE.transfers + 2):
        bank.send(ALICE, "credit", 0, value=amount * UNIT)
    bank.prove(transfer(0, 1, 1), requests=0)
    bank.pass_time(TERMS.due + SIZE.transfers + 3)
    for operations, requests in (([], 0), ([transfer(0, 1, 1)], 0), ([], 7),
                                 ([transfer(0, 1, 1)], 7)):
        batch, taken = bank.batch(*operations, requests=requests)
        refused(bank, "a request is due", "carrier", "prove", *bank.arguments(batch, taken))
    bank.prove(requests=SIZE.transfers)     # all that a batch can hold
    batch, taken = bank.batch(transfer(0, 1, 1), requests=0)
    refused(bank, "a request is due", "carrier", "prove", *bank.arguments(batch, taken))
    bank.prove(transfer(0, 1, 1))
    bank.check()


def test_a_proof_is_for_what_was_handed_in_with_it(bank: Bank) -> None:
    bank.send(ALICE, "credit", 0, value=5 * UNIT)
    batch, taken = bank.batch(transfer(0, 1, 9, 2), leave(1, HOME, 3))
    chained, requests, data, root, tag, proof = bank.arguments(batch, taken)
    assert isinstance(data, bytes) and isinstance(chained, int) and isinstance(root, int)
    head = data[1] & ~(1 << 7)
    changes: dict[str, tuple[object, ...]] = {
        f"byte {place} of the data": (chained, requests, data[:place] + bytes([
            data[place] ^ 1]) + data[place + 1:], root, tag, proof)
        for place in range(0, len(data), 3)}
    changes |= {
        "the chain": (chained + 1, requests, data, root, tag, proof),
        "the root": (chained, requests, data, root + 1, tag, proof),
        "the tag": (chained, requests, data, root, TAG + 1, proof),
        "less": (chained, requests, data[:-1], root, tag, proof),
        "nothing": (chained, requests, b"", root, tag, proof),
        "no exit": (chained, requests, data[:6 if head else 0], root, tag, proof),
        "more": (chained, requests, data + data[1:6], root, tag, proof),
        "a zero more": (chained, requests, data + b"\0", root, tag, proof),
        "no request": (chained, [], data, root, tag, proof),
        "more than there is": (chained, requests, data[:1] + data[1:6] * 8, root, tag, proof),
        "a long amount": (chained, requests, data[:1] + b"\x48" + data[2:], root, tag, proof),
        "a long fee": (chained, requests, data[:1] + b"\x0d" + data[2:], root, tag, proof)}
    for name, arguments in changes.items():
        with pytest.raises(RevertedError):
            bank.contract.call("prove", *arguments)
            pytest.fail(name)
    bank.send("carrier", "prove", chained, requests, data, root, tag, proof)
    bank.follow(batch)
    bank.check()
    refused(bank, "that is next", "carrier", "prove", chained, requests, data, root, tag, proof)


def test_if_nobody_proves(bank: Bank) -> None:
    bank.prove(leave(0, HOME, 10), transfer(0, 1, 20))
    bank.send(BOB, "credit", 0, value=9 * UNIT)
    bank.send(BOB, "force", 1)
    refused(bank, "no request waits for so long", THIEF, "freeze")
    bank.pass_time(TERMS.stop + 2)
    bank.send(THIEF, "freeze")
    bank.check()
    refused(bank, "the ledger has ended", THIEF, "freeze")
    for who, function, *arguments, value in (
            (ALICE, "open", *point_of("x"), HOME, 2 * UNIT), (ALICE, "credit", 0, 2 * UNIT),
            (ALICE, "force", 0, 0), ("carrier", "prove", *bank.arguments(*bank.batch()), 0)):
        refused(bank, "the ledger has ended", who, function, *arguments, value=value)
    # What left before the end is paid out as ever.
    bank.send(THIEF, "withdraw", *bank.withdrawal(1, 0))
    # An account to its owner, once, as it was proven.
    honest = bank.escape(0)
    number, x, y, balance, nonce, path = honest
    assert isinstance(path, list) and isinstance(balance, int) and isinstance(nonce, int)
    for wrong, reason in (
            ((number, x, y, balance + 1, nonce, path), "no such account"),
            ((number, x, y, balance + MODULUS, nonce, path), "no account has so much"),
            ((number, x, y, balance, nonce + 1, path), "no such account"),
            ((number, x, y + MODULUS, balance, nonce, path), "below r"),
            ((1, x, y, balance, nonce, path), "no such account"),
            ((number + 8, x, y, balance, nonce, path), "no such place"),
            ((number, x, y, balance, nonce, [path[0] + 1, *path[1:]]), "no such account"),
            ((number, x, y, balance, nonce, path[1:]), "as the tree is deep"),
            ((0, *bank.escape(1)[1:]), "no such account")):
        refused(bank, reason, THIEF, "escape", *wrong)
    before = bank.evm.balance(bank.account(ALICE).address)
    bank.send(THIEF, "escape", *honest)
    assert bank.evm.balance(bank.account(ALICE).address) == before + 70 * UNIT
    with pytest.raises(RevertedError, match="is paid out"):
        bank.send(THIEF, "escape", *honest)
    # What no batch took goes back; what a forced exit would have taken is its account's.
    waiting = bank.queue[0]
    for place, wrong_request, reason in (
            (2, replace(waiting, request=Credit(0, 10)).fields, "no such request"),
            (1, waiting.fields, "no such request"), (3, waiting.fields, "no such request"),
            (2, replace(waiting, who=bank.account(THIEF).address).fields, "no such request"),
            (3, bank.queue[1].fields, "nothing to give back")):
        with pytest.raises(RevertedError, match=reason):
            bank.send(THIEF, "reclaim", place, wrong_request)
    before = bank.evm.balance(bank.account(BOB).address)
    bank.send(THIEF, "reclaim", 2, waiting.fields)
    bank.send(THIEF, "escape", *bank.escape(1))
    assert bank.evm.balance(bank.account(BOB).address) == before + (9 + 70) * UNIT
    with pytest.raises(RevertedError, match="no such request"):
        bank.send(THIEF, "reclaim", 2, waiting.fields)
    assert bank.contract.call("invariants") and bank.evm.balance(bank.contract.address) == 0


def test_who_is_paid_cannot_ask_again_meanwhile(bank: Bank) -> None:
    source = (Path(__file__).parent / "greedy.vy").read_text()
    greedy = Contract.deploy(bank.account(THIEF), bank.evm, compile_source("greedy", source))
    bank.prove(leave(0, greedy.address, 10))
    wanted = bank.withdrawal(1, 0)
    greedy.send(bank.account(THIEF), "prepare", bank.contract.address,
                bank.contract.encode("withdraw", *wanted))
    bank.send(THIEF, "withdraw", *wanted)
    assert greedy.call("asked") == 1 and not greedy.call("got")
    assert bank.evm.balance(greedy.address) == 10 * UNIT
    bank.check()


@pytest.mark.parametrize("change", [
    {}, {"due": 10, "stop": 10}, {"least": 0}, {"chain_id": 2**64}, {"depth": 0}, {"depth": 33}])
def test_terms_that_cannot_be(ground: Bank, change: dict[str, int]) -> None:
    deployer = ground.account("deployer")
    two = Contract.deploy(deployer, ground.evm, hash_artifact(2)).address
    terms = {"chain_id": CHAIN, "depth": 1, "due": 1, "stop": 2, "least": 1} | change
    arguments = (two, two, two, *terms.values(), ZERO_ADDRESS, 0, [])
    if not change:
        contract = Contract.deploy(deployer, ground.evm, ledger_artifact(SIZE), *arguments)
        assert contract.call("root") == empty_root(1)
        return
    with pytest.raises(RevertedError):
        Contract.deploy(deployer, ground.evm, ledger_artifact(SIZE), *arguments)


def test_poseidon_on_the_chain(evm: DevelopmentEvm) -> None:
    account = Account(evm, private_key("deployer"))
    two, four = (Contract.deploy(account, evm, hash_artifact(inputs)) for inputs in (2, 4))
    for values in ([0, 0], [1, 2], [MODULUS - 1, MODULUS - 1]):
        assert two.call("hash", values) == poseidon(values)
    assert four.call("hash", [1, MODULUS - 1, 3, 4]) == poseidon((1, MODULUS - 1, 3, 4))
    for contract, values in ((two, [MODULUS, 0]), (two, [0, MODULUS]), (four, [0, 0, 0, MODULUS])):
        with pytest.raises(RevertedError, match="not below r"):
            contract.call("hash", values)
    tree = SparseTree(3)
    for place in (1, 4, 6):
        tree = tree.replace(place, 1000 + place)
    for place in range(8):
        assert two.call("root", tree.leaf(place), place, list(tree.path(place))) == tree.root
    with pytest.raises(RevertedError, match="no such place"):
        two.call("root", tree.leaf(1), 9, list(tree.path(1)))
    assert [two.call("empty_root", depth) for depth in range(4)] == [
        empty_root(depth) for depth in range(4)]


def test_a_tree_of_exits() -> None:
    exits = tuple(Leaving(HOME, amount) for amount in range(5))
    assert ExitTree(()).root == bytes(32)
    assert ExitTree(exits[:1]).branch(0) == []
    assert [len(ExitTree(exits[:count]).branch(count - 1)) for count in range(1, 6)] == [
        0, 1, 2, 2, 3]
    with pytest.raises(IndexError):
        ExitTree(exits).branch(5)
