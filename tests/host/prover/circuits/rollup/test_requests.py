"""What comes into the ledger and leaves it: deposits, exits, and exits that an owner forces.

The false witnesses are those of one who computes every wire as the honest would and lies in one
thing: the constraints that do not hold are then the ones that are there for it.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.eddsa import public_key, sign
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.batch import (
    BINDING_DOMAIN,
    Batch,
    chained,
    commitment,
    evaluation,
)
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.inputs import rollup_inputs
from proofmill.host.prover.circuits.rollup.kinds import (
    AMOUNT_AT,
    FEE_AT,
    NONCE_AT,
    RECEIVER_AT,
    Kind,
    Words,
    packed,
)
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.requests import (
    Credit,
    ForcedExit,
    Open,
    Request,
    request_from_bytes,
)
from proofmill.host.prover.circuits.rollup.transfer import Exit, SignedTransfer, Transfer
from tests.host.prover.circuits.forgery import forge, unnoticed_changes, violated
from tests.host.prover.circuits.rollup.small import (
    CHAIN,
    KEYS,
    SIZE,
    STATEMENT,
    accepted,
    batch,
    inputs_of,
    left,
    opening_ledger,
    signed,
)

HOME, ELSEWHERE = b"\x11" * 20, b"\xfe" * 20
NEW = bytes([9] * 32)
OPEN = Open(3, 40, public_key(NEW))


def took(circuit: RollupCircuit, made: Batch, **changes: int) -> set[str]:
    """What does not hold of the witness for a batch, with these inputs of the first place."""
    inputs = inputs_of(opening_ledger(), made)
    for name, value in changes.items():
        place = f"0: {name.replace('__', ', ').replace('_', ' ')}"
        assert place in inputs, place
        inputs[place] = value
    return violated(circuit.system, circuit.system.witness(inputs))


def test_what_the_requests_do() -> None:
    ledger = opening_ledger()
    after = ledger.apply(batch(requests=(OPEN, Credit(3, 2))))
    assert after.accounts[3] == Account(public_key(NEW), 42, 0)
    assert after.supply == ledger.supply + 42
    gone = after.apply(batch(left(after, 0, HOME, 30, 5), requests=(ForcedExit(1, 200, HOME),)))
    assert gone.accounts[1] == replace(ledger.accounts[1], balance=0)
    assert gone.accounts[0].balance == 65 and gone.accounts[0].nonce == 1
    assert gone.accounts[2].balance == ledger.accounts[2].balance + 5
    assert gone.supply == after.supply - 200 - 30
    # An account that is opened may act, and be the collector, in the same batch.
    one = batch(Transfer(3, 0, 1, 2).signed(NEW, CHAIN, 0), requests=(OPEN,), collector=3)
    assert ledger.apply(one).accounts[3] == Account(public_key(NEW), 39, 1)


def test_random_batches(circuit: RollupCircuit) -> None:
    random = Random(11)
    ledger = opening_ledger()
    for round_ in range(6):
        requests: list[Request] = []
        state = ledger
        for _ in range(random.randint(0, SIZE.transfers)):
            number = random.choice(list(state.accounts))
            request: Request = random.choice((
                Credit(number, random.randint(1, 9)),
                ForcedExit(number, state.accounts[number].balance, HOME)))
            if 3 not in state.accounts and round_ > 1:
                request = OPEN
            requests.append(request)
            state = state.requested(request)
        transfers: list[SignedTransfer] = []
        while len(requests) + len(transfers) < SIZE.transfers and random.random() < 0.8:
            sender = random.choice([n for n in range(3) if state.accounts[n].balance] or [0])
            balance = state.accounts[sender].balance
            if not balance:
                break
            amount = random.randint(1, balance)
            each = random.choice((
                lambda s=state, n=sender, a=amount, b=balance: left(s, n, HOME, a, b - a),
                lambda s=state, n=sender, a=amount: signed(s, n, 0, a)))()
            assert not state.refusal(each, CHAIN)
            transfers.append(each)
            state = state.transferred(each)
        block = batch(*transfers, collector=random.randrange(3), requests=tuple(requests))
        after = ledger.apply(block)
        assert accepted(circuit, rollup_inputs(ledger, block, circuit.public_inputs(
            ledger.root, after.root, block, STATEMENT)))
        ledger = after
    assert 3 in ledger.accounts


REFUSED: dict[str, tuple[Callable[[Ledger], Batch], str]] = {
    "opened twice": (lambda _: batch(requests=(replace(OPEN, number=0),)), "there is an account 0"),
    "credit to nobody": (lambda _: batch(requests=(Credit(3, 5),)), "there is no account 3"),
    "credit of nothing": (lambda _: batch(requests=(Credit(1, 0),)), "a deposit of 0"),
    "credit of too much": (lambda _: batch(requests=(Credit(1, (1 << 64) - 1),)), "stay below"),
    "nobody forced": (lambda _: batch(requests=(ForcedExit(3, 0, HOME),)), "no account 3"),
    "forced in part": (lambda _: batch(requests=(ForcedExit(1, 199, HOME),)), "emptied of 199"),
    "forced too much": (lambda _: batch(requests=(ForcedExit(1, 201, HOME),)), "it has 200"),
    "no point": (lambda _: batch(requests=(replace(OPEN, key=Point(1, 2)),)), "no point"),
    "zero": (lambda _: batch(requests=(replace(OPEN, key=Point(0, 1)),)), "small order"),
    "exit too large": (lambda led: batch(left(led, 0, HOME, 99, 2)), "does not cover 99"),
    "exit from nobody": (lambda _: batch(Exit(3, HOME, 1).signed(NEW, CHAIN, 0)), "no account 3"),
    "exit replayed": (
        lambda led: batch(left(led, 0, HOME, 5), left(led, 0, HOME, 5)), "transfer 1: .*not sign"),
    "exit on another chain": (
        lambda led: batch(left(led, 0, HOME, 5, chain_id=1)), "did not sign it"),
    "exit elsewhere": (lambda led: batch(replace(
        left(led, 0, HOME, 5), transfer=Exit(0, ELSEWHERE, 5))), "did not sign it"),
    "exit of more": (lambda led: batch(replace(
        left(led, 0, HOME, 5), transfer=Exit(0, HOME, 6))), "did not sign it"),
    "exit for another fee": (lambda led: batch(replace(
        left(led, 0, HOME, 5), transfer=Exit(0, HOME, 5, 1))), "did not sign it"),
    "exit for a transfer": (lambda led: batch(replace(
        signed(led, 0, 0, 5), transfer=Exit(0, bytes(20), 5))), "did not sign it"),
    "transfer for an exit": (lambda led: batch(replace(
        left(led, 0, bytes(20), 5), transfer=Transfer(0, 0, 5))), "did not sign it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_ledger_refuses(name: str) -> None:
    make, reason = REFUSED[name]
    ledger = opening_ledger()
    with pytest.raises(ProofmillError, match=reason):
        ledger.apply(make(ledger))


@pytest.mark.parametrize("name", [name for name in REFUSED if "did not sign" in REFUSED[name][1]])
def test_an_exit_that_nobody_signed_has_no_proof(circuit: RollupCircuit, name: str) -> None:
    broken = took(circuit, REFUSED[name][0](opening_ledger()))
    assert broken == {"transfer 0: signature: R: x", "transfer 0: signature: R: y"}


def test_a_signature_by_somebody_else_or_of_something_else(circuit: RollupCircuit) -> None:
    """The signature holds; it is not the sender's, or not of this exit."""
    ledger = opening_ledger()
    made = batch(left(ledger, 0, HOME, 5))
    message = made.transfers[0].transfer.message(CHAIN, 0)
    other = sign(KEYS[1], message)
    of_one = {"R.x": other.nonce_point.x, "R.y": other.nonce_point.y, "S": other.scalar}
    honest = inputs_of(ledger, made)
    key = public_key(KEYS[1])
    assert violated(circuit.system, circuit.system.witness(honest | {
        f"0: {name}": value for name, value in of_one.items()} | {
        "0: key.x": key.x, "0: key.y": key.y})) == {
        "transfer 0: key, x, if signed", "transfer 0: key, y, if signed"}
    other = sign(KEYS[0], message + 1)
    assert violated(circuit.system, circuit.system.witness(honest | {
        "0: R.x": other.nonce_point.x, "0: R.y": other.nonce_point.y, "0: S": other.scalar,
        "0: message": message + 1})) == {"transfer 0: message, if signed"}


def test_an_exit_that_is_not_covered_has_no_proof(
    circuit: RollupCircuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "_check", lambda self, accounts: None)
    monkeypatch.setattr(Account, "leaf", property(_leaf_modulo_r))
    for made in (batch(left(opening_ledger(), 0, HOME, 99, 2)),
                 batch(requests=(ForcedExit(1, 201, HOME),))):
        broken = took(circuit, made)
        wrong = "transfer 0: forced, all of it"
        assert broken - {wrong} and (wrong in broken) == bool(made.requests)
        assert all(label.startswith("transfer 0: what the sender has left: bit")
                   for label in broken - {wrong})


def _leaf_modulo_r(account: Account) -> int:
    return poseidon((*account.key, account.balance % MODULUS, account.nonce))


def test_a_forced_exit_takes_all(circuit: RollupCircuit) -> None:
    assert took(circuit, batch(requests=(ForcedExit(1, 200, HOME),))) == set()
    for amount in (0, 1, 199):
        assert took(circuit, batch(requests=(ForcedExit(1, amount, HOME),))) == {
            "transfer 0: forced, all of it"}
    empty = opening_ledger().without(1, 200, 0)
    inputs = inputs_of(empty, batch(requests=(ForcedExit(1, 0, HOME),)))
    assert accepted(circuit, inputs)


@pytest.mark.parametrize("made", [
    lambda: batch(requests=(Credit(1, 0),)), lambda: batch(requests=(replace(OPEN, amount=0),))])
def test_a_deposit_of_nothing(circuit: RollupCircuit, made: Callable[[], Batch]) -> None:
    assert took(circuit, made()) == {"transfer 0: an amount"}


def test_a_transfer_or_an_exit_of_nothing(
    circuit: RollupCircuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (Transfer, Exit):
        monkeypatch.setattr(kind, "__post_init__", lambda self: None)
    ledger = opening_ledger()
    for made in (batch(signed(ledger, 0, 1, 0)), batch(left(ledger, 0, HOME, 0))):
        assert took(circuit, made) == {"transfer 0: an amount"}


def test_a_deposit_pays_no_fee(circuit: RollupCircuit, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would come from nobody."""
    fee = 7
    for request, kind in ((Credit(1, 5), Kind.CREDIT), (OPEN, Kind.OPEN),
                          (ForcedExit(1, 200, HOME), Kind.FORCED)):
        words = request.words
        sender = 1 if kind is Kind.FORCED else 0
        receiver = 0 if kind is Kind.FORCED else request.number
        with monkeypatch.context() as patch:
            patch.setattr(type(request), "words", property(lambda self, w=words, a=(
                kind, sender, receiver, request.amount, fee): (packed(*a), *w[1:])))
            patch.setattr(Batch, "fees", fee)
            inputs = inputs_of(opening_ledger(), batch(requests=(request,))) | {"0: fee": fee}
        if kind is not Kind.FORCED:
            inputs["0: sender, balance"] += fee
        broken = violated(circuit.system, circuit.system.witness(inputs))
        wanted = "transfer 0: no fee without a signature"
        if kind is Kind.FORCED:     # whose sender cannot pay a fee beside all he has
            assert wanted in broken
        else:
            assert broken == {wanted}


class Unbounded(Transfer):
    """A transfer of any numbers modulo r, packed as the circuit packs them."""

    def __post_init__(self) -> None:
        pass

    @property
    def words(self) -> Words:
        parts = ((self.receiver, RECEIVER_AT), (self.amount, AMOUNT_AT), (self.fee, FEE_AT))
        return (self.sender + sum(value << at for value, at in parts)) % MODULUS, 0, 0

    def message(self, chain_id: int, nonce: int) -> int:
        return poseidon((self.domain, chain_id, (self.words[0] + (nonce << NONCE_AT)) % MODULUS))


@pytest.mark.parametrize(("amount", "fee", "wrong"), [
    (-150, 0, "amount"),            # the sender takes from the receiver
    (1 << 64, -(1 << 64), "amount"),
    (5, -3, "fee"),                 # from the collector
    (5, 1 << 32, "fee"),
])
def test_an_amount_or_a_fee_out_of_its_range(
    circuit: RollupCircuit, monkeypatch: pytest.MonkeyPatch, amount: int, fee: int, wrong: str
) -> None:
    """The sender has signed it, and what is left is in its range."""
    monkeypatch.setattr(Ledger, "_check", lambda self, accounts: None)
    monkeypatch.setattr(Account, "leaf", property(_leaf_modulo_r))
    ledger = opening_ledger().credited(0, 1 << 33)
    made = batch(Unbounded(0, 1, amount, fee).signed(KEYS[0], CHAIN, 0))
    broken = violated(circuit.system, circuit.system.witness(inputs_of(ledger, made)))
    allowed = [wrong] if amount < 1 << 64 else ["amount", "fee"]
    assert broken and all(label.startswith(tuple(f"transfer 0: {each}: bit" for each in allowed))
                          for label in broken)


def test_an_account_is_opened_in_an_empty_place(circuit: RollupCircuit) -> None:
    """Over somebody's account: the path says what is there."""
    assert took(circuit, batch(requests=(OPEN,))) == set()
    assert took(circuit, batch(requests=(replace(OPEN, number=1),))) == {
        "transfer 0: receiver's root"}


def test_an_opened_account_has_what_was_paid_and_the_key_that_was_named(
    circuit: RollupCircuit
) -> None:
    ledger, thief = opening_ledger(), public_key(KEYS[0])
    made = batch(requests=(OPEN,))
    for change, account in ((("balance",), Account(OPEN.key, 1_000_040)),
                            (("nonce",), Account(OPEN.key, 40, 3)),
                            (("x",), Account(Point(thief.x, OPEN.key.y), 40)),
                            (("y",), Account(Point(OPEN.key.x, thief.y), 40)),
                            (("x", "y"), Account(thief, 40))):
        paths = ledger.tree.replace(3, account.leaf)
        # The collector's own path, and the root, on the ledger with the false account.
        after = replace(ledger)
        after.__dict__["tree"] = paths
        inputs = inputs_of(ledger, made) | {
            "0: receiver, x": account.key.x, "0: receiver, y": account.key.y,
            "0: receiver, balance": account.balance - 40, "0: receiver, nonce": account.nonce,
            "new_root": paths.root}
        inputs |= {f"collector, sibling {level}": sibling
                   for level, sibling in enumerate(paths.path(2))}
        assert violated(circuit.system, circuit.system.witness(inputs)) == {
            f"transfer 0: opened: {part}" for part in change}


def test_nothing_but_an_opening_fills_an_empty_place(circuit: RollupCircuit) -> None:
    """A credit, or a transfer, whose receiver's leaf is called 0."""
    ledger = opening_ledger()
    key = public_key(NEW)
    nobody = ledger.with_account(3, Account(key))
    for made in (batch(requests=(Credit(3, 5),)), batch(signed(ledger, 0, 3, 5))):
        inputs = inputs_of(nobody, made) | {"old_root": ledger.root}
        if made.transfers:
            inputs |= {f"0: sender, sibling {level}": sibling
                       for level, sibling in enumerate(ledger.tree.path(0))}
        assert violated(circuit.system, circuit.system.witness(inputs)) == {
            "transfer 0: receiver's root"}
        # Calling the leaf 0 after all.
        leaf = Account(key).leaf
        witness = forge(circuit.system, inputs, {"transfer 0: no leaf, if opened": leaf})
        assert violated(circuit.system, witness) == {"transfer 0: no leaf, if opened"}


def test_an_exit_gives_to_nobody_and_takes_all_the_same(circuit: RollupCircuit) -> None:
    system, ledger = circuit.system, opening_ledger()
    made = batch(left(ledger, 0, HOME, 30), collector=2)
    inputs = inputs_of(ledger, made)

    def with_root_of(after: Ledger) -> dict[str, int]:
        return inputs | {"new_root": after.root} | {
            f"collector, sibling {level}": sibling
            for level, sibling in enumerate(after.tree.path(2))}

    # Somebody gets it in the ledger too.
    taken = ledger.transferred(made.transfers[0])
    both = taken.credited(1, 30)
    assert violated(system, forge(system, with_root_of(both), {
        "transfer 0: root, given": both.root - taken.root})) == {"transfer 0: root, given"}
    # It leaves, and stays.
    assert violated(system, forge(system, with_root_of(ledger), {
        "transfer 0: root, taken": 0})) == {"transfer 0: root, taken"}


def test_a_place_is_of_one_kind(circuit: RollupCircuit) -> None:
    system, ledger = circuit.system, opening_ledger()
    every = {"transfer": batch(signed(ledger, 0, 1, 7)), "exit": batch(left(ledger, 0, HOME, 7)),
             "open": batch(requests=(OPEN,)), "credit": batch(requests=(Credit(1, 7),)),
             "forced": batch(requests=(ForcedExit(1, 200, HOME),))}
    kinds = list(every)
    watched = [constraint for constraint in system.constraints if constraint.label in {
        "transfer 0: one kind", *(f"transfer 0: {kind} is 0 or 1" for kind in kinds)}]
    wires = {kind: system.names.index(f"0: {kind}") for kind in kinds}
    for kind, made in every.items():
        honest = inputs_of(ledger, made)
        witness = system.witness(honest)
        assert not violated(system, witness)

        def broken(changes: dict[str, int], values: list[int] = witness) -> set[str]:
            changed = list(values)
            for name, value in changes.items():
                changed[wires[name]] = value % MODULUS
            return {each.label for each in watched if not each.holds(changed)}

        for other in kinds:
            # Another kind beside this one; more than one of it, or less than none; some of both.
            if other != kind:
                assert broken({other: 1}) == {"transfer 0: one kind"}
                assert broken({other: 2, kind: -1}) == {
                    f"transfer 0: {each} is 0 or 1" for each in (kind, other)}
            assert f"transfer 0: {other} is 0 or 1" in broken({other: 2})
        # Another kind instead, which is in the word.
        another = kinds[kinds.index(kind) - 1]
        assert not accepted(circuit, honest | {f"0: {kind}": 0, f"0: {another}": 1})


def test_what_is_in_the_batch_is_carried_out(circuit: RollupCircuit) -> None:
    """A prover who leaves the ledger as it is: the batch has a transfer, or a deposit, all the
    same."""
    ledger = opening_ledger()
    for kind, made in (("transfer", batch(signed(ledger, 0, 1, 7))),
                       ("exit", batch(left(ledger, 0, HOME, 7))),
                       ("credit", batch(requests=(Credit(1, 7),)))):
        inputs = inputs_of(ledger, made) | {"new_root": ledger.root, f"0: {kind}": 0}
        inputs |= {f"collector, sibling {level}": sibling
                   for level, sibling in enumerate(ledger.tree.path(2))}
        # Where the number of the kind is in the word, the hashes over it differ, too.
        broken = violated(circuit.system, circuit.system.witness(inputs))
        assert "transfer 0: not used, 0" in broken
        if kind == "transfer":
            assert broken == {"transfer 0: not used, 0"}


def test_no_wire_can_be_changed_alone(circuit: RollupCircuit) -> None:
    ledger = opening_ledger()
    for made in (batch(left(ledger, 0, HOME, 7, 1), requests=(ForcedExit(1, 200, HOME),)),
                 batch(requests=(OPEN, Credit(3, 7)))):
        assert unnoticed_changes(
            circuit.system, circuit.system.witness(inputs_of(ledger, made))) == []


def test_the_commitment_is_of_every_word(circuit: RollupCircuit) -> None:
    """The circuit holds the evaluation at the point it is given to the words it has."""
    ledger = opening_ledger()
    made = batch(left(ledger, 0, HOME, 7, 1), requests=(OPEN,))
    honest = inputs_of(ledger, made)
    assert accepted(circuit, honest)
    for place in range(len(made.words)):
        words = list(made.words)
        words[place] += 1
        chain = chained(CHAIN, 2, words)
        assert chain != made.chained
        assert commitment(chain, CHAIN, 2, words) != made.commitment
        assert evaluation(made.challenge, CHAIN, 2, words) != evaluation(
            made.challenge, CHAIN, 2, made.words)
    assert not accepted(circuit, honest | {"challenge": honest["challenge"] + 1})
    # A contract sees other words than the circuit has, with the circuit's chain: it computes their
    # value at the point, and whoever could set a product of the evaluation could reach it.
    system, words = circuit.system, [*made.words[:-1], 5]
    value = evaluation(made.challenge, CHAIN, 2, words)
    seen = poseidon((BINDING_DOMAIN, made.chained, made.challenge, value))
    step = f"commitment: evaluation, step {len(made.words)}"
    assert violated(system, forge(system, honest | {"batch_commitment": seen}, {
        step: value - made.words[-1]})) == {step}
    broken = violated(system, system.witness(honest | {"batch_commitment": seen}))
    assert broken and all(label.startswith("commitment: binding") for label in broken)
    # The words of the contract in the evaluation, and others carried out: the chain is another.
    assert chained(CHAIN, 2, words) != made.chained


def test_bytes() -> None:
    ledger = opening_ledger()
    requests = (OPEN, ForcedExit(1, 200, HOME))
    made = Batch(replace(SIZE, transfers=4), CHAIN, 2,
                 (signed(ledger, 0, 1, 7), left(ledger, 0, HOME, 7)), requests)
    encoded = made.to_bytes()
    assert [len(each) for each in encoded] == [4, 76, 32, 84, 100]
    queued = (OPEN, ForcedExit(1, 0, HOME), Credit(0, 1))
    assert Batch.from_bytes(made.size, CHAIN, encoded, queued) == made
    for wrong in ((), queued[1:], (OPEN,), (OPEN, ForcedExit(1, 0, ELSEWHERE))):
        with pytest.raises(ProofmillError, match="is not what is queued next"):
            Batch.from_bytes(made.size, CHAIN, encoded, wrong)
    assert [request_from_bytes(each.to_bytes()) for each in queued] == list(queued)
    with pytest.raises(ProofmillError, match="12, 32 or 76 bytes, not 3"):
        request_from_bytes(b"123")
    with pytest.raises(ProofmillError, match="not below r"):
        request_from_bytes(replace(OPEN, key=Point(MODULUS, 1)).to_bytes())


@pytest.mark.parametrize(("make", "complaint"), [
    (lambda: Exit(0, HOME, 0), "an exit's amount must be 1 to"),
    (lambda: Exit(0, b"123", 1), "an exit's address has 20 bytes, not 3"),
    (lambda: Exit.from_bytes(b"1"), "an? exit takes 36 bytes, not 1"),
    (lambda: SignedTransfer.from_bytes(b"1" * 99), "84 bytes, a signed exit 100, not 99"),
    (lambda: batch(requests=(OPEN,) * 3), "up to 2 transfers, not 0 and 3 requests"),
    (lambda: batch(requests=(Credit(4, 1),)), "request 0: there is no account 4"),
])
def test_mistakes(make: Callable[[], object], complaint: str) -> None:
    with pytest.raises(ProofmillError, match=complaint):
        make()
