"""A buyer of the market, played: it posts jobs of both kinds, asks for proofs, and has its due."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from proofmill.host.ground.output import write_atomically
from proofmill.host.ground.units import BPS, GWEI
from proofmill.host.network.contracts.market import JobState, Way, inputs_digest
from proofmill.host.network.contracts.results import ResultState, Terms
from proofmill.host.network.mechanism.results import least_multiple
from proofmill.host.network.node.trader import Call, Trader, call
from proofmill.host.prover.circuits.preimage import chained
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.inference.digits import digits, shaped
from proofmill.host.prover.inference.gadgets import commitment
from proofmill.host.prover.inference.model import Model

LOWEST_WEI, HIGHEST_WEI, PROOF_PRICE_WEI = (
    1_000_000 * GWEI, 3_000_000 * GWEI, 2_000_000 * GWEI)
RAMP, DURATION, LOCK, WINDOW, PROOF_TIME = 8, 24, 4, 2, 4
"""Blocks: of a price's rise, a job, a lock, in which a proof can be asked for, and made."""


@dataclass(frozen=True)
class BuyerTerms:
    """What a buyer is to do. `key`: of its account, 32 bytes, used for nothing else. `inputs`: the
    folder for jobs' inputs. `seed`: jobs follow from it. `last_slot`: after which it posts no more.
    `ask_one_in`: of how many unproven results it asks one for its proof."""

    key: bytes
    inputs: Path
    seed: int
    last_slot: int
    ask_one_in: int = 2


class Buyer:
    """Posts a job a block: for a proof, for a result, for a result with its proof, and so on."""

    def __init__(self, terms: BuyerTerms, trader: Trader, model: Model) -> None:
        self._terms, self._trader, self._model = terms, trader, model
        parameters = trader.follower.parameters
        self._multiple = least_multiple(parameters, BPS // terms.ask_one_in)
        self._looked = -1
        images, _ = digits()
        samples = shaped(images, model.shape)
        assert samples is not None, "the market's model takes no digits"
        self._samples = model.quantisation.quantise(samples)

    def work(self) -> None:
        """Once for every new head: what is due of its jobs, and the next job."""
        trader = self._trader
        head = trader.evm.block().number
        if head == self._looked or trader.waits:
            return
        self._looked = head
        calls = [*self._proofs(head), *self._results(head)]
        if trader.follower.slot <= self._terms.last_slot:
            calls.append(self._post(head))
        trader.send(calls or trader.collecting())

    def _mine(self, stall: Any) -> Iterator[tuple[int, Any]]:
        for number in range(stall.call("job_count")):
            job = stall.call("job", number)
            if job["requester"] == self._trader.address:
                yield number, job

    def _proofs(self, head: int) -> Iterator[Call]:
        stall = self._trader.stalls.proofs
        for number, job in self._mine(stall):
            if job["state"] == JobState.LOCKED and head >= job["locked_until"]:
                yield call(stall, "end_lock", number)
            elif job["state"] == JobState.OPEN and head >= job["deadline"]:
                yield call(stall, "end", number)

    def _results(self, head: int) -> Iterator[Call]:
        stall = self._trader.stalls.results
        for number, job in self._mine(stall):
            over = head >= job["until"]
            if job["state"] == ResultState.GIVEN and not over and self._asks(number):
                yield call(stall, "ask", number, value=job["terms"]["proof_price"])
            elif job["state"] == ResultState.ASKED and over:
                yield call(stall, "refute", number)
            elif job["state"] == ResultState.LOCKED and over:
                yield call(stall, "end_lock", number)
            elif job["state"] == ResultState.OPEN and head >= job["deadline"]:
                yield call(stall, "end", number)

    def _asks(self, number: int) -> bool:
        return not random.Random(f"{self._terms.seed}/ask/{number}").randrange(
            self._terms.ask_one_in)

    def _post(self, head: int) -> Call:
        luck = random.Random(f"{self._terms.seed}/job/{head}")
        if head % 3 == 0:
            return self._post_proof(luck.randrange(SCALAR_MODULUS))
        place = luck.randrange(len(self._samples))
        return self._post_result(self._samples[place], luck.randrange(SCALAR_MODULUS),
                                 proven=head % 3 == 1)

    def _post_proof(self, preimage: int) -> Call:
        text = str(preimage).encode()
        return call(self._trader.stalls.proofs, "post", self._trader.place.verifier,
                    [chained(preimage)], Way.LOCKED, LOWEST_WEI, HIGHEST_WEI, RAMP, DURATION, LOCK,
                    0, inputs_digest(text), f"data:,{preimage}", value=HIGHEST_WEI)

    def _post_result(self, sample: Any, salt: int, proven: bool) -> Call:
        integers = np.asarray(sample).reshape(-1).tolist()
        text = json.dumps({"salt": str(salt), "integers": integers}).encode()
        digest = inputs_digest(text)
        folder = self._terms.inputs
        folder.mkdir(parents=True, exist_ok=True)
        path = folder.resolve() / f"{digest.hex()[:16]}.json"
        write_atomically(path, [text], to_disk=False)
        least = self._model.quantisation.least
        committed = commitment([each - least for each in integers], salt)
        terms = Terms(proven=proven, lowest=LOWEST_WEI, highest=HIGHEST_WEI, ramp=RAMP,
                      duration=DURATION, time=LOCK, multiple=self._multiple)
        if not proven:
            terms = replace(terms, window=WINDOW, proof_price=PROOF_PRICE_WEI,
                            proof_time=PROOF_TIME)
        return call(self._trader.stalls.results, "post", self._trader.place.model,
                    committed.to_bytes(32, "big"), terms.words, digest, path.as_uri(),
                    value=HIGHEST_WEI)
