"""Programs of wide processors in the cache."""

import subprocess
import sys
from dataclasses import fields

import pytest

from proofmill.firmware.straight_line import Builder
from proofmill.firmware.wide_program import WideProgram, assemble
from proofmill.hdl.field import BN254_BASE
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, wide, with_check
from proofmill.host.ground.parent import same_packages
from proofmill.sim import programs
from proofmill.sim.compiling import BuildError
from proofmill.sim.programs import kept_program
from proofmill.sim.wide_processor import run
from tests.hdl.test_transform_accelerator import FOLDED

SHAPE = with_check(TOY_SHAPE).checker
made = []


def power(shape, exponent):
    """``key x ** exponent + 1 / x``, of x."""
    made.append(exponent)
    builder = Builder(shape)
    x = builder.input()
    total = builder.key() * builder.constant(1)
    for _ in range(exponent):
        total = (total * x).computed()
    builder.output(total + builder.inverse(x))
    return assemble(builder)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    monkeypatch.setattr(programs, "_opened", {})
    made.clear()


def again(*arguments):
    """As another process asks."""
    programs._opened.clear()
    return kept_program(*arguments)


def test_they_are_made_once(tmp_path):
    one = kept_program(power, SHAPE, 3)
    assert kept_program(power, SHAPE, 3) is one
    other = again(power, SHAPE, 3)
    assert other is not one and made == [3]
    for field in fields(WideProgram):
        assert getattr(other, field.name) == getattr(one, field.name), field.name
    p = SHAPE.field.modulus
    for x in range(p):
        assert run(one, [x], [9]).sent == run(other, [x], [9]).sent
    path, = (tmp_path / "programs").iterdir()
    assert path.suffix == ".json"


def test_others_are_others():
    """By what makes them, its argument and the shape, whatever that is within."""
    shapes = [SHAPE, with_check(FOLDED).checker, wide(TOY_SHAPE.adder.multiplier),
              wide(STANDARD.adder.multiplier)]
    found = [kept_program(power, shape, exponent) for shape in shapes for exponent in (1, 2)]
    assert made == 4 * [1, 2]
    assert [again(power, shape, exponent).words for shape in shapes for exponent in (1, 2)] == [
        each.words for each in found]
    assert made == 4 * [1, 2] and found[-1].shape.field == BN254_BASE


@pytest.mark.parametrize("spoil", [lambda content: content[:-9], lambda content: b"{}",
                                   lambda content: content.replace(b"1", b"2")])
def test_a_damaged_one_is_made_again(spoil, tmp_path, capsys):
    one = kept_program(power, SHAPE, 2)
    path, = (tmp_path / "programs").iterdir()
    path.write_bytes(spoil(path.read_bytes()))
    assert again(power, SHAPE, 2).words == one.words and made == [2, 2]
    assert f"{path} is damaged: it is removed, and made again" in capsys.readouterr().err
    assert again(power, SHAPE, 2).words == one.words and made == [2, 2]


def test_it_is_said_that_one_is_made():
    told = []
    for _ in range(2):
        programs._opened.clear()
        kept_program(power, SHAPE, 2, lambda *each: told.append(each))
    assert told == [("scheduling the program", 0, 1)]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "programs").write_text("a file")
    with pytest.raises(BuildError, match="programs: .*; set PROOFMILL_CACHE to another folder"):
        kept_program(power, SHAPE, 2)


def test_another_process_makes_none():
    """One that is given what this one has made."""
    code = ("from tests.sim.test_programs import *; "
            "print(len(kept_program(power, SHAPE, 2).words), len(made))")
    found = [subprocess.run([sys.executable, "-c", code], env=same_packages(), check=True,
                            capture_output=True, text=True).stdout.split() for _ in range(2)]
    length = str(len(power(SHAPE, 2).words))
    assert found == [[length, "1"], [length, "0"]]
