"""Arguments of every command: helps, choices, and what is refused before any work begins."""

import argparse
import gc
import json
import os
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

from proofmill.host.cli import extras
from proofmill.host.cli.arguments import Parser, name_of
from proofmill.host.cli.examples import EXAMPLES, examples
from proofmill.host.cli.main import CLOSED_PIPE, READERS, main, parser
from proofmill.host.cli.records import markdown
from tests.docs.test_pages import parses, words_of

ROOT = Path(__file__).parents[3]
FILES = ROOT / "tests" / "vectors" / "chain4"
ZKEY, WTNS, R1CS = (str(FILES / name) for name in ("circuit.zkey", "witness.wtns", "circuit.r1cs"))
VK, PROOF, PUBLIC = (str(FILES / name) for name in (
    "verification_key.json", "proof.json", "public.json"))


def commands(top: argparse.ArgumentParser, path: tuple[str, ...] = ()):
    """(words, parser) of every command."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield (*path, name), child
                yield from commands(child, (*path, name))


ALL = dict(commands(parser()))
LEAVES = {path: found for path, found in ALL.items() if found._subparsers is None}


@pytest.fixture
def refused(capsys, tmp_path, monkeypatch):
    """Run a line that is refused, with no work done before; return the sentence."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("PROOFMILL_CACHE", str(cache))

    def run(*line):
        assert main([str(word) for word in line]) == 2
        output = capsys.readouterr()
        assert output.out == "" and output.err.count("\n") == 1, output
        assert output.err.startswith("proofmill: ") and not cache.exists()
        return output.err.removeprefix("proofmill: ")

    return run


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_help_says_what_a_command_does_and_every_default(path):
    found = ALL[path]
    text = " ".join(found.format_help().split())
    assert "%%" not in text and "%(" not in text and "==SUPPRESS==" not in text
    for action in found._actions:
        if action.option_strings and action.default not in (None, False, [], argparse.SUPPRESS):
            assert "default" in (action.help or ""), name_of(action)
    if path in LEAVES:
        assert found.description, "no description"
    if issubclass(found.formatter_class, argparse.RawDescriptionHelpFormatter):  # as it stands
        assert max(map(len, found.description.splitlines())) <= 80


@pytest.mark.parametrize("columns", [60, 80])
def test_every_help_fits_the_terminal_and_has_an_example(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    for path, found in [((), parser()), *ALL.items()]:
        text = found.format_help()
        # A hash is a word that cannot be broken, and longer than 60 columns.
        wide = [line for line in text.splitlines()
                if len(line) > columns and not re.fullmatch(r"\s*0x[0-9a-f]{64}( \\)?", line)]
        assert not wide, (path, wide)
        assert "\x1b" not in text
        if path in LEAVES:
            assert re.search(r"[eE]xamples?:\s", text), f"{path}: add one to host/cli/examples.py"


def test_every_example_parses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not {tuple(words.split()) for words in EXAMPLES} - {(), *LEAVES}
    for path, lines in EXAMPLES.items():
        for line in lines:
            words = words_of(f"proofmill {line}")
            assert " ".join(words).startswith(path) and parses(words) is None, line


def test_an_example_is_one_line_for_a_shell():
    text = examples("proofmill zkey beacon", 40)
    assert text.startswith("\nexamples:\n") and max(map(len, text.splitlines())) <= 40
    assert text.replace("\\\n", "").split()[1:] == (
        "proofmill " + EXAMPLES["zkey beacon"][0]).split()
    assert examples("proofmill nothing", 40) == ""


def test_every_command_is_listed_once_for_its_reader():
    listed = [name for names in READERS.values() for name in names]
    assert sorted(listed) == sorted({path[0] for path in ALL})
    text = parser().format_help()
    assert all(re.search(rf"^  {name} ", text, re.MULTILINE) for name in listed)
    assert all(f"\n{reader}:\n" in text for reader in READERS)


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"proofmill {project['version']}\n"


def test_every_hint_names_an_extra_that_there_is():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    there = project["optional-dependencies"].keys()
    assert set(extras.EXTRAS.values()) <= there
    found = set()
    for folder, pattern in (("", "*.md"), ("docs", "*.md"), ("host", "**/*.py"),
                            ("boards", "**/*.py"), ("hdl", "*.py"), ("sim", "*.py")):
        for path in (ROOT / folder).glob(pattern):
            found |= set(re.findall(r"(?:proofmill|'\.)\[(\w+)\]", path.read_text()))
    assert found and found <= there
    for module, extra in extras.EXTRAS.items():
        error = ModuleNotFoundError("no", name=f"{module}.part")
        assert f"'.[{extra}]'" in extras.hint(error)
    plain = {re.split(r"[^\w-]", each)[0].replace("-", "_") for each in project["dependencies"]}
    assert set(extras.PLAIN) - {"eth"} <= plain  # `eth` is py-evm's


@pytest.mark.parametrize("line, sentence", [
    ("mien", "there is no command proofmill mien (did you mean mine?); `proofmill --help`"),
    ("xyzzy", "there is no command proofmill xyzzy; `proofmill --help` shows how"),
    ("zkey inof x", "there is no command proofmill zkey inof (did you mean info?)"),
    ("mine --blcoks 3", "there is no option --blcoks (did you mean --blocks?); `proofmill mine"),
    ("why --slto 3", "there is no option --slto (did you mean --slot?)"),
    ("mine -x", "there is no option -x"),
    ("mine 3", "'3' is one argument too many"),
    ("mine --blocks", "argument --blocks: expected one argument; `proofmill mine --help`"),
    ("prove a", "CIRCUIT.zkey a: there is no file a"),
    ("", "the following arguments are required: COMMAND; `proofmill --help` shows how"),
    ("bench msm --scalars equl", "--scalars equl: there is no 'equl' (did you mean equal?)"),
    ("bench msm --interval 5", "--interval 5: there is no 5; choose one of 12, 6, 4, 3, 2, 1"),
    ("attacks --json --markdown", "not allowed with argument --json"),
])
def test_a_slip_is_a_sentence_that_helps(refused, line, sentence):
    assert sentence in refused(*line.split())


@pytest.mark.parametrize("line, sentence", [
    ("bench msm --points -5", "--points -5: there must be at least one"),
    ("bench msm --points 0", "--points 0: there must be at least one"),
    ("bench msm --window 1", "--window 1: a window has 2 to 16 bits"),
    ("bench msm --window 17", "--window 17: a window has 2 to 16 bits"),
    ("bench msm --window 16 --at-once 1", "--window 16 and --at-once 1: 8192 mailboxes"),
    ("bench msm --at-once 500", "--at-once 500: "),
    ("bench msm --at-once 0", "--at-once 0: there must be at least one"),
    ("bench ratios --seeds 0", "--seeds 0: there must be at least one"),
    ("bench ratios --device cpu", "--device cpu: counts no cycles"),
    ("bench msm --device cpu --window 8", "--window 8: is of simulated accelerators, not of cpu"),
    ("bench sim --points 0", "--points 0: there must be at least one"),
    ("bench prove --rounds 0", "--rounds 0: there must be at least one"),
    ("bench prove absent.zkey w", "CIRCUIT.zkey absent.zkey: there is no file absent.zkey"),
    ("measure adder --mailbox-bits 0", "--mailbox-bits 0: must be 1 or more"),
    ("measure adder --interval 0", "--interval 0: must be 1 or more"),
    ("measure adder --multipliers 0", "--multipliers 0: must be 1 or more"),
    ("measure adder --megahertz 0", "--megahertz 0: must be more than 0 MHz"),
    ("build ulx3s-85f --seed -1", "--seed -1: must be 0 to 2,147,483,647"),
    ("build ulx3s-85f --clock nan", "--clock nan: must be more than 0 MHz"),
    ("mine --blocks 1.5", "--blocks 1.5: is no whole number"),
    ("mine --seed -1", "--seed -1: must be 0 to 2^64 - 1"),
    ("devnet --blobs 7", "--blobs 7: give 0 to 6, as many as a block may have"),
    ("devnet --delay 0", "--delay 0: must be 1 to 1,073,741,824"),
    ("mine --chain-id 0", "--chain-id 0: must be 1 or more"),
    ("mine --device gpu", "--device gpu: there is no 'gpu' (did you mean cpu?); choose one of rtl"),
    ("selftest serial:", "say which port, as in serial:/dev/ttyUSB0"),
    ("selftest serial:/dev/x@fast", "'fast' is no rate"),
    ("devices --port /dev/x@0", "'0' is no rate"),
    ("devnet --record /nonexistent/run.json", "there is no folder /nonexistent; make it"),
    ("mine --ai none.onnx", "--ai none.onnx: there is no file none.onnx"),
    ("simulate equal --hours 3", "--hours is of `simulate market` alone"),
    ("simulate market --hours 0", "--hours 0: must be 1 to 168"),
    ("simulate market --slots 3", "--slots is not for `simulate market`"),
    ("simulate market --strategy a.py:A", "--strategy is not for `simulate market`"),
    ("simulate equal --slots 0", "--slots 0: must be 1 to 1,000,000"),
    ("bench simulate --provers 100001", "--provers 100001: must be 1 to 100,000"),
    (f"simulate equal --out {ZKEY}", "is a file; name a folder"),
    (f"simulate equal --out {ZKEY}/deeper", "circuit.zkey is a file; name a folder"),
    ("why --slot 3 --run absent.json", "there is no file absent.json; name the file that"),
    ("contracts gas --provers 129", "--provers 129: the contracts take 1 to 128 provers"),
    ("verilog /nonexistent/x.sv", "OUT.sv /nonexistent/x.sv: there is no folder /nonexistent"),
    (f"verilog {FILES}", "is a folder; name a file in it"),
    (f"verilog {ZKEY}/x.sv", "there is no folder"),
    (f"prove {ZKEY} {WTNS} /nonexistent/p.json q.json", "there is no folder /nonexistent; make it"),
    (f"prove {ZKEY} {WTNS} {FILES} q.json", "PROOF.json"),
    (f"prove {ZKEY} {WTNS} p.json p.json", "PROOF.json and PUBLIC.json are both p.json"),
    (f"prove {ZKEY} {WTNS} p.json ./p.json", "PROOF.json and PUBLIC.json are both ./p.json"),
    (f"prove {ZKEY} {WTNS} {ZKEY} q.json", "CIRCUIT.zkey and PROOF.json are both"),
    (f"prove {ZKEY} {WTNS} p.json {R1CS} --r1cs {R1CS}", "would lose what is read"),
    (f"prove {FILES} {WTNS} p.json q.json", "is a folder; name a file"),
    (f"setup {R1CS} {R1CS} --development", "would lose what is read; name another file"),
    (f"zkey verificationkey {ZKEY} {ZKEY}", "would lose what is read; name another file"),
    (f"contracts verifier {VK} {VK}", "would lose what is read; name another file"),
    ("field assemble absent.asm", "give a program's source, like firmware/programs/invert.asm"),
    (f"field assemble {VK} --out {VK}", "would lose what is read; name another file"),
    ("waves adder --out /nonexistent/a.vcd", "there is no folder /nonexistent"),
])
def test_what_cannot_be_is_refused_before_any_work(refused, line, sentence):
    assert sentence in refused(*line.split())


def test_links_to_one_file_are_one_file(refused, tmp_path):
    (tmp_path / "key.zkey").write_bytes(b"zkey")
    (tmp_path / "link").symlink_to("key.zkey")
    os.link(tmp_path / "key.zkey", tmp_path / "same")
    for name in ("link", "same"):
        sentence = refused("zkey", "verificationkey", tmp_path / "key.zkey", tmp_path / name)
        assert "would lose what is read" in sentence


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(refused, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "may not be written to" in refused("verilog", tmp_path / "closed" / "x.sv")


CHOICES = {
    ("bench msm", "curve"): "bench msm --points 6 --curve",
    ("bench ratios", "curve"): "bench ratios --points 6 --curve",
    ("selftest", "curve"): "selftest rtl --curve",
    ("explore", "curve"): "explore --dsp 72 --memory-kbit 500 --points 64 --curve",
    ("bench msm", "multiplier"): "bench msm --points 6 --depth 1 --multiplier",
    ("bench ratios", "multiplier"): "bench ratios --points 6 --depth 1 --multiplier",
    ("bench msm", "group"): "bench msm --points 6 --device cpu --group",
    ("bench msm", "scalars"): "bench msm --points 6 --device cpu --scalars",
    ("bench msm", "bases"): "bench msm --points 6 --device cpu --bases",
    ("bench msm", "interval"): "bench msm --points 6 --interval",
    ("bench ratios", "group"): "bench ratios --points 6 --group",
    ("bench ratios", "interval"): "bench ratios --points 6 --interval",
    ("field invert", "modulus"): "field invert 3 --device interpreter --modulus",
    ("field invert", "device"): "field invert 3 --modulus toy --device",
    ("field power", "modulus"): "field power 3 5 --device interpreter --modulus",
    ("field power", "device"): "field power 3 5 --modulus toy --device",
    ("field multiply", "modulus"): "field multiply 3 5 --device interpreter --modulus",
    ("field multiply", "device"): "field multiply 3 5 --modulus toy --device",
    ("verify", "device"): "verify tests/vectors/chain4/verification_key.json "
                          "tests/vectors/chain4/public.json tests/vectors/chain4/proof.json "
                          "--device",
    **{(f"kzg {action}", "device"): f"kzg {action} {{folder}}/blob.bin{out} --device"
       for action, out in (("commit", ""), ("prove", ""), ("cells", " {folder}/cells.json"))},
    ("kzg recover", "device"): "kzg recover {folder}/some.json {folder}/cells.json --device",
    ("kzg setup", "device"): "kzg setup --device",
    ("field pairing", "device"): "field pairing --q infinity --device",
    ("field assemble", "modulus"): "field assemble firmware/programs/invert.asm --modulus",
    ("field disassemble", "modulus"): "field disassemble invert --modulus",
    ("bench setup", "circuit"): "bench setup --circuit",
    ("bench transforms", "device"): "bench transforms --device",
    ("bench batch", "preset"): "bench batch --power 3 --preset",
    ("bench batch", "multiplier"): "bench batch --power 3 --depth 1 --multiplier",
    ("bench batch", "curve"): "bench batch --power 3 --curve",
    ("bench batch", "group"): "bench batch --power 3 --group",
    ("bench certificate", "kind"): "bench certificate --kind",
    ("bench certificate", "profile"): "bench certificate --kind slot --profile",
    ("light start", "profile"): "light start {folder}/new --epoch 0 --registry 1 --profile",
    ("bench gates", "system"): "bench gates --power 4 --system",
    ("board simulate", "preset"): "board simulate ulx3s-85f --seconds 1 --preset",
    ("build", "preset"): "build ulx3s-85f --preset",
    ("measure", "unit"): "measure",
    ("measure", "target"): "measure adder --target",
    ("measure", "curve"): "measure adder --curve",
    ("measure", "preset"): "measure adder --preset",
    ("measure", "placer"): "measure adder --placer",
    ("measure", "multiplier"): "measure multiplier --depth 1 --multiplier",
    ("verilog", "unit"): "verilog {folder}/unit.sv --unit",
    ("verilog", "preset"): "verilog {folder}/unit.sv --preset",
    ("verilog", "multiplier"): "verilog {folder}/unit.sv --unit multiplier --depth 1 --multiplier",
    ("verilog", "bus"): "verilog {folder}/unit.sv --unit multiplier --bus",
    ("verilog", "curve"): "verilog {folder}/unit.sv --unit adder --curve",
    ("verilog", "group"): "verilog {folder}/unit.sv --unit adder --group",
    ("verilog", "program"): "verilog {folder}/unit.sv --unit processor --program",
    ("waves", "unit"): "waves --toy --out {folder}/w.vcd",
    ("model train", "kind"): "model train {folder}/m.onnx",
    ("mine", "system"): "mine --device cpu --system",
    ("setup", "system"): "setup tests/vectors/simplifier/linear-O1.r1cs "
                         "tests/vectors/powers/powers08.ptau {folder}/k.zkey --system",
    ("completion", "shell"): "completion",
}
"""A line for every argument with choices, to which each of them is added."""

BESIDE = {("verilog", "unit", "board"): ["--board", "icesugar-pro"]}
"""What a choice wants beside it."""

PLACES = {"waves": 1, "model train": 2, "completion": 1}
"""Where a choice that is no option's goes."""

REACHED = "the tools were reached"


@pytest.fixture
def without_tools(monkeypatch):
    """Stops where compilers and synthesis begin, which take minutes; their own tests run them."""
    pytest.importorskip("amaranth_boards")
    pytest.importorskip("onnxruntime")
    import proofmill.boards.build
    import proofmill.boards.cores.core
    import proofmill.boards.measure
    import proofmill.host.bench.certificate
    import proofmill.host.bench.gates
    import proofmill.host.bench.hash_certificate
    import proofmill.host.bench.setup
    import proofmill.host.cli.bench_device
    import proofmill.host.cli.light
    import proofmill.host.cli.mine
    import proofmill.host.prover.inference.making
    import proofmill.host.prover.kzg.sums
    import proofmill.sim.board
    import proofmill.sim.compiling
    import proofmill.sim.verilated
    import proofmill.sim.waves
    import proofmill.sim.wide_gateware
    from proofmill.boards.tools import ToolError
    from proofmill.host.ground.errors import ProofmillError

    def stop(error):
        def reached(*given, **more):
            raise error(REACHED)
        return reached

    monkeypatch.setattr(proofmill.boards.build, "build", stop(ToolError))
    monkeypatch.setattr(proofmill.boards.measure, "measure", stop(ToolError))
    monkeypatch.setattr(
        proofmill.boards.cores.core.Core, "verilog", property(stop(ProofmillError)))
    monkeypatch.setattr(
        proofmill.sim.verilated, "build", stop(proofmill.sim.compiling.BuildError))
    monkeypatch.setattr(
        proofmill.sim.board, "build_board", stop(proofmill.sim.compiling.BuildError))
    monkeypatch.setattr(
        proofmill.sim.wide_gateware, "wide_library", stop(proofmill.sim.compiling.BuildError))
    monkeypatch.setattr(proofmill.sim.waves, "record", stop(ProofmillError))
    monkeypatch.setattr(proofmill.host.bench.certificate, "figures", stop(ProofmillError))
    monkeypatch.setattr(proofmill.host.bench.hash_certificate, "figures", stop(ProofmillError))
    for start in ("_start", "_start_hashed"):
        monkeypatch.setattr(proofmill.host.cli.light, start, stop(ProofmillError))
    monkeypatch.setattr(proofmill.host.bench.gates, "compare", stop(ProofmillError))
    monkeypatch.setattr(proofmill.host.bench.setup, "measure", stop(ProofmillError))
    monkeypatch.setattr(proofmill.host.prover.inference.making, "make", stop(ProofmillError))
    monkeypatch.setattr(proofmill.host.cli.mine, "load_chain", stop(ProofmillError))
    real_sums = proofmill.host.prover.kzg.sums.open_sums
    monkeypatch.setattr(proofmill.host.prover.kzg.sums, "open_sums", lambda name, *more: (
        real_sums(name, *more) if name == "cpu" else stop(ProofmillError)()))
    real = proofmill.host.cli.bench_device.open_device
    monkeypatch.setattr(proofmill.host.cli.bench_device, "open_device", lambda name, **more: (
        real(name, **more) if name == "cpu" else stop(ProofmillError)()))
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts of designs that nobody has built
        gc.collect()


def test_every_choice_has_its_line():
    assert CHOICES.keys() == {(" ".join(path), action.dest) for path, found in LEAVES.items()
                              for action in found._actions if action.choices is not None}


@pytest.mark.filterwarnings("ignore:.*created but never used")
@pytest.mark.parametrize("command, argument", CHOICES, ids=str)
def test_every_listed_choice_runs_or_is_refused(command, argument, without_tools, capsys,
                                                tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "blob.bin").write_bytes(bytes(131072))
    (tmp_path / "some.json").write_text(json.dumps({
        "commitment": "0xc0" + 47 * "00",
        "cells": [{"index": n, "cell": "0x" + 2048 * "00"} for n in range(64)]}))
    found = LEAVES[tuple(command.split())]
    action, = (action for action in found._actions if action.dest == argument)
    for choice in action.choices:
        line = CHOICES[command, argument].format(folder=tmp_path).split()
        if command in PLACES:
            line.insert(PLACES[command], choice)
        else:
            line += [str(choice), *BESIDE.get((command, argument, choice), [])]
        status = main(line)
        output = capsys.readouterr()
        if status == 0:
            assert output.out
            continue
        told = [line for line in output.err.splitlines() if not line.endswith(" ...")]
        assert status == 2 and len(told) == 1, output.err
        refused = "these parameters do not fit: a " in told[0] and " has no depth" in told[0]
        assert told[0] == f"proofmill: {REACHED}" or refused, told


@pytest.mark.parametrize("group", ["g1", "g2"])
def test_products_on_the_processor_have_no_cycles(group, capsys):
    assert main(["bench", "msm", "--device", "cpu", "--group", group, "--points", "5"]) == 0
    shown = capsys.readouterr().out
    assert "seconds" in shown and "cycles" not in shown


@pytest.mark.skipif(os.name == "nt", reason="pipes as on POSIX")
@pytest.mark.parametrize("line", [["commands"], ["--version"], ["field", "isa"],
                                  ["prove", ZKEY, WTNS, "/dev/stdout", "/dev/null"]])
def test_a_closed_pipe_ends_it_quietly(line):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "proofmill.host.cli.main", *line], stdout=writing,
                          stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(writing)
    assert done.returncode == CLOSED_PIPE
    assert done.stderr == "" or all(line.endswith(" ...") for line in done.stderr.splitlines())


def test_unused_parts_of_a_refused_design_are_not_told():
    pytest.importorskip("amaranth_boards")
    done = subprocess.run(
        [sys.executable, "-m", "proofmill.host.cli.main", "measure", "adder", "--interval", "5",
         "--preset", "toy"], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    told = [line for line in done.stderr.splitlines() if not line.endswith(" ...")]
    assert " ".join(told) == (
        "proofmill: 12 multiplications do not fit 1 multiplier(s) at interval 5; take 3 "
        "multipliers, or interval 12")


def test_many_contributors_are_not_one_line(capsys):
    key = ROOT / "tests" / "vectors" / "semaphore10" / "circuit.zkey"
    assert main(["zkey", "info", str(key)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < 150
    first = next(n for n, line in enumerate(lines) if line.startswith("contributions"))
    assert lines[first].split() == ["contributions", "419"]
    assert lines[first + 1].strip().startswith("1. ") and "... 419. " in lines[first + 8]


def test_the_page_of_commands_has_every_field_and_status():
    page = (ROOT / "docs" / "commands.md").read_text()
    assert markdown().strip() in page
    assert re.findall(r"^\| (\d+) \|", page, re.MULTILINE) == ["0", "1", "2", "130", "141", "143"]
    with_json = {" ".join(path) for path, found in LEAVES.items()
                 if "--json" in found._option_string_actions}
    documented = set(re.findall(r"^### `proofmill ([a-z0-9 ]+)`", page, re.MULTILINE))
    calculations = {f"field {name}" for name in ("invert", "power", "multiply")}
    assert with_json == (documented - {"field", "simulate market"}) | calculations


def test_a_path_that_is_open_already_is_checked_as_such(tmp_path):
    found = Parser(prog="proofmill")
    from proofmill.host.cli.arguments import output_file

    found.add_argument("file", type=output_file)
    with open(tmp_path / "x", "wb") as stream:
        assert found.parse_args([f"/dev/fd/{stream.fileno()}"]).file
    with open(tmp_path / "x", "rb") as stream:
        with pytest.raises(Exception, match="is not open for writing"):
            found.parse_args([f"/dev/fd/{stream.fileno()}"])
