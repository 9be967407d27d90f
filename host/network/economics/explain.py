"""Why: a slot's draw and what came of it, prover by prover, in plain sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.units import BPS
from proofmill.host.network.economics.replay import Draw
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import (
    MIX_DELAY_EPOCHS,
    mix_epoch,
    weight_epoch,
)
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.penalties import Settlement
from proofmill.host.network.mechanism.records import Penalty, SlotRecord
from proofmill.host.network.mechanism.rewards import decay_bps

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


class Replayed(Protocol):
    """A chain's second layer, played from what everybody can see: `replay.Replay` or
    `recorded.RecordedRun`. `unit`: what a gwei is in the ledger's amounts."""

    parameters: Parameters

    @property
    def unit(self) -> int:
        """What a gwei is in the ledger's amounts."""

    @property
    def notes(self) -> Mapping[int, Mapping[int, str]]:
        """By slot and prover, what the prover's own node has written down of it."""

    delayed: bool
    """Whether mixes go through a delay function before they draw."""

    @property
    def ledger(self) -> RewardLedger:
        """After the last block."""

    @property
    def records(self) -> dict[int, SlotRecord]:
        """By slot."""

    def mix_for(self, slot: int) -> bytes:
        """The mix that draws a slot."""

    def draws(self, slot: int) -> list[Draw]:
        """The numbers behind a slot's assignment, primary first."""


@dataclass(frozen=True)
class Story:
    """One prover and one slot. `role`: primary, committee or none; amounts in gwei."""

    prover: int
    role: str
    weight: int
    paid_gwei: int
    bounty_gwei: int
    taken_gwei: int
    kept_back_gwei: int
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """A slot. `sentences`: on the draw as a whole; `stories`: of the provers, ascending."""

    slot: int
    mix: bytes
    seed: bytes
    sentences: tuple[str, ...]
    stories: tuple[Story, ...]
    draws: tuple[dict[str, int], ...]

    def as_data(self) -> JsonObject:
        """For JSON."""
        return {"slot": self.slot, "mix": "0x" + self.mix.hex(), "seed": "0x" + self.seed.hex(),
                "sentences": self.sentences, "draws": self.draws,
                "provers": [vars(story) for story in self.stories]}


def explain(replay: Replayed, slot: int) -> Explanation:
    """Explain a slot that the replay has, as far as it is decided."""
    record, mix = replay.records[slot], replay.mix_for(slot)
    stories = tuple(
        _story(replay, slot, identity) for identity in sorted(replay.ledger.provers))
    return Explanation(
        slot, mix, record.seed, (_summary(slot, stories), *_draw_sentences(replay, slot, mix)),
        stories,
        tuple({"draw": place, "number": draw.number, "of": draw.total, "prover": draw.prover}
              for place, draw in enumerate(replay.draws(slot))))


def _summary(slot: int, stories: Sequence[Story]) -> str:
    """What came of the slot, in one sentence."""
    paid = [f"prover {each.prover} is paid {each.paid_gwei:,} gwei for proving it"
            for each in stories if each.paid_gwei]
    fined = [f"prover {each.prover} pays {each.taken_gwei - each.kept_back_gwei:,}"
             for each in stories if each.taken_gwei]
    parts = [*(paid or ["nobody is paid for proving it"]), *(fined or ["nobody pays a penalty"])]
    return f"Slot {slot}: " + "; ".join(parts) + "."


def _draw_sentences(replay: Replayed, slot: int, mix: bytes) -> list[str]:
    record, size = replay.records[slot], replay.parameters.slots_per_epoch
    epoch = slot // size
    source = mix_epoch(epoch)
    whose = "the chain's first mix" if source is None else (
        "what the delay function makes of " * replay.delayed
        + f"RANDAO's final mix of epoch {source}")
    lines = [
        f"Slot {slot} is in epoch {epoch}. Its draw uses {whose}, 0x{mix.hex()[:16]}…, which was "
        + ("known from the start." if source is None else
           f"{'to be evaluated' if replay.delayed else 'known'} from slot "
           f"{(source + 1) * size} on, "
           f"{slot - (source + 1) * size} slots before."),
        f"Weights are those at the start of epoch {weight_epoch(epoch)}, before that mix was known."
        if epoch >= MIX_DELAY_EPOCHS else "Weights are those at the start of the chain.",
        f"The seed is keccak256(domain, mix, {slot}) = 0x{record.seed.hex()[:16]}…",
    ]
    draws = replay.draws(slot)
    if not draws:
        lines.append("Nobody had any weight, so nobody was drawn and every bonded prover might "
                     "prove from the first slot on.")
        return lines
    first = draws[0]
    low, high = record.candidates.part_of(first.prover)
    lines.append(
        f"Draw 0 is keccak256(seed, 0) modulo all weights: {first.number:,} of {first.total:,}, "
        f"so it falls at {_percent(first.number, first.total)}. Prover {first.prover}'s part is "
        f"{_percent(low, first.total)} to {_percent(high, first.total)}: prover {first.prover} is "
        "the primary.")
    members = ", ".join(str(draw.prover) for draw in draws[1:]) or "nobody"
    lines.append(f"The further draws, each without those drawn before, make the committee: "
                 f"{members}.")
    if record.proposer is not None:
        lines.append(f"Prover {record.proposer} proposed the slot, so the committee is drawn "
                     "without it.")
    for passed in record.passed_over:
        lines.append(f"Prover {passed} was passed over: its bond did not cover one more duty.")
    return lines


def _percent(part: int, whole: int) -> str:
    """To a hundredth of a percent, rounded down."""
    return f"{part * BPS // whole / 100:.2f} %"


def _story(replay: Replayed, slot: int, identity: int) -> Story:
    record, ledger = replay.records[slot], replay.ledger
    drawn, win = record.assignment, record.win
    weight = record.candidates.weight_of(identity)
    role = "primary" if identity == drawn.primary else (
        "committee" if identity in drawn.committee else "none")
    lines = [_chosen(replay, slot, identity, role)]
    paid = 0
    if win is not None and win.submission.prover == identity:
        paid = win.prover_gwei // replay.unit
        among = "" if win.contenders == 1 else (
            f", picked among {win.contenders} proofs of that slot by the next block's mix")
        lines.append(
            f"Its proof was included in slot {win.included_slot}, {_delayed(replay, record)}, in "
            f"stage {int(win.stage)}{among}: "
            f"{decay_bps(ledger.parameters, win.delay) / 100:g} % of the full reward, "
            f"{paid:,} gwei, "
            + ("final by now." if ledger.finalised_slot >= win.included_slot else
               "pending until that slot is final."))
    elif identity in record.kept:
        lines.append("It proved in time, but another proof of the same slot was picked.")
    taken = kept_back = bounty = 0
    for penalty, settlement, rescuer in ledger.settled:
        if penalty.slot != slot:
            continue
        if penalty.prover == identity:
            taken += penalty.amount // replay.unit
            kept_back += settlement.kept // replay.unit
            lines.append(_penalised(replay, penalty, settlement, rescuer))
        elif rescuer == identity and penalty.reason != "invalid":
            bounty += settlement.bounty // replay.unit
    for penalty in ledger.escrow:
        if (penalty.slot, penalty.prover) == (slot, identity):
            taken += penalty.amount // replay.unit
            lines.append(
                f"{REASONS[penalty.reason]}: {penalty.amount // replay.unit:,} gwei were taken "
                f"from its bond; where they go is settled when "
                f"{_blocks(_until_settled(replay.parameters))} have come after its epoch's last.")
    if bounty:
        lines.append(f"For the rescue it got {bounty:,} gwei out of the penalties of others.")
    if role != "none" and not taken and identity not in record.kept:
        if win is not None:
            lines.append("It did not have to prove: the slot was proven by prover "
                         f"{win.submission.prover}.")
        elif slot in ledger.provers[identity].duties:
            lines.append("Its time was not over yet when this was recorded.")
        else:
            lines.append("It did not have to prove: the slot was proven by nobody.")
    if role == "none" and not paid and not taken:
        lines.append("So it was neither paid nor slashed for this slot.")
    note = replay.notes.get(slot, {}).get(identity)
    if note and not paid:
        lines.append(f"Its own node has written: {note}.")
    return Story(identity, role, weight, paid, bounty, taken, kept_back, tuple(lines))


def _chosen(replay: Replayed, slot: int, identity: int, role: str) -> str:
    record = replay.records[slot]
    total = record.candidates.total
    low, high = record.candidates.part_of(identity)
    chance = f"{100 * (high - low) / total:.1f} %" if total else "nothing"
    if role == "primary":
        return f"Prover {identity} was the primary; its weight is {chance} of all."
    if identity in record.passed_over:
        return f"Prover {identity} was not drawn: its bond did not cover one more duty."
    if high == low:
        return f"Prover {identity} was not drawn: it had no weight in the frozen snapshot."
    number = replay.draws(slot)[0].number
    missed = (f"draw 0, at {_percent(number, total)}, is not in its part, {_percent(low, total)} "
              f"to {_percent(high, total)}")
    if role == "committee":
        place = record.assignment.committee.index(identity)
        return (f"Prover {identity} was drawn into the committee, as its {ORDINALS[place]} member; "
                f"{missed}." if place < len(ORDINALS) else
                f"Prover {identity} was drawn into the committee; {missed}.")
    why = " As the slot's proposer it cannot be in the committee." * (identity == record.proposer)
    return f"Prover {identity} was not drawn: {missed}, nor was any draw of the committee.{why}"


REASONS = {"primary": "It did not deliver in stage 1",
           "committee": "Nobody delivered in stage 2, nor did it",
           "invalid": "It signed an invalid proof"}


def _blocks(count: int, what: str = "block") -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _until_settled(parameters: Parameters) -> int:
    """Blocks after an epoch's last: a further one where they say what witnesses had."""
    return parameters.window_blocks + parameters.defences.witnesses


def _delayed(replay: Replayed, record: SlotRecord) -> str:
    """How late the proof counts that was paid."""
    win = record.win
    assert win is not None
    if not replay.parameters.defences.witnesses:
        return f"{_blocks(win.delay)} after"
    seen = record.witnessed.get(win.submission.prover)
    said = ("" if seen is None else
            f", since more than half of the witnesses of slot {seen} had it")
    return f"and counts as {_blocks(win.delay, 'slot')} after{said}"


def _penalised(
    replay: Replayed, penalty: Penalty, settlement: Settlement, rescuer: int | None
) -> str:
    def gwei(amount: int) -> str:
        return f"{amount // replay.unit:,}"

    if settlement.kept == penalty.amount > 0:
        record = replay.records[penalty.slot]
        why = ("layer 1's witnesses had a proof in time, whatever blocks made of it"
               if replay.ledger.was_witnessed(record, penalty.reason) else
               "the network was divided: more than a third of the stake had voted elsewhere")
        return (f"{REASONS[penalty.reason]}: {gwei(penalty.amount)} gwei were taken from its bond, "
                f"and came back with its reliability, since {why}.")
    back = (f" {gwei(settlement.kept)} came back, since more than a third of the epoch's primaries "
            "missed;" if settlement.kept else "")
    whom = f"prover {rescuer}"
    if penalty.reason == "invalid":
        whom = f"validator {rescuer}, whose block had the report"
    went = f" and {gwei(settlement.bounty)} went to {whom}" if rescuer is not None else ""
    return (f"{REASONS[penalty.reason]}: {gwei(penalty.amount)} gwei were taken from its bond;"
            f"{back} {gwei(settlement.burned)} were burned{went}.")
