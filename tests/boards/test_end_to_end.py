"""A board's gateware behind a pseudo-terminal, through its pins, its link and its SDRAM.

Nothing in the host knows that the board is simulated: the device is opened by the name a user
gives it.
"""

import json

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.hdl.presets import STANDARD
from proofmill.host.prover.curve.arithmetic import multi_scalar_multiplication, multiply
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError, Job
from proofmill.host.prover.fflonk.prove import FflonkProver
from proofmill.host.prover.fflonk.setup import fflonk_setup
from proofmill.host.prover.fflonk.zkey import read_zkey as fflonk_zkey
from proofmill.host.prover.groth16.json_fields import write_json, write_public
from proofmill.host.prover.groth16.powers import read_powers
from proofmill.host.prover.plonk.prove import PlonkProver
from proofmill.host.prover.plonk.setup import plonk_setup
from proofmill.host.prover.plonk.zkey import read_zkey as plonk_zkey
from tests.boards.lines import Relay
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.groth16.files import POWERS, public_circuit

DIVISOR = 2
"""As `proofmill board simulate` has it, so that both run the same library."""


@pytest.fixture(scope="module")
def library():
    pytest.importorskip("amaranth_boards")
    from proofmill.boards.catalogue import board
    from proofmill.sim.board import START_CYCLES, build_board
    return build_board(board("ulx3s-85f").core(STANDARD, divisor=DIVISOR,
                                               start_cycles=START_CYCLES))


@pytest.fixture
def board(library):
    from proofmill.sim.board import RunningBoard
    board = RunningBoard(library, DIVISOR)
    yield board
    board.close()
    assert board.fault is None, board.fault


def points_and_scalars(group, count, seed, limbs=4):
    rng = np.random.default_rng(seed)
    points = np.stack([multiply(group, generator(group), int(k))
                       for k in rng.integers(1, 1 << 60, count)])
    scalars = rng.integers(0, 1 << 63, (count, 4), dtype=np.uint64)
    scalars[:, 3] >>= np.uint64(3)    # below the order
    scalars[:, limbs:] = 0
    return points, scalars


def run(device, group, count, seed, limbs=4):
    points, scalars = points_and_scalars(group, count, seed, limbs)
    (result,) = device.run([Job(device.load(group, points), scalars)])
    assert np.array_equal(result.point, multi_scalar_multiplication(group, points, scalars))
    return result


@pytest.mark.parametrize("group", list(Group))
def test_a_sum_over_a_good_line(board, group):
    device = open_device(f"serial:{board.path}")
    result = run(device, group, 6, 1)
    assert result.cycles > 0 and result.device == f"serial:{board.path}"
    # What is loaded stays loaded: again, after a new session.
    points, scalars = points_and_scalars(group, 6, 1)
    bases = device.load(group, points)
    device.run([Job(bases, scalars)])
    device.accelerators[0].link.reset()
    (again,) = device.run([Job(bases, scalars)])
    assert np.array_equal(again.point, result.point)
    device.close()


def test_a_board_says_how_much_it_holds_and_refuses_more(board):
    from proofmill.boards import catalogue

    device = open_device(f"serial:{board.path}")
    (accelerator,) = device.accelerators
    assert accelerator.identity["memory_words"] == 1 << 22      # 32 MB
    assert accelerator.identity["clock_hz"] == int(catalogue.board("ulx3s-85f").clock_hz)
    accelerator.load(np.zeros(8, dtype=np.uint64))
    with pytest.raises(DeviceError, match="4,194,297 words of points .* 8 of its 4,194,304 words"):
        accelerator.load(np.zeros((1 << 22) - 7, dtype=np.uint64))
    device.close()


def test_the_boards_clock_is_read_now(board):
    """Not as it was when the last question was asked."""
    import time

    device = open_device(f"serial:{board.path}")
    link = device.accelerators[0].link
    began, shown = board.cycle, link.board_cycle
    time.sleep(0.5)
    ended, shown_later = board.cycle, link.board_cycle
    assert ended > began and shown_later - shown > 0.5 * (ended - began)
    device.close()


def test_scalars_travel_while_the_board_computes(board):
    """Filling the buckets takes less than sending the scalars and adding the points in turn."""
    device = open_device(f"serial:{board.path}")
    points, scalars = points_and_scalars(Group.G1, 192, 1)
    job = Job(device.load(Group.G1, points), scalars)
    (first,) = device.run([job])
    line = scalars.nbytes * 10 * DIVISOR
    computing = first.digits * STANDARD.adder.interval[Group.G1]
    took = [first.counters["fill"]]
    while took[-1] > 0.85 * (line + computing) and len(took) < 4:   # a busy machine sends late
        took.append(device.run([job])[0].counters["fill"])
    assert took[-1] <= 0.85 * (line + computing), (took, line, computing)
    device.close()


def test_the_lines_time_stands_beside_the_computing(board, capsys):
    from proofmill.host.cli.main import main

    assert main(["bench", "msm", "--device", f"serial:{board.path}", "--points", "8",
                 "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["line_bytes"] > 8 * (64 + 32)
    assert figures["line_seconds"] * 300_000 <= figures["line_bytes"]
    from proofmill.boards import catalogue
    clock = catalogue.board("ulx3s-85f").clock_hz
    assert figures["computing_seconds"] == pytest.approx(figures["cycles"] / clock, abs=1e-6)


def test_one_byte_in_a_hundred_damaged(board):
    relay = Relay(board.path, 0.01, seed=4)
    device = open_device(f"serial:{relay.path}")
    run(device, Group.G1, 6, 2, limbs=1)    # few words out: the line is what is tested
    statistics = device.accelerators[0].link.statistics
    assert relay.up.done > 20 and relay.down.done > 20
    assert statistics.damaged > 5 and statistics.resent > 5
    device.close()
    relay.cut()


def prover_of(device):
    """A prover of a small circuit on `device`, the CPU behind it, and a witness."""
    from proofmill.host.prover.groth16.prove import Prover
    from proofmill.host.prover.groth16.wtns import read_witness
    from proofmill.host.prover.groth16.zkey import read_zkey
    folder = "tests/vectors/chain4"
    return (Prover(read_zkey(f"{folder}/circuit.zkey"), device, CpuDevice()),
            read_witness(f"{folder}/witness.wtns"))


PROVERS = {"plonk": PlonkProver, "fflonk": FflonkProver}


def key_by_gates(system, path):
    """A small circuit's key of PLONK or FFLONK."""
    if system == "plonk":
        plonk_setup(public_circuit(), read_powers(POWERS), path)
        return plonk_zkey(path)
    fflonk_setup(public_circuit(), read_powers(POWERS), path)
    return fflonk_zkey(path)


class Trouble:
    """Calls `happen` once so many points have gone in."""

    def __init__(self, points, happen):
        self.points, self.happen, self.done = points, happen, False

    def __call__(self, done, total):
        if done >= self.points and not self.done:
            self.done = True
            self.happen()


def test_a_cable_pulled_in_mid_proof_is_a_sentence_and_the_proof_is_made(board):
    relay = Relay(board.path)
    device = open_device(f"serial:{relay.path}")
    prover, witness = prover_of(device)
    trouble = Trouble(40, relay.cut)
    result = prover.prove(witness, trouble)   # verified before it is given out
    assert trouble.done and result.device == "cpu" and result.calls_on_device < result.calls
    (fault,) = result.faults
    assert "broke" in fault or "has not answered" in fault
    device.close()


def test_a_board_reset_in_mid_proof_is_noticed_and_the_proof_is_made(board):
    device = open_device(f"serial:{board.path}")
    prover, witness = prover_of(device)
    trouble = Trouble(40, board.reset)
    result = prover.prove(witness, trouble)
    assert trouble.done and result.device == "cpu"
    assert "was reset or loaded anew while in use" in result.faults[0]
    # Opened again, the same board works.
    device.close()
    device = open_device(f"serial:{board.path}")
    run(device, Group.G1, 4, 3)
    device.close()


def test_nothing_at_the_port():
    with pytest.raises(DeviceError, match="cannot be opened.*proofmill devices"):
        open_device("serial:/dev/no-such-port")
    with pytest.raises(DeviceError, match="names no port"):
        open_device("serial:@9600")
    with pytest.raises(DeviceError, match="names no port"):
        open_device("serial:/dev/ttyUSB0@fast")


@pytest.mark.parametrize(("system", "said"), [
    ("plonk", "OK!"), ("fflonk", "VERIFIED SUCCESSFULLY")])
def test_a_proof_by_gates_over_the_line(board, system, said, tmp_path):
    """The same proof as the processor's, and snarkjs takes it."""
    key = key_by_gates(system, tmp_path / "square.zkey")
    witness = to_limbs([1, 49, 7])
    numbers = list(range(2, 2 + PROVERS[system].blindings))
    device = open_device(f"serial:{board.path}")
    prover = PROVERS[system](key, device)
    result = prover.prove(witness, blinding=numbers)
    expected = PROVERS[system](key, CpuDevice()).prove(witness, blinding=numbers)
    assert result.proof == expected.proof and not result.faults
    assert result.device == f"serial:{board.path}"
    assert result.calls_on_device == result.calls == PROVERS[system].sums
    assert result.cycles > 0 and result.digits > 0
    files = [tmp_path / f"{name}.json" for name in ("key", "public", "proof")]
    write_json(files[0], key.verification_key.to_json())
    write_public(files[1], result.public)
    write_json(files[2], result.proof.to_json())
    device.close()
    assert said in snarkjs.run(system, "verify", *files)


def test_a_cable_pulled_in_a_proof_by_gates(board, tmp_path):
    key = key_by_gates("plonk", tmp_path / "square.zkey")
    relay = Relay(board.path)
    device = open_device(f"serial:{relay.path}")
    trouble = Trouble(20, relay.cut)
    result = PlonkProver(key, device, CpuDevice()).prove(to_limbs([1, 49, 7]), trouble)
    assert trouble.done and result.device == "cpu" and result.calls_on_device == 0
    (fault,) = result.faults
    assert "broke" in fault or "has not answered" in fault
    device.close()


@pytest.mark.slow
def test_a_whole_proof_over_a_damaged_line(board):
    relay = Relay(board.path, 0.01, seed=5)
    device = open_device(f"serial:{relay.path}")
    prover, witness = prover_of(device)
    result = prover.prove(witness)
    assert result.device == f"serial:{relay.path}" and not result.faults
    assert result.calls_on_device == result.calls == 5
    device.close()
    relay.cut()
