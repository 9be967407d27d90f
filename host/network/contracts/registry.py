"""The registry of verifiers on a chain, created, filled and read from Python."""

from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import ETHER
from proofmill.host.network.contracts.block_verifiers import (
    block_key_hash,
    block_verifier_artifact,
    system_of,
)
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.verifiers import IDENTIFIERS, system_named
from proofmill.host.prover.fflonk.verification_key import AnyKey

CHAIN_OF_ONE = 1337
"""Of the machine on which a verifier is made once more, to compare code."""
MAKER_KEY = (1).to_bytes(32, "big")


@dataclass(frozen=True)
class Pinned:
    """What a chain's registry says of a verifier: under which number, at which address, of which
    proof system, and whether its key was made without a ceremony."""

    number: int
    verifier: Address
    system: str
    development: bool


def deploy_registry(account: Account, evm: Evm, local: bool = False) -> Contract:
    """Create a registry. `local`: the chain is one, whatever its number says."""
    return Contract.deploy(account, evm, compiled("VerifierRegistry"), local)


def register_key(
    account: Account, evm: Evm, registry: Contract, key: AnyKey, development: bool
) -> int:
    """Create the verifier of a key of any system and pin it in the registry; its number there.

    `development`: whether the key was made without a ceremony. Raises `RevertedError` for such a
    key on a chain that is not local.
    """
    verifier = Contract.deploy(account, evm, block_verifier_artifact(key))
    return pin(account, registry, verifier.address, key, development)


def pin(account: Account, registry: Contract, verifier: Address, key: AnyKey, development: bool
        ) -> int:
    """Pin a verifier that is there; as `register_key`."""
    receipt = registry.send(account, "add", verifier, IDENTIFIERS[system_of(key)],
                            block_key_hash(key), development)
    return int(registry.events(receipt)[0].values["number"])


def pinned(registry: Contract, number: int) -> Pinned:
    """What the registry says. `RevertedError` for an unknown number."""
    entry = registry.call("entry", number)
    return Pinned(number, entry["verifier"], system_named(entry["system"]), entry["development"])


def check_verifier(evm: Evm, registry: Contract, number: int, key: AnyKey) -> None:
    """See that a registered verifier is what this key compiles to here; about a second.

    A verifier is code of who registered it, and a solver's collateral depends on it: it may
    confirm a key and refuse that key's proofs. `key` is the solver's own, of the circuit it has
    compiled. Raises `ProofmillError` where system, key or code differ.
    """
    entry, own_hash = registry.call("entry", number), block_key_hash(key)
    named, own = system_named(entry["system"]), system_of(key)
    if named != own:
        raise ProofmillError(f"verifier {number} takes {named} proofs, {key.name} is a key of "
                             f"{own}; prove the job by the system that it names")
    if entry["key_hash"] != own_hash:
        raise ProofmillError(
            f"verifier {number} is of the key 0x{entry['key_hash'].hex()}, {key.name} is "
            f"0x{own_hash.hex()}; prove the job with the circuit that it names")
    alone = EmbeddedEvm(CHAIN_OF_ONE, {address_of(MAKER_KEY): ETHER})
    made = Contract.deploy(Account(alone, MAKER_KEY), alone, block_verifier_artifact(key))
    if evm.code(entry["verifier"]) != alone.code(made.address):
        raise ProofmillError(
            f"verifier {number} at 0x{entry['verifier'].hex()} runs other code than {key.name} "
            "compiles to; take no job that names it")
