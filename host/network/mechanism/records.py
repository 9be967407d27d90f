"""What the mechanism's ledger keeps: provers, slots, proofs, wins, penalties. Gwei and slots."""

from dataclasses import dataclass, field, replace

from proofmill.host.network.mechanism.lottery import Assignment, Tickets
from proofmill.host.network.mechanism.stages import Stage

Key = tuple[bytes, int]
"""(payload root, proof type): what a proof is about, never its bytes."""


@dataclass
class Standing:
    """Who of a ledger's provers is bonded, known by who is not: of thousands, few are.

    `short`: the bond is below the minimum; `leaving`: it was asked back.
    """

    minimum_bond: int
    short: set[int] = field(default_factory=set)
    leaving: set[int] = field(default_factory=set)

    def __contains__(self, identity: object) -> bool:
        """Whether that prover of the ledger has a whole bond and is not leaving."""
        return identity not in self.short and identity not in self.leaving

    def out(self) -> set[int]:
        """Provers that are not bonded."""
        return self.short | self.leaving


class BondedProver:
    """A prover's account. `duties`: the penalty of each open duty, by slot."""

    __slots__ = ("identity", "delegated", "calibration_proofs", "reliability", "duties",
                 "delivered", "_bond", "_leaving_since", "_standing")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, identity: int, bond: int, delegated: int, calibration_proofs: int,
                 reliability: int, standing: Standing) -> None:
        """`standing`: what it enters when its bond changes or it leaves."""
        self._standing = standing
        self.identity = identity
        self.bond = bond
        self.delegated = delegated
        self.calibration_proofs = calibration_proofs
        self.reliability = reliability
        self.leaving_since = None
        self.duties: dict[int, int] = {}
        self.delivered = False
        """Whether it delivered a proof in the running epoch."""

    @property
    def bond(self) -> int:
        """Gwei."""
        return self._bond

    @bond.setter
    def bond(self, gwei: int) -> None:
        self._bond = gwei
        short = self._standing.short
        (short.add if gwei < self._standing.minimum_bond else short.discard)(self.identity)

    @property
    def stake(self) -> int:
        """Bond and what is delegated."""
        return self._bond + self.delegated

    @property
    def leaving_since(self) -> int | None:
        """The epoch in which it asked for its bond; None while it stays."""
        return self._leaving_since

    @leaving_since.setter
    def leaving_since(self, epoch: int | None) -> None:
        self._leaving_since = epoch
        leaving = self._standing.leaving
        (leaving.discard if epoch is None else leaving.add)(self.identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BondedProver) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def copied(self, standing: Standing) -> "BondedProver":
        """The same account in a fork of the ledger, with that standing."""
        other = BondedProver(self.identity, self._bond, self.delegated, self.calibration_proofs,
                             self.reliability, standing)
        other.leaving_since = self._leaving_since
        other.duties, other.delivered = dict(self.duties), self.delivered
        return other

    @property
    def liabilities(self) -> int:
        """The sum of the penalties of its open duties."""
        return sum(self.duties.values())


@dataclass(frozen=True)
class Submission:
    """A proof as a signer submits it.

    `proof`: its bytes, or a name for them; `tag_prover`: the prover whose tag the statement was
    proven with; `sound`: whether it is a proof of the payload at all.
    """

    key: Key
    prover: int
    proof: bytes
    tag_prover: int
    sound: bool = True

    def verifies(self, bound: bool) -> bool:
        """Whether the check passes: with `bound` proofs, only with the signer's own tag."""
        return self.sound and (not bound or self.tag_prover == self.prover)


@dataclass(frozen=True)
class Win:
    """A proof that is paid: whom, how much, when, and why."""

    submission: Submission
    proven_slot: int
    included_slot: int
    includer: int
    stage: Stage
    delay: int
    """Blocks after the proven one, with the including one."""
    prover_gwei: int
    includer_gwei: int
    contenders: int
    """Valid proofs of the batch among which the lottery picked."""


@dataclass(frozen=True)
class Penalty:
    """A penalty taken from a bond and not settled yet."""

    prover: int
    slot: int
    amount: int
    reason: str
    reporter: int | None = None
    """For an invalid proof: who reported it."""
    lost: int = 0
    """What a missed duty took of the reliability, in basis points."""


@dataclass
class SlotRecord:
    """A slot with a payload, and what became of proving it. `budget`: R in gwei; `block`: how many
    of the branch come before it; `tickets`: the frozen weights of its draw."""

    slot: int
    block: int
    key: Key
    budget: int
    proposer: int | None
    seed: bytes
    tickets: Tickets
    assignment: Assignment
    passed_over: tuple[int, ...]
    """Provers left out of the draw because their bond would not have covered the duty."""
    batch: list[tuple[Submission, int]] = field(default_factory=list)
    """(submission, includer) of the running slot, in the order of the block."""
    wins: list[Win] = field(default_factory=list)
    kept: dict[int, int] = field(default_factory=dict)
    """Provers that delivered a valid proof while they were eligible, and its delay."""
    witnessed: dict[int, int] = field(default_factory=dict)
    """Provers whose proof the witnesses of layer 1 had, and the first slot in which they had it."""
    barred: set[int] = field(default_factory=set)
    """Provers that signed an invalid proof of this payload."""
    stages_judged: int = 0
    judged: int | None = None
    """The slot whose end judged its last duties so far."""

    def fork(self) -> "SlotRecord":
        """A copy with nothing in common that either could change."""
        return replace(self, batch=self.batch.copy(), wins=self.wins.copy(), kept=self.kept.copy(),
                       barred=self.barred.copy(), witnessed=self.witnessed.copy())

    @property
    def candidates(self) -> Tickets:
        """The tickets among which it was drawn: nobody's who was passed over."""
        return self.tickets.but(self.passed_over)

    @property
    def win(self) -> Win | None:
        """The first win: the only one, unless a defence is off."""
        return self.wins[0] if self.wins else None


@dataclass
class Totals:
    """Sums over the whole history, in gwei."""

    budgets: int = 0
    credited: int = 0
    """Rewards of all wins, matured or not."""
    matured: int = 0
    taken: int = 0
    burned: int = 0
    bounties: int = 0
    kept: int = 0
    minted_bounties: int = 0
    """Bounties that no bond paid for: 0 unless a defence is off."""
