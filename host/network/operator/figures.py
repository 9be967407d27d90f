"""The figures of a node: one table, from which every interface is made.

A figure is a number with a name, a unit and what it says, perhaps one for each device. Counters
follow from the event log alone (`Tally.take`), gauges are looked up in the node when a snapshot is
taken. `/metrics` and the miner API show the same snapshot, and have no figure that is not here.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from proofmill.host.network.node.happenings import Value
from proofmill.host.network.operator.conditions import Condition
from proofmill.host.network.operator.event_log import LoggedEvent

RECENT_SECONDS = 300.0
"""Over how long the recent rate of work is taken."""


class Kind(Enum):
    """How a figure moves: only up, from 0 at the node's start, or to any value."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True)
class Figure:
    """A figure. `label`: what there is one for each of, empty for a single one. `unit`: of the
    value. `summary`, `device` and `pool`: its key in the miner API's commands of that name, if any,
    where the value is divided by `divisor`; its own name is in the command ``stats``."""

    name: str
    kind: Kind
    unit: str
    what: str
    label: str = ""
    summary: str = ""
    device: str = ""
    pool: str = ""
    divisor: float = 1


MEGA = 1e6
COUNTER, GAUGE = Kind.COUNTER, Kind.GAUGE
FIGURES: dict[str, Figure] = {each.name: each for each in (
    Figure("uptime_seconds", GAUGE, "seconds", "since the node began", summary="Elapsed"),
    Figure("slot", GAUGE, "slots", "the slot by the clock, below 0 before genesis"),
    Figure("head_slot", GAUGE, "slots", "the slot of the head's block"),
    Figure("finalized_epoch", GAUGE, "epochs", "the last final epoch"),
    Figure("peers", GAUGE, "peers", "connected now"),
    Figure("peers_known", GAUGE, "peers", "that the settings name"),
    Figure("late_seconds", GAUGE, "seconds", "how late the last step of the clock began"),
    Figure("clock_ahead_seconds", GAUGE, "seconds",
           "how far this clock is ahead of the proposers', 0 where it is not known"),
    Figure("skipped_steps", COUNTER, "steps", "of the clock that were left out"),
    Figure("blocks_proposed", COUNTER, "blocks", "that this node's validators have proposed",
           summary="Found Blocks"),
    Figure("unsigned", COUNTER, "messages",
           "that slashing protection or the node's own check did not let out",
           summary="Discarded"),
    Figure("jobs_seen", COUNTER, "jobs", "payloads that could be proven", summary="Getworks",
           pool="Getworks"),
    Figure("proofs_accepted", COUNTER, "proofs", "that a block of the chain pays for",
           summary="Accepted", pool="Accepted"),
    Figure("proofs_rejected", COUNTER, "jobs", "that were owed and missed", summary="Rejected",
           pool="Rejected"),
    Figure("proofs_stale", COUNTER, "jobs", "given up: another was paid, or the branch was left",
           summary="Stale", pool="Stale"),
    Figure("proofs_matured", COUNTER, "proofs", "paid for good"),
    Figure("jobs_failed", COUNTER, "jobs", "that no device could do, each time",
           summary="Remote Failures", pool="Remote Failures"),
    Figure("accepted_per_minute", GAUGE, "proofs a minute", "accepted proofs over the uptime",
           summary="Utility"),
    Figure("proofs_made", COUNTER, "proofs", "made and verified", "device", device="Diff1 Work"),
    Figure("device_faults", COUNTER, "faults", "after which the device was put aside", "device",
           device="Hardware Errors"),
    Figure("device_put_aside", GAUGE, "0 or 1", "whether the device is left alone now", "device"),
    Figure("constraints_proven", COUNTER, "constraints", "in verified proofs", "device",
           device="Total MH", divisor=MEGA),
    Figure("constraints_per_second", GAUGE, "constraints a second", "proven, over the uptime",
           "device", device="MHS av", divisor=MEGA),
    Figure("recent_constraints_per_second", GAUGE, "constraints a second",
           f"proven, over the last {RECENT_SECONDS:.0f} seconds", "device", device="MHS 5m",
           divisor=MEGA),
    Figure("proving_seconds", COUNTER, "seconds", "that verified proofs took", "device"),
    Figure("last_proof_unix_seconds", GAUGE, "seconds since 1970",
           "when the last proof was made, 0 for none", "device", device="Last Share Time"),
    Figure("all_constraints_proven", COUNTER, "constraints", "in verified proofs of all devices",
           summary="Total MH", divisor=MEGA),
    Figure("all_constraints_per_second", GAUGE, "constraints a second",
           "proven on all devices, over the uptime", summary="MHS av", divisor=MEGA),
    Figure("all_recent_constraints_per_second", GAUGE, "constraints a second",
           f"the same, over the last {RECENT_SECONDS:.0f} seconds", summary="MHS 5m",
           divisor=MEGA),
    Figure("all_device_faults", COUNTER, "faults", "of all devices", summary="Hardware Errors"),
    Figure("workers", GAUGE, "workers", "other machines that are there to prove for this node"),
    Figure("workers_put_aside", GAUGE, "workers",
           "of which nothing is taken any more, after a wrong answer"),
    Figure("worker_tasks", GAUGE, "tasks", "that workers have been asked for and not answered"),
    Figure("condition", GAUGE, "0 or 1", "whether the node is in that state", "condition"),
)}
"""Every figure, by its name."""

OF_JOBS = {"SEEN": "jobs_seen", "INCLUDED": "proofs_accepted", "MISSED": "proofs_rejected",
           "STALE": "proofs_stale", "MATURED": "proofs_matured", "HW_ERROR": "jobs_failed"}
"""The counter of jobs that enter a state."""
OF_DEVICES = ("constraints_proven", "constraints_per_second", "recent_constraints_per_second",
              "device_faults")
"""Figures of each device whose sum is a figure as well, with ``all_`` before its name."""


@dataclass(frozen=True)
class Snapshot:
    """The figures at a moment. `values`: by figure, then by label ("" where there is none).

    `conditions`: the node's states, the gravest first; `about`: texts, such as the node's name;
    `events`: the latest, oldest first.
    """

    unix_seconds: float
    values: Mapping[str, Mapping[str, float]]
    conditions: tuple[Condition, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    events: tuple[LoggedEvent, ...] = ()

    def of(self, name: str, label: str = "") -> float:
        """One figure; 0 for a label that has none."""
        assert name in FIGURES, name
        return self.values.get(name, {}).get(label, 0)


class Tally:
    """The counters, as the events since the node's start leave them."""

    def __init__(self, devices: tuple[str, ...], now: float | None = None) -> None:
        """`devices`: their names, which are there from the start. `now`: Unix time."""
        self.start = time.time() if now is None else now
        self._devices = devices
        self._values: dict[str, dict[str, float]] = {
            figure.name: dict.fromkeys(devices if figure.label == "device" else
                                       ("",) if not figure.label else (), 0.0)
            for figure in FIGURES.values()}
        self._recent: deque[tuple[float, str, float]] = deque()

    def take(self, kind: str, fields: Mapping[str, Value], now: float) -> None:
        """Count an event."""
        match kind:
            case "job":
                if (name := OF_JOBS.get(str(fields["state"]))) is not None:
                    self._add(name)
            case "proof":
                device, constraints = str(fields["device"]), float(fields["constraints"])
                self._add("proofs_made", device)
                self._add("constraints_proven", device, constraints)
                self._add("proving_seconds", device, float(fields["seconds"]))
                self._values["last_proof_unix_seconds"][device] = now
                self._recent.append((now, device, constraints))
            case "fault":
                self._add("device_faults", str(fields["device"]))
            case "block":
                self._add("blocks_proposed")
            case "unsigned":
                self._add("unsigned")
            case "skipped":
                self._add("skipped_steps", "", float(fields["steps"]))

    def snapshot(
        self, gauges: Mapping[str, Mapping[str, float]], conditions: tuple[Condition, ...],
        about: Mapping[str, str], now: float, events: tuple[LoggedEvent, ...] = (),
    ) -> Snapshot:
        """All figures: the counters, what follows from them, and `gauges`; `events` as they are."""
        uptime = max(now - self.start, 1e-3)
        while self._recent and self._recent[0][0] < now - RECENT_SECONDS:
            self._recent.popleft()
        values = {name: dict(each) for name, each in self._values.items()}
        window = min(uptime, RECENT_SECONDS)
        for device, constraints in self._values["constraints_proven"].items():
            recent = sum(count for _, who, count in self._recent if who == device)
            values["constraints_per_second"][device] = constraints / uptime
            values["recent_constraints_per_second"][device] = recent / window
        for name in OF_DEVICES:
            values[f"all_{name}"][""] = sum(values[name].values(), 0.0)
        values["uptime_seconds"][""] = uptime
        values["accepted_per_minute"][""] = values["proofs_accepted"][""] * 60 / uptime
        for name, given in gauges.items():
            assert FIGURES[name].kind is GAUGE, name
            values[name] |= given
        return Snapshot(now, values, conditions, about, events)

    def _add(self, name: str, label: str = "", amount: float = 1) -> None:
        values = self._values[name]
        values[label] = values.get(label, 0) + amount
