"""What a node's chain is at a step of its clock, for whoever asks on another thread.

Nothing of it changes: the node makes a new one at each step, and answers are made from the latest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proofmill.host.network.consensus.proofs import PROOF_TYPE, KnownPayload
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.node import Node

Checkpoint = tuple[int, bytes]
"""An epoch, and the root of its block."""


@dataclass(frozen=True)
class ChainView:
    """The head's branch. `genesis_validators_root`: empty while the node starts; `slot`: by the
    clock; `recent`: (slot, root) of its blocks with payloads since finality, oldest first;
    `states`: state roots of them by block.

    `payloads`: by the root of its request each payload whose proof can be judged; `proofs`: the
    proof data of those that have been found valid.
    """

    genesis_validators_root: bytes = b""
    slot: int = 0
    head_slot: int = 0
    head_root: bytes = bytes(32)
    head_state_root: bytes = bytes(32)
    previous_justified: Checkpoint = (0, bytes(32))
    justified: Checkpoint = (0, bytes(32))
    finalized: Checkpoint = (0, bytes(32))
    peers: int = 0
    syncing: bool = True
    recent: tuple[tuple[int, bytes], ...] = ()
    states: Mapping[bytes, bytes] = field(default_factory=dict)
    payloads: Mapping[bytes, KnownPayload] = field(default_factory=dict)
    open_payloads: frozenset[bytes] = frozenset()
    """Those of them that a block may still include a proof of."""
    proofs: Mapping[bytes, bytes] = field(default_factory=dict)
    provers: Mapping[bytes, int] = field(default_factory=dict)
    """Whose they are."""


def chain_view(node: Node, slot: int, before: ChainView | None = None) -> ChainView:
    """The view of now; `slot`: by the clock. What an earlier one of this node has read is taken
    from `before`: blocks and proofs do not change, and SSZ is slow to read."""
    before = before or ChainView()
    follower = node.follower
    head = follower.head()
    block, state = follower.store.blocks[head.root], follower.head_state()
    payloads, opened, recent = {}, set(), []
    proofs: dict[bytes, bytes] = {}
    provers: dict[bytes, int] = {}
    for facts in follower.recent():
        recent.append((facts.slot, facts.root))
        known = follower.proof_engine.payload(facts.request_root)
        if known is None:
            continue
        payloads[facts.request_root] = known
        if follower.delay(facts.slot) is not None:
            opened.add(facts.request_root)
        found = follower.proofs_for((facts.request_root, PROOF_TYPE))
        if found:
            root, prover = facts.request_root, min(found)
            provers[root] = prover
            proofs[root] = before.proofs[root] if before.provers.get(root) == prover else bytes(
                found[prover].signed.message.proof_data)
    states = {root: before.states.get(root) or bytes(follower.store.blocks[root].state_root)
              for _, root in recent if root in follower.store.blocks}
    return ChainView(
        follower.genesis_validators_root, slot, int(block.slot), bytes(head.root),
        bytes(block.state_root),
        _checkpoint(state.previous_justified_checkpoint),
        _checkpoint(state.current_justified_checkpoint), _checkpoint(state.finalized_checkpoint),
        len(node.gossip.peers), node.catch_up.busy, tuple(recent), states, payloads,
        frozenset(opened), proofs, provers)


def _checkpoint(checkpoint: spec.Checkpoint) -> Checkpoint:
    return int(checkpoint.epoch), bytes(checkpoint.root)
