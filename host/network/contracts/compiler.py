"""Vyper sources to contracts."""

from functools import cache
from pathlib import Path

from proofmill.host.network.contracts.vyper_output import output_of
from proofmill.host.network.evm.contract import Artifact

FOLDER = Path(__file__).parent


def compile_source(name: str, source: str) -> Artifact:
    """The contract of a source. As `vyper_output.output_of`."""
    output = output_of(name, source)
    return Artifact(name, output["abi"], bytes.fromhex(output["code"]))


@cache
def compiled(name: str) -> Artifact:
    """The contract of the file ``<name>.vy`` in this folder."""
    return compile_source(name, contract_source(name))


def contract_source(name: str) -> str:
    """The text of the file ``<name>.vy`` in this folder."""
    return (FOLDER / f"{name}.vy").read_text()
