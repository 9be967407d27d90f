"""The assembler: every mistake named with line and column; text, words and back."""

from pathlib import Path

import pytest

from proofmill.firmware.assembler import AssemblyError, assemble, assemble_file
from proofmill.firmware.disassembler import disassemble
from proofmill.firmware.formulas import lower
from proofmill.firmware.library import TARGETS, names, program, with_inverter
from proofmill.firmware.program import HEADING, ImageError, from_image
from proofmill.hdl.curve import BN254, Group
from proofmill.hdl.microcode import (
    FIELDS,
    INSTRUCTION_BITS,
    TABLE,
    Operand,
    Operation,
    Unit,
    decode,
    encode,
    markdown,
    mnemonic,
)
from tests.firmware.pairs import cases

TOY, SCALAR = TARGETS["toy"], TARGETS["bn254-scalar"]


def code(operation, **fields):
    return {name: 0 for name in FIELDS} | {"operation": operation} | fields


def test_an_instruction_of_each_kind():
    text = """
    .number far = 2 + 3 * 2
    .register one
    .register table[4]
    .constant two = 2
    begin: add one, table[1], r9     # comments and labels on a line
    multiply table[c2], table[c3 + 1], two
    step c1, -1
    set c7, far
    digit c1, two, c2
    jump_if_bit r1, c1, begin
    loop c4, end
    end: halt
    """
    assembled = assemble(text, TOY)
    assert list(assembled.instructions) == [
        code(Operation.ADD, target=0, left=2, right=9),
        code(Operation.MULTIPLY, target=1, target_index=2, left=2, left_index=3, right=5),
        code(Operation.STEP, counter=1, number=1023),
        code(Operation.SET, counter=7, number=8),
        code(Operation.DIGIT, counter=1, left=5, position=2),
        code(Operation.JUMP_IF_BIT, left=1, position=1, number=0),
        code(Operation.LOOP, counter=4, number=7),
        code(Operation.HALT),
    ]
    assert assembled.constants == {5: 2}
    assert assembled.registers == 10
    assert assembled.labels == {"begin": 0, "end": 7}


@pytest.mark.parametrize(("text", "place", "message"), [
    ("divide r0, r1, r2", "4:3", "no operation is called 'divide'"),
    ("add r0, r1", "4:3", "add takes target, left, right, not 2 operands"),
    ("halt r1", "4:3", "halt takes nothing, not 1 operands"),
    ("add r0, r1, x", "4:15", "no register is called 'x'"),
    ("add r0, r256, r1", "4:11", "registers are r0 to r255"),
    ("add r0, , r1", "4:11", "'' is no register"),
    ("add r0, table, r1", "4:11", r"table is 4 registers; say which, table\[0\] to table\[3\]"),
    ("add r0, table[4], r1", "4:17", "table has 4 registers, no number 4"),
    ("add r0, table[c8], r1", "4:17", "'c8' is no counter; they are c1 to c7"),
    ("add r0, table[c0], r1", "4:17", "'c0' is no counter"),
    ("move k, r1", "4:8", "k is a constant and cannot be written"),
    ("set c1, 1024", "4:11", "1024 is no number of 10 bits"),
    ("set c1, up", "4:11", "no number is called 'up'"),
    ("set c1, 1 / 2", "4:11", "'1 / 2' cannot stand in an expression"),
    ("set c1, 1 % 0", "4:11", "1 % 0 divides by zero"),
    ("set c1, 2 ** 9999", "4:11", "an exponent or shift is 0 to 4096"),
    ("set c1, (", "4:11", r"'\(' is no expression"),
    ("set r1, 1", "4:7", "'r1' is no counter"),
    ("jump nowhere", "4:8", "no label is called 'nowhere'"),
    ("jump 3", "4:8", "'3' is no name of a label"),
    ("here:", "4:3", "the label 'here' is there already"),
    (".registers k", "4:3", "no directive is called '.registers'"),
    (".register k", "4:13", "the name 'k' is taken"),
    (".register r7", "4:13", "the name 'r7' is taken"),
    (".register c2", "4:13", "the name 'c2' is taken"),
    (".register big[252]", "4:13", "252 more registers cannot be had: 251 are left"),
    (".register none[0]", "4:13", "0 more registers cannot be had"),
    (".constant k", "4:13", "a .constant is NAME = VALUE"),
    (".number two = 1, 2", "4:11", "a .number needs a value"),
    (".include file", "4:12", "names its file in double quotes"),
    ('.include "absent.asm"', "4:12", '"absent.asm" cannot be read'),
    (".formula sum g1, table", "4:12", "begins with one of addition, doubling"),
    (".formula addition g3, table", "4:12", "one of g1, g2"),
    (".formula doubling g1, table", "4:12", "doubling takes a target and 1 operands"),
    (".formula doubling g1, table, table", "4:32", "takes 3 registers here, table is 4"),
    (".formula doubling g1, table, table[0:3]", "4:12",
     "doubling gives 3 elements, the target has 4"),
    (".formula doubling g1, k, table[0:3]", "4:25", "k is a constant"),
    (".formula doubling g1, table[0:3], table[2:5]", "4:37", "table has 4 registers, not 2 to 5"),
    (".formula doubling g1, table[c1], table[0:3]", "4:25", "cannot be indexed by a counter"),
    (".if", "4:6", "'' is no expression"),
    (".if 1", "4:3", "this .if has no .end"),
    (".else", "4:3", "there is no .if for this .else"),
    (".end", "4:3", "there is no .if for this .end"),
    (".if 0\n.else\n.else\n.end", "6:1", "there is no .if for this .else"),
    (".if 0\n.end 1", "5:6", "nothing stands behind .end"),
    ("invert r0, r1", "4:3", "this processor has no inverter; write .if inverter"),
])
def test_mistakes_are_named_with_line_and_column(text, place, message):
    before = ".register table[4]\n.constant k = 1\nhere:\n"
    with pytest.raises(AssemblyError, match=f"^toy.asm:{place}: .*{message}"):
        assemble(f"{before}  {text}\nhalt", TOY, file="toy.asm")


def test_mistakes_in_included_texts_are_named_by_their_file(tmp_path):
    (tmp_path / "inner.asm").write_text("halt\nhold\n")
    (tmp_path / "outer.asm").write_text('.include "inner.asm"\n')
    with pytest.raises(AssemblyError, match="^inner.asm:2:1: no operation is called 'hold'"):
        assemble_file(tmp_path / "outer.asm", TOY)


def test_a_text_is_included_once(tmp_path):
    (tmp_path / "inner.asm").write_text(".register k\nhalt\n")
    (tmp_path / "outer.asm").write_text('.include "inner.asm"\n.include "inner.asm"\n')
    assert len(assemble_file(tmp_path / "outer.asm", TOY).instructions) == 1


@pytest.mark.parametrize(("text", "message"), [
    ("# nothing", "wrong.asm:1:1: there is no instruction"),
    ("halt\n" * 1025, "wrong.asm:1025:1: the program is longer than 1024 instructions"),
    (".register all[250]\n.formula addition g2, all[0:6], all[0:6], all[6:12]\nhalt",
     "wrong.asm:1:1: the program needs .* registers, its formulas' temporaries included; there "),
])
def test_programs_that_do_not_fit_are_refused(text, message):
    with pytest.raises(AssemblyError, match=message):
        assemble(text, TOY, file="wrong.asm")


def test_a_formula_is_lowered_the_same_way_every_time():
    """Wherever in memory its steps lie: the gateware's hash, its identity, depends on it."""
    kept, found = [], set()
    for n in range(20):
        kept.append([object() for _ in range(n)])
        found.add(tuple(lower("addition", BN254, Group.G2, 20, range(6),
                              [range(6), range(6, 12)], 12)))
    assert len(found) == 1


@pytest.mark.parametrize(("target", "inner", "expected"), [
    (TOY, 0, "move move"), (TOY, 1, "move move"),
    (with_inverter(TOY), 0, "invert add move"), (with_inverter(TOY), 1, "invert subtract move")])
def test_what_is_read_depends_on_conditions(target, inner, expected):
    """Within what is not read nothing is looked at, names that are not there either."""
    text = f"""
    .if inverter
        invert r0, r1
        .if {inner} * 3   # another one within
            subtract r0, r1, r2
        .else
            add r0, r1, r2
        .end
    .else
        move r0, r1
        .if {"0" if target is TOY else "nowhere"}
        .end
    .end
    move r1, r2
    """
    assembled = assemble(text, target)
    assert " ".join(mnemonic(code["operation"]) for code in assembled.instructions) == expected


def test_a_condition_ends_in_its_own_text(tmp_path):
    (tmp_path / "inner.asm").write_text("halt\n.end")
    (tmp_path / "outer.asm").write_text('.if 1\n.include "inner.asm"\n.end\n')
    with pytest.raises(AssemblyError, match="^inner.asm:2:1: there is no .if for this .end"):
        assemble_file(tmp_path / "outer.asm", TOY)


def test_a_formula_needs_a_curve():
    text = ".register p[3]\n.formula doubling g1, p, p"
    with pytest.raises(AssemblyError, match="2:10: a formula needs a curve"):
        assemble(text, SCALAR)


@pytest.mark.parametrize("beside", [False, True], ids=["", "inverter"])
@pytest.mark.parametrize("field", TARGETS)
@pytest.mark.parametrize("name", names())
def test_text_and_words_of_every_program_and_back(name, field, beside):
    target = with_inverter(TARGETS[field]) if beside else TARGETS[field]
    if target.curve is None and name.startswith(("combine", "finish")):
        pytest.skip("no curve over this field")
    assembled = program(name, target)
    for again in (assemble(disassemble(assembled), target), from_image(assembled.image())):
        assert (again.instructions, again.constants, again.registers, again.labels, again.entry,
                again.field_name) == (
            assembled.instructions, assembled.constants, assembled.registers, assembled.labels,
            assembled.entry, assembled.field_name)


@pytest.mark.parametrize(("text", "message"), [
    ("", "image:1: an assembled program begins with the line 'proofmill-microprogram 1'"),
    ("field toy\nregisters 2\nword", "image:4: 'word' is wrong: no line of an assembled"),
    ("field toy\nregisters 2\nword xyz", "image:4: 'word xyz' is wrong"),
    (f"field toy\nregisters 2\nword {1 << INSTRUCTION_BITS:x}", "has more than the 54 bits"),
    ("field toy\nregisters 2\nword 1f", "image:4: 'word 1f' is wrong: 31 is not a valid"),
    ("field toy\nword 0", "number of registers .* missing"),
])
def test_what_is_no_assembled_program_is_refused(text, message):
    with pytest.raises(ImageError, match=message):
        from_image(f"{HEADING}\n{text}" if text else "", "image")


def test_the_table_covers_every_operation_and_field():
    assert set(TABLE) == set(Operation)
    assert {kind for entry in TABLE.values() for kind in entry.operands} == set(Operand)
    assert {entry.unit for entry in TABLE.values()} == set(Unit)
    for operation in Operation:
        fields = code(operation, target=255, left_index=7, number=1023, position=1)
        assert decode(encode(fields)) == fields


def test_a_field_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="target = 256 does not fit 8 bits"):
        encode(code(Operation.ADD, target=256))


def test_the_documentation_has_the_table():
    page = (Path(__file__).parents[2] / "docs" / "firmware.md").read_text()
    assert markdown() in page
    assert all(f"`{name}.asm`" in page for name in names())
    assert all(f"`{mnemonic(operation)}" in page for operation in Operation)


def test_a_program_without_its_partner_is_an_error(tmp_path):
    (tmp_path / "alone.asm").write_text("halt")
    with pytest.raises(FileNotFoundError, match="alone.asm has no partner alone.expected"):
        cases(tmp_path)
    (tmp_path / "alone.expected").write_text("case = []")
    (tmp_path / "other.expected").write_text("case = []")
    with pytest.raises(FileNotFoundError, match="other.expected has no partner other.asm"):
        cases(tmp_path)


def test_every_program_has_a_case():
    assert {case.program for case in cases()} == set(names())
