import json
import struct
from pathlib import Path
from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem
from proofmill.host.prover.circuits.poseidon import (
    MAXIMUM_INPUTS,
    PARTIAL_ROUNDS,
    parameters,
    poseidon,
    trace,
)
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_cost, poseidon_gadget
from tests.host.prover.circuits.forgery import unnoticed_changes

VECTORS = Path(__file__).parents[3] / "vectors"
WIDTHS = range(1, MAXIMUM_INPUTS + 1)


def hasher(count: int) -> ConstraintSystem:
    system = ConstraintSystem()
    output = system.public_input("hash")
    inputs = [system.private_input(f"input {place}") for place in range(count)]
    poseidon_gadget(system, inputs, "hash", output)
    return system


def hash_witness(system: ConstraintSystem, values: list[int]) -> list[int]:
    named = {f"input {place}": value for place, value in enumerate(values)}
    return system.witness({"hash": poseidon(values), **named})


def circom_witness(folder: str) -> list[int]:
    data = (VECTORS / folder / "witness.wtns").read_bytes()
    place, sections = 12, {}
    while place < len(data):
        kind, size = struct.unpack_from("<IQ", data, place)
        sections[kind] = data[place + 12:place + 12 + size]
        place += 12 + size
    body = sections[2]
    return [int.from_bytes(body[start:start + 32], "little") for start in range(0, len(body), 32)]


# The hash of (1, ..., n), n from 1 to 16, as poseidon-lite 0.3.0 has it: an implementation in
# JavaScript (MIT) whose constants are a table.
KNOWN = (
    18586133768512220936620570745912940619677854269274689475585506675881198879027,
    7853200120776062878684798364095072458815029376092732009249414926327459813530,
    6542985608222806190361240322586112750744169038454362455181422643027100751666,
    18821383157269793795438455681495246036402687001665670618754263018637548127333,
    6183221330272524995739186171720101788151706631170188140075976616310159254464,
    20400040500897583745843009878988256314335038853985262692600694741116813247201,
    12748163991115452309045839028154629052133952896122405799815156419278439301912,
    18604317144381847857886385684060986177838410221561136253933256952257712543953,
    13589767895268936107593642967621470491511464502761040466226072462545218539640,
    3657500514307717306974218405144578736633140001277925127187636780142269815841,
    3572015662710076994097916907865950486270383304442561406230608893458731714472,
    2501997477381648492950318384533644783248002172679259592360114615426357826485,
    7041832639553862712666971417715061873827921493498355005117622707743491651590,
    8354478399926161176778659061636406690034081872658507739535256090879947077494,
    4203130618016961831408770638653325366880478848856764494148034853759773445968,
    9989051620750914585850546081941653841776809718687451684622678807385399211877,
)


@pytest.mark.parametrize("count", WIDTHS)
def test_known_answers(count):
    assert poseidon(range(1, count + 1)) == KNOWN[count - 1]


def test_against_light_poseidon():
    # An implementation in Rust, for two inputs.
    oracle = pytest.importorskip("light_poseidon_python")
    random = Random(2)
    drawn = [random.randrange(MODULUS), random.randrange(MODULUS)]
    for values in ([0, 0], [MODULUS - 1, MODULUS - 1], [1, 0], drawn):
        assert poseidon(values) == int(oracle.poseidon_hash(values))


def test_against_circom_chain():
    # chain4: four hashes of (what came before, the place in the chain).
    public = [int(text) for text in json.loads((VECTORS / "chain4" / "public.json").read_text())]
    witness = circom_witness("chain4")
    value = witness[2]
    for place in range(4):
        value = poseidon((value, place))
    assert [value] == public == witness[1:2]


def test_against_circom_merkle():
    # merkle8: outputs the root; inputs are the leaf, eight siblings and eight positions.
    witness = circom_witness("merkle8")
    node, siblings, places = witness[2], witness[3:11], witness[11:19]
    for sibling, place in zip(siblings, places, strict=True):
        node = poseidon((sibling, node) if place else (node, sibling))
    assert node == witness[1]


def test_number_of_inputs():
    for values in ([], [1] * 17):
        with pytest.raises(ProofmillError, match="1 to 16 inputs"):
            poseidon(values)


def test_matrix_is_invertible_and_constants_are_canonical():
    for width in PARTIAL_ROUNDS:
        fixed = parameters(width)
        assert fixed.rounds == 8 + PARTIAL_ROUNDS[width]
        assert all(0 <= value < MODULUS for row in fixed.constants for value in row)
        assert all(0 < value < MODULUS for row in fixed.matrix for value in row)


@pytest.mark.parametrize("count", WIDTHS)
def test_gadget_computes_the_hash_at_its_price(count):
    system = hasher(count)
    values = [Random(count).randrange(MODULUS) for _ in range(count)]
    witness = hash_witness(system, values)
    assert system.check(witness) is None
    assert len(system.constraints) == poseidon_cost(count)
    assert system.wires == 1 + 1 + count + poseidon_cost(count) - 1
    witness[1] = (witness[1] + 1) % MODULUS
    assert system.check(witness) is not None


def test_prices_are_those_of_the_docstring():
    assert [poseidon_cost(count) for count in WIDTHS] == [
        213, 240, 261, 297, 321, 354, 381, 402, 417, 459, 465, 504, 543, 537, 573, 609]


@pytest.mark.parametrize("count", (1, 2, 4, 8))
def test_every_wire_of_the_gadget_is_constrained(count):
    system = hasher(count)
    assert unnoticed_changes(system, hash_witness(system, list(range(3, 3 + count)))) == []


def test_another_input_under_the_same_hash_fails():
    # Consistent as far as possible: all internal wires are those of the other input.
    system = hasher(2)
    forged = hash_witness(system, [5, 7])
    forged[1] = poseidon((1, 2))
    assert "S-box 64" in str(system.check(forged))
    # And the honest trace under an altered input.
    forged = hash_witness(system, [1, 2])
    forged[2] = 5
    assert "S-box 0.1, x^2" in str(system.check(forged))


def test_right_factors_are_few():
    # A point in G2 for each wire in a right factor: x and x^2 of the S-boxes, never x^4.
    system = hasher(2)
    right = {wire for constraint in system.constraints for wire in constraint.b.terms} - {0}
    assert len(right) <= 2 * len(system.constraints) / 3 + 2
    assert sum(len(constraint.a.terms) for constraint in system.constraints) < 260


def test_chained_hashes_without_a_given_output():
    system = ConstraintSystem()
    inputs = [system.private_input(f"input {place}") for place in range(2)]
    first = poseidon_gadget(system, inputs, "first")
    second = poseidon_gadget(system, (first, inputs[0] + first * 2), "second")
    witness = system.witness({"input 0": 10, "input 1": 20})
    assert system.check(witness) is None
    inner = poseidon((10, 20))
    assert second.value(witness) == poseidon((inner, (10 + 2 * inner) % MODULUS))
    assert len(system.constraints) == 2 * poseidon_cost(2)
    assert unnoticed_changes(system, witness) == []


def test_trace_ends_with_the_hash():
    assert trace([1, 2])[0] == poseidon([1, 2])
