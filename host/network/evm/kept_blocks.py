"""Executed blocks as plain records: what the machine wrote, from which the same block is made."""

from dataclasses import dataclass
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth.vm.forks.cancun import CancunVM
from eth.vm.forks.cancun.blocks import CancunBlockHeader

from proofmill.host.network.evm.client import Receipt
from proofmill.host.network.evm.embedded import ExecutedBlock, block_of


@dataclass(frozen=True)
class KeptExecuted:
    """`ExecutedBlock`. `header`: its RLP, whose hash is the block's; `transactions`: raw."""

    header: bytes
    transactions: tuple[bytes, ...]
    receipts: tuple[Receipt, ...]
    system_gas: int

    @classmethod
    def of(cls, executed: ExecutedBlock) -> "KeptExecuted":
        """Of that block."""
        return cls(bytes(rlp.encode(executed.header)),
                   tuple(each.encode() for each in executed.transactions), executed.receipts,
                   executed.system_gas)

    @property
    def executed(self) -> ExecutedBlock:
        """The block as it was; ValueError where the bytes are none."""
        try:
            header: Any = rlp.decode(self.header, CancunBlockHeader)
            builder = CancunVM.get_transaction_builder()
            transactions = tuple(builder.decode(raw) for raw in self.transactions)
        except MemoryError:
            raise
        except Exception as error:  # py-evm has no one class for wrong bytes
            raise ValueError(f"not a block of the machine: {error}") from error
        return ExecutedBlock(block_of(header), header, transactions, self.receipts,
                             self.system_gas)
