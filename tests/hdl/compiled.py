"""Any small component's Verilog, compiled: rows of inputs in, rows of outputs out, a row a cycle.

For exhaustive tests, which are out of reach of an interpreting simulator.
"""

import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib.wiring import Flow

from proofmill.hdl.emit import emit_verilog
from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.kept import keep, kept
from proofmill.sim.compiling import compiler, verilator

HARNESS = """
#include "Vdut.h"
extern "C" void run(const uint64_t* in, uint64_t* out, size_t cycles) {
    VerilatedContext context;
    Vdut top(&context);
    top.rst = 0;
    for (size_t cycle = 0; cycle < cycles; cycle++) {
        top.clk = 0;
        %s
        top.eval();
        %s
        top.clk = 1;
        top.eval();
    }
}
"""


def made(suffix, make, *key):
    """The file that ``make(folder)`` makes as ``folder/made``: from the cache, or made now."""
    place, entry = cache_folder("tests"), hashlib.sha256("\0".join(key).encode()).hexdigest()
    path = kept(place, entry, suffix)
    if path is None:
        with tempfile.TemporaryDirectory() as name:
            make(Path(name))
            path = keep(place, entry, suffix, [(Path(name) / "made").read_bytes()])
    return path


class Compiled:
    """`component`, whose ports have at most 64 bits, as a function of what its inputs are."""

    def __init__(self, component):
        self.inputs, self.outputs = [], []
        for path, member, _ in component.signature.flatten(component):
            assert Shape.cast(member.shape).width <= 64, path
            (self.inputs if member.flow is Flow.In else self.outputs).append(
                "__".join(map(str, path)))

        def port(name):  # Verilator writes the second of two underscores as its code
            return "top." + name.replace("__", "___05F")

        harness = HARNESS % (
            " ".join(f"{port(name)} = *in++;" for name in self.inputs),
            " ".join(f"*out++ = {port(name)};" for name in self.outputs))
        self._run = ctypes.CDLL(str(self._build(emit_verilog(component, "dut"), harness))).run
        self._run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        self._run.restype = None

    @staticmethod
    def _build(verilog, harness):
        binary, root = verilator()
        include = root / "include"
        command = [*compiler(), "-O1", "-std=c++17", "-w", "-fPIC", "-I", "cpp",
                   "-I", str(include), "-I", str(include / "vltstd")]

        def runtime(folder):
            subprocess.run([*command, "-c", str(include / "verilated.cpp"), "-o", "made"],
                           cwd=folder, check=True, capture_output=True)

        def library(folder):
            (folder / "dut.sv").write_text(verilog)
            (folder / "harness.cpp").write_text(harness)
            subprocess.run(
                [binary, "--cc", "--top-module", "dut", "-O3", "--no-timing", "-Wno-lint",
                 "-Wno-fatal", "--Mdir", "cpp", "dut.sv"], cwd=folder, check=True,
                env=os.environ | {"VERILATOR_ROOT": str(root)}, capture_output=True)
            # One translation unit: most of the time goes into the headers.
            (folder / "all.cpp").write_text("".join(
                f'#include "{path}"\n' for path in [*(folder / "cpp").glob("*.cpp"), "harness.cpp",
                                                    include / "verilated_threads.cpp"]))
            subprocess.run(
                [*command, "-I", ".", "-shared", "all.cpp", "-x", "none", str(verilated),
                 "-o", "made", "-lpthread"], cwd=folder, check=True, capture_output=True)

        verilated = made(".o", runtime, str(binary.stat().st_size), *command)
        return made(".so", library, verilog, harness, str(verilated))

    def run(self, cycles, **inputs):
        """Drive `inputs`, arrays of `cycles` numbers or one number each, from power-up on.

        Returns the outputs by name, as they stand before the edge that ends each cycle.
        """
        assert set(inputs) == set(self.inputs)
        rows = np.stack([np.broadcast_to(np.asarray(inputs[name], dtype=np.uint64), (cycles,))
                         for name in self.inputs], axis=1)
        rows = np.ascontiguousarray(rows)
        out = np.zeros((cycles, len(self.outputs)), dtype=np.uint64)
        self._run(rows.ctypes.data, out.ctypes.data, cycles)
        return {name: out[:, n] for n, name in enumerate(self.outputs)}
