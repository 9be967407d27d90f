"""A prover's certificates on their way to the contract that pays them.

What has become of them is what the blocks of the head's branch have paid: by the mechanism
(`EvmExecutionLayer.certificates`), where contracts are in the chain's own payloads, and what they
say is compared with it at every block; on a node elsewhere, by what they say.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.rewards import (
    MATURE_GAS,
    SUBMIT_GAS,
    CertificateContracts,
    Paid,
)
from proofmill.host.network.consensus.records import CertificateReward, Status
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import RevertedError, was_refused


@dataclass
class _Way:
    """Of one certificate; hashes are of the latest transaction of each kind."""

    certificate: Certificate
    submitted: bytes
    matured: bytes | None = None
    refusal: str = ""
    """Why the contract does not take it, as far as that is known."""


class CertificatePay:
    """Hands certificates in, and has their rewards paid out."""

    def __init__(self, contracts: CertificateContracts, account: Account,
                 number: Callable[[], int | None],
                 paid: Callable[[Iterable[int]], Mapping[int, Paid]]) -> None:
        """`number`: of the prover in the contracts; None before it has one. `account` sends.
        `paid`: what is paid of the certificates of some epochs, and perhaps of others'."""
        self._contracts = contracts
        self._evm = contracts.rewards.evm
        self._account = account
        self._number = number
        self._paid_of = paid
        self._ways: dict[int, _Way] = {}

    def hand_in(self, certificate: Certificate) -> None:
        """Have a certificate of this prover in the next block. Those before it have been handed in:
        the contract takes none whose source it does not know."""
        self._ways[certificate.stated.target_epoch] = _Way(certificate, self._send(certificate))

    def slot_passed(self, final_slot: int) -> None:
        """Hand in again what a branch that was left had, and claim what is final by now."""
        evm, paid = self._evm, self._paid()
        for epoch, way in self._ways.items():
            credit = paid.get(epoch)
            if credit is None:
                if was_refused(evm, way.submitted):
                    self._try_again(way)
            elif not credit.matured and credit.included_slot <= final_slot:
                if way.matured is None or was_refused(evm, way.matured):
                    rewards = self._contracts.rewards
                    way.matured = self._account.hand_in(
                        rewards.address, rewards.encode("mature", epoch), gas=MATURE_GAS)

    @property
    def rewards(self) -> list[CertificateReward]:
        """Of all that were handed in, by epoch."""
        paid, found = self._paid(), []
        for epoch, way in sorted(self._ways.items()):
            credit = paid.get(epoch)
            if credit is None:
                status = Status.REFUSED if way.refusal else Status.WAITING
            elif credit.prover != self._number():
                status = Status.LOST
            else:
                status = Status.MATURED if credit.matured else Status.PENDING
            ours = credit is not None and status is not Status.LOST
            found.append(CertificateReward(
                epoch, status, credit.prover_amount if credit is not None and ours else 0,
                way.refusal if credit is None else ""))
        return found

    def _paid(self) -> Mapping[int, Paid]:
        return self._paid_of(self._ways)

    def _try_again(self, way: _Way) -> None:
        """The contract refused it: again once it would be taken."""
        data = self._data(way.certificate)
        try:
            self._evm.call(self._contracts.rewards.address, data, self._account.address)
        except RevertedError as error:
            way.refusal = error.reason
            return
        way.refusal, way.submitted = "", self._send(way.certificate)

    def _send(self, certificate: Certificate) -> bytes:
        return self._account.hand_in(
            self._contracts.rewards.address, self._data(certificate), gas=SUBMIT_GAS)

    def _data(self, certificate: Certificate) -> bytes:
        number = self._number()
        assert number is not None, "a prover without a bond hands in no certificates"
        return self._contracts.submission(certificate, number)
