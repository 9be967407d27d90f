"""Makes certificates: what the chain has justified, proven from the votes of companion keys.

One node of a chain does so; any other could, since all hear the same votes. It proves beside its
duties, on a device of its own, one certificate at a time.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from functools import partial

from proofmill.host.network.certificates.certificate import Certificate, Prove, certificate_prover
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.node.beside import Beside
from proofmill.host.network.node.companions import Companions
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import SignedVote
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, certificate_tag
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.proving_key import ProvingKey

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Maker:
    """Who makes certificates: its number in the contracts, and where it wants its reward."""

    chain_id: int
    prover: int
    address: bytes


SPARE = 3
"""Places beyond two thirds. With 64 validators 46 in all, 259,120 constraints: as many as 2^18
holds, while all 64 would need twice the transform."""


def places_for(validators: int) -> CertificateSize:
    """The size of a certificate for so many validators: places for two thirds of them and some.

    That is enough while they have about the same balance: `SPARE` may have lost a part of theirs.
    """
    return CertificateSize(max(1, (validators - 1).bit_length()),
                           -(-2 * validators // 3) + SPARE, True)


class _Closed(Exception):
    """Nobody waits for the certificate any more."""


class Certifier:
    """The maker's device, circuit and key, and the certificate that is being made."""

    def __init__(self, circuit: FinalityCircuit, key: ProvingKey, maker: Maker,
                 companions: Companions, known: Callable[[], Finality], beside: Beside[Certificate],
                 deliver: Callable[[Certificate], None],
                 open_device: Callable[[], Device] | None = None) -> None:
        """`known`: by certificates, now. `deliver` hears of every one that is made. `open_device`:
        opens what proves; while it fails the processor does, as it does by default."""
        self._processor = CpuDevice()
        self._device: Device = self._processor if open_device is None else open_device()
        self._open_device = open_device
        self._prove = certificate_prover(circuit, Prover(key, self._device) if (
            open_device is None) else Prover(key, self._device, self._processor,
                                             reopen=self._reopened), self._step)
        self._closed = False
        self._maker, self._companions, self._known = maker, companions, known
        self._beside, self._deliver = beside, deliver
        self._making: Future[Certificate] | None = None
        self._failed: Checkpoint | None = None

    @property
    def busy(self) -> bool:
        """Whether a certificate is being made."""
        return self._making is not None

    def wait(self) -> None:
        """Wait for the certificate that is being made, if one is."""
        if self._making is not None:
            wait([self._making])

    def work(self, justified: Checkpoint) -> None:
        """Deliver what is made, and begin with what is due: `justified` by the chain, and not yet
        by certificates."""
        if self._making is not None:
            if not self._making.done():
                return
            making, self._making = self._making, None
            try:
                made = making.result()
            except Exception as error:  # whatever it was, the node has other duties
                # The same votes would fail again; the next epoch has others.
                self._failed = justified
                log.error("no certificate of epoch %d: %s", justified.epoch, error)
            else:
                self._deliver(made)
        if justified == self._failed:
            return
        due = self._companions.due(justified, self._known())
        if due is None:
            return
        registry, link, votes = due
        tag = certificate_tag(self._maker.chain_id, link.target.epoch, self._maker.prover,
                              self._maker.address)
        log.info("making the certificate of epoch %d from %d votes", link.target.epoch, len(votes))
        # The node goes on and forgets blocks meanwhile, so the branch is taken before.
        self._making = self._beside(partial(
            _prove, self._prove, registry, link, votes, tag, self._companions.branch_of(link)))

    def close(self) -> None:
        """Give the device back, and up the certificate that is being made."""
        self._closed = True
        self.wait()
        self._device.close()
        if self._device is not self._processor:
            self._processor.close()

    def _reopened(self) -> Device:
        """The device again; what it was before is closed."""
        assert self._open_device is not None
        self._device = self._open_device()
        return self._device

    def _step(self, done: int, total: int) -> None:
        if self._closed:
            raise _Closed


def _prove(prove: Prove, registry: Registry, link: Link, votes: Sequence[SignedVote], tag: int,
           branch: tuple[bytes, ...]) -> Certificate:
    return replace(prove(registry, link, votes, tag), branch=branch)
