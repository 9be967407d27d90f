"""Layer 2 along every branch that can still become the chain, each block taken in once.

Each block with a payload has a snapshot of the mechanism's ledger: its predecessor's, copied, with
the block taken in. A new head costs the blocks since the last snapshot on its branch, which is one
block in the usual case, and a reorganisation costs the blocks of the new branch. What finality has
closed for good leaves the snapshots for one history, so that a copy costs what is open, however
long the chain is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node.kept_replay import KeptBranches, KeptReplay
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
        self._begin = partial(KeptReplay.replay, parameters=parameters, minimum_bond=minimum_bond,
                              genesis_mix=genesis_mix)
        self.replayed = 0
        """Blocks taken in so far, of all branches: what heads have cost."""
        self.copied = 0
        """Slots copied from one snapshot to the next so far."""
        self._base = ANCHOR
        self._nodes = {ANCHOR: _Node(None, ANCHOR, BranchReplay(
            parameters, minimum_bond, bonds, genesis_mix))}
        self._final: list[BlockFacts] = []
        self._final_requests: set[bytes] = set()
        self._closed: dict[int, LayerTwo] = {}
        """What each step of finality has closed, by the slot of its block."""
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
        return joined(tuple(self._closed.values()), self.account(tip, final_slot))

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
        account = self._closed[final[-1].slot] = account_of(run, final[-1].slot, only=closed)
        for credit in account.credits:
            self._credits[credit.proven_slot] = credit
            self._minted_wei += credit.prover_wei + credit.includer_wei
        self._forget_old()
        for node in self._nodes.values():
            node.accounts.clear()
            if node.run is not None:
                node.run.forget(closed, count)

    def kept(self) -> KeptBranches | None:
        """What another one goes on from at the last final block, None before there is one; it may
        not change before this is written down."""
        if self._base == ANCHOR:
            return None
        return KeptBranches(self._base, KeptReplay.of(self._run(self._base)), self._minted_wei)

    @property
    def final(self) -> tuple[Sequence[BlockFacts], Mapping[int, LayerTwo]]:
        """The facts of the final blocks that are remembered, and what each step of finality has
        closed with them, by the slot of its block."""
        return self._final, self._closed

    def go_on_from(self, kept: KeptBranches, final: Sequence[BlockFacts],
                   closed: Mapping[int, LayerTwo]) -> None:
        """Be at a final block, with nothing after it; `final` and `closed` as of `final`.
        ValueError where they do not fit together."""
        if not final or final[-1].root != kept.base:
            raise ValueError("the final blocks' facts do not end where the mechanism stands")
        self._base = kept.base
        self._nodes = {kept.base: _Node(final[-1], ANCHOR, self._begin(kept.run))}
        self._final, self._closed = list(final), dict(closed)
        self._final_requests = {facts.request_root for facts in final}
        self._credits = {credit.proven_slot: credit for account in closed.values()
                         for credit in account.credits if credit.proven_slot >= final[0].slot}
        self._minted_wei = kept.minted_wei

    def _forget_old(self) -> None:
        if self._remembered is None or len(self._final) <= self._remembered:
            return
        old = self._final[:-self._remembered]
        del self._final[:len(old)]
        self._final_requests -= {facts.request_root for facts in old}
        first = self._final[0].slot
        self._credits = {slot: each for slot, each in self._credits.items() if slot >= first}
        for slot in list(self._closed):
            if any(each.proven_slot >= first for each in self._closed[slot].credits):
                break
            del self._closed[slot]

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
