"""What is made from two places equals the circuit that is compiled as a whole, entry by entry."""

from dataclasses import replace

import numpy as np
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import ConstraintSystem
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.inputs import certificate_inputs
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import state_votes
from proofmill.host.prover.circuits.repeated import Bounds, Reached, Repeated
from tests.host.prover.circuits.finality.small import LINK, REGISTRY, TAG, voted


@pytest.mark.parametrize("size", (
    CertificateSize(2, 3, False),
    pytest.param(CertificateSize(2, 5, True), marks=pytest.mark.slow)))
def test_many_places_are_as_if_compiled(size: CertificateSize) -> None:
    circuit = FinalityCircuit(size)
    made, whole = circuit.r1cs, circuit.system.to_r1cs(circuit.r1cs.name)
    assert replace(made, a=whole.a, b=whole.b, c=whole.c) == replace(whole, labels=made.labels)
    for ours, theirs in ((made.a, whole.a), (made.b, whole.b), (made.c, whole.c)):
        for name in ("rows", "columns", "values"):
            found, wanted = getattr(ours, name), getattr(theirs, name)
            assert found.dtype == wanted.dtype and np.array_equal(found, wanted)
    votes = [voted(number) for number in (0, 2, 3)]     # of two or all five places, one is not used
    inputs = certificate_inputs(circuit, REGISTRY, LINK, votes,
                                state_votes(size, REGISTRY, LINK, votes, TAG))
    assert circuit.witness(inputs) == circuit.system.witness(inputs)
    with pytest.raises(ProofmillError, match="missing or unknown: vote 2: used, vote 9: used"):
        circuit.witness({name.replace("vote 2: used", "vote 9: used"): value
                         for name, value in inputs.items()})


def test_circuits_that_differ_have_other_digests() -> None:
    sizes = [CertificateSize(1, 2, True), CertificateSize(1, 3, True), CertificateSize(1, 3, False),
             CertificateSize(2, 3, True)]
    assert len({FinalityCircuit(size).digest for size in sizes}) == len(sizes)
    assert FinalityCircuit(sizes[1]).digest == FinalityCircuit(sizes[1]).digest


def two_parts(rest_from_parts: bool, from_first: bool) -> tuple[ConstraintSystem, Bounds]:
    """The squares of two inputs, and one more wire."""
    system = ConstraintSystem()
    total = system.public_input("total")
    inputs = system.wires
    given = [system.private_input(f"{part}: x") for part in range(2)]
    other, begun, squares = system.wires, [], []
    for x in given:
        begun.append(Reached.of(system))
        squares.append(system.multiply(x, squares[0] if from_first and squares else x, "square"))
    rest = Reached.of(system)
    system.assert_equal(squares[0] + squares[1], total, "total")
    system.multiply(squares[0] if rest_from_parts else total, total, "more")
    return system, Bounds(inputs, other, begun[0], begun[1], rest)


def test_what_is_no_repetition_is_refused() -> None:
    system, bounds = two_parts(False, False)
    made = Repeated(system, bounds, 4, lambda part: f"{part}: ")
    witness = made.witness({"total": 30} | {f"{part}: x": part + 1 for part in range(4)})
    assert witness == [1, 30, 1, 2, 3, 4, 1, 4, 9, 16, 900]
    r1cs = made.r1cs(system.to_r1cs("squares"))
    assert (r1cs.wires, r1cs.constraints, r1cs.private_inputs) == (11, 6, 4)
    assert list(r1cs.a.columns[-6:]) == [1, 6, 7, 8, 9, 1]
    with pytest.raises(ValueError, match="computed from those of parts"):
        Repeated(*two_parts(True, False), 4, str)
    with pytest.raises(ValueError, match="what the first has computed"):
        Repeated(*two_parts(False, True), 4, str)
