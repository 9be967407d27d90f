"""What is asked of every curve on which devices compute in G1 alone, in numbers of 384 bits."""

from collections.abc import Callable
from random import Random

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.arithmetic import Arithmetic
from proofmill.sim.curve import Affine


def coordinates(points: Limbs) -> list[int]:
    """Of every point x and y, as they lie there."""
    data = points.tobytes()
    return [int.from_bytes(data[start:start + 48], "little") for start in range(0, len(data), 48)]


def check_scales(own: Arithmetic, points: Limbs) -> None:
    """Points go to a device as they are, or with coordinates times another power of two."""
    assert own.to_device(Group.G1, points, 384, False) is points
    scaled = own.to_device(Group.G1, points, 400, True)
    assert coordinates(scaled) == [
        (each << 16) % own.curve.base.modulus for each in coordinates(points)]


def unfinished(own: Arithmetic, point: Callable[[int], Affine]) -> Sum:
    """An answer that stands for ``point(5 + 9 * 8)``: homogeneous coordinates in any scale, of
    groups that count for powers of two; of these points and ``point(0)``, infinity."""
    rng, modulus, answer = Random(2), own.curve.base.modulus, dict[int, list[int]]()
    for exponent, k in ((0, 5), (3, 9), (200, 0)):
        affine, scale = point(k), rng.randrange(1, modulus)
        parts = (0, 1, 0) if affine is None else (affine[0][0], affine[1][0], 1)
        answer[exponent] = [part * scale % modulus + modulus for part in parts]
    return Sum({}, points=answer)
