"""The engines of a chain whose payloads are EVM blocks."""

from collections.abc import Callable
from dataclasses import dataclass, field

from proofmill.host.ground.units import ETHER, Wei
from proofmill.host.network.certificates.rewards import CertificateTerms
from proofmill.host.network.consensus.engines import Engines
from proofmill.host.network.consensus.proofs import Verify
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.client import Address
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.second_layer.execution_layer import EvmExecutionLayer
from proofmill.host.network.second_layer.proof_engine import EvmProofEngine
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.fflonk.verification_key import AnyKey


def chain_parameters(witnesses: bool = False) -> Parameters:
    """The mechanism's constants with this chain's epochs; `witnesses`: whether they count."""
    return Parameters(slots_per_epoch=int(spec.SLOTS_PER_EPOCH),
                      defences=Defences(witnesses=witnesses))


@dataclass(frozen=True)
class EvmEngines:
    """Makes them: give it to a chain as its `engines`. Plain data, so processes can share it.

    `key`: the block circuit's; `minimum_bond`: wei; `rich`: accounts that begin with a million
    ether. `delay_squarings`: of the delay function on the mixes that draw (`delayed_mixes`), 0 for
    none. `certificates`: of finality, None where the chain pays none. The contracts are those of
    `engines.execution.layer`, the same on every node.
    """

    key: AnyKey
    parameters: Parameters = field(default_factory=chain_parameters)
    minimum_bond: Wei = ETHER
    rich: tuple[Address, ...] = ()
    delay_squarings: int = 0
    certificates: CertificateTerms | None = None

    def __call__(
        self, seed: int, size: RollupSize, chain_id: int, verify: Verify
    ) -> Engines[EvmExecutionLayer]:
        execution = EvmExecutionLayer(
            seed, size, self.key, chain_id, self.parameters, self.minimum_bond,
            int(spec.config.MIN_GENESIS_TIME), self.rich, self.delay_squarings,
            self.certificates)
        return Engines(execution, EvmProofEngine(execution, verify))


MakeEvmEngines = Callable[[int, RollupSize, int, Verify], Engines[EvmExecutionLayer]]
"""`MakeEngines` of chains with the contracts in their payloads."""
