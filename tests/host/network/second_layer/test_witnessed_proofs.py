"""A real chain whose contracts count delays to when layer 1's witnesses had a proof."""

from dataclasses import dataclass
from typing import Any

import pytest

from proofmill.host.network.consensus.block_proofs import (
    block_prover,
    block_verifier,
    numbers_of,
)
from proofmill.host.network.consensus.chain import SLOTS_PER_EPOCH, EmbeddedChain
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.witnesses import (
    ProofWitness,
    WitnessVote,
    sign,
    witnesses_of,
)
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.transaction import decode_transaction
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.node.contract_state import ProverAccount
from proofmill.host.network.node.opening import open_chain
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.witnessed_proofs import WITNESSED, ToldWitnesses
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.contracts.world import ETHER
from tests.host.network.second_layer.test_execution_layer import refused

PROVER, SEED = 5, 1
LATE, KEPT_OUT = 1, 5
"""Slots whose proofs it is about."""
EMPTY = 2, 7
"""The late prover's own slot, and a stranger's."""
LAST = 9


@dataclass
class Played:
    """The chain after slot LAST, and what was taken from the only prover by the end of each."""

    chain: EmbeddedChain
    taken: dict[int, int]

    @property
    def layer(self) -> Any:
        return self.chain.execution_layer

    def record(self, slot: int) -> Any:
        return self.layer.layer.rewards.call("record", slot)


@pytest.fixture(scope="module")
def played() -> Played:
    """The prover, drawn for every slot, proves two: of LATE its proof comes in the last quarter of
    slot 3, after witnesses have signed, and its own slot 2 is empty; of KEPT_OUT it is there in
    slot 5, nobody includes it in slot 6, and a stranger leaves slot 7 empty."""
    circuit = RollupCircuit(SMALLEST)
    prover = Prover(development_setup(circuit.r1cs, seed=b"tests of the evm"), CpuDevice())
    key, keys = prover.key.verification_key, derive_keys(SEED, 64)
    me = ProverAccount(PROVER, keys[PROVER].address, b"\x77" * 20)
    base = EvmEngines(key, Parameters(slots_per_epoch=SLOTS_PER_EPOCH, defences=Defences(
        calibration=False, witnesses=True)), rich=(me.owner,))
    chain = EmbeddedChain(block_verifier(key), seed=SEED, size=SMALLEST, engines=open_chain(
        base, SEED, SMALLEST, keys, [me], 10**4 * ETHER))
    layer: Any = chain.execution_layer
    account = Account(layer.evm, keys[PROVER].account)
    prove = block_prover(circuit, prover)

    def proof_of(slot: int) -> bytes:
        return prove(chain.proving_task(slot).claimed_by(0, me.reward_address))

    def hand_in(slot: int, proof: bytes) -> None:
        account.hand_in(layer.layer.rewards.address, layer.layer.rewards.encode(
            "submit", slot, 0, numbers_of(proof)), gas=3_000_000)

    taken = {}
    for slot in range(1, LAST + 1):
        if slot in EMPTY:
            chain.leave_empty()
        else:
            chain.advance(users=False)
        taken[slot] = layer.layer.bonds.call("taken")
        if slot == 3:
            hand_in(LATE, proof_of(LATE))
        if slot == KEPT_OUT:
            kept_out = proof_of(KEPT_OUT)
            signed = chain.sign_proof(PROVER, chain.block(slot).request_root, kept_out,
                                      me.reward_address)
            assert chain.submit(signed).accepted
        if slot == 6:
            hand_in(KEPT_OUT, kept_out)
    assert layer.layer.consensus.call("failed_hooks") == 0
    return Played(chain, taken)


def test_an_own_empty_slot_saves_a_late_proof_nothing(played: Played) -> None:
    record = played.record(LATE)
    assert record["won"] and record["included_slot"] == 4
    full = record["budget"] * 56 // 64
    assert record["prover_amount"] == record["budget"] * 9_166 * 56 // 640_000 < full
    assert played.taken[4] == 0 and played.taken[5] == record["penalty"] > 0
    assert played.layer.layer.rewards.call("witnessed", LATE, 0) == (False, 0)


def test_a_stranger_s_empty_slot_costs_a_proof_that_was_there_nothing(played: Played) -> None:
    record = played.record(KEPT_OUT)
    assert played.layer.layer.rewards.call("witnessed", KEPT_OUT, 0) == (True, KEPT_OUT)
    assert record["won"] and record["included_slot"] == 8
    assert record["prover_amount"] == record["budget"] * 56 // 64
    # What slot 8 judges are the slots 4 and 5, of which nobody has proven the first.
    assert played.taken[9] - played.taken[8] == played.record(4)["penalty"]
    assert not record["primary_open"]


def votes_of(played: Played, slot: int) -> list[WitnessVote]:
    """What the payload of a slot says."""
    payload = played.chain.block(slot).payload
    sent = decode_transaction(bytes(payload.transactions[1]))
    assert sent.to == WITNESSED
    return list(ToldWitnesses.decode_bytes(sent.data).votes)


def test_every_payload_says_what_its_branch_does_not_say_yet(played: Played) -> None:
    said = {slot: votes_of(played, slot) for slot in range(1, LAST + 1) if slot not in EMPTY}
    assert [slot for slot, votes in said.items() if votes] == [6]
    (vote,) = said[6]
    assert (vote.message.slot, vote.message.proven_slot, vote.message.prover) == (5, 5, 0)
    assert bytes(vote.message.payload_root) == played.chain.block(KEPT_OUT).request_root
    assert len(vote.bits) == sum(vote.bits) == 8


def test_payloads_that_say_what_witnesses_have_not_signed_are_refused(played: Played) -> None:
    chain, layer = played.chain, played.layer
    batch, right, *rest = [bytes(raw) for raw in chain.block(6).payload.transactions]
    nonce, (vote,) = decode_transaction(right).nonce, votes_of(played, 6)
    state = chain.store.block_states[chain.block(6).parent_root]
    members = witnesses_of(state, 5)

    def with_data(data: bytes, to: bytes = WITNESSED) -> list[bytes]:
        return [batch, layer._poster.sign(to, data, gas=60_000, nonce=nonce), *rest]

    def signed(count: int, **changes: Any) -> WitnessVote:
        values = {name: getattr(vote.message, name)
                  for name in ("slot", "proven_slot", "payload_root", "prover")}
        message = ProofWitness(**{**values, **changes})
        signers = set(witnesses_of(state, int(message.slot))[:count])
        made = sign({one: chain.keys[one] for one in signers}, state, message)
        assert made is not None
        return made

    forged = WitnessVote(message=vote.message, bits=vote.bits, signature=signed(
        8, prover=1).signature)
    longer = WitnessVote(message=vote.message, bits=[*vote.bits, True], signature=vote.signature)
    others = WitnessVote(message=vote.message, bits=signed(5).bits, signature=vote.signature)
    half = signed(len(members) // 2)
    for votes, reason in (
            ([forged], "did not sign what they are named for"),
            ([others], "did not sign what they are named for"),
            ([longer], "slot 5 has 8 witnesses, and the vote 9 bits"),
            ([half], "a vote is of 4 witnesses of slot 5, who are not more than half"),
            ([signed(8, slot=6)], "witnesses of slot 6, which is not over"),
            ([signed(8, slot=4)], "names the payload of slot 5, which comes later"),
            ([vote, vote], "not in their order, or there twice"),
            ([signed(8, prover=1), vote], "not in their order, or there twice")):
        data = ToldWitnesses(votes=votes).encode_bytes()
        assert reason in refused(chain, 6, with_data(data)), reason
    empty = ToldWitnesses().encode_bytes()
    for transactions in ([batch], [batch, *rest], with_data(empty, bytes(20)), with_data(b"junk")):
        assert "transaction 1 does not bring what witnesses had" in refused(chain, 6, transactions)
    # Five of eight are enough, and more than one may be said; the header alone is wrong then.
    enough = ToldWitnesses(votes=[signed(5), signed(5, prover=1)]).encode_bytes()
    assert "executing the block gives another one" in refused(chain, 6, with_data(enough))
