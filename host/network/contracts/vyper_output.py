"""What Vyper makes of sources, kept in the cache folder by compiler and source.

Imports no more than compiling takes, so that a process that does nothing else begins soon.
"""

import json
import logging
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.cores import cores
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.kept import keep, kept
from proofmill.host.ground.processes import processes

log = logging.getLogger(__name__)

EVM_VERSION = "cancun"
"""The newest fork that the embedded machine, Anvil and Ethereum all have had for long."""
SUFFIX = ".json"
MOST_PROCESSES = 4
"""That compile side by side. With more, what each takes to begin is more than it saves: the largest
contract takes a fifth of all the time."""

Output = Mapping[str, Any]
"""`abi` as the compiler writes it, and `code`, hexadecimal, which creates the contract."""


def output_of(name: str, source: str) -> Output:
    """Compile Vyper, for gas. Raises `ProofmillError` that names the contract and the place.

    Takes 0.3 to 3 s, once: the outcome is kept.
    """
    with suppress(OSError):  # without a place to keep it the contract is still there
        path = kept(*_entry(source), SUFFIX)
        if path is not None:
            found: Output = json.loads(path.read_bytes())
            return found
    log.info("compiling %s", name)
    output = _compile(name, source)
    with suppress(OSError):
        keep(*_entry(source), SUFFIX, [json.dumps(output).encode()])
    return output


def is_kept(source: str) -> bool:
    """Whether compiling this takes no time, because its outcome is in the cache folder."""
    with suppress(OSError):
        return kept(*_entry(source), SUFFIX) is not None
    return False


def compile_all(sources: Mapping[str, str], progress: Callable[[int, int], None],
                most: int = MOST_PROCESSES) -> None:
    """Compile those of the sources, by name, that are not kept yet, in `most` processes, as far as
    there are cores; with one, in this process. Raises as `output_of`.

    `progress` hears, where anything is to be done, how many of them all are, before the first is
    begun and after each but the last.
    """
    waiting = {name: source for name, source in sources.items() if not is_kept(source)}
    count, total = min(most, cores(), len(waiting)), len(sources)
    done = total - len(waiting)
    if not waiting:
        return
    progress(done, total)
    if count > 1:
        try:
            with processes(count) as pool:
                # The longest first, so that none is left alone with it at the end.
                for future in as_completed([
                        pool.submit(output_of, name, waiting[name])
                        for name in sorted(waiting, key=lambda name: -len(waiting[name]))]):
                    future.result()
                    done += 1
                    if done < total:
                        progress(done, total)
            return
        except BrokenProcessPool:
            # The system ends processes where memory is short: one at a time takes less.
            log.warning("a process that compiled contracts was ended; going on in this one")
            waiting = {name: source for name, source in waiting.items() if not is_kept(source)}
            done = total - len(waiting)
    for name, source in waiting.items():
        output_of(name, source)
        done += 1
        if done < total:
            progress(done, total)


def _entry(source: str) -> tuple[Path, str]:
    """The folder and the name under which the outcome is kept."""
    text = "\0".join((version("vyper"), EVM_VERSION, source))
    return cache_folder("contracts"), sha256(text.encode()).hexdigest()


def _compile(name: str, source: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's own imports and hints
        from vyper.compiler import compile_code  # type: ignore[import-untyped]
        from vyper.compiler.settings import (  # type: ignore[import-untyped]
            OptimizationLevel,
            Settings,
        )
        from vyper.exceptions import VyperException  # type: ignore[import-untyped]

        settings = Settings(evm_version=EVM_VERSION, optimize=OptimizationLevel.GAS)
        try:
            output = compile_code(source, output_formats=["bytecode", "abi"], settings=settings)
        except VyperException as error:
            raise ProofmillError(f"{name} is not valid Vyper: {error}") from error
    return {"abi": output["abi"], "code": output["bytecode"][2:]}
