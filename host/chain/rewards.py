"""The second layer of reward: who is paid for the proof of a block, how much, and when.

Everything is whole gwei and the same on every node. Layer 1 is the specification's and is never
touched: nothing here writes to a beacon state.

    budget of slot s      R_s = rho * B_s * G_s
    base of slot s        B_s = base_reward_per_increment * active_increments / SLOTS_PER_EPOCH
    prover                P   = R_s * 56/64 * D(tau)
    including proposer    I   = R_s *  8/64 * D(tau)
    delay in slots        tau = slot of the including block - s, at least 1
    decay                 D   = 1                              for tau <= W1
                              = 1 - (tau - W1) / (2 (T - W1))  for W1 < tau <= T
                              = 0                              for tau > T

with rho = 1/4, W1 = 2, T = 8. The load factor G_s is 1: every batch has the same size. What is not
paid is never minted. 8/64 mirrors the specification's PROPOSER_WEIGHT.

The first valid proof of a (request root, proof type) wins; there is no lottery among provers and no
bond yet. A reward is pending once a block on the head's branch includes the proof, matured once the
proven block and the including block are both finalised, orphaned while its including block is off
the branch and for good once finality has passed it. If only the including block is lost, a later
proposer may include the same proof again.
"""

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum

Key = tuple[bytes, int]
"""(new payload request root, proof type): what a proof is about, never its bytes."""


@dataclass(frozen=True)
class RewardPolicy:
    """The formula's constants: rho as a fraction, W1 and T in slots."""

    share_numerator: int = 1
    share_denominator: int = 4
    full_slots: int = 2
    window_slots: int = 8
    prover_weight: int = 56
    includer_weight: int = 8
    weight_denominator: int = 64

    def budget(self, base_gwei: int) -> int:
        """R_s in gwei, rounded down, for a base B_s in gwei."""
        return base_gwei * self.share_numerator // self.share_denominator

    def split(self, budget_gwei: int, delay_slots: int) -> tuple[int, int]:
        """(prover, includer) in gwei, each rounded down; together at most the budget."""
        span = 2 * (self.window_slots - self.full_slots)
        if delay_slots > self.window_slots:
            left = 0
        else:
            left = span - max(0, delay_slots - self.full_slots)
        scale = span * self.weight_denominator
        return (
            budget_gwei * self.prover_weight * left // scale,
            budget_gwei * self.includer_weight * left // scale,
        )


@dataclass(frozen=True)
class ProofRecord:
    """A proof that the official check accepted: what it is about and whom it is bound to.

    `tag`: the prover tag the proof was verified against. `budget_gwei`: R_s of the proven slot.
    """

    key: Key
    proven_root: bytes
    proven_slot: int
    prover: int
    reward_address: bytes
    tag: int
    budget_gwei: int


class Status(Enum):
    """Where a credit stands; `rewards` says what each means."""

    PENDING = "pending"
    MATURED = "matured"
    ORPHANED = "orphaned"


@dataclass
class Credit:
    """One inclusion of a proof by a block. `sealed`: finality has decided, nothing changes."""

    record: ProofRecord
    including_root: bytes
    including_slot: int
    includer: int
    includer_address: bytes
    prover_gwei: int
    includer_gwei: int
    status: Status = Status.ORPHANED
    sealed: bool = False


@dataclass(frozen=True)
class Balance:
    """What an address has on layer 2, in gwei, by status."""

    pending: int
    matured: int
    orphaned: int


class LayerTwo:
    """The ledger of proof rewards, aware of branches."""

    def __init__(self, policy: RewardPolicy) -> None:
        self.policy = policy
        self.credits: list[Credit] = []
        """Every inclusion there ever was, oldest first."""
        self._open: list[Credit] = []
        self._records: dict[Key, ProofRecord] = {}
        self._includable: list[ProofRecord] = []
        self._paid: set[Key] = set()
        self._minted = 0
        self._budgets = 0

    def winner(self, key: Key) -> ProofRecord | None:
        """The first valid proof about `key`, if there is one."""
        return self._records.get(key)

    def accept(self, record: ProofRecord) -> None:
        """Keep a proof that has passed the official check; it is the only one for its key."""
        assert record.key not in self._records, "a second winner for one payload and proof type"
        self._records[record.key] = record
        self._includable.append(record)

    def include(
        self, block_root: bytes, slot: int, proposer: int, address: bytes, branch: Container[bytes]
    ) -> tuple[ProofRecord, ...]:
        """The proposer of a block includes every proof its branch can still take.

        `address`: the proposer's, 20 bytes; `branch`: roots of the block's ancestors. Returns what
        was included. Call `settle` next: until then the new credits are off the branch. Slots may
        not go back from call to call: proofs past their window are forgotten.
        """
        oldest = slot - self.policy.window_slots
        self._includable = [r for r in self._includable if r.proven_slot >= oldest]
        included = []
        for record in self._includable:
            if record.proven_root not in branch:
                continue
            if any(c.record is record and c.including_root in branch for c in self.credits):
                continue
            prover, includer = self.policy.split(record.budget_gwei, slot - record.proven_slot)
            credit = Credit(record, block_root, slot, proposer, address, prover, includer)
            self.credits.append(credit)
            self._open.append(credit)
            included.append(record)
        return tuple(included)

    def settle(self, branch: Container[bytes], final: Container[bytes], final_slot: int) -> None:
        """Set every credit's status from the head's branch and what is finalised.

        `branch`: roots from the head back, `final` among them those up to the finalised block,
        whose slot is `final_slot`. Asserts the invariants of the module.
        """
        for credit in self._open:
            if credit.including_root in final and credit.record.proven_root in final:
                credit.status, credit.sealed = Status.MATURED, True
                self._mint(credit)
            elif credit.including_root in branch:
                credit.status = Status.PENDING
            else:
                credit.status = Status.ORPHANED
                credit.sealed = credit.including_slot <= final_slot
        self._open = [credit for credit in self._open if not credit.sealed]
        self._check()

    def balance(self, address: bytes) -> Balance:
        """What provers' and includers' rewards to `address` come to."""
        total = dict.fromkeys(Status, 0)
        for credit in self.credits:
            if credit.record.reward_address == address:
                total[credit.status] += credit.prover_gwei
            if credit.includer_address == address:
                total[credit.status] += credit.includer_gwei
        return Balance(total[Status.PENDING], total[Status.MATURED], total[Status.ORPHANED])

    def minted_gwei(self) -> int:
        """Everything matured so far: what layer 2 has brought into being."""
        return self._minted

    def _mint(self, credit: Credit) -> None:
        record = credit.record
        assert self._records.get(record.key) is record, "paid, but never verified"
        assert record.key not in self._paid, "a proof is paid twice"
        self._paid.add(record.key)
        self._minted += credit.prover_gwei + credit.includer_gwei
        self._budgets += record.budget_gwei
        assert self._minted <= self._budgets, "more is minted than the budgets of the proven slots"

    def _check(self) -> None:
        keys = [c.record.key for c in self._open if c.status is Status.PENDING]
        assert len(set(keys)) == len(keys) and not self._paid & set(keys), "a proof is paid twice"
