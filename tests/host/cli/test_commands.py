import json
import subprocess
import sys
from pathlib import Path

import pytest

from proofmill.host.cli.main import COMMANDS, main, parser

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
NAMES = ["chain4", "merkle8", "semaphore10"]


@pytest.fixture
def run(capsys):
    """Run a command line; return (status, stdout, stderr)."""
    def run_line(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as error:
            status = error.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err
    return run_line


def sentence(result, *parts):
    """The run was a user's mistake, told in one line that holds `parts`."""
    status, out, err = result
    assert status == 2 and out == "", (status, out, err)
    lines = [line for line in err.splitlines() if not line.endswith(" ...")]  # steps of work
    assert len(lines) == 1 and lines[0].startswith("proofmill: "), err
    for part in parts:
        assert str(part) in err, (part, err)


def subcommands(top, path=()):
    actions = [a for a in top._actions if hasattr(a, "choices") and isinstance(a.choices, dict)]
    for action in actions:
        for name, child in action.choices.items():
            yield (*path, name), child
            yield from subcommands(child, (*path, name))


def test_every_command_has_help(run):
    found = list(subcommands(parser()))
    assert len(found) >= len(COMMANDS)
    for path, _ in found:
        status, out, _ = run(*path, "--help")
        assert status == 0 and "usage: proofmill " + " ".join(path) in " ".join(out.split())


@pytest.mark.parametrize("device", ["cpu", "model", "rtl"])
@pytest.mark.parametrize("name", NAMES)
def test_prove_and_verify_real_files_on_every_device(run, tmp_path, name, device):
    files, proof, public = VECTORS / name, tmp_path / "proof.json", tmp_path / "public.json"
    status, out, _ = run("prove", files / "circuit.zkey", files / "witness.wtns", proof, public,
                         "--device", device)
    assert status == 0 and f"proved and verified on {device}" in out
    assert public.read_text() == (files / "public.json").read_text()
    status, out, _ = run("verify", files / "verification_key.json", public, proof)
    assert status == 0 and "the proof is valid" in out


def test_a_proof_for_other_inputs_is_not_valid(run, tmp_path):
    files, public = VECTORS / "chain4", tmp_path / "public.json"
    public.write_text('["1"]')
    status, out, _ = run("verify", files / "verification_key.json", public, files / "proof.json")
    assert status == 1 and "NOT valid" in out


def prove(run, tmp_path, zkey, wtns, *more):
    return run("prove", zkey, wtns, tmp_path / "proof.json", tmp_path / "public.json", *more)


def test_mistakes_in_proving_are_one_sentence_and_leave_no_file(run, tmp_path):
    zkey, wtns = VECTORS / "chain4" / "circuit.zkey", VECTORS / "chain4" / "witness.wtns"
    before = set(tmp_path.iterdir())
    sentence(prove(run, tmp_path, "absent.zkey", wtns), "absent.zkey")
    sentence(prove(run, tmp_path, wtns, wtns), "witness.wtns", "zkey")
    sentence(prove(run, tmp_path, zkey, zkey), "circuit.zkey", "wtns")
    sentence(prove(run, tmp_path, zkey, wtns, "--device", "gpu"), "'gpu'", "of rtl, model,")
    sentence(prove(run, tmp_path, zkey, VECTORS / "merkle8" / "witness.wtns"),
             "1954 values", "circuit.zkey", "950")
    assert set(tmp_path.iterdir()) == before
    cut = tmp_path / "cut.zkey"
    cut.write_bytes(zkey.read_bytes()[:100_000])
    sentence(prove(run, tmp_path, cut, wtns), "cut.zkey")
    damaged = tmp_path / "damaged.wtns"
    data = bytearray(wtns.read_bytes())
    data[-5 * 32] ^= 1  # some private value
    damaged.write_bytes(data)
    sentence(prove(run, tmp_path, zkey, damaged), "does not verify", "give the .r1cs")
    sentence(prove(run, tmp_path, zkey, damaged, "--r1cs", VECTORS / "chain4" / "circuit.r1cs"),
             "constraint")
    assert not (tmp_path / "proof.json").exists() and not (tmp_path / "public.json").exists()


def test_a_place_that_cannot_be_written_is_named(run):
    files = VECTORS / "chain4"
    result = run("prove", files / "circuit.zkey", files / "witness.wtns",
                 "/nonexistent/proof.json", "/nonexistent/public.json")
    sentence(result, "/nonexistent")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_proof_by_broken_instructions_is_made_again(run, monkeypatch, tmp_path):
    from proofmill.host.prover.native import prove as native
    from proofmill.host.prover.native.library import library

    original, classes = native.prove, []

    def broken(*given, code, **more):
        classes.append(code.vector)
        if code.vector:
            raise native.InvalidProof("the proof does not verify")
        return original(*given, code=code, **more)

    monkeypatch.setattr(native, "prove", broken)
    files = VECTORS / "chain4"
    status, out, _ = run("prove", files / "circuit.zkey", files / "witness.wtns",
                         tmp_path / "proof.json", tmp_path / "public.json")
    assert status == 0 and "proved and verified on cpu" in out
    if library().vector:
        assert classes == [library().vector, 0] and "warning: " in out
        assert "did not verify and was made again without them" in out
    assert run("verify", files / "verification_key.json", tmp_path / "public.json",
               tmp_path / "proof.json")[0] == 0


def test_a_full_disk_is_said(run, monkeypatch, tmp_path):
    import proofmill.host.ground.output as output

    def full(*arguments, **options):
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr(output.os, "replace", full)  # a name takes room, too
    files = VECTORS / "chain4"
    result = run("prove", files / "circuit.zkey", files / "witness.wtns",
                 tmp_path / "proof.json", tmp_path / "public.json")
    sentence(result, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_compiler_is_named(run, monkeypatch, tmp_path):
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PROOFMILL_CXX", "no-such-compiler")
    files = VECTORS / "chain4"
    sentence(prove(run, tmp_path, files / "circuit.zkey", files / "witness.wtns",
                   "--device", "model"), "PROOFMILL_CXX", "no-such-compiler")


def test_info_of_keys_and_circuits(run):
    status, out, _ = run("zkey", "info", VECTORS / "semaphore10" / "circuit.zkey", "--json")
    info = json.loads(out)
    assert status == 0 and info["curve"].startswith("BN254") and not info["development"]
    assert len(info["contributions"]) > 1
    status, out, _ = run("r1cs", "info", VECTORS / "merkle8" / "circuit.r1cs")
    assert status == 0 and "1,944" in out


def test_setup_makes_a_development_key_that_works(run, tmp_path):
    files, zkey, vk = VECTORS / "chain4", tmp_path / "new.zkey", tmp_path / "vk.json"
    sentence(run("setup", files / "circuit.r1cs", zkey), "--development")
    assert not zkey.exists()
    status, out, _ = run("setup", files / "circuit.r1cs", zkey, "--development", "--seed", "a")
    assert status == 0 and "development key" in out
    first = zkey.read_bytes()
    assert run("setup", files / "circuit.r1cs", zkey, "--development", "--seed", "a")[0] == 0
    assert zkey.read_bytes() == first
    assert json.loads(run("zkey", "info", zkey, "--json")[1])["development"]
    assert prove(run, tmp_path, zkey, files / "witness.wtns")[0] == 0
    assert run("zkey", "verificationkey", zkey, vk)[0] == 0
    assert run("verify", vk, tmp_path / "public.json", tmp_path / "proof.json")[0] == 0


def test_the_command_table_is_shown(run):
    from proofmill.hdl.commands import Command
    status, out, _ = run("commands")
    assert status == 0
    for command in Command:
        assert f"{command.value}  {command.name}" in out


def test_the_verilog_is_what_is_simulated(run, tmp_path):
    from proofmill.hdl.emit import for_every_simulator
    from proofmill.hdl.presets import STANDARD
    from proofmill.sim.verilated import gateware
    status, out, _ = run("verilog", tmp_path / "accelerator.sv")
    assert status == 0 and f"{gateware(STANDARD).hash:016x}" in out
    assert (tmp_path / "accelerator.sv").read_text() == for_every_simulator(
        gateware(STANDARD).verilog)


def test_help_is_quick_because_nothing_heavy_is_imported():
    code = ("import sys; from proofmill.host.cli.main import parser; parser(); "
            "print([m for m in ('amaranth', 'eth_consensus_specs', 'zk_dtypes') "
            "if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
