"""A study's runs, on all cores or on a cluster: each in one process, figures kept as they come."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager

from proofmill.host.ground.processes import processes
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.economics.simulate import simulate
from proofmill.host.network.economics.studies.classes import Classes, loaded
from proofmill.host.network.economics.studies.cluster import dask_cluster
from proofmill.host.network.economics.studies.journal import Figures, Journal, Run
from proofmill.host.network.economics.studies.study import Study
from proofmill.host.network.economics.tables import flat

TRIAL_SLOTS = 64


def run_all(study: Study, journal: Journal, workers: int,
            progress: Callable[[int, int], None], cluster: str | None = None) -> None:
    """Do all runs that `journal` has not. `progress` hears (done, all).

    `cluster`: the address of a Dask scheduler, whose workers are used instead of `workers`
    processes. ProofmillError where it cannot be.
    """
    total = len(study.points) * study.seeds
    waiting = [(point, seed) for seed in range(study.seeds) for point in range(len(study.points))
               if (point, seed) not in journal.done]
    progress(total - len(waiting), total)
    if not waiting:
        return
    with _pool(min(workers, len(waiting)), cluster) as (pool, workers):
        # A few more than there are processes, so that none of them waits and little is queued.
        under_way: dict[Future[Mapping[str, Figures]], Run] = {}
        left = iter(waiting)
        while True:
            while len(under_way) < 2 * workers and (run := next(left, None)) is not None:
                scenario = study.points[run[0]].scenario("the study")
                under_way[pool.submit(figures_of, scenario, study.slots, run[1],
                                      study.points[run[0]].classes)] = run
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                journal.add(under_way.pop(future), future.result())
                progress(len(journal.done), total)


def figures_of(scenario: Scenario, slots: int, seed: int, classes: Classes | None = None
               ) -> dict[str, Figures]:
    """What one run says, by mechanism; None for a figure that it has not (of no proof, say).

    `classes`: users' own strategies and rule, whose files need not be where this runs.
    """
    strategies, rule = loaded(classes or {}, scenario)
    run = simulate(scenario, slots, seed, strategies=strategies, rule=rule)
    return {name: flat(figures) for name, figures in run.figures.items()}


def expected_seconds(study: Study, workers: int, done: int) -> float:
    """How long the runs that are left will take, from a short trial of the last point, which has
    the most of whatever is varied upwards."""
    left = len(study.points) * study.seeds - done
    if not left:
        return 0.0
    slots = min(TRIAL_SLOTS, study.slots)
    start = time.perf_counter()
    last = study.points[-1]
    figures_of(last.scenario("the study"), slots, 0, last.classes)
    one = (time.perf_counter() - start) * study.slots / slots
    return one * left / workers


@contextmanager
def _pool(workers: int, cluster: str | None) -> Iterator[tuple[Executor, int]]:
    """What does the runs, and how many of them at once."""
    if cluster is not None:
        with dask_cluster(cluster) as found:
            yield found
    else:
        with processes(workers) as pool:
            yield pool, workers
