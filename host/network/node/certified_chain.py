"""Certificates of a chain in one process: all its validators sign, one prover makes them.

Companion votes are what `Companions` hears on a node, and certificates what its `Certifier` makes,
in a thread beside the chain. The chain's time is virtual, so that a certificate has `MAKING_SLOTS`
of it: it is handed in when they are over, whatever it took here, and the chain waits for one that
is not there. So the same seed brings the same blocks on every machine.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.certificate import Certificate, proof_refusal
from proofmill.host.network.certificates.companion import Registration, companion_secret
from proofmill.host.network.certificates.rewards import CertificateTerms
from proofmill.host.network.certificates.rule import GENESIS, Finality
from proofmill.host.network.certificates.votes import checkpoint_of
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.records import CertificateReward, Status
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.certifier import Certifier, Maker
from proofmill.host.network.node.companions import Companions
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.second_layer.certificate_pay import CertificatePay
from proofmill.host.network.second_layer.second_layer import SecondLayer
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.groth16.proving_key import ProvingKey

MAKING_SLOTS = 4
"""From the slot in which a checkpoint is found to be justified to that whose transactions have its
certificate: 24 s of the minimal preset's time."""


@dataclass
class _Seen:
    """An embedded chain as `ChainSeen`."""

    chain: EmbeddedChain
    genesis_root: bytes

    @property
    def store(self) -> spec.Store:
        """The fork choice's."""
        return self.chain.store

    @property
    def slot(self) -> int:
        """The last one that was run."""
        return self.chain.slot

    def head_state(self) -> spec.BeaconState:
        """The state after the head's block."""
        return self.chain.head_state

    def is_early(self, slot: int) -> bool:
        """Nobody here has another clock."""
        return False


class CertifiedChain(Closing):
    """What `Miner` wants as its certificates, on a chain whose contracts pay them."""

    def __init__(self, chain: EmbeddedChain, circuit: FinalityCircuit, key: ProvingKey,
                 terms: CertificateTerms, registrations: Sequence[Registration],
                 layer: SecondLayer, pay: CertificatePay) -> None:
        """`chain`: nothing of it is final yet. `circuit` and `key`: of certificates, the same as in
        `terms`. `layer`: of the prover that makes them, who is paid by `pay`."""
        self._chain, self._layer, self._pay = chain, layer, pay
        self._circuit, self._key, self._verification = circuit, key, terms.key
        seen = _Seen(chain, bytes(chain.store.finalized_checkpoint.root))
        self.companions = Companions(
            seen, registrations, {index: companion_secret(validator)
                                  for index, validator in enumerate(chain.keys)}, circuit.size)
        self.known = Finality.start(terms.checkpoint, terms.registry)
        """What is final by the certificates alone."""
        self.made = 0
        """Certificates that were made and hold."""
        self._beside = ThreadPoolExecutor(1, "proofmill-certifier")
        self._certifier: Certifier | None = None
        self._target = GENESIS
        """The last justified checkpoint of the epochs that certificates are wanted of."""
        self._due_slot = 0
        self._signed = chain.slot - 1
        """The last slot whose attestations companion keys have signed."""

    def slot_passed(self, last_slot: int) -> None:
        """Sign what was attested to in the slot before, and go on with certificates, of epochs up
        to that of `last_slot`, or of all where the layer's finality is theirs."""
        if self._layer.final_by_certificates:
            last_slot = self._chain.slot
        last = last_slot // self._chain.slots_per_epoch
        self._sign(last)
        self.companions.forget(self.known.finalized)
        if self._certifier is None and (number := self._layer.number) is not None:
            self._certifier = Certifier(
                self._circuit, self._key,
                Maker(self._chain.chain_id, number, self._layer.reward_address), self.companions,
                lambda: self.known, self._beside.submit, self._deliver)
        if self._certifier is not None and self._chain.slot >= self._due_slot:
            self._certifier.wait()
            justified = checkpoint_of(self._chain.store.justified_checkpoint)
            if justified.epoch <= last:
                self._target = justified
            self._certifier.work(self._target)
            if self._certifier.busy:
                self._due_slot = self._chain.slot + MAKING_SLOTS
        self._pay.slot_passed(self._chain.finalized_slot)

    @property
    def rewards(self) -> list[CertificateReward]:
        """Of the certificates that were handed in, by epoch."""
        return self._pay.rewards

    def decided(self, epoch: int) -> bool:
        """Whether a certificate of this epoch or a later one has been paid out, or cannot be."""
        return any(each.epoch >= epoch and each.status in (
            Status.MATURED, Status.LOST, Status.REFUSED) for each in self.rewards)

    def close(self) -> None:
        """Give the device back, and up the certificate that is being made."""
        if self._certifier is not None:
            self._certifier.close()
        self._beside.shutdown()

    def _sign(self, last: int) -> None:
        """What was attested to in slots that the fork choice has taken in by now, of targets up to
        epoch `last`."""
        for attestation in self._chain.attestations:
            if self._signed < attestation.data.slot < self._chain.slot:
                self._signed = int(attestation.data.slot)
                if attestation.data.target.epoch > last:
                    continue
                for raw in self.companions.sign(attestation):
                    verdict, reason = self.companions.take(raw)
                    if verdict is Reception.REJECT:
                        raise ProofmillError(f"own companion votes are refused: {reason}")

    def _deliver(self, certificate: Certificate) -> None:
        if reason := proof_refusal(self._verification, certificate):
            raise ProofmillError(f"the certificate of epoch {certificate.stated.target_epoch} is "
                                 f"not handed in: {reason}; look at the device that made it")
        self.known = self.known.after(certificate.stated, certificate.branch)
        self.made += 1
        self._pay.hand_in(certificate)
