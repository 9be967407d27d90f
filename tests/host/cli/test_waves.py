"""``proofmill waves``: a waveform, a save file for GTKWave, and what is in them."""

import io
import re
import tempfile
from pathlib import Path

import pytest

from proofmill.hdl.presets import TOY_SHAPE
from proofmill.host.cli.main import main
from proofmill.host.cli.waves import UNITS, drawn
from proofmill.sim import waves
from proofmill.sim.field import montgomery_product
from proofmill.sim.vcd import changes, cut
from proofmill.sim.waves import VIEWS


def test_the_command_knows_every_unit():
    assert set(UNITS) == set(VIEWS)


def test_a_waveform_and_its_save_file(tmp_path, capsys):
    out = tmp_path / "boxes.vcd"
    assert main(["waves", "mailboxes", "--toy", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    for sentence in (f"wrote {out}", "over the toy curve", "a pair goes to the adder",
                     "new operand: operand__valid", f"gtkwave {tmp_path / 'boxes.gtkw'}", "surfer"):
        assert sentence in shown
    save, waveform = (tmp_path / "boxes.gtkw").read_text(), out.read_text()
    assert f'[dumpfile] "{out}"' in save
    groups = re.findall(r"^-(.+)$", save, re.MULTILINE)
    assert groups == [name for name in VIEWS["mailboxes"].groups for _ in range(2)]
    # Every signal of the save file is one of the waveform, by scope and name.
    scopes, names = [], set()
    for line in waveform.splitlines():
        word = line.split()
        if word[0] == "$scope":
            scopes.append(word[2])
        elif word[0] == "$upscope":
            scopes.pop()
        elif word[0] == "$var":
            bits = f"[{int(word[2]) - 1}:0]" if word[2] != "1" else ""
            names.add(".".join([*scopes, word[4]]) + bits)
    traces = set(re.findall(r"^bench\..*$", save, re.MULTILINE))
    assert len(traces) > 20 and traces <= names
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boxes.gtkw", "boxes.vcd"]


def read_fst(path):
    """(time, value) of every change of each signal of an FST file, by its path."""
    pylibfst = pytest.importorskip("pylibfst")
    context = pylibfst.lib.fstReaderOpen(str(path).encode())
    _, signals = pylibfst.get_scopes_signals2(context)
    found = {handle: [] for handle in signals.by_handle}
    pylibfst.lib.fstReaderSetFacProcessMaskAll(context)

    def change(_, time, handle, value):
        found[handle].append((time, pylibfst.string(value)))

    pylibfst.fstReaderIterBlocks(context, change)
    pylibfst.lib.fstReaderClose(context)
    return {name: found[signal.handle] for name, signal in signals.by_name.items()}


def test_an_fst_says_what_the_vcd_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for out in ("both.vcd", "both.fst"):
        assert main(["waves", "multiplier", "--toy", "--out", out, "--cycles", "0-2"]) == 0
    said = capsys.readouterr().out
    assert "wrote both.fst" in said and said.count("cycle    0 1  2") == 2
    assert '[dumpfile] "' + str(tmp_path / "both.fst") in Path("both.gtkw").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"both.vcd", "both.fst", "both.gtkw"}
    fst = read_fst(tmp_path / "both.fst")
    with Path("both.vcd").open() as source:
        variables = cut(source, io.StringIO(), "top")
    assert {variable.displayed.partition("[")[0] for variable in variables} == {
        name.partition("[")[0].rstrip() for name in fst}
    for variable in variables:
        name, = (name for name in fst if name.partition("[")[0].rstrip() ==
                 variable.displayed.partition("[")[0])
        assert [(time, int(value, 2)) for time, value in fst[name]] == list(
            changes(Path("both.vcd"), variable)), name


@pytest.mark.parametrize("arguments, sentence", [
    (["--out", "boxes.txt"], "--out boxes.txt: a waveform's name ends in .vcd or .fst; write"),
    (["--out", "nowhere/boxes.vcd"], "--out nowhere/boxes.vcd: there is no folder nowhere; make"),
])
def test_where_it_cannot_be_written(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["waves", "mailboxes", "--toy", *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given, sentence", [
    ("7", "--cycles 7: is no range; write first-last, such as 10-20"),
    ("9-7", "--cycles 9-7: is no range"),
    ("0-200", "--cycles 0-200: has 201 of them; 200 are the most"),
    ("20-30", "--cycles: the case ends with cycle 23; write --cycles 20-23"),
])
def test_cycles_that_are_not_there(given, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["waves", "multiplier", "--toy", "--cycles", given]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("words, sentence", [
    ("--only memory", "--only says what is printed of --cycles"),
    ("--diagram a.svg", "--diagram draws cycles"),
    ("--cycles 0-3 --only memory", "--only memory: of multiplier there are operands and product"),
])
def test_what_goes_with_cycles(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["waves", "multiplier", "--toy", *words.split()]) == 2
    assert sentence in capsys.readouterr().err


MINE = """async def stimulus(context, unit):
    for value in (3, 5):
        context.set(unit.a, value)
        context.set(unit.b, value)
        await context.tick()
    await context.tick().repeat(14)
"""


def test_a_stimulus_of_ones_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE)
    assert main("waves multiplier --toy --stimulus mine.py --cycles 0-15".split()) == 0
    said = capsys.readouterr().out
    assert "16 cycles over the toy curve" in said and "driven by mine.py" in said
    shape = TOY_SHAPE.adder.multiplier
    row, = re.findall(r"^product (.*)$", said, re.MULTILINE)
    # 9 / R in cycle 14, 25 / R in cycle 15.
    assert [int(cell, 16) % shape.field.modulus for cell in row.split()[-2:]] == [
        montgomery_product(shape, 3, 3), montgomery_product(shape, 5, 5)]


@pytest.mark.parametrize("text, sentence", [
    ("", "mine.py: it has no `async def stimulus(context, unit)`"),
    ("def stimulus(context, unit): pass\n", "it has no `async def stimulus(context, unit)`"),
    ("import nothing_like_it\n", "mine.py:1: ModuleNotFoundError: No module named 'nothing_like"),
    ("async def stimulus(context, unit):\n    context.set(unit.c, 1)\n",
     "mine.py:2: AttributeError: "),
    ("async def stimulus(context, unit):\n    while True: await context.tick()\n",
     "TimeoutError: the multiplier has not ended after 20 cycles"),
])
def test_a_stimulus_that_fails_is_a_sentence(text, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(waves, "LIMIT", 20)
    Path("mine.py").write_text(text)
    assert main("waves multiplier --toy --stimulus mine.py".split()) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.py"]


def test_a_table_of_a_waveform():
    """Numbers and states, what stays, and what is too long to be shown."""
    from proofmill.sim.timing import table, wavejson
    from proofmill.sim.vcd import Variable

    dump = ["#0", "b0 !", "sREST/0 @", f"b{(1 << 70) - 1:b} $", "0%", "#10", "b1010 !", "1%",
            "#30", "sCUT/2 @", "b1011 !"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump.vcd"
        path.write_text("\n".join(dump) + "\n")
        kinds = [("count", "wire", 4, "!"), ("valid", "wire", 1, "%"), ("state", "string", 2, "@"),
                 ("long", "wire", 70, "$")]
        lines = table(path, [Variable("top", *kind) for kind in kinds],
                      [name for name, *_ in kinds], lambda time: time // 10, range(5))
        diagram = wavejson(path, [Variable("top", *kind) for kind in kinds],
                           [name for name, *_ in kinds], lambda time: time // 10, range(5))
    assert lines == ["cycle         0 1 2   3 4",
                     "count         0 a .   b .",
                     "valid         0 1 1   1 1",
                     "state      REST . . CUT .",
                     "long   3ffffff~ . .   . ."]
    assert diagram["signal"] == [
        {"name": "clk", "wave": "p...."},
        {"name": "count", "wave": "==.=.", "data": ["0", "a", "b"]},
        {"name": "valid", "wave": "01..."},
        {"name": "state", "wave": "=..=.", "data": ["REST", "CUT"]},
        {"name": "long", "wave": "=....", "data": ["3ffffff~"]}]


@pytest.mark.parametrize("group", ["operands", "multiplicands of the first step"])
def test_names_have_room_in_a_picture(group):
    """In a font as wide as DejaVu Sans, whose letters of 11 points take 9 and bold 9.5."""
    pytest.importorskip("yowasp_wavedrom")
    signal = [{"name": "clk", "wave": "p."}, {"name": "a.long.path.of_a_signal", "wave": "01"}]
    text = drawn([(group, {"signal": signal})])
    left, width = (int(word) for word in re.findall(r'viewBox="(-?\d+) 0 (\d+) ', text)[0])
    room = int(re.findall(r'translate\((\d+)[^>]*id="lanes_0"', text)[0])
    assert room - left >= max(9 * len("a.long.path.of_a_signal"), 9.5 * len(group)) + 10
    assert f'width="{width}"' in text and text.count(f">{group}<") == 1


def test_a_unit_that_is_not_there(capsys):
    assert main(["waves", "mailbox"]) == 2
    assert "there is no 'mailbox' (did you mean mailboxes?)" in capsys.readouterr().err
