"""The circuit takes what the definition takes; each of its own constraints refuses something."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.checker import Checker
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.inputs import certificate_inputs, certificate_witness
from proofmill.host.prover.circuits.finality.registry import Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import (
    CertificateInputs,
    SignedVote,
    state_votes,
)
from proofmill.host.prover.circuits.finality.vote import Link
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.curve.limbs import from_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify
from tests.host.prover.circuits.finality.small import (
    FORK,
    KEYS,
    LEFT,
    LINK,
    MEMBERS,
    PART,
    REGISTRY,
    TAG,
    TOTAL,
    WHOLE,
    voted,
)
from tests.host.prover.circuits.forgery import forge, violated


@cache
def circuit(size: CertificateSize) -> FinalityCircuit:
    return FinalityCircuit(size)


def inputs(size: CertificateSize, *votes: SignedVote, registry: Registry = REGISTRY,
           link: Link = LINK) -> dict[str, int]:
    """What a prover feeds in, whether or not the votes prove anything."""
    public = CertificateInputs.of(
        registry.commitment, link.next_registry, link.source, link.target,
        sum(MEMBERS[each.validator].balance for each in votes), TAG,
        None if size.whole else sum(1 << each.validator for each in votes))
    return certificate_inputs(circuit(size), registry, link, votes, public)


def broken(size: CertificateSize, given: dict[str, int], pinned: dict[str, int] | None = None
           ) -> set[str]:
    system = circuit(size).system
    return violated(system, forge(system, given, pinned or {}))


@pytest.mark.parametrize("size, votes", (
    (WHOLE, (2, 3)), (PART, (0, 2)), (PART, (3,)), (PART, ())))
def test_the_circuit_takes_what_the_definition_takes(size, votes) -> None:
    signed = [voted(number) for number in votes]
    witness = from_limbs(certificate_witness(circuit(size), REGISTRY, LINK, signed[::-1], TAG))
    assert circuit(size).system.check(witness) is None
    public = state_votes(size, REGISTRY, LINK, signed, TAG).numbers
    assert witness[1:1 + len(public)] == public == witness[1:1 + circuit(size).r1cs.public]


@pytest.mark.parametrize("registry, votes, epoch", (
    (LEFT, (0, 3), 7), (LEFT, (2, 3), 8), (LEFT, (2, 3), 10), (LEFT, (2, 3), 1 << 63),
    (replace(REGISTRY, epoch=3), (2, 3), 7)))
def test_who_comes_and_goes(registry: Registry, votes: tuple[int, ...], epoch: int) -> None:
    """The first: two thirds of what is left in the next epoch, and not of what is there in this."""
    link = to(epoch)
    witness = from_limbs(certificate_witness(
        circuit(WHOLE), registry, link, [voted(each, link) for each in votes], TAG))
    assert circuit(WHOLE).system.check(witness) is None


def to(epoch: int) -> Link:
    """From the same source to another epoch."""
    return replace(LINK, target=replace(LINK.target, epoch=epoch))


def test_no_witness_is_made_of_votes_that_prove_nothing() -> None:
    """64,000,000,003 gwei: a third of one too little."""
    with pytest.raises(ProofmillError, match="two thirds"):
        certificate_witness(circuit(WHOLE), REGISTRY, LINK, [voted(0), voted(3)], TAG)


def another_leaf(level: int) -> tuple[dict[str, int], dict[str, int]]:
    """A voter of no registry, by a bit that is neither 0 nor 1.

    left + right = node + sibling whatever the bit is, so any node goes with some sibling.
    """
    key = bytes([77] * 32)
    member = Member(public_key(key), 10**11)
    forged = Registry(2, {0: member}, unchanging(10**11), FORK, 6)
    given = certificate_inputs(circuit(PART), forged, LINK, [voted(0, key=key)], (
        CertificateInputs.of(REGISTRY.commitment, LINK.next_registry, LINK.source, LINK.target,
                             member.balance, TAG, 1)))
    given |= {"tree root": REGISTRY.tree.root, **{f"total {each}": TOTAL for each in range(1, 5)}}
    given |= {f"vote 0: sibling {each}": sibling
              for each, sibling in enumerate(REGISTRY.tree.path(0))}
    node = member.leaf
    leaves = [REGISTRY.tree.leaf(place) for place in range(4)]
    pairs = (leaves[:2], [poseidon(leaves[:2]), poseidon(leaves[2:])])
    if level == 1:
        node = poseidon((node, given["vote 0: sibling 0"]))
    left, right = pairs[level]
    sibling = (left + right - node) % MODULUS
    bit = (left - node) * pow(sibling - node, -1, MODULUS) % MODULUS
    given |= {f"vote 0: sibling {level}": sibling, f"vote 0: bit {level}": bit}
    # Nothing else may tell: the mask of an index that is no number of two bits.
    given["signers"] = (1 + bit * ((1 << (1 << level)) - 1)) % MODULUS
    return given, {}


def false_witnesses() -> Iterator[tuple[str, CertificateSize, dict[str, int], dict[str, int]]]:
    """The one constraint that each breaks, the circuit, inputs, and wires set by hand."""
    two, balance = (voted(2), voted(3)), "vote 0: balance"
    part, whole = inputs(PART, *two), inputs(WHOLE, *two)
    weight = whole["weight"]

    twice = inputs(PART, voted(2), voted(2))
    twice["signers"] = 8
    yield "vote 1: rising: bit 1 is 0 or 1", PART, twice, {}
    yield "vote 1: rising: bit 0 is 0 or 1", PART, twice, {"vote 1: rising: bit 0": -1}
    yield "vote 1: more than the index before", PART, twice, {
        "vote 1: more than the index before": 0}
    falling = inputs(PART, voted(2), voted(2)) | {
        f"vote 1: {name.partition(': ')[2]}": value
        for name, value in inputs(PART, voted(0)).items() if name.startswith("vote 0")}
    falling |= {"weight": MEMBERS[0].balance + MEMBERS[2].balance, "signers": 5}
    yield "vote 1: rising: bit 1 is 0 or 1", PART, falling, {}
    yield "vote 1: used or not", PART, part | {
        "vote 1: used": 2, "weight": weight + MEMBERS[3].balance, "signers": 4 + 2 * 8}, {}
    gap = part | {name: value for name, value in inputs(PART).items() if name.startswith("vote 0")}
    yield "vote 1: only behind others", PART, gap | {
        "weight": MEMBERS[3].balance, "signers": 8}, {}
    yield "vote 0: bit 0 of the index is 0 or 1", PART, *another_leaf(0)
    yield "vote 0: bit 1 of the index is 0 or 1", PART, *another_leaf(1)
    yield "vote 0: of the registry", PART, part | {
        balance: part[balance] + 1, "weight": weight + 1}, {}
    yield "vote 0: weight", PART, part | {"weight": weight + 1}, {
        "vote 0: weight": part[balance] + 1}
    yield "weight: of all votes", PART, part | {"weight": weight + 1}, {}
    yield "weight: of all votes", WHOLE, whole | {"weight": weight + 1}, {}
    yield "signers: of all votes", PART, part | {"signers": 4 + 8 + 1}, {}
    yield "vote 0: 2^index down to bit 1", PART, part | {"signers": 8 + 1}, {
        "vote 0: 2^index down to bit 1": 1}
    alone = inputs(WHOLE, voted(3))
    margin = 3 * alone["weight"] - 2 * TOTAL
    assert margin < 0
    yield "two thirds: bit 65 is 0 or 1", WHOLE, alone, {}
    lower = {f"two thirds: bit {each}": 0 for each in range(65)}
    for bit in (0, 31, 64):
        yield f"two thirds: bit {bit} is 0 or 1", WHOLE, alone, lower | {
            f"two thirds: bit {bit}": margin * pow(2, -bit, MODULUS)}
    yield "prover tag, squared", PART, part, {"prover tag, squared": 5}
    yield from false_distances()


def false_distances() -> Iterator[tuple[str, CertificateSize, dict[str, int], dict[str, int]]]:
    """Of who is active when, and of the totals."""
    def hot(given: dict[str, int], *distances: int) -> dict[str, int]:
        return given | {f"{place} ahead": each for place, each in enumerate(distances, 1)}

    far = inputs(PART, voted(2, to(9)), link=to(9))
    yield "distance: 2 ahead is 0 or 1", PART, hot(far, 1, -1, 0, 1), {}
    gone = inputs(PART, voted(0, to(11)), registry=LEFT, link=to(11))
    yield "distance: one of them", PART, hot(gone, 1, 0, 0, 1), {}
    gone = inputs(PART, voted(0, to(8)), registry=LEFT, link=to(8))
    yield "distance: further than the last alone", PART, hot(gone, 1, 0, 0, 0), {}
    yield "distance: not before: bit 63 is 0 or 1", PART, hot(
        inputs(PART, voted(2)), 0, 0, 0, 1), {}
    yield "vote 0: of who is active", PART, gone, {}
    yield "vote 0: active, 2 ahead", PART, gone, {"vote 0: active, 2 ahead": 1}
    half = (MODULUS + 1) // 2       # 1 + 2 / 2 + 4 + 8 = 14, the mask of who comes an epoch later
    coming = replace(REGISTRY, members={**MEMBERS, 2: replace(MEMBERS[2], active=14)})
    yield "vote 0: active 2 is 0 or 1", PART, inputs(PART, voted(2), registry=coming) | {
        "vote 0: active 1": 1, "vote 0: active 2": half}, {}
    less = inputs(WHOLE, voted(3), registry=LEFT)
    assert less["late"] == 1 and 3 * less["weight"] < 2 * less["total 2"]
    yield "late or not", WHOLE, less | {"late": 2}, {}
    for name in ("total, 1 ahead", "total, 1 ahead, and late", "total, late"):
        yield name, WHOLE, less, {name: -TOTAL}


FALSE = list(false_witnesses())


@pytest.mark.parametrize("label, size, given, pinned", FALSE, ids=[each[0] for each in FALSE])
def test_each_constraint_alone_refuses_something(label, size, given, pinned) -> None:
    assert broken(size, given, pinned) == {label}


def bare(label: str) -> str:
    """What a constraint is, whichever place, level or bit it is of."""
    return re.sub(r"\d+", "n", label)


def test_those_are_all_constraints_but_for_the_gadgets() -> None:
    """Which have tests of their own: hashes, paths and signatures."""
    gadgets = re.compile("S-box|: level |: signature: ")
    labels = {bare(each.label) for size in (PART, WHOLE)
              for each in circuit(size).system.constraints if not gadgets.search(each.label)}
    assert labels == {bare(label) for label, *_ in FALSE}


@pytest.mark.parametrize("name, gadget", (
    ("registry", "registry: S-box"), ("next_registry", "vote 0: signature"),
    ("source_epoch", "vote 0: signature"), ("source_high", "vote 0: signature"),
    ("source_low", "vote 0: signature"), ("target_epoch", "vote 0: signature"),
    ("target_high", "vote 0: signature"), ("target_low", "vote 0: signature"),
    ("vote 0: slot", "vote 0: signature"), ("vote 0: index", "vote 0: signature"),
    ("vote 0: head low", "vote 0: signature"), ("vote 0: scalar", "vote 0: signature"),
    ("total 1", "registry: S-box"), ("total 4", "registry: S-box"),
    ("vote 0: active 1", "vote 0: of the registry"), ("epoch", "registry: S-box"),
    ("domain low", "registry: S-box"),
    ("tree root", "registry: S-box")))
def test_every_input_is_bound(name: str, gadget: str) -> None:
    """Source, target, fork and next registry by the signatures, stake by the registry."""
    given = inputs(PART, voted(3))
    found = broken(PART, given | {name: given[name] + 1})
    assert any(each.startswith(gadget) for each in found)


def test_a_signature_of_another_does_not_count() -> None:
    found = broken(PART, inputs(PART, voted(3, key=KEYS[0])))
    assert found and all(each.startswith("vote 0: signature") for each in found)


def test_a_larger_circuit_has_the_same_constraints_more_often() -> None:
    small = {bare(each.label) for each in circuit(PART).system.constraints}
    larger = FinalityCircuit(CertificateSize(3, 3, False)).system.constraints
    assert {bare(each.label) for each in larger} == small


@pytest.mark.slow
@pytest.mark.parametrize("size, votes", ((PART, (2, 3)), (PART, (0,)), (WHOLE, (2, 3))))
def test_the_inputs_determine_every_wire(size, votes) -> None:
    witness = certificate_witness(
        circuit(size), REGISTRY, LINK, [voted(each) for each in votes], TAG)
    report = Checker(circuit(size).r1cs).check(from_limbs(witness), quick=size == WHOLE)
    assert report.is_determined


def test_a_certificate_is_proved_and_is_of_its_prover_alone() -> None:
    size = CertificateSize(1, 1, True)
    registry = Registry(1, {0: MEMBERS[0]}, unchanging(MEMBERS[0].balance), FORK, 6)
    made = FinalityCircuit(size)
    device = CpuDevice()
    prover = Prover(development_setup(made.r1cs, seed=bytes(32)), device, r1cs=made.r1cs)
    result = prover.prove(certificate_witness(made, registry, LINK, [voted(0)], TAG))
    device.close()
    key = prover.key.verification_key
    expected = state_votes(size, registry, LINK, [voted(0)], TAG).numbers
    assert result.public == expected and verify(key, expected, result.proof)
    for place in range(len(expected)):
        changed = [*expected[:place], expected[place] + 1, *expected[place + 1:]]
        assert not verify(key, changed, result.proof)
