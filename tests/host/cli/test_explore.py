"""``proofmill explore``: what fits, in words and as JSON; what cannot be asked."""

import json

import pytest

from proofmill.hdl.description import shape_from
from proofmill.hdl.msm import MsmShape
from proofmill.host.cli.main import main


@pytest.fixture
def explore(capsys):
    """Run ``proofmill explore``; return (status, stdout, stderr)."""
    def run(*arguments):
        status = main(["explore", *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err
    return run


def rows(explore, *arguments):
    status, out, _ = explore(*arguments, "--json")
    assert status == 0
    return [json.loads(line) for line in out.splitlines()]


def test_the_front_of_a_small_device(explore):
    found = rows(explore, "--dsp", 156, "--memory-kbit", 3744, "--points", 4096)
    assert found == rows(explore, "--device", "ecp5-85f", "--points", 4096)
    assert [row["seconds"] for row in found] == sorted(row["seconds"] for row in found)
    for row in found:
        assert row["dsp"] <= 156 and row["memory_kbit"] <= 3744
        assert row["cycles_are"] == "estimated"
        assert row["seconds"] == pytest.approx(row["cycles"] / 100e6, rel=1e-6)
        assert row["additions_per_second_per_mhz"] == pytest.approx(1e6 / row["interval"])
        # Twelve products an addition, each multiplier busy once in its own interval, at best.
        assert row["interval"] * row["multipliers"] >= 12 * row["multiplier_interval"]
        assert row["cycles"] > 0.9 * 4096 * (254 / row["window"]) * row["interval"]
        shape = shape_from(MsmShape, row["parameters"])  # all that makes the accelerator again
        assert shape.adder.multipliers == row["multipliers"]
        assert shape.mailbox_bits == row["mailbox_bits"]
    names = [row["name"] for row in found]
    assert names[0] == "1 x folded/3 18x18" and found[0]["dsp"] == 151
    assert "1 x folded/15 18x18" in names


@pytest.mark.parametrize("curve, groups", [("bls12-381", ["g1", "g2"]), ("bls12-377", ["g1"])])
def test_another_curve(explore, curve, groups):
    """In the groups that it has, on wider multipliers; a point takes longer to come in."""
    given = "--dsp", 156, "--memory-kbit", 3744, "--points", 4096
    usual, found = rows(explore, *given), rows(explore, *given, "--curve", curve)
    assert min(row["cycles"] for row in found) > min(row["cycles"] for row in usual)
    for row in found:
        adder = shape_from(MsmShape, row["parameters"]).adder
        assert adder.curve.name == curve and adder.curve.words == 6
        assert [group.value for group in adder.groups] == groups
    assert f"points of {curve.upper()} G1" in explore(*given, "--curve", curve)[1]


def test_more_of_anything_is_never_slower(explore):
    def fastest(*arguments):
        return rows(explore, "--points", 4096, *arguments)[0]["seconds"]

    some = fastest("--dsp", 156, "--memory-kbit", 3744)
    assert fastest("--dsp", 600, "--memory-kbit", 3744) < some
    assert fastest("--dsp", 156, "--memory-kbit", 1000) > some
    assert fastest("--dsp", 156, "--memory-kbit", 3744, "--mhz", 50) == pytest.approx(2 * some)


def test_a_large_device_has_an_adder_that_begins_in_every_cycle(explore):
    found = rows(explore, "--device", "xcvu9p", "--points", 65536)
    assert {row["interval"]: row["units"] for row in found if row["multiplier_interval"] == 1} == {
        1: 12, 2: 6, 3: 4, 4: 3, 6: 2, 12: 1}
    assert found[0]["interval"] == 1 and found[0]["dsp"] == 3228
    # Little memory: a window after the other, or all in one pass where copies share its buckets.
    little = ("--dsp", 31, "--memory-kbit", 200, "--points", 1024)
    (one,), (shared,) = rows(explore, *little, "--copies", 1), rows(explore, *little)
    assert one["passes"] > 1 and shared["passes"] == 1 and shared["copies"] > 1
    assert shared["cycles"] < one["cycles"]


def test_the_kind_of_block_matters(explore):
    budget = ("--dsp", 300, "--memory-kbit", 3744, "--points", 1024)
    assert {row["multiplier"] for row in rows(explore, *budget, "--block", "26x17")} >= {
        "karatsuba", "folded"}
    assert {row["multiplier"] for row in rows(explore, *budget, "--block", "17x17")} == {"folded"}


def test_the_table(explore):
    status, out, _ = explore("--device", "ecp5-25f", "--dsp", 40, "--points", 100)
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("100 points of BN254 G1, 40 blocks of 18x18, 1,008 kbit, 100 MHz; ")
    assert lines[1].split()[:4] == ["multipliers", "interval", "units", "latency"]
    assert lines[2].startswith("1 x folded/15 18x18") and " ~" in lines[2]
    assert "estimated by formula" in out


@pytest.mark.parametrize("arguments, parts", [
    (("--points", 8), ["say --device, or both --dsp and --memory-kbit"]),
    (("--dsp", 9, "--points", 8), ["say --device, or both"]),
    (("--device", "ecp6", "--points", 8), ["there is no 'ecp6'", "ecp5-85f"]),
    (("--device", "ecp5-85f", "--block", "9x9", "--points", 8), ["there is no '9x9'", "26x17"]),
    (("--device", "ecp5-85f", "--points", 0), ["--points 0", "give 1 to 2^32 - 1"]),
    (("--device", "ecp5-85f", "--points", 1 << 32), ["--points 4294967296", "2^32 - 1"]),
    (("--device", "ecp5-85f", "--points", 8, "--dsp", -3), ["--dsp -3"]),
    (("--device", "ecp5-85f", "--points", 8, "--memory-kbit", 0), ["--memory-kbit 0"]),
    (("--device", "ecp5-85f", "--points", 8, "--mhz", 0), ["--mhz 0", "above zero"]),
    (("--device", "ecp5-85f", "--points", 8, "--mhz", "nan"), ["--mhz nan"]),
    (("--device", "ecp5-25f", "--points", 8), ["no accelerator fits 28 blocks of 18x18",
                                               "the smallest takes 31 blocks"]),
    (("--dsp", 100, "--memory-kbit", 50, "--points", 8), ["and 50 kbit", "31 blocks and", "kbit"]),
])
def test_mistakes_are_told_in_a_sentence(explore, arguments, parts):
    status, out, err = explore(*arguments)
    assert status == 2 and out == ""
    assert err.startswith("proofmill: ") and err.count("\n") == 1
    for part in parts:
        assert part in err


@pytest.mark.slow
def test_exact_cycles_come_from_the_simulated_control(explore):
    budget = ("--dsp", 31, "--memory-kbit", 800, "--points", 300)
    estimated, = rows(explore, *budget)
    simulated, = rows(explore, *budget, "--exact")
    assert simulated["cycles_are"] == "simulated"
    assert simulated["cycles"] == pytest.approx(estimated["cycles"], rel=0.05)
    assert simulated["cycles"] % simulated["interval"] != simulated["cycles"]
