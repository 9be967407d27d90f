"""The states of a proof by one command: proven, and not where they are broken."""

import pytest

from proofmill.boards.cores.proofs.proving import DEPTH, Ends, FromItsPlace, small
from proofmill.hdl import accelerator, evaluate, one_way, prove
from proofmill.hdl.presets import TOY_SHAPE, with_evaluation, with_one_way
from proofmill.host.cli.main import main
from tests.hdl import proofs
from tests.hdl.proofs import broken

SHAPE = with_evaluation(TOY_SHAPE)

ONE_MORE = ("asks = self.wanted & ~there & (left != 0)", "asks = self.wanted & ~there")
"""A word behind the last is asked for."""


def holds(proof, folder):
    return proofs.prove(proof, folder, mode="prove", depth=DEPTH) == "PASS"


@pytest.mark.parametrize("port, edits, proven", [
    pytest.param(1, (), True, id="a word at a time"),
    pytest.param(2, (), True, id="two words"),
    pytest.param(1, ONE_MORE, False, id="one more"),
    pytest.param(1, ("at.eq(at + 1), left", "at.eq(at + 2), left"), False, id="every other",
                 marks=pytest.mark.slow),
    pytest.param(2, ("held.word_select(part, WORD)", "held[:WORD]"), False, id="the same twice",
                 marks=pytest.mark.slow),
    pytest.param(1, ("self.short.eq(1)", "self.short.eq(0)"), False, id="nobody is told",
                 marks=pytest.mark.slow)])
def test_words_are_those_of_their_place(port, edits, proven, tmp_path):
    """By induction, for any number of cycles."""
    assert holds(FromItsPlace(port, broken(prove, *edits)), tmp_path) == proven


def changed(where, *edits):
    """The accelerator with a part of its states broken."""
    module = broken(accelerator, *(edits if where is accelerator else ()))
    other = broken(where, *edits) if where is not accelerator else prove
    for name in ("Performance", "one_way_states", "evaluate_states", "scalars_extent"):
        if hasattr(other, name) and where is not accelerator:
            setattr(module, name, getattr(other, name))
    return module


STUCK = ("self.wanted & there | self.within & self.done", "self.wanted & there")
"""What has no more words is waited for."""

UNREFUSED = ("with m.If(self.cut):", "with m.If(0):")
"""A command is begun with words that nobody wrote."""

OUTSIDE = ("outside.ready.eq(words.ready & ~self.performing)", "outside.ready.eq(words.ready)")
"""The host's words go in, too, and are lost."""

ON_AND_ON = ("self.script.done | (error != Error.NONE)", "self.script.done")
"""A command that is refused is not the last, and waits for the next, which is not asked for."""

NO_UNIT = ("                m.d.comb += reply.unit.eq(0)", "                pass")
"""The last answer says what a refused ONE_WAY would."""

A_RESET = ("m.d.comb += msm.clear.eq(0)", "pass")
"""A RESET among the commands is carried out."""

SKIPPED = ('("SLICES", slices, "STORED")', '("SLICES", region, "STORED")')
"""A word comes to where another belongs."""


@pytest.mark.parametrize("shape, where, edits, proven", [
    pytest.param(with_one_way(SHAPE), prove, (), True, id="as it is"),
    pytest.param(SHAPE, prove, STUCK, False, id="stuck"),
    *(pytest.param(shape, where, edits, False, id=name, marks=pytest.mark.slow)
      for name, shape, where, edits in (
          ("unrefused", SHAPE, prove, UNREFUSED), ("outside", SHAPE, prove, OUTSIDE),
          ("on and on", SHAPE, prove, ON_AND_ON),
          ("unit", with_one_way(SHAPE), prove, NO_UNIT),
          ("another unit", with_one_way(SHAPE), one_way,
           ("said = said & ~proves.performing", "pass")),
          ("a reset", SHAPE, accelerator, A_RESET), ("skipped", SHAPE, accelerator, SKIPPED),
          ("unrefused in an EVALUATE", SHAPE, evaluate, ("proves.refuse_cut(m, error)", "pass")),
          ))])
def test_it_ends_with_its_answer(shape, where, edits, proven, tmp_path):
    """By induction; the parts that compute, memory and host do as they like."""
    assert holds(Ends(small(shape), changed(where, *edits)), tmp_path) == proven


def test_they_are_written_for_who_proves(tmp_path):
    assert main(["verilog", str(tmp_path / "one.sv"), "--unit", "accelerator", "--preset", "toy",
                 "--evaluation", "--sby"]) == 0
    tasks = (tmp_path / "one.sby").read_text().split("[options]")[0].splitlines()
    assert {"script", "ends"} <= {*tasks}
