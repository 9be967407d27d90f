"""What a delay function on a mix takes, and how soon its proof is checked."""

import time
from collections.abc import Callable
from hashlib import sha256

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.consensus.delay_function import (
    DISCRIMINANT_BITS,
    PROOF_BYTES,
    evaluate,
    holds,
)

EPOCHS = {"minimal": 8 * 6, "mainnet": 32 * 12}
"""Seconds of an epoch, by the specification's preset."""
PART = 0.75
"""Of an epoch, for which the function is to take on this machine: the rest is for sending it."""


def measure(squarings: int, rounds: int, seed: int, tell: Callable[[str, int, int], None]
            ) -> JsonObject:
    """Evaluate and check `rounds` times; the least wall time of each counts, in seconds.

    ProofmillError where a proof does not hold, or one of another mix does.
    """
    taken: dict[str, list[float]] = {"evaluate": [], "check": []}
    for number in range(rounds):
        tell("evaluating", number, rounds)
        mix = sha256(b"%d/%d" % (seed, number)).digest()
        start = time.perf_counter()
        delayed = evaluate(mix, squarings)
        taken["evaluate"].append(time.perf_counter() - start)
        start = time.perf_counter()
        right = holds(delayed)
        taken["check"].append(time.perf_counter() - start)
        other = type(delayed)(sha256(mix).digest(), squarings, delayed.proof)
        if not right or holds(other):
            raise ProofmillError(f"seed {seed}, round {number}: a proof is "
                                 f"{'taken for another mix' if right else 'refused'}; please "
                                 "report it with this seed")
    evaluating, checking = (min(taken[what]) for what in ("evaluate", "check"))
    rate = squarings / evaluating
    return {"squarings": squarings, "rounds": rounds, "seed": seed,
            "discriminant_bits": DISCRIMINANT_BITS, "proof_bytes": PROOF_BYTES,
            "evaluate_seconds": evaluating, "check_seconds": checking,
            "squarings_per_second": rate,
            "epoch_squarings": {name: round(PART * seconds * rate)
                                for name, seconds in EPOCHS.items()}}
