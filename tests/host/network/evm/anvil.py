"""Anvil, Foundry's development node, as a child of this process."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from proofmill.host.ground.cache import only_one
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.client import SYSTEM_ADDRESS, Address, DevelopmentEvm, RevertedError
from proofmill.host.network.evm.rpc import JsonRpcEvm

ANVIL_VERSION = "1.7.1"
"""Of the npm package ``@foundry-rs/anvil``; its binary is in a package of the platform's."""

START_SECONDS = 20.0
SYSTEM_CALL_GAS = 30_000_000


def install_anvil(folder: Path) -> Path:
    """The binary under `folder`, fetched by npm unless it is there (43 MB, some seconds).

    Raises `ProofmillError` where there is no npm, or it does not find the package.
    """
    pattern = "node_modules/@foundry-rs/anvil-*/bin/anvil"
    found = next(iter(sorted(folder.glob(pattern))), None)
    if found is not None:
        return found
    npm = shutil.which("npm")
    if npm is None:
        raise ProofmillError("there is no npm to fetch Anvil with; install Node.js, or name a "
                             "node that runs already with --execution http://...")
    folder.mkdir(parents=True, exist_ok=True)
    with only_one("anvil"):
        done = subprocess.run(
            [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund",
             "--ignore-scripts", f"@foundry-rs/anvil@{ANVIL_VERSION}"],
            capture_output=True, text=True, timeout=300, cwd=folder)
    found = next(iter(sorted(folder.glob(pattern))), None)
    if found is None:
        raise ProofmillError(f"npm brought no Anvil {ANVIL_VERSION} for this platform: "
                             f"{done.stderr.strip().splitlines()[-1:]}")
    return found


class AnvilEvm(JsonRpcEvm, DevelopmentEvm):
    """Anvil behind its JSON-RPC, and the methods that only a development node has."""

    def next_block(self, timestamp: int, coinbase: Address | None = None) -> None:
        latest = self.block().timestamp
        if timestamp <= latest:
            raise ProofmillError(f"block time {timestamp} is not after the latest block's, "
                                 f"{latest}; give a later one")
        self.ask("evm_setNextBlockTimestamp", timestamp)
        if coinbase is not None:
            self.ask("anvil_setCoinbase", "0x" + coinbase.hex())

    def system_call(self, to: Address, data: bytes) -> None:
        sender = "0x" + SYSTEM_ADDRESS.hex()
        self.ask("anvil_setBalance", sender, hex(10**24))
        self.ask("anvil_impersonateAccount", sender)
        digest = self.ask("eth_sendTransaction", {
            "from": sender, "to": "0x" + to.hex(), "data": "0x" + data.hex(),
            "gas": hex(SYSTEM_CALL_GAS)})
        self.ask("anvil_stopImpersonatingAccount", sender)
        deadline = monotonic() + START_SECONDS
        while (receipt := self.receipt(bytes.fromhex(digest[2:]))) is None:
            if monotonic() > deadline:
                raise ProofmillError("Anvil has put a system call into no block; see whether it "
                                     "makes blocks by itself")
            sleep(0.01)
        if not receipt.succeeded:
            try:
                self.call(to, data, SYSTEM_ADDRESS)
            except RevertedError as error:
                raise RevertedError("a system call", error.reason) from error
            raise RevertedError("a system call", "")

    def snapshot(self) -> object:
        return self.ask("evm_snapshot")

    def revert(self, snapshot: object) -> None:
        if self.ask("evm_revert", snapshot) is not True:
            raise ProofmillError(f"Anvil has no snapshot {snapshot!r}; each can be used once")


@contextmanager
def running_anvil(binary: Path, chain_id: int, timestamp: int) -> Iterator[AnvilEvm]:
    """Anvil on a free port of the loopback interface, ended with the block.

    Its ten accounts come from the mnemonic that all development nodes share.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen(
        [binary, "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id),
         "--timestamp", str(timestamp), "--gas-limit", "60000000", "--silent"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = monotonic() + START_SECONDS
        while True:
            try:
                evm = AnvilEvm(f"http://127.0.0.1:{port}")
                break
            except ProofmillError:
                if child.poll() is not None or monotonic() > deadline:
                    raise
                sleep(0.02)
        # One second from block to block, as on the embedded machine.
        evm.ask("anvil_setBlockTimestampInterval", 1)
        yield evm
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
