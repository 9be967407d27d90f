"""docs/protocol.md quotes the code: every constant, and every worked value."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism import bonds, lottery, market, rewards
from proofmill.host.network.mechanism.hashing import domain
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.circuits.statement import PROVER_TAG_DOMAIN

TEXT = (Path(__file__).parents[4] / "docs" / "protocol.md").read_text("utf-8")
FLAT = " ".join(TEXT.split())
P = Parameters()
QUOTED = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", TEXT, re.MULTILINE))


def test_every_constant_is_quoted_as_it_is() -> None:
    constants = {f.name: getattr(P, f.name) for f in fields(P) if f.name != "defences"}
    assert {name: int(value.replace(",", "")) for name, value in QUOTED.items()} == constants


def test_the_decay_s_table() -> None:
    (row,) = re.findall(r"^\| D, bps \| (.*) \|$", TEXT, re.MULTILINE)
    quoted = [int(value.replace(",", "")) for value in row.split(" | ")]
    assert quoted == [rewards.decay_bps(P, delay) for delay in range(1, len(quoted) + 1)]


def test_the_seed_to_check_against() -> None:
    (quoted,) = re.findall(r"`seed\(7\)` = `([0-9a-f]{64})`", FLAT)
    assert quoted == lottery.slot_seed(bytes(range(32)), 7).hex()


@pytest.mark.parametrize(("quoted", "used"), [
    ("proofmill.lottery.slot.1", lottery.SLOT_DOMAIN),
    ("proofmill.lottery.batch.1", lottery.BATCH_DOMAIN),
    ("proofmill.market.commit.1", market.COMMIT_DOMAIN),
])
def test_domains(quoted: str, used: bytes) -> None:
    assert f'keccak256("{quoted}")' in FLAT and domain(quoted) == used


def test_numbers_in_sentences() -> None:
    tag_text = "proofmill.prover-tag.1"
    assert f"`{tag_text}`" in FLAT
    assert int.from_bytes(tag_text.encode(), "big") == PROVER_TAG_DOMAIN
    for sentence, value in (
        (r"`e - (\d)`, or genesis's mix", lottery.MIX_DELAY_EPOCHS),
        (r"`max\(0, e - (\d)\)`", lottery.MIX_DELAY_EPOCHS),
        (r"from epoch e \+ (\d+) on", bonds.withdrawable_epoch(P, 0)),
        (r"\(10,000 - q\) / (\d+)", P.reliability_gain_divisor),
        (r"`q · (0\.\d)`, not below", P.reliability_miss_bps / BPS),
        (r"`q · (0\.\d\d\d)`, not below", 1 - P.reliability_idle_bps / BPS),
        (r"`q · 0\.6`, not below ([\d,]+)", P.reliability_min_bps),
        (r"more than 1/(\d) of the epoch's primaries", P.relief_one_in),
        (r"each member X / (\d)", P.committee_divisor),
        (r"P = R · D · (\d+) /", P.prover_weight),
        (r"I = R · D · (\d+) /", P.includer_weight),
        (r"ρ · \((\d) · 10,000 \+ c\*", P.controller_divisor),
        (r"(\d) % is burned", P.fee_burn_bps / 100),
        (r"at most (0\.\d) of what was burned", P.subsidy_bps / BPS),
        (r"more than (\d) % of all slots", 100 - P.target_coverage_bps / 100),
        (r"about (\d+) % of the stake",
         round(100 * (1 - P.target_coverage_bps / BPS) ** (1 / (P.committee_size + 1)))),
    ):
        found = re.findall(sentence, FLAT)
        assert len(found) == 1, sentence
        assert float(found[0].replace(",", "")) == pytest.approx(value), sentence


def test_the_least_bond_never_passes_anybody_over() -> None:
    budget = rewards.largest_budget(P, 10**9)
    penalty = P.penalty_multiple * rewards.most(P, budget)
    duties = [penalty] * P.stage1_blocks + [penalty // 4] * P.stage2_blocks
    least = bonds.minimum_bond(P, budget)
    assert bonds.covers(P, least, duties, penalty)
    assert not bonds.covers(P, least - 1, duties, penalty)
