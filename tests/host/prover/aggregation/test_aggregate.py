"""Aggregates against plain verification, and every part of one forged."""

from dataclasses import replace

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.aggregation import computing, elements, prove
from proofmill.host.prover.aggregation.aggregate import (
    COUNT_BYTES,
    MAGIC,
    Aggregate,
    Committed,
    parts,
    size,
)
from proofmill.host.prover.aggregation.prove import aggregate
from proofmill.host.prover.aggregation.verify import refusal
from proofmill.host.prover.curve.arithmetic import (
    add,
    multi_scalar_multiplication,
    multiply,
    negate,
)
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.pairing import product
from proofmill.host.prover.curve.points import generator
from proofmill.host.prover.curve.target import compress, decompress, times
from proofmill.host.prover.groth16.json_fields import NotValid
from proofmill.host.prover.groth16.verify import verify
from tests.host.prover.aggregation.conftest import Proven

HEAD = len(MAGIC) + COUNT_BYTES


def refused(proven: Proven, data: bytes, public: list[list[int]]) -> str:
    """Why bytes are no proof of this, empty where they are one."""
    try:
        shown = Aggregate.from_bytes(data)
        return refusal(proven.setup.heads, proven.key, public, shown)
    except ProofmillError as error:
        return str(error)


@pytest.fixture(scope="module")
def four(proven: Proven) -> bytes:
    return aggregate(proven.setup, proven.key, proven.public[:4], proven.proofs[:4]).to_bytes()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_it_holds_where_every_proof_does(proven: Proven, count: int) -> None:
    public, proofs = proven.public[:count], proven.proofs[:count]
    assert all(verify(proven.key, row, proof)
               for row, proof in zip(public, proofs, strict=True))
    steps: list[tuple[int, int]] = []
    made = aggregate(proven.setup, proven.key, public, proofs,
                     lambda done, total: steps.append((done, total)))
    data = made.to_bytes()
    assert len(data) == size(count) and steps[-1][0] == steps[-1][1]
    assert Aggregate.from_bytes(data).to_bytes() == data
    assert refused(proven, data, public) == ""


def other(part: bytes) -> bytes:
    """Another element of the same group."""
    if len(part) == 192:
        value = decompress(part)
        assert value is not None
        return compress(times(value, product(generator(Group.G1).reshape(1, -1),
                                             generator(Group.G2).reshape(1, -1))))
    group = Group.G1 if len(part) == 64 else Group.G2
    point = elements.from_bytes(group, part)
    assert point is not None
    return elements.to_bytes(group, add(group, point, generator(group)))


def test_no_element_can_be_another_one(proven: Proven) -> None:
    two, place = aggregate(proven.setup, proven.key, proven.public[:2], proven.proofs[:2]
                           ).to_bytes(), HEAD
    for name, width in parts(1):
        part = two[place:place + width]
        for changed in (other(part), bytes(width)):  # the neutral element is one of the group, too
            forged = two[:place] + changed + two[place + width:]
            assert changed != part and refused(proven, forged, proven.public[:2]), name
        place += width
    assert place == len(two)


COMMITTED = ("t_ab", "u_ab", "t_c", "u_c")


@pytest.mark.parametrize("part", [*COMMITTED, "z_ab", "z_c"])
def test_what_a_prover_makes_up_does_not_fold(proven: Proven, part: str,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """A prover that draws its challenges as it should, and says one thing that is not so.

    Of the sums it says what would be right if its false proof were not: so the combined proof
    holds, and nothing but the folding can tell.
    """
    proofs, place = list(proven.proofs[:2]), generator(Group.G1)
    first = proofs[0]
    if part == "z_ab":
        proofs[0] = replace(first, a=add(Group.G1, first.a, place))
    elif part == "z_c":
        proofs[0] = replace(first, c=add(Group.G1, first.c, place))
    change = product(negate(Group.G1, place).reshape(1, -1), first.b.reshape(1, -1))

    def committed(*values: Limbs) -> Committed:
        said = Committed(*values)
        return replace(said, **{part: times(getattr(said, part), change)}
                       ) if part in COMMITTED else said

    calls = {"product": 0, "sum": 0}

    def changed_product(g1: Limbs, g2: Limbs) -> Limbs:
        calls["product"] += 1
        value = product(g1, g2)
        made_up = part == "z_ab" and calls["product"] == len(COMMITTED) + 1
        return times(value, change) if made_up else value

    def changed_sum(group: Group, points: Limbs, factors: Limbs) -> Limbs:
        calls["sum"] += 1
        value = multi_scalar_multiplication(group, points, factors)
        made_up = part == "z_c" and calls["sum"] == 1
        return add(group, value, negate(group, place)) if made_up else value

    monkeypatch.setattr(prove, "Committed", committed)
    monkeypatch.setattr(computing, "product", changed_product)
    monkeypatch.setattr(computing, "multi_scalar_multiplication", changed_sum)
    with pytest.raises(ProofmillError, match=f"{part.upper()} does not fold"
                       if part in COMMITTED else "proof 0 does not hold"):
        aggregate(proven.setup, proven.key, proven.public[:2], proofs)
    calls.update(product=0, sum=0)
    monkeypatch.setattr(prove, "refusal", lambda *given: "")
    forged = aggregate(proven.setup, proven.key, proven.public[:2], proofs)
    assert refusal(proven.setup.heads, proven.key, proven.public[:2], forged).startswith(
        f"{part.upper()} does not fold")


def test_no_bit_can_be_another_one(proven: Proven, four: bytes) -> None:
    draw = np.random.default_rng(1)
    for place in (*range(HEAD), *draw.choice(np.arange(HEAD, len(four)), 16, replace=False)):
        forged = bytearray(four)
        forged[place] ^= 1 << int(draw.integers(8))
        assert refused(proven, bytes(forged), proven.public[:4]), place
    for forged_length in (four[:-1], four + b"\0", b"", MAGIC):
        assert refused(proven, bytes(forged_length), proven.public[:4])


def test_no_signal_can_be_another_one(proven: Proven, four: bytes) -> None:
    for row in range(4):
        for place in range(2):
            public = [list(each) for each in proven.public[:4]]
            public[row][place] = (public[row][place] + 1) % R
            assert refused(proven, four, public)
            public[row][place] = proven.public[row][place] + R  # the same number modulo r
            with pytest.raises(NotValid):
                refusal(proven.setup.heads, proven.key, public, Aggregate.from_bytes(four))


def test_no_proof_can_change_its_place_or_go(proven: Proven, four: bytes) -> None:
    public = proven.public[:4]
    assert refused(proven, four, [public[1], public[0], *public[2:]])
    assert refused(proven, four, public[:3])
    assert refused(proven, four, [*public, public[3]])
    # The same number with another count in its head: 3 proofs are padded with the last one.
    three = [*public[:3], public[2]]
    assert refused(proven, four, three)
    made = aggregate(proven.setup, proven.key, public[:3], proven.proofs[:3]).to_bytes()
    as_four = made[:len(MAGIC)] + (4).to_bytes(8, "big") + made[HEAD:]
    assert refused(proven, made, public[:3]) == "" and refused(proven, as_four, three)
    with pytest.raises(ProofmillError, match="2 public signals were given|wants 2"):
        refusal(proven.setup.heads, proven.key, [[1]] * 4, Aggregate.from_bytes(four))


def test_it_is_of_one_key_and_one_setup(proven: Proven, four: bytes) -> None:
    shown, public = Aggregate.from_bytes(four), proven.public[:4]
    heads = proven.setup.heads
    other_key = replace(proven.key, delta_g2=add(Group.G2, proven.key.delta_g2,
                                                 generator(Group.G2)))
    assert refusal(heads, other_key, public, shown)
    turned = replace(heads, g1=heads.g1[::-1], g2=heads.g2[::-1])
    assert refusal(turned, proven.key, public, shown)
    # A proof of other randomness for the same statement gives another aggregate, which holds.
    first = proven.proofs[0]
    again = replace(first, a=negate(Group.G1, first.a), b=multiply(Group.G2, first.b, -1))
    made = aggregate(proven.setup, proven.key, public, [again, *proven.proofs[1:4]]).to_bytes()
    assert made != four and refused(proven, made, public) == ""


@pytest.mark.parametrize("change", ["replaced", "exchanged", "signals"])
def test_what_does_not_hold_is_not_aggregated(proven: Proven, change: str) -> None:
    proofs, public = list(proven.proofs[:4]), [list(each) for each in proven.public[:4]]
    if change == "replaced":
        proofs[2] = replace(proofs[2], c=add(Group.G1, proofs[2].c, generator(Group.G1)))
    elif change == "exchanged":
        proofs[2], proofs[3] = proofs[3], proofs[2]
    else:
        public[2][0] += 1
    with pytest.raises(ProofmillError, match="proof 2 does not hold"):
        aggregate(proven.setup, proven.key, public, proofs)


def test_errors_that_cancel_in_a_plain_sum_do_not_here(proven: Proven) -> None:
    """Two proofs whose C are wrong by opposite points: their sum is right."""
    proofs = list(proven.proofs[:4])
    proofs[0] = replace(proofs[0], c=add(Group.G1, proofs[0].c, generator(Group.G1)))
    proofs[1] = replace(proofs[1], c=add(Group.G1, proofs[1].c,
                                         negate(Group.G1, generator(Group.G1))))
    with pytest.raises(ProofmillError, match="proof 0 does not hold"):
        aggregate(proven.setup, proven.key, proven.public[:4], proofs)


def test_what_does_not_fit_is_said(proven: Proven) -> None:
    with pytest.raises(ProofmillError, match="0 proofs and 0 rows"):
        aggregate(proven.setup, proven.key, [], [])
    with pytest.raises(ProofmillError, match="9 proofs take powers for 16, and there are"):
        aggregate(proven.setup, proven.key, [*proven.public, proven.public[0]],
                  [*proven.proofs, proven.proofs[0]])
    damaged = replace(proven.setup, g2=(proven.setup.g2[0], proven.setup.g2[1][::-1].copy()))
    damaged.g2[1][1] = proven.setup.g2[1][1]  # the head is right
    with pytest.raises(ProofmillError, match="the powers of tau are damaged"):
        aggregate(damaged, proven.key, proven.public[:4], proven.proofs[:4])
