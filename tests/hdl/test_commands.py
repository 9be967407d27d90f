from dataclasses import replace
from random import Random

import pytest
from amaranth.back import rtlil

from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import (
    ANSWER,
    COUNTERS,
    DESCRIPTIONS,
    HEADER,
    IDENTITY,
    IDENTITY_PLACEHOLDER,
    MAGIC,
    PLACE,
    REGION,
    WORD,
    WORDS,
    Command,
    Error,
    errors,
    name_word,
    pack,
    unpack,
)
from proofmill.hdl.presets import TOY_SHAPE

LAYOUTS = {"header": HEADER, "place": PLACE, "region": REGION, "answer": ANSWER}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_words_there_and_back(layout):
    assert layout.size == WORD
    rng = Random(1)
    for fill in (lambda width: 0, lambda width: (1 << width) - 1, rng.getrandbits):
        fields = {name: fill(field.width) for name, field in layout}
        assert unpack(layout, pack(layout, **fields)) == fields
    assert unpack(layout, (1 << WORD) - 1) == {
        name: (1 << field.width) - 1 for name, field in layout}


def test_the_first_field_is_in_the_lowest_bits():
    assert pack(HEADER, command=3, group=1, window=5, windows=0x1234) == 0x12340_50103
    assert pack(PLACE, address=7, count=9) == 9 << 32 | 7
    assert pack(ANSWER, last=1) == 1 << 8


@pytest.mark.parametrize("layout, fields, sentence", [
    (HEADER, {"window": 256}, "^window = 256 does not fit 8 bits$"),
    (PLACE, {"count": 1 << 32}, "^count = 4294967296 does not fit 32 bits$"),
    (REGION, {"second_region": -1}, "^second_region = -1 does not fit 32 bits$"),
])
def test_a_field_that_does_not_fit_is_refused(layout, fields, sentence):
    with pytest.raises(ValueError, match=sentence):
        pack(layout, **fields)


def test_the_table_is_whole():
    assert set(WORDS) == set(DESCRIPTIONS) == set(Command)
    assert all(layouts[0] is HEADER for layouts in WORDS.values())
    assert len(set(IDENTITY)) == len(IDENTITY) and len(set(COUNTERS)) == len(COUNTERS)


def test_names_and_magic():
    assert MAGIC.to_bytes(8, "little") == b"PROFMILL"
    assert IDENTITY_PLACEHOLDER.to_bytes(8, "little") == b"identidy"[::1]
    assert name_word("bn254").to_bytes(8, "little").rstrip(b"\0") == b"bn254"
    assert name_word("bls12-381").to_bytes(8, "little") == b"bls12-38"


def test_gateware_without_a_mode_names_no_codes_of_its():
    """Its netlist names all that it has, so a record of before the mode stays true."""
    modes = {"MATRICES": "matrices", "EVALUATION": "evaluation", "CHECK": "check",
             "PROOF": "check"}
    every = dict.fromkeys(modes.values(), True)
    assert [each.name for each in errors(**every)] == [each.name for each in Error]
    text = rtlil.convert(Accelerator(replace(TOY_SHAPE, finisher=False)))
    for name, mode in modes.items():
        without = errors(**every | {mode: False})
        assert {each.name for each in Error} - {each.name for each in without} == {
            each for each, other in modes.items() if other == mode}
        assert name not in text
