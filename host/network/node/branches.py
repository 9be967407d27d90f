"""Layer 2 along every branch that can still become the chain, each block taken in once.

Each block with a payload has a snapshot of the mechanism's ledger: its predecessor's, copied, with
the block taken in. A new head costs the blocks since the last snapshot on its branch, which is one
block in the usual case, and a reorganisation costs the blocks of the new branch. What finality has
closed for good leaves the snapshots for one history, so that a copy costs what is open, however
long the chain is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node.layer2 import (
    BlockFacts,
    BranchReplay,
    CreditedProof,
    LayerTwo,
    account_of,
    joined,
)

ANCHOR = b""
"""The name of the place before the first block."""


@dataclass
class _Node:
    facts: BlockFacts | None
    before: bytes
    run: BranchReplay | None = None
    accounts: dict[int, LayerTwo] = field(default_factory=dict)
    """By the finalised slot that the block was told."""


class Branches:
    """The blocks with payloads since finality, as a tree, and what finality has closed."""

    def __init__(
        self, parameters: Parameters, minimum_bond: int, bonds: Mapping[int, int],
        genesis_mix: bytes, remembered: int | None = None,
    ) -> None:
        """As `layer2.replay` has it. `remembered`: final blocks whose facts, and what was closed
        with them, are kept, for a node that runs for months; None for all."""
        self._remembered = remembered
        self.replayed = 0
        """Blocks taken in so far, of all branches: what heads have cost."""
        self.copied = 0
        """Slots copied from one snapshot to the next so far."""
        self._base = ANCHOR
        self._nodes = {ANCHOR: _Node(None, ANCHOR, BranchReplay(
            parameters, minimum_bond, bonds, genesis_mix))}
        self._final: list[BlockFacts] = []
        self._final_requests: set[bytes] = set()
        self._closed: list[LayerTwo] = []
        """What each step of finality has closed."""
        self._credits: dict[int, CreditedProof] = {}
        """The closed ones, all paid out, by proven slot."""
        self._minted_wei = 0
        """Their sum."""

    def add(self, facts: BlockFacts, before: bytes) -> None:
        """A block whose payload has come; `before`: the root of the payload's predecessor.

        Nothing happens where that has been left behind by finality.
        """
        if before in self._nodes:
            self._nodes.setdefault(facts.root, _Node(facts, before))

    def recent(self, tip: bytes) -> list[BlockFacts]:
        """The branch that ends in the block `tip`, from the first one that is not final."""
        found = []
        while tip != self._base:
            node = self._nodes[tip]
            assert node.facts is not None
            found.append(node.facts)
            tip = node.before
        return found[::-1]

    def requests(self, tip: bytes) -> dict[int, bytes]:
        """The requests of the branch's payloads since finality, by slot."""
        return {facts.slot: facts.request_root for facts in self.recent(tip)}

    def branch(self, tip: bytes) -> list[BlockFacts]:
        """The whole branch from the first block that is remembered to `tip`."""
        return [*self._final, *self.recent(tip)]

    def is_final(self, request_root: bytes) -> bool:
        """Whether a payload is part of the chain for good, as far back as is remembered."""
        return request_root in self._final_requests

    def account(self, tip: bytes, final_slot: int) -> LayerTwo:
        """Layer 2 at `tip`: all that can still change. What is closed for good is left out.

        `final_slot`: as the block was told: what was included up to it can be paid out.
        """
        node = self._nodes[tip]
        if final_slot not in node.accounts:
            run = self._run(tip)
            run.ledger.finalise(final_slot)
            check_slot(run.ledger)
            node.accounts[final_slot] = account_of(run, final_slot)
        return node.accounts[final_slot]

    def ledger(self, tip: bytes) -> RewardLedger:
        """The mechanism's ledger at `tip`; not to be changed."""
        return self._run(tip).ledger

    def credit(self, tip: bytes, final_slot: int, slot: int) -> CreditedProof | None:
        """The reward for the proof of `slot`, however long ago; None for none."""
        return self._credits.get(slot) or self.account(tip, final_slot).credit(slot)

    def minted_wei(self, tip: bytes, final_slot: int) -> int:
        """All rewards that have been paid out on the branch."""
        return self._minted_wei + sum(
            credit.prover_wei + credit.includer_wei
            for credit in self.account(tip, final_slot).credits if credit.matured)

    def whole(self, tip: bytes, final_slot: int) -> LayerTwo:
        """Closed and open: what `layer2.replay` of the branch gives. Costs the chain's length."""
        return joined(self._closed, self.account(tip, final_slot))

    def finalise(self, base: bytes) -> None:
        """The branch up to the block `base` is final: every other one is forgotten.

        Nothing happens where it is the base already, or is unknown.
        """
        if base == self._base or base not in self._nodes:
            return
        run = self._run(base)
        final = self.recent(base)
        self._final += final
        self._final_requests |= {facts.request_root for facts in final}
        kept = {base}
        for root, node in self._nodes.items():  # a block is added after its predecessor
            if node.before in kept:
                kept.add(root)
        self._nodes = {root: node for root, node in self._nodes.items() if root in kept}
        self._base = base
        closed, count = run.closed(), len(run.ledger.settled)
        # What has been paid out was final.
        self._closed.append(account_of(run, final[-1].slot, only=closed))
        for credit in self._closed[-1].credits:
            self._credits[credit.proven_slot] = credit
            self._minted_wei += credit.prover_wei + credit.includer_wei
        self._forget_old()
        for node in self._nodes.values():
            node.accounts.clear()
            if node.run is not None:
                node.run.forget(closed, count)

    def _forget_old(self) -> None:
        if self._remembered is None or len(self._final) <= self._remembered:
            return
        old = self._final[:-self._remembered]
        del self._final[:len(old)]
        self._final_requests -= {facts.request_root for facts in old}
        first = self._final[0].slot
        self._credits = {slot: each for slot, each in self._credits.items() if slot >= first}
        while self._closed and all(each.proven_slot < first for each in self._closed[0].credits):
            del self._closed[0]

    def _run(self, tip: bytes) -> BranchReplay:
        missing = []
        while (node := self._nodes[tip]).run is None:
            missing.append(node)
            tip = node.before
        run = node.run
        for node in reversed(missing):
            assert node.facts is not None
            run = node.run = run.fork()
            self.copied += len(run.records)
            run.add(node.facts)
            self.replayed += 1
        return run
