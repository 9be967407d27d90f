"""Who listens to a node: writes its events down, counts them, and takes figures at each step."""

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from proofmill.host.ground.closing import Closing
from proofmill.host.network.node.follower import ATTEST_MS
from proofmill.host.network.node.happenings import Value
from proofmill.host.network.node.states import State
from proofmill.host.network.operator.chain_view import ChainView, chain_view
from proofmill.host.network.operator.conditions import LATE_MS, WELL, Condition, View, conditions
from proofmill.host.network.operator.event_log import EventLog
from proofmill.host.network.operator.figures import Tally
from proofmill.host.network.operator.prepared import Prepared
from proofmill.host.network.operator.settings import stand_ins

if TYPE_CHECKING:
    from proofmill.host.network.operator.running import RunningNode

EVENTS = "events.sqlite"
"""The event log in a node's folder."""
SHOWN_EVENTS = 40
"""That a snapshot has, for people."""


class Watch(Closing):
    """The event log and the figures of one life of a node."""

    def __init__(
        self, prepared: Prepared, on_condition: Callable[[Condition], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`on_condition` hears of every other gravest state. `now`: Unix time."""
        setup = prepared.setup
        self._now, self._on_condition = now, on_condition or (lambda condition: None)
        self._devices = () if setup.prover is None else (
            *prepared.settings.prover.devices, *stand_ins(prepared.settings))
        self._log = EventLog(setup.folder / EVENTS)
        self._events = deque(self._log.latest(SHOWN_EVENTS), SHOWN_EVENTS)
        self._tally = Tally(self._devices, now())
        self._late_slot = self._skipped_slot = -1
        self._late_seconds = 0.0
        self._funds = ""
        self._about = {
            "name": setup.name, "chain": prepared.chain.name, "roles": " ".join(
                prepared.settings.node.roles), "validators": str(len(setup.own)),
            "prover": "" if setup.prover is None else str(setup.prover)}
        self._told = ""
        self.chain = ChainView()
        """The chain as of the last step, for the interface to other programs."""
        self.latest = self._tally.snapshot({}, (Condition("idle", "it starts"),), self._about,
                                           now())
        """The figures as of the last step."""

    def tell(self, kind: str, slot: int, fields: dict[str, Value]) -> None:
        """A `happenings.Tell`."""
        event = self._log.append(kind, slot, fields)
        self._events.append(event)
        self._tally.take(kind, fields, event.unix_seconds)
        if kind == "skipped":
            self._skipped_slot = slot

    def step(self, running: "RunningNode") -> None:
        """Take the figures, after a step of the clock."""
        node, clock, pace = running.node, running.prepared.chain.clock, running.pace
        assert node is not None and running.dialer is not None
        follower, prover = node.follower, node.prover
        if clock.scaled(max(pace.late_seconds, 1e-9)) > LATE_MS:
            self._late_slot, self._late_seconds = follower.slot, pace.late_seconds
        if running.prepared.settings.api.enabled:
            self.chain = chain_view(node, running.slot, self.chain)
        aside = prover.setup.prover.put_aside(follower.now_ms) if prover is not None else {}
        if prover is not None and follower.milliseconds >= ATTEST_MS:
            self._funds = prover.missing_funds()
        farm = running.prepared.workers.farm
        view = View(
            slot=running.slot,
            head_slot=int(follower.store.blocks[follower.head().root].slot),
            catching_up=node.catch_up.busy, peers=len(node.gossip.peers),
            peers_known=len(running.prepared.setup.peers), skipped_slot=self._skipped_slot,
            late_slot=self._late_slot, late_seconds=self._late_seconds,
            refused_slot=prover.refusal[0] if prover and prover.refusal else -1,
            refused_reason=prover.refusal[1] if prover and prover.refusal else "",
            proving=tuple(job.slot for job in node.jobs.unfinished()
                          if job.state in (State.WITNESS, State.PROVING)),
            put_aside=aside, funds=self._funds, prover=prover is not None,
            workers_aside=farm.aside() if farm else {})
        found = conditions(view)
        # From proof to proof a node is idle and working in turn: all is well.
        state = "" if found[0].name in WELL else found[0].name
        if state != self._told:
            self._told = state
            self.tell("condition", max(0, view.slot), {
                "condition": found[0].name, "reason": found[0].reason,
                "way_out": found[0].way_out})
            self._on_condition(found[0])
        self.latest = self._tally.snapshot({
            "slot": {"": view.slot}, "head_slot": {"": view.head_slot},
            "finalized_epoch": {"": follower.finalized_epoch}, "peers": {"": view.peers},
            "peers_known": {"": view.peers_known}, "late_seconds": {"": pace.late_seconds},
            "clock_ahead_seconds": {"": follower.clock.offset_ms / 1000},
            "workers": {"": len(farm.workers()) if farm else 0},
            "workers_put_aside": {"": len(farm.aside()) if farm else 0},
            "worker_tasks": {"": farm.waiting if farm else 0},
            "device_put_aside": {name: float(name in aside) for name in self._devices},
        }, tuple(found), self._about, self._now(), tuple(self._events))

    def close(self) -> None:
        """Give back the log."""
        self._log.close()
