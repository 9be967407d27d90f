"""A board of one's own: found by its file, by an entry point, looked through before it is built."""

import re
import sys
import textwrap
from dataclasses import fields, replace
from pathlib import Path

import pytest

pytest.importorskip("amaranth_boards")

from amaranth.build import Pins, Resource, Subsignal  # noqa: E402
from amaranth_boards.ulx3s import ULX3S_85F_Platform  # noqa: E402

from proofmill import boards  # noqa: E402
from proofmill.boards import catalogue  # noqa: E402
from proofmill.boards.board import Board  # noqa: E402
from proofmill.boards.check import problems  # noqa: E402
from proofmill.boards.shapes import SMALL_TOY, gowin  # noqa: E402
from proofmill.hdl.presets import STANDARD  # noqa: E402
from proofmill.host.cli.main import main  # noqa: E402

MINE = '''"""A board of my own: an ULX3S without its SDRAM."""

from amaranth_boards.ulx3s import ULX3S_85F_Platform

from proofmill.boards.board import Board
from proofmill.boards.resources import ECP5_85F
from proofmill.boards.shapes import SMALL_TOY

BOARD = Board(
    name="mine", title="My board", chip="LFE5U-85F-6BG381C", flow="ecp5", shape=SMALL_TOY,
    clock_hz=50e6, input_hz=25e6, platform=lambda: ULX3S_85F_Platform(toolchain="Trellis"),
    resources=ECP5_85F, loader="ulx3s", baud=1_000_000)
'''


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_a_new_file_among_the_boards_is_a_new_board(mine, monkeypatch, capsys):
    monkeypatch.setattr(boards, "__path__", [*boards.__path__, str(mine.parent)])
    assert "mine" in catalogue.names() and catalogue.board("mine").title == "My board"
    monkeypatch.delitem(sys.modules, "proofmill.boards.mine")
    assert main(["board", "list"]) == 0
    assert "mine             My board, LFE5U-85F-6BG381C, 50 MHz" in capsys.readouterr().out


def test_the_boards_here_are_the_files_with_a_board():
    assert set(catalogue.here()) == {"ulx3s-85f", "ecpix5-85f", "icesugar-pro", "icebreaker",
                                     "tang-primer-25k", "tang-mega-138k", "tang-nano-20k",
                                     "crosslink-nx-evn"}


def test_an_installed_packages_board_is_found(mine, tmp_path, monkeypatch, capsys):
    """Two of them: one as it should be, one whose module fails, which hides no other."""
    (tmp_path / "broken.py").write_text("BOARD = {}['uart']\n")
    info = tmp_path / "my_boards-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-boards\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{catalogue.GROUP}]\nmy-board = mine:BOARD\nbroken = broken:BOARD\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("mine", "broken"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    assert catalogue.board("my-board").name == "mine"
    assert main(["board", "list"]) == 0
    out = capsys.readouterr().out
    assert "my-board         My board" in out and "ulx3s-85f" in out
    assert "broken:BOARD, the entry point broken of proofmill.boards: KeyError: 'uart'" in out


@pytest.mark.parametrize("way", [[], ["--board"]])
def test_a_board_is_named_by_its_file(way, mine, capsys):
    assert main(["board", "check", str(mine)]) == 0
    assert "nothing is missing" in capsys.readouterr().out
    assert main(["build", *way, str(mine), "--report", "--folder", str(mine.parent / "no")]) == 2
    assert "mine has not been built here" in capsys.readouterr().err


@pytest.mark.parametrize("text,sentence", [
    ("from proofmill.boards.resources import NONE\n", ":1: ImportError: cannot import name 'NONE'"),
    ("x = 1\n", "it sets no BOARD; a board's file ends in BOARD = Board(...)"),
    ("BOARD = 3\n", "BOARD is 3, which is no proofmill.boards.board.Board"),
    ("BOARD = (\n", "mine.py:1: SyntaxError: '(' was never closed"),
    ("x = 1\nBOARD = y\n", "mine.py:2: NameError: name 'y' is not defined"),
    ("import no_such_module\n", "needs no_such_module"),
    ("from proofmill.boards.board import Board\nBOARD = Board(name='x')\n",
     "mine.py:2: TypeError: "),
])
def test_a_file_that_holds_no_board_is_a_sentence(text, sentence, mine, capsys):
    mine.write_text(text)
    assert main(["board", "check", str(mine)]) == 2
    assert sentence in capsys.readouterr().err
    assert main(["board", "check", str(mine.parent / "none.py")]) == 2
    assert "none.py: there is no such file" in capsys.readouterr().err


def test_a_board_without_a_serial_line_is_a_sentence_and_nothing_is_built(mine, capsys):
    mine.write_text(MINE.replace("platform=lambda: ULX3S_85F_Platform(", "platform=lambda: Bare(")
                    .replace("BOARD =", '''class Bare(ULX3S_85F_Platform):
    resources = [each for each in ULX3S_85F_Platform.resources if each.name != "uart"]

BOARD ='''))
    assert main(["board", "check", str(mine)]) == 2
    said = capsys.readouterr()
    assert "platform has no resource 'uart', number 0: the serial line to the host" in said.out
    assert "mine cannot be built yet: 1 thing to mend, above" in said.err
    folder = mine.parent / "build"
    assert main(["build", "--board", str(mine), "--folder", str(folder)]) == 2
    assert "mine cannot be built: platform has no resource 'uart'" in capsys.readouterr().err
    assert not folder.exists()


class Changed(ULX3S_85F_Platform):
    """The ULX3S' platform with some resources replaced, each by what is under its name."""

    def __init__(self, **replaced):
        self.resources = [each for each in ULX3S_85F_Platform.resources
                          if each.name not in replaced]
        self.resources += [each for each in replaced.values() if each is not None]
        super().__init__(toolchain="Trellis")


NARROW = Resource("sdram", 0, Subsignal("clk", Pins("F19", dir="o")),
                  Subsignal("a", Pins("M20 M19", dir="o")))


@pytest.mark.parametrize("changes,sentence", [
    (dict(flow="quartus"), "flow is 'quartus'; the flows are ecp5, ice40, gowin, nexus"),
    (dict(chip="LFE5U-45F-6BG381C"), "platform is for LFE5U-85F, which chip, 'LFE5U-45F"),
    (dict(chip="ECP5"), "chip is 'ECP5', and the tools of flow ecp5 are called for parts like "),
    (dict(loader=""), "loader is empty"),
    (dict(clock_hz=61.7e6), "clock_hz: 61.7 MHz cannot be made from 25 MHz"),
    (dict(clock_hz=0), "have to be more than 0"),
    (dict(input_hz=50e6), "input_hz is 50 MHz and the platform's clk25 25"),
    (dict(baud=7_000_000), "baud: 7,000,000 baud cannot be made from 66.6667 MHz"),
    (dict(baud=22_222_222), "less than 4 cycles a bit"),
    (dict(resources={"dsp": 156}), "resources has no lut, no ff, no bram"),
    (dict(shape=STANDARD), "shape takes 670 multiplier blocks and resources has 156"),
    (dict(shape=replace(STANDARD, mailbox_bits=16)), "mailboxes and points take 2745 block mem"),
    (dict(timing=None, block_words=1 << 20), "mailboxes and points take 3727 block memories"),
    (dict(pins={"clk": "A1"}), "flow ecp5 takes its pins from platform: leave pins out"),
    (dict(platform=None), "platform is missing"),
    (dict(platform=lambda: {}["x"]), "platform cannot be made: KeyError: 'x'"),
    (dict(platform=lambda: 3), "platform is a int, and flow ecp5 wants a LatticePlatform"),
    (dict(platform=lambda: ULX3S_85F_Platform(toolchain="Diamond")),
     "platform is for Diamond; make it with toolchain='Trellis'"),
    (dict(platform=lambda: Changed(clk25=None)), "platform has no oscillator"),
    (dict(platform=lambda: Changed(uart=Resource("uart", 0, Subsignal("rx", Pins("M1", dir="i"))))),
     "platform's uart has no tx"),
    (dict(platform=lambda: Changed(sdram=None)), "no resource 'sdram', number 0: the chip that"),
    (dict(platform=lambda: Changed(sdram=NARROW)), "platform's sdram has 2 a and takes 13"),
])
def test_what_a_board_lacks_is_said(changes, sentence):
    lacks = problems(replace(catalogue.board("ulx3s-85f"), **changes))
    assert any(sentence in each for each in lacks), lacks


@pytest.mark.parametrize("name,changes,sentence", [
    ("icebreaker", dict(clock_hz=24e6), "flow ice40 has no clock generator here"),
    ("icebreaker", dict(chip="iCE40HX8K-CT256"), "chip is 'iCE40HX8K-CT256', and the tools"),
    ("tang-primer-25k", dict(pins={"clk": "E2", "led": "E8"}), "pins has no rx, no tx, no active"),
    ("tang-primer-25k", dict(pins={"clk": "E2", "led": "E8"}), "pins has led, which are no ports"),
    ("tang-primer-25k", dict(chip="GW1N-9"), "for parts like GW5AST-LV138PG484AC1/I0, GW5A-LV25"),
    ("tang-mega-138k", dict(shape=gowin(1, 9)), "shape takes 347 multiplier blocks and resources"),
    ("crosslink-nx-evn", dict(shape=SMALL_TOY, pins=None), "pins has no clk, no rx, no tx, no act"),
    ("tang-primer-25k", dict(platform=ULX3S_85F_Platform), "leave platform out and give pins"),
])
def test_what_another_flows_board_lacks_is_said(name, changes, sentence):
    lacks = problems(replace(catalogue.board(name), **changes))
    assert any(sentence in each for each in lacks), lacks


def test_the_pages_board_is_whole(tmp_path, capsys):
    page = (Path(__file__).parents[2] / "docs" / "boards.md").read_text()
    block = re.search(r'(?m)^    """My board, .*\n(?:    .*\n|\n)*', page)[0]
    path = tmp_path / "my_board.py"
    path.write_text(textwrap.dedent(block))
    assert main(["board", "check", str(path)]) == 0
    assert "my-board         My board, LFE5U-85F-6BG381C, 50 MHz" in capsys.readouterr().out


def test_the_page_says_what_every_field_of_a_board_is():
    page = (Path(__file__).parents[2] / "docs" / "boards.md").read_text()
    assert all(re.search(rf"(?m)^\|.*`{field.name}`.* \| ", page) for field in fields(Board))
