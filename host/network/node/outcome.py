"""What a devnet came to: the nodes' reports put side by side, as plain data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.node.companion_bonds import SlashedKey
from proofmill.host.network.node.devnet import NodePlan, layer1_gwei
from proofmill.host.network.node.layer2 import CreditedCertificate, LayerTwo
from proofmill.host.network.node.node import NodeReport, SlotView


@dataclass(frozen=True)
class SlotRow:
    """Who proved a slot, everybody by the number of the node. `made`: provers that made a proof of
    it; `includer`: whose validator proposed the including block; `stage` 0: nobody was paid.

    `reward_wei`: the prover's. `missed` and `invalid`: provers that pay for not having proven it
    in time, and for a proof that does not verify.
    """

    slot: int
    primary: int | None
    committee: tuple[int, ...]
    made: tuple[int, ...]
    winner: int | None
    stage: int
    includer: int | None
    delay: int
    reward_wei: int
    matured: bool
    missed: tuple[int, ...]
    invalid: tuple[int, ...]


@dataclass(frozen=True)
class NodeRow:
    """What a node did and earned; `drawn` and `missed` as primary or committee, `invalid`: proofs
    that it signed and that were shown not to verify. Layer 1 in gwei, layer 2 in wei.

    Layer 2's matured amounts are what the contract has minted, for proving and, to the node's
    validators, for including; pending is what blocks have included and is not minted yet.
    `fetched`: blocks it had missed and got from its peers. `dead`: how it ended, if it did.
    """

    name: str
    role: str
    device: str
    validators: int
    prover: int | None
    drawn: int
    proved: int
    paid: int
    missed: int
    invalid: int
    layer1_gwei: int
    layer2_matured_wei: int
    layer2_pending_wei: int
    penalties_wei: int
    bounties_wei: int
    dropped: Mapping[str, str]
    fetched: int
    dead: str


@dataclass(frozen=True)
class RunOutcome:
    """A run of a devnet. `agreed`: all living nodes have the same chain and the same ledger.
    `empty_slots`: those without a payload in the chain; `lost_slots`: of those the ones in which
    every node was there and heard everything.

    `layer1_same`: all that every slot's state says about validators and finality is as in the run
    without provers; None where there is nothing to compare with, as after an outage, since
    validators failed in it. `minted_wei`: all that the contract has minted, `certificates`
    of finality among it: those that the chain has paid. `slashed_keys`: companion
    keys whose bonds were taken.
    `duplicates`: proofs made beyond one a payload. `refused`: what was not signed or sent, and why.
    `outages`: nodes that were killed or cut off, and when.
    """

    slots: tuple[SlotRow, ...]
    empty_slots: tuple[int, ...]
    nodes: tuple[NodeRow, ...]
    finalized_epoch: int
    agreed: bool
    layer1_same: bool | None
    proofs: int
    duplicates: int
    minted_wei: int
    refused: tuple[str, ...]
    outages: tuple[str, ...] = ()
    lost_slots: tuple[int, ...] = ()
    certificates: tuple[CreditedCertificate, ...] = ()
    slashed_keys: tuple[SlashedKey, ...] = ()

    @property
    def lost(self) -> str:
        """What is to be said of `lost_slots`, empty where there are none."""
        if not self.lost_slots:
            return ""
        many = len(self.lost_slots) > 1
        return (f"slot{'s' * many} {', '.join(map(str, self.lost_slots))}: every node was there, "
                "and yet the chain has no block")

    def record(self) -> JsonObject:
        """For JSON."""
        return {
            "slots": [vars(row) for row in self.slots],
            "nodes": [{**vars(row), "dropped": dict(row.dropped)} for row in self.nodes],
            "certificates": [vars(row) for row in self.certificates],
            "slashed_keys": [vars(row) for row in self.slashed_keys],
            **{name: getattr(self, name) for name in (
                "empty_slots", "finalized_epoch", "agreed", "layer1_same", "proofs", "duplicates",
                "minted_wei", "refused", "outages", "lost_slots")},
        }


def outcome(
    plans: Sequence[NodePlan],
    reports: Mapping[str, NodeReport],
    dead: Mapping[str, str],
    reference: Sequence[SlotView] | None,
    outages: Sequence[str] = (),
    disturbed: Collection[int] = (),
) -> RunOutcome:
    """Put the reports together; at least one node must live. `disturbed`: slots in which a node was
    away or had not heard everything, which excuses an empty slot."""
    adrift = {plan.name for plan in plans if plan.drift_ms}
    # Whose clock is right, if anybody's is; its head says all about the chain before it. Without
    # outages, every slot is looked at.
    first = next((report for name, report in reports.items() if name not in adrift),
                 next(iter(reports.values())))
    agreed = all(
        _same_branch(report, first) if name in adrift else _same_end(report, first, bool(outages))
        for name, report in reports.items())
    account = first.account
    makers = _makers(plans, reports)
    made = sum(map(len, makers.values()))
    same = None
    if reference is not None and not dead and not outages:
        same = all(layer1_of(reference) == layer1_of(report.history) for report in reports.values())
    holders = {index: node for node, plan in enumerate(plans) for index in plan.validators}
    last = first.history[-1].slot
    empty = tuple(slot for slot in range(1, last + 1) if slot not in account.assignments)
    return RunOutcome(
        slots=tuple(_slot_row(account, slot, makers.get(slot, ()), holders)
                    for slot in sorted(account.assignments)),
        empty_slots=empty,
        nodes=tuple(_node_row(plan, first, reports.get(plan.name), dead.get(plan.name, ""))
                    for plan in plans),
        finalized_epoch=first.history[-1].finalized_epoch,
        agreed=agreed,
        layer1_same=same,
        proofs=made,
        duplicates=made - len(makers),
        minted_wei=sum(credit.prover_wei + credit.includer_wei
                       for credit in account.credits if credit.matured)
        + sum(each.prover_wei + each.includer_wei for each in first.certificates if each.matured),
        refused=tuple(each for report in reports.values() for each in report.refused),
        outages=tuple(outages),
        lost_slots=tuple(slot for slot in empty if slot not in disturbed),
        certificates=first.certificates, slashed_keys=first.slashed_keys)


def _same_end(report: NodeReport, first: NodeReport, outages: bool) -> bool:
    """The head says all about the chain before it; without outages, every slot is looked at."""
    same = (report.history[-1:] == first.history[-1:] if outages
            else report.history == first.history)
    return same and (report.account, report.certificates) == (first.account, first.certificates)


def _same_branch(report: NodeReport, first: NodeReport) -> bool:
    """A node whose clock is wrong looks at other moments: the last slot is left out."""
    ours, theirs = ([block for block in each.branch if block.slot < first.history[-1].slot]
                    for each in (report, first))
    return ours == theirs


def layer1_of(views: Sequence[SlotView]) -> list[tuple[int, bytes, int]]:
    """Slot, digest and finality, without the heads' roots: payloads differ by the proofs in
    them."""
    return [(view.slot, view.layer1, view.finalized_epoch) for view in views]


def _makers(
    plans: Sequence[NodePlan], reports: Mapping[str, NodeReport]
) -> dict[int, tuple[int, ...]]:
    """By slot, the provers that have made a proof, as their own logs say."""
    makers: dict[int, tuple[int, ...]] = {}
    for plan in plans:
        report = reports.get(plan.name)
        if report is None or plan.prover is None:
            continue
        for slot in report.proven_slots:
            makers[slot] = (*makers.get(slot, ()), plan.prover)
    return makers


def _slot_row(
    account: LayerTwo, slot: int, made: tuple[int, ...], holders: Mapping[int, int]
) -> SlotRow:
    assignment = account.assignments[slot]
    credit = next((each for each in account.credits if each.proven_slot == slot), None)
    fines = [each for each in account.fines if each.slot == slot]
    return SlotRow(
        slot, assignment.primary, assignment.committee, made,
        credit.prover if credit else None, credit.stage if credit else 0,
        holders[credit.includer] if credit else None,
        credit.delay if credit else 0, credit.prover_wei if credit else 0,
        bool(credit and credit.matured),
        tuple(fine.prover for fine in fines if fine.reason != "invalid"),
        tuple(fine.prover for fine in fines if fine.reason == "invalid"))


def _node_row(plan: NodePlan, first: NodeReport, report: NodeReport | None, dead: str) -> NodeRow:
    account, who = first.account, plan.prover

    # Including is the proposer's share: of the node whose validator it is, not the prover's.
    pending = account.including(plan.validators, matured=False)
    if who is not None:
        pending += account.proving(who, matured=False)
    for each in first.certificates:
        if not each.matured:
            pending += each.prover_wei * (each.prover == who)
            pending += each.includer_wei * (each.includer in plan.validators)
    mine = [each for each in account.fines if each.prover == who]
    return NodeRow(
        name=plan.name, role=plan.role, device=plan.device.label if plan.device else "-",
        validators=len(plan.validators), prover=who,
        drawn=sum(who == each.primary or who in each.committee
                  for each in account.assignments.values() if who is not None),
        proved=len(report.proven_slots) if report else 0,
        paid=sum(credit.prover == who for credit in account.credits),
        missed=sum(each.reason != "invalid" for each in mine),
        invalid=sum(each.reason == "invalid" for each in mine),
        layer1_gwei=layer1_gwei(plan, first),
        layer2_matured_wei=sum(report.tokens) if report else 0,
        layer2_pending_wei=pending,
        penalties_wei=sum(each.burned + each.bounty for each in mine),
        bounties_wei=_bounties(account, plan),
        dropped=report.dropped if report else {}, fetched=report.fetched if report else 0,
        dead=dead)


def _bounties(account: LayerTwo, plan: NodePlan) -> int:
    """For rescues, to the prover; for reports, to the validator in whose block they were."""
    return sum(
        each.bounty for each in account.fines
        if each.rescuer is not None and (
            each.rescuer in plan.validators if each.reason == "invalid"
            else each.rescuer == plan.prover))
