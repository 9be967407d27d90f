"""A Groth16 proof checked within the accelerator, on the multiplier of its sums."""

from contextlib import closing
from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.pairing.programs import proof_check
from proofmill.hdl.commands import name_word
from proofmill.hdl.curve import BN254
from proofmill.hdl.presets import STANDARD, with_check
from proofmill.host.cli.main import main
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.checking import check_shape
from proofmill.host.prover.devices.device import Checking, DeviceError
from proofmill.host.prover.groth16.plain import verify
from proofmill.host.prover.groth16.verification_key import key_of
from proofmill.host.prover.groth16.wide_check import check_within, key_words, proof_words
from proofmill.sim.checker import is_right
from proofmill.sim.pairing import P, R, add
from proofmill.sim.programs import kept_program
from tests.host.prover.groth16.test_wide_check import chain4, files, made  # noqa: F401
from tests.sim.test_pairing import off_order

SHAPE = with_check(STANDARD).checker
IDENTITY = {"curve": name_word("bn254"), "digit": 26, "limb": 34, "interval_g1": 12,
            "multipliers": 1}


def changed(proof):
    """The proof with each of its values one more."""
    for name in "abc":
        point = getattr(proof, name)
        for n, value in enumerate(point):
            yield replace(proof, **{name: (*point[:n], (value + 1) % P, *point[n + 1:])})


def right(key, public, proof):
    """What the program's definition says."""
    program = kept_program(proof_check, SHAPE, BN254.file_radix)
    return is_right(program, proof_words(key, public, proof),
                    key_words(key_of(key), SHAPE))


@pytest.mark.slow  # half a minute for the program, two seconds for each proof
def test_every_other_value_is_wrong(chain4):  # noqa: F811
    key, public, proof = chain4
    assert right(key, public, proof)
    assert not any(right(key, public, each) for each in changed(proof))
    assert not right(key, public, replace(proof, a=proof.c, c=proof.a))
    assert not right(key, [public[0] + 1, *public[1:]], proof)


@pytest.mark.slow  # likewise
def test_points_at_infinity_and_outside_of_their_groups():
    random = Random(1)
    a, b, alpha, beta, signals, gamma, delta = (random.randrange(1, R) for _ in range(7))
    without_c = (a * b - signals * gamma) * pow(alpha, -1, R) % R  # the beta for which C is none
    for numbers in ((0, b, alpha, beta, signals, gamma, delta),
                    (a, b, alpha, beta, 0, gamma, delta),
                    (a, b, alpha, without_c, signals, gamma, delta)):
        key, proof = made(*numbers)
        assert right(key, [], proof) and verify(key, [], proof)
    assert proof.c == (0, 0)
    assert not right(key, [], replace(proof, c=(1, 0)))
    assert not right(key, [], replace(proof, b=(0, 0, 0, 0)))
    b = ((proof.b[0], proof.b[1]), (proof.b[2], proof.b[3]))
    large, cofactor = off_order()
    for x, y in (large, cofactor, add(b, cofactor)):
        assert not right(key, [], replace(proof, b=(*x, *y)))


@pytest.mark.slow  # the accelerator is compiled
@pytest.mark.parametrize("more", ["c", "bc"])
def test_on_the_gateware(chain4, more):  # noqa: F811
    """Every value changed, in as many cycles as the model has."""
    key, public, proof = chain4
    proofs = [(public, each) for each in (proof, *changed(proof), proof)]
    cycles = []
    for name in (f"rtl+{more}", f"model+{more}"):
        with closing(open_device(name, lanes=1)) as device:
            assert isinstance(device, Checking)
            found = check_within(device, key, proofs)
            assert found.right == [True, *[False] * 8, True]
            cycles.append(found.cycles)
    assert cycles[0] == cycles[1] == len(proofs) * 92_302


@pytest.mark.slow  # likewise
def test_the_command(capsys):
    assert main(["verify", *files("chain4"), "--device", "model+c"]) == 0
    assert "the proof is valid\n92,302 cycles (model+c)" in capsys.readouterr().out


def test_a_device_that_checks_nothing(chain4):  # noqa: F811
    class Device:
        checks = None

        def check(self, *_):
            raise AssertionError

    key, public, proof = chain4
    with pytest.raises(DeviceError, match="the device checks no proofs; use"):
        check_within(Device(), key, [(public, proof)])


def test_the_shape_that_a_device_states():
    found = check_shape(IDENTITY, 11, 286)
    assert found.multiplier.radix == SHAPE.multiplier.radix == 1 << 286
    assert (found.row_bits, found.product_words) == (11, 1)
    folded = check_shape(IDENTITY | {"digit": 18, "limb": 18, "interval_g1": 180}, 11, 270)
    assert (folded.product_words, folded.multiplier.radix) == (4, 1 << 270)
    for wrong in ({"curve": name_word("nobody's")}, {"digit": 25}):
        with pytest.raises(DeviceError, match="this version makes no programs for it"):
            check_shape(IDENTITY | wrong, 11, 286)
