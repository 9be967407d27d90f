"""What is asked of every curve on which devices compute in numbers of 384 bits."""

from collections.abc import Callable
from random import Random

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.arithmetic import Arithmetic
from proofmill.host.prover.devices.plain import parts_of
from proofmill.sim.curve import Affine, to_homogeneous


def check_scales(own: Arithmetic, group: Group, points: Limbs) -> None:
    """Points go to a device as they are, or with coordinates times another power of two."""
    assert own.to_device(group, points, 384, False) is points
    scaled = own.to_device(group, points, 400, True)
    assert scaled.shape == points.shape
    assert parts_of(own.curve, scaled) == [
        (each << 16) % own.curve.base.modulus for each in parts_of(own.curve, points)]


def unfinished(own: Arithmetic, group: Group, point: Callable[[int], Affine]) -> Sum:
    """An answer that stands for ``point(5 + 9 * 8)``: homogeneous coordinates in any scale, of
    groups that count for powers of two; of these points and ``point(0)``, infinity."""
    rng, modulus, answer = Random(2), own.curve.base.modulus, dict[int, list[int]]()
    for exponent, k in ((0, 5), (3, 9), (200, 0)):
        scale = tuple(rng.randrange(1, modulus) for _ in range(group.degree))
        answer[exponent] = [part + modulus
                            for coordinate in to_homogeneous(point(k), scale, modulus)
                            for part in coordinate]
    return Sum({}, points=answer)
