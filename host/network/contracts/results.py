"""The market's jobs for results of models, created and used from Python."""

from dataclasses import astuple, dataclass
from enum import IntFlag
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.inference import WORD
from proofmill.host.network.contracts.market import check_inputs
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.inference.gadgets import commitment

EIGHT_BITS = 256


class ResultState(IntFlag):
    """Where a job stands, as Results.vy numbers it; see there."""

    OPEN = 1
    LOCKED = 2
    GIVEN = 4
    ASKED = 8
    DONE = 16
    CLOSED = 32


@dataclass(frozen=True)
class Terms:
    """What a job says beside its model and its input; wei and blocks.

    `proven`: the result comes with its proof. Else `window` blocks are there to ask for it, at
    `proof_price`, and `proof_time` to make it. `multiple`: the collateral over the price
    (`host.network.mechanism.results.least_multiple`). `time`: of a lock.
    """

    proven: bool
    lowest: int
    highest: int
    ramp: int
    duration: int
    time: int
    multiple: int
    window: int = 0
    proof_price: int = 0
    proof_time: int = 0
    subsidy: int = 0

    @property
    def words(self) -> tuple[Any, ...]:
        """As the contract takes them."""
        return astuple(self)


@dataclass(frozen=True)
class ResultMarket:
    """The registry of models, the jobs for their results, and the verifier of those."""

    models: Contract
    jobs: Contract
    verifier: Contract


def deploy_results(account: Account, evm: Evm, models: Contract, parameters: Parameters,
                   deposit: int) -> ResultMarket:
    """Create jobs and their verifier over a registry of ERC-7992; three transactions.

    `deposit`: wei, the least collateral of a lock.
    """
    jobs = Contract.deploy(
        account, evm, compiled("Results"), models.address, parameters.penalty_multiple,
        parameters.fee_burn_bps, parameters.subsidy_bps, deposit, parameters.failed_locks)
    verifier = Contract.deploy(account, evm, compiled("InferenceVerifier"), jobs.address)
    jobs.send(account, "connect", verifier.address)
    return ResultMarket(models, jobs, verifier)


def check_opening(opening: bytes, digest: bytes, committed: bytes, least: int) -> tuple[int, ...]:
    """The input's integers, if fetched bytes are those of a job and open its commitment.

    `opening`: JSON as `proofmill infer --prove` writes it, ``{"salt": "1", "integers": [...]}``, of
    any shape. `digest`, `committed`: what the job says. `least`: of the input's type. A seller that
    has this and the model's key can prove what the model gives; whoever locks a job without looking
    can lose its collateral. Raises `ProofmillError`.
    """
    check_inputs(opening, digest)
    try:
        found = parse_json(opening.decode())
        salt, integers = int(found["salt"]), _flat(found["integers"])
    except (ValueError, KeyError, TypeError):
        raise ProofmillError("the inputs are no salt and integers, as {\"salt\": \"1\", "
                             "\"integers\": [1, 2]} is; do not lock this job") from None
    fits = 0 <= salt < SCALAR_MODULUS and all(
        0 <= each - least < EIGHT_BITS for each in integers)
    if not fits or commitment([each - least for each in integers], salt).to_bytes(
            WORD, "big") != committed:
        raise ProofmillError("the job's commitment is not to its inputs, so there is no proof of "
                             "what the model gives for them; do not lock this job")
    return tuple(integers)


def _flat(values: Any) -> list[int]:
    """Integers of nested lists; TypeError for others."""
    if isinstance(values, list):
        return [each for value in values for each in _flat(value)]
    if isinstance(values, bool) or not isinstance(values, int):
        raise TypeError(values)
    return [values]
