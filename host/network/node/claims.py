"""What a proposer's node does for the second layer in its own block: pay out, carry, and report.

Anybody may have a final reward paid out, anybody may hand in a proof that another has made, for
which the includer is paid, and anybody may show an invalid one; half of what that costs its signer
goes to the block's proposer. The transactions are for the block this node is about
to build and are not sent to anybody, so nobody else can take the report for their own.
"""

from proofmill.host.network.evm.account import Account
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


class Claims:
    """Transactions of a node's operator."""

    def __init__(self, follower: Follower, account: Account, prover: int | None) -> None:
        """`account`: used for nothing else. `prover`: the node's own, which it does not report."""
        self._follower = follower
        self._account = account
        self._prover = prover
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
        calls = [(rewards.encode("mature", credit.proven_slot), MATURE_GAS)
                 for credit in account.credits if credit.final and not credit.matured]
        del calls[MOST_MATURED:]
        for slot, _, proof in follower.to_carry()[:MOST_CARRIED]:
            calls.append((follower.submission(slot, proof), SUBMIT_GAS))
            self.carried += 1
        for slot, prover, proof in follower.to_report():
            if prover != self._prover:
                r, s, v = signature_numbers(proof)
                calls.append((rewards.encode(
                    "report_invalid", slot, follower.numbers[prover], numbers_of(proof.signed),
                    v, r, s), REPORT_GAS))
                self.reported += 1
        while sum(gas for _, gas in calls) > MOST_GAS:
            calls.pop()
        evm = follower.execution_layer.evm
        first = evm.nonce(self._account.address)
        signed = [self._account.sign(rewards.address, data, gas=gas, nonce=nonce)
                  for nonce, (data, gas) in enumerate(calls, first)]
        most = sum(decode_transaction(raw).most for raw in signed)
        return signed if evm.balance(self._account.address) >= most else []
