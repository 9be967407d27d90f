"""Measured attacks as text, as data and as the document docs/attacks.md."""

from collections.abc import Sequence

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.economics.attacks.arena import (
    BASE_GWEI,
    BLOCK_CHECKS,
    BLOCK_REWARD_GWEI,
    PROOF_COST_GWEI,
    TRANSACTION_COST_GWEI,
    WITNESSES,
)
from proofmill.host.network.economics.attacks.duties import LIST_MEMBERS
from proofmill.host.network.economics.attacks.empty_slots import (
    LATE_PERCENT,
    claimed_at_most,
    saved_at_most,
)
from proofmill.host.network.economics.attacks.harm import Damage, Harm, Measured
from proofmill.host.network.economics.attacks.measure import (
    SEEDS,
    Attack,
    MeasuredAttack,
    Profit,
)
from proofmill.host.network.economics.attacks.optimal import DELAYS, SHARES, SLOTS, Optimum
from proofmill.host.network.mechanism import rewards
from proofmill.host.network.mechanism.parameters import BILLION, Parameters

DASH = "—"
MEMBERS = LIST_MEMBERS, 64, 128, WITNESSES
RHOS = Parameters().rho_start, Parameters().rho_min


def gwei(profit: Profit) -> str:
    """``mean ± half of the interval``, whole gwei; never a negative zero."""
    return f"{round(profit.mean):,} ± {round(profit.half_width):,}"


def as_data(result: MeasuredAttack) -> JsonObject:
    """A result for JSON; profits in gwei a slot."""
    attack = result.attack
    found: JsonObject = {
        "attack": attack.name, "what": attack.what, "setting": attack.setting,
        "defence": attack.defence, "switches": list(attack.defences), "limit": attack.limit,
        "seeds": SEEDS, "profit_gwei_per_slot": _interval(result.protected)}
    if result.unprotected is not None:
        found["profit_without_defence_gwei_per_slot"] = _interval(result.unprotected)
    if attack.best is not None:
        found["best_play_gwei_per_slot"] = attack.best()
    return found


def _interval(profit: Profit) -> dict[str, float]:
    return {"mean": profit.mean, "lower": profit.lower, "upper": profit.upper}


def harm_as_data(result: Measured) -> JsonObject:
    """A result for JSON; gwei a job or slot."""
    def told(damage: Damage) -> JsonObject:
        return {"gain": _interval(damage.gain), "loss": _interval(damage.loss)}

    harm = result.harm
    return {"attack": harm.name, "what": harm.what, "setting": harm.setting,
            "defence": harm.defence, "switches": list(harm.defences), "seeds": SEEDS,
            "with_defence_gwei": told(result.protected),
            "without_defence_gwei": told(result.unprotected)}


def table_row(result: MeasuredAttack | Measured) -> str:
    """A line of the document's table."""
    if isinstance(result, Measured):
        harm, best = result.harm, DASH
        switches = ticked(harm.defences)
        on, off = ((gwei(damage.gain), gwei(damage.loss))
                   for damage in (result.protected, result.unprotected))
        what: Attack | Harm = harm
    else:
        what, best = result.attack, best_play_of(result.attack)
        switches = ticked(what.defences)
        on = gwei(result.protected), DASH
        off = DASH if result.unprotected is None else gwei(result.unprotected), DASH
    defence = f"{what.defence} ({switches})" if switches else what.defence
    return (f"| **{what.name}**: {what.what} | {what.setting} | {defence} "
            f"| {on[0]} | {best} | {on[1]} | {off[0]} | {off[1]} |")


def ticked(switches: Sequence[str]) -> str:
    """Names of switches, as code."""
    return ", ".join(f"`{name}`" for name in switches)


def best_play_of(attack: Attack) -> str:
    """What the best play brings at most, with the defences; a dash where it is not known."""
    return DASH if attack.best is None else f"{attack.best():,.0f}"


def claimed_row(share: float) -> str:
    """A line of the document's table of witnesses."""
    found = (claimed_at_most(share, RHOS[0], members) for members in MEMBERS)
    return f"| {share:.0%} | " + " | ".join(f"{one:,.0f}" for one in found) + " |"


def late_row(share: float) -> str:
    """A line of the document's table of late provers."""
    found = (saved_at_most(share, rho, cost) for rho in RHOS for cost in (BLOCK_REWARD_GWEI, 0))
    return f"| {share:.0%} | " + " | ".join(f"{one:,.0f}" for one in found) + " |"


def best_row(best: Optimum) -> str:
    """A line of the document's table of the best play."""
    first, floor = best.added
    delayed = " | ".join(f"{one:,.0f}" for one in best.delayed)
    return (f"| {best.first.share:.0%} | {100 * best.proposals.best:.3f} | {best.first.gain:,.0f} "
            f"| {first:,.0f} | {floor:,.0f} | {delayed} |")


def best_as_data(best: Optimum) -> JsonObject:
    """The best play for JSON; gains in gwei a slot."""
    first, floor = best.added
    return {"share": best.first.share, "proposals": best.proposals.best,
            "gain_of_layer_1": best.first.gain, "added_at_first_rho": first,
            "added_at_floor": floor,
            "added_with_delay": {str(slots): added for slots, added in zip(
                DELAYS, best.delayed, strict=True)}}


def markdown(
    attacks: Sequence[MeasuredAttack], limits: Sequence[MeasuredAttack],
    harms: Sequence[Measured], best: Sequence[Optimum],
) -> str:
    """The whole of docs/attacks.md."""
    parameters = Parameters()
    budget = rewards.budget(BASE_GWEI, parameters.rho_start)
    rows: list[MeasuredAttack | Measured] = [*attacks, *harms, *limits]
    lines = [
        "# Attacks on the second layer, played and measured",
        "",
        "Made by `proofmill attacks --markdown > docs/attacks.md`; a test compares the two.",
        "",
        ("Every attack is played on the mechanism of [protocol.md](protocol.md), slot by slot, "
        "against honest provers. A profit is what the attack earns **over honest play** on the "
        "same luck (same mixes, same proposers, same failures), in gwei a slot: the mean over "
        f"{SEEDS} seeds and its 95 % interval. For scale: a proof in time earns "
        f"{rewards.most(parameters, budget):,} gwei at the first rho, proving costs "
        f"{PROOF_COST_GWEI:,}, any other transaction {TRANSACTION_COST_GWEI:,}; a block has room "
        f"to verify {BLOCK_CHECKS} proofs. Each defence is a switch of `Defences` in "
        "`host/network/mechanism/parameters.py`; the last column plays the same attack with the "
        "row's switches off and all others on. A victim's loss is over what it would have without "
        "the attack, for attacks that want damage; gain and loss are a job's or a slot's there, "
        "and each is also played against the contracts (`tests/host/network/contracts`). The best "
        "play is the most that anybody can earn by such an attack in this setting with the "
        "defences on, where it is known; the others are one play each. Unless the attack is on the "
        "draw itself, the luck of the draws is left out of a profit, which narrows the interval "
        "and does not move its middle. The last row pays in spite of every defence, above a third "
        "of the stake."),
        "",
        ("| attack | setting | defence (switches) | profit | best play, at most | victim's loss "
        "| profit without the defence | victim's loss without |"),
        "|---|---|---|---:|---:|---:|---:|---:|",
        *map(table_row, rows),
        "",
        ("But for the last row no interval of a profit reaches above 0 with the defences, and who "
        "wants damage loses at least what its victim does. Without its own defence every attack "
        "pays, or costs its victim more than itself."),
        "",
        ("Three defences are layer 1's, each of which the local chain has where it is asked for, "
        "by `mine --inclusion-lists`, `--delay` and `--witnesses`. `inclusion_lists` is EIP-7805, "
        "of the specification's fork Heze: a proof is listed once a block could have had it, and "
        "a payload without it is not built on; its proposer keeps what layer 1 pays for the "
        "beacon block. That pays only where all 16 members of a slot's list committee are one's "
        "own. A test has three proposers in a row leave a proof out there "
        "(`tests/host/network/consensus/test_heze.py`). `delayed_mix` is a delay function on the "
        "mix before it draws, with proofs that every payload is checked for "
        "([how](protocol.md#15-the-delay-function-on-the-mix)); who leaves blocks out can but "
        "guess. The best play there is with a machine that needs three quarters of an epoch for "
        "it: what is left of it comes from layer 1's own draw of proposers, each of whom is paid "
        "for a proof, too (below). `witnesses` are a slot's validators, who sign whose proofs "
        "they have when three quarters of it are over; payloads carry their votes "
        "([how](protocol.md#16-witnesses-of-proofs)). A test leaves a late prover's own slot "
        "empty there, and a stranger's before a proof that was there "
        "(`tests/host/network/second_layer/test_witnessed_proofs.py`). A chain without "
        "`witnesses` counts blocks, and has what the last columns say of **own empty slot** and "
        "**payload kept back**."),
        "",
        ("That a copied, a re-randomised or a re-signed proof does not verify is also tested with "
        "real Groth16 proofs on the specification's own `process_execution_proof` "
        "(`tests/host/network/consensus/test_proofs.py`, "
        "`tests/host/network/economics/test_real_proofs.py`), and that a reward is lost "
        "with its branch on the specification's fork choice "
        "(`tests/host/network/contracts/test_rewards.py`)."),
        "",
        "## What pays in spite of every defence",
        "",
        ("**Votes kept back** begins above a third of the stake: up to there the network does not "
        "look divided, and a test has it lose at 20 % and at a third."),
        "",
        "### Without witnesses",
        "",
        ("**Own empty slot** and **payload kept back** pay at every share then. Windows count "
        "blocks, so a prover whose proof will be late has one more slot for it where it leaves its "
        "own empty, or keeps its payload back. The table bounds what that brings, gwei a slot, "
        f"where {LATE_PERCENT} of 100 proofs are late by a slot: fine, reward and reliability of "
        "every late duty that a slot of its own can save (`saved_at_most` in "
        "`host/network/economics/attacks/empty_slots.py`)."),
        "",
        "| share of stake and proposers | " + " | ".join(
            f"{what} at rho {rho / BILLION}" for rho in RHOS
            for what in ("own empty slot", "payload kept back")) + " |",
        "|---:|---:|---:|---:|---:|",
        *map(late_row, SHARES),
        "",
        ("No rule that sees blocks alone closes both this and **empty slots**. A late prover's own "
        "empty slot, and a stranger's empty slot before a proof that was ready, look the same on "
        "the chain: no block, then the proof. What a rule lets the one save it lets the other not "
        "lose, and the two add up to the fine. Counting slots, with `blocks_count` off as well, "
        "leaves the late prover nothing to gain, and then fines whoever's proof a stranger's empty "
        "slot kept out (last column of **empty slots**). What tells the two apart is a witness of "
        "when a proof was there."),
        "",
        "### With witnesses",
        "",
        ("A proof's delay is in slots, to the first in which more than half of the slot's "
        "witnesses have it, or to its block if that is earlier. Slots without a block are in "
        "neither, so they save a late proof nothing and cost a proof that was there nothing. A "
        "block that leaves out what witnesses said is not the last word: until an epoch is "
        "settled, which takes as many blocks as the window has, the next ones say it, and what was "
        f"taken comes back. All of the table is played with {WITNESSES} witnesses a slot drawn by "
        "stake, of which the attacker's say what serves it and 5 of 100 others nothing."),
        "",
        ("The bound: at any slots left empty, a late proof is in time only where a majority of "
        "witnesses that do not have it says so in one of the W1 + 1 slots up to the end of its "
        "stage. Who has a share of the stake has that majority by the binomial distribution "
        "(`claimed_at_most`); gwei a slot at rho 0.25, where nothing else of the attack costs:"),
        "",
        "| share of stake | " + " | ".join(f"{members} witnesses" for members in MEMBERS) + " |",
        "|---:|" + "---:|" * len(MEMBERS),
        *map(claimed_row, SHARES),
        "",
        (f"{LIST_MEMBERS} is what a slot's inclusion lists have (EIP-7805), {WITNESSES} the "
        "payload timeliness committee of Gloas. So the lists alone would leave something to "
        f"whoever has a tenth of the stake or more, and {WITNESSES} leave less than a gwei to a "
        "third. Here all the members of a slot's beacon committees witness, a part of all "
        "validators for each slot of an epoch: tens of thousands on Ethereum, and 8 on the local "
        "chain of 64 validators, too few to rely on. No rule of this kind ends it above half: "
        "there the attacker is the majority."),
        "",
        ("**RANDAO skip** with `delayed_mix` has a best play above 0 at every share, bounded in "
        "the last two columns below; the plays of the table's rows lose."),
        "",
        "### The best play with the mix",
        "",
        ("Any set of the blocks at an epoch's end can be left out. This is the most that anybody "
        "can have by it, computed and not played (`host/network/economics/published/mix.py`, after "
        f"Alpturer and Weinberg, AFT 2024), with {SLOTS} slots an epoch: on the first layer alone, "
        "which has this fault by itself, and what the second layer adds to it, in gwei a slot."),
        "",
        ("| share of stake, proposers, bonds | proposals in 100 slots, layer 1 alone | gain on "
        "layer 1 alone | added by layer 2 without `delayed_mix` at rho 0.25 | at rho 0.02 | "
        + " | ".join(f"with it at rho 0.25, {slots} slots" for slots in DELAYS) + " |"),
        "|---:|---:|---:|---:|---:|---:|---:|",
        *map(best_row, best),
        "",
        ("The last two columns are bounds where the adversary's machine needs so many slots for "
        "the delay function: to know what it chooses it needs a tail of more slots than that. Some "
        "gain is left at every share, as it is on layer 1: while that draws proposers by the mix "
        "as it is, leaving blocks out brings more proposals, and each an includer's share."),
        "",
        ("All of it shrinks with rho, which falls by itself to its floor while blocks are proven "
        "in time. Not played, because nothing of it is in the mechanism: a trusted setup's toxic "
        "waste, blocks that are too hard to prove (the load factor is bounded, the circuit's size "
        "is fixed), and cheating in a pool."),
        "",
    ]
    return "\n".join(lines)
