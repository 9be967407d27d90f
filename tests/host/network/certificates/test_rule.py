"""What certificates make justified and final, and which are refused."""

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.rule import Finality
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
    (stated(at(4, 1), at(6)), "source, epoch 4.*not justified here"),
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
