import pytest

from proofmill.firmware.pairing.programs import proof_check
from proofmill.hdl.check_shape import CheckShape
from proofmill.hdl.curve import BN254
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, with_check
from proofmill.host.prover.devices.check_programs import check_program, prepare_check
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError
from proofmill.sim import programs
from proofmill.sim.compiling import BuildProgress, untold


def test_it_is_prepared_for_a_device_that_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """... and for no other; what cannot say whether it does fails with its first proof."""
    asked = []

    def kept(make: object, shape: CheckShape, argument: int, tell: BuildProgress) -> None:
        asked.append((make, shape, argument))

    monkeypatch.setattr(programs, "kept_program", kept)

    class Chip(CpuDevice):
        @property
        def checks(self) -> CheckShape | None:
            if found is None:
                raise DeviceError("no answer within 10 s")
            return found

        def check(self) -> None:
            raise AssertionError("nothing is checked")

    prepare_check(CpuDevice(), untold)
    found: CheckShape | None = None
    prepare_check(Chip(), untold)
    assert asked == []
    for found in (with_check(TOY_SHAPE).checker, with_check(STANDARD).checker):
        prepare_check(Chip(), untold)
        check_program(found)
    assert [shape for _, shape, _ in asked[::2]] == [shape for _, shape, _ in asked[1::2]]
    assert {(make, argument) for make, _, argument in asked} == {(proof_check, BN254.file_radix)}
    assert len(asked) == 4
