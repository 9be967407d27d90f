"""A small circuit of certificates with its key, and three certificates that follow each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from proofmill.host.network.certificates.certificate import (
    Certificate,
    Prove,
    certificate_prover,
)
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.registry import Registry, unchanging
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verification_key import VerificationKey
from tests.host.prover.circuits.finality.small import FORK, MEMBERS, voted

SIZE = CertificateSize(1, 1, True)
TAG = 7
ROOTS = {epoch: bytes([epoch]) * 32 for epoch in (4, 5, 6, 7, 8)}
LINKS = ((4, 5), (5, 6), (6, 8))


def registry(epoch: int) -> Registry:
    """Of one voter, whose stake grows."""
    return Registry(1, {0: MEMBERS[0]}, unchanging(MEMBERS[0].balance + epoch), FORK, epoch)


def checkpoint(epoch: int) -> Checkpoint:
    return Checkpoint(epoch, ROOTS[epoch])


def link(source: int, target: int) -> Link:
    return Link(FORK, checkpoint(source), checkpoint(target), registry(target).commitment)


@contextmanager
def proving(size: CertificateSize = SIZE) -> Iterator[tuple[VerificationKey, Prove]]:
    """A key for certificates of this size, always the same, and what makes them by it."""
    circuit, device = FinalityCircuit(size), CpuDevice()
    prover = Prover(development_setup(circuit.r1cs, seed=bytes(32)), device, r1cs=circuit.r1cs)
    try:
        yield prover.key.verification_key, certificate_prover(circuit, prover)
    finally:
        device.close()


@dataclass
class Made:
    """The key, and by (source, target) the certificates. `passed`: from epoch 7, of which there is
    none, by the registry of epoch 6."""

    key: VerificationKey
    certificates: dict[tuple[int, int], Certificate]
    passed: Certificate


@pytest.fixture(scope="session")
def made() -> Made:
    with proving() as (key, prove):
        def of(source: int, target: int, counted: int) -> Certificate:
            votes = link(source, target)
            return prove(registry(counted), votes, [voted(0, votes)], TAG)

        return Made(key, {(source, target): of(source, target, source)
                          for source, target in LINKS}, of(7, 8, 6))
