"""What is kept and then damaged is told of in one line, and made again."""

import ctypes
import os
from collections.abc import Callable

import pytest

from proofmill.hdl.presets import TOY_SHAPE
from proofmill.host.cli.block_key import block_key
from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.kept import keep, kept
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.vyper_output import is_kept
from proofmill.host.prover.groth16.zkey import zkey_content
from proofmill.sim.verilated import gateware, library_of
from tests.host.prover.groth16.files import cube_circuit

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[:len(content) // 2],
    "flipped": lambda content: content[:-9] + bytes([content[-9] ^ 4]) + content[-8:],
    "emptied": lambda content: b"",
    "longer": lambda content: content + b"\0",
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))


def only(folder):
    (path,) = cache_folder(folder).iterdir()
    return path


def one_notice(capsys, path):
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("proofmill")]
    assert lines == [f"proofmill: {path} is damaged: it is removed, and made again"]


def test_an_entry_is_what_was_kept(tmp_path):
    assert kept(tmp_path, "entry", ".bin") is None
    path = keep(tmp_path, "entry", ".bin", [b"one", memoryview(b"two")])
    assert kept(tmp_path, "entry", ".bin") == path and path.read_bytes() == b"onetwo"
    assert kept(tmp_path, "ent", ".bin") is None and kept(tmp_path, "entry", ".so") is None
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_gone(damage, tmp_path, capsys):
    path = keep(tmp_path, "entry", ".bin", [b"a content that is long enough"])
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert kept(tmp_path, "entry", ".bin") is None
    one_notice(capsys, path)
    assert not path.exists()


def test_an_entry_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []

    def sync(descriptor):
        synced.append(sorted(path.suffix for path in tmp_path.iterdir()))

    monkeypatch.setattr(os, "fsync", sync)
    keep(tmp_path, "entry", ".bin", [b"content"])
    assert synced == [[".tmp"], [".bin"]]  # the file, then the folder with its name


def test_what_is_interrupted_leaves_nothing(tmp_path):
    def chunks():
        yield b"a"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path, "entry", ".bin", chunks())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_compiled_contract(damage, capsys):
    source = "# pragma version ^0.4.0\n@external\ndef one() -> uint256:\n    return 1\n"
    artifact = compile_source("one", source)
    path = only("contracts")
    right = path.read_bytes()
    path.write_bytes(DAMAGE[damage](right))
    assert not is_kept(source)
    one_notice(capsys, path)
    assert compile_source("one", source) == artifact
    assert only("contracts") == path and path.read_bytes() == right and is_kept(source)
    path.write_bytes(DAMAGE[damage](right))
    assert compile_source("one", source) == artifact
    one_notice(capsys, path)


class Circuit:
    r1cs = cube_circuit()


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_development_key(damage, capsys):
    content = b"".join(zkey_content(block_key(Circuit, 3)))
    path = only("keys")
    assert path.read_bytes() == content
    path.write_bytes(DAMAGE[damage](content))
    assert b"".join(zkey_content(block_key(Circuit, 3))) == content
    one_notice(capsys, path)
    assert only("keys").read_bytes() == content


def test_gateware(capsys):
    ware = gateware(TOY_SHAPE)
    path = only("verilog")
    path.write_bytes(DAMAGE["truncated"](path.read_bytes()))
    assert gateware(TOY_SHAPE) == ware
    one_notice(capsys, path)
    assert only("verilog") == path


VERILOG = "module inverter(input [7:0] in, output [7:0] out); assign out = ~in; endmodule"
HARNESS = """
#include "Vinverter.h"
extern "C" int inverted(int in) {
    VerilatedContext context;
    Vinverter top(&context);
    top.in = in;
    top.eval();
    return top.out;
}
"""


@pytest.mark.slow
def test_a_simulation(tmp_path, capsys):
    """A library cut short would end the process with a bus error when it is loaded."""
    harness = tmp_path / "harness.cpp"
    harness.write_text(HARNESS)

    def library():
        return library_of(VERILOG, "inverter", harness, lambda what, done, total: None)

    path = library()
    path.write_bytes(DAMAGE["truncated"](path.read_bytes()))
    again = library()
    one_notice(capsys, path)
    assert ctypes.CDLL(str(again)).inverted(0x5A) == 0xA5
    assert only("simulation") == again == library()
    assert "damaged" not in capsys.readouterr().err
