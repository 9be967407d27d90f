"""Values of the mechanism to hold another implementation to, as one JSON document.

Every entry has what goes in and what must come out. Numbers are JSON numbers below 2^53 and
decimal text from there on; bytes are hexadecimal without a prefix. `history` is a run of some
slots: what happens in each, in the order of the block, and the whole state after it.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from random import Random

from proofmill.host.network.mechanism import (
    auction,
    bonds,
    controller,
    lottery,
    penalties,
    reliability,
    rewards,
    stages,
)
from proofmill.host.network.mechanism.division import Turn, divided_slots
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import Assignment, Ticket
from proofmill.host.network.mechanism.market_vectors import MARKET_TOPICS
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import Submission
from proofmill.host.network.mechanism.vector_cases import CASES, Case, Value, told, word

FORMAT = 2
_SEED = 20_260
_HISTORY_SLOTS = 64
_PROVERS = 6
_IN_TIME = (1.0, 1.0, 0.7, 0.2)
"""The share of primaries that prove at once, by epoch: rho falls, rises, and there is an outage."""
_DIVIDED = (35, 36, 37)
_DIVIDED_IS_SAID = range(38, 56)
"""When the network was divided, and in the blocks of which slots that is known and counts."""
_EXACT = 1 << 53
"""From here on a reader that keeps numbers as doubles would round."""


def vectors() -> Case:
    """The whole document; the same at every call."""
    parameters = Parameters()
    constants: Case = {field.name: getattr(parameters, field.name) for field in fields(parameters)
                       if field.name != "defences"}
    made: dict[str, Callable[[Parameters, Random], list[Case]]] = {
        "slot_seed": _slot_seeds, "assign": _assignments, "pick_from_batch": _batches,
        "stage": _stages, "reward": _rewards, "penalty": _penalties, "settle": _settlements,
        "controller": _controller, "reliability": _reliability, "division": _divisions,
        "bond": _bonds, **MARKET_TOPICS,
        "history": _history, "history_with_witnesses": _witnessed_history,
    }
    # Each topic has numbers of its own, so that a new case changes no other topic's.
    topics: Case = {name: [_exact(case) for case in make(parameters, Random(f"{_SEED} {name}"))]
                    for name, make in made.items()}
    return {"format": FORMAT, "constants": constants, "values": topics}


def _exact(value: Value) -> Value:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if value < _EXACT else str(value)
    if isinstance(value, list):
        return [_exact(one) for one in value]
    return {name: _exact(one) for name, one in value.items()}


def _tickets(rng: Random, heaviest: int = 10**14) -> list[Ticket]:
    """Ascending identities; some weigh nothing."""
    identities = sorted(rng.sample(range(1, 100), rng.randint(1, 9)))
    return [Ticket(one, rng.choice((0, rng.randrange(heaviest)))) for one in identities]


def _slot_seeds(parameters: Parameters, rng: Random) -> list[Case]:
    pairs = [(bytes(range(32)), 7), (bytes(32), 0)]
    pairs += [(word(rng), rng.randrange(1 << 40)) for _ in range(CASES)]
    return [{"mix": mix.hex(), "slot": slot, "seed": lottery.slot_seed(mix, slot).hex()}
            for mix, slot in pairs]


def _assignments(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(CASES):
        seed, tickets = word(rng), _tickets(rng)
        proposer = rng.choice([None, *(ticket.prover for ticket in tickets)])
        drawn = lottery.assign(seed, tickets, parameters.committee_size, proposer)
        cases.append({"seed": seed.hex(), "tickets": told(tickets), "proposer": proposer,
                      "primary": drawn.primary, "committee": list(drawn.committee)})
    return cases


def _batches(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(CASES):
        mix, root, tickets = word(rng), word(rng), _tickets(rng)
        primary = rng.choice([None, 100, tickets[0].prover])
        seed = lottery.batch_seed(mix, root, 0)
        cases.append({"mix": mix.hex(), "payload_root": root.hex(), "proof_type": 0,
                      "tickets": told(tickets), "primary": primary, "seed": seed.hex(),
                      "winner": lottery.pick_from_batch(seed, tickets, primary)})
    return cases


def _stages(parameters: Parameters, rng: Random) -> list[Case]:
    assignment, bonded = Assignment(1, (2, 3)), [1, 2, 3, 4]
    return [{"delay": delay, "stage": int(stages.stage_of(parameters, delay)),
             "primary": 1, "committee": [2, 3], "bonded": [1, 2, 3, 4],
             "may_prove": [one for one in range(1, 6)
                           if stages.may_prove(parameters, assignment, one, delay, bonded)]}
            for delay in range(1, parameters.window_blocks + 2)]


def _rewards(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for delay in range(1, parameters.window_blocks + 2):
        base, rho = rng.randrange(10**9), rng.randint(parameters.rho_min, parameters.rho_max)
        used, target = rng.randrange(10**6), rng.randint(1, 10**6)
        load = rewards.load_bps(parameters, used, target)
        budget = rewards.budget(base, rho, load)
        prover, includer = rewards.split(parameters, budget, delay)
        cases.append({"base": base, "rho": rho, "used": used, "target": target, "load": load,
                      "budget": budget, "delay": delay,
                      "decay": rewards.decay_bps(parameters, delay),
                      "prover": prover, "includer": includer})
    return cases


def _penalties(parameters: Parameters, rng: Random) -> list[Case]:
    return [{"budget": budget, "primary": penalties.primary_penalty(parameters, budget),
             "committee": penalties.committee_penalty(parameters, budget),
             "invalid": penalties.invalid_penalty(parameters, budget)}
            for budget in (0, 1, 7, *(rng.randrange(10**12) for _ in range(CASES)))]


def _settlements(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for penalty in (0, 1, 3, *(rng.randrange(10**12) for _ in range(3))):
        for outage in (False, True):
            for rescued in (False, True):
                done = penalties.settle(parameters, penalty, outage, rescued)
                cases.append({"penalty": penalty, "outage": outage, "rescued": rescued,
                              "burned": done.burned, "bounty": done.bounty, "kept": done.kept})
    return cases


def _controller(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for slots in (0, 1, *([parameters.slots_per_epoch] * CASES)):
        proven = rng.randint(0, slots)
        rho = rng.randint(parameters.rho_min, parameters.rho_max)
        coverage = controller.coverage_bps(proven, slots)
        cases.append({"proven": proven, "slots": slots, "coverage": coverage, "rho": rho,
                      "next_rho": controller.next_rho(parameters, rho, coverage)})
    return cases


def _reliability(parameters: Parameters, rng: Random) -> list[Case]:
    return [{"reliability": q, "kept": reliability.kept(parameters, q),
             "missed": reliability.missed(parameters, q), "idle": reliability.idle(parameters, q),
             "forgiven_of_4000": reliability.forgiven(q, 4_000),
             "declined": auction.declined(parameters, q)}
            for q in (1_000, 3_000, 10_000, *(rng.randint(1_000, 10_000) for _ in range(CASES)))]


def _divisions(parameters: Parameters, rng: Random) -> list[Case]:
    """Three epochs of 16 validators, of which some vote elsewhere for a while."""
    per_epoch, validators = parameters.slots_per_epoch, range(16)
    each = len(validators) // per_epoch
    cases: list[Case] = []
    for away, first, last in ((5, 0, 24), (6, 4, 8), (6, 4, 20), (8, 9, 17), (16, 20, 24)):
        turns = {}
        for slot in range(3 * per_epoch):
            if slot % per_epoch == 0:
                order = rng.sample(validators, len(validators))
            members = order[slot % per_epoch * each:(slot % per_epoch + 1) * each]
            turns[slot] = Turn(members, [one for one in members
                                         if one >= away or not first <= slot < last])
        stake = {one: 32 for one in validators}
        cases.append({
            "turns": [[slot, list(turn.members), list(turn.voters)]
                      for slot, turn in turns.items()],
            "stake": [[one, held] for one, held in stake.items()],
            "divided": list(sorted(divided_slots(turns, stake, per_epoch)))})
    return cases


def _bonds(parameters: Parameters, rng: Random) -> list[Case]:
    cases: list[Case] = []
    for _ in range(CASES):
        budget, epoch = rng.randrange(10**12), rng.randrange(10**6)
        open_penalties = [rng.randrange(10**10) for _ in range(rng.randrange(4))]
        new = rng.randrange(10**10)
        cases.append({
            "largest_budget": budget, "minimum_bond": bonds.minimum_bond(parameters, budget),
            "open_penalties": list(open_penalties), "new": new,
            "required": bonds.required_bond(parameters, [*open_penalties, new]),
            "request_epoch": epoch,
            "withdrawable_epoch": bonds.withdrawable_epoch(parameters, epoch)})
    return cases


def _witnessed_history(parameters: Parameters, rng: Random) -> list[Case]:
    """As `_history`, where layer 1's witnesses count."""
    return _history(replace(parameters, defences=replace(
        parameters.defences, witnesses=True)), rng)


def _history(parameters: Parameters, rng: Random) -> list[Case]:
    """A case a slot: `join` before the first, then blocks with proofs and finality behind."""
    base = 10**9
    minimum = bonds.minimum_bond(parameters, rewards.largest_budget(parameters, base))
    ledger = RewardLedger(parameters, minimum)
    joined: list[Value] = []
    for prover in range(1, _PROVERS + 1):
        bond, delegated = minimum * rng.randint(1, 3), rng.choice((0, minimum // 2))
        ledger.join(prover, bond, delegated)
        joined.append([prover, bond, delegated])
    cases: list[Case] = [{"minimum_bond": minimum, "join": joined}]
    for slot in range(_HISTORY_SLOTS):
        cases.append(_one_slot(ledger, rng, base, slot))
    return cases


def _tell(ledger: RewardLedger, rng: Random, slot: int) -> list[Value]:
    """What the block of a slot says of witnesses, before all else: (slot, proven slot, prover)."""
    said: list[Value] = []
    for earlier in sorted(ledger.open):
        record = ledger.open[earlier]
        for prover in record.assignment.drawn:
            if rng.random() < 0.05:
                of = rng.randint(earlier, min(slot - 1, earlier + 5))
                ledger.witness(of, earlier, prover)
                said.append([of, earlier, prover])
    return said


def _one_slot(ledger: RewardLedger, rng: Random, base: int, slot: int) -> Case:
    per_epoch = ledger.parameters.slots_per_epoch
    case: Case = {"slot": slot}
    told = ledger.parameters.defences.witnesses
    if rng.random() < (0.75 if told else 0.9):    # else the slot has no block
        if told:
            case["witnessed"] = _tell(ledger, rng, slot)
        root, mix = word(rng), word(rng)
        proposer = rng.choice((None, rng.randint(1, _PROVERS)))
        record = ledger.open_slot(slot, root, mix, base, proposer=proposer)
        case["open"] = {"root": root.hex(), "mix": mix.hex(), "base": base, "proposer": proposer,
                        "budget": record.budget, "primary": record.assignment.primary,
                        "committee": list(record.assignment.committee),
                        "passed_over": list(record.passed_over)}
        proofs: list[Value] = []
        for earlier in sorted(one for one in ledger.open if one < slot):
            primary = ledger.open[earlier].assignment.primary
            signers = rng.sample(range(1, _PROVERS + 1), 2) if rng.random() < 0.3 else []
            if primary is not None and rng.random() < _IN_TIME[slot // per_epoch % len(_IN_TIME)]:
                signers.insert(0, primary)
            for prover in signers:
                sound, includer = rng.random() < 0.97, rng.randint(1, _PROVERS)
                submission = Submission(ledger.open[earlier].key, prover, word(rng), prover, sound)
                refused = ledger.include(slot, includer, earlier, submission)
                proofs.append({"proven_slot": earlier, "prover": prover, "includer": includer,
                               "verifies": sound, "counts": not refused})
        case["proofs"] = proofs
        next_mix = word(rng)
        ledger.divided = frozenset(_DIVIDED if slot in _DIVIDED_IS_SAID else ())
        ledger.close_slot(slot, next_mix)
        case["next_mix"] = next_mix.hex()
        case["divided"] = list(_DIVIDED) if slot in _DIVIDED_IS_SAID else []
    if slot % per_epoch == 0 and slot >= 2 * per_epoch:
        final = slot - 2 * per_epoch
        ledger.finalise(final)
        case["finalised"] = final
    totals = ledger.totals
    case["after"] = {
        "rho": ledger.rho, "settled_epochs": ledger.settled_epochs,
        "taken": totals.taken, "burned": totals.burned, "bounties": totals.bounties,
        "given_back": totals.kept, "credited": totals.credited, "matured": totals.matured,
        "provers": [[one.identity, one.bond, one.reliability, one.liabilities,
                     ledger.earned.get(one.identity, 0), ledger.included.get(one.identity, 0)]
                    for one in ledger.provers.values()]}
    return case
