"""Attacks by those who have a duty: not proving, censoring, rescuing oneself."""

from proofmill.host.network.economics.attacks.arena import BASE_GWEI, Agent, Entry, Setting
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.economics.attacks.theft import against
from proofmill.host.network.mechanism import rewards
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import SlotRecord

LIST_MEMBERS = 16
"""INCLUSION_LIST_COMMITTEE_SIZE of EIP-7805."""


class SelfRescuer(Agent):
    """As primary it waits whenever the whole committee is its own as well, so that no one else can
    earn the bounty."""

    def delivers(self, record: SlotRecord, identity: int, stage: int) -> bool:
        return stage != 1 or not set(record.assignment.committee) <= set(self.net.own)


class Withholder(Agent):
    """Does not prove as primary while rho is below what it wants."""

    def delivers(self, record: SlotRecord, identity: int, stage: int) -> bool:
        return self.net.ledger.rho > 0.9 * self.net.parameters.rho_max


class StealthyWithholder(Agent):
    """Withholds only slots whose whole committee is its own, so that nobody rescues them in time.
    """

    def delivers(self, record: SlotRecord, identity: int, stage: int) -> bool:
        drawn = {record.assignment.primary, *record.assignment.committee}
        return stage == 3 or not drawn <= set(self.net.own)


class Censor(Agent):
    """As proposer it leaves out a primary's proof when it sits in the committee itself, which
    rescues the slot as soon as stage 2 opens."""

    def wants(self, record: SlotRecord) -> bool:
        """Whether this slot is worth it."""
        return True

    def block(self, slot: int, entries: list[Entry]) -> list[Entry]:
        return [entry for entry in entries if not self._censors(entry)]

    def _censors(self, entry: Entry) -> bool:
        record = self.net.ledger.open.get(entry.proven_slot)
        if record is None or entry.submission.prover in self.net.own:
            return False
        drawn, own = record.assignment, set(self.net.own)
        return (drawn.primary not in own and bool(own & set(drawn.committee))
                and self.wants(record))


def _silent_lists(share: float) -> float:
    """What leaving proofs out earns at most: all members of a slot's inclusion list committee have
    to be one's own, `LIST_MEMBERS` draws, and then a slot brings no more than its proof."""
    parameters = Parameters()
    budget = rewards.budget(BASE_GWEI, parameters.rho_start)
    return share ** LIST_MEMBERS * rewards.most(parameters, budget)


class PatientCensor(Censor):
    """Censors only where it holds every proposer up to the rescue, which lookahead tells it."""

    def wants(self, record: SlotRecord) -> bool:
        last = record.slot + self.net.parameters.primary_blocks + 1
        return all(self.net.proposers[slot] in self.net.own
                   for slot in range(record.slot + 1, last + 1))


ATTACKS = (
    Attack(
        "miss and self-rescue", "miss as primary, rescue with another identity for the bounty",
        "the bounty is half of what the primary's own bond paid; a miss costs reliability",
        "40 % of the stake in 8 identities",
        ("bounty_from_bond", "reliability"),
        lambda defences, seed: against(
            Setting(share=0.4, identities=8, honest=12, slots=640), SelfRescuer, Agent, defences,
            seed)),
    Attack(
        "withholding to raise rho", "miss as primary while rho is low, so that it rises",
        "a miss costs a penalty and reliability; a slot that the committee rescues is covered",
        "a third of the stake in 6 identities, from rho = 0.1, 40 epochs",
        ("miss_penalty", "rescues_count", "reliability"),
        lambda defences, seed: against(
            Setting(share=1 / 3, identities=6, honest=12, slots=320, rho_start=100_000_000),
            Withholder, Agent, defences, seed)),
    Attack(
        "withholding unrescued slots", "miss only slots whose primary and committee are all own",
        "every one of them pays a penalty, and loses reliability",
        "a third of the stake in 6 identities, from rho = 0.25, 120 epochs",
        ("miss_penalty", "reliability"),
        lambda defences, seed: against(
            Setting(share=1 / 3, identities=6, honest=12, slots=960),
            StealthyWithholder, Agent, defences, seed)),
    Attack(
        "censoring proposer", "leave out the primary's proof and rescue the slot oneself",
        "the next proposer includes it, and then it goes before the rescuer's; witnesses had it",
        "10 % of stake and proposers, nobody fails",
        ("several_includers", "primary_first", "witnesses"),
        lambda defences, seed: against(
            Setting(share=0.1, slots=240, failure_rate=0), Censor, Agent, defences, seed)),
    Attack(
        "censoring a whole stage", "censor only where one holds every proposer up to the rescue",
        "layer 1: nobody builds on a payload that leaves out a proof on an inclusion list",
        "a third of stake and proposers, lookahead used, nobody fails",
        ("inclusion_lists",), lambda defences, seed: against(
            Setting(share=1 / 3, slots=240, failure_rate=0), PatientCensor, Agent, defences, seed),
        best=lambda: _silent_lists(1 / 3)),
)
