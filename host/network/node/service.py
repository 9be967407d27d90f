"""What a node answers to wallets on its machine: JSON-RPC 2.0, a line a message, on loopback.

A wallet is nobody the node knows, so it is trusted in nothing: what it hands in goes the way of
what a peer sends, and what it asks costs little.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path

from proofmill.host.ground.database import StorageError
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.transfers.client import LOOPBACK, PORT_FILE
from proofmill.host.network.transfers.keystore import packed_key
from proofmill.host.network.transfers.waiting import Waiting
from proofmill.host.prover.circuits.rollup.ledger import Account

log = logging.getLogger(__name__)

MOST_BYTES = 1 << 12
"""Of a question."""
IDLE_SECONDS = 60.0
MOST_WALLETS = 32
INVALID_PARAMETERS, NO_METHOD, REFUSED = -32602, -32601, -32000


class WalletService:
    """Answers questions about accounts, and takes transfers."""

    def __init__(self, folder: Path, follower: Follower,
                 take: Callable[[bytes], tuple[Reception, str]],
                 on_trouble: Callable[[BaseException], None]) -> None:
        """`take`: has the node take in and pass on a transfer, as `Waiting.raw` is. `on_trouble`
        hears of what the node cannot go on with, such as a disk that fails."""
        self._folder, self._follower, self._take = folder, follower, take
        self._on_trouble = on_trouble
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen on a free port, and say in `PORT_FILE` which."""
        self._server = await asyncio.start_server(
            self._serve, LOOPBACK, 0, limit=MOST_BYTES)
        port = self._server.sockets[0].getsockname()[1]
        write_atomically(self._folder / PORT_FILE, [json.dumps({"port": port}).encode()],
                         to_disk=False)

    async def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= MOST_WALLETS:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            while line := await asyncio.wait_for(reader.readline(), IDLE_SECONDS):
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, TimeoutError) as error:
            log.info("a wallet is left: %s", error or "it is silent")
        except Exception as error:  # nothing that a wallet has done
            self._on_trouble(error)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    def answer(self, line: bytes) -> JsonObject:
        """The answer to a question, of which nothing is trusted."""
        try:
            question = parse_json(line.decode())
            name, method = question.get("id"), question.get("method")
            parameters = question.get("params")
        except (ValueError, AttributeError):
            return _error(None, -32700, "no JSON-RPC")
        methods = {"proofmill_account": self._account, "proofmill_sendTransfer": self._send}
        if not isinstance(method, str) or method not in methods:
            return _error(name, NO_METHOD, f"there are {' and '.join(methods)}")
        if not isinstance(parameters, list) or len(parameters) != 1 \
                or not isinstance(parameters[0], str):
            return _error(name, INVALID_PARAMETERS, "give one text of hexadecimal digits")
        try:
            return {"jsonrpc": "2.0", "id": name, "result": methods[method](parameters[0])}
        except ValueError as error:
            return _error(name, INVALID_PARAMETERS, str(error))
        except StorageError:
            raise
        except ProofmillError as error:
            return _error(name, REFUSED, str(error))

    def _account(self, public: str) -> JsonObject:
        """The chain, and the accounts of a public key (`packed_key`) at the head."""
        follower = self._follower
        found = [(number, account) for number, account in follower.ledger().accounts.items()
                 if packed_key(account.key) == public]
        return {"chain_id": follower.chain_id, "slot": follower.slot,
                "accounts": [self._told(number, account) for number, account in sorted(found)]}

    def _told(self, number: int, account: Account) -> JsonObject:
        pool = self._follower.transfers
        return {"account": number, "balance": account.balance, "nonce": account.nonce,
                "next_nonce": pool.next_nonce(number), "spendable": pool.spendable(number)}

    def _send(self, text: str) -> str:
        raw = bytes.fromhex(text)
        verdict, reason = self._take(raw)
        if verdict not in (Reception.ACCEPT, Reception.KEEP):
            raise ProofmillError(reason)
        return Waiting.from_bytes(raw).hash.hex()


def _error(name: object, code: int, message: str) -> JsonObject:
    return {"jsonrpc": "2.0", "id": name, "error": {"code": code, "message": message}}
