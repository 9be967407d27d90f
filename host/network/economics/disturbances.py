"""What has to hold at the end of a devnet's run, whatever was done to its nodes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from proofmill.host.network.economics.explain import Replayed, explain
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node.devnet import NodePlan
from proofmill.host.network.node.disturbance import (
    AWAY,
    DRIFT_ALLOWED_MS,
    FOR_GOOD,
    Disturbance,
)
from proofmill.host.network.node.layer2 import Fine
from proofmill.host.network.node.node import NodeReport, SlotView
from proofmill.host.network.node.outcome import RunOutcome, layer1_of

SLOTS_PER_EPOCH = Parameters().slots_per_epoch
FIRST_FINAL = 2
"""The first epoch that a chain makes final: the specification counts no votes before."""


@dataclass(frozen=True)
class Check:
    """A thing that has to hold: `sentence` says what was found; `broken` where it does not hold."""

    sentence: str
    broken: bool = False


def checks(
    plans: Sequence[NodePlan], reports: Mapping[str, NodeReport], result: RunOutcome,
    reference: Sequence[SlotView], disturbances: Sequence[Disturbance], run: Replayed, slots: int,
) -> list[Check]:
    """Everything that has to hold at the end of a disturbed run.

    `reference`: layer 1 of the run in which nothing was done and nobody proved. `run`: the chain
    that all agree on, replayed.
    """
    found = [*_layer1(plans, reports, reference, disturbances, slots), *_slashed(reports),
             *_fined(plans, reports, disturbances), *_proven(result, run)]
    for kind in ("withhold", "forge"):
        found += _unpaid(kind, plans, result, disturbances)
    return found


def touches_layer1(plans: Sequence[NodePlan], disturbance: Disturbance) -> bool:
    """Whether validators can fail in their duties because of it."""
    if disturbance.kind == "split":
        return True
    return (disturbance.kind in (*AWAY, "drift")
            and any(plan.validators for plan in plans if plan.name == disturbance.node))


def _layer1(
    plans: Sequence[NodePlan], reports: Mapping[str, NodeReport], reference: Sequence[SlotView],
    disturbances: Sequence[Disturbance], slots: int,
) -> Iterator[Check]:
    touching = [each for each in disturbances if touches_layer1(plans, each)]
    if touching:
        yield _finality(plans, reports, touching, slots)
        return
    expected = layer1_of(reference)
    for name, report in reports.items():
        away = {slot for each in disturbances if each.node == name and each.kind in AWAY
                for slot in range(each.start, each.end + 2)}
        if any(each.node == name and each.kind == "drift" for each in disturbances):
            continue  # it looks at other times
        for view in layer1_of(report.history):
            if view[0] not in away and view != expected[view[0] - 1]:
                yield Check(f"layer 1 of slot {view[0]} is not that of the undisturbed run, says "
                            f"{name}, though no validator was kept from its duties", True)
                return
    yield Check("layer 1 of every slot is that of the undisturbed run")


def _finality(
    plans: Sequence[NodePlan], reports: Mapping[str, NodeReport],
    touching: Sequence[Disturbance], slots: int,
) -> Check:
    """The first whole epoch after the last disturbance is final two epochs after it began."""
    total = sum(len(plan.validators) for plan in plans)
    adrift = {each.node for each in touching if each.kind == "drift"}
    astray = sum(len(plan.validators) for plan in plans
                 if plan.name in adrift and abs(plan.drift_ms) > DRIFT_ALLOWED_MS)
    if 3 * astray >= total:
        return Check(f"finality cannot be asked for: the clocks of {astray} of {total} validators "
                     "are wrong for good")
    end = max((each.end for each in touching if each.kind != "drift"), default=0)
    epoch = max(FIRST_FINAL, end // SLOTS_PER_EPOCH + 1)
    needed = (epoch + 2) * SLOTS_PER_EPOCH + 1
    epochs = {name: report.history[-1].finalized_epoch for name, report in reports.items()}
    if slots < needed:
        return Check(f"finality: the run ends too early to show that it returns; {needed} slots do")
    behind = {name: reached for name, reached in epochs.items() if reached < epoch}
    if behind:
        names = ", ".join(f"{name} (epoch {reached})" for name, reached in behind.items())
        return Check(f"finality has not returned: epoch {epoch} is not final after {slots} slots "
                     f"at {names}", True)
    return Check(f"finality has returned: epoch {epoch}, the first after the disturbance, is final")


def _slashed(reports: Mapping[str, NodeReport]) -> Iterator[Check]:
    slashed = sorted({index for report in reports.values() for index in report.slashed})
    if slashed:
        yield Check(f"layer 1 has slashed validators {', '.join(map(str, slashed))}, which all are "
                    "honest", True)
    else:
        yield Check("no validator was slashed")


def _fined(
    plans: Sequence[NodePlan], reports: Mapping[str, NodeReport],
    disturbances: Sequence[Disturbance],
) -> Iterator[Check]:
    """No prover pays for anything but what was done to it, or what it has said it could not do."""
    account = next(iter(reports.values())).account
    unexplained = []
    for fine in account.fines:
        if fine.settled and not fine.burned and not fine.bounty:
            continue  # all of it has been given back
        plan = next(plan for plan in plans if plan.prover == fine.prover)
        if fine.reason == "invalid":
            excused = plan.forge
        else:
            excused = (
                plan.forge or plan.withhold
                or any(fine.slot in each.paid_for for each in disturbances
                       if each.kind not in FOR_GOOD and each.node in (None, plan.name))
                or abs(plan.drift_ms) > DRIFT_ALLOWED_MS
                or "is refused" in _note(reports, plan, fine))
        if not excused:
            unexplained.append(_unexplained(reports, plan, fine))
    for sentence in unexplained:
        yield Check(sentence, True)
    if not unexplained:
        yield Check("no honest prover pays for anything but what was done to it")


def _note(reports: Mapping[str, NodeReport], plan: NodePlan, fine: Fine) -> str:
    report = reports.get(plan.name)
    return report.notes.get(fine.slot, "") if report else ""


def _unexplained(reports: Mapping[str, NodeReport], plan: NodePlan, fine: Fine) -> str:
    what = "an invalid proof" if fine.reason == "invalid" else f"a duty missed as {fine.reason}"
    note = _note(reports, plan, fine)
    said = f"; its own log says: {note}" if note else ""
    return (f"{plan.name}'s prover {fine.prover} pays for {what} in slot {fine.slot}, and nothing "
            f"that was done explains it{said}")


def _proven(result: RunOutcome, run: Replayed) -> Iterator[Check]:
    """A slot of the chain is proven, or its time is not over, or `why` has a reason."""
    silent, explained = [], 0
    # A slot's time is over when so many blocks have come after it, and one more has said so.
    over = result.slots[:max(0, len(result.slots) - Parameters().window_blocks - 1)]
    for row in over:
        if row.winner is not None:
            continue
        if reasons(run, row.slot):
            explained += 1
        else:
            silent.append(row.slot)
    for slot in silent:
        yield Check(f"slot {slot} is not proven, and proofmill why has no reason for it", True)
    if not silent:
        more = f"; why says of {explained} who was to prove them and did not" if explained else ""
        yield Check(f"every slot of the chain whose time is over is proven{more}"
                    if not explained else
                    f"every slot of the chain whose time is over is proven or explained{more}")


def reasons(run: Replayed, slot: int) -> list[str]:
    """What `why` says of a slot that nobody has proven: who pays for it, or that nobody had to."""
    if run.records[slot].assignment.primary is None:
        return [f"Nobody was drawn for slot {slot}."]
    return [sentence for story in explain(run, slot).stories if story.taken_gwei
            for sentence in story.sentences]


def _unpaid(
    kind: str, plans: Sequence[NodePlan], result: RunOutcome, disturbances: Sequence[Disturbance]
) -> Iterator[Check]:
    says: dict[str, Callable[[str], str]] = {
        "withhold": lambda name: f"{name} has kept its proofs to itself and was paid for none",
        "forge": lambda name: f"{name} has forged its proofs and was paid for none"}
    names = {each.node for each in disturbances if each.kind == kind}
    for plan, row in zip(plans, result.nodes, strict=True):
        if plan.name in names:
            yield (Check(f"{plan.name} is paid for {row.paid} proofs, and has sent none that is "
                         "valid", True) if row.paid else Check(says[kind](plan.name)))
