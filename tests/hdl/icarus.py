"""Benches of buses, by cocotbext-axi's models of the other side, under Icarus."""

import shutil

import pytest
from cocotb_tools.runner import get_runner


def run(module, top, text, folder, only=None, **environment):
    """Run the bench `module` on the module `top`, which is `text`; of its tests `only` one.

    Skips, saying why, where the models or Icarus are missing; SystemExit where a test fails.
    """
    pytest.importorskip("cocotbext.axi")
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not there: apt-get install iverilog")
    (folder / f"{top}.sv").write_text(text)
    runner = get_runner("icarus")
    runner.build(sources=[folder / f"{top}.sv"], hdl_toplevel=top, build_dir=folder / "build",
                 timescale=("1ns", "1ps"))
    runner.test(test_module=module, hdl_toplevel=top, build_dir=folder / "build",
                test_dir=folder, testcase=only, extra_env=environment, seed=1)
