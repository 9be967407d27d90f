"""What a chain asks about its payloads and their proofs: two engines that belong together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proofmill.host.network.consensus.execution import ExecutionLayer
from proofmill.host.network.consensus.proofs import BindingProofEngine, Verify
from proofmill.host.prover.circuits.block_size import BlockSize


@dataclass(frozen=True)
class Engines:
    """`execution`: the specification's `ExecutionEngine`; `proof`: its `ProofEngine`, bound.

    Beside the specification's methods, `execution` has `genesis_hash`, `ledger(block_hash)`,
    `batch(block_hash)` and `watch(store)`, which a chain calls with its fork-choice store as soon
    as there is one.
    """

    execution: Any
    proof: BindingProofEngine


MakeEngines = Callable[[int, BlockSize, int, Verify], Engines]
"""From a seed, the ledger's size, the consensus layer's chain id, and what checks proofs.

Equal arguments give equal engines, so that every node of a chain can make its own.
"""


def ledger_engines(seed: int, size: BlockSize, chain_id: int, verify: Verify) -> Engines:
    """Payloads that are the ledger's batches and nothing else: no machine, no contracts."""
    execution = ExecutionLayer(seed, size)
    genesis_hash = execution.genesis_hash
    return Engines(execution, BindingProofEngine(
        chain_id, verify, genesis_hash, execution.ledger(genesis_hash).root))
