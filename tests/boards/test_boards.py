# amaranth: UnusedElaboratable=no
"""Boards: their clocks, the pins, the record, and files for data-centre cards."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("amaranth_boards")

from proofmill.boards.board import ecp5_pll  # noqa: E402
from proofmill.boards.build import build, generate, phase_of, utilisation  # noqa: E402
from proofmill.boards.catalogue import board, here  # noqa: E402
from proofmill.boards.check import problems  # noqa: E402
from proofmill.boards.measure import clock_rate  # noqa: E402
from proofmill.boards.resources import Resources  # noqa: E402
from proofmill.boards.shapes import SMALL_TOY  # noqa: E402
from proofmill.boards.tools import ToolError  # noqa: E402
from proofmill.hdl.uart import divisor  # noqa: E402
from proofmill.host.cli.main import main  # noqa: E402


@pytest.mark.parametrize("name", here())
def test_a_board_is_whole(name):
    found = board(name)
    assert found.name == name and found.loader and found.memory_words >= 512
    assert divisor(found.clock_hz, found.baud) >= 4    # the receiver looks into a bit's middle
    assert found.flow != "ecp5" or found.clock_hz == found.input_hz or ecp5_pll(
        found.input_hz, found.clock_hz)
    assert problems(found) == []


@pytest.mark.parametrize("source,target", [
    (25e6, 60e6), (100e6, 60e6), (25e6, 30e6), (100e6, 30e6), (25e6, 50e6), (12e6, 48e6)])
def test_the_pll_makes_the_clock(source, target):
    divide, multiply, post = ecp5_pll(source, target)
    assert source * multiply / divide == pytest.approx(target)
    assert 400e6 <= target * post <= 800e6 and source / divide >= 3.125e6


def test_a_clock_that_cannot_be_made():
    with pytest.raises(ValueError, match="61.7 MHz cannot be made from 25 MHz"):
        ecp5_pll(25e6, 61.7e6)


@pytest.mark.parametrize("name", ["ulx3s-85f", "icebreaker"])
def test_the_design_with_its_pads_is_generated(name, tmp_path):
    """With the toy accelerator, which is quick to write; the pads are the board's."""
    from dataclasses import replace

    from proofmill.hdl.presets import TOY_SHAPE

    found = replace(board(name), shape=TOY_SHAPE)
    number = generate(found, found.shape, tmp_path)
    text = (tmp_path / "top.il").read_text()
    assert f"{number:064b}" in text
    assert __file__.rsplit("/", 3)[0] not in text     # a hash is the same in every clone
    constraints = "".join(path.read_text() for path in tmp_path.iterdir()
                          if path.suffix in (".lpf", ".pcf"))
    if name == "ulx3s-85f":
        assert "EHXPLLL" in text and "ODDRX1F" in text
        for port in ("uart_0__rx", "uart_0__tx", "sdram_0__a", "sdram_0__dq", "sdram_0__ras"):
            assert port in constraints


LOG = """
Info: Device utilisation:
Info: 	          MULT18X18D:      31/    156    19%
Info: 	              DP16KD:     107/    208    51%
Info: 	                DCUA:       0/      2     0%
Info: Max frequency for clock '$glbnet$clk': 44.00 MHz (FAIL at 60.00 MHz)
Info: Max frequency for clock '$glbnet$clk': 61.25 MHz (PASS at 60.00 MHz)
"""


def test_what_the_placer_says():
    assert utilisation(LOG) == {"MULT18X18D": [31, 156], "DP16KD": [107, 208]}
    assert clock_rate(LOG) == 61.25
    with pytest.raises(ToolError, match="no clock rate"):
        clock_rate("")


def test_the_placers_phases_are_told():
    log = ["Info: Creating initial analytic placement for 29043 cells, random placement",
           "Info:     at iteration #1, type ALL: wirelen solved = 1", "Info: Routing globals...",
           "Info: Running simulated annealing placer for refinement."]
    assert [phase_of(line) for line in log] == ["placing", None, "routing",
                                                "refining the placement"]
    assert [phase_of(line) for line in ("2.5. Executing FLATTEN pass (flatten design).",
                                        "2.3.1. Executing PROC_CLEAN pass")] == ["FLATTEN", None]


@pytest.fixture
def too_large(tmp_path, monkeypatch):
    """Yosys finds 9,999 cells for logic in a design for iCEBreaker; nothing is generated."""
    import proofmill.boards.build as module

    def generate(board, core, folder):
        core._MustUse__used = True      # nothing is generated here
        (folder / "top.ys").write_text("")
        return 1

    monkeypatch.setattr(module, "_with_platform", generate)
    monkeypatch.setattr(module, "run_yosys", lambda *a: (tmp_path / "stat.json").write_text(
        json.dumps({"design": {"num_cells_by_type": {"SB_LUT4": 9_999}}})))


@pytest.mark.usefixtures("too_large")
def test_a_design_too_large_is_refused_before_it_is_placed(tmp_path):
    with pytest.raises(ToolError, match="takes 9,999 lut and .* has 5,280"):
        build(board("icebreaker"), tmp_path)


@pytest.mark.usefixtures("too_large")
def test_a_design_is_counted_though_it_is_too_large(tmp_path, capsys):
    assert main(["build", "icebreaker", "--evaluation", "--count", "--folder", str(tmp_path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "lut 9,999 of 5,280 (189%)" in said and "evaluation True" in said
    assert "took generate 0 s, synthesis 0 s" in said
    assert not (tmp_path / "record.json").exists()


HERE_IT_IS_PLACED = "nextpnr would begin"

STEPS = {"ulx3s-85f": HERE_IT_IS_PLACED, "ecpix5-85f": HERE_IT_IS_PLACED,
         "icesugar-pro": HERE_IT_IS_PLACED, "tang-primer-25k": HERE_IT_IS_PLACED,
         "tang-mega-138k": HERE_IT_IS_PLACED, "tang-nano-20k": HERE_IT_IS_PLACED,
         "crosslink-nx-evn": HERE_IT_IS_PLACED,
         "icebreaker": r"the design takes (?P<lut>[\d,]+) lut and .* has 5,280"}
"""How far a build with the toy accelerator gets, and why no further, where nothing is placed."""


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_a_board_is_built_up_to_where_its_page_says(name, tmp_path, monkeypatch):
    """By the real Yosys. The iCEBreaker once ended at memories that it has not; what is said now is
    what docs/boards.md says."""
    pytest.importorskip("pyosys")
    import proofmill.boards.build as module

    def run(*arguments, **options):
        raise ToolError(HERE_IT_IS_PLACED)

    monkeypatch.setattr(module, "run", run)
    own = board(name).shape
    toy = own if own.adder.curve is SMALL_TOY.adder.curve else SMALL_TOY
    with pytest.raises(ToolError, match=STEPS[name]) as refused:
        module.build(board(name), tmp_path, shape=toy)
    if found := re.match(STEPS[name], str(refused.value)).groupdict():
        page = (Path(__file__).parents[2] / "docs" / "boards.md").read_text()
        said, = {number.replace(",", "") for number in
                 re.findall(r"takes about ([\d,]+) tables of 5,280", page)}
        assert float(found["lut"].replace(",", "")) == pytest.approx(float(said), rel=0.1)


def test_all_boards_are_tried():
    assert set(STEPS) == set(here())


def test_files_for_a_card(tmp_path):
    from proofmill.boards.export import CARDS, export
    from proofmill.hdl.presets import TOY_SHAPE

    for card in [CARDS["vu47p"]]:
        written, used = export(card, tmp_path / card.name, shape=TOY_SHAPE, estimate=False)
        assert used is None
        texts = {path.name: path.read_text() for path in written}
        assert "module card(" in texts["card.sv"] and "m_axi0_araddr" in texts["card.sv"]
        assert card.part in texts["build.tcl"] and "read_verilog -sv" in texts["build.tcl"]
        constraints = texts["card.xdc"]
        assert "-period 4.000" in constraints
        # Every port but the clock is timed, in both directions.
        for direction in ("input", "output"):
            assert f"set_{direction}_delay -clock aclk -max 1.200" in constraints
        assert texts["registers.txt"].splitlines()[1].startswith("0x020  rw  session0  write 1: ")
        assert "resize_pblock die0 -add SLR0" in texts["place.xdc"]
        assert "read_xdc $folder/place.xdc" in texts["build.tcl"]


def test_accelerators_are_dealt_to_a_cards_dies(tmp_path):
    from proofmill.boards.export import CARDS, export, places
    from proofmill.hdl.presets import TOY_SHAPE

    assert re.findall(r"pblock die(\d) -add SLR(\d)|\{(.*)\}", places(4, 2, 3)) == [
        ("2", "2", ""), ("", "", "unit/accelerator0 unit/memory0 unit/accelerator3 unit/memory3"),
        ("0", "0", ""), ("", "", "unit/accelerator1 unit/memory1"),
        ("1", "1", ""), ("", "", "unit/accelerator2 unit/memory2")]
    with pytest.raises(ValueError, match="^--accelerators 5: each takes a channel of memory, and "
                                         "AWS F1, VU9P has 4$"):
        export(CARDS["vu9p"], tmp_path, shape=TOY_SHAPE, accelerators=5, estimate=False)


def test_how_many_accelerators_a_card_holds():
    from proofmill.boards.export import CARDS, SHAPE, fitting, sum_seconds

    used = Resources(dsp=337, lut=43_368, carry=0, ff=45_587, bram=183)
    assert fitting(CARDS["vu47p"], used) == (9, "bram")  # three on each of three dies
    assert fitting(CARDS["u250"], replace(used, bram=0)) == (4, "channels")
    assert fitting(CARDS["vu47p"], replace(used, bram=1, dsp=3_009)) == (0, "dsp")
    one, four = (sum_seconds(CARDS["vu47p"], SHAPE, points) for points in (1 << 18, 1 << 20))
    assert 3.5 < four / one < 4.1 and one > (1 << 18) * 12 * 10 / 250e6


def test_a_card_is_placed_where_it_is_said_and_fits(tmp_path, monkeypatch):
    import proofmill.boards.export as module
    from proofmill.hdl.presets import TOY_SHAPE

    card = module.CARDS["u250"]
    written, _ = module.export(card, tmp_path, shape=TOY_SHAPE, estimate=False, slr=None)
    assert "place.xdc" not in {path.name for path in written}
    assert "place.xdc" not in (tmp_path / "build.tcl").read_text()
    with pytest.raises(ValueError, match="^--slr 4: Alveo U250 has 4, from 0 on$"):
        module.export(card, tmp_path, shape=TOY_SHAPE, estimate=False, slr=4)

    def synthesise(component, *rest):
        component._MustUse__silence = True  # it is counted without being looked at
        return Resources(dsp=3_073, lut=1, carry=0, ff=1, bram=1)

    monkeypatch.setattr(module, "synthesise", synthesise)
    with pytest.raises(ValueError, match="takes 3,073 dsp, and one of the 4 dies of Alveo U250 "
                                         "has 3,072; write --slr all$"):
        module.export(card, tmp_path, shape=TOY_SHAPE)


def test_the_records_kept_are_of_boards_and_cards_there_are():
    from proofmill import boards
    from proofmill.boards.export import CARDS

    paths = sorted((Path(boards.__path__[0]) / "records").glob("*.json"))
    assert paths
    for path in paths:
        made = json.loads(path.read_text())
        assert all(made["resources"][kind] <= there for kind, there in made["available"].items())
        if "card" in made:
            assert made["card"] == path.stem in CARDS
            continue
        assert made["board"] == path.stem in here()
        assert made["bitstream"] and made["reached_mhz"] >= made["clock_mhz"]
