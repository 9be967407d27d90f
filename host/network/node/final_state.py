"""A node's state at its final block, from which another life of it goes on.

All of it is there that a later block is checked by: the beacon state, what the machine and the
ledger of transfers are, and what the mechanism has open. `FinalPoint` is small and is written anew
each time; of the rest, which grows with the chain, only what is new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.plain import Hook, Plain
from proofmill.host.network.consensus.payload import NewPayloadRequest
from proofmill.host.network.consensus.refusal import Invalid, decoded
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.consensus.turnout import Turns
from proofmill.host.network.evm.embedded import ExecutedBlock
from proofmill.host.network.evm.kept_blocks import KeptExecuted
from proofmill.host.network.mechanism.certificates import CertificateCredit, CertificateLedger
from proofmill.host.network.mechanism.kept import KeptTickets
from proofmill.host.network.mechanism.lottery import Tickets
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node.kept_replay import KeptBranches
from proofmill.host.network.node.known_block import KnownBlock
from proofmill.host.network.node.layer2 import BlockFacts, LayerTwo
from proofmill.host.network.second_layer.execution_layer import Accepted
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.requests import Request, request_from_bytes
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer


@dataclass(frozen=True)
class FinalPoint:
    """`epoch` and `root`: of the final checkpoint; `state`: after its block.

    `equivocating`: validators whose votes count no more; `turns`: of the votes up to the block.
    `blocks`: the final one and some before it, oldest first. `payloads`: the one that it builds on,
    which is final, and its own, if that has come. `branches`: the mechanism after the former.
    `delayed`: proofs of the delay function by mix.
    """

    epoch: int
    root: bytes
    state: spec.BeaconState
    equivocating: frozenset[int]
    turns: Turns
    blocks: tuple[KnownBlock, ...]
    payloads: tuple[Accepted, ...]
    branches: KeptBranches
    delayed: dict[bytes, bytes]


@dataclass(frozen=True)
class FinalState:
    """`point`, and what grows with the chain: the `facts` of the last final blocks, what was
    `closed` with them by slot, `executed` blocks of the machine up to the last of the point's
    payloads, and `entries`: its tries and code, by hash, for those payloads at least."""

    point: FinalPoint
    facts: Sequence[BlockFacts]
    closed: Mapping[int, LayerTwo]
    executed: Sequence[ExecutedBlock]
    entries: Mapping[bytes, bytes]

    @property
    def roots(self) -> set[bytes]:
        """Of the machine's states that are built on."""
        return {bytes(each.payload.state_root) for each in self.point.payloads}


@dataclass(frozen=True)
class _Accounts:
    """A ledger: the accounts that differ from those of the one before it, and its tree's root."""

    root: int
    changed: dict[int, Account]


class FinalCodec:
    """What a final state consists of as plain data, for a chain with these parameters."""

    def __init__(self, parameters: Parameters, size: RollupSize) -> None:
        """`size`: of the ledgers."""
        self._size = size
        self._ledgers: list[Ledger] = []
        self._numbers: dict[int, int] = {}
        """Of those ledgers, by their trees' roots."""
        containers = (spec.BeaconState, spec.ExecutionPayload, NewPayloadRequest)
        self.plain = Plain({
            **{each: _container(each) for each in containers},
            spec.NewPayloadRequest: Hook(
                NewPayloadRequest, NewPayloadRequest.of, lambda kept: kept.request),
            spec.KZGCommitment: Hook(bytes, bytes, spec.KZGCommitment),
            Ledger: Hook(int, self._number, self._ledgers.__getitem__),
            Tickets: Hook(KeptTickets, KeptTickets.of, lambda kept: kept.tickets),
            CertificateLedger: Hook(
                dict[int, CertificateCredit], lambda ledger: ledger.credits,
                lambda credits: CertificateLedger(parameters, credits)),
            SignedTransfer: Hook(bytes, SignedTransfer.to_bytes, SignedTransfer.from_bytes),
            Request: Hook(bytes, lambda request: request.to_bytes(), request_from_bytes),
            ExecutedBlock: Hook(KeptExecuted, KeptExecuted.of, lambda kept: kept.executed),
        })
        self.shape = self.plain.shape(FinalPoint, BlockFacts, LayerTwo, ExecutedBlock, _Accounts)
        """Another one where an earlier program's data is not this one's."""

    def dump(self, point: FinalPoint) -> Any:
        """A point as plain data, with the ledgers that it has."""
        self._ledgers.clear()
        self._numbers.clear()
        dumped = self.plain.dump(FinalPoint, point)
        accounts, before = [], Ledger(self._size, {})
        for ledger in self._ledgers:
            accounts.append(_Accounts(ledger.root, {
                number: account for number, account in ledger.accounts.items()
                if (old := before.accounts.get(number)) is not account and old != account}))
            before = ledger
        return [self.plain.dump(tuple[_Accounts, ...], accounts), dumped]

    def load(self, data: Any) -> FinalPoint:
        """The inverse. ValueError where it is none."""
        try:
            ledgers, point = data
            self._ledgers.clear()
            ledger = Ledger(self._size, {})
            for each in self.plain.load(tuple[_Accounts, ...], ledgers):
                ledger = _after(ledger, each.changed)
                if ledger.root != each.root:
                    raise ValueError("a ledger of transfers has another root")
                self._ledgers.append(ledger)
            loaded = self.plain.load(FinalPoint, point)
        except (ProofmillError, Invalid) as error:
            raise ValueError(str(error)) from error
        assert isinstance(loaded, FinalPoint)
        return loaded

    def _number(self, ledger: Ledger) -> int:
        if ledger.root not in self._numbers:
            self._numbers[ledger.root] = len(self._ledgers)
            self._ledgers.append(ledger)
        return self._numbers[ledger.root]


def _after(before: Ledger, changed: Mapping[int, Account]) -> Ledger:
    """With those accounts; the first ones all at once, since that hashes what they share once."""
    if not before.accounts:
        return Ledger(before.size, dict(changed))
    for number, account in changed.items():
        before = before.with_account(number, account)
    return before


def _container(kind: type[spec.Container]) -> Hook:
    return Hook(bytes, lambda value: bytes(value.encode_bytes()), lambda data: decoded(kind, data))
