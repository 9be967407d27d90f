"""Waveforms show what the units do: known events are found again in the files."""

from itertools import islice

import pytest

from proofmill.hdl.curve import Group
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.curve import equation, loaded
from proofmill.sim.field import montgomery_product
from proofmill.sim.vcd import changes, find
from proofmill.sim.waves import VIEWS, command_words, cycle_of, multiplier_pairs, record


@pytest.fixture(scope="module")
def waveforms(tmp_path_factory):
    """Recordings by unit, made when asked for."""
    folder, made = tmp_path_factory.mktemp("waves"), {}

    def waveform(unit):
        if unit not in made:
            path = folder / f"{unit}.vcd"
            made[unit] = path, record(unit, path, toy=True)
        return made[unit]

    return waveform


def values(waveform, name):
    """{cycle: value} of a signal: what stands in it at the end of each cycle."""
    path, recording = waveform
    (variable,) = find(recording.variables, [name])
    known = {cycle_of(time): value for time, value in changes(path, variable)}
    found, value = {}, 0
    for cycle in range(recording.cycles + 1):
        found[cycle] = value = known.get(cycle, value)
    return found


@pytest.mark.parametrize("unit", VIEWS)
def test_every_group_shows_signals_and_every_moment_comes(unit, waveforms):
    path, recording = waveforms(unit)
    assert recording.groups.keys() == VIEWS[unit].groups.keys()
    assert {text for _, text in recording.moments} == VIEWS[unit].moments.keys()
    assert all(0 <= cycle < recording.cycles for cycle, _ in recording.moments)
    text = path.read_text()
    assert text.count("$scope") == text.count("$upscope")
    assert list(path.parent.glob(".*")) == []
    # What is declared changes, and nothing else does.
    declared = {variable.code for variable in recording.variables}
    body = text.partition("$enddefinitions")[2].splitlines()[1:]
    marks = {line.split()[1] if line[0] in "bs" else line[1:]
             for line in body if line[0] not in "#$"}
    assert marks == declared


def test_no_name_ends_as_a_bit_does(waveforms):
    """Viewers take the last index of a name for a bit's: GTKWave shows elements of an array beside
    the array as that (amaranth-lang/amaranth issue 1001), Surfer shows wrong values (ekiwi/wellen
    issue 36). They are called as in the Verilog."""
    _, recording = waveforms("msm")
    assert [each.path for each in recording.variables if "[" in each.name] == []
    rows = find(recording.variables, ["*.adder.adder0_bank__*"])
    assert [each.name for each in rows[:4]] == [f"adder0_bank__{n}" for n in range(4)]


def test_products_come_out_after_the_latency(waveforms):
    shape, waveform = TOY_SHAPE.adder.multiplier, waveforms("multiplier")
    a, b, product = (values(waveform, f"top.{name}") for name in ("a", "b", "product"))
    for n, (one, two) in enumerate(multiplier_pairs(shape)):
        assert (a[n], b[n]) == (one, two)
        assert product[n + shape.latency] % shape.field.modulus == montgomery_product(
            shape, one, two)


def test_the_first_pair_is_the_two_points_with_the_same_digit(waveforms):
    waveform, curve = waveforms("mailboxes"), TOY_SHAPE.adder.curve
    load, p, q = (values(waveform, f"top.msm.unit0.mailboxes.pair__{name}")
                  for name in ("load", "p", "q"))
    first = next(cycle for cycle in load if load[cycle])
    law = equation(curve, Group.G1)
    for found, n in ((q, 1), (p, 2)):
        point = law.multiply(n, ((1,), (2,)))
        wanted = [*loaded(curve, Group.G1, point), *curve.unit[Group.G1]]
        assert [found[first + k] for k in range(3)] == wanted
    # ... and the adder is handed the same, which is what its own waveform shows.
    adder = waveforms("adder")
    assert [values(adder, "top.msm.adder.pairs__0__p")[first + k] for k in range(3)] == [
        p[first + k] for k in range(3)]


def test_the_accelerator_takes_the_commands(waveforms):
    waveform = waveforms("accelerator")
    payload, valid, ready = (values(waveform, f"top.commands__{part}")
                             for part in ("payload", "valid", "ready"))
    taken = [payload[cycle] for cycle in payload if valid[cycle] and ready[cycle]]
    plan = WindowPlan(TOY_SHAPE.adder.curve.scalar.bits, 3, 1, 1)
    assert taken == command_words(TOY_SHAPE, plan)


def test_the_steps_follow_one_another(waveforms):
    path, recording = waveforms("msm")
    (state,) = find(recording.variables, ["top.msm.sequencer.fsm_state"])
    names = [value for _, value in changes(path, state)]
    assert names[:5] == ["CLEAR", "IDLE", "FIT", "SETTLE", "BEGIN"]
    assert names[-1] == "IDLE" and "HAND_OUT" in names


def test_the_processor_multiplies(waveforms):
    waveform = waveforms("processor")
    valid, word = values(waveform, "top.o__valid"), values(waveform, "top.o__payload")
    assert list(islice((word[cycle] for cycle in valid if valid[cycle]), 1)) == [42]
