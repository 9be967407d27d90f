"""Bonds of companion keys on a chain of nodes, and who loses one for signing twice.

The contract is older than the first slot, and so are the bonds: of the first validator of every
node that has any. A node that hears two votes of which a key may sign one hands them in with its
next block, and has an eighth of the bond; the rest is burned (`certificates.bonds`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import ETHER, Wei
from proofmill.host.network.certificates.bonds import (
    bond,
    deploy_companion_bonds,
    evidence_arguments,
)
from proofmill.host.network.certificates.companion import companion_secret
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.bonds import unbonding_epochs
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node.companions import Companions
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.opening import Founder
from proofmill.host.prover.circuits.eddsa import public_key

COMPANION_BOND_WEI = Wei(ETHER)
"""Of each key that is bonded, and the least."""


@dataclass(frozen=True)
class Bonding:
    """A validator whose companion key is bonded, and the one whose account pays."""

    validator: int
    payer: int


@dataclass(frozen=True)
class SlashedKey:
    """A bond that was taken, in wei: of `validator`'s companion key, by the report of the validator
    `reporter`'s account; None for nobody's."""

    validator: int
    reporter: int | None
    bounty_wei: int
    burned_wei: int


def founder(keys: Sequence[ValidatorKey], genesis_validators_root: bytes,
            bonding: Sequence[Bonding]) -> Founder:
    """What creates the contract and hands the bonds in before the first slot; gives its address
    back. Bonds leave as slowly as provers' do."""
    def found(evm: Evm, parameters: Parameters) -> Address:
        delay = (unbonding_epochs(parameters) * parameters.slots_per_epoch
                 * int(spec.config.SLOT_DURATION_MS) // 1000)
        contract = deploy_companion_bonds(
            Account(evm, keys[bonding[0].payer].account), evm, genesis_validators_root,
            COMPANION_BOND_WEI, delay)
        for each in bonding:
            secret = companion_secret(keys[each.validator])
            bond(Account(evm, keys[each.payer].account), contract, secret, public_key(secret),
                 each.validator, COMPANION_BOND_WEI, evm.chain_id)
        return contract.address

    return found


class BondedKeys:
    """The contract on the branch that a node follows."""

    def __init__(self, follower: Follower, address: Address, companions: Companions) -> None:
        self._follower, self._companions = follower, companions
        self._contract = Contract(
            follower.execution_layer.evm, compiled("CompanionBonds"), address)

    def evidence(self) -> Iterator[tuple[Address, bytes]]:
        """Messages that take a bond each, to whom and what, by what the node has heard."""
        state = self._follower.head_state()
        versions = bytes(state.fork.current_version), bytes(state.fork.previous_version)
        seen = set()
        for first, second in self._companions.evidence:
            for key in self._companions.keys_of(first.validator):
                if key in seen or not self._contract.call("bonds", *key)["amount"]:
                    continue
                try:
                    arguments = evidence_arguments(self._contract, key, first, second, versions)
                except ProofmillError:
                    continue    # of another key of the validator's
                seen.add(key)
                yield self._contract.address, self._contract.encode("slash", *arguments)

    @property
    def slashed(self) -> tuple[SlashedKey, ...]:
        """Of whom bonds were taken on the branch, in order."""
        self._follower.head()
        contract = self._contract
        return tuple(SlashedKey(
            event.values["validator"], self._follower.validator_at(event.values["reporter"]),
            event.values["bounty"], event.values["burned"])
            for event in contract.decoded(contract.evm.logs(contract.address))
            if event.name == "Slashed")
