"""Waveforms of simulations under Verilator: what a run did stands in them, cycle by cycle."""

import gc
import re
import warnings
from argparse import Namespace

import numpy as np
import pytest

from proofmill.host.cli.main import main
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.waveform import dumped
from proofmill.sim.dump import PERIOD_NS, Dump
from proofmill.sim.vcd import changes, find
from proofmill.sim.verilated import HARNESS, Simulation, library_of
from tests.host.cli.test_waves import read_fst

ECHO = """
module accelerator(
    input clk, input rst,
    input [63:0] commands__payload, input commands__valid, output commands__ready,
    output [63:0] answers__payload, output answers__valid, input answers__ready,
    output [39:0] requests__payload, output requests__valid, input requests__ready,
    input [63:0] points__payload, input points__valid, output points__ready,
    output [95:0] writes__payload, output writes__valid, input writes__ready);
  reg [63:0] word = 0;
  reg there = 0;
  assign commands__ready = ~there | answers__ready;
  assign answers__payload = word;
  assign answers__valid = there;
  assign requests__payload = 0;
  assign requests__valid = 0;
  assign points__ready = 1;
  assign writes__payload = 0;
  assign writes__valid = 0;
  wire [299:0] wide = {236'd0, word} << 235;
  reg [63:0] store [0:3];
  always @(posedge clk) store[word[1:0]] <= word;
  always @(posedge clk)
    if (rst) there <= 0;
    else if (commands__ready) begin
      there <= commands__valid;
      word <= commands__payload + 1;
    end
endmodule
"""
"""The accelerator's ports, and a word after each command: its own and one."""


@pytest.fixture(scope="module")
def echo():
    return library_of(ECHO, "accelerator", HARNESS, lambda what, done, total: None, traced=True)


def run(library, dump, words=range(10, 70)):
    simulation = Simulation(library, dump)
    taken, answers = simulation.exchange(np.array(words, dtype=np.uint64), len(words), 1_000)
    simulation.close()
    assert taken == len(words) and list(answers) == [word + 1 for word in words]


def values(path, variable, cycles):
    """What a variable is at the end of each cycle."""
    known, found = dict(changes(path, variable)), []
    now = None
    for cycle in cycles:
        for time in (cycle * PERIOD_NS - PERIOD_NS // 2, cycle * PERIOD_NS):
            now = known.get(time, now)
        found.append(now)
    return found


@pytest.mark.parametrize("cycles", [range(1), range(60), range(17, 24), range(55, 500)])
def test_of_each_cycle_that_was_asked_for(echo, tmp_path, cycles):
    dump = Dump(tmp_path / "run.vcd", cycles)
    run(echo, dump)
    found = dump.finish("accelerator")
    assert dump.ran == 61
    assert {name: [each.path for each in group] for name, group in found.groups.items()}[
        "commands"] == ["accelerator.commands__payload", "accelerator.commands__valid",
                        "accelerator.commands__ready"]
    shown = range(cycles[0], min(cycles[-1] + 1, dump.ran))
    assert not any("store" in each.name for each in found.variables)  # no memory's words
    known = {each.name: values(dump.path, each, shown) for each in found.variables}
    assert known["commands__payload"] == [10 + n if n < 60 else 0 for n in shown]
    assert known["answers__valid"] == [int(n > 0) for n in shown]
    word = [10 + n if n else 0 for n in shown]  # a command's word and one, in the next cycle
    assert known["answers__payload"] == word
    assert known["wide"] == [value << 235 for value in word]
    times = [int(time) for time in re.findall(r"^#(\d+)$", dump.path.read_text(), re.MULTILINE)]
    assert min(times) == shown[0] * PERIOD_NS and max(times) <= shown[-1] * PERIOD_NS + 5
    assert find(found.variables, ["*.clk"])[0].displayed == "bench.accelerator.clk"
    assert [path.name for path in tmp_path.iterdir()] == ["run.vcd"]


def test_a_run_that_ends_before(echo, tmp_path):
    dump = Dump(tmp_path / "run.vcd", range(61, 80))
    run(echo, dump)
    with pytest.raises(ValueError, match="the run ended with cycle 60"):
        dump.finish("accelerator")


def test_interrupted_before_there_was_anything_to_write_it_just_ends(tmp_path):
    options = Namespace(waves=str(tmp_path / "run.vcd"), cycles=None)
    with pytest.raises(KeyboardInterrupt), dumped(options, "accelerator", Screen()):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written(echo, tmp_path):
    with pytest.raises(OSError, match=r"no/run\.vcd cannot be written"):
        run(echo, Dump(tmp_path / "no" / "run.vcd", range(5)))


@pytest.mark.slow
def test_a_waveform_of_a_bench(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = "bench msm --device model --points 8 --window 4 --waves run.fst --cycles 20-90"
    assert main(words.split()) == 0
    said = capsys.readouterr().out
    assert re.search(r"wrote run\.fst: cycles 20 to 90 of [\d,]+, [\d,]+ signals", said)
    assert "gtkwave run.gtkw" in said
    found = read_fst(tmp_path / "run.fst")
    times = {time for each in found.values() for time, _ in each}
    assert min(times) == 200 and max(times) <= 905
    assert {path.name for path in tmp_path.iterdir()} == {"run.fst", "run.gtkw"}


@pytest.mark.slow
def test_a_waveform_of_a_simulated_board(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main("board simulate icesugar-pro --preset board --seconds 1 --waves board.fst "
                "--cycles 0-1500".split()) == 0
    assert "wrote board.fst: cycles 0 to 1,500 of " in capsys.readouterr().out
    found = read_fst(tmp_path / "board.fst")
    active = [each for name, each in found.items() if name.startswith("bench.board.active")]
    assert active and {value for each in active for _, value in each} == {"0"}  # nobody asks it
    assert max(time for each in found.values() for time, _ in each) <= 15_005
    assert "-memory chip" in (tmp_path / "board.gtkw").read_text()


@pytest.mark.parametrize("words, sentence", [
    ("bench msm --device cpu --waves a.vcd",
     "--waves a.vcd: is of simulated accelerators, not of cpu; choose --device rtl"),
    ("bench msm --waves a.txt", "--waves a.txt: a waveform's name ends in .vcd or .fst"),
    ("bench msm --cycles 0-5", "--cycles says what is written by --waves"),
    ("board simulate icesugar-pro --cycles 0-5", "--cycles says what is written by --waves"),
    ("bench msm --waves a.vcd --cycles 0-50000", "has 50,001 of them; 50,000 are the most"),
])
def test_mistakes(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a board that nobody has built
        assert main(words.split()) == 2
        gc.collect()
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []
