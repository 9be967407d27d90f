"""What a block's proof costs, by the number of signed transfers, on every device."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.transfers.load import full_batch
from proofmill.host.network.transfers.opening import opening_ledger
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.statement import Statement
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import Progress
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.zkey import read_zkey

TRANSFERS = (1, 4, 16, 64)
DEVICES = ("cpu", "model", "rtl")
PATIENCE_SECONDS = 75.0
"""What is expected to take longer on a device is left out, unless the device was asked for."""

Step = Callable[[str], Progress]
"""Begins something with a name; what it gives hears how far it is."""


def figures(
    folder: Path, accounts: int, transfers: Sequence[int], devices: Sequence[str], asked: bool,
    step: Step,
) -> Iterator[JsonObject]:
    """Of each number of transfers, ascending: constraints, domain, bytes of the proving key, and
    seconds (witness made, to proof verified) and cycles on each device; a full batch is proven.

    `folder`: for keys. `asked`: run whatever it takes; otherwise a device's `seconds` is None where
    it would take more than `PATIENCE_SECONDS`, by its time for the size before, and `expected`
    says how long.
    """
    rates: dict[str, float] = {}
    for count in sorted(transfers):
        size = RollupSize(accounts.bit_length() - 1, count)
        step(f"{_transfers(count)}: the circuit")
        start = time.perf_counter()
        circuit = RollupCircuit(size)
        constraints = circuit.r1cs.constraints
        compiled = time.perf_counter()
        step(f"{_transfers(count)}: the key of {constraints:,} constraints")
        path = folder / f"block-{count}.zkey"
        development_setup(circuit.r1cs, path, bytes(32))
        made = time.perf_counter()
        statement, ledger = Statement(1, 1, 1, bytes(20)), opening_ledger(0, size)
        batch = full_batch(0, ledger, statement.chain_id)
        begun = time.perf_counter()
        witness = circuit.witness(ledger, batch, statement)
        key = read_zkey(path)
        found: JsonObject = {
            "transfers": count, "accounts": accounts, "constraints": constraints,
            "constraints_a_transfer": round(constraints / count), "domain": key.domain_size,
            "zkey_bytes": path.stat().st_size, "compile_seconds": compiled - start,
            "setup_seconds": made - compiled, "witness_seconds": time.perf_counter() - begun,
            "devices": {}}
        for name in devices:
            expected = rates.get(name, 0.0) * constraints
            if expected > PATIENCE_SECONDS and not asked:
                found["devices"][name] = {"seconds": None, "cycles": None, "expected": expected}
                continue
            seconds, cycles = _prove(name, key, witness, step(f"{_transfers(count)}: {name}"))
            rates[name] = seconds / constraints
            found["devices"][name] = {"seconds": seconds, "cycles": cycles or None}
        yield found
        path.unlink()


def _prove(name: str, key: ProvingKey, witness: Limbs, progress: Progress) -> tuple[float, int]:
    """Seconds and cycles of one proof; the key's points are on the device before."""
    device = open_device(name)
    try:
        prover = Prover(key, device)
        prover.load()
        result = prover.prove(witness, progress)
        return result.seconds, result.cycles
    finally:
        device.close()


def _transfers(count: int) -> str:
    return "1 transfer" if count == 1 else f"{count} transfers"


def lines(found: JsonObject) -> Iterator[str]:
    """What one of `figures` says, for a reader."""
    yield (f"{_transfers(found['transfers'])}, {found['accounts']:,} accounts: "
           f"{found['constraints']:,} constraints ({found['constraints_a_transfer']:,} a "
           f"transfer), domain {found['domain']:,}, key {found['zkey_bytes'] / 1e6:,.1f} MB; "
           f"circuit {found['compile_seconds']:.1f} s, key {found['setup_seconds']:.1f} s, "
           f"witness {found['witness_seconds']:.2f} s")
    for name, each in found["devices"].items():
        if each["seconds"] is None:
            yield (f"  {name:6} not run: about {each['expected'] / 60:,.0f} minutes; ask for it "
                   f"with --device {name} --transfers {found['transfers']}")
        else:
            cycles = f"  {each['cycles']:,} cycles" if each["cycles"] else ""
            yield f"  {name:6} {each['seconds']:9.2f} s{cycles}"
