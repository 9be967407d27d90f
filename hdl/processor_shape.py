"""The parameters of a field processor, and why nothing in it can overflow."""

from dataclasses import dataclass
from functools import cached_property

from proofmill.hdl.field import PrimeField
from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.montgomery import MultiplierShape


@dataclass(frozen=True, kw_only=True)
class ProcessorShape:
    """A field processor.

    Every register holds a value below twice the modulus p, whatever the program, so none can
    overflow. A sum is below 4 p, and so is a difference with 2 p added; a product of any operand
    a < radix and a register b is ``a * b / radix`` plus less than 2 p, below 4 p too; and on the
    way to a register 2 p is subtracted from each unless that leaves it below zero.
    What a register *means* is its residue: where an instruction looks at bits, or sends, the
    modulus is subtracted if it can be, which makes the value canonical.

    Parameters
    ----------
    multiplier : the multiplier at the processor's ports.
    latency : cycles from operands at the ports to the product at the port, at least 2.
    interval : the multiplier takes operands every so many cycles.
    inverter : the inverter at the processor's ports, of what the multiplier gives; None: none is,
        and programs invert by products.
    """

    multiplier: MultiplierShape
    latency: int
    interval: int = 1
    inverter: InverterShape | None = None

    def __post_init__(self):
        modulus = self.field.modulus
        if self.latency < 2 or self.interval < 1:
            raise ValueError(f"a processor needs a multiplier of latency 2 or more and interval 1 "
                             f"or more, not {self.latency} and {self.interval}")
        if self.inverter is not None:
            own = InverterShape.of(self.multiplier)
            if (self.inverter.field, self.inverter.multiple) != (own.field, own.multiple):
                raise ValueError(f"a processor's inverter divides radix ** 2 in {own.field.name}, "
                                 f"{own.multiple}, not {self.inverter.multiple} in "
                                 f"{self.inverter.field.name}: take InverterShape.of its "
                                 "multiplier")
        # Holds for every multiplier whose product is what `MultiplierShape` says.
        widest = (1 << self.multiplier.operand_bits) - 1
        assert 2 * modulus - 1 <= widest
        assert self.multiplier.product_bound(widest, 2 * modulus - 1) < 4 * modulus

    @property
    def field(self) -> PrimeField:
        return self.multiplier.field

    @cached_property
    def value_bits(self) -> int:
        """Bits of a result before it goes to a register: below four times the modulus."""
        return (4 * self.field.modulus - 1).bit_length()


def standalone(multiplier: MultiplierShape) -> ProcessorShape:
    """The shape of a processor whose multiplier is its own, right at its ports."""
    return ProcessorShape(multiplier=multiplier, latency=multiplier.latency,
                          interval=multiplier.interval)
