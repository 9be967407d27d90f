"""Programs by which accelerators check proofs, made before the first proof waits for them."""

from __future__ import annotations  # of what takes a while to import

from contextlib import suppress
from typing import TYPE_CHECKING

from proofmill.host.prover.devices.device import Device, DeviceError, abilities_of

if TYPE_CHECKING:
    from proofmill.firmware.wide_program import WideProgram
    from proofmill.hdl.check_shape import CheckShape
    from proofmill.sim.compiling import BuildProgress


def check_program(shape: CheckShape, tell: BuildProgress | None = None) -> WideProgram:
    """The program by which an accelerator of this kind checks a proof: from the cache, or half a
    minute of a processor. Raises `BuildError`."""
    from proofmill.firmware.pairing.programs import proof_check
    from proofmill.hdl.curve import BN254
    from proofmill.sim.compiling import untold
    from proofmill.sim.programs import kept_program

    return kept_program(proof_check, shape, BN254.file_radix, tell or untold)


def prepare_check(device: Device, tell: BuildProgress) -> None:
    """Have that of a device that checks proofs be there before it is asked for one. Raises
    `BuildError`."""
    shape = None
    with suppress(DeviceError):  # one that fails does so with its first proof, too
        shape = abilities_of(device).checks
    if shape is not None:
        check_program(shape, tell)
