"""Vyper sources to contracts."""

import warnings
from functools import cache
from pathlib import Path

from host.errors import ProofmillError
from host.evm.contract import Artifact

FOLDER = Path(__file__).parent

EVM_VERSION = "cancun"
"""The newest fork that the embedded machine, Anvil and Ethereum all have had for long."""


def compile_source(name: str, source: str) -> Artifact:
    """Compile Vyper, for gas; 0.1 to 2 s, so keep the outcome. Raises `ProofmillError`."""
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
    return compile_source(name, (FOLDER / f"{name}.vy").read_text())
