"""Transforms of polynomials, on a device that has them as far as it has them, else here."""

import logging

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.devices.device import Device, OneWay
from proofmill.host.prover.plonk.identities import shift_of
from proofmill.host.prover.plonk.polynomials import folded

log = logging.getLogger(__name__)


class Transforms:
    """Transforms of up to ``2 ** one_way`` values on a device that is `OneWay`, of others here.

    It adds up what the device did: `calls`, clock `cycles`. Methods raise `DeviceError`.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self.calls = self.cycles = 0
        self._too_large = 0

    def restart(self) -> None:
        """Begin another proof."""
        self.calls = self.cycles = 0

    def coefficients(self, values: Vector) -> Vector:
        """Of the polynomial with these values on the domain."""
        return self._made(values, True, 0)

    def on_coset(self, coefficients: Vector, size: int, coset: int) -> Vector:
        """The values of a polynomial of any degree on a coset of the domain, see `shift_of`."""
        shift = shift_of(coset, size.bit_length() - 1)
        return self._made(folded(coefficients, size, shift), False, coset)

    def from_coset(self, values: Vector, coset: int) -> Vector:
        """The polynomial with these values on a coset of the domain, modulo what is 0 there."""
        return self._made(values, True, coset)

    def _made(self, vector: Vector, inverse: bool, coset: int) -> Vector:
        power, device = len(vector).bit_length() - 1, self._device
        if isinstance(device, OneWay) and device.one_way:
            if 1 <= power <= device.one_way:
                found = device.transform(scalars.to_plain(vector), inverse=inverse, coset=coset)
                self.calls += 1
                self.cycles += found.cycles
                if found.values is not None:
                    return scalars.from_plain(found.values)
            elif power != self._too_large:
                self._too_large = power
                log.info("%s transforms up to 2^%d values; those of 2^%d are this machine's",
                         device.name, device.one_way, power)
        shift = shift_of(coset, power)
        return (scalars.inverse_transform if inverse else scalars.transform)(vector, shift)
