"""The known answers: right on the CPU, wrong where a device is wrong."""

import numpy as np
import pytest

from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.commands import name_word
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, control_only
from proofmill.host.cli import devices
from proofmill.host.cli.main import main
from proofmill.host.prover.devices import catalogue
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.selftest import cases, self_test, self_test_elsewhere
from proofmill.sim.verilated import Simulation, build
from tests.host.prover.devices.links import Identified

PORT = "serial:/dev/ttyUSB7"


def test_the_cpu_knows_the_answers():
    device = CpuDevice()
    outcome = self_test(device)
    assert outcome.wrong == () and outcome.cases == len(cases()) * len(Group)
    device.close()


def test_a_device_that_is_wrong_is_found():
    class Wrong(CpuDevice):
        """Doubles where it should add: the mistake of a formula that is not complete."""

        def run(self, jobs, progress=None):
            from proofmill.host.prover.curve.arithmetic import add
            results = super().run(jobs, progress)
            return [type(r)(point=add(j.bases.group, r.point, r.point), cycles=0, digits=0,
                            device=r.device)
                    if len(np.unique(j.scalars, axis=0)) < len(j.scalars) else r
                    for j, r in zip(jobs, results, strict=True)]

    device = Wrong()
    wrong = self_test(device).wrong
    assert wrong and all("twice" in name or "cancel" in name for name in wrong)
    device.close()


def test_the_command(capsys):
    assert main(["selftest", "cpu"]) == 0
    assert "14 known answers right" in capsys.readouterr().out
    assert main(["selftest", "serial:/dev/no-such-port"]) == 2
    assert "cannot be opened" in capsys.readouterr().err
    assert main(["devices", "--no-simulation", "--port", "/dev/no-such-port"]) == 0
    out = capsys.readouterr().out
    assert "cpu: this machine's processor" in out and "/dev/no-such-port" in out


@pytest.fixture
def toy():
    """The toy accelerator, as it stands behind a port."""
    accelerator = Accelerator(Simulation(build(TOY_SHAPE)[1]))
    yield accelerator
    accelerator.close()


@pytest.mark.parametrize("finisher", [1, 0])
def test_another_curve_is_tested_on_its_own_answers(toy, finisher):
    toy.identity["finisher"] = finisher
    order = TOY_CURVE.scalar.modulus
    outcome = self_test_elsewhere(toy)
    assert outcome.wrong == () and outcome.cases == len(cases(order)) * len(Group)
    assert outcome.cycles > 0 and toy.used == 0


def test_the_command_tests_gateware_of_another_curve(capsys):
    assert main(["selftest", "rtl", "--curve", "toy"]) == 0
    out = capsys.readouterr().out
    assert "rtl: toy, 1 multiplier(s)" in out and "known answers right" in out
    assert main(["selftest", "model", "--curve", "bls12-381"]) == 2
    assert "is of simulated gateware, not of model; choose rtl or rtl+b" in capsys.readouterr().err


def test_a_wrong_answer_on_another_curve_is_found(toy, monkeypatch):
    """A device that takes every point for the one after it."""
    load = toy.load
    monkeypatch.setattr(toy, "load", lambda words: load(np.roll(words, -8)))
    wrong = self_test_elsewhere(toy).wrong
    assert "G1: six points" in wrong and "G2: six points" in wrong


def behind(monkeypatch, shape, **otherwise):
    """A port with an accelerator of `shape`, of which there is nothing but the identity."""
    monkeypatch.setattr(catalogue, "open_board", lambda name: Accelerator(
        Identified(identity_words(shape, 0) | otherwise)))


def test_a_board_of_another_curve_is_told_apart_before_any_work(monkeypatch, capsys):
    """It was said to compute wrongly, after minutes."""
    behind(monkeypatch, TOY_SHAPE)
    with pytest.raises(DeviceError, match=(
            f"^{PORT} computes on the curve toy, and this is of bn254; `proofmill selftest {PORT}` "
            "tests it on its own curve$")):
        open_device(PORT)
    for command in (f"bench msm --device {PORT} --points 8", f"mine --device {PORT}"):
        assert main(command.split()) == 2
        assert "computes on the curve toy" in capsys.readouterr().err


def test_a_board_without_a_group_is_told_apart_before_any_work(monkeypatch, capsys):
    behind(monkeypatch, STANDARD, interval_g2=0)
    with pytest.raises(DeviceError, match=f"^{PORT} has no g2: its gateware leaves that out"):
        open_device(PORT)
    device = open_device(PORT, groups=[Group.G1])
    with pytest.raises(DeviceError, match="has no g2"):
        device.load(Group.G2, np.zeros((1, 16), np.uint64))
    device.close()
    assert "an addition every 12 cycles, no G2" in devices.identity_text(
        identity_words(STANDARD, 0) | {"interval_g2": 0})


@pytest.mark.parametrize("shape, otherwise, sentence", [
    (TOY_SHAPE, {"curve": name_word("curve9")}, "there are no known answers for the curve curve9"),
    (control_only(TOY_SHAPE), {}, "the device has no datapath"),
])
def test_no_answer_is_no_success(shape, otherwise, sentence, monkeypatch, capsys):
    behind(monkeypatch, shape, **otherwise)
    assert main(["selftest", PORT]) == 2
    assert sentence in capsys.readouterr().err


def test_no_port_is_written_to_unasked(monkeypatch, capsys):
    monkeypatch.setattr(devices, "serial_ports", lambda: [("/dev/ttyS7", "a modem")])
    monkeypatch.setattr(devices, "probe", lambda port: pytest.fail(f"{port} was written to"))
    assert main(["devices", "--no-simulation"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert ("serial:/dev/ttyS7: a modem; not asked: with a board there, `proofmill devices --port "
            "/dev/ttyS7` asks it") in said
