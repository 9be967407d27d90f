"""A node's part in the market: what it is told of it, and the seller and buyer it then is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.recent import Recent
from proofmill.host.ground.units import GWEI
from proofmill.host.network.array.board import BoardArray
from proofmill.host.network.array.book import Book
from proofmill.host.network.array.jobs import Kind
from proofmill.host.network.array.record import ArrayRecord, array_record
from proofmill.host.network.contracts.market_books import MarketRecord, read_books
from proofmill.host.network.node.beside import Beside
from proofmill.host.network.node.buyer import Buyer, BuyerTerms
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.goods import Goods
from proofmill.host.network.node.market_offers import BlockLoad
from proofmill.host.network.node.market_place import GoodsFiles, MarketPlace, Stalls
from proofmill.host.network.node.matrices import Matrices, Told
from proofmill.host.network.node.patience import PatientProver
from proofmill.host.network.node.seller import Seller, SellerTerms
from proofmill.host.network.node.sold_proofs import SoldProofs
from proofmill.host.network.node.trader import Publish, Trader
from proofmill.host.prover.devices.device import BOARD_HZ
from proofmill.host.prover.inference.onnx_file import read_model

MOST_DECISIONS = 4_096
"""On offers, that a seller keeps: the newest."""


@dataclass(frozen=True)
class MarketSetup:
    """What a node is told: where the market is, what is traded, and under what terms it sells or
    buys; None for not."""

    place: MarketPlace
    files: GoodsFiles
    seller: SellerTerms | None = None
    buyer: BuyerTerms | None = None


@dataclass(frozen=True)
class MarketReport:
    """How a node's part went. `books`: of the last final payload; `invariants`: whether both
    contracts keep theirs there. `array`: of a seller. `longest_wait_ms`: of a block proof for the
    end of a tile."""

    books: MarketRecord
    invariants: bool
    array: ArrayRecord | None
    longest_wait_ms: float

    @property
    def record(self) -> JsonObject:
        """The books and the array, as `MarketRecord` has them."""
        arrays = () if self.array is None else (self.array,)
        return MarketRecord(self.books.block, self.books.proofs, self.books.results, arrays).record


def board_array(terms: SellerTerms) -> BoardArray:
    """The array that a seller sells: the board's clock, the seller's capital."""
    return BoardArray(Book(BOARD_HZ, terms.capital_gwei, terms.cost_gwei,
                           decisions=Recent(MOST_DECISIONS)))


class NodeMarket:
    """The seller and the buyer of a node."""

    def __init__(self, setup: MarketSetup, follower: Follower, array: BoardArray | None,
                 load: Callable[[], BlockLoad], block_constraints: int, publish: Publish,
                 beside: Beside[Any], devices: PatientProver | None, told: Told) -> None:
        """As of `Seller`; `array` is of a seller alone, and so are `devices`, which prove; `told`
        hears which of them multiplies the matrices of models."""
        self._setup, self._follower, self.array = setup, follower, array
        self._seller = None
        self._matrices: Matrices | None = None
        self._sold: SoldProofs | None = None
        if setup.seller is not None and array is not None:
            assert devices is not None, "who has an array proves"
            self._matrices = Matrices(devices, lambda: follower.now_ms, told)
            goods = Goods(setup.files, self._matrices, devices, lambda: follower.now_ms)
            self._sold = goods.sold
            self._seller = Seller(setup.seller, setup.place, goods, follower, array, load,
                                  block_constraints, publish, beside)
        self._buyer = None if setup.buyer is None else Buyer(
            setup.buyer, Trader(setup.buyer.key, setup.place, follower, publish),
            read_model(setup.files.model))

    @property
    def seller_address(self) -> bytes:
        """Of the seller's account, which has to have ether; nothing where it does not sell."""
        return b"" if self._seller is None else self._seller.address

    @property
    def busy(self) -> bool:
        """Whether something is being computed."""
        return self._seller is not None and self._seller.busy

    def work(self) -> None:
        """Do what is due on the head's branch."""
        self._follower.head()
        for part in (self._seller, self._buyer):
            if part is not None:
                part.work()

    def report(self, name: str, block_wei: int, missed: int) -> MarketReport:
        """How it went so far; `block_wei`: what the node's block proofs have brought, `missed`: how
        many it owed and did not make."""
        array = None
        if self.array is not None:
            blocks = self.array.book.earned[Kind.BLOCK]
            blocks.gwei, blocks.late = block_wei // GWEI, missed
            array = array_record(name, self.array.book,
                                 None if self._matrices is None else self._matrices.record,
                                 None if self._sold is None else self._sold.record)
        evm, place = self._follower.execution_layer.evm, self._setup.place
        with self._follower.at_final_payload():
            books = read_books(evm, place.proofs, place.results)
            stalls = Stalls.at(evm, place)
            kept = bool(stalls.proofs.call("invariants") and stalls.results.call("invariants"))
        wait = 0 if self.array is None else self.array.longest_wait
        return MarketReport(books, kept, array, 1_000 * wait / BOARD_HZ)
