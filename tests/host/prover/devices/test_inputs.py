"""What no device may be given, refused by all in the same words, before anything is sent."""

import numpy as np
import pytest

from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.curve import Group
from proofmill.hdl.presets import STANDARD
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.curve.points import BASE_MODULUS, generator
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError, Job
from proofmill.host.prover.devices.inputs import ORDER
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.devices.mcl import MclDevice


class Silent:
    """An accelerator that must hear nothing, once it has said what it is."""

    identity = identity_words(STANDARD, 0)

    class link:
        @staticmethod
        def reset():
            raise AssertionError("it was reset")

    def close(self):
        pass


@pytest.fixture(params=["lanes", "cpu", "mcl", "apart"])
def device(request):
    made = {"lanes": lambda: LanesDevice("board", [Silent()]), "cpu": CpuDevice,
            "mcl": MclDevice, "apart": lambda: ApartDevice("cpu", opener="no:where")}
    opened = made[request.param]()
    yield opened
    opened.close()


@pytest.mark.parametrize("scalar", [ORDER, ORDER + 1, (1 << 255) - 1, (1 << 256) - 1])
def test_scalars_that_are_not_reduced(device, scalar):
    bases = device.load(Group.G1, np.tile(generator(Group.G1), (3, 1)))
    with pytest.raises(ProofmillError) as refused:
        device.run([Job(bases, to_limbs([1, 2, 3])), Job(bases, to_limbs([1, ORDER - 1, scalar]))])
    assert str(refused.value).startswith(f"job 1: scalar 2 of 3 is {scalar:#x}, not below")
    assert not isinstance(refused.value, DeviceError), "the device is not to blame"


@pytest.mark.parametrize("group", Group, ids=lambda group: group.value)
def test_coordinates_that_are_not_reduced(device, group):
    points = np.tile(generator(group), (2, 1))
    points[1, 4:8] = to_limbs([BASE_MODULUS])[0]
    with pytest.raises(ProofmillError, match="^point 1 of 2 in g[12] has a coordinate that is not"):
        device.load(group, points)


@pytest.mark.parametrize("group", Group, ids=lambda group: group.value)
def test_points_off_the_curve(device, group):
    points = np.zeros((3, generator(group).size), dtype=np.uint64)
    points[2] = generator(group)
    points[2, 0] += 1
    with pytest.raises(ProofmillError, match="^point 2 of 3 is not on the curve of g[12]; "):
        device.load(group, points)
