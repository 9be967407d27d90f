"""Where a chain's market is: its contracts, made before the first slot, and what is traded."""

from dataclasses import dataclass
from pathlib import Path

from proofmill.host.network.contracts.compiler import compiled, contract_source
from proofmill.host.network.contracts.inference import model_commitment
from proofmill.host.network.contracts.market import deploy_market
from proofmill.host.network.contracts.registry import register_key
from proofmill.host.network.contracts.results import deploy_results
from proofmill.host.network.contracts.verifier import verifier_source
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.groth16.verification_key import VerificationKey, read_verification_key
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.host.prover.inference.proving import VERIFICATION_KEY, read_description

CONTRACTS = "VerifierRegistry", "Market", "ModelRegistry", "Results", "InferenceVerifier"
"""The files of the market's contracts; the tag and the proofs' verifier are generated."""
DEPOSIT_WEI = 10**16
"""The least collateral of a lock: a hundredth of an ether."""
SEND_GAS = 3_000_000
"""What a transaction to the market may use; delivering a result with its proof takes most."""


@dataclass(frozen=True)
class GoodsFiles:
    """What is traded, as files: an ONNX model, the folder of `proofmill model compile` for it, and
    the proving key of `host.prover.circuits.preimage`."""

    model: Path
    compiled: Path
    preimage_key: Path


@dataclass(frozen=True)
class MarketPlace:
    """Addresses of the contracts; `verifier`, `model`: the numbers of what is traded there."""

    proofs: Address
    verifiers: Address
    results: Address
    verifier: int
    model: int


@dataclass(frozen=True)
class Stalls:
    """The contracts of a place on one machine."""

    proofs: Contract
    verifiers: Contract
    results: Contract

    @classmethod
    def at(cls, evm: Evm, place: MarketPlace) -> "Stalls":
        """Those of `place`."""
        return cls(Contract(evm, compiled("Market"), place.proofs),
                   Contract(evm, compiled("VerifierRegistry"), place.verifiers),
                   Contract(evm, compiled("Results"), place.results))


def open_market(account: Account, evm: Evm, parameters: Parameters, files: GoodsFiles
                ) -> MarketPlace:
    """Create both markets with their registries, and register the goods; `account` pays for it.

    The chain is this project's own, so development keys are good enough for it.
    """
    exchange = deploy_market(account, evm, parameters, DEPOSIT_WEI, evm.chain_id, local=True)
    verifier = register_key(account, evm, exchange.registry, preimage_key(files), development=True)
    described = read_description(files.compiled)
    models = Contract.deploy(account, evm, compiled("ModelRegistry"))
    models.send(account, "registerModel", model_commitment(
        described["model_hash"], described["circuit_hash"],
        read_verification_key(files.compiled / VERIFICATION_KEY), ""))
    results = deploy_results(account, evm, models, parameters, DEPOSIT_WEI)
    return MarketPlace(exchange.market.address, exchange.registry.address, results.jobs.address,
                       verifier, int(models.call("count")))


def market_sources(files: GoodsFiles) -> dict[str, str]:
    """Of all that `open_market` creates, by name."""
    return {**{name: contract_source(name) for name in CONTRACTS},
            "verifier of proofs": verifier_source(preimage_key(files))}


def preimage_key(files: GoodsFiles) -> VerificationKey:
    """The verification key of the proofs that are traded."""
    return read_zkey(files.preimage_key).verification_key
