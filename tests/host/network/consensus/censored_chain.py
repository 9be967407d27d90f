"""A proof that three proposers in a row leave out, on the chain of a fork: ``python -m ... FORK``.

A program of its own, since a process has one fork. Prints what became of it as JSON.
"""

import json
import sys
from typing import TYPE_CHECKING

from proofmill.host.network.consensus import fork

if TYPE_CHECKING:
    from proofmill.host.network.consensus.chain import EmbeddedChain

VALIDATOR = 11
EXPECTED = ("is not in the inclusion list committee of slot", "did not sign the inclusion list",
            "an inclusion list is too long")
CENSORS = 3
"""Proposers in a row: the two of stage 1, and the first who could include a rescue."""


def play() -> dict[str, object]:
    """The slots after the proven one until the proof is in, and what it is paid."""
    from proofmill.host.network.consensus.block_proofs import block_prover, block_verifier
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.keys import derive_keys
    from proofmill.host.network.consensus.miner import Miner
    from proofmill.host.network.consensus.spec import spec
    from proofmill.host.network.evm.transaction import decode_transaction
    from proofmill.host.network.second_layer.engines import EvmEngines
    from proofmill.host.network.second_layer.execution_layer import EvmExecutionLayer
    from proofmill.host.network.second_layer.second_layer import embedded_layer
    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
    from proofmill.host.prover.circuits.rollup.size import SMALLEST
    from proofmill.host.prover.devices.cpu import CpuDevice
    from proofmill.host.prover.groth16.prove import Prover
    from proofmill.host.prover.groth16.setup import development_setup

    circuit = RollupCircuit(SMALLEST)
    prover = Prover(development_setup(circuit.r1cs, seed=b"tests of the chain"), CpuDevice())
    key = derive_keys(1, VALIDATOR + 1)[VALIDATOR]
    engines = EvmEngines(prover.key.verification_key, rich=(key.address,))
    chain = EmbeddedChain(block_verifier(prover.key.verification_key), seed=1, size=SMALLEST,
                          engines=engines)
    execution = chain.execution_layer
    assert isinstance(execution, EvmExecutionLayer)
    rewards = embedded_layer(chain, key, engines)
    miner = Miner(chain, VALIDATOR, rewards, block_prover(circuit, prover))
    rewards.join()
    miner._next_slot(proving=False)
    proven = miner._next_slot(proving=True).slot
    miner._mine(proven)
    execution.leaves_out = lambda raw: decode_transaction(raw).to == execution.layer.rewards.address
    built_on_full = []
    for slot in range(CENSORS + 4):
        if slot == CENSORS:
            execution.leaves_out = lambda raw: False
        miner._next_slot(proving=False)
        block = chain.store.blocks[chain.head.root]
        built_on_full.append(bool(spec.is_parent_node_full(chain.store, block)))
    record = rewards.layer.rewards.call("record", proven)
    return {"fork": fork.chosen(), "version": chain.head_state.fork.current_version.hex(),
            "built_on_full": built_on_full, "won": record["won"],
            "slots_late": record["included_slot"] - proven, "wei": record["prover_amount"],
            **({} if chain.lists is None else refusals(chain))}


def refusals(chain: "EmbeddedChain") -> dict[str, object]:
    """What a node says to lists that are not right."""
    from proofmill.host.network.consensus.refusal import Invalid
    from proofmill.host.network.consensus.spec import spec

    assert chain.lists is not None
    said, state, slot = [], chain.head_state, chain.slot
    committee = [int(one) for one in spec.get_inclusion_list_committee(state, spec.Slot(slot))]
    stranger = next(one for one in range(len(chain.keys)) if one not in committee)
    member = committee[0]

    def signed(index: int, signer: int, transactions: list[bytes]) -> spec.SignedInclusionList:
        root = spec.hash_tree_root(spec.get_inclusion_list_committee(state, spec.Slot(slot)))
        message = spec.InclusionList(
            slot=slot, validator_index=index, inclusion_list_committee_root=root,
            transactions=[spec.Transaction(raw) for raw in transactions])
        secret = chain.keys[signer].secret
        return spec.SignedInclusionList(
            message=message, signature=spec.get_inclusion_list_signature(state, message, secret))

    with chain._in_use():
        for wrong in (signed(stranger, stranger, []), signed(member, stranger, []),
                      signed(member, member, [bytes(8_193)])):
            try:
                chain.lists.hear(chain.store, state, wrong)
            except Invalid as error:
                said.append(str(error))
        chain.lists.hear(chain.store, state, signed(member, member, [b"another"]))
    found = [next(part for part in EXPECTED if part in sentence) for sentence in said]
    key = spec.hash_tree_root(spec.get_inclusion_list_committee(state, spec.Slot(slot)))
    return {"refused": found, "equivocators": len(chain.lists.store.equivocators[key])}


if __name__ == "__main__":
    fork.choose(sys.argv[1])
    print(json.dumps(play()))
