"""An aggregate whose sums and pairings a device computes is the same, to the byte."""

from random import Random

import numpy as np
import pytest

from proofmill.hdl.curve import GENERATOR_G1, GENERATOR_G2, Group
from proofmill.host.prover.aggregation.computing import OnDevice, OnThisMachine, from_program
from proofmill.host.prover.aggregation.prove import aggregate
from proofmill.host.prover.curve import target
from proofmill.host.prover.curve.arithmetic import multiply
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.curve.pairing import product
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.sim.pairing import program_pairing
from tests.host.prover.aggregation.conftest import Proven

PAIRINGS = 28
"""Of two proofs: 12 in commitments, 2 of the combination, 14 of the halving."""


def test_what_the_program_sends_is_an_element_of_gt() -> None:
    points = generator(Group.G1).reshape(1, -1), generator(Group.G2).reshape(1, -1)
    found = from_program(program_pairing(GENERATOR_G1, GENERATOR_G2))
    assert np.array_equal(found, product(*points))


def test_a_device_computes_what_this_machine_does() -> None:
    random = Random(1)
    computing, here = OnDevice(CpuDevice(threads=1)), OnThisMachine()
    for group in Group:
        points = np.array([multiply(group, generator(group), random.randrange(SCALAR_MODULUS))
                           for _ in range(4)] + [np.zeros_like(generator(group))])
        several = [(points, to_limbs([random.randrange(SCALAR_MODULUS) for _ in points])),
                   (points[:1], to_limbs([1]))]
        for ours, theirs in zip(here.sums(group, several), computing.sums(group, several),
                                strict=True):
            assert np.array_equal(ours, theirs)
    computing.close()


def test_a_point_at_infinity_drops_out() -> None:
    """And no wide processor is begun for it."""
    device = CpuDevice(threads=1)
    device.name = "model"
    computing = OnDevice(device)
    g1, g2 = generator(Group.G1).reshape(1, -1), generator(Group.G2).reshape(1, -1)
    for pair in ((np.zeros_like(g1), g2), (g1, np.zeros_like(g2))):
        (value,) = computing.products([[pair]])
        assert np.array_equal(value, target.one()) and computing.pairings == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model", "rtl"])
def test_an_aggregate_on_an_accelerator_is_the_same(name: str, proven: Proven) -> None:
    public, proofs = proven.public[:2], proven.proofs[:2]
    device = open_device(name)
    computing = OnDevice(device)
    try:
        made = aggregate(proven.setup, proven.key, public, proofs, computing=computing)
    finally:
        computing.close()
        device.close()
    assert made.to_bytes() == aggregate(proven.setup, proven.key, public, proofs).to_bytes()
    assert computing.pairings == PAIRINGS and computing.pairing_cycles == PAIRINGS * 20_118
    assert computing.sum_cycles > 0
