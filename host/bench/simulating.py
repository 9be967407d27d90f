"""How fast the mechanism is simulated: seconds, memory, how both grow; beside its definition."""

import math
import resource
import sys
import time
from collections.abc import Callable

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.economics.draws import Luck
from proofmill.host.network.economics.scenario import Network, ProverKind, Scenario
from proofmill.host.network.economics.simulate import race_of, simulate
from proofmill.host.network.economics.world import World
from proofmill.host.network.mechanism.definition import DefinedLedger
from proofmill.host.network.mechanism.ledger import RewardLedger

SMALLER_PROVERS, SMALLER_SLOTS = 10, 4
"""What the largest run is divided by, to see how time grows."""
DEFINED_PART = 20
"""What its slots are divided by for the definition, which takes a minute or so for them."""

Progress = Callable[[int, int], None]
"""Hears (done, all)."""


def network_of(provers: int) -> Scenario:
    """That many provers, a tenth of them faster than the others; one in twenty proofs is lost."""
    fast = provers // 10
    kinds = [ProverKind(name="usual", count=provers - fast, failure_rate=0.05)]
    if fast:
        kinds.append(ProverKind(name="fast", count=fast, seconds=3.5, failure_rate=0.05))
    return Scenario(f"{provers:,} provers", Network(), tuple(kinds))


def simulation_growth(provers: int, slots: int,
                      progress: Progress | None = None) -> JsonObject:
    """Processor seconds of a run, of one with a tenth of the provers and of one with a quarter of
    the slots, all on one core; both mechanisms count. `growth_in_*`: the exponent e in seconds ~
    n^e. `peak_bytes`: of this process, at most. And what `beside_definition` finds."""
    sizes = [(provers, max(1, slots // SMALLER_SLOTS)),
             (max(1, provers // SMALLER_PROVERS), slots), (provers, slots)]
    simulate(network_of(10), 8)  # what is made once: imports, the table of quantiles
    steps, seconds = sum(count for _, count in sizes), []
    for place, (many, count) in enumerate(sizes):
        before = sum(earlier for _, earlier in sizes[:place])

        def told(done: int, _: int, before: int = before) -> None:
            if progress is not None:
                progress(before + done, steps)

        start = time.process_time()
        simulate(network_of(many), count, progress=told)
        seconds.append(time.process_time() - start)
    fewer_slots, fewer_provers, whole = seconds

    def growth(less: float, few: int, many: int) -> float | None:
        return math.log(whole / less) / math.log(many / few) if few < many else None

    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "provers": provers, "slots": slots, "seconds": whole,
        "fewer_provers": sizes[1][0], "seconds_with_fewer_provers": fewer_provers,
        "fewer_slots": sizes[0][1], "seconds_with_fewer_slots": fewer_slots,
        "growth_in_provers": growth(fewer_provers, sizes[1][0], provers),
        "growth_in_slots": growth(fewer_slots, sizes[0][1], slots),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        **beside_definition(provers, max(1, slots // DEFINED_PART), progress)}


def beside_definition(provers: int, slots: int, progress: Progress | None = None) -> JsonObject:
    """Processor seconds of the ledger as it runs, and of the ledger as it is defined, on the same
    scenario and luck, lottery and race. `same_amounts`: whether every amount of both is."""
    scenario = network_of(provers)
    seconds: list[float] = []
    found = []
    for ledger in (RewardLedger, DefinedLedger):
        start, facts = time.process_time(), []
        for number, parameters in enumerate((scenario.parameters, race_of(scenario.parameters))):
            luck = Luck(scenario, slots, 0)
            world = World(scenario, parameters, luck, ledger=ledger)
            for slot in range(slots):
                world.step(slot)
                if progress is not None and slot % 8 == 0:
                    done = 2 * len(seconds) + number
                    progress(done * slots + slot, 4 * slots)
            world.finish(slots)
            facts.append(amounts(world.ledger))
        seconds.append(time.process_time() - start)
        found.append(facts)
    return {"defined_slots": slots, "seconds_of_ledger": seconds[0],
            "seconds_of_definition": seconds[1], "times_as_fast": seconds[1] / seconds[0],
            "same_amounts": found[0] == found[1]}


def amounts(ledger: RewardLedger) -> object:
    """Every amount of a ledger, and every reliability."""
    return (ledger.totals, ledger.rho, dict(ledger.earned), dict(ledger.included), ledger.settled,
            [(one.bond, one.reliability) for one in ledger.provers.values()])
