"""PLONK and FFLONK with snarkjs' key and proof, and their verifiers as contracts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from proofmill.host.network.contracts import fflonk_verifier, plonk_verifier
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm
from proofmill.host.network.evm.contract import Contract
from proofmill.host.prover.fflonk import verification_key as fflonk
from proofmill.host.prover.fflonk.verify import verify as fflonk_verify
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.plonk import verification_key as plonk
from proofmill.host.prover.plonk.verify import verify as plonk_verify
from tests.host.network.contracts.mutations import points_of
from tests.host.network.contracts.world import private_key
from tests.host.prover.plonk.files import PLONK


@dataclass(frozen=True)
class System:
    """A system: its files' module, its contract's, the verdict here, how many points are in a
    proof, and the gas that a verification may take."""

    name: str
    files: ModuleType
    contract: ModuleType
    verify: Callable[..., bool]
    points: int
    gas: int

    @property
    def key(self) -> Any:
        return self.files.read_key(PLONK / f"mix.{self.name}.vkey.json")

    @property
    def proof(self) -> list[int]:
        """As the contract takes it."""
        return list(self.files.read_proof(PLONK / f"mix.{self.name}.proof.json").numbers)

    @property
    def public(self) -> list[int]:
        return list(read_public(PLONK / f"mix.{self.name}.public.json"))

    def deploy(self, evm: DevelopmentEvm, key: Any = None) -> Contract:
        """The verifier for a key, or for snarkjs'."""
        return Contract.deploy(Account(evm, private_key("deployer")), evm,
                               self.contract.verifier_artifact(key or self.key))

    def expected(self, numbers: Sequence[int], public: Sequence[int]) -> bool:
        """The verdict here; points off the curve and numbers that are too great are refused."""
        points = points_of(numbers, public, self.points)
        if points is None:
            return False
        proof: dict[str, Any] = {
            "points": dict(zip(self.files.PROOF_POINTS, points, strict=True))}
        values = list(numbers[2 * self.points:])
        if self.name == "fflonk":
            proof["inverse"] = values.pop()
        proof["values"] = dict(zip(self.files.EVALUATIONS, values, strict=True))
        kind = fflonk.FflonkProof if self.name == "fflonk" else plonk.PlonkProof
        return self.verify(self.key, public, kind(**proof))


SYSTEMS = {each.name: each for each in (
    System("plonk", plonk, plonk_verifier, plonk_verify, 9, 305_000),
    System("fflonk", fflonk, fflonk_verifier, fflonk_verify, 4, 203_000))}
