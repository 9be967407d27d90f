"""Hold the S-box to the definition, with a reader that stalls, and write it as Verilog.

``python simulate.py bn254`` writes BN254's, which takes a minute.
"""

import sys
from pathlib import Path
from random import Random

from amaranth.sim import Simulator
from sbox import BN254, SMALL, SBox

from proofmill.hdl.emit import emit_verilog

P = SMALL.field.modulus
VALUES = [0, 1, P - 1, *(Random(1).randrange(P) for _ in range(60))]


def main() -> None:
    """Raise where a power is wrong."""
    box, found, rng = SBox(SMALL), [], Random(2)

    async def send(context):
        for value in VALUES:
            context.set(box.i.payload, value * SMALL.radix % P)
            context.set(box.i.valid, 1)
            await context.tick().until(box.i.ready)
        context.set(box.i.valid, 0)

    async def receive(context):
        while len(found) < len(VALUES):
            context.set(box.o.ready, ready := rng.random() < 0.7)
            *_, valid, power = await context.tick().sample(box.o.valid, box.o.payload)
            if ready and valid:
                found.append(power * pow(SMALL.radix, -1, P) % P)

    simulator = Simulator(box)
    simulator.add_clock(1e-8)
    simulator.add_testbench(send)
    simulator.add_testbench(receive)
    simulator.run()
    assert found == [pow(value, 5, P) for value in VALUES], found
    print(f"{len(found)} fifth powers are right, {box.latency} cycles each")
    shape = BN254 if sys.argv[1:] == ["bn254"] else SMALL
    Path("sbox.sv").write_text(emit_verilog(SBox(shape), "sbox"))
    print(f"wrote sbox.sv, modulo {shape.field.modulus}")


if __name__ == "__main__":
    main()
