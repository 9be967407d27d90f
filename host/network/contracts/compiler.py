"""Vyper sources to contracts."""

import json
import logging
import warnings
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.kept import keep, kept
from proofmill.host.network.evm.contract import Artifact

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent

EVM_VERSION = "cancun"
"""The newest fork that the embedded machine, Anvil and Ethereum all have had for long."""

SUFFIX = ".json"


def compile_source(name: str, source: str) -> Artifact:
    """Compile Vyper, for gas. Raises `ProofmillError`.

    Takes 0.3 to 2 s, once: the outcome is kept in the cache folder, by compiler and source.
    """
    with suppress(OSError):  # without a place to keep it the contract is still there
        path = kept(*_entry(source), SUFFIX)
        if path is not None:
            output = json.loads(path.read_bytes())
            return Artifact(name, output["abi"], bytes.fromhex(output["code"]))
    artifact = _compile(name, source)
    with suppress(OSError):
        keep(*_entry(source), SUFFIX, [
            json.dumps({"abi": artifact.abi, "code": artifact.code.hex()}).encode()])
    return artifact


def is_kept(source: str) -> bool:
    """Whether compiling this takes no time, because its outcome is in the cache folder."""
    with suppress(OSError):
        return kept(*_entry(source), SUFFIX) is not None
    return False


def _entry(source: str) -> tuple[Path, str]:
    """The folder and the name under which the outcome is kept."""
    text = "\0".join((version("vyper"), EVM_VERSION, source))
    return cache_folder("contracts"), sha256(text.encode()).hexdigest()


def _compile(name: str, source: str) -> Artifact:
    log.info("compiling %s", name)
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
    return Artifact(name, output["abi"], bytes.fromhex(output["bytecode"][2:]))


@cache
def compiled(name: str) -> Artifact:
    """The contract of the file ``<name>.vy`` in this folder."""
    return compile_source(name, contract_source(name))


def contract_source(name: str) -> str:
    """The text of the file ``<name>.vy`` in this folder."""
    return (FOLDER / f"{name}.vy").read_text()
