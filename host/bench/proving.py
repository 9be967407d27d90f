"""The same proof by every prover that is there, each in a process of its own."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from proofmill.host.bench.line import Line
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.sim.processes import run

OURS = """
import sys, time, json
from proofmill.host.bench.line import Line, put_behind
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
device, zkey, wtns, rounds, line = sys.argv[1:6]
rounds, line = int(rounds), json.loads(line)
opened = open_device(device, lanes=1 if line else None)
if line and device.partition("+")[0] in ("rtl", "model"):
    put_behind(opened, Line(**line))
prover = Prover(read_zkey(zkey), opened)
witness = read_witness(wtns)
prover.load()
chips = getattr(opened, "accelerators", ())
times = []
for _ in range(rounds):
    before = sum(chip.sent for chip in chips), sum(chip.received for chip in chips)
    start = time.perf_counter()
    # They are scalars of the device's sums: with known ones, cycles are the same in every run.
    result = prover.prove(witness, blinding=(SCALAR_MODULUS // 3, SCALAR_MODULUS // 5))
    times.append(time.perf_counter() - start)
# A first proof loads the key, too, but one command says its own words.
words = result.words or (None if rounds == 1 else (
    sum(chip.sent for chip in chips) - before[0],
    sum(chip.received for chip in chips) - before[1]))
print(json.dumps({
    "seconds": sorted(times), "cycles": result.cycles, "transforms": result.transform_cycles,
    "evaluation": result.evaluation_cycles, "check": result.check_cycles, "words": words,
    "one_command": result.words is not None,
    "sums": {name: dict(counted) for name, counted in result.counters.items()}}))
"""

CHECK = """
import sys, time, json
from proofmill.host.prover.groth16.prove import prove
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.host.prover.devices.cpu import CpuDevice
key = read_zkey(sys.argv[1])
result = prove(key, read_witness(sys.argv[2]), CpuDevice())
times = []
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    assert verify(key.verification_key, result.public, result.proof)
    times.append(time.perf_counter() - start)
print(json.dumps({"seconds": sorted(times)}))
"""

GROTH16PY = """
import sys, time, json
import groth16py
key, _ = groth16py.import_zkey(sys.argv[1])
times = []
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    groth16py.prove_wtns(key, sys.argv[2])
    times.append(time.perf_counter() - start)
print(json.dumps({"seconds": sorted(times)}))
"""


def _python(code: str, *arguments: object, python: str = sys.executable) -> JsonObject | None:
    """Run a measuring program; None where what it imports is not there."""
    done = run([python, "-c", code, *map(str, arguments)])
    if done.returncode == 0:
        return dict(json.loads(done.stdout))
    if "ModuleNotFoundError" in done.stderr:
        return None
    raise ProofmillError("a prover failed to prove: " + done.stderr.strip().splitlines()[-1])


def snarkjs_program() -> list[str] | None:
    """The command of snarkjs: on the PATH, or where the tests put it in the cache."""
    if shutil.which("snarkjs"):
        return ["snarkjs"]
    from proofmill.host.ground.cache import cache_folder

    programs = sorted(cache_folder().glob("snarkjs-*/node_modules/snarkjs/build/cli.cjs"))
    node = shutil.which("node")
    return [node, str(programs[-1])] if node and programs else None


SNARKJS = """
const [root, zkey, wtns, rounds] = process.argv.slice(2);
const { performance } = require("perf_hooks");
const snarkjs = require(root);
(async () => {
  const seconds = [];
  for (let n = 0; n < Number(rounds); n++) {
    const start = performance.now();
    await snarkjs.groth16.prove(zkey, wtns);
    seconds.push((performance.now() - start) / 1000);
  }
  seconds.sort((a, b) => a - b);
  console.log(JSON.stringify({ seconds }));
  process.exit(0);
})();
"""


def _snarkjs(zkey: str, wtns: str, rounds: int) -> JsonObject | None:
    command = snarkjs_program()
    if command is None or len(command) != 2:
        return None
    root = Path(command[1]).parent.parent  # the package's folder
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "prove.cjs"
        program.write_text(SNARKJS)
        done = run([command[0], str(program), str(root), zkey, wtns, str(rounds)])
    if done.returncode:
        raise ProofmillError("snarkjs failed to prove: " + done.stderr.strip()[-300:])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def compare(zkey: str, wtns: str, rounds: int = 5, devices: Sequence[str] = (),
            line: Line | None = None) -> JsonObject:
    """Seconds for one proof, in process and without loading the key, by every prover there is, or
    on these `devices` alone.

    `seconds` is the median over `rounds` proofs (one where RTL is simulated). Of accelerators the
    words of the last of them are counted; simulated ones are as if behind a `line`, of which then
    `line_seconds` are said. groth16py is looked
    for in this Python and in the one that ``PROOFMILL_GROTH16PY`` names; it is GPL, so it runs
    apart.
    """
    provers: JsonObject = {}
    for device in devices or ("cpu", "model", "rtl"):
        found = _python(OURS, device, zkey, wtns, 1 if device.startswith("rtl") else rounds,
                        json.dumps(None if line is None else vars(line)))
        assert found is not None
        provers[device] = found
    if not devices:
        other = os.environ.get("PROOFMILL_GROTH16PY", sys.executable)
        provers["groth16py"] = _python(GROTH16PY, zkey, wtns, rounds, python=other)
        provers["snarkjs"] = _snarkjs(zkey, wtns, rounds)
    check = _python(CHECK, zkey, wtns, rounds)
    assert check is not None

    def median(times: list[float]) -> float:
        return times[len(times) // 2]

    figures = {
        name: None if found is None else {
            "seconds": median(found["seconds"]),
            **({name: found[name] for name in (
                "cycles", "evaluation", "transforms", "check", "sums", "words", "one_command")}
               | ({} if line is None or found.get("words") is None else
                  {"line_seconds": line.seconds(*found["words"])})
               if found.get("cycles") else {})}
        for name, found in provers.items()}
    return {"zkey": zkey, "provers": figures, "verify_seconds": median(check["seconds"]),
            "rounds": rounds}
