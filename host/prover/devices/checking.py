"""Checks of proofs by an accelerator: programs and keys in its memory, and what it finds."""

from collections.abc import Sequence

import numpy as np

from proofmill.firmware.check_program import check_words
from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.check_shape import CheckShape
from proofmill.hdl.curve import PRODUCTS, Group
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.accelerator import known_curve
from proofmill.host.prover.devices.blocks import aligned
from proofmill.host.prover.devices.device import DeviceError, Found
from proofmill.host.prover.devices.proving import ProvingLanes
from proofmill.sim.checker import input_words, is_right, key_words


class CheckingLanes(ProvingLanes):
    """... the first of which checks proofs, if its gateware does: see `device.Checking`."""

    @property
    def checks(self) -> CheckShape | None:
        """See `Checking.checks`."""
        accelerator = self.accelerators[0]
        room = accelerator.evaluation
        if room is None or not accelerator.checked_rows:
            return None
        return check_shape(accelerator.identity, accelerator.checked_rows, room.radix)

    def check(self, program: WideProgram, key: Sequence[int], inputs: Sequence[Sequence[int]]
              ) -> list[Found]:
        """See `Checking.check`."""
        accelerator, found = self.accelerators[0], []
        parts = [_words(words) for words in (
            check_words(program), key_words(program, key), *(
                input_words(program, each) for each in inputs[:1]))]
        with accelerator.whole(), self._lock:
            blocks = self._blocks
            size = sum(aligned(words.size) for words in parts)
            place = blocks.take(size)
            if place is None:
                self._leave_all()
                place = blocks.take(size)
            if place is None:
                raise DeviceError(f"a check takes {size:,} words of the device's memory, and "
                                  f"{blocks.largest():,} are free; use a board with more memory, "
                                  "or another device")
            try:
                addresses, _ = blocks.write(place[0], parts)
                places = list(zip(addresses, map(len, parts), strict=True))
                for number, each in enumerate(inputs):
                    if number:
                        accelerator.write(places[2][0], _words(input_words(program, each)))
                    right, cycles = accelerator.check(places[0], places[2], places[1])
                    found.append(Found(is_right(program, each, key) if self.blind else right,
                                       cycles))
            finally:
                blocks.give_back(place)
                blocks.release()
        return found


def check_shape(identity: dict[str, int], row_bits: int, radix_bits: int) -> CheckShape:
    """What programs for such an accelerator are made for: its latency is not stated, and is taken
    to be the least that a multiplier of these digits and limbs has. Raises `DeviceError` for one of
    a kind that is not known."""
    curve = known_curve(identity)
    digit, limb = identity["digit"], identity["limb"]
    interval = identity["interval_g1"] * identity["multipliers"] // PRODUCTS[Group.G1]
    if curve is not None:
        field = curve.base
        for bits in range(field.bits + 1, radix_bits + 1):
            shape = MultiplierShape(field=field, operand_bits=bits, digit=digit, limb=limb)
            if interval > 1:
                shape = FoldedShape(field=field, operand_bits=bits, digit=digit, limb=limb,
                                    interval=interval)
            largest = 2 * field.modulus - 1
            if (shape.radix == 1 << radix_bits
                    and shape.product_bound(largest, largest) <= largest):
                return CheckShape(multiplier=shape, row_bits=row_bits)
    raise DeviceError(f"the device multiplies by the radix 2^{radix_bits}, in digits of {digit} "
                      f"bits and limbs of {limb}, a product in {interval} cycles: this version "
                      "makes no programs for it")


def _words(words: Sequence[int]) -> Limbs:
    return np.array(words, dtype=np.uint64)
