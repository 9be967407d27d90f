"""``proofmill field pairing``."""

import json

import pytest

from proofmill.firmware.pairing.exponentiation import MULTIPLE
from proofmill.firmware.pairing.programs import pairing
from proofmill.hdl.curve import GENERATOR_G1, GENERATOR_G2
from proofmill.hdl.presets import STANDARD_WIDE
from proofmill.host.cli.main import main
from proofmill.sim.pairing import ONE, program_pairing


def test_it_prints_the_value_and_the_cycles(capsys):
    value = program_pairing(GENERATOR_G1, GENERATOR_G2)
    cycles = pairing(STANDARD_WIDE).cycles
    assert main(["field", "pairing"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [*(f"w^{n}  {value[2 * n]} + {value[2 * n + 1]} u" for n in range(6)),
                     f"{cycles:,} cycles (model)"]
    q = ",".join(str(part) for pair in GENERATOR_G2 for part in pair)
    assert main(["field", "pairing", "--p", "1,2", "--q", q, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "value": [[str(part) for part in value[n:n + 2]] for n in range(0, 12, 2)],
        "multiple": str(MULTIPLE), "cycles": cycles, "device": "model"}


def test_infinity_is_one(capsys):
    assert main(["field", "pairing", "--p", "infinity", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["value"]
    assert [int(part) for pair in found for part in pair] == ONE


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("--p", "1,3"), "P is not on y^2 = x^3 + 3: 1,3; give a point of the group of order r"),
    (("--p", "1,3", "--q", "infinity"), "P is not on y^2 = x^3 + 3: 1,3"),
    (("--q", "1,2,3,4"), "Q is not on y^2 = x^3 + 3 / (9 + u): 1,2,3,4"),
    (("--p", "1"), "'1' is no point; give 2 numbers with commas between, or infinity"),
    (("--q", "1,2"), "'1,2' is no point; give 4 numbers with commas between, or infinity"),
    (("--p", f"{1 << 254},2"), "is no coordinate; give numbers from 0 to p - 1"),
    (("--p", "-1,2"), "--p: expected one argument"),
])
def test_what_is_no_point_of_the_groups_is_refused(capsys, arguments, sentence):
    try:
        status = main(["field", "pairing", *arguments])
    except SystemExit as error:
        status = error.code
    assert status == 2
    assert sentence in capsys.readouterr().err
