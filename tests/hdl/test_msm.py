# amaranth: UnusedElaboratable=no
"""What a multi-scalar multiplication is made of, and what it refuses to be made of."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill import hdl
from proofmill.firmware.library import finishing_program
from proofmill.hdl.msm import Msm
from proofmill.hdl.presets import TOY_SHAPE


def test_hardware_stands_on_nothing_of_this_project_but_hardware():
    """Every import, wherever it is written: what runs on a processor of it is handed to it."""
    above = {"firmware", "sim", "boards", "host", "tests"}
    for path in Path(hdl.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                     else [node.module] if isinstance(node, ast.ImportFrom) else [])
            for name in names:
                assert name.split(".")[0] not in above, f"{path.name} imports {name}"


def test_a_finisher_without_a_program_is_refused():
    with pytest.raises(ValueError, match=r"^a finisher runs a program: give "):
        Msm(TOY_SHAPE)
    Msm(replace(TOY_SHAPE, finisher=False))
    assert finishing_program(replace(TOY_SHAPE, finisher=False)) is None


@pytest.mark.parametrize("bits", range(3))
def test_mailboxes_that_hold_no_window_are_refused(bits):
    with pytest.raises(ValueError, match=rf"^{1 << bits} mailboxes are too few for any window: the "
                                         rf"smallest takes 6; give more mailbox_bits than {bits}$"):
        Msm(replace(TOY_SHAPE, mailbox_bits=bits), finishing_program(TOY_SHAPE))
    Msm(replace(TOY_SHAPE, mailbox_bits=3), finishing_program(TOY_SHAPE))
