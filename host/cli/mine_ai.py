"""``proofmill mine --ai``: results of a model, computed while there is no block to prove."""

import logging
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from proofmill.host.cli.market import show_given_up
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.array.book import Book, Offer
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.array.record import array_record
from proofmill.host.network.array.shared import Order, SharedArray, Turn

if TYPE_CHECKING:  # these take seconds to import
    from proofmill.host.network.contracts.market_books import MarketRecord
    from proofmill.host.prover.devices.device import Device
    from proofmill.host.prover.inference.array import Array
    from proofmill.host.prover.inference.model import Model
    from proofmill.host.prover.inference.quantisation import Integers, Reals
    from proofmill.host.prover.inference.tiles import Tiles

PIECE = 50_000
"""Products of a tile: a fraction of a millisecond on a processor."""
TRIALS = 5
MARGIN = 4
"""The array is taken to be so many times slower than it is when nothing else runs."""
ROUND = 3
"""Orders that come at once; what is due and paid follows from --seed."""
DIGITS = (500, 20_000)
DUE_SECONDS = (1, 600)
GWEI_PER_SECOND = (2_000, 12_000)
COST_GWEI = 2_800.0
"""Of a second of the array, as in docs/attacks.md."""
CAPITAL_GWEI = 10_000_000
COLLATERAL = 2


class Filler:
    """A model of digits, buyers of what it says, and the array that block proofs are made on."""

    def __init__(self, model: str, seed: int, slot_seconds: float, screen: Screen,
                 array: "Array | None" = None) -> None:
        """Read the model of digits, or train one where `model` is empty; measure its speed, on
        `array`, or on this processor where there is none.

        Raises `ProofmillError` for a model that takes no digits.
        """
        from proofmill.host.prover.inference.digits import digits, shaped
        from proofmill.host.prover.inference.onnx_file import read_model

        self.name = model or "mlp"
        if model:
            self.model: Model = read_model(model)
        else:
            with screen.bar("training a model of digits"):
                self.model = _trained()
        pixels, self._classes = digits()
        samples = shaped(pixels, self.model.shape)
        if samples is None:
            raise ProofmillError(f"--ai {model}: takes {self.model.shape}, and no digits; "
                                 "`proofmill model train mlp OUT.onnx` makes a model that does")
        self._samples: Reals = samples
        self._blocks = array
        self._luck, self._count = random.Random(f"{seed}/orders"), 0
        self.digits = self.right = 0
        """Digits that were read, and of them rightly."""
        self.array = SharedArray(
            Book(self._rate(), CAPITAL_GWEI, COST_GWEI,
                 most_tile=None if array is None else array.most_cycles),
            self._orders, slot_seconds)

    def block(self, slot: int) -> AbstractContextManager[Turn]:
        """Have the array for the proof of this slot's block."""
        return self.array.block(f"block {slot}")

    def record(self) -> JsonObject:
        """What the array did; see the table of fields."""
        book, turns = self.array.book, self.array.turns
        results = book.earned[Kind.RESULT]
        return {
            "model": self.name, "orders": len(book.decisions), "results": results.done,
            "results_late": results.late, "preempted": results.preempted,
            "seconds_sold": round(self.array.sold, 3), "digits": self.digits,
            "right": self.right, "gwei": results.gwei, "block_proofs": len(turns),
            "block_proofs_late": self.array.late,
            "longest_wait_seconds": round(max((turn.wait for turn in turns), default=0.0), 6)}

    def market(self, block_gwei: int) -> "MarketRecord":
        """What the array earned and gave up; `block_gwei`: what the chain pays for its proofs."""
        from proofmill.host.network.contracts.market_books import MarketRecord

        self.array.book.earned[Kind.BLOCK].gwei = block_gwei
        return MarketRecord(None, None, None, (array_record("mine", self.array.book),))

    def show(self, screen: Screen) -> None:
        """The record in words."""
        found = self.record()
        screen.line(
            f"results     {found['results']} of {found['orders']} orders done by the model "
            f"{self.name}, {found['results_late']} late, {found['preempted']} preempted; "
            f"{found['seconds_sold']:.2f} s of the array sold for {found['gwei']:,} gwei of "
            f"made-up buyers; {found['right']:,} of {found['digits']:,} digits read rightly")
        screen.line(
            f"the array   {found['block_proofs']} block proofs, {found['block_proofs_late']} late "
            f"by it; the longest wait for a tile {1_000 * found['longest_wait_seconds']:.2f} ms")
        if self._blocks is not None and self._blocks.failure is not None:
            screen.line(f"the device  failed at the model's matrices: {self._blocks.failure}; this "
                        "processor multiplied the others", style="yellow")
        show_given_up(screen, array_record("mine", self.array.book))

    def _tiles(self, samples: "Reals") -> "Tiles":
        from proofmill.host.prover.inference.tiles import OnArray, Tiled

        if self._blocks is None:
            return Tiled(self.model, samples, PIECE)
        return OnArray(self.model, samples, self._blocks)

    def _rate(self) -> int:
        """Products, or cycles of an array's blocks, a second that are counted on."""
        best = 0.0
        for _ in range(TRIALS if self._blocks is None else 1):
            tiles = self._tiles(self._samples[:DIGITS[0]])
            start = time.perf_counter()
            for _done in tiles.run():
                pass
            best = max(best, tiles.work / (time.perf_counter() - start))
        return max(1, round(best / MARGIN))

    def _orders(self, now: int) -> Sequence[Order]:
        """Some orders of as many buyers."""
        book, found = self.array.book, []
        for _ in range(ROUND):
            self._count += 1
            chosen = [self._luck.randrange(len(self._samples))
                      for _ in range(self._luck.randrange(*DIGITS))]
            tiles = self._tiles(self._samples[chosen])
            seconds = tiles.work / book.clock_hz
            pays = round(seconds * self._luck.uniform(*GWEI_PER_SECOND))
            span = round(self._luck.uniform(*DUE_SECONDS) * book.clock_hz)
            job = Job(f"result {self._count}", Kind.RESULT, now, tiles.work, span, tiles.longest,
                      pays, COLLATERAL * pays)
            found.append(Order(Offer(job), self._work(tiles, self._classes[chosen])))
        return found

    def _work(self, tiles: "Tiles", classes: "Integers") -> Iterator[int]:
        yield from tiles.run()
        scores = next(iter(tiles.outputs().values()))
        self.digits += len(classes)
        self.right += int((scores.argmax(axis=1) == classes).sum())


def array_on(device: "Callable[[], Device]") -> "Array | None":
    """What multiplies a model's matrices on the `device` that there is, between its sums, in
    commands of at most a thousandth of a second by its clock; None where it does not."""
    from proofmill.host.network.array.book import longest_tile
    from proofmill.host.prover.devices.device import Multiplying
    from proofmill.host.prover.devices.matrices import DeviceUnit, OrModel
    from proofmill.host.prover.inference.array import Array

    def multiplying() -> Multiplying:
        found = device()
        assert isinstance(found, Multiplying)
        return found

    use = multiplying().multiplies if isinstance(device(), Multiplying) else None
    return None if use is None else Array(OrModel(DeviceUnit(use, multiplying)),
                                          longest_tile(use.clock_hz))


def _trained() -> "Model":
    """What `proofmill model train mlp` makes; some seconds."""
    from proofmill.host.prover.inference.onnx_file import read_model

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mlp.onnx")
        train_model(path)
        return read_model(path)


def train_model(path: str | os.PathLike[str]) -> None:
    """Write what `proofmill model train mlp` makes to `path`; some seconds."""
    from proofmill.host.prover.inference.making import make

    root = logging.getLogger()
    before = list(root.handlers)
    make("mlp", path)
    # The quantiser has all that anybody logs written to stderr.
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
