"""Checking a Groth16 proof on the wide processor: three Miller loops, and a stored pairing."""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.firmware.pairing.programs import (
    MUST_BE_ZERO,
    VALUES,
    groth16_check,
)
from proofmill.hdl.check_shape import CheckShape
from proofmill.hdl.curve import BN254, Group
from proofmill.hdl.presets import STANDARD_WIDE
from proofmill.hdl.wide_shape import WideShape
from proofmill.host.prover.curve.arithmetic import add, multi_scalar_multiplication
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.curve.pairing import coefficients
from proofmill.host.prover.devices.check_programs import check_program
from proofmill.host.prover.devices.device import Checking, DeviceError, SelfCheck
from proofmill.host.prover.groth16.plain import Numbers, PlainKey, PlainProof, check_public
from proofmill.host.prover.groth16.plain_points import from_array
from proofmill.host.prover.groth16.verification_key import VerificationKey, key_of
from proofmill.sim.compiling import BuildProgress, untold
from proofmill.sim.pairing import negative, stored_lines
from proofmill.sim.programs import kept_program
from proofmill.sim.wide_gateware import run_on

AT_ONCE = 2
"""Proofs that are checked beside each other, where there are so many: alone, one waits for its own
results and leaves the multiplier a seventh of the cycles and more."""


@dataclass(frozen=True)
class Checked:
    """Whether the device found each proof right, and its cycles, all runs' from the first word to
    the last."""

    right: list[bool]
    cycles: int


def check(device: str, key: PlainKey, proofs: Sequence[tuple[Sequence[int], PlainProof]],
          tell: BuildProgress = untold, shape: WideShape = STANDARD_WIDE) -> Checked:
    """Whether ``e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)`` for each of `proofs`, of public
    signals and a proof, by `device`, as `sim.wide_gateware.run_on` has them; `AT_ONCE` at a time.

    The host adds up L, the public signals' points; all else of the proof goes to the device as it
    is, which finds points off their curves and out of their group too; B is finite. The points of
    `key` are in their groups, as those that are read from files. Raises as
    `host.prover.groth16.plain.verify`, and `sim.compiling.BuildError`.
    """
    for public, _ in proofs:
        check_public(key.name, key.public, public)
    right, cycles, stored = list[bool](), 0, key_words(key_of(key), shape)
    for first in range(0, len(proofs), AT_ONCE):
        tell("checking", first, len(proofs))
        several = proofs[first:first + AT_ONCE]
        words = [word for public, proof in several for word in (
            *_homogeneous(proof.a), *proof.b, *_homogeneous(signals_point(key, public)),
            *_homogeneous(proof.c))]
        program = kept_program(groth16_check, shape, len(several), tell)
        found = run_on(device, program, words, stored, tell)
        each = len(found.sent) // len(several)
        right += [is_right(found.sent[n:n + each]) for n in range(0, len(found.sent), each)]
        cycles += found.cycles
    return Checked(right, cycles)


def check_within(device: Checking, key: PlainKey,
                 proofs: Sequence[tuple[Sequence[int], PlainProof]]) -> Checked:
    """`check` by an accelerator that checks proofs on the multiplier of its sums, one after
    another; the host adds up L. A or C may be infinity. Raises also `DeviceError`, as where
    the device checks nothing."""
    shape = device.checks
    if shape is None:
        raise DeviceError("the device checks no proofs; use rtl+c or rtl+bc, or gateware "
                          "with the check")
    for public, _ in proofs:
        check_public(key.name, key.public, public)
    program = check_program(shape)
    found = device.check(program, key_words(key_of(key), shape), [
        proof_words(key, public, proof) for public, proof in proofs])
    return Checked([each.right for each in found], sum(each.cycles for each in found))


def self_check(shape: CheckShape, key: VerificationKey) -> SelfCheck:
    """What a device that has programs of `shape` checks its own proofs under a key by."""
    return SelfCheck(check_program(shape), key_words(key, shape),
                     key.public_points)


def proof_words(key: PlainKey, public: Sequence[int], proof: PlainProof) -> list[int]:
    """The inputs of `firmware.pairing.programs.proof_check`, with coordinates as files have them.
    """
    return [part * BN254.file_radix % BN254.base.modulus for part in (
        *proof.a, *proof.c, *proof.b, *signals_point(key, public))]


def is_right(sent: Sequence[int]) -> bool:
    """What the words say that `firmware.pairing.programs.groth16_check` sends of a proof."""
    zeros = VALUES + 1 + MUST_BE_ZERO
    return not any(sent[:zeros]) and any(sent[zeros:])


def key_words(key: VerificationKey, shape: WideShape) -> list[int]:
    """The key of `firmware.pairing.programs.groth16_check`, in the multiplier's Montgomery form:
    the lines of -gamma and -delta in turns, and e(alpha, beta)."""
    gamma, delta = (stored_lines(negative((_pair(point[:2]), _pair(point[2:]))))
                    for array in (key.gamma_g2, key.delta_g2)
                    for point in from_array(Group.G2, array))
    plain = [part for lines in zip(gamma, delta, strict=True) for line in lines
             for pair in line for part in pair]
    value = coefficients(key.alpha_g1, key.beta_g2)
    # w^n is w^(n mod 2) v^(n div 2).
    plain += [part for n in range(6) for part in value[n % 2][n // 2]]
    return [part * shape.multiplier.radix % shape.field.modulus for part in plain]


def signals_point(key: PlainKey, public: Sequence[int]) -> Numbers:
    """L, ``public_points[0] + sum(public[i] * public_points[i + 1])``."""
    points = key_of(key).public_points
    total = add(Group.G1, points[0], multi_scalar_multiplication(
        Group.G1, points[1:], to_limbs(public)))
    return from_array(Group.G1, total)[0]


def _pair(parts: Numbers) -> tuple[int, int]:
    return parts[0], parts[1]


def _homogeneous(point: Numbers) -> tuple[int, int, int]:
    """x, y, z of a point of G1; 0, 1, 0 at infinity."""
    return (point[0], point[1], 1) if any(point) else (0, 1, 0)
