"""The chain of a node of this project that runs on this machine, as any other node's."""

import os
from typing import Any

from proofmill.host.network.evm.rpc import JsonRpcEvm, RpcError
from proofmill.host.network.transfers.client import NodeClient, RefusalError


class NodeEvm(JsonRpcEvm):
    """`JsonRpcEvm` over the line on which a node answers wallets: reads alone."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """`ProofmillError` where no node answers for the folder."""
        self._node = NodeClient(folder)
        self._meet(os.fspath(folder))

    def ask(self, method: str, *parameters: object) -> Any:
        try:
            return self._node.ask(method, *parameters)
        except RefusalError as error:
            raise RpcError(str(error), b"") from error
