"""What certificates make justified and final, and which are refused."""

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.rule import ContradictionError, Finality
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import Checkpoint


def at(epoch: int, branch: int = 0) -> Checkpoint:
    return Checkpoint(epoch, bytes([epoch, branch]) * 16)


def stated(source: Checkpoint, target: Checkpoint, registry: int | None = None,
           following: int | None = None) -> CertificateInputs:
    return CertificateInputs.of(
        source.epoch if registry is None else registry,
        target.epoch if following is None else following, source, target, 1, 1)


START = Finality.start(at(4), 4)


def follow(*links: tuple[int, int]) -> Finality:
    known = START
    for source, target in links:
        known = known.after(stated(at(source), at(target)))
    return known


@pytest.mark.parametrize("links, justified, final", (
    ((), 4, 4), (((4, 5),), 5, 4), (((4, 5), (5, 6)), 6, 5), (((4, 6),), 6, 4),
    (((4, 6), (6, 7)), 7, 6), (((4, 5), (4, 6)), 6, 4), (((4, 6), (4, 5)), 6, 4),
    (((4, 5), (5, 7), (7, 8), (8, 9)), 9, 8)))
def test_what_follows(links, justified: int, final: int) -> None:
    known = follow(*links)
    assert (known.head, known.finalized) == (at(justified), at(final))
    assert all(each.epoch >= final for each in known.justified)


def test_the_same_again_changes_nothing() -> None:
    known = follow((4, 5), (5, 6))
    assert known.after(stated(at(5), at(6))) == known


@pytest.mark.parametrize("made, reason", (
    (stated(at(6), at(7)), "source, epoch 6.*not justified here"),
    (stated(at(4, 1), at(6)), "contradict each other in epoch 4"),
    (stated(at(3), at(6), registry=5), "source, epoch 3.*not justified here"),
    (stated(at(4), at(6), following=0), "0 is no registry"),
    (stated(at(5), at(6), registry=9), "another registry"),
    (stated(at(5), at(5)), "leads no vote"), (stated(at(5), at(4, 1)), "leads no vote"),
    (stated(at(4), at(5, 1)), "contradict each other in epoch 5"),
    (stated(at(4), at(5), following=77), "contradict each other in epoch 5")))
def test_what_does_not_follow(made: CertificateInputs, reason: str) -> None:
    with pytest.raises(ProofmillError, match=reason):
        follow((4, 5)).after(made)


def test_two_branches_do_not_lend_each_other_an_epoch() -> None:
    """From 4 to 6, and an epoch between on another branch, from an older source: 4 is not final by
    it. The specification, which sees branches, takes only one on the same."""
    known = Finality.start(at(3), 3).after(stated(at(3), at(4))).after(stated(at(3), at(5, 1)))
    known = known.after(stated(at(4), at(6)))
    assert known.finalized == at(3) and known.head == at(6)


def passed(source: Checkpoint, target: Checkpoint, counted: int) -> CertificateInputs:
    """From a source that no certificate is for, by the registry of epoch `counted`."""
    return stated(source, target, registry=counted)


def test_a_later_certificate_goes_on_from_a_source_that_has_none() -> None:
    """Of epoch 6 there is none; the votes from there count by the registry of 5."""
    known = follow((4, 5)).after(passed(at(6), at(7), 5))
    assert (known.finalized, known.head) == (at(6), at(7))
    assert known.justified == {at(6): 0, at(7): 7}
    assert known.after(stated(at(7), at(8))).finalized == at(7)
    # If 7 is left, votes are from 6 again, whose own registry nobody knows.
    assert known.counting(at(6), 9) == at(7)
    again = known.after(passed(at(6), at(9), 7))
    assert (again.finalized, again.head) == (at(6), at(9))


def test_its_source_is_justified_and_may_have_its_own_certificate_later() -> None:
    known = follow((4, 5)).after(passed(at(6), at(9), 4))
    assert known.finalized == at(4) and known.justified[at(6)] == 0
    known = known.after(stated(at(5), at(6)))
    assert known.finalized == at(5) and known.justified[at(6)] == 6
    with pytest.raises(ProofmillError, match="another registry"):
        known.after(passed(at(6), at(8), 5))
    with pytest.raises(ContradictionError):
        follow((4, 5)).after(passed(at(6), at(9), 4)).after(stated(at(5), at(6, 1)))


def test_over_two_epochs_from_a_source_without_one() -> None:
    """By a block that is the checkpoint of both epochs, for which no branch is needed."""
    seven, eight = Checkpoint(7, b"7" * 32), Checkpoint(8, b"7" * 32)
    known = follow((4, 5), (5, 6))
    lone = known.after(passed(at(7, 1), at(9), 6))
    assert lone.finalized == at(5)
    known = known.after(stated(at(5), seven)).after(passed(at(6), eight, 6))
    assert known.finalized == at(6)


@pytest.mark.parametrize("made, reason", (
    (passed(at(6), at(7), 9), "nor is the registry"), (passed(at(6), at(7), 0), "nor is the regi"),
    (passed(at(3), at(7), 5), "source, epoch 3"), (passed(at(5), at(7), 4), "another registry"),
    (passed(at(5, 1), at(7), 4), "contradict each other in epoch 5"),
    (passed(at(4, 1), at(5), 5), "count votes for later epochs"),
    (passed(at(6), at(6, 1), 5), "leads no vote")))
def test_what_goes_on_from_nowhere(made: CertificateInputs, reason: str) -> None:
    with pytest.raises(ProofmillError, match=reason):
        follow((4, 5)).after(made)


def test_by_whose_registry_votes_count() -> None:
    known = follow((4, 5), (4, 6))
    assert known.counting(at(4), 9) == at(4) and known.counting(at(7), 9) == at(6)
    assert known.counting(at(5, 1), 6) == at(5) and known.counting(at(3), 9) is None
    assert known.counting(at(4, 1), 4) is None
