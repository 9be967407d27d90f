"""A network that is divided, and votes that make it look so."""

from proofmill.host.network.economics.attacks.arena import Agent, Arena, Setting
from proofmill.host.network.economics.attacks.harm import Harm, Outcome
from proofmill.host.network.economics.attacks.measure import Attack
from proofmill.host.network.economics.attacks.theft import against
from proofmill.host.network.mechanism.parameters import Defences
from proofmill.host.network.mechanism.records import SlotRecord

CUT = range(43, 59)
"""Sixteen slots that begin and end within epochs."""


class Down(Agent):
    """Its devices make no proof for as long."""

    def delivers(self, record: SlotRecord, identity: int, stage: int) -> bool:
        return record.slot not in CUT


class Divider(Down):
    """Its validators vote for an older block meanwhile, so that the network looks divided and
    nobody pays."""

    votes_count = True

    def votes(self, slot: int) -> bool:
        return slot not in CUT


def _cut(defences: Defences, seed: int) -> Outcome:
    """What half of the honest provers are fined for the time when they are cut off.

    Whoever cuts them off has no part in the network, so there is nothing that it gains in it.
    """
    lost = []
    for cut in (CUT, range(0)):
        setting = Setting(share=1 / 9, failure_rate=0, cut=cut)
        net = Arena(setting, defences, seed, Agent())
        net.play()
        lost.append(net.fined())
    return Outcome(0.0, (lost[0] - lost[1]) / len(CUT))


def divider(share: float, defences: Defences, seed: int) -> float:
    """What a share of the stake earns by keeping its votes back while its devices are down: over so
    many slots that its reliability counts again in draws, with which most of it comes."""
    return against(Setting(share=share, honest=8, slots=160), Divider, Down, defences, seed)


HARMS = (
    Harm("cut network", "cut a part of the network off, so that its provers miss their duties",
         "nobody pays for a duty missed while a third of the stake voted for another branch",
         "half of the provers and validators, 16 slots; the victims: those provers, by their fines",
         ("divided_excused",), _cut),
)

LIMITS = (
    Attack(
        "votes kept back", "vote for an older block while one's own devices are down, so that the "
        "network looks divided",
        "the votes are not paid; up to a third of the stake it changes nothing",
        "40 % of the stake, devices down for 16 slots, rho 0.25",
        (), lambda defences, seed: divider(0.4, defences, seed), limit=True),
)
