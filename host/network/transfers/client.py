"""A wallet's questions to a node (`host.network.node.service`)."""

import json
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json

PORT_FILE = "wallets.json"
"""In a node's folder: on which port it answers wallets."""
LOOPBACK = "127.0.0.1"
"""Where it answers them, and nowhere else."""
PATIENCE_SECONDS = 60.0
_MOST_BYTES = 1 << 20


class RefusalError(ProofmillError):
    """The node has answered, and says why it does not do what was asked."""


class NodeClient:
    """The node whose files are in a folder, which runs on this machine."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """`ProofmillError` where no node has left word in the folder."""
        self._folder = os.fspath(folder)
        try:
            self._port = int(parse_json((Path(folder) / PORT_FILE).read_text())["port"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProofmillError(
                f"--node {self._folder}: no node of this release has run here; name a node's "
                "folder, such as run/node-0 of `proofmill devnet --folder run`") from error

    def account(self, public: str) -> JsonObject:
        """The chain, and the accounts of a public key (`keystore.packed_key`)."""
        return dict(self.ask("proofmill_account", public))

    def send(self, raw: bytes) -> str:
        """Hand a transfer in, as `Waiting.raw` is; its hash. `ProofmillError` with the node's
        reason where it does not take it."""
        return str(self.ask("proofmill_sendTransfer", raw.hex()))

    def coins(self, address: bytes, public: str) -> JsonObject:
        """The contract with the ledger's coins, and what concerns an address and a key there."""
        return dict(self.ask("proofmill_coins", address.hex(), public))

    def send_transaction(self, raw: bytes) -> str:
        """Hand in a signed transaction of the chain; its hash. `ProofmillError` with the node's
        reason where it does not take it, or the contract would not."""
        return str(self.ask("proofmill_sendTransaction", raw.hex()))

    def ask(self, method: str, *parameters: object) -> Any:
        """What the node answers. `RefusalError` with its reason; `ProofmillError` where it does not
        answer."""
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        try:
            address = LOOPBACK, self._port
            with (closing(socket.create_connection(address, PATIENCE_SECONDS)) as line,
                  line.makefile("rwb") as stream):
                stream.write(json.dumps(question).encode() + b"\n")
                stream.flush()
                answer = parse_json(stream.readline(_MOST_BYTES).decode())
        except (OSError, ValueError) as error:
            raise ProofmillError(
                f"--node {self._folder}: the node does not answer on port {self._port} "
                f"({error}); it runs no more, or not yet again") from error
        if isinstance(answer, dict) and "result" in answer:
            return answer["result"]
        try:
            reason = answer["error"]["message"]
        except (KeyError, TypeError):
            reason = "it answers otherwise than a node of this release"
        raise RefusalError(f"the node refuses: {reason}")
