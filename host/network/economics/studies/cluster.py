"""A study's runs on a Dask cluster: a scheduler, and workers that have this package installed."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import metadata

from proofmill.host.ground.errors import ProofmillError, how_to_install

PATIENCE_SECONDS = 10


@contextmanager
def dask_cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """What runs functions on the workers of the scheduler at `address` (tcp://HOST:PORT), and how
    many runs they do at once. What is queued is given up when the block ends.

    ProofmillError where there is no scheduler, it has no workers, or one has another version of
    this package, whose figures may be others.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ProofmillError(
            f"--cluster needs {error.name}: {how_to_install('cluster')}") from error
    try:
        client = Client(address, timeout=PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ProofmillError(
            f"--cluster {address}: no Dask scheduler answers there within {PATIENCE_SECONDS} s; "
            "begin one with `dask scheduler` and give the address it prints, tcp://HOST:PORT"
        ) from error
    with client:
        threads = client.nthreads()
        if not threads:
            raise ProofmillError(f"--cluster {address}: the scheduler has no workers; begin some "
                                 f"with `dask worker {address}`")
        _check_versions(address, client.run(installed))
        executor = client.get_executor()
        try:
            yield executor, sum(threads.values())
        finally:
            executor.shutdown(wait=False)    # a ClientExecutor's: what is left is cancelled


def installed() -> str:
    """The version of this package here."""
    return metadata.version("proofmill")


def _check_versions(address: str, found: dict[str, str]) -> None:
    for worker, version in found.items():
        if version != installed():
            raise ProofmillError(
                f"--cluster {address}: the worker {worker} has Proofmill {version}, here is "
                f"{installed()}; install the same on both")
