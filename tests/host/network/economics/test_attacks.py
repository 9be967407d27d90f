"""Every attack: not worth it with its defence, worth it without; and the document says the same."""

from functools import cache
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.economics.attacks.arena import (
    BLOCK_REWARD_GWEI,
    WITNESSES,
    Agent,
    Arena,
    Setting,
)
from proofmill.host.network.economics.attacks.catalogue import ATTACKS, HARMS, LIMITS
from proofmill.host.network.economics.attacks.divided import divider
from proofmill.host.network.economics.attacks.duties import LIST_MEMBERS, Censor, StealthyWithholder
from proofmill.host.network.economics.attacks.empty_slots import (
    Claimer,
    Late,
    LateEmptier,
    PayloadEmptier,
    PayloadKeeper,
    claimed_at_most,
    emptied,
    late_emptier,
    majority,
    saved_at_most,
)
from proofmill.host.network.economics.attacks.harm import Harm, Measured, Outcome, measure_harm
from proofmill.host.network.economics.attacks.measure import (
    EVERY,
    SEEDS,
    Attack,
    MeasuredAttack,
    Profit,
    measure,
    profit,
)
from proofmill.host.network.economics.attacks.optimal import delayed, optima
from proofmill.host.network.economics.attacks.report import gwei, markdown
from proofmill.host.network.economics.attacks.theft import ATTACKS as THEFT
from proofmill.host.network.economics.attacks.theft import Copier, against
from proofmill.host.network.mechanism.invariants import attack_does_not_pay
from proofmill.host.network.mechanism.parameters import DEFENCES, Defences, Parameters

DOCUMENT = Path(__file__).parents[4] / "docs" / "attacks.md"


@cache
def measured(attack: Attack) -> MeasuredAttack:
    return measure(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_does_not_pay_and_would_without_its_defence(attack: Attack) -> None:
    result = measured(attack)
    attack_does_not_pay(attack.name, result.protected.upper)
    assert result.unprotected is not None
    assert result.unprotected.lower > 0, "the attack must succeed once its defence is off"


@cache
def measured_harm(harm: Harm) -> Measured:
    return measure_harm(harm)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.name)
def test_an_attack_costs_its_attacker_more_than_its_victim(harm: Harm) -> None:
    result = measured_harm(harm)
    assert not result.protected.pays, result.protected
    off = result.unprotected
    assert off.gain.lower > 0 or off.loss.lower > -off.gain.lower, off


def test_an_attack_on_a_defence_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="luck"):
        Harm("x", "", "", "", ("luck",), lambda defences, seed: Outcome(0, 0))


def test_to_leave_one_s_own_slot_empty_loses_at_the_floor_of_rho() -> None:
    floor = Parameters().rho_min
    assert profit([late_emptier(floor, Defences(), seed) for seed in range(SEEDS)]).upper < 0


def test_to_keep_votes_back_loses_up_to_a_third_of_the_stake() -> None:
    for share in (0.2, 1 / 3):
        assert profit([divider(share, EVERY, seed) for seed in range(SEEDS)]).upper < 0


@pytest.mark.parametrize("attack", LIMITS, ids=lambda attack: attack.name)
def test_a_limit_is_one(attack: Attack) -> None:
    """If it stopped paying, it would belong among the attacks."""
    found = measured(attack)
    assert found.protected.mean > 0
    assert attack.best is None and found.unprotected is None


def test_the_bound_on_saved_proofs_is_above_the_play_at_every_share() -> None:
    for share in (0.05, 1 / 3):
        for kind, cost in ((LateEmptier, BLOCK_REWARD_GWEI), (PayloadKeeper, 0)):
            setting = Setting(share=share, failure_rate=0, slots=240)
            played = profit([against(setting, kind, Late, Defences(), seed)
                             for seed in range(SEEDS)])
            assert played.mean < saved_at_most(share, Parameters().rho_start, cost)
    assert saved_at_most(0.0, Parameters().rho_start, 0) == 0


def test_witnesses_leave_a_third_nothing_and_half_something() -> None:
    """Also where nothing is left empty, and the own witnesses alone say what is not so."""
    rho = Parameters().rho_start
    assert claimed_at_most(1 / 3, rho, WITNESSES) < 0.5 < claimed_at_most(0.45, rho, WITNESSES)
    assert claimed_at_most(0.2, rho, LIST_MEMBERS) > 1_000
    assert majority(0.5, 15) == pytest.approx(0.5) and claimed_at_most(0.0, rho, 16) == 0
    for members, pays in ((WITNESSES, False), (LIST_MEMBERS, True)):
        setting = Setting(share=0.45, failure_rate=0, slots=240, witnesses=members)
        played = profit([against(setting, Claimer, Late, EVERY, seed) for seed in range(SEEDS)])
        assert (played.lower > 0) == pays
        assert played.mean < claimed_at_most(0.45, rho, members)


def test_a_third_that_keeps_payloads_back_and_says_nothing_fines_nobody() -> None:
    for seed in range(4):
        outcome = emptied(PayloadEmptier, EVERY, seed, 1 / 3)
        assert outcome.gain < 0 == outcome.loss


def test_the_document_is_the_command_s() -> None:
    made = markdown([measured(a) for a in ATTACKS], [measured(a) for a in LIMITS],
                    [measured_harm(harm) for harm in HARMS], optima())
    assert DOCUMENT.read_text("utf-8") == made, (
        "run: proofmill attacks --markdown > docs/attacks.md")


def test_every_defence_stops_an_attack() -> None:
    stops = {name for attack in (*ATTACKS, *HARMS) for name in attack.defences}
    assert stops == set(DEFENCES)


@pytest.mark.parametrize("off", [{"stages": False}, {"bound_proofs": False}])
def test_one_of_two_defences_is_enough_against_a_copy(off: dict[str, bool]) -> None:
    """Without stages the tag alone stops it; without the tag, being drawn alone does."""
    (copied,) = [attack for attack in THEFT if attack.name == "copied proof"]
    gains = [copied.gain(Defences(**off), seed) for seed in range(SEEDS)]
    assert profit(gains).upper <= 0


@pytest.mark.slow
@pytest.mark.parametrize(("share", "pays"), [(1 / 2, True), (1 / 3, False)])
def test_withholding_for_long_pays_half_of_the_stake_and_not_a_third(
    share: float, pays: bool
) -> None:
    """What docs/protocol.md says of the controller: 750 epochs from rho's ceiling."""
    identities = 8 if pays else 6
    setting = Setting(share=share, identities=identities, honest=8 if pays else 12, slots=6_000)
    gains = [against(setting, StealthyWithholder, Agent, Defences(), seed) for seed in range(4)]
    assert (sum(gains) > 0) == pays, gains


def test_honest_play_against_itself_earns_nothing() -> None:
    setting = Setting(slots=40)
    assert against(setting, Agent, Agent, Defences(), 5) == 0
    net = Arena(setting, Defences(), 5, Agent())
    assert net.play() > 0


def test_a_copier_is_refused_and_slashed() -> None:
    net = Arena(Setting(share=0.3, failure_rate=0.5, slots=80), Defences(), 1, Copier())
    net.play()
    assert net.ledger.totals.taken > 0
    for record in net.ledger.open.values():
        assert all(win.submission.prover not in net.own for win in record.wins)


def test_an_interval() -> None:
    found = profit([1.0, 3.0] * (SEEDS // 2))
    assert found.mean == 2 and found.half_width == pytest.approx(2.13145 * (16 / 15) ** 0.5 / 4)
    assert (found.lower + found.upper) / 2 == 2
    assert gwei(Profit(-0.4, 1234.5)) == "0 ± 1,234"
    with pytest.raises(ValueError, match="for 16 gains, not 3"):
        profit([1, 2, 3])


def test_a_defence_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="luck"):
        Attack("x", "", "", "", ("luck",), lambda defences, seed: 0.0)
    with pytest.raises(ValueError, match="missing"):
        Attack("x", "", "", "", (), lambda defences, seed: 0.0)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attacks", "--only", "wash"]) == 0
    text = capsys.readouterr().out
    assert "wash trading" in text and "No attack pays against its defence." in text
    assert main(["attacks", "--only", "front-run", "--json"]) == 0
    assert '"may_pay": []' in capsys.readouterr().out
    assert main(["attacks", "--only", "digest"]) == 0
    assert "victim loses" in capsys.readouterr().out
    assert main(["attacks", "--only", "digest", "--json"]) == 0
    assert '"without_defence_gwei": {"gain"' in capsys.readouterr().out
    assert main(["attacks", "--only", "nonsense"]) == 2
    assert "no attack is named so; there are copied proof" in capsys.readouterr().err
    assert main(["attacks", "--only", "wash", "--markdown"]) == 2
    capsys.readouterr()


@pytest.mark.parametrize("lists", [False, True])
def test_a_payload_without_a_listed_proof_is_dropped(lists: bool) -> None:
    """A proof is listed once a block could have had it; for the first one it may be too new."""
    net = Arena(Setting(share=1 / 3, slots=120, failure_rate=0), Defences(inclusion_lists=lists), 3,
                Censor())
    dropped = 0
    for slot in range(120):
        left_out = [entry for entry in net._queue.get(slot, [])
                    if entry not in net.agent.block(slot, [entry])]
        own = net.proposers[slot] in net.own
        expected = lists and own and any(entry.listed for entry in left_out)
        assert net._is_dropped(slot) == expected
        net._step(slot, has_payload=True)
        assert not expected or slot not in net.ledger.open
        dropped += expected
        for entry in left_out if own and not expected else ():
            waiting = [each.submission for each in net._queue[slot + 1] if each.listed]
            assert entry.submission in waiting
    assert bool(dropped) == lists


def test_a_delay_function_leaves_less_the_longer_it_is() -> None:
    rho = Parameters().rho_start
    added = [delayed(0.3, 8, rho, slots) for slots in (0, 1, 2, 4, 8)]
    assert added == sorted(added, reverse=True)
    assert added[0] > 5 * added[-1] > 0, "what is left is layer 1's own draw of proposers"
