"""The luck of a run, shared by everything that is compared on it, and computed a slot at a time.

A row of luck is a function of seed and slot alone: raw words of Philox, whose counter holds
the slot (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). So nothing is
kept of slots that are over, whatever their number, and every machine has the same.
"""

import math
from collections import OrderedDict
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from proofmill.host.network.economics.partitions import Partitions
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.mechanism.hashing import keccak_words

MICROS = 1_000_000
"""Microseconds a second."""
_KNOTS = 1 << 16
_FRACTION = 1 << 24
_ROWS_KEPT = 64
"""A window of slots and more: who is drawn last starts that much later than the slot's block."""
_OF_PROVERS, _OF_BLOCKS, _OF_WORK = 0, 1, 2


class Luck:
    """How long each proof takes and which never arrives, which slots stay empty, who proposes.

    `slots`: how many there are; `empty[slot]`: no block on the branch that is followed;
    `silent[slot]`: nowhere; `proposer[slot]`: a validator. A prover's place in a row is its
    identity. `seed` makes the mixes too: 0 or more, below 2^256.
    """

    def __init__(self, scenario: Scenario, slots: int, seed: int) -> None:
        self.seed, self.slots = seed, slots
        kinds, network = scenario.each(), scenario.network
        self._count = len(kinds)
        self._key = int.from_bytes(keccak_words(seed, 0, 3)[:16], "big")
        jitters = sorted({kind.jitter for kind in kinds})
        self._factors = np.concatenate([_factors(jitter) for jitter in jitters])
        self._table = np.array(
            [jitters.index(kind.jitter) * (_KNOTS + 1) for kind in kinds], dtype=np.int64)
        self._median = np.array([kind.seconds * MICROS for kind in kinds])
        self._failing = np.array(
            [round(kind.failure_rate * _FRACTION) for kind in kinds], dtype=np.uint64)
        self._rows: OrderedDict[int, tuple[NDArray[np.int64], NDArray[np.bool_]]] = OrderedDict()
        words = self._words(_OF_BLOCKS, 0, 2 * slots)
        self.empty = (words[:slots] >> np.uint64(40)) < round(network.empty_slot_rate * _FRACTION)
        self.proposer = ((words[slots:] >> np.uint64(32)) * np.uint64(network.validators)
                         >> np.uint64(32)).astype(np.int64)
        self.partitions = Partitions(scenario, slots, self._words)
        self.silent = self.empty
        self.empty = self.silent | self.partitions.cut_proposers(self.proposer)

    def row(self, slot: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Of each prover: microseconds until its proof of `slot` is made, and whether it arrives.

        The time is at least 1, log-normal about the kind's median: its quantiles are a table of
        65,536 pieces, straight in between."""
        known = self._rows.get(slot)
        if known is not None:
            return known
        words = self._words(_OF_PROVERS, slot, self._count)
        place = (words >> np.uint64(48)).astype(np.int64) + self._table
        within = (words >> np.uint64(24) & np.uint64(_FRACTION - 1)) * (1 / _FRACTION)
        low = self._factors[place]
        micros = self._median * (low + (self._factors[place + 1] - low) * within)
        made = (np.maximum(np.rint(micros), 1).astype(np.int64),
                (words & np.uint64(_FRACTION - 1)) >= self._failing)
        self._rows[slot] = made
        if len(self._rows) > _ROWS_KEPT:
            self._rows.popitem(last=False)
        return made

    def mix(self, epoch: int) -> bytes:
        """The final RANDAO mix of an epoch; -1 stands for genesis. As good as random."""
        return keccak_words(self.seed, epoch + 1, 0)

    def block_mix(self, slot: int) -> bytes:
        """`prevrandao` of the block of a slot."""
        return keccak_words(self.seed, slot, 1)

    def root(self, slot: int) -> bytes:
        """The root of the payload of a slot."""
        return keccak_words(self.seed, slot, 2)

    def find(self, slot: int) -> float:
        """Where in all that search for the block of a slot it is found: 0 to below 1."""
        return int(self._words(_OF_WORK, slot, 1)[0] >> np.uint64(11)) / 2**53

    def _words(self, stream: int, slot: int, count: int) -> NDArray[np.uint64]:
        return np.random.Philox(key=self._key, counter=[0, 0, slot, stream]).random_raw(count)


@cache
def _factors(jitter: float) -> NDArray[np.float64]:
    """The quantiles 0 to 1, in steps of 2^-16, of a time whose median is 1 and whose logarithm has
    the standard deviation `jitter`; at both ends the quantile 2^-19 from it. Rounded to 10^-9, so
    that no two libraries of mathematics disagree."""
    normal, least = NormalDist(), 1 / (8 * _KNOTS)
    places = (min(max(knot / _KNOTS, least), 1 - least) for knot in range(_KNOTS + 1))
    return np.array([round(math.exp(jitter * normal.inv_cdf(place)), 9) for place in places])
