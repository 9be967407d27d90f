"""Events in sentences, and from them the story of a job: what became of it, when, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.happenings import Value
from proofmill.host.network.node.states import State
from proofmill.host.network.operator.chain_file import ChainClock
from proofmill.host.network.operator.event_log import EventReader, LoggedEvent

OF_STATES: dict[State, str] = {
    State.SEEN: "its payload could be proven",
    State.ELIGIBLE: "the prover may prove it",
    State.ADMITTED: "it was taken on: by what was measured, this and all that was owed would be "
                    "in time",
    State.WITNESS: "its witness was computed",
    State.PROVING: "a device began to prove it",
    State.SELF_VERIFIED: "its proof was verified here",
    State.SIGNED: "its message was signed",
    State.BROADCAST: "its message was sent",
    State.INCLUDED: "a block pays for it",
    State.MATURED: "the reward was paid for good",
    State.STALE: "it was given up",
    State.ORPHANED: "the block that paid for it is off the chain",
    State.MISSED: "it was missed",
    State.HW_ERROR: "no device could do it",
}
"""What entering a state means, for the prover's operator."""

OF_WORKERS: dict[str, str] = {
    "came": "came", "gone": "is gone", "aside": "was put aside",
    "failed": "could not do a task"}
"""What happens to a worker on another machine."""

VERDICTS: dict[State, str] = {
    State.MATURED: "it was paid",
    State.INCLUDED: "it is paid as soon as its block is final",
    State.STALE: "nothing was lost by it: it was given up in time",
    State.MISSED: "it was missed, and where it was a duty, that costs the bond",
    State.HW_ERROR: "every device has failed at it; it is tried again while there is time",
}
"""What a job has come to that is in the state now; for all others, it goes on."""


def sentence(kind: str, fields: Mapping[str, Value]) -> str:
    """An event of a kind of `happenings.KINDS`, in words."""
    said = dict(fields)
    match kind:
        case "start":
            return f"the node started, with {said['blocks']} blocks of its own"
        case "end":
            return "the node ended" + (f": {said['reason']}" if said["reason"] else "")
        case "job":
            reason = f" ({said['reason']})" if said["reason"] else ""
            return f"{OF_STATES[State[str(said['state'])]]}{reason}"
        case "proof":
            cycles = f", {said['cycles']:,} cycles" if said["cycles"] else ""
            return f"{said['device']} made the proof in {float(said['seconds']):.2f} s{cycles}"
        case "fault":
            seconds = int(said["pause_ms"]) / 1000
            return (f"{said['device']} failed and was put aside for {seconds:g} s of chain time: "
                    f"{said['reason']}")
        case "matrices":
            reason = f": {said['reason']}" if said["reason"] else ""
            return f"{said['device'] or 'this processor'} multiplies models' matrices{reason}"
        case "reload":
            stays = f"; as before stay {said['stays']}" if said["stays"] else ""
            return f"the settings were read again: {said['taken'] or 'nothing changed'}{stays}"
        case "worker":
            return (f"worker {said['worker']} {OF_WORKERS[str(said['state'])]}: "
                    f"{said['reason']}")
        case "block":
            return "this node proposed a block"
        case "unsigned":
            return f"not sent: {said['reason']}"
        case "skipped":
            return (f"{said['steps']} steps of the clock were left out; the last one began "
                    f"{float(said['late_seconds']):.1f} s late")
        case "condition":
            way_out = "" if said["way_out"] == "nothing" else f"; {said['way_out']}"
            return f"the node was {said['condition']}: {said['reason']}{way_out}"
    raise AssertionError(f"no such kind of event: {kind}")


@dataclass(frozen=True)
class Line:
    """An event in a story. `chain_ms`: since the job's slot began; `own`: of the job, or of what
    happened to the node meanwhile."""

    unix_seconds: float
    chain_ms: int
    own: bool
    sentence: str


@dataclass(frozen=True)
class Story:
    """A job's story. `state`: its last."""

    job: str
    slot: int
    state: str
    verdict: str
    lines: tuple[Line, ...]


def find_job(log: EventReader, wanted: str) -> str:
    """The name of a job by its slot, its name or the beginning of that; `ProofmillError` where
    there is none, or there are several."""
    if wanted.isascii() and wanted.isdigit():
        found = log.jobs_of_slot(int(wanted[:18]))
        what = f"slot {wanted}"
    else:
        found = [wanted] if log.of_job(wanted) else log.jobs_like(wanted)
        what = f"{wanted!r}"
    if not found:
        raise ProofmillError(f"JOB {wanted}: the event log has no job of {what}; give a slot in "
                             "which this node could prove, or a job's name as in node.log")
    if len(found) > 1:
        raise ProofmillError(f"JOB {wanted}: there are {len(found)} jobs of {what}; give one of "
                             f"{', '.join(found)}")
    return found[0]


def story(log: EventReader, job: str, clock: ChainClock) -> Story:
    """What the log says of a job, and of the node while it was open."""
    own = log.of_job(job)
    states = [State[str(each.fields["state"])] for each in own if each.kind == "job"]
    slot = own[0].slot
    events = sorted([*own, *log.beside(own[0].sequence, own[-1].sequence)],
                    key=lambda each: each.sequence)

    def line(event: LoggedEvent) -> Line:
        return Line(event.unix_seconds, clock.chain_ms(event.unix_seconds) - slot * SLOT_MS,
                    "job" in event.fields, sentence(event.kind, event.fields))

    # Blocks of its own are nothing that happens to a job.
    return Story(job, slot, states[-1].name, VERDICTS.get(states[-1], "it goes on"),
                 tuple(line(each) for each in events if each.kind != "block"))
