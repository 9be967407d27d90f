"""``proofmill field``: microprograms called by themselves."""

import json

import pytest

from proofmill.firmware.assembler import assemble
from proofmill.firmware.disassembler import disassemble
from proofmill.firmware.library import FOLDER, TARGETS, names, program, with_inverter
from proofmill.hdl.microcode import markdown
from proofmill.host.cli.main import main

BASE = TARGETS["bn254-base"].shape.field.modulus
SCALAR = TARGETS["bn254-scalar"].shape.field.modulus


@pytest.fixture
def run(capsys):
    """Run ``proofmill field``; return (status, stdout, stderr)."""
    def run_line(*arguments):
        try:
            status = main(["field", *map(str, arguments)])
        except SystemExit as error:
            status = error.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err
    return run_line


@pytest.mark.parametrize("device", ["rtl", "interpreter"])
@pytest.mark.parametrize(("arguments", "result", "cycles"), [
    (("invert", 77), pow(77, -1, 163), 458),
    (("power", 5, "0x10"), pow(5, 16, 163), 458),
    (("power", 0, 0), 1, 458),
    (("power", 0, 162), 0, 458),  # not 0 ** 0, though 162 is 0 modulo 162
    (("power", 5, 10**30), pow(5, 10**30, 163), 458),
    (("multiply", 162, 162), 1, 44),
    (("invert", 77, "--inverter"), pow(77, -1, 163), 119),
])
def test_calculations_print_the_result_and_the_cycles(run, device, arguments, result, cycles):
    status, out, _ = run(*arguments, "--modulus", "toy", "--device", device)
    assert status == 0
    assert out.splitlines() == [str(result), f"{cycles} cycles ({device}, toy)"]
    status, out, _ = run(*arguments, "--modulus", "toy", "--device", device, "--json")
    assert json.loads(out) == {
        "result": str(result), "cycles": cycles, "modulus": "toy", "device": device}


@pytest.mark.parametrize(("name", "modulus"), [("bn254-base", BASE), ("bn254-scalar", SCALAR)])
def test_calculations_at_full_width(run, name, modulus):
    """Results are integers of 254 bits; --json gives them as text."""
    for value in (2, modulus - 1, modulus // 3):
        _, out, _ = run("invert", value, "--modulus", name, "--device", "interpreter", "--json")
        assert int(json.loads(out)["result"]) * value % modulus == 1


@pytest.mark.parametrize(("arguments", "parts"), [
    (("invert", 0), ["0 has no inverse in bn254-base", "from 1 to"]),
    (("invert", BASE), [f"{BASE} is no element of bn254-base", f"from 0 to {BASE - 1}"]),
    (("multiply", 5, -1), ["-1 is no element of bn254-base"]),
    (("power", 5, -2), ["exponent -2 is below 0", "proofmill field invert"]),
    (("assemble", "no.asm"), ["there is no file no.asm", "like firmware/programs/invert.asm"]),
    (("disassemble", "no"), ["there is no file no", "invert, multiply"]),
    (("disassemble", "combine_g1", "--modulus", "bn254-scalar"),
     ["combine_g1 needs a curve", "say --modulus bn254-base"]),
])
def test_mistakes_are_told_in_one_line(run, arguments, parts):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1 and err.startswith("proofmill: ")
    assert all(part in err for part in parts), err


def test_what_is_no_number_is_named(run):
    status, _, err = run("invert", "seven")
    assert status == 2 and "'seven' is no number; write it like 42 or 0x2a" in err


def test_the_table(run):
    assert run("isa")[:2] == (0, markdown() + "\n")


def test_assemble_and_disassemble(run, tmp_path):
    image = tmp_path / "invert.image"
    assert run("assemble", FOLDER / "invert.asm", "--modulus", "toy", "--out", image)[0] == 0
    status, printed, _ = run("assemble", FOLDER / "invert.asm", "--modulus", "toy")
    assert status == 0 and printed == image.read_text()
    status, text, _ = run("disassemble", image)
    again = assemble(text, TARGETS["toy"])
    assert status == 0 and again.instructions == program("invert", TARGETS["toy"]).instructions


def test_assemble_and_disassemble_for_an_inverter(run):
    _, printed, _ = run("assemble", FOLDER / "invert.asm", "--inverter")
    beside = program("invert", with_inverter(TARGETS["bn254-base"]))
    assert printed == beside.image()
    assert run("disassemble", "invert", "--inverter")[1] == disassemble(beside)


def test_programs_of_the_library_are_disassembled_by_name(run):
    for name in names():
        assert run("disassemble", name)[0] == 0


def test_a_wrong_program_leaves_no_file(run, tmp_path):
    source, out = tmp_path / "wrong.asm", tmp_path / "out"
    source.write_text("halt\n  divide r0, r1, r2\n")
    status, printed, err = run("assemble", source, "--out", out)
    assert (status, printed) == (2, "") and not out.exists()
    assert err == "proofmill: wrong.asm:2:3: no operation is called 'divide'\n"


@pytest.mark.parametrize("command", ["assemble", "disassemble"])
def test_binary_files_are_refused(run, tmp_path, command):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    status, out, err = run(command, tmp_path / "binary")
    assert (status, out) == (2, "") and "binary is no text" in err
