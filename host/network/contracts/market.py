"""The job market over the registry of verifiers, created and used from Python."""

from dataclasses import dataclass
from enum import IntFlag

from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.prover_tag import prover_tag_artifact
from proofmill.host.network.contracts.registry import deploy_registry
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.auction import sealed_bid
from proofmill.host.network.mechanism.market import commitment
from proofmill.host.network.mechanism.parameters import Parameters

TAG_PROVER = 2**64 - 1
"""The prover's number in the tag of a TAGGED job: solvers are known by their address alone."""


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
    statement_chain_id: int, local: bool = False,
) -> Exchange:
    """Create registry and market; three transactions, 4 million gas.

    `deposit`: wei, the least of a commitment or a lock. `statement_chain_id`: what TAGGED jobs'
    tags name. `local`: as of `deploy_registry`.
    """
    registry = deploy_registry(account, evm, local)
    tags = Contract.deploy(account, evm, prover_tag_artifact(), statement_chain_id)
    market = Contract.deploy(
        account, evm, compiled("Market"), registry.address, tags.address,
        parameters.penalty_multiple, parameters.fee_burn_bps,
        parameters.subsidy_bps, parameters.burn_bps, parameters.reveal_blocks, deposit,
        parameters.bid_blocks, parameters.decline_divisor, parameters.declines_per_epoch,
        parameters.decline_cost_bps, parameters.failed_locks, parameters.slots_per_epoch)
    return Exchange(registry, market)


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
