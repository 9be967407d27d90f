"""What a proposer's node does for the second layer in its own block: pay out, carry, and report.

Anybody may have a final reward paid out, anybody may hand in a proof or a certificate of finality
that another has made, for which the includer is paid, and anybody may show an invalid proof; half
of what that costs its signer goes to the block's proposer. The transactions are for the block this
node is about to build and are not sent to anybody, so nobody else can take the report for their
own.
"""

from collections.abc import Container, Iterator
from itertools import islice
from typing import Protocol

from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.rewards import MATURE_GAS as CERTIFICATE_MATURE_GAS
from proofmill.host.network.certificates.rewards import SUBMIT_GAS as CERTIFICATE_GAS
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, RevertedError
from proofmill.host.network.evm.transaction import decode_transaction
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.owned_proof import numbers_of, signature_numbers

MATURE_GAS = 300_000
REPORT_GAS = SUBMIT_GAS = 3_000_000
MOST_MATURED = 16
"""Rewards that one block pays out."""
MOST_GAS = 15_000_000
"""What a block's own claims may use: half of it is for what others send."""
MOST_CARRIED = 3
"""Proofs of others whose transactions have not come that one block hands in."""
MOST_LOOKED_AT = 4
"""Certificates that one block is tried with; it hands in one of them."""
EVIDENCE_GAS = 2_500_000
"""Of two votes by one companion key; a block hands in one such pair."""


class Certifying(Protocol):
    """What a node knows of certificates of finality and of those who vote for them."""

    def unpaid(self, paid: Container[int]) -> Iterator[Certificate]:
        """The certificates known here of epochs that are not among `paid`, the earliest first."""
        ...

    def evidence(self) -> Iterator[tuple[Address, bytes]]:
        """Messages that take the bond of a companion key each, to whom and what."""
        ...


class Claims:
    """Transactions of a node's operator."""

    def __init__(self, follower: Follower, account: Account, prover: int | None,
                 certifying: Certifying | None = None) -> None:
        """`account`: used for nothing else. `prover`: the node's own, which it does not report.
        `certifying`: on a chain with certificates of finality."""
        self._follower = follower
        self._account = account
        self._prover = prover
        self._certifying = certifying
        self.reported = 0
        """Invalid proofs that this node has reported in blocks of its own."""
        self.carried = 0
        """Proofs that it has handed in there because nobody else had."""

    def sign(self) -> list[bytes]:
        """What is due, for the next block; raw transactions.

        Nothing where the account has no ether left to pay for all of it: then others do it.
        """
        follower, rewards = self._follower, self._follower.layer.rewards
        account = follower.account()
        calls = [(rewards.address, rewards.encode("mature", credit.proven_slot), MATURE_GAS)
                 for credit in account.credits if credit.final and not credit.matured]
        del calls[MOST_MATURED:]
        for slot, _, proof in follower.to_carry()[:MOST_CARRIED]:
            calls.append((rewards.address, follower.submission(slot, proof), SUBMIT_GAS))
            self.carried += 1
        calls += self._certificates()
        for slot, prover, proof in follower.to_report():
            if prover != self._prover:
                r, s, v = signature_numbers(proof)
                calls.append((rewards.address, rewards.encode(
                    "report_invalid", slot, follower.numbers[prover], numbers_of(proof.signed),
                    v, r, s), REPORT_GAS))
                self.reported += 1
        while sum(gas for _, _, gas in calls) > MOST_GAS:
            calls.pop()
        evm = follower.execution_layer.evm
        first = evm.nonce(self._account.address)
        signed = [self._account.sign(to, data, gas=gas, nonce=nonce)
                  for nonce, (to, data, gas) in enumerate(calls, first)]
        most = sum(decode_transaction(raw).most for raw in signed)
        return signed if evm.balance(self._account.address) >= most else []

    def _certificates(self) -> list[tuple[Address, bytes, int]]:
        """Evidence of one key that signed twice, rewards for certificates that can be paid out, and
        the next certificate that the contract takes: each needs the one before it."""
        contracts = self._follower.execution_layer.certificate_contracts
        if self._certifying is None:
            return []
        calls = [(*each, EVIDENCE_GAS) for each in islice(self._certifying.evidence(), 1)]
        if contracts is None:
            return calls
        paid = self._follower.certificates().credits
        calls += [(contracts.rewards.address, contracts.rewards.encode("mature", epoch),
                   CERTIFICATE_MATURE_GAS) for epoch in self._follower.due_certificates()]
        for certificate in islice(self._certifying.unpaid(paid), MOST_LOOKED_AT):
            for to, data in contracts.messages(
                    certificate, self._follower.certified_by(certificate)):
                try:
                    self._follower.execution_layer.evm.call(to, data, self._account.address)
                except RevertedError:
                    continue
                return [*calls, (to, data, CERTIFICATE_GAS)]
        return calls
