"""Every constant of the mechanism, in one frozen record, and the defences as switches.

Units: slots, epochs, basis points (bps, 1/10,000) and billionths (1/10^9). Amounts are whole gwei,
though no formula depends on the unit: a contract may use wei. Source of the values: the design note
of the mechanism (docs/protocol.md).
"""

from dataclasses import dataclass, field, fields

from proofmill.host.ground.units import BPS

BILLION = 1_000_000_000
"""One, in billionths."""
MAXIMUM_FAILED_LOCKS = 8
"""The most locks of a job that a contract keeps account of."""
MOST_PLACES = 128
"""Provers that a contract has room for."""
MOST_PENALTIES = 32
"""Penalties of a slot that are charged with that defence off."""


@dataclass(frozen=True, kw_only=True)
class Defences:
    """What stands between the mechanism and each attack; all on, except to show what it is for, and
    `OPTIONS`, which are off where nobody asks for them."""

    bound_proofs: bool = True
    """A proof verifies only with its prover's own tag among the public inputs."""
    statement_key: bool = True
    """Uniqueness by (payload root, proof type); off: by the proof's bytes."""
    slot_batch: bool = True
    """Proofs of one slot are equal and a lottery picks; off: the first of the slot wins."""
    primary_first: bool = True
    """The primary's proof wins over others of its slot; off: it takes part in the lottery."""
    stages: bool = True
    """Primary, then committee, then everyone; off: everyone at once."""
    weight_by_bond: bool = True
    """Draws by bond and reliability; off: every identity weighs the same."""
    reliability: bool = True
    """Weight falls with every miss; off: q stays as it is."""
    frozen_weights: bool = True
    """Weights are those from before the mix was known; off: those at the slot."""
    calibration: bool = True
    """A prover has weight only after its calibration proofs; off: at once."""
    old_mix: bool = True
    """The seed is the mix of two epochs back alone; off: the payload's root goes into it."""
    delayed_mix: bool = True
    """Of layer 1: the mix goes through a delay function before it draws, so that who reveals last
    cannot know what it chooses; off: it knows."""
    inclusion_lists: bool = True
    """Of layer 1: a payload that leaves out a listed proof is not built on (EIP-7805); off:
    proposers leave out what they like."""
    places_by_bond: bool = True
    """A full registry's places go to the largest bonds; off: to whoever came first."""
    commit_deposit: bool = True
    """A commitment that is not revealed loses its deposit."""
    open_commitments: bool = True
    """A commitment blocks nobody; off: the first reserves the job until its deadline."""
    draw_by_deposit: bool = True
    """Commitments of one block are drawn by deposit; off: each counts the same."""
    every_tie: bool = True
    """Every commitment of the earliest block takes part in the draw; off: the first 16."""
    owner_keyed: bool = True
    """A commitment is its owner's; off: who sends a digest first has it."""
    lock_costs: bool = True
    """Declining costs a part of the collateral; off: nothing."""
    jobs_pass_on: bool = True
    """A job whose locks failed has no more of them, and its clock stood still; off: neither."""
    award_ends: bool = True
    """A job is awarded within K blocks; off: as late as one likes."""
    bounty_below_fee: bool = True
    """A failed lock pays a rescuer no more than the fee burned; off: half of the collateral."""
    unsolved_refunded: bool = True
    """Of a job nobody solves the requester bears the cost; off: who locked it."""
    every_penalty: bool = True
    """Every penalty of a slot is charged; off: the first 32."""
    checked_jobs: bool = True
    """A job's verifier and inputs are tried before it is locked; off: they cannot be."""
    own_proof_only: bool = True
    """A reveal must match a commitment of an earlier block; off: a bare proof is paid."""
    blocks_count: bool = True
    """Delays and the jobs' times count blocks, where a proof can be; off: slots, whether they have
    one or not."""
    witnesses: bool = False
    """Of layer 1: delays count slots up to the first in which more than half of its witnesses have
    the proof, or to its block if that is earlier; off: as `blocks_count` says."""
    divided_excused: bool = True
    """Nobody pays for a duty missed while the network was divided, by the chain's own votes."""
    rescues_count: bool = True
    """Coverage counts stages 1 and 2; off: stage 1 alone, so one prover can lower it."""
    miss_penalty: bool = True
    """A primary or committee member that misses pays."""
    several_includers: bool = True
    """Stage 1 spans `stage1_blocks` proposers; off: the next block's alone."""
    bounty_from_bond: bool = True
    """The rescuer's bounty is half of the primary's penalty; off: it is minted, nobody pays."""
    invalid_penalty: bool = True
    """Signing an invalid proof costs a slice of the bond and bars from the payload."""
    subsidy_below_burn: bool = True
    """A job's subsidy is a part of the fee it burned; off: it is paid per unit of work."""
    result_collateral: bool = True
    """A result that is missing, or wrong, costs its seller's collateral; off: it is not paid."""
    asked_proofs: bool = True
    """A result whose proof was asked for in vain is not paid; off: it is paid all the same."""
    asking_pays: bool = True
    """Who asks for a result's proof pays for it; off: it costs nothing."""
    block_proofs_first: bool = True
    """An operator's array leaves whatever it does for a block proof; off: one after the other."""
    pinned_model: bool = True
    """A job is of its model as it was; off: the model's owner changes what has to be proven."""
    finality: bool = True
    """Rewards mature when their blocks are final; off: when included, on any branch."""


OPTIONS = ("witnesses",)
"""Defences that a chain has where it asks for them; the attacks are measured with them."""
DEFENCES = tuple(flag.name for flag in fields(Defences))
"""The names of all defences."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The constants. Delays are in blocks after the proven one; an inclusion's is at least 1."""

    slots_per_epoch: int = 8
    stage1_blocks: int = 2
    """W1: the primary's window, delays 1 to W1."""
    stage2_blocks: int = 2
    """W2: the committee's window, delays W1 + 1 to W1 + W2."""
    window_blocks: int = 8
    """T: the last delay that is paid. After stage 2 and until T everyone bonded may prove."""
    committee_size: int = 3
    late_bps: int = 5_000
    """d: what is left of a reward at delay T."""

    prover_weight: int = 56
    includer_weight: int = 8
    weight_denominator: int = 64

    rho_start: int = 250_000_000
    rho_min: int = 20_000_000
    rho_max: int = 250_000_000
    """rho, the share of layer 1's base that layer 2 may mint: in billionths."""
    controller_divisor: int = 8
    target_coverage_bps: int = 9_800
    """c*: the share of slots that should be proven in stage 1 or 2."""
    load_min_bps: int = 5_000
    load_max_bps: int = 20_000

    penalty_multiple: int = 2
    """m: a primary's miss costs m times the most that the slot would have paid it."""
    committee_divisor: int = 4
    """A committee member's miss costs 1/4 of the primary's."""
    burn_bps: int = 5_000
    """The part of a penalty that is burned; the rest is the rescuer's or the reporter's bounty."""
    relief_one_in: int = 3
    relief_divisor: int = 4
    """If more than 1/3 of an epoch's primaries miss, its penalties are divided by 4."""

    settlements_per_block: int = 64
    """Penalties that a block settles at most: the rest of its epoch's waits for the next block."""

    certificate_bps: int = 500
    """What an epoch's certificate of finality pays, of what the epoch's slots may pay at rho."""

    kappa_bps: int = 15_000
    """Bond over liabilities, at least."""
    finality_epochs: int = 2
    dispute_epochs: int = 2

    reliability_start_bps: int = 3_000
    reliability_min_bps: int = 1_000
    reliability_gain_divisor: int = 10
    reliability_miss_bps: int = 6_000
    reliability_idle_bps: int = 10
    calibration_proofs: int = 3
    """Proofs a new prover makes, unpaid, before it has any weight."""
    calibration_epochs: int = 1
    """For so many epochs after that in which it got its place nobody takes it for want of them."""
    places: int = MOST_PLACES
    """Provers that have weight at once."""

    fee_burn_bps: int = 500
    subsidy_bps: int = 8_000
    """phi: subsidy over burned fee, at most."""
    reveal_blocks: int = 4
    """K: a commitment is revealed 1 to K blocks later; also how long bids may be revealed."""
    bid_blocks: int = 4
    """How long a job takes sealed bids."""
    decline_divisor: int = 8
    """A locked job can be declined in the first 1/8 of its time."""
    declines_per_epoch: int = 2
    """Of one prover, in as many blocks as an epoch has slots."""
    decline_cost_bps: int = 1_000
    """What declining costs, of the collateral."""
    failed_locks: int = 2
    """After so many failed locks a job has none any more: it is proven by commitments."""
    reliability_decline_bps: int = 9_800
    """Declining multiplies q by this; a miss by 6,000."""

    defences: Defences = field(default_factory=Defences)

    @property
    def primary_blocks(self) -> int:
        """Blocks of stage 1: W1, or 1 with the defence off."""
        return self.stage1_blocks if self.defences.several_includers else 1

    @property
    def committee_blocks(self) -> int:
        """The last delay of stage 2: W1 + W2."""
        return self.primary_blocks + self.stage2_blocks

    def __post_init__(self) -> None:
        if not (self.stage1_blocks >= 1 and self.stage2_blocks >= 0
                and self.window_blocks > self.stage1_blocks
                and self.window_blocks >= self.stage1_blocks + self.stage2_blocks):
            raise ValueError(
                f"windows of {self.stage1_blocks}, {self.stage2_blocks} and {self.window_blocks} "
                "blocks: the first must be 1 or more, and the last the longest")
        for name in ("late_bps", "burn_bps", "fee_burn_bps", "subsidy_bps", "target_coverage_bps",
                     "decline_cost_bps", "certificate_bps",
                     "reliability_start_bps", "reliability_min_bps", "reliability_miss_bps",
                     "reliability_idle_bps"):
            if not 0 <= getattr(self, name) <= BPS:
                raise ValueError(f"{name} must be 0 to {BPS:,}, not {getattr(self, name)}")
        if not 0 < self.rho_min <= self.rho_start <= self.rho_max <= BILLION:
            raise ValueError(
                f"rho must fulfil 0 < {self.rho_min} <= {self.rho_start} <= {self.rho_max} "
                f"<= {BILLION}, in billionths")
        if not 1 <= self.places <= MOST_PLACES:
            raise ValueError(f"places must be 1 to {MOST_PLACES}, not {self.places}")
        if not 1 <= self.failed_locks <= MAXIMUM_FAILED_LOCKS:
            raise ValueError(f"failed_locks must be 1 to {MAXIMUM_FAILED_LOCKS}, "
                             f"not {self.failed_locks}")
        if self.prover_weight + self.includer_weight > self.weight_denominator:
            raise ValueError(
                f"shares {self.prover_weight} + {self.includer_weight} exceed "
                f"{self.weight_denominator}")
