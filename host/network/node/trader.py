"""What buyers and sellers of the market have in common: an account, and transactions in order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.market_place import SEND_GAS, MarketPlace, Stalls
from proofmill.host.network.node.wire import Topic

Publish = Callable[[Topic, bytes], object]


@dataclass(frozen=True)
class Call:
    """A message to a contract, with `value` wei."""

    to: bytes
    data: bytes
    value: int = 0


class Trader:
    """An account on the market, which nothing else uses: its nonce is the chain's."""

    def __init__(self, key: bytes, place: MarketPlace, follower: Follower, publish: Publish
                 ) -> None:
        self.follower, self.place = follower, place
        self.evm = follower.execution_layer.evm
        self.stalls = Stalls.at(self.evm, place)
        self._account = Account(self.evm, key)
        self._publish = publish

    @property
    def address(self) -> bytes:
        """Of the account."""
        return self._account.address

    @property
    def waits(self) -> bool:
        """Whether something that was sent is in no block of the head's branch yet."""
        return self.follower.pool.next_nonce(self.address) != self.evm.nonce(self.address)

    def send(self, calls: Iterable[Call]) -> None:
        """Sign and publish these, one after the other."""
        for nonce, call in enumerate(calls, self.evm.nonce(self.address)):
            self._publish(Topic.TRANSACTION, self._account.sign(
                call.to, call.data, call.value, SEND_GAS, nonce))

    def collecting(self) -> list[Call]:
        """What fetches the account's credits."""
        return [call(stall, "collect") for stall in (self.stalls.proofs, self.stalls.results)
                if stall.call("credits", self.address)]


def call(contract: Contract, function: str, *arguments: object, value: int = 0) -> Call:
    """The call of a contract's function."""
    return Call(contract.address, contract.encode(function, *arguments), value)
