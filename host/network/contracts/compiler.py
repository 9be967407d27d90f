"""Vyper sources to contracts."""

import json
import logging
import warnings
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile

from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.contract import Artifact

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent

EVM_VERSION = "cancun"
"""The newest fork that the embedded machine, Anvil and Ethereum all have had for long."""


def compile_source(name: str, source: str) -> Artifact:
    """Compile Vyper, for gas. Raises `ProofmillError`.

    Takes 0.3 to 2 s, once: the outcome is kept in the cache folder, by compiler and source.
    """
    kept = _kept(source)
    try:
        output = json.loads(kept.read_bytes())
        return Artifact(name, output["abi"], bytes.fromhex(output["code"]))
    except (OSError, ValueError, KeyError):
        pass  # not there, or not whole: compile
    artifact = _compile(name, source)
    with suppress(OSError):  # without a place to keep it the contract is still there
        kept.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=kept.parent, delete=False) as file:
            json.dump({"abi": artifact.abi, "code": artifact.code.hex()}, file)
        Path(file.name).replace(kept)
    return artifact


def is_kept(source: str) -> bool:
    """Whether compiling this takes no time, because its outcome is in the cache folder."""
    return _kept(source).exists()


def _kept(source: str) -> Path:
    text = "\0".join((version("vyper"), EVM_VERSION, source))
    return cache_folder() / "contracts" / f"{sha256(text.encode()).hexdigest()}.json"


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
