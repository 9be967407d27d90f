"""The commands' own mistakes: a sentence and status 2, nothing left behind."""

import json
import re
from pathlib import Path

import pytest

from proofmill.hdl.presets import with_batches, with_proofs
from proofmill.host.cli.main import main
from proofmill.host.cli.pages import part


@pytest.mark.parametrize("line,sentence", [
    ("build", "say which board to build"),
    ("build ulx4s", "there is no 'ulx4s'; choose one of crosslink-nx-evn"),
    ("build --export vu3p", "--export vu3p: there is no 'vu3p' (did you mean vu9p?); choose one"),
    ("build ulx3s-85f --accelerators 2", "--accelerators goes with --export: a board of the"),
    ("build --export u250 --accelerators 5", "--accelerators 5: each takes a channel of memory"),
    ("build ulx3s-85f --clock -3", "--clock -3: must be more than 0 MHz"),
    ("build ulx3s-85f --preset huge", "--preset huge: there is no 'huge'; choose one of standard"),
    ("build ulx3s-85f --count --keep records", "--count keeps no record, so it goes with neither"),
    ("measure msm --curve bls12-381 --evaluation", "proofs are of bn254; leave --evaluation out"),
    ("measure msm --curve bls12-377 --check", "proofs are of bn254; leave --check out"),
    ("board simulate ulx4s", "there is no 'ulx4s'"),
    ("board simulate ulx3s-85f --divisor 0", "--divisor 0: a bit takes at least one cycle"),
    ("board simulate ulx3s-85f --seconds -1", "--seconds -1: must be more than none"),
    ("measure", "say what to measure: one of multiplier"),
    ("measure divider", "there is no 'divider'"),
    ("measure multiplier --target vu9p", "there is no 'vu9p'"),
    ("measure multiplier --target xcup --place", "--place with --target xcup"),
    ("measure multiplier --digit 30 --limb 20", "these parameters do not fit: a limb"),
])
def test_a_mistake_is_a_sentence(line, sentence, capsys):
    pytest.importorskip("amaranth_boards")
    assert main(line.split()) == 2
    assert sentence in capsys.readouterr().err


RECORD = {
    "board": "ulx3s-85f", "chip": "a chip", "hash": "00ff", "parameters": {"digit": 18},
    "available": {"dsp": 156}, "resources": {"dsp": 31}, "reached_mhz": 61.5, "clock_mhz": 60.0,
    "bitstream": "top.bit", "step_seconds": {"synthesis": 100.0}, "tools": {"pyosys": "0.70"}}


def test_the_record_is_reported(tmp_path, capsys):
    pytest.importorskip("amaranth_boards")
    (tmp_path / "record.json").write_text(json.dumps(RECORD))
    assert main(["build", "ulx3s-85f", "--report", "--folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "31 of 156 (20%)" in out and "61.5 MHz reached, 60 MHz wanted" in out
    assert "missed" not in out and "not compared: amaranth None made it" in out
    (tmp_path / "record.json").write_text("[]")
    assert main(["build", "ulx3s-85f", "--report", "--folder", str(tmp_path)]) == 2
    assert "it is no build record; build ulx3s-85f again" in capsys.readouterr().err
    assert main(["build", "ecpix5-85f", "--report", "--folder", str(tmp_path / "none")]) == 2
    assert "has not been built here" in capsys.readouterr().err


@pytest.fixture(scope="module")
def toy_record():
    """A board with the toy accelerator, which is quick to generate, and a record of it."""
    pytest.importorskip("amaranth_boards")
    from proofmill.boards.build import gateware_hash
    from proofmill.boards.catalogue import board
    from proofmill.boards.tools import versions
    from proofmill.boards.units import parameters_of

    found = board("icesugar-pro")
    return found, {
        "hash": gateware_hash(found, found.shape), "clock_mhz": found.clock_hz / 1e6,
        "baud": found.baud, "parameters": parameters_of(found.shape), "tools": versions()}


@pytest.mark.parametrize("change,said", [
    ({}, "unchanged: the sources here make the same"),
    ({"baud": 500_000}, "changed since: the sources here make "),
    ({"parameters": {"digit": 99}},
     "not compared: the parameters make no accelerator: MsmShape needs 'adder'; build again"),
    ({"tools": {"amaranth": "0.4"}}, "not compared: amaranth 0.4 made it, here is "),
])
def test_a_record_that_is_out_of_date_says_so(change, said, toy_record):
    from proofmill.host.cli.build import compare

    board, record = toy_record
    assert said in compare(board, record | change)[0]


def test_a_record_is_kept_with_the_others(tmp_path, capsys, monkeypatch):
    pytest.importorskip("amaranth_boards")
    import proofmill.boards.build as module

    monkeypatch.setattr(module, "build", lambda *a, **k: module.Build(tmp_path / "top.bit", RECORD))
    folder = tmp_path / "new" / "records"
    assert main(["build", "ulx3s-85f"]) == 0 and not list(tmp_path.iterdir())
    assert main(["build", "ulx3s-85f", "--matrices", "--keep", str(folder)]) == 0
    assert [path.name for path in folder.iterdir()] == ["ulx3s-85f-matrices.json"]
    assert main(["build", "ulx3s-85f", "--keep", str(folder)]) == 0
    assert json.loads((folder / "ulx3s-85f.json").read_text()) == RECORD
    assert f"kept        {folder / 'ulx3s-85f.json'}" in capsys.readouterr().out


PAGE = Path(__file__).parents[2] / "docs" / "boards.md"


def test_the_page_of_the_boards_has_the_commands_tables(capsys):
    pytest.importorskip("amaranth_boards")
    assert main(["build", "--table"]) == 0
    printed = capsys.readouterr().out.strip("\n")
    parts = [part(PAGE, f"proofmill build --table: {name}")
             for name in ("records", "expectations", "expectations of Gowin", "sums of Gowin",
                          "estimates")]
    assert "\n\n".join(parts) == printed
    assert "| ulx3s-85f | bn254, 1 |" in parts[0].replace("†", "")
    assert "| `one-row` | 180 cycles |" in parts[1]
    assert "| `gw5a-eight-rows` | 24 cycles |" in parts[2]
    assert "| ulx3s-85f | " in parts[3] and "`gw5a-eight-rows`" in parts[3]


def test_eight_rows_of_a_gowin_are_four_boards_with_one():
    """By model and clock: sums in both groups, and additions."""
    pytest.importorskip("amaranth_boards")
    from proofmill.boards.catalogue import board
    from proofmill.boards.table import GW5A_PRESETS, sums_table

    first, gowin = board("ulx3s-85f"), board("tang-mega-138k")
    lines = sums_table(gowin, GW5A_PRESETS, first).splitlines()
    assert "G1: sums of 2^12 points" in lines[0] and "G2: sums of 2^11 points" in lines[0]
    own, one, four, eight = ([float(times) for times in re.findall(r"([\d.]+) ×", line)]
                             for line in lines[2:])
    assert own == [1, 1, 1] and len(eight) == 3 and min(eight) > 4 > max(four)
    assert one[2] == round(50e6 / 192 / (first.clock_hz / 180), 2)


def test_a_build_of_other_gateware_is_marked_in_the_table():
    pytest.importorskip("amaranth_boards")
    from proofmill.boards.table import records_table
    from proofmill.host.cli.build import kept_records

    records = [record for record in kept_records() if "board" in record]
    text = records_table(records, lambda record: record["board"] == "ulx3s-85f")
    assert "| ulx3s-85f† |" in text and "| icesugar-pro |" in text
    assert text.endswith("† The sources make another gateware now than the one that was built.")
    assert "†" not in records_table(records, lambda record: False)


def test_an_estimate_of_other_gateware_is_marked_in_the_table(monkeypatch):
    from proofmill.boards import export
    from proofmill.boards.table import estimates_table
    from proofmill.host.cli.build import _older, kept_records

    made = next(record for record in kept_records() if "card" in record)
    monkeypatch.setattr(export, "gateware", lambda card, shape: ("", int(made["hash"], 16)))
    assert not _older(made) and "†" not in estimates_table([made], _older)
    monkeypatch.setattr(export, "gateware", lambda card, shape: ("", 1))
    text = estimates_table([made], _older)
    assert f"| {made['card']}† |" in text
    assert text.endswith("† The sources make another gateware now than the one that was counted.")
    assert _older(made | {"tools": {"amaranth": "0.1"}})
    assert _older(made | {"parameters": {}})


def test_the_pages_figures_are_the_boards_and_the_records():
    """Clock rates, seeds, and how the multiplier fits."""
    pytest.importorskip("amaranth_boards")
    from proofmill.boards.catalogue import board, here
    from proofmill.boards.export import CARDS
    from proofmill.boards.resources import ECP5_85F
    from proofmill.boards.table import GW5A_PRESETS, PRESETS
    from proofmill.hdl.cost import BLOCKS, multiplier_blocks
    from proofmill.hdl.curve import Group
    from proofmill.host.cli.build import kept_records

    page, records = PAGE.read_text(), {
        record["board"] + " --matrices" * ("matrices" in record["parameters"]): record
        for record in kept_records() if "board" in record}
    clocks = {board(name).clock_hz / 1e6 for name in here()}
    clocks |= {record["clock_mhz"] for record in records.values()}
    clocks |= {card.megahertz for card in CARDS.values()}
    said = re.findall(r"([\d.]+) MHz", page)
    assert said and set(said) <= {f"{clock:.4g}" for clock in clocks}
    for name, seed in re.findall(r"`([^`]+)`'s record is of `--seed (\d+)`", page):
        assert records.pop(name)["seed"] == int(seed)
    assert all(record["seed"] == 1 for record in records.values())  # nothing to be said of
    for name, shape in (PRESETS | GW5A_PRESETS).items():
        adder, multiplier = shape.adder, shape.adder.multiplier
        block = BLOCKS["26x17" if name in GW5A_PRESETS else "18x18"]
        line = (f"| `{name}` | {multiplier.rows} | {multiplier_blocks(adder, block)} | "
                f"{multiplier.interval} | {adder.interval[Group.G1]} |")
        assert line in page.replace(" cycles |", " |")
    assert f"an ECP5-85F has {ECP5_85F['dsp']}" in page


def test_the_boards_are_listed(capsys):
    pytest.importorskip("amaranth_boards")
    assert main(["board", "list"]) == 0
    out = capsys.readouterr().out
    assert "ulx3s-85f" in out and "32,768 KiB" in out
    lines = [line for line in out.splitlines() if " KiB for points" in line]
    assert lines and all(line.endswith("; not measured on hardware") for line in lines)


@pytest.mark.parametrize("words, build, seconds", [
    ("", lambda shape: shape, "1.011"),
    ("--preset batched", lambda shape: with_batches(shape), "0.515"),
    ("--preset batched --evaluation", lambda shape: with_proofs(with_batches(shape)), "0.515")])
def test_a_card_may_have_other_accelerators(words, build, seconds, tmp_path, monkeypatch, capsys):
    """... in parts of 17 x 26 bits like its own; by a mistake nothing is written."""
    from proofmill.boards import export

    made = []
    monkeypatch.setattr(export, "gateware", lambda card, shape, count: (
        made.append(shape), ("", 1))[1])
    line = f"build --export vu47p --no-estimate {words} --folder {tmp_path / 'card'}"
    assert main(line.split()) == 0
    assert made == [build(export.SHAPE)]
    assert f"2^20 points of G1 take {seconds} s each accelerator" in capsys.readouterr().out
    assert main([*line.split(), "--matrices", "--preset", "toy", "--accelerators", "99"]) == 2
    assert "--accelerators 99: each takes a channel" in capsys.readouterr().err
