"""Every field of a shape is in its description, and so in what the gateware is known by."""

import json
from dataclasses import fields, is_dataclass, replace

import pytest

from proofmill.boards.shapes import FIVE_ROWS, SMALL_TOY
from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.commands import IDENTITY
from proofmill.hdl.curve import BN254, TOY_CURVE, Curve, Group
from proofmill.hdl.description import describe, in_words, shape_from
from proofmill.hdl.field import BLS12_381_BASE, BN254_SCALAR, PrimeField
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.presets import (
    STANDARD,
    TOY_SHAPE,
    at_interval,
    control_only,
    with_matrices,
    with_transforms,
)
from proofmill.sim.verilated import shape_key

KARATSUBA = replace(STANDARD, adder=replace(STANDARD.adder, multiplier=KaratsubaShape(
    field=BN254.base, operand_bits=264, digit=17, limb=26, depth=2)))

TWO_MODULI = replace(with_transforms(STANDARD), transforms=None)

SHAPES = {"pipelined": STANDARD, "karatsuba": KARATSUBA, "folded": FIVE_ROWS}

OTHER = {
    "curve": lambda curve: TOY_CURVE, "field": lambda field: BLS12_381_BASE,
    "second": lambda field: BN254_SCALAR,
    "intervals": lambda intervals: intervals[::-1], "sum_latency": lambda cycles: 8 - cycles,
    "carry_cycles": lambda cycles: 3 - cycles, "digit": lambda bits: bits - 1,
    "datapath": lambda there: not there, "finisher": lambda there: not there,
    "transforms": lambda power: 3, "batch": lambda pairs: 64, "port": lambda words: 2,
    "matrices": lambda bits: 4, "evaluation": lambda there: True,
    "one_way": lambda there: True, "check": lambda there: True, "tables": lambda steps: 1,
}
"""Another value of a field, by its name; of those that are not here, one more."""


def changed(shape):
    """(field, `shape` with that field changed), for every field, and of the shapes within it."""
    for field in fields(shape):
        value = getattr(shape, field.name)
        if is_dataclass(value) and not isinstance(value, Curve | PrimeField):
            for name, inner in changed(value):
                yield f"{field.name}.{name}", replace(shape, **{field.name: inner})
            continue
        changes = {field.name: OTHER.get(field.name, lambda number: number + 1)(value)}
        if field.name == "field":  # whose values need wider operands
            changes["operand_bits"] = 400
        if field.name == "transforms":  # which take a multiplier by two moduli
            changes["adder"] = with_transforms(shape).adder
        if field.name in ("evaluation", "one_way", "check"):  # which are for transforms
            changes |= {"transforms": 4, "adder": with_transforms(shape).adder}
        if field.name == "check":  # of proofs that are made
            changes["evaluation"] = True
        if field.name == "matrices":  # which take a multiplier that can
            changes["adder"] = with_matrices(shape).adder
        yield field.name, replace(shape, **changes)


@pytest.mark.parametrize("kind", SHAPES)
def test_every_field_changes_the_key_and_the_description(kind):
    shape = SHAPES[kind]
    assert shape.adder.multiplier.kind == kind
    seen = {shape_key(shape): "as it was"}
    for name, another in changed(shape):
        key = shape_key(another)
        assert key not in seen, f"{name} changes nothing that {seen[key]} does not"
        seen[key] = name
    assert {"adder.sum_latency", "adder.multiplier.carry_cycles", "datapath"} <= set(seen.values())


def test_another_kind_of_multiplier_is_another_key():
    """Without a depth, Karatsuba's has the very fields of a pipelined one."""
    plain = STANDARD.adder.multiplier
    same = {field.name: getattr(plain, field.name) for field in fields(plain)}
    words = describe(KaratsubaShape(**same, depth=0))
    assert words.pop("depth") == 0 and words != describe(plain)
    assert words | {"kind": "pipelined"} == describe(plain)


@pytest.mark.parametrize("shape", [*SHAPES.values(), TOY_SHAPE, SMALL_TOY, at_interval(1),
                                   control_only(TOY_SHAPE), TWO_MODULI, with_transforms(STANDARD)])
def test_a_shape_comes_back_from_its_description(shape):
    words = json.loads(json.dumps(describe(shape), sort_keys=True))  # as a record keeps it
    again = shape_from(MsmShape, words)
    assert again == shape and type(again.adder.multiplier) is type(shape.adder.multiplier)
    assert again.adder.intervals == shape.adder.intervals


def test_what_a_name_does_not_stand_for_has_no_description():
    other = replace(TOY_CURVE, scalar=BLS12_381_BASE)
    with pytest.raises(ValueError, match="'toy' does not name this Curve: enter it"):
        describe(replace(TOY_SHAPE, adder=replace(TOY_SHAPE.adder, curve=other)))
    field = PrimeField(name="toy", modulus=167)
    with pytest.raises(ValueError, match="'toy' does not name this PrimeField"):
        describe(replace(TOY_SHAPE.adder.multiplier, field=field))


@pytest.mark.parametrize("change,sentence", [
    ({"mailbox_bits": "11"}, "mailbox_bits is '11', which is no int"),
    ({"finisher": 1}, "finisher is 1, which is no bool"),
    ({"colour": 1}, "MsmShape has no 'colour'"),
    ({"adder": {}}, "AdderShape needs 'curve'"),
    ({"adder": 3}, "adder is 3, which is no AdderShape"),
])
def test_a_description_of_nothing_is_a_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        shape_from(MsmShape, describe(TOY_SHAPE) | change)


@pytest.mark.parametrize("change,sentence", [
    ({"curve": "bn255"}, "there is no Curve 'bn255'; there are bn254, bls12-381, bls12-377, toy"),
    ({"intervals": [["g3", 3]]}, "'g3' is not a valid Group"),
    ({"intervals": [["g1"]]}, "intervals is "),
    ({"multiplier": {"kind": "magic"}}, "there is no kind of multiplier 'magic'"),
])
def test_a_description_of_no_adder_is_a_sentence(change, sentence):
    words = describe(TOY_SHAPE)
    with pytest.raises(ValueError, match=sentence):
        shape_from(MsmShape, words | {"adder": words["adder"] | change})


def test_the_identity_is_the_descriptions_words():
    words = identity_words(STANDARD, 7, memory_words=9, clock_hz=2.5e6)
    assert tuple(words) == IDENTITY
    assert words | {"hash": 7, "digit": 26, "limb": 34, "mailbox_bits": 13, "interval_g1": 12,
                    "interval_g2": 36, "memory_words": 9, "clock_hz": 2_500_000, "datapath": 1,
                    "multipliers": 1, "adders": 3, "units": 1, "finisher": 1,
                    "transforms": 0} == words
    assert identity_words(replace(STANDARD, adder=replace(
        STANDARD.adder, intervals=((Group.G1, 12),))), 0)["interval_g2"] == 0


def test_a_description_in_words():
    assert in_words(describe(TOY_SHAPE)) == (
        "curve toy, kind pipelined, field toy, operand_bits 22, digit 6, limb 8, carry_cycles 1, "
        "multipliers 1, adders 3, intervals g1 12 and g2 36, units 1, sum_latency 2, "
        "mailbox_bits 6, datapath True, finisher True")
