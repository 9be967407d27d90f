"""What ``proofmill mine`` shows and hands out: a row a slot, a summary, both as JSON too."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from proofmill.host.cli.screen import Screen
from proofmill.host.cli.tables import Column, Table
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.units import GWEI
from proofmill.host.prover.devices.device import BOARD_HZ
from proofmill.host.prover.devices.spent import Spent

if TYPE_CHECKING:  # these take seconds to import
    from proofmill.host.network.consensus.miner import Event, Summary
    from proofmill.host.network.consensus.records import CertificateReward, Credit, SlotReport
    from proofmill.host.prover.groth16.prove import ProofResult
    from proofmill.host.prover.plonk.prove import GatesResult

    AnyResult = ProofResult | GatesResult[Any]

FALLBACK = "cpu (fallback)"
COLUMNS = (
    Column("slot", 5), Column("proposer", 8, rank=5), Column("transfers", 9, rank=6),
    Column("device", 6, "<", most=20), Column("cycles", 11, rank=3),
    Column("sums/h/check", 12, rank=4), Column("seconds", 7, rank=2),
    Column("verdict", 8, "<"), Column("reward (gwei)", 13, rank=1))


class Clocked(Protocol):
    """A device as far as the summary asks for it: see `host.cli.mining_devices.Devices`."""

    @property
    def clock_hz(self) -> int:
        """The clock rate that it states, 0 where it states none."""
        ...

    def carried(self) -> tuple[int, float, int] | None:
        """(bytes, seconds, baud) of its serial line, if it has one."""
        ...


@dataclass
class Totals:
    """What the proofs of a run took. `failures`: of the device that was asked for. `reopened`: how
    often it answered again after one."""

    failures: int = 0
    reopened: int = 0
    meanwhile: int = 0
    """Proofs on the processor while the device was being built."""
    _proofs: list[tuple[Spent, int, int]] = field(default_factory=list)

    def add(self, result: "AnyResult", meanwhile: bool = False) -> None:
        """Count a `ProofResult`; `meanwhile`: of the processor, while the device was being built.
        """
        self.meanwhile += meanwhile
        self._proofs.append((result.spent, result.calls,
                             0 if meanwhile else result.calls_on_device))

    def of(self, count: int) -> dict[str, int]:
        """Sums over the first `count` proofs, for the summary: a run may be stopped between a proof
        and its counting there."""
        proofs = self._proofs[:count]
        return {"fallbacks": sum(not on_device for *_, on_device in proofs),
                "device_failures": self.failures, "device_reopened": self.reopened,
                **_counted(sum((spent for spent, *_ in proofs), Spent()), "device_"),
                "msm_calls_on_device": sum(on_device for *_, on_device in proofs),
                "msm_calls_total": sum(calls for _, calls, _ in proofs)}


def _counted(spent: Spent, prefix: str = "") -> dict[str, int]:
    """For JSON."""
    return {f"{prefix}cycles": spent.cycles, f"{prefix}sum_cycles": spent.sums,
            f"{prefix}evaluation_cycles": spent.evaluation,
            f"{prefix}transform_cycles": spent.transforms, f"{prefix}check_cycles": spent.check}


class Report:
    """Turns the miner's events into a row a slot, and into a JSON line if `lines`."""

    def __init__(self, screen: Screen, device: str, lines: bool) -> None:
        self.screen, self._lines = screen, lines
        self._table = Table(screen, COLUMNS, notes="notes")
        self._table.widen("device", device)
        self._slot: SlotReport | None = None
        self._proof: AnyResult | None = None
        self._epochs: tuple[int, int] | None = None

    def proven(self, result: "AnyResult") -> None:
        """The proof of the slot at hand is there, a `ProofResult`."""
        self._proof = result

    def event(self, **fields: object) -> None:
        """One JSON line, where they were asked for."""
        if self._lines:
            print(json.dumps(fields), flush=True)

    def __call__(self, event: "Event") -> None:
        from proofmill.host.network.consensus.miner import (
            CertificateChanged,
            ProofJudged,
            ProofMade,
            RewardChanged,
            SlotPassed,
        )

        match event:
            case SlotPassed(report=report, proving=proving):
                self.flush()
                self._slot, self._proof = report, None
                self._proving, self._verdict, self._wei = proving, "", 0
                self._seconds: float | None = None
                self._notes: list[str] = []
                self._credits: dict[str, list[int]] = {}
                epochs = (report.justified_epoch, report.finalized_epoch)
                if epochs != self._epochs:
                    self._epochs = epochs
                    self._notes.append("justified {}, finalised {}".format(*epochs))
            case RewardChanged(credit=credit):
                self._reward_changed(credit)
            case CertificateChanged(reward=reward):
                self._certificate_changed(reward)
            case ProofMade(seconds=seconds, valid=valid):
                self._seconds = seconds
                if not valid:
                    self._verdict = "invalid"
            case ProofJudged(verdict=verdict, wei=wei):
                self._verdict = "accepted" if verdict.accepted else "refused"
                self._wei = wei
                if verdict.reason:
                    self._notes.append(verdict.reason)
                self.flush()

    def _reward_changed(self, credit: "Credit") -> None:
        from proofmill.host.network.consensus.records import Status

        if credit.status is Status.PENDING:
            self._notes.append(f"includes the proof of slot {credit.slot}")
        else:
            reason = f": {credit.reason}" if credit.reason else ""
            self._credits.setdefault(credit.status.value + reason, []).append(credit.slot)
        self.event(event="reward", slot=credit.slot, status=credit.status.value,
                   gwei=credit.wei // GWEI, reason=credit.reason)

    def _certificate_changed(self, reward: "CertificateReward") -> None:
        from proofmill.host.network.consensus.records import Status

        what = {Status.WAITING: f"certificate of epoch {reward.epoch} made",
                Status.PENDING: f"includes the certificate of epoch {reward.epoch}"}
        reason = f": {reward.reason}" if reward.reason else ""
        self._notes.append(what.get(reward.status, f"reward of the certificate of epoch "
                                                   f"{reward.epoch} {reward.status.value}{reason}"))
        self.event(event="certificate", epoch=reward.epoch, status=reward.status.value,
                   gwei=reward.wei // GWEI, reason=reward.reason)

    def flush(self) -> None:
        """Show the slot at hand. One whose proof is not there was stopped on the way to it."""
        if self._slot is None:
            return
        slot, proof = self._slot, self._proof
        self._slot = None
        verdict = self._verdict or ("stopped" if self._proving else None)
        device = proof.device if proof is not None else None
        fallback = proof is not None and not proof.calls_on_device
        spent = proof.spent if proof is not None else Spent()
        shares = spent.shares()
        gwei = self._wei // GWEI if verdict == "accepted" else None
        notes = [*self._notes, *(f"{_rewards(slots)} {what}"
                                 for what, slots in self._credits.items())]
        shown = f"{device} (fallback)" if fallback else device or "-"
        self._table.widen("device", shown)
        self._table.row(
            [slot.slot, slot.proposer, slot.transfers,
             shown, f"{spent.cycles:,}" if spent.cycles else "-",
             "-" if shares is None else f"{'/'.join(map(str, shares))} %",
             "-" if self._seconds is None else f"{self._seconds:.2f}", verdict or "-",
             "-" if gwei is None else f"{gwei:,}"], notes)
        self.event(event="slot", slot=slot.slot, proposer=slot.proposer, transfers=slot.transfers,
                   device=device, fallback=fallback, **_counted(spent),
                   seconds=None if self._seconds is None else round(self._seconds, 3),
                   verdict=verdict, reward_gwei=gwei, justified_epoch=slot.justified_epoch,
                   finalized_epoch=slot.finalized_epoch)


def as_record(summary: "Summary", totals: Totals, device: str, layer: JsonObject,
              seconds: float) -> JsonObject:
    """The summary as JSON; wei as text, being so large."""
    return {
        "blocks_asked": summary.blocks_asked, "blocks": summary.blocks, "slots": summary.slots,
        "finalized_epoch": summary.finalized_epoch, "proofs_made": summary.proofs_made,
        "proofs_included": summary.proofs_included, "proofs_rejected": summary.proofs_rejected,
        "device": device, **totals.of(summary.proofs_made), "layer1_gwei": summary.layer1_gwei,
        "layer2_gwei_matured": summary.layer2_matured_wei // GWEI,
        "layer2_gwei_pending": summary.layer2_pending_wei // GWEI,
        "layer2_gwei_includer": summary.layer2_includer_wei // GWEI, **layer,
        "balances_wei": {name: str(value) for name, value in summary.balances_wei.items()},
        "interrupted": summary.interrupted, "seconds": round(seconds, 3),
    }


def show_summary(screen: Screen, record: JsonObject, devices: Clocked, ended: str,
                 meanwhile: int = 0) -> None:
    """The summary in words. `ended`: how, where the run did not come to its end; `meanwhile`: as of
    `Totals`."""
    screen.line()
    if ended:
        screen.line(f"{ended}; so far:", style="bold")
    blocks, asked = record["blocks"], record["blocks_asked"]
    screen.line(f"blocks      {blocks}{f' of {asked}' if blocks != asked else ''} proven, "
                f"{record['slots']} slots, epoch {record['finalized_epoch']} final")
    screen.line(f"proofs      {record['proofs_made']} made, {record['proofs_included']} included, "
                f"{record['proofs_rejected']} rejected")
    if meanwhile:
        screen.line(f"meanwhile   {meanwhile} of {record['proofs_made']} proofs on cpu, while "
                    f"{record['device']} was being built")
    if record["device_failures"]:
        screen.line(f"fallback    {record['fallbacks'] - meanwhile} of {record['proofs_made']} "
                    f"proofs on cpu: "
                    f"{record['device']} failed {_times(record['device_failures'])} and answered "
                    f"again {_times(record['device_reopened'])}", style="yellow")
    screen.line(f"layer 1     {record['layer1_gwei']:,} gwei for staking, as without proving")
    includer = record["layer2_gwei_includer"]
    screen.line(f"layer 2     {record['layer2_gwei_matured']:,} gwei matured, "
                f"{record['layer2_gwei_pending']:,} pending, for proving"
                + (f"; {includer:,} for including proofs" if includer else ""))
    if "certificates" in record:
        certificates = record["certificates"]
        made = certificates["made"]
        screen.line(f"finality    {made} certificate{'' if made == 1 else 's'} made, by which "
                    f"epoch {certificates['justified_epoch']} is justified and epoch "
                    f"{certificates['final_epoch']} final: {certificates['gwei_matured']:,} "
                    f"gwei matured, {certificates['gwei_pending']:,} pending")
    screen.line(f"contract    {record['contracts']['rewards']} holds "
                f"{int(record['balances_wei']['reward']) // GWEI:,} gwei for "
                f"{record['reward_address']}")
    screen.line(f"verifier    {record['contracts']['verifier']} takes {record['proof_system']} "
                f"proofs: number {record['verifier_number']} of the registry "
                f"{record['contracts']['registry']}")
    if record["ledger"] is not None:
        ledger = record["ledger"]
        screen.line(f"ledger      {record['contracts']['ledger']} holds {ledger['units']:,} gwei: "
                    f"{ledger['in_tree']:,} of accounts, {ledger['waiting']:,} in the queue, "
                    f"{ledger['owed']:,} on their way out; it has the blocks up to slot "
                    f"{ledger['proven_slot']}, {ledger['unproven']} wait for proofs")
    if "witnesses" in record:
        seen = record["witnesses"]
        screen.line(f"witnesses   {seen['votes_told']} votes of more than half of a slot's "
                    f"validators told, {seen['votes_checked']} checked in "
                    f"{seen['checking_seconds']:.2f} s")
    if "delay" in record:
        delay = record["delay"]
        screen.line(f"delay       {delay['squarings']:,} squarings on each mix that draws: "
                    f"{delay['evaluated']} evaluated in {delay['evaluating_seconds']:.2f} s, "
                    f"{delay['checked']} proofs checked in {delay['checking_seconds']:.2f} s")
    _show_device(screen, record, devices)
    screen.line(f"time        {record['seconds']:.1f} s")


def _show_device(screen: Screen, record: JsonObject, devices: Clocked) -> None:
    """What the device did of the work, and the line to it; nothing where it did none."""
    clock_hz = devices.clock_hz or BOARD_HZ
    cycles, proofs = record["device_cycles"], record["proofs_made"] - record["fallbacks"]
    if record["device_failures"] or cycles:
        spent = Spent(*(record[f"device_{what}_cycles"] for what in (
            "sum", "evaluation", "transform", "check")))
        text = (f"{record['msm_calls_on_device']} of {record['msm_calls_total']} multi-scalar "
                f"multiplications, {spent.in_words()}")
        if proofs and cycles:
            text += (f": {cycles / proofs / clock_hz:.3f} s a proof on one board at "
                     f"{clock_hz / 1e6:g} MHz")
        screen.line(f"{record['device']:<11} {text}")
    carried = devices.carried()
    if carried is not None:
        bytes_carried, seconds, baud = carried
        text = f"{bytes_carried:,} bytes with the key's points"
        if record["device_failures"]:
            text += f" and what came of no use: {seconds:.3f} s at {baud:,} baud"
        elif proofs:
            text += (f": {seconds / proofs:.3f} s a proof at {baud:,} baud, scalars while the "
                     "board computes")
        screen.line(f"line        {text}")


def _rewards(slots: list[int]) -> str:
    if len(slots) == 1:
        return f"reward of slot {slots[0]}"
    return f"rewards of slots {', '.join(map(str, slots))}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
