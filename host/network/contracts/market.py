"""The job market and the registry of verifiers, created and used from Python."""

from dataclasses import dataclass
from enum import IntFlag

from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.deployment import Clock
from proofmill.host.network.contracts.prover_tag import prover_tag_artifact
from proofmill.host.network.contracts.verifier import key_hash, verifier_artifact
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.auction import sealed_bid
from proofmill.host.network.mechanism.market import commitment
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.groth16.verification_key import VerificationKey

TAG_PROVER = 2**64 - 1
"""The prover's number in the tag of a TAGGED job: solvers are known by their address alone."""


class Way(IntFlag):
    """How a job is solved, as Market.vy numbers it; see there."""

    LOCKED = 1
    TAGGED = 2
    HIDDEN = 4
    SEALED = 8


class State(IntFlag):
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
    account: Account, evm: Evm, clock: Clock, parameters: Parameters, deposit: int,
    statement_chain_id: int,
) -> Exchange:
    """Create registry and market; three transactions, 4 million gas.

    `deposit`: wei, of a commitment. `statement_chain_id`: what TAGGED jobs' tags name.
    """
    registry = Contract.deploy(account, evm, compiled("VerifierRegistry"))
    tags = Contract.deploy(account, evm, prover_tag_artifact(), statement_chain_id)
    market = Contract.deploy(
        account, evm, compiled("Market"), registry.address, tags.address, clock.genesis_time,
        clock.seconds_per_slot, parameters.penalty_multiple, parameters.fee_burn_bps,
        parameters.subsidy_bps, parameters.burn_bps, parameters.reveal_slots, deposit,
        parameters.bid_slots, parameters.decline_divisor, parameters.declines_per_epoch,
        parameters.slots_per_epoch)
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


def commitment_digest(job: int, solver: Address, proof: list[int], salt: bytes) -> bytes:
    """What `Market.commit` takes for a proof that is to stay hidden; `salt` has 32 bytes."""
    return commitment(job.to_bytes(32, "big"), int.from_bytes(solver, "big"),
                      b"".join(number.to_bytes(32, "big") for number in proof), salt)


def bid_digest(job: int, solver: Address, price: int, salt: bytes) -> bytes:
    """What `Market.bid` takes for a price in wei that is to stay hidden; `salt` has 32 bytes."""
    return sealed_bid(job.to_bytes(32, "big"), int.from_bytes(solver, "big"), price, salt)
