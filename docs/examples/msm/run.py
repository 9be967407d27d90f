"""Build top.sv and the accelerator's Verilog in a simulator, and run sums.py on it.

A sum that is wrong ends it with another status than 0.
"""

import sys

from cocotb_tools.runner import get_runner

runner = get_runner(sys.argv[1] if len(sys.argv) > 1 else "icarus")
runner.build(sources=["accelerator.sv", "top.sv"], hdl_toplevel="top",
             timescale=("1ns", "1ps"), build_dir="build")
runner.test(test_module="sums", hdl_toplevel="top", build_dir="build", test_dir=".")
