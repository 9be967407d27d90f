"""Counting cells, keeping records, the table, and a toy unit through the real Yosys."""

import json

import pytest

from host.cli.measure import keep_record, read_measurements, table
from host.errors import ProofmillError


def record(unit="multiplier", megahertz=None, dsp=10, **parameters):
    return {
        "unit": unit, "target": "ecp5-85f", "interval": 1, "latency": 9, "megahertz": megahertz,
        "seconds": 1.0, "tools": {"yosys": "1"},
        "parameters": {"curve": "toy", "digit": 6, "limb": 8} | parameters,
        "resources": {"dsp": dsp, "lut": 1, "carry": 0, "ff": 2, "bram": 0}}


def test_a_record_replaces_the_older_one_of_the_same_subject(tmp_path):
    path = tmp_path / "measurements.json"
    keep_record(path, record(dsp=10, megahertz=99.5))
    keep_record(path, record(dsp=11, digit=7))
    keep_record(path, record(dsp=12))
    kept = read_measurements(path)
    assert [(r["resources"]["dsp"], r["megahertz"]) for r in kept] == [(12, 99.5), (11, None)]
    text = table(kept)
    assert "| multiplier | toy, 6 × 8 bits | ecp5-85f | 1 | 12 | 1 | 2 | 0 | 99.5 |" in text
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize("text", ["{", "{}", '[{"unit": "adder"}]'])
def test_a_damaged_data_file_is_a_sentence(tmp_path, text):
    path = tmp_path / "measurements.json"
    path.write_text(text)
    with pytest.raises(ProofmillError, match="measurements.json.*restore the file"):
        read_measurements(path)


def test_the_repositorys_data_file_is_whole():
    from host.cli.measure import TARGETS, UNITS, data_file

    records = read_measurements(data_file())
    assert records
    assert all(r["unit"] in UNITS and r["target"] in TARGETS and r["tools"] for r in records)
    subjects = [json.dumps([r["unit"], r["target"], r["parameters"]], sort_keys=True)
                for r in records]
    assert len(set(subjects)) == len(subjects)
    table(records)


def test_cells_are_counted_by_family():
    from boards.resources import TARGETS

    assert vars(TARGETS["ecp5-85f"].count(
        {"LUT4": 5, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 7, "MULT18X18D": 4,
         "DP16KD": 1, "PFUMX": 9})) == {"dsp": 4, "lut": 19, "carry": 3, "ff": 7, "bram": 1}
    assert vars(TARGETS["xcup"].count(
        {"LUT6": 5, "SRL16E": 2, "CARRY8": 3, "FDRE": 7, "DSP48E2": 4, "RAMB18E2": 1,
         "RAM32M16": 1})) == {"dsp": 4, "lut": 15, "carry": 3, "ff": 7, "bram": 0.5}


def test_a_toy_multiplier_is_measured(tmp_path):
    pytest.importorskip("pyosys")
    from boards.measure import measure
    from hdl.presets import TOY_SHAPE

    found = measure("multiplier", TOY_SHAPE, "ecp5-85f", keep=tmp_path)
    shape = TOY_SHAPE.adder.multiplier
    assert 0 < found.resources.dsp <= sum(shape.multiplications.values())
    assert found.resources.ff > 2 * shape.operand_bits and found.latency == shape.latency
    assert found.parameters["digit"] == 6 and found.tools["amaranth"]
    assert (tmp_path / "yosys.log").exists()


def test_parameters_are_replaced():
    from boards.measure import parameters_of, shape_with
    from hdl.presets import STANDARD

    shape = shape_with(STANDARD, digit=17, limb=26, groups="g1", interval=24, mailbox_bits=10)
    assert parameters_of(shape) == {
        "curve": "bn254", "digit": 17, "limb": 26, "multiplier_interval": 1, "multipliers": 1,
        "adders": 3, "mailbox_bits": 10, "interval_g1": 24}
    with pytest.raises(ValueError, match="must hold a digit"):
        shape_with(STANDARD, digit=30, limb=20)


def test_a_tool_that_fails_is_a_sentence(tmp_path):
    pytest.importorskip("pyosys")
    from boards.tools import ToolError, run_yosys

    with pytest.raises(ToolError, match=r"yosys.log.*no-such-file"):
        run_yosys(["read_rtlil no-such-file.il"], tmp_path)
