"""The luck of a run, drawn once and shared by everything that is compared on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.mechanism.hashing import keccak_words


@dataclass(frozen=True)
class Luck:
    """`seconds[slot, prover]`: a proof's time; `fails`: it never arrives; `empty[slot]`: no block;
    `proposer[slot]`: a validator. `seed` makes the mixes."""

    seed: int
    seconds: NDArray[np.float64]
    fails: NDArray[np.bool_]
    empty: NDArray[np.bool_]
    proposer: NDArray[np.int64]

    def mix(self, epoch: int) -> bytes:
        """The final RANDAO mix of an epoch; -1 stands for genesis. As good as random."""
        return keccak_words(self.seed, epoch + 1, 0)

    def block_mix(self, slot: int) -> bytes:
        """`prevrandao` of the block of a slot."""
        return keccak_words(self.seed, slot, 1)

    def root(self, slot: int) -> bytes:
        """The root of the payload of a slot."""
        return keccak_words(self.seed, slot, 2)


def draw(scenario: Scenario, slots: int, seed: int) -> Luck:
    """All random numbers of a run; the same arguments give the same."""
    kinds = scenario.each()
    generator = np.random.default_rng(seed)
    shape = (slots, len(kinds))
    median = np.array([kind.seconds for kind in kinds])
    jitter = np.array([kind.jitter for kind in kinds])
    failure = np.array([kind.failure_rate for kind in kinds])
    network = scenario.network
    return Luck(
        seed=seed,
        seconds=median * np.exp(jitter * generator.standard_normal(shape)),
        fails=generator.random(shape) < failure,
        empty=generator.random(slots) < network.empty_slot_rate,
        proposer=generator.integers(network.validators, size=slots),
    )
