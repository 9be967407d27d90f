"""A chain whose provers are drawn by what a delay function makes of RANDAO's mixes."""

import sys
from typing import Any

import pytest

pytest.importorskip("chiavdf")

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.block_proofs import block_verifier
from proofmill.host.network.consensus.chain import SLOTS_PER_EPOCH, EmbeddedChain
from proofmill.host.network.consensus.delay_function import evaluate
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.transaction import decode_transaction
from proofmill.host.network.mechanism.lottery import Ticket, assign, slot_seed
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.second_layer.delayed_mixes import DELAYED, DelayedMixes
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.contracts.world import ETHER, private_key
from tests.host.network.second_layer.test_execution_layer import refused, send

SQUARINGS = 300
OWNERS = ("owner 0", "owner 1", "owner 2")


@pytest.fixture(scope="module")
def chain() -> EmbeddedChain:
    """Up to the first slot of epoch 3, with three provers since the first."""
    key = development_setup(
        RollupCircuit(SMALLEST).r1cs, seed=b"tests of the evm").verification_key
    parameters = Parameters(slots_per_epoch=SLOTS_PER_EPOCH, defences=Defences(calibration=False))
    chain = EmbeddedChain(block_verifier(key), seed=1, size=SMALLEST, engines=EvmEngines(
        key, parameters, rich=tuple(address_of(private_key(name)) for name in OWNERS),
        delay_squarings=SQUARINGS))
    layer: Any = chain.execution_layer
    for number, name in enumerate(OWNERS):
        send(layer, Account(layer.evm, private_key(name)), layer.layer.bonds, "register",
             bytes([number + 1]) * 20, value=10**4 * ETHER)
    while chain.slot < 3 * SLOTS_PER_EPOCH:
        chain.advance(users=False)
    return chain


def mix_of(chain: EmbeddedChain, epoch: int) -> bytes:
    """RANDAO's at the end of an epoch, by the head's beacon state."""
    return bytes(spec.get_randao_mix(chain.head_state, epoch))


def brought(payload: Any) -> list[bytes]:
    sent = [decode_transaction(bytes(raw)) for raw in payload.transactions]
    return [bytes(each.data) for each in sent if each.to == DELAYED]


def test_the_contracts_draw_by_what_the_function_makes_of_the_mix(chain: EmbeddedChain) -> None:
    layer: Any = chain.execution_layer
    contracts, slot = layer.layer, chain.slot
    delayed = evaluate(mix_of(chain, slot // SLOTS_PER_EPOCH - 2), SQUARINGS)
    assert contracts.consensus.call("mix_for", slot) == (True, delayed.output)
    known, numbers, weights = contracts.assignment.call("tickets_for", slot)
    tickets = [Ticket(*pair) for pair in zip(numbers, weights, strict=True)]
    assert known and len(tickets) == len(OWNERS) and all(weights)
    drawn, plain = [], []
    for each in range(slot, slot + SLOTS_PER_EPOCH):
        primary, committee = contracts.assignment.call("draw", each, 0, bytes(20))
        expected = assign(slot_seed(delayed.output, each), tickets, 3)
        assert (primary, tuple(committee)) == (expected.primary, expected.committee)
        drawn.append(primary)
        plain.append(assign(slot_seed(delayed.mix, each), tickets, 3).primary)
    assert drawn != plain
    assert contracts.consensus.call("failed_hooks") == 0


def test_the_first_payload_of_an_epoch_brings_the_proof(chain: EmbeddedChain) -> None:
    head = bytes(chain.head.root)
    for slot in range(max(1, chain.slot - 12), chain.slot + 1):
        proofs = brought(chain._tree.at(slot, head).payload)
        due = slot % SLOTS_PER_EPOCH == 0 and slot >= 2 * SLOTS_PER_EPOCH
        assert len(proofs) == due
        if due:
            mix = mix_of(chain, slot // SLOTS_PER_EPOCH - 2)
            assert proofs == [evaluate(mix, SQUARINGS).proof]


def test_payloads_with_a_wrong_proof_or_none_are_refused(chain: EmbeddedChain) -> None:
    layer: Any = chain.execution_layer
    slot = chain.slot
    batch, right, *rest = [
        bytes(raw) for raw in chain._tree.at(slot, bytes(chain.head.root)).payload.transactions]
    proof = brought(chain._tree.at(slot, bytes(chain.head.root)).payload)[0]
    nonce = decode_transaction(right).nonce
    other = evaluate(mix_of(chain, slot // SLOTS_PER_EPOCH - 1), SQUARINGS).proof
    fewer = evaluate(mix_of(chain, slot // SLOTS_PER_EPOCH - 2), SQUARINGS - 1).proof
    changed = bytes([*proof[:40], proof[40] ^ 1, *proof[41:]])
    for wrong, reason in ((other, "does not hold for 300 squarings"),
                          (fewer, "does not hold for 300 squarings"),
                          (changed, "does not hold for 300 squarings"),
                          (proof[:-1], "the second transaction does not bring the proof")):
        sent = layer._poster.sign(DELAYED, wrong, gas=30_000, nonce=nonce)
        assert reason in refused(chain, slot, [batch, sent, *rest])
    elsewhere = layer._poster.sign(bytes(20), proof, gas=30_000, nonce=nonce)
    for transactions in ([batch], [batch, elsewhere], [batch, b"\x02junk"]):
        assert "the second transaction does not bring" in refused(chain, slot, transactions)


def test_a_branch_without_the_block_brings_the_proof_itself(chain: EmbeddedChain) -> None:
    slot = chain.slot
    first = chain._tree.at(slot, bytes(chain.head.root))
    before = chain._tree.at(slot - 1, bytes(chain.head.root))
    report = chain.advance(parent=before.root, attesting=False, users=False)
    payload = chain._tree.at(report.slot, report.block_root).payload
    assert payload.parent_hash == before.payload.block_hash
    assert brought(payload) == brought(first.payload) != []


def test_without_the_library_no_such_chain_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chiavdf", None)
    with pytest.raises(ProofmillError, match=r"needs chiavdf: pip install -e '.\[delay\]'"):
        DelayedMixes(SQUARINGS)


def test_what_goes_wrong_while_it_is_evaluated_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(mix: bytes, squarings: int) -> None:
        raise ProofmillError("the delay function gave 3 bytes")

    monkeypatch.setattr(
        "proofmill.host.network.second_layer.delayed_mixes.evaluate", broken)
    with pytest.raises(ProofmillError, match="gave 3 bytes"):
        DelayedMixes(SQUARINGS).proof(bytes(32))


def test_a_node_keeps_the_latest_mixes() -> None:
    delays = DelayedMixes(20)
    mixes = [bytes([number]) * 32 for number in range(6)]
    proofs = [delays.proof(mix) for mix in mixes]
    assert len(set(proofs)) == len(mixes) and delays.evaluated == 6
    assert len(delays._work) == 4 and delays.proof(mixes[0]) == proofs[0]
