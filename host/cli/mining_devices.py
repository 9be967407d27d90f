"""The devices of ``proofmill mine``, and what makes its proofs on them."""

import argparse
from contextlib import nullcontext
from typing import TYPE_CHECKING

from proofmill.host.cli.mining_report import FALLBACK, Report, Totals
from proofmill.host.cli.screen import Screen
from proofmill.host.prover.devices.catalogue import BuildProgress, open_device
from proofmill.host.prover.devices.check_programs import prepare_check
from proofmill.host.prover.devices.device import BOARD_HZ, Device

if TYPE_CHECKING:  # these take seconds to import
    from proofmill.host.cli.mine_ai import Filler
    from proofmill.host.network.certificates.publish import Publisher
    from proofmill.host.network.consensus.records import Claim
    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
    from proofmill.host.prover.devices.ahead import Ahead
    from proofmill.host.prover.fflonk.development import GatesKey
    from proofmill.host.prover.fflonk.prove import FflonkProver
    from proofmill.host.prover.groth16.prove import Prover
    from proofmill.host.prover.groth16.proving_key import ProvingKey
    from proofmill.host.prover.plonk.prove import PlonkProver

SCREENFUL = 24
"""Blocks that the processor proves at most while the device is being built."""


class Devices:
    """The device asked for, each time that it was opened."""

    def __init__(self, name: str, weight_words: int = 0) -> None:
        """`weight_words`: as of `open_device`."""
        self.name, self._weight_words = name, weight_words
        self._opened: list[Device] = []

    def open(self, progress: BuildProgress | None = None) -> Device:
        """Open it, anew if it has been before."""
        self._opened.append(open_device(self.name, progress=progress,
                                         weight_words=self._weight_words))
        return self._opened[-1]

    def prepare(self, screen: Screen, ahead: "Ahead | None" = None) -> Device:
        """Open it under a bar; when it is built, where `ahead` builds it."""
        with screen.bar("preparing the device") as bar:
            if ahead is not None:
                ahead.wait(bar.step)
            device = self.open(bar.step)
            prepare_check(device, bar.step)
            return device

    def close(self) -> None:
        """Close all that was opened."""
        for device in self._opened:
            device.close()

    @property
    def last(self) -> Device:
        """The one opened last."""
        return self._opened[-1]

    @property
    def there(self) -> bool:
        """Whether it has been opened."""
        return bool(self._opened)

    @property
    def reopened(self) -> int:
        """How often it was opened again."""
        return max(0, len(self._opened) - 1)

    @property
    def clock_hz(self) -> int:
        """The clock rate that the device states, 0 where it states none."""
        return getattr(self._opened[0], "clock_hz", 0) if self._opened else 0

    def carried(self) -> tuple[int, float, int] | None:
        """(bytes carried, seconds for which they keep the line busy, baud), of a serial line."""
        if not self.name.startswith("serial:"):
            return None
        links = [device.accelerators[0].link for device in self._opened]  # type: ignore[attr-defined]
        return (sum(link.statistics.bytes_out + link.statistics.bytes_in for link in links),
                sum(link.statistics.line_seconds(link.baud) for link in links), links[0].baud)


class Proving:
    """What makes the proof of a claim, counts it, and says what has happened to devices."""

    def __init__(
        self, options: argparse.Namespace, circuit: "RollupCircuit", key: "ProvingKey | GatesKey",
        devices: Devices, report: Report, totals: Totals, publisher: "Publisher | None",
        filler: "Filler | None", ahead: "Ahead | None",
    ) -> None:
        """`ahead`: what builds the device still, None where it is open."""
        from proofmill.host.prover.devices.cpu import CpuDevice

        self._options, self._circuit, self._key, self._devices = options, circuit, key, devices
        self._report, self._totals, self._publisher = report, totals, publisher
        self._filler, self._ahead = filler, ahead
        alone = options.device == "cpu" or options.no_fallback
        self._processor = None if alone else CpuDevice()
        self._prover = self._on(devices.last if ahead is None else CpuDevice(), ahead is None)

    def meanwhile(self) -> bool:
        """Whether a block is to be proven on the processor, since the device is not there; if not
        any more, waits for it."""
        if self._ahead is None:
            return False
        if self._ahead.building and self._totals.meanwhile < SCREENFUL:
            return True
        self._prover = self._on(self._devices.prepare(self._report.screen, self._ahead), True)
        self._ahead = None
        return False

    def _on(self, device: Device, reopens: bool) -> "Prover | PlonkProver | FflonkProver":
        from proofmill.host.prover.fflonk.prove import gates_prover
        from proofmill.host.prover.groth16.prove import Prover
        from proofmill.host.prover.groth16.proving_key import ProvingKey

        fallback = self._processor if reopens else None
        if isinstance(self._key, ProvingKey):
            return Prover(self._key, device, fallback, self._circuit.r1cs,
                          self._devices.open if fallback is not None else None)
        return gates_prover(self._key, device, fallback, self._circuit.r1cs)

    def prove(self, claim: "Claim") -> bytes:
        """The proof's bytes."""
        from proofmill.host.network.consensus.block_proofs import proof_to_bytes
        from proofmill.host.prover.groth16.verification_key import Proof

        circuit, filler, totals, prover = self._circuit, self._filler, self._totals, self._prover
        witness = circuit.witness(claim.task.ledger, claim.task.batch, claim.statement)
        slot, screen = claim.task.slot, self._report.screen
        with (filler.block(slot) if filler else nullcontext() as turn,
              screen.bar(self._working(slot)) as bar):
            def tell(sentence: str) -> None:
                totals.failures, totals.reopened = prover.failures, self._devices.reopened
                screen.line(sentence, style="yellow")
                self._report.event(event="device", slot=slot, text=sentence)
                bar.rename(self._working(slot))

            result = prover.prove(witness, bar, tell=tell)
            if turn is not None and result.cycles:
                turn.seconds = result.cycles / (self._devices.clock_hz or BOARD_HZ)
        totals.add(result, self._ahead is not None)
        self._report.proven(result)
        if self._publisher is not None and isinstance(result.proof, Proof):
            self._publisher.proven(slot, result.proof, result.public)
        return proof_to_bytes(result.proof)

    def _working(self, slot: int) -> str:
        """What is going on, for the bar."""
        if self._ahead is not None:
            what, done, total = self._ahead.last or ("", 0, 0)
            far = f", {100 * done // total} %" if done else ""
            return f"slot {slot}: proving on cpu ({self._options.device}: {what}{far})"
        late = self._prover.faulty is not None and not self._options.no_fallback
        return f"slot {slot}: proving on {FALLBACK if late else self._options.device}"
