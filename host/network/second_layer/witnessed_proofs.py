"""What payloads say of witnesses, on a chain where they count.

Every payload of such a chain has a transaction to `WITNESSED` right after the batch's and the delay
function's: the votes (`consensus.witnesses`), each of more than half of a slot's witnesses, that
its branch does not say yet. A payload whose votes are not so is invalid; one without any is none
the worse, and the next ones say what it leaves out. From the votes every node derives what the
protocol's call tells the contracts.
"""

import time
from collections.abc import Callable, Sequence
from itertools import islice

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.consensus.refusal import Invalid, decoded
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.consensus.witnesses import (
    WitnessPool,
    WitnessVote,
    check,
    is_majority,
    named,
    witnesses_of,
)
from proofmill.host.network.contracts.deployment import Witnessed
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.transaction import NoTransaction, decode_transaction

WITNESSED: Address = b"\x00" * 12 + b"proofwit"
"""Where votes of witnesses go: no contract, nobody's account."""
MOST_TOLD = 64
"""Votes in a payload."""


class ToldWitnesses(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """The votes of a payload, in the order of what they say."""

    votes: spec.List[WitnessVote, MOST_TOLD]


def told_gas(data: bytes) -> int:
    """What the transaction with the votes offers: 21,000 and 16 for each byte, and some to
    spare."""
    return 25_000 + 16 * len(data)


class WitnessedProofs:
    """The witnesses of a chain, as a node has heard them."""

    def __init__(self) -> None:
        self.pool = WitnessPool()
        self.told = self.checked = 0
        """Votes that were put into payloads here, and that were checked in payloads."""
        self.checking_seconds = 0.0

    def record(self) -> JsonObject:
        """What was done here, for JSON."""
        return {"votes_told": self.told, "votes_checked": self.checked,
                "checking_seconds": round(self.checking_seconds, 3)}

    def data(self, state: spec.BeaconState, slot: int, wanted: Callable[[Witnessed], bool]
             ) -> bytes:
        """What a payload of `slot` says, as its transaction's data. `state`: after the parent's
        beacon block; `wanted`: whether the branch has a use for it."""
        votes = list(islice(
            self.pool.votes(state, slot, lambda name: wanted(Witnessed(*name))), MOST_TOLD))
        self.told += len(votes)
        return bytes(ToldWitnesses(votes=votes).encode_bytes())

    def of(self, state: spec.BeaconState, slot: int, place: int, transactions: Sequence[bytes]
           ) -> list[Witnessed]:
        """What a payload of `slot` says in the transaction at `place`. ProofmillError where that
        is another, or its votes are wrong. `state`: after the parent's beacon block."""
        try:
            sent = decode_transaction(transactions[place])
            if sent.to != WITNESSED:
                raise _missing(place)
            votes = decoded(ToldWitnesses, sent.data).votes
        except (IndexError, NoTransaction, Invalid) as error:
            raise _missing(place) from error
        start, said = time.perf_counter(), [named(vote.message) for vote in votes]
        if said != sorted(set(said)):
            raise ProofmillError("votes of witnesses are not in their order, or there twice")
        for vote in votes:
            of = int(vote.message.slot)
            if of >= slot:
                raise ProofmillError(f"a payload of slot {slot} has votes of witnesses of slot {of}"
                                     ", which is not over")
            try:
                signed = check(state, vote)
            except Invalid as error:
                raise ProofmillError(str(error)) from error
            if not is_majority(state, witnesses_of(state, of), signed):
                raise ProofmillError(f"a vote is of {len(signed)} witnesses of slot {of}, who are "
                                     "not more than half")
        self.checked += len(votes)
        self.checking_seconds += time.perf_counter() - start
        return [Witnessed(*each) for each in said]


def _missing(place: int) -> ProofmillError:
    return ProofmillError(f"transaction {place} does not bring what witnesses had, which it does "
                          "in every payload here, be it nothing")
