"""The known answers: right on the CPU, wrong where a device is wrong."""

from proofmill.hdl.curve import Group
from proofmill.host.cli.main import main
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.selftest import cases, self_test


def test_the_cpu_knows_the_answers():
    device = CpuDevice()
    outcome = self_test(device)
    assert outcome.wrong == () and outcome.cases == len(cases()) * len(Group)
    device.close()


def test_a_device_that_is_wrong_is_found():
    class Wrong(CpuDevice):
        """Doubles where it should add: the mistake of a formula that is not complete."""

        def run(self, jobs, progress=None):
            import numpy as np

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
