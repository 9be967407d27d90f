"""snarkjs' verifiers in Solidity and their compiler, as separate programs: never imported."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from proofmill.host.ground.cache import cache_folder
from proofmill.host.network.evm.contract import Artifact
from tests.host.prover.groth16 import snarkjs

VERSION = "0.8.37"
"""Of npm's package solc."""

EVM_VERSION = "cancun"

COMPILE = ("const solc = require(process.argv[1]);"
           "process.stdout.write(solc.compile(require('fs').readFileSync(0, 'utf8')))")


def compiler() -> Path:
    """The package's folder, fetched once by npm; the test is left out if it cannot be."""
    npm, place = shutil.which("npm"), cache_folder() / f"solc-{VERSION}"
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not on PATH, so solc cannot be installed")
    if not (place / "node_modules" / "solc" / "index.js").exists():
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(place),
             f"solc@{VERSION}"], capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"npm cannot install solc@{VERSION}: {done.stderr[-300:]}")
    return place / "node_modules" / "solc"


def snarkjs_verifier(zkey: Path, folder: Path) -> Artifact:
    """The contract that snarkjs writes for a key, compiled for gas."""
    source = folder / "verifier.sol"
    snarkjs.run("zkey", "export", "solidityverifier", zkey, source)
    task = json.dumps({
        "language": "Solidity", "sources": {"v.sol": {"content": source.read_text()}},
        "settings": {"evmVersion": EVM_VERSION, "optimizer": {"enabled": True, "runs": 1_000_000},
                     "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}}})
    done = subprocess.run(["node", "-e", COMPILE, str(compiler())], input=task,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (name, made), = json.loads(done.stdout)["contracts"]["v.sol"].items()
    return Artifact(name, made["abi"], bytes.fromhex(made["evm"]["bytecode"]["object"]))
