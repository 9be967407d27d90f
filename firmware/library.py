"""The programs in ``firmware/programs``, by name, and the processors they run on by themselves."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from proofmill.firmware.assembler import assemble_file
from proofmill.firmware.program import Program
from proofmill.firmware.target import Target
from proofmill.hdl.curve import BN254, TOY_CURVE, Curve, Group
from proofmill.hdl.field import BN254_BASE, BN254_SCALAR, TOY, PrimeField
from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.processor_shape import standalone

FOLDER = Path(__file__).with_name("programs")


def _target(field: PrimeField, curve: Curve | None, *, operand_bits: int, digit: int,
            limb: int) -> Target:
    return Target(shape=standalone(MultiplierShape(
        field=field, operand_bits=operand_bits, digit=digit, limb=limb)), curve=curve)


TARGETS = {
    "bn254-base": _target(BN254_BASE, BN254, operand_bits=264, digit=26, limb=34),
    "bn254-scalar": _target(BN254_SCALAR, None, operand_bits=264, digit=26, limb=34),
    "toy": _target(TOY, TOY_CURVE, operand_bits=22, digit=6, limb=8),
}
"""For each field a processor with a multiplier of its own, cut as `hdl.presets` has it."""


def with_inverter(target: Target) -> Target:
    """`target` with an inverter beside its multiplier."""
    shape = target.shape
    return replace(target, shape=replace(shape, inverter=InverterShape.of(shape.multiplier)))


def names() -> list[str]:
    """The programs there are."""
    return sorted(path.stem for path in FOLDER.glob("*.asm"))


def finishing_program(shape: MsmShape) -> Program | None:
    """What the finisher of a multi-scalar multiplication runs: ``finish.asm`` for its processor
    and its curve, of a curve without G2 ``combine_g1.asm``; None where `shape` has no finisher."""
    if not shape.finisher:
        return None
    curve = shape.adder.curve
    return program("finish" if Group.G2 in curve.b else "combine_g1",
                   Target(shape=shape.processor, curve=curve))


@cache
def program(name: str, target: Target) -> Program:
    """Program `name` for `target`."""
    return assemble_file(FOLDER / f"{name}.asm", target)
