"""What a certificate of finality pays, and to whom.

    budget      Q = B * slots of an epoch * rho * share / (10^9 * 10^4)
    prover      Q * 56/64
    includer    Q *  8/64

B: layer 1's base of the parent block's slot; rho: in billionths; share: `certificate_bps`. Both as
they are in the block that includes the certificate. Every division rounds down once. Who proved
the first certificate for an epoch is paid, once; it is minted when the including block is final.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.parameters import BILLION, Parameters
from proofmill.host.network.mechanism.rewards import split


@dataclass(frozen=True)
class CertificateCredit:
    """The reward for an epoch's certificate. `prover`: its number; `includer`: the address of the
    including block's fees, 20 bytes. `base` and `rho`: of that block. Amounts in the unit of
    `base`."""

    epoch: int
    prover: int
    includer: bytes
    included_slot: int
    base: int
    rho: int
    prover_amount: int
    includer_amount: int
    matured: bool = False


def certificate_budget(parameters: Parameters, base: int, rho: int) -> int:
    """Q, in the unit of `base`."""
    return (base * parameters.slots_per_epoch * rho * parameters.certificate_bps
            // (BILLION * BPS))


@dataclass
class CertificateLedger:
    """What certificates were paid on one branch, in the contracts' order."""

    parameters: Parameters
    credits: dict[int, CertificateCredit] = field(default_factory=dict)
    """By epoch."""

    def include(self, epoch: int, prover: int, includer: bytes, slot: int, base: int, rho: int
                ) -> CertificateCredit:
        """A block of `slot` includes the certificate; ValueError where the epoch has one."""
        if epoch in self.credits:
            raise ValueError(f"the certificate of epoch {epoch} is paid already")
        shares = split(self.parameters, certificate_budget(self.parameters, base, rho), 1)
        self.credits[epoch] = CertificateCredit(epoch, prover, includer, slot, base, rho, *shares)
        return self.credits[epoch]

    def mature(self, epoch: int, final_slot: int) -> None:
        """Mint what an epoch's certificate brings; ValueError before the including block is final,
        or again."""
        credit = self.credits[epoch]
        if credit.matured or final_slot < credit.included_slot:
            raise ValueError(f"the reward for the certificate of epoch {epoch} has matured already"
                             if credit.matured else
                             f"slot {credit.included_slot}, which includes the certificate of "
                             f"epoch {epoch}, is not final")
        self.credits[epoch] = replace(credit, matured=True)

    @property
    def credited(self) -> int:
        """Of all certificates, matured or not."""
        return sum(map(_whole, self.credits.values()))

    @property
    def minted(self) -> int:
        """Of those that have matured."""
        return sum(_whole(each) for each in self.credits.values() if each.matured)

    def due(self, final_slot: int) -> Iterator[CertificateCredit]:
        """Those that could mature now."""
        return (each for each in self.credits.values()
                if not each.matured and each.included_slot <= final_slot)


def _whole(credit: CertificateCredit) -> int:
    return credit.prover_amount + credit.includer_amount
