"""Commitments, proofs and cells whose sums an accelerator computes: the processor's and ckzg's."""

from collections.abc import Iterator
from random import Random

import ckzg
import pytest
from eth_consensus_specs.utils import kzg as specification

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.devices.catalogue import KZG_DEVICES
from proofmill.host.prover.kzg import blobs
from proofmill.host.prover.kzg.cells import coefficients_of, proofs_of
from proofmill.host.prover.kzg.inputs import blob_of
from proofmill.host.prover.kzg.sums import ON_PROCESSOR, ProcessorSums, Sums, open_sums
from proofmill.host.prover.kzg.trusted_setup import lagrange, powers
from proofmill.host.prover.native.bls12_381 import INFINITY, ORDER, POINT_BYTES, pack
from tests.host.prover.kzg.polynomials import blob_with


def random_blob(seed: int) -> bytes:
    rng = Random(seed)
    return b"".join(rng.randrange(ORDER).to_bytes(32, "big") for _ in range(4096))


BLOBS = {"random": random_blob(1), "zero": bytes(131072),
         "greatest": (ORDER - 1).to_bytes(32, "big") * 4096, "short": blob_with([3, 0, 1])}


def test_what_computes_sums_has_a_name() -> None:
    sums = open_sums("cpu", 1)
    assert isinstance(sums, ProcessorSums) and sums.cycles == 0
    sums.close()
    with pytest.raises(ProofmillError, match="no device 'fpga' for KZG; choose cpu, model, rtl"):
        open_sums("fpga")
    assert KZG_DEVICES == ("cpu", "model", "rtl")


@pytest.fixture(scope="module")
def setup() -> object:
    return specification.load_trusted_setup()


@pytest.fixture(scope="module", params=KZG_DEVICES[1:])
def sums(request: pytest.FixtureRequest) -> Iterator[Sums]:
    opened = open_sums(request.param, 2)
    yield opened
    opened.close()


@pytest.mark.slow
def test_sums_are_the_processors(sums: Sums) -> None:
    """Few points, in rows and out of order; infinity among them; again on the same points, and in
    another order."""
    rng, own = Random(3), powers()[:5 * POINT_BYTES] + INFINITY
    order = [rng.randrange(6) for _ in range(12)]
    for places in (order, order, order[::-1]):
        scalars = pack([rng.choice((0, 1, ORDER - 1, rng.randrange(ORDER))) for _ in range(12)])
        assert sums.sums_of_rows(own, places, scalars, 4) == ON_PROCESSOR.sums_of_rows(
            own, places, scalars, 4)
    assert sums.cycles > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", BLOBS)
def test_commitments_and_proofs_are_ckzgs(sums: Sums, name: str, setup: object) -> None:
    blob, before = blob_of(BLOBS[name]), sums.cycles
    commitment = blobs.commit(blob, sums)
    assert commitment.compressed == ckzg.blob_to_kzg_commitment(blob.data, setup)
    at = blobs.challenge(blob, commitment)
    proof, value = blobs.prove(blob, at, sums)
    expected, theirs = ckzg.compute_kzg_proof(blob.data, at.to_bytes(32, "big"), setup)
    assert (proof.compressed, value.to_bytes(32, "big")) == (expected, theirs)
    assert sums.cycles > before and len(lagrange()) == 4096 * POINT_BYTES


@pytest.mark.slow
def test_proofs_of_cells_are_ckzgs(sums: Sums, setup: object) -> None:
    coefficients = coefficients_of(blob_of(BLOBS["random"]))
    assert proofs_of(coefficients, sums=sums) == list(
        ckzg.compute_cells_and_kzg_proofs(BLOBS["random"], setup)[1])
