"""RANDAO's mixes through the delay function, in the payloads of a chain whose draws use them.

The final mix of epoch e - 2 draws the provers of epoch e. On such a chain it goes through
`consensus.delay_function` first: the first payload of every branch in an epoch from 2 on brings the
proof of what comes out, in its second transaction, to `DELAYED`. Whoever builds a payload evaluates
the function, from when an epoch's last mix is final on; whoever checks one checks the proof alone.
What comes out is the same for all, so no proposer chooses anything, and one that leaves it out has
a payload that is invalid.
"""

import time
from collections.abc import Mapping
from threading import Thread

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.consensus.delay_function import (
    PROOF_BYTES,
    Delayed,
    evaluate,
    holds,
    require_library,
)
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.transaction import NoTransaction, decode_transaction
from proofmill.host.network.mechanism.lottery import MIX_DELAY_EPOCHS

DELAYED: Address = b"\x00" * 12 + b"proofdly"
"""Where proofs of the delay function go: no contract, nobody's account."""
DELAYED_GAS = 30_000
"""21,000 and 16 for each byte of a proof, and some to spare."""
PLACE = 1
"""Of the proof's transaction in a payload: behind the batch's."""
KEPT = 4
"""Mixes of which a node keeps what it has evaluated: branches may differ in them."""


def final_mix(state: spec.BeaconState, epoch: int) -> bytes:
    """RANDAO's mix at the end of `epoch`, which is over, on the branch that ends in `state`: where
    this has no block since, that of the latest epoch that had one."""
    return bytes(spec.get_randao_mix(
        state, min(epoch, int(spec.get_current_epoch(state)))))


class _Work(Thread):
    """An evaluation that runs or is done."""

    def __init__(self, mix: bytes, squarings: int) -> None:
        super().__init__(daemon=True)
        self._mix, self._squarings = mix, squarings
        self.found: Delayed | None = None
        self.failure: Exception | None = None
        self.seconds = 0.0

    def run(self) -> None:
        start = time.perf_counter()
        try:
            self.found = evaluate(self._mix, self._squarings)
        except Exception as error:  # told to who waits for it
            self.failure = error
        self.seconds = time.perf_counter() - start


class DelayedMixes:
    """The delay function of a chain, of `squarings` steps. ProofmillError without `chiavdf`."""

    def __init__(self, squarings: int) -> None:
        require_library()
        self.squarings = squarings
        self._work: dict[bytes, _Work] = {}
        self.evaluated = self.checked = 0
        """Mixes that were waited for here, and proofs that were checked."""
        self.evaluating_seconds = self.checking_seconds = 0.0
        """That all took together, by the clock."""

    def record(self) -> JsonObject:
        """What was done here, for JSON."""
        return {"squarings": self.squarings, "evaluated": self.evaluated, "checked": self.checked,
                "evaluating_seconds": round(self.evaluating_seconds, 3),
                "checking_seconds": round(self.checking_seconds, 3)}

    def mix_due(self, state: spec.BeaconState, slot: int, parent_slot: int) -> bytes | None:
        """The mix whose proof a payload of `slot` brings, None for one that brings none.

        `state`: after the parent's beacon block; `parent_slot`: of the payload that it builds on.
        """
        epoch = slot // int(spec.SLOTS_PER_EPOCH)
        if epoch < MIX_DELAY_EPOCHS or parent_slot // int(spec.SLOTS_PER_EPOCH) == epoch:
            return None
        return final_mix(state, epoch - MIX_DELAY_EPOCHS)

    def begin(self, mix: bytes) -> None:
        """Evaluate a mix beside whatever else goes on, unless that has begun."""
        if mix not in self._work:
            self._work[mix] = _Work(mix, self.squarings)
            self._work[mix].start()
            for old in list(self._work)[:-KEPT]:
                del self._work[old]

    @property
    def found(self) -> dict[bytes, bytes]:
        """The proofs that are evaluated here and still known, by their mixes."""
        return {mix: work.found.proof for mix, work in self._work.items()
                if work.found is not None}

    def go_on_from(self, found: Mapping[bytes, bytes]) -> None:
        """Have evaluated these, as of `found`."""
        for mix, proof in found.items():
            work = self._work[mix] = _Work(mix, self.squarings)
            work.found = Delayed(mix, self.squarings, proof)

    def proof(self, mix: bytes) -> bytes:
        """The proof of what comes out of a mix; waits for it."""
        self.begin(mix)
        work = self._work[mix]
        if work.found is None:
            work.join()
        if work.failure is not None:
            raise work.failure
        assert work.found is not None
        self.evaluated += 1
        self.evaluating_seconds += work.seconds
        return work.found.proof

    def output(self, mix: bytes, transactions: list[bytes]) -> bytes:
        """What comes out of a mix, by the proof in a payload's transactions. ProofmillError where
        there is none, or a wrong one."""
        try:
            sent = decode_transaction(transactions[PLACE])
        except (IndexError, NoTransaction) as error:
            raise _missing(mix) from error
        if sent.to != DELAYED or len(sent.data) != PROOF_BYTES:
            raise _missing(mix)
        delayed = Delayed(mix, self.squarings, sent.data)
        start = time.perf_counter()
        right = holds(delayed)
        self.checking_seconds += time.perf_counter() - start
        self.checked += 1
        if not right:
            raise ProofmillError(f"the proof of the delay function does not hold for "
                                 f"{self.squarings:,} squarings on the mix 0x{mix.hex()}")
        return delayed.output


def _missing(mix: bytes) -> ProofmillError:
    return ProofmillError("the second transaction does not bring the proof of the delay function "
                          f"for the mix 0x{mix.hex()}, which the first payload of an epoch has to")
