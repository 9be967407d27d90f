from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.batch import Batch, Transfer
from proofmill.host.prover.circuits.block import (
    BlockCircuit,
    PublicInputs,
    block_cost,
    block_inputs,
)
from proofmill.host.prover.circuits.block_size import COMPACT, BlockSize
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.ledger import Ledger
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.random_batch import random_batch
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.curve.limbs import from_limbs
from tests.host.prover.circuits.forgery import (
    forge,
    rank_of_internal_wires,
    unnoticed_changes,
    violated,
)

SIZE = BlockSize()
SIZES = (SIZE, COMPACT, BlockSize(page=2, depth=0, transfers=1),
         BlockSize(page=2, depth=3, transfers=7), BlockSize(page=4, depth=1, transfers=4),
         BlockSize(page=16, depth=1, transfers=2))
STATEMENT = Statement(chain_id=7, slot=1234, prover=5, reward_address=bytes(range(20)))
LEDGER = Ledger(SIZE, tuple(1000 + account for account in range(SIZE.accounts)))
BATCH = Batch(SIZE, (Transfer(17, 20, 300), Transfer(20, 16, 1320), Transfer(18, 18, 1018)))


@pytest.fixture(scope="module")
def circuit() -> BlockCircuit:
    return BlockCircuit(SIZE)


def random_ledger(size: BlockSize, seed: int) -> Ledger:
    random = Random(seed)
    return Ledger(size, tuple(random.choice((0, random.randrange(1 << 50)))
                              for _ in range(size.accounts - 1)) + (1 << 60,))


def honest(circuit: BlockCircuit, ledger: Ledger = LEDGER, batch: Batch = BATCH) -> PublicInputs:
    return circuit.public_inputs(ledger.root, ledger.apply(batch).root, batch, STATEMENT)


# Honest provers


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_honest_witnesses(size):
    circuit = BlockCircuit(size)
    assert circuit.r1cs.constraints == block_cost(size) == len(circuit.system.constraints)
    assert circuit.r1cs.public_inputs == 4 and circuit.r1cs.public_outputs == 0
    ledger = random_ledger(size, 1)
    for seed in range(8):
        batch = random_batch(Random(seed), ledger)
        witness = circuit.witness(ledger, batch, STATEMENT)
        assert witness.shape == (circuit.r1cs.wires, 4)
        assert circuit.r1cs.first_unsatisfied(witness) is None
        after = ledger.apply(batch)
        assert from_limbs(witness[1:5]) == list(
            circuit.public_inputs(ledger.root, after.root, batch, STATEMENT))
        ledger = after
    empty = circuit.witness(ledger, Batch(size), STATEMENT)
    assert circuit.r1cs.first_unsatisfied(empty) is None
    assert from_limbs(empty[1:3]) == [ledger.root, ledger.root]


def test_counts():
    assert block_cost(SIZE) == 2631
    assert block_cost(COMPACT) == 1966
    # snarkjs takes the power of two above constraints + public inputs.
    assert block_cost(SIZE) + 4 < 4096
    assert block_cost(COMPACT) + 4 < 2048


def test_both_ends_of_the_balances(circuit):
    top = (1 << 64) - 1
    ledger = Ledger(SIZE, (top,) + (0,) * (SIZE.accounts - 1))
    batch = Batch(SIZE, (Transfer(0, 7, top), Transfer(7, 7, top), Transfer(7, 0, top)))
    assert circuit.r1cs.first_unsatisfied(circuit.witness(ledger, batch, STATEMENT)) is None


def test_public_inputs(circuit):
    assert honest(circuit) == PublicInputs(
        LEDGER.root, LEDGER.apply(BATCH).root, BATCH.commitment, STATEMENT.prover_tag)


def test_what_does_not_fit(circuit):
    with pytest.raises(ProofmillError, match="does not cover"):
        circuit.witness(LEDGER, Batch(SIZE, (Transfer(0, 1, 1001),)), STATEMENT)
    with pytest.raises(ProofmillError, match="the ledger is"):
        circuit.witness(random_ledger(COMPACT, 1), Batch(COMPACT), STATEMENT)
    with pytest.raises(ProofmillError, match="the batch is for"):
        circuit.public_inputs(0, 0, Batch(COMPACT), STATEMENT)


# Wires


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_wire_can_be_changed_alone(size):
    circuit = BlockCircuit(size)
    ledger = random_ledger(size, 2)
    for batch in (random_batch(Random(3), ledger), Batch(size)):
        witness = from_limbs(circuit.witness(ledger, batch, STATEMENT))
        assert unnoticed_changes(circuit.system, witness) == []


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_wires_can_be_moved_together(size):
    # Given the inputs, the constraints determine all wires, near this witness.
    circuit = BlockCircuit(size)
    ledger = random_ledger(size, 3)
    witness = from_limbs(
        circuit.witness(ledger, random_batch(Random(4), ledger), STATEMENT))
    internal = circuit.system.wires - 1 - 4 - circuit.system.private_inputs
    assert rank_of_internal_wires(circuit.system, witness) == internal


def test_the_rank_finds_a_free_wire():
    size = BlockSize(page=2, depth=0, transfers=1)
    circuit = BlockCircuit(size)
    witness = from_limbs(circuit.witness(Ledger(size, (1, 2)), Batch(size), STATEMENT))
    internal = circuit.system.wires - 1 - 4 - circuit.system.private_inputs
    kept = [constraint for constraint in circuit.system.constraints
            if constraint.label != "prover tag, squared"]
    circuit.system.constraints[:] = kept
    assert rank_of_internal_wires(circuit.system, witness) == internal - 1


# Cheats. Each is carried through: roots and commitment are those of the forged values, and hints
# compute all that follows. The constraints named are all that stand in the way.


def cheat(circuit: BlockCircuit, inputs: dict[str, int], page: list[int] | None = None,
          pinned: dict[str, int] | None = None) -> set[str]:
    """What a forged witness violates; with `page`, the new root is that of the ledger with it."""
    if page is not None:
        leaf = poseidon([balance % MODULUS for balance in page])
        inputs = {**inputs, "new_root": LEDGER.tree.replace(2, leaf).root}
    return violated(circuit.system, forge(circuit.system, inputs, pinned or {}))


def changed_page(*changes: tuple[int, int]) -> list[int]:
    page = list(LEDGER.page(2))
    for place, change in changes:
        page[place] += change
    return page


def inputs_of(circuit: BlockCircuit, *transfers: Transfer) -> dict[str, int]:
    """Inputs on page 2 for transfers that the ledger itself would refuse."""
    batch = Batch(SIZE, transfers)
    public = PublicInputs(LEDGER.root, 0, batch.commitment, STATEMENT.prover_tag)
    return block_inputs(LEDGER, batch, public)


def test_the_forger_does_find_honest_witnesses(circuit):
    inputs = inputs_of(circuit, Transfer(17, 18, 5))
    assert cheat(circuit, inputs, changed_page((1, -5), (2, 5))) == set()
    assert circuit.system.check(
        forge(circuit.system, block_inputs(LEDGER, BATCH, honest(circuit)), {})) is None


def test_overdraft(circuit):
    # 17 has 1017; afterwards its balance is -1, the element r - 1.
    inputs = inputs_of(circuit, Transfer(17, 18, 1018))
    assert cheat(circuit, inputs, changed_page((1, -1018), (2, 1018))) == {
        "transfer 0: sender's balance afterwards: bit 63 is 0 or 1"}


def test_overdraft_covered_later(circuit):
    inputs = inputs_of(circuit, Transfer(17, 18, 1018), Transfer(18, 17, 1018))
    assert cheat(circuit, inputs, changed_page()) == {
        "transfer 0: sender's balance afterwards: bit 63 is 0 or 1"}


def test_overdraft_to_oneself(circuit):
    inputs = inputs_of(circuit, Transfer(17, 17, 1018))
    assert cheat(circuit, inputs, changed_page()) == {
        "transfer 0: sender's balance afterwards: bit 63 is 0 or 1"}


def test_overdraft_by_wrong_bits(circuit):
    # The largest balance below 2^64 in bits, whatever the difference is.
    inputs = inputs_of(circuit, Transfer(17, 18, 1018))
    name = "transfer 0: sender's balance afterwards: bit"
    pinned = {f"{name} {place}": 1 for place in range(63)}
    assert cheat(circuit, inputs, changed_page((1, -1018), (2, 1018)), pinned) == {
        f"{name} 63 is 0 or 1"}


def test_balance_selected_from_another_account(circuit):
    # The sender's balance is said to be enough: the choice is what is violated.
    inputs = inputs_of(circuit, Transfer(17, 18, 1018))
    name = "transfer 0: sender's balance: level 0, choice 0"
    assert cheat(circuit, inputs, changed_page((1, -1018), (2, 1018)), {name: 5000}) == {name}


def test_negative_amount(circuit):
    # Minus 5: the sender takes from the receiver, and both balances are in range.
    inputs = {**inputs_of(circuit, Transfer(17, 18, 5)), "amount 0": MODULUS - 5}
    words = [MODULUS - 5 + ((1 + 8 * 2) << 64) + (2 << 210), 0]
    inputs["batch_commitment"] = poseidon([word % MODULUS for word in words])
    assert cheat(circuit, inputs, changed_page((1, 5), (2, -5))) == {
        "transfer 0: amount: bit 63 is 0 or 1"}


@pytest.mark.parametrize("amount", (1 << 64, (1 << 64) + 3, 1 << 70, MODULUS - (1 << 64)))
def test_amounts_of_more_than_64_bits(circuit, amount):
    inputs = {**inputs_of(circuit, Transfer(17, 18, 5)), "amount 0": amount}
    inputs["batch_commitment"] = poseidon(((amount + (17 << 64) + (2 << 210)) % MODULUS, 0))
    assert "transfer 0: amount: bit 63 is 0 or 1" in cheat(
        circuit, inputs, changed_page((1, -amount), (2, amount)))


def test_amount_that_spills_into_the_place(circuit):
    # The words of 2^64 + 5 from place 1 are those of 5 from place 2: the commitment is honest.
    committed = inputs_of(circuit, Transfer(18, 19, 5))
    assert committed["transfer 0: sender bit 1"] == 1
    inputs = {**committed, "amount 0": (1 << 64) + 5,
              "transfer 0: sender bit 0": 1, "transfer 0: sender bit 1": 0}
    assert cheat(circuit, inputs, changed_page((1, -(1 << 64) - 5), (3, (1 << 64) + 5))) == {
        "transfer 0: amount: bit 63 is 0 or 1",
        "transfer 0: sender's balance afterwards: bit 63 is 0 or 1"}


def test_minting_by_a_wrong_balance(circuit):
    inputs = inputs_of(circuit, Transfer(17, 18, 5))
    labels = cheat(circuit, inputs, changed_page((1, -5), (2, 6)))
    # The root is another than the circuit computes: the last S-box of the last hash.
    assert labels == {"ledger, after: level 1: S-box 64.0, x^5"}


@pytest.mark.parametrize(("part", "changes"), [
    ("given", ((5, -5), (6, 6), (2, -1))),
    ("taken", ((5, -6), (1, 1), (6, 5))),
])
def test_giving_more_than_is_taken(circuit, part, changes):
    # From place 5 to place 6, but 6 of 5: even so nothing is minted, a third account pays, as the
    # parts of `distribute` add up to the amount whatever the witness.
    assert sum(change for _, change in changes) == 0
    inputs = inputs_of(circuit, Transfer(21, 22, 5))
    name = f"transfer 0: {part}: level 2, part 0"
    assert cheat(circuit, inputs, changed_page(*changes), {name: 6}) == {name}


def test_minting_to_oneself(circuit):
    # Taken and given are the same place; giving twice is a forged part.
    inputs = inputs_of(circuit, Transfer(17, 17, 5))
    name = "transfer 0: given: level 0, part 0"
    forged = cheat(circuit, inputs, changed_page((1, 5), (0, -5)), {name: 10})
    assert forged == {name}


def test_wrong_new_root(circuit):
    inputs = block_inputs(LEDGER, BATCH, honest(circuit))
    for root in (LEDGER.root, 0, (inputs["new_root"] + 1) % MODULUS):
        assert cheat(circuit, {**inputs, "new_root": root}) == {
            "ledger, after: level 1: S-box 64.0, x^5"}


def test_wrong_old_root(circuit):
    inputs = block_inputs(LEDGER, BATCH, honest(circuit))
    assert cheat(circuit, {**inputs, "old_root": inputs["new_root"]}) == {
        "ledger, before: level 1: S-box 64.0, x^5"}


def test_another_batch_under_the_same_commitment(circuit):
    inputs = inputs_of(circuit, Transfer(17, 18, 5))
    inputs["batch_commitment"] = BATCH.commitment
    assert cheat(circuit, inputs, changed_page((1, -5), (2, 5))) == {
        "batch commitment: S-box 64.0, x^5"}


def test_another_page_under_the_same_commitment(circuit):
    # The same places and amounts on page 1, which has enough money too.
    other = Batch(SIZE, (Transfer(9, 12, 300),))
    public = honest(circuit, LEDGER, other)
    same_places = Batch(SIZE, (Transfer(17, 20, 300),))
    inputs = block_inputs(LEDGER, other, public)
    assert cheat(circuit, inputs) == set()
    assert cheat(circuit, {**inputs, "batch_commitment": same_places.commitment}) == {
        "batch commitment: S-box 64.0, x^5"}


def test_tag_of_another_prover(circuit):
    witness = from_limbs(circuit.witness(LEDGER, BATCH, STATEMENT))
    witness[4] = Statement(7, 1234, 6, bytes(range(20))).prover_tag
    assert violated(circuit.system, witness) == {"prover tag, squared"}


def test_places_that_are_no_bits(circuit):
    # Bits (2, 0, 0) pack as (0, 1, 0) does, so the commitment is honest; `taken` is then twice the
    # amount from place 1 and minus the amount from place 0.
    committed = inputs_of(circuit, Transfer(18, 19, 5))
    inputs = {**committed, "transfer 0: sender bit 0": 2, "transfer 0: sender bit 1": 0}
    assert cheat(circuit, inputs, changed_page((0, 5), (1, -10), (3, 5))) == {
        "transfer 0: sender bit 0 is 0 or 1"}
    # And a receiver that is two: twice the amount at place 1 for minus the amount at place 0.
    committed = inputs_of(circuit, Transfer(19, 18, 5))
    inputs = {**committed, "transfer 0: receiver bit 0": 2, "transfer 0: receiver bit 1": 0}
    assert cheat(circuit, inputs, changed_page((3, -5), (0, -5), (1, 10))) == {
        "transfer 0: receiver bit 0 is 0 or 1"}


@pytest.mark.parametrize("place", range(SIZE.place_bits))
@pytest.mark.parametrize("party", ("sender", "receiver"))
@pytest.mark.parametrize("number", range(SIZE.transfers))
def test_every_bit_of_every_place_is_checked(circuit, number, party, place):
    # The bit is 2, in a batch of nothing but a transfer of 5 from place 1 to place 2.
    inputs = inputs_of(circuit, *[Transfer(17, 18, 5)] * 4)
    inputs[f"transfer {number}: {party} bit {place}"] = 2
    page = list(LEDGER.page(2))
    packed = []
    for each in range(4):
        bits = {name: [inputs[f"transfer {each}: {name} bit {at}"] for at in range(3)]
                for name in ("sender", "receiver")}
        shares = zip(page, weights(bits["sender"]), weights(bits["receiver"]), strict=True)
        page = [balance + 5 * (given - taken) for balance, taken, given in shares]
        packed.append(5 + (value_of([*bits["sender"], *bits["receiver"]]) << 64))
    words = packed[0] + (packed[1] << 70) + (packed[2] << 140) + (2 << 210), packed[3]
    inputs["batch_commitment"] = poseidon([word % MODULUS for word in words])
    assert cheat(circuit, inputs, page) == {f"transfer {number}: {party} bit {place} is 0 or 1"}


def value_of(bits: list[int]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


def weights(bits: list[int]) -> list[int]:
    """What `distribute` makes of 1, for bits that may be anything."""
    found = [1]
    for bit in reversed(bits):
        found = [part for weight in found for part in (weight * (1 - bit), weight * bit)]
    return found


@pytest.mark.parametrize("level", (0, 1))
def test_page_numbers_that_are_no_bits(circuit, level):
    # With a bit that may be anything every page could be "proved". A node and its sibling are put
    # in order as node + bit * (sibling - node), sibling - bit * (sibling - node); for any node that
    # is as it must be with sibling = left + right - node, bit = (left - node) / (sibling - node).
    tree = LEDGER.tree
    inputs = {**inputs_of(circuit, Transfer(17, 18, 5)), "balance 1": 10**6}
    minted = changed_page((1, 10**6 - 1017))
    nodes = [poseidon(minted), poseidon([minted[0], minted[1] - 5, minted[2] + 5, *minted[3:]])]
    bits, siblings = [0, 1], list(tree.path(2))
    for height in range(2):
        if height == level:
            left, right = tree.levels[height][2 >> height & ~1:][:2]
            siblings[height] = (left + right - nodes[0]) % MODULUS
            bits[height] = (left - nodes[0]) * pow(siblings[height] - nodes[0], -1, MODULUS)
        for at, node in enumerate(nodes):
            exchange = bits[height] * (siblings[height] - node)
            nodes[at] = poseidon([(node + exchange) % MODULUS,
                                  (siblings[height] - exchange) % MODULUS])
    assert nodes[0] == LEDGER.root
    first = 5 + (1 + 8 * 2 << 64) + (value_of(bits) << 210)
    inputs |= {"new_root": nodes[1], "batch_commitment": poseidon((first % MODULUS, 0)),
               "page bit 0": bits[0], "page bit 1": bits[1],
               "sibling 0": siblings[0], "sibling 1": siblings[1]}
    assert cheat(circuit, inputs) == {f"page bit {level} is 0 or 1"}


def test_balances_that_are_not_the_ledgers(circuit):
    inputs = {**inputs_of(circuit, Transfer(17, 18, 5)), "balance 1": 10**6}
    assert cheat(circuit, inputs, changed_page((1, 10**6 - 1017 - 5), (2, 5))) == {
        "ledger, before: level 1: S-box 64.0, x^5"}


def test_another_page_changed_on_the_way(circuit):
    # A sibling that is forged is forged in both paths.
    inputs = block_inputs(LEDGER, BATCH, honest(circuit))
    assert cheat(circuit, {**inputs, "sibling 0": 1}) == {
        "ledger, before: level 1: S-box 64.0, x^5", "ledger, after: level 1: S-box 64.0, x^5"}
