"""What a node answers to wallets on its machine: JSON-RPC 2.0, a line a message, on loopback.

A wallet is nobody the node knows, so it is trusted in nothing: what it hands in goes the way of
what a peer sends, and what it asks costs little.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.network.evm.transaction import decode_transaction
from proofmill.host.network.node.coins_view import accounts_of, coins_of, require_accepted
from proofmill.host.network.node.ethereum_view import METHODS, view
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.transfers.client import LOOPBACK, PORT_FILE
from proofmill.host.network.transfers.waiting import Waiting
from proofmill.host.prover.circuits.rollup.kinds import ADDRESS_BYTES
from proofmill.host.prover.circuits.rollup.ledger import Account

log = logging.getLogger(__name__)

MOST_BYTES = 1 << 12
"""Of a question."""
IDLE_SECONDS = 60.0
MOST_WALLETS = 32
INVALID_PARAMETERS, NO_METHOD, REFUSED = -32602, -32601, -32000


class WalletService:
    """Answers questions about accounts, coins and the chain, and takes transfers and
    transactions."""

    def __init__(self, folder: Path, follower: Follower,
                 take: Callable[[Topic, bytes], tuple[Reception, str]],
                 on_trouble: Callable[[BaseException], None]) -> None:
        """`take`: has the node take in and pass on a transfer, as `Waiting.raw` is, or a
        transaction. `on_trouble` hears of what the node cannot go on with, such as a disk that
        fails."""
        self._folder, self._follower, self._take = folder, follower, take
        self._on_trouble = on_trouble
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._methods: dict[str, tuple[int, Callable[..., object]]] = {
            "proofmill_account": (1, self._account), "proofmill_sendTransfer": (1, self._send),
            "proofmill_coins": (2, self._coins),
            "proofmill_sendTransaction": (1, self._send_transaction)}

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
        if not isinstance(method, str) or method not in self._methods | METHODS:
            return _error(name, NO_METHOD, f"there are {', '.join([*self._methods, *METHODS])}")
        try:
            result = (self._view if method in METHODS else self._own)(method, parameters)
            return {"jsonrpc": "2.0", "id": name, "result": result}
        except ValueError as error:
            return _error(name, INVALID_PARAMETERS, str(error))
        except StorageError:
            raise
        except ProofmillError as error:
            return _error(name, REFUSED, str(error))

    def _own(self, method: str, parameters: object) -> object:
        """What this project's own methods say; ValueError for parameters that are none."""
        count, answer = self._methods[method]
        if not isinstance(parameters, list) or len(parameters) != count \
                or not all(isinstance(each, str) for each in parameters):
            texts = f"{count} text{'s' * (count > 1)}"
            raise ValueError(f"give {texts} of hexadecimal digits")
        return answer(*parameters)

    def _view(self, method: str, parameters: object) -> object:
        """What the chain says of itself at the head; ValueError for parameters that are none."""
        if not isinstance(parameters, list):
            raise ValueError("give a list of parameters")
        self._follower.head()    # the machine's latest block is the head's
        return view(self._follower.execution_layer.evm, method, parameters)

    def _account(self, public: str) -> JsonObject:
        """The chain, and the accounts of a public key (`packed_key`) at the head."""
        follower = self._follower
        found = accounts_of(follower.ledger(), public)
        return {"chain_id": follower.chain_id, "slot": follower.slot,
                "accounts": [self._told(number, account) for number, account in found]}

    def _told(self, number: int, account: Account) -> JsonObject:
        pool = self._follower.transfers
        return {"account": number, "balance": account.balance, "nonce": account.nonce,
                "next_nonce": pool.next_nonce(number), "spendable": pool.spendable(number)}

    def _send(self, text: str) -> str:
        raw = bytes.fromhex(text)
        self._hand_in(Topic.TRANSFER, raw)
        return Waiting.from_bytes(raw).hash.hex()

    def _coins(self, address: str, public: str) -> JsonObject:
        """What `coins_of` says of an address, 40 hexadecimal digits, and a key (`packed_key`)."""
        if len(address) != 2 * ADDRESS_BYTES:
            raise ValueError(f"an address has {2 * ADDRESS_BYTES} hexadecimal digits")
        return coins_of(self._follower, bytes.fromhex(address), public)

    def _send_transaction(self, text: str) -> str:
        new = decode_transaction(bytes.fromhex(text))
        require_accepted(self._follower, new)
        self._hand_in(Topic.TRANSACTION, new.raw)
        return new.hash.hex()

    def _hand_in(self, topic: Topic, raw: bytes) -> None:
        verdict, reason = self._take(topic, raw)
        if verdict not in (Reception.ACCEPT, Reception.KEEP):
            raise ProofmillError(reason)


def _error(name: object, code: int, message: str) -> JsonObject:
    return {"jsonrpc": "2.0", "id": name, "error": {"code": code, "message": message}}
