"""Accelerators behind a card's buses, with cocotbext-axi's models of memory and host."""

from dataclasses import replace
from functools import cache

import pytest

from proofmill.hdl import axi_memory, card
from proofmill.hdl.emit import emit_verilog, for_every_simulator
from proofmill.hdl.presets import TOY_SHAPE
from tests.choice import slow_but
from tests.hdl.icarus import run
from tests.hdl.proofs import broken

WORDS = 1 << 11
CARDS = {"one": (replace(TOY_SHAPE, finisher=False), 1),
         "two": (replace(TOY_SHAPE, finisher=False), 2),
         "wide port": (replace(TOY_SHAPE, finisher=False, port=2), 2)}


@cache
def text(name: str) -> str:
    shape, accelerators = CARDS[name]
    return for_every_simulator(emit_verilog(
        card.Card(shape, accelerators=accelerators, words=WORDS), "card"))


def bench(name, verilog, folder, pause=0.3, only=None):
    """Run ``tests.hdl.bench_card`` on the card called `name`, which is `verilog`."""
    run("tests.hdl.bench_card", "card", verilog, folder, only, CARD=name, PAUSE=str(pause))


@pytest.mark.parametrize("name, pause", slow_but(
    [("one", 0.3)], [(name, pause) for name in CARDS for pause in (0.0, 0.3, 0.8)]))
def test_a_card_answers_as_an_accelerator_does(name, pause, tmp_path):
    bench(name, text(name), tmp_path, pause)


WRONG = {
    "pages": (axi_memory, "PAGE = exact_log2(4096 * 8 // DATA)", "PAGE = 12",
              "every_word_lies_where_it_was_put"),
    "lanes": (axi_memory, "place.eq(offset + given)", "place.eq(given)",
              "answers_match_the_definition"),
    "parts of beats": (axi_memory, "mask.eq(Mux(same, mask, 0) | (1 << lane))", "mask.eq(15)",
                       "every_word_lies_where_it_was_put"),
    "reads wait for writes": (axi_memory, "| ~writing & ~self.writes.valid", "| 1",
                              "what_is_read_has_been_written"),
    "what was under way": (card, "memory.drop.eq(held)", "memory.drop.eq(0)",
                           "a_new_session_forgets_what_was_under_way"),
    "faults": (axi_memory, "self.read_fault.eq(1)", "self.read_fault.eq(0)",
               "faults_and_wrong_registers_are_told"),
}


@pytest.mark.parametrize("name", slow_but(["parts of beats"], WRONG))
def test_what_is_broken_is_found(name, tmp_path, monkeypatch):
    module, line, instead, only = WRONG[name]
    wrong = broken(module, line, instead)
    if module is axi_memory:
        monkeypatch.setattr(card, "AxiMemory", wrong.AxiMemory)
    made = (wrong if module is card else card).Card(CARDS["one"][0], words=WORDS)
    with pytest.raises(SystemExit):
        bench("one", for_every_simulator(emit_verilog(made, "card")), tmp_path, 0.3, only)


def test_a_memory_that_cannot_be_is_refused():
    for words, base in ((511, 0), (256, 0), (512, 2048), (512, -4096)):
        with pytest.raises(ValueError, match=f"^a memory of {words} words at byte {base:#x}: it "):
            axi_memory.AxiMemory(words, base=base)
    with pytest.raises(ValueError, match="^0 accelerators, and memories at None: there is"):
        card.Card(TOY_SHAPE, accelerators=0)
    with pytest.raises(ValueError, match=r"^2 accelerators, and memories at \(0,\): there is"):
        card.Card(TOY_SHAPE, accelerators=2, bases=(0,))


def test_memories_lie_one_behind_the_other():
    made = card.Card(TOY_SHAPE, accelerators=3, words=1 << 20)
    made._MustUse__silence = True
    assert made.bases == (0, 8 << 20, 16 << 20)
    assert len(made.m_axi2_araddr) == 25
    assert [line.split()[0] for line in card.lines_of(2)] == [
        "0x000", "0x020", "0x024", "0x028", "0x02c", "0x040", "0x044", "0x048", "0x04c"]
