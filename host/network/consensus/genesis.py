"""The chain's first state and block."""

from collections.abc import Mapping, Sequence

from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.spec import INCLUSION_LISTS, spec

STAKE_GWEI = 2_000 * 10**9
"""Each validator's stake: 2,000 ETH under compounding credentials (EIP-7251).

Close below the cap of 2,048 ETH for two reasons. The specification samples proposers and
committees by drawing until `effective balance / 2,048 ETH` exceeds a random number, so 32 ETH would
cost 64 draws for each seat; and what lies above the cap is paid out of the beacon chain, so the
headroom of 48 ETH keeps rewards visible as balances for thousands of epochs.
"""


def genesis_state(keys: Sequence[ValidatorKey], genesis_block_hash: bytes,
                  waiting: Mapping[int, int] | None = None) -> spec.BeaconState:
    """The `BeaconState` of slot 0: every key an active validator, no deposits, no builders.

    `genesis_block_hash`: of the execution chain's first block, which payload 1 builds on.
    `waiting`: validators that have their stake there and are not active yet; each is activated by
    the specification's rule when the epoch that stands here is final.
    Follows the order of the specification's `upgrade_to_gloas` and the functions it calls; the
    fork is Gloas from the start, or Heze (`fork`), since EIP-8025 changes no state.
    """
    version = (spec.config.HEZE_FORK_VERSION if INCLUSION_LISTS else
               spec.config.GLOAS_FORK_VERSION)
    state = spec.BeaconState(
        genesis_time=spec.config.MIN_GENESIS_TIME,
        fork=spec.Fork(previous_version=version, current_version=version, epoch=0),
        eth1_data=spec.Eth1Data(block_hash=genesis_block_hash),
        randao_mixes=[genesis_block_hash] * spec.EPOCHS_PER_HISTORICAL_VECTOR,
        latest_block_hash=genesis_block_hash,
        # No deposits come through the old contract, so requests start where it ends: at 0.
        deposit_requests_start_index=0,
        execution_payload_availability=[True] * spec.SLOTS_PER_HISTORICAL_ROOT,
        latest_execution_payload_bid=spec.ExecutionPayloadBid(
            # Slot 0 has no payload: an empty hash, which no payload can name as its parent.
            parent_block_hash=genesis_block_hash,
            execution_requests_root=spec.hash_tree_root(spec.ExecutionRequests()),
        ),
    )
    for index, key in enumerate(keys):
        state.validators.append(_validator(key, (waiting or {}).get(index)))
        state.balances.append(STAKE_GWEI)
        state.previous_epoch_participation.append(0)
        state.current_epoch_participation.append(0)
        state.inactivity_scores.append(0)
    state.genesis_validators_root = spec.hash_tree_root(state.validators)
    committee = spec.get_next_sync_committee(state)
    state.current_sync_committee = committee
    state.next_sync_committee = committee
    state.ptc_window = spec.initialize_ptc_window(state)
    state.proposer_lookahead = [
        index
        for epoch in range(spec.MIN_SEED_LOOKAHEAD + 1)
        for index in spec.get_beacon_proposer_indices(state, spec.Epoch(epoch))
    ]
    state.latest_block_header = spec.BeaconBlockHeader(
        body_root=spec.hash_tree_root(_genesis_body(state))
    )
    return state


def genesis_validators_root(keys: Sequence[ValidatorKey]) -> bytes:
    """The `genesis_validators_root` of `genesis_state`, which hangs on the keys alone."""
    state = spec.BeaconState()
    for key in keys:
        state.validators.append(_validator(key))
    return bytes(spec.hash_tree_root(state.validators))


def genesis_block(state: spec.BeaconState) -> spec.BeaconBlock:
    """The `BeaconBlock` of slot 0, the anchor of the fork-choice store."""
    return spec.BeaconBlock(state_root=spec.hash_tree_root(state), body=_genesis_body(state))


def _genesis_body(state: spec.BeaconState) -> spec.BeaconBlockBody:
    body = spec.BeaconBlockBody()
    body.signed_execution_payload_bid.message = state.latest_execution_payload_bid
    return body


def _validator(key: ValidatorKey, eligible: int | None = None) -> spec.Validator:
    return spec.Validator(
        pubkey=key.public,
        withdrawal_credentials=spec.COMPOUNDING_WITHDRAWAL_PREFIX + b"\x00" * 11 + key.address,
        effective_balance=STAKE_GWEI,
        activation_eligibility_epoch=spec.GENESIS_EPOCH if eligible is None else eligible,
        activation_epoch=spec.GENESIS_EPOCH if eligible is None else spec.FAR_FUTURE_EPOCH,
        exit_epoch=spec.FAR_FUTURE_EPOCH,
        withdrawable_epoch=spec.FAR_FUTURE_EPOCH,
    )
