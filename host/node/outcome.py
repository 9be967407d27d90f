"""What a devnet came to: the nodes' reports put side by side, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host.node.devnet import NodePlan, layer1_gwei
from host.node.layer2 import Account
from host.node.node import NodeReport, SlotView


@dataclass(frozen=True)
class SlotRow:
    """Who proved a slot. `made`: provers that made a proof of it; `stage` 0: nobody was paid."""

    slot: int
    primary: int | None
    committee: tuple[int, ...]
    made: tuple[int, ...]
    winner: int | None
    stage: int
    includer: int | None
    delay: int
    matured: bool


@dataclass(frozen=True)
class NodeRow:
    """What a node did and earned. Amounts in gwei; `drawn` and `missed` as primary or committee.

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
    layer1_gwei: int
    layer2_matured_gwei: int
    layer2_pending_gwei: int
    penalties_gwei: int
    bounties_gwei: int
    dropped: Mapping[str, str]
    fetched: int
    dead: str


@dataclass(frozen=True)
class Outcome:
    """A run of a devnet. `agreed`: all living nodes have the same chain and the same ledger.

    `layer1_same`: every slot's head and state are those of the run without provers; None where
    there is nothing to compare with, as after an outage, since validators failed in it.
    `duplicates`: proofs made beyond one a payload. `refused`: what slashing protection stopped.
    `outages`: nodes that were killed or cut off, and when.
    """

    slots: tuple[SlotRow, ...]
    nodes: tuple[NodeRow, ...]
    finalized_epoch: int
    agreed: bool
    layer1_same: bool | None
    proofs: int
    duplicates: int
    minted_gwei: int
    refused: tuple[str, ...]
    outages: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "slots": [vars(row) for row in self.slots],
            "nodes": [{**vars(row), "dropped": dict(row.dropped)} for row in self.nodes],
            **{name: getattr(self, name) for name in (
                "finalized_epoch", "agreed", "layer1_same", "proofs", "duplicates", "minted_gwei",
                "refused", "outages")},
        }


def outcome(
    plans: Sequence[NodePlan],
    reports: Mapping[str, NodeReport],
    dead: Mapping[str, str],
    reference: Sequence[SlotView] | None,
    outages: Sequence[str] = (),
) -> Outcome:
    """Put the reports together; at least one node must live."""
    first = next(iter(reports.values()))
    # The head says all about the chain before it; without outages, every slot is looked at.
    agreed = all(
        (report.history[-1:] == first.history[-1:] if outages else report.history == first.history)
        and report.account == first.account for report in reports.values())
    account = first.account
    makers = _makers(plans, reports)
    made = sum(map(len, makers.values()))
    same = None
    if reference is not None and not dead and not outages:
        same = all(tuple(reference) == report.history for report in reports.values())
    return Outcome(
        slots=tuple(_slot_row(account, slot, makers.get(slot, ()))
                    for slot in sorted(account.assignments)),
        nodes=tuple(_node_row(plan, first, reports.get(plan.name), dead.get(plan.name, ""))
                    for plan in plans),
        finalized_epoch=first.history[-1].finalized_epoch,
        agreed=agreed,
        layer1_same=same,
        proofs=made,
        duplicates=made - len(makers),
        minted_gwei=sum(credit.prover_gwei + credit.includer_gwei
                        for credit in account.credits if credit.matured),
        refused=tuple(each for report in reports.values() for each in report.refused),
        outages=tuple(outages))


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


def _slot_row(account: Account, slot: int, made: tuple[int, ...]) -> SlotRow:
    assignment = account.assignments[slot]
    credit = next((each for each in account.credits if each.proven_slot == slot), None)
    return SlotRow(
        slot, assignment.primary, assignment.committee, made,
        credit.prover if credit else None, credit.stage if credit else 0,
        credit.includer if credit else None,
        credit.including_slot - slot if credit else 0, bool(credit and credit.matured))


def _node_row(plan: NodePlan, first: NodeReport, report: NodeReport | None, dead: str) -> NodeRow:
    account, who = first.account, plan.prover

    def layer2(matured: bool) -> int:
        # Including is the proposer's share: of the node whose validator it is, not the prover's.
        proving = 0 if who is None else account.proving(who, matured=matured)
        return proving + account.including(plan.validators, matured=matured)

    mine = [each for each in account.fines if each.prover == who]
    return NodeRow(
        name=plan.name, role=plan.role, device=plan.device.label if plan.device else "-",
        validators=len(plan.validators), prover=who,
        drawn=sum(who == each.primary or who in each.committee
                  for each in account.assignments.values() if who is not None),
        proved=len(report.proven_slots) if report else 0,
        paid=sum(credit.prover == who for credit in account.credits),
        missed=len(mine),
        layer1_gwei=layer1_gwei(plan, first),
        layer2_matured_gwei=layer2(True),
        layer2_pending_gwei=layer2(False),
        penalties_gwei=sum(each.burned + each.bounty for each in mine),
        bounties_gwei=sum(each.bounty for each in account.fines
                          if each.rescuer == who and who is not None),
        dropped=report.dropped if report else {}, fetched=report.fetched if report else 0,
        dead=dead)
