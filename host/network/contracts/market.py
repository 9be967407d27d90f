"""The job market and the registry of verifiers, created and used from Python."""

from dataclasses import dataclass
from enum import IntFlag

from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import ETHER
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.prover_tag import prover_tag_artifact
from proofmill.host.network.contracts.verifier import key_hash, verifier_artifact
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.auction import sealed_bid
from proofmill.host.network.mechanism.market import commitment
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.groth16.verification_key import VerificationKey

TAG_PROVER = 2**64 - 1
"""The prover's number in the tag of a TAGGED job: solvers are known by their address alone."""

CHAIN_OF_ONE = 1337
"""Of the machine on which a verifier is made once more, to compare code."""
MAKER_KEY = (1).to_bytes(32, "big")


class Way(IntFlag):
    """How a job is solved, as Market.vy numbers it; see there."""

    LOCKED = 1
    TAGGED = 2
    HIDDEN = 4
    SEALED = 8


class JobState(IntFlag):
    """Where a job stands, as Market.vy numbers it."""

    OPEN = 1
    LOCKED = 2
    DONE = 4
    CLOSED = 8


@dataclass(frozen=True)
class Exchange:
    """The market and what it stands on."""

    registry: Contract
    market: Contract


def deploy_market(
    account: Account, evm: Evm, parameters: Parameters, deposit: int,
    statement_chain_id: int,
) -> Exchange:
    """Create registry and market; three transactions, 4 million gas.

    `deposit`: wei, the least of a commitment or a lock. `statement_chain_id`: what TAGGED jobs'
    tags name.
    """
    registry = Contract.deploy(account, evm, compiled("VerifierRegistry"))
    tags = Contract.deploy(account, evm, prover_tag_artifact(), statement_chain_id)
    market = Contract.deploy(
        account, evm, compiled("Market"), registry.address, tags.address,
        parameters.penalty_multiple, parameters.fee_burn_bps,
        parameters.subsidy_bps, parameters.burn_bps, parameters.reveal_blocks, deposit,
        parameters.bid_blocks, parameters.decline_divisor, parameters.declines_per_epoch,
        parameters.decline_cost_bps, parameters.failed_locks, parameters.slots_per_epoch)
    return Exchange(registry, market)


def register_key(
    account: Account, evm: Evm, registry: Contract, key: VerificationKey, development: bool
) -> int:
    """Create the verifier of a key and pin it in the registry; its number there.

    `development`: whether the key was made without a ceremony. Raises `RevertedError` for such a
    key on a chain that is not local.
    """
    verifier = Contract.deploy(account, evm, verifier_artifact(key))
    receipt = registry.send(account, "add", verifier.address, key_hash(key), development)
    return int(registry.events(receipt)[0].values["number"])


def check_verifier(evm: Evm, registry: Contract, number: int, key: VerificationKey) -> None:
    """See that a registered verifier is what this key compiles to here; about a second.

    A verifier is code of who registered it, and a solver's collateral depends on it: it may
    confirm a key and refuse that key's proofs. `key` is the solver's own, of the circuit it has
    compiled. Raises `ProofmillError` where key or code differ.
    """
    entry = registry.call("entry", number)
    if entry["key_hash"] != key_hash(key):
        raise ProofmillError(
            f"verifier {number} is of the key 0x{entry['key_hash'].hex()}, {key.name} is "
            f"0x{key_hash(key).hex()}; prove the job with the circuit that it names")
    alone = EmbeddedEvm(CHAIN_OF_ONE, {address_of(MAKER_KEY): ETHER})
    own = Contract.deploy(Account(alone, MAKER_KEY), alone, verifier_artifact(key))
    if evm.code(entry["verifier"]) != alone.code(own.address):
        raise ProofmillError(
            f"verifier {number} at 0x{entry['verifier'].hex()} runs other code than {key.name} "
            "compiles to; take no job that names it")


def inputs_digest(inputs: bytes) -> bytes:
    """What a job says of its inputs: keccak-256 of the bytes that are at their place."""
    return bytes(keccak(inputs))


def check_inputs(inputs: bytes, digest: bytes) -> None:
    """See that fetched inputs are those of a job. Raises `ProofmillError` if not."""
    if inputs_digest(inputs) != digest:
        raise ProofmillError(
            f"the inputs hash to 0x{inputs_digest(inputs).hex()}, the job says "
            f"0x{digest.hex()}; do not lock a job whose inputs cannot be had")


def commitment_digest(job: int, solver: Address, proof: list[int], salt: bytes) -> bytes:
    """What `Market.commit` takes for a proof that is to stay hidden; `salt` has 32 bytes."""
    return commitment(job.to_bytes(32, "big"), int.from_bytes(solver, "big"),
                      b"".join(number.to_bytes(32, "big") for number in proof), salt)


def bid_digest(job: int, solver: Address, price: int, salt: bytes) -> bytes:
    """What `Market.bid` takes for a price in wei that is to stay hidden; `salt` has 32 bytes."""
    return sealed_bid(job.to_bytes(32, "big"), int.from_bytes(solver, "big"), price, salt)
