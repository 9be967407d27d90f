"""Proofs by one command of a board, through its pins, its link and its SDRAM: a witness goes over
the serial line, once, and a proof comes back."""

import pytest

from proofmill.hdl.presets import STANDARD, with_proofs
from proofmill.host.bench.line import Line
from proofmill.host.cli.devices import show
from proofmill.host.cli.screen import Screen
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.proving import ProvingLanes
from proofmill.host.prover.devices.serial import SerialLink
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verify import verify
from tests.host.prover.devices.test_proving import MORE, nothing_here
from tests.host.prover.groth16.test_prove import inputs

DIVISOR = 2
"""As `proofmill board simulate` has it, so that both run the same library."""


@pytest.mark.slow
def test_a_proof_by_one_command_of_a_board(monkeypatch, capsys):
    """A key is loaded once; then a witness and two numbers are all that goes to the board but for
    what asks it for the time, and A, B, C with what they took all that comes back."""
    pytest.importorskip("amaranth_boards")
    from proofmill.boards.catalogue import board as named
    from proofmill.sim.board import START_CYCLES, RunningBoard, build_board

    found = named("ulx3s-85f")
    running = RunningBoard(build_board(found.core(
        with_proofs(STANDARD), divisor=DIVISOR, start_cycles=START_CYCLES)), DIVISOR)
    try:
        assert show(Screen(), f"serial:{running.path}")
        assert ("of a proof it makes A w and B w, the scalars h, the sums, A, B, C of the sums, by "
                "one command under keys that its memory has room for; this machine: the check of "
                "the proof") in " ".join(capsys.readouterr().out.split())
        device = open_device(f"serial:{running.path}")
        assert isinstance(device, ProvingLanes) and device.proves and not device.blind
        key, witness = inputs("chain4")
        link = device.accelerators[0].link
        assert isinstance(link, SerialLink)
        nothing_here(monkeypatch)
        prover, carried = Prover(key, device), []
        for _ in range(3):
            before = link.statistics.words_out, link.statistics.words_in
            result = prover.prove(witness)
            carried.append((link.statistics.words_out - before[0],
                            link.statistics.words_in - before[1]))
            assert result.device == f"serial:{running.path}" and not result.faults
            assert result.words is not None and device.keys == 1
            assert result.words[0] == 3 + witness.size + 4 * MORE
            assert sum(result.words) <= 4 * key.wires + 300
        monkeypatch.undo()
        assert verify(key.verification_key, result.public, result.proof)
        # The first had the key to load; the others' words are those that are said, and no more.
        assert carried[0][0] > 10 * carried[1][0] and carried[1:] == [result.words] * 2
        line = Line(found.baud, int(found.clock_hz), found.memory_words)
        assert line.seconds(*result.words) == pytest.approx(
            max(result.words) * 8 * 10 / found.baud, rel=0.03)
        device.close()
    finally:
        running.close()
    assert running.fault is None, running.fault
