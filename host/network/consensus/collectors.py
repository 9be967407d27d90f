"""Which account of the ledger takes the fees of a block: its proposer says so in the batch."""

from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.rollup.ledger import Ledger

OWN_ADDRESS = 12
"""Where the address begins in withdrawal credentials that have one."""


class Collectors:
    """The accounts that the proposers of a local chain name.

    Validator v has account v of the first ledger; where there are fewer accounts, validators share
    them in turn. Nothing enforces it: the fees are the proposer's, and so is the choice, as with
    Ethereum's fee recipient. That the account exists, every node checks.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._accounts = sorted(ledger.accounts)
        self._of_address: dict[bytes, int] = {}

    def watch(self, store: spec.Store) -> None:
        """Learn the validators' withdrawal addresses, to which fees go on the other layers."""
        state = next(iter(store.block_states.values()))
        for index, validator in enumerate(state.validators):
            address = bytes(validator.withdrawal_credentials)[OWN_ADDRESS:]
            self._of_address.setdefault(address, self._accounts[index % len(self._accounts)])

    def of(self, fee_recipient: bytes) -> int:
        """The account for a payload whose fees go to that address; the first for a stranger's."""
        return self._of_address.get(fee_recipient, self._accounts[0])
