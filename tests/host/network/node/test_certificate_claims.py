"""Certificates of finality, carried into blocks by who proposes them, and paid on every node."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.rewards import CertificateTerms
from proofmill.host.network.node.follower import ChainSetup, Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.layer2 import CreditedCertificate
from proofmill.host.network.node.opening import GenesisEngines
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.circuits.finality.vote import certificate_tag
from tests.host.network.certificates.conftest import checkpoint, link, proving, registry
from tests.host.network.node.chains import KEYS, PROVER, Source, chain_setup, follower
from tests.host.prover.circuits.finality.small import voted

NOBODYS = 7
"""A tag."""
LINKS = ((4, 5, 4), (5, 6, 5), (7, 8, 6))
"""Source, target, and the epoch whose registry counts."""


@dataclass
class Paying:
    """A chain that pays certificates of one voter, and three of them: the second is nobody's, and
    the third from a source that has none."""

    chain: ChainSetup
    certificates: Sequence[Certificate]


@pytest.fixture(scope="module")
def paying() -> Paying:
    setup = chain_setup()
    engines = cast(GenesisEngines, setup.engines)
    found = []
    with proving() as (key, prove):
        for source, target, counted in LINKS:
            of = link(source, target)
            tag = NOBODYS if target == 6 else certificate_tag(
                follower().chain_id, target, 0, KEYS[PROVER].address)
            found.append(prove(registry(counted), of, [voted(0, of)], tag))
    terms = CertificateTerms(key, checkpoint(4), registry(4).commitment)
    return Paying(replace(setup, engines=replace(engines, base=replace(
        engines.base, certificates=terms))), found)


class Two:
    """A node that proposes every block and knows what is in `known`, and one that listens."""

    def __init__(self, folder: Path, paying: Paying) -> None:
        self.known: list[Certificate] = []
        self.listener: Follower = follower(chain=paying.chain)
        self.source = Source(folder, self._hear, chain=paying.chain, certifying=self)
        self.source.confirm(0, self.listener.tick)
        self.slot = 0

    def _hear(self, topic: Topic, data: bytes) -> None:
        verdict, reason = self.listener.take(topic, data, "the source")
        assert verdict in (Reception.ACCEPT, Reception.KEEP), reason

    def unpaid(self, paid: Container[int]) -> Iterator[Certificate]:
        return (each for each in self.known if each.stated.target_epoch not in paid)

    def evidence(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(())

    def next(self) -> tuple[CreditedCertificate, ...]:
        """Let a slot pass; what both nodes, by their contracts, have paid."""
        self.slot += 1
        self.source.slot(self.slot, self.listener.tick)
        for node in (self.source.follower, self.listener):
            node.check_contracts()
        found = self.listener.credited_certificates()
        assert found == self.source.follower.credited_certificates()
        return found


def test_a_proposer_carries_certificates_and_their_prover_is_paid(
        tmp_path: Path, paying: Paying) -> None:
    net = Two(tmp_path, paying)
    assert net.next() == ()
    # The first of them is not known yet, without which the contract takes none.
    net.known = list(paying.certificates[1:])
    assert net.next() == ()
    net.known = list(paying.certificates)
    (first,) = net.next()
    assert (first.epoch, first.prover, first.including_slot) == (5, PROVER, 3)
    assert first.prover_wei > 0 and first.includer_wei > 0 and not first.matured
    proposer = net.source.follower.branch()[-1].proposer
    assert first.includer == proposer
    # One whose prover is nobody here is paid to nobody, and those after it go on from it.
    assert net.next() == (first,)
    contracts = net.listener.execution_layer.certificate_contracts
    assert contracts is not None
    assert contracts.finality.call("tag_of", 6) == NOBODYS
    # The third counts by the registry of the second, since that of its source is not known.
    third = net.next()[1]
    assert (third.epoch, third.including_slot) == (8, 5)
    # There is nothing left to do, and nothing is sent again.
    assert len(net.next()) == 2
    execution = net.source.follower.execution_layer
    executed = execution.evm.executed(execution.evm.head)
    to = {bytes(each.to) for each in executed.transactions}
    assert not to & {contracts.rewards.address, contracts.finality.address}
