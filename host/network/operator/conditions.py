"""What state a node is in: a name, a reason and what to do, for each there is.

A node may be in several at once; the first of `CONDITIONS` that holds is the gravest, and stands
for all where there is room for one. `conditions` follows from a `View` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proofmill.host.network.node.follower import SLOT_MS, SLOTS_PER_EPOCH

CONDITIONS: dict[str, str] = {
    "out of funds": "send ether to the account, or raise the bond; until then other provers are "
                    "paid for what this one could prove",
    "behind": "wait while it fetches what it missed; if it stays so, see the peers' addresses and "
              "this machine's network, load and clock",
    "device put aside": "look at the device's cable, power and log; it is tried again by itself, "
                        "and meanwhile the others of prover.devices work",
    "worker put aside": "look at that machine's memory, processor and who may get at it; to let "
                        "it in again, end the node and call `proofmill node let-in NAME`",
    "late": "end other work on this machine, use fewer validators, or a chain of longer slots",
    "refused": "use a faster device, or leave the job to others: a proof that comes too late costs "
               "the bond",
    "working": "nothing",
    "idle": "nothing",
}
"""Every state, the gravest first, and what to do about it."""

WELL = ("working", "idle")
"""States in which there is nothing to be done about the node."""
LATE_MS = SLOT_MS // 4
"""A step that begins later than this, in chain time, keeps the node from being heard in time."""
LATE_SLOTS = 2 * SLOTS_PER_EPOCH
"""For how many slots a late or skipped step is told."""
OLD_HEAD_SLOTS = 4
"""A head that is older than this has been left behind by the clock."""


@dataclass(frozen=True)
class View:
    """What is known of a node at a moment. Slots: `slot` by the clock, below 0 before genesis;
    `head_slot` of the head's block; `skipped_slot` in which a step was last left out, `late_slot`
    in which one was last late, `refused_slot` of the last job that was not admitted, -1 for never.

    `catching_up`: blocks are being fetched. `peers`: connected, of `peers_known`. `proving`: slots
    of the jobs that devices work on. `put_aside`: devices and their faults. `funds`: what is
    missing, empty for nothing. `workers_aside`: workers and what they did wrong.
    """

    slot: int = 0
    head_slot: int = 0
    catching_up: bool = False
    peers: int = 0
    peers_known: int = 0
    skipped_slot: int = -1
    late_slot: int = -1
    late_seconds: float = 0.0
    refused_slot: int = -1
    refused_reason: str = ""
    proving: tuple[int, ...] = ()
    put_aside: Mapping[str, str] = field(default_factory=dict)
    funds: str = ""
    prover: bool = True
    workers_aside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    """A state of a node: its name, why it is in it, and the way out."""

    name: str
    reason: str

    @property
    def way_out(self) -> str:
        """What to do."""
        return CONDITIONS[self.name]


def conditions(view: View) -> list[Condition]:
    """The states that a node is in, the gravest first; never none."""
    found: dict[str, str] = {}
    if view.slot < 0 and not view.head_slot:
        return [Condition("idle", f"the chain begins in {-view.slot} slots")]
    if view.funds:
        found["out of funds"] = view.funds
    if view.head_slot > view.slot + 1:
        found["behind"] = (f"its clock is at slot {view.slot}, and its latest block is of slot "
                           f"{view.head_slot}: the clock was set back")
    elif view.catching_up:
        found["behind"] = "blocks that it has missed are being fetched"
    elif view.peers_known and not view.peers:
        found["behind"] = f"none of its {view.peers_known} peers is connected"
    elif view.slot - view.head_slot > OLD_HEAD_SLOTS:
        found["behind"] = (f"its latest block is of slot {view.head_slot}, and the clock is at "
                           f"slot {view.slot}")
    if view.put_aside:
        found["device put aside"] = "; ".join(
            f"{name}: {fault}" for name, fault in sorted(view.put_aside.items()))
    if view.workers_aside:
        found["worker put aside"] = "; ".join(
            f"{name}: {fault}" for name, fault in sorted(view.workers_aside.items()))
    if 0 <= view.skipped_slot and view.slot - view.skipped_slot <= LATE_SLOTS:
        found["late"] = f"steps of slot {view.skipped_slot} were left out, their time was over"
    elif 0 <= view.late_slot and view.slot - view.late_slot <= LATE_SLOTS:
        found["late"] = (f"a step of slot {view.late_slot} began {view.late_seconds:.1f} s after "
                         "its time")
    if 0 <= view.refused_slot and view.slot - view.refused_slot <= LATE_SLOTS:
        found["refused"] = view.refused_reason
    if view.proving:
        found["working"] = f"proves slot {', '.join(map(str, sorted(view.proving)))}"
    elif not found:
        found["idle"] = ("no payload is its to prove now" if view.prover else
                         "it does not prove; its validators do their duties")
    return [Condition(name, found[name]) for name in CONDITIONS if name in found]
