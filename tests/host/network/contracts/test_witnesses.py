"""The contracts where layer 1's witnesses say when a proof was there, beside the reference."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from proofmill.host.network.contracts.deployment import Witnessed, on_witnesses
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.mechanism.parameters import Defences
from tests.host.network.contracts.test_agreement import BASES, SHORT, WITNESSED
from tests.host.network.contracts.twins import STRANGER, Twins, start

W1 = SHORT.stage1_blocks
PROVEN = 5
"""The slot whose proof it is about, in the second epoch."""
LATEST = 18
"""Its epoch is settled by then."""

Said = tuple[int, int, int]


def played(
    witnesses: bool, empty: Sequence[int], proves: int,
    told: Mapping[int, Sequence[tuple[int, str]]] | None = None, who: str = "primary",
) -> Twins:
    """A chain whose primaries prove at once, but for the slot PROVEN: its proof, of the primary or
    a member of its committee, is in the block of the slot `proves`. `empty`: slots without a block;
    `told`: by block, in which slots witnesses had whose proof of PROVEN."""
    twins = Twins(start(replace(SHORT, defences=Defences(
        calibration=False, witnesses=witnesses))))
    twins.open([5 * 10**18] * 4)

    def drawn(role: str) -> int:
        found = twins.replay.records[PROVEN].assignment
        assert found.primary is not None
        return found.primary if role == "primary" else found.committee[0]

    for slot in range(1, LATEST + 1):
        if slot in empty:
            continue
        twins.begin(slot, STRANGER, BASES[0], 0, (), [
            (of, PROVEN, drawn(role)) for of, role in (told or {}).get(slot, ())])
        for proven, record in list(twins.replay.records.items()):
            late, primary = proven == PROVEN, record.assignment.primary
            if primary is not None and not late and proven in twins.ledger.open and not (
                    record.wins or record.batch):
                twins.prove(proven, primary, sound=True)
            elif late and slot == proves:
                twins.prove(proven, drawn(who), sound=True)
        twins.end()
        if slot >= PROVEN and slot % 4 == 0:
            twins.compare()
    twins.compare()
    return twins


def paid(twins: Twins) -> tuple[int, int]:
    """The delay at which PROVEN is paid, and what its primary has lost for it."""
    record = twins.replay.records[PROVEN]
    charged = sum(amounts.burned + amounts.bounty for penalty, amounts, _ in twins.ledger.settled
                  if (penalty.slot, penalty.reason) == (PROVEN, "primary"))
    assert twins.ledger.settled_epochs > PROVEN // SHORT.slots_per_epoch and record.win
    return record.win.delay, charged


@pytest.mark.parametrize("witnesses", [False, True])
def test_an_own_empty_slot_saves_a_late_proof_nothing(witnesses: bool) -> None:
    delay, charged = paid(played(witnesses, [PROVEN + 1], PROVEN + 2))
    assert (delay, charged > 0) == ((2, True) if witnesses else (1, False))


def test_a_stranger_s_empty_slot_costs_a_proof_that_was_there_nothing() -> None:
    for empty in ([6], [6, 7, 8, 9, 10]):
        first = max(empty) + 1
        assert paid(played(True, empty, first, {first: [(PROVEN + W1, "primary")]})) == (W1, 0)


def test_what_a_block_leaves_out_a_later_one_says() -> None:
    """It was fined meanwhile, and has it back when its epoch is settled."""
    twins = played(True, [6], 7, {9: [(PROVEN + W1, "primary")], 10: [(PROVEN, "primary")]})
    assert paid(twins) == (2, 0) and twins.ledger.totals.taken == twins.ledger.totals.kept > 0


def test_witnesses_of_a_later_slot_do_not_save_it() -> None:
    delay, charged = paid(played(True, [6, 7], 8, {8: [(PROVEN + W1 + 1, "primary")]}))
    assert delay == W1 + 1 and charged > 0


def test_a_member_s_proof_that_was_early_counts_from_its_stage_on() -> None:
    twins = played(True, [6, 7, 8], 9, {9: [(PROVEN, "member")]}, who="member")
    delay, charged = paid(twins)
    assert delay == W1 + 1 and charged > 0
    committee = [penalty for penalty, _, _ in twins.ledger.settled
                 if (penalty.slot, penalty.reason) == (PROVEN, "committee")]
    assert not committee


def test_what_is_said_of_nobody_s_proof_is_not_kept() -> None:
    """Of another payload, of a slot before its own, of no prover, and what somebody else says."""
    twins = played(True, [], PROVEN + 1)
    consensus, rewards, carrier = (
        twins.layer.consensus, twins.layer.rewards, twins.account("carrier"))
    twins.begin(LATEST + 1, STRANGER, BASES[0], 0)
    twins.end()
    proven = LATEST
    root = twins.statements[proven].payload_root
    twins.evm.queue = None
    twins.evm.next_block(twins.evm.block().timestamp + 1)
    for wrong in (Witnessed(proven, proven, bytes(32), 0), Witnessed(proven - 1, proven, root, 0),
                  Witnessed(proven, proven, root, 4), Witnessed(3, PROVEN, root, 0)):
        twins.evm.system_call(consensus.address, on_witnesses(consensus, [wrong]))
        assert rewards.call("witnessed", wrong.proven_slot, wrong.prover) == (False, 0)
    right = Witnessed(proven, proven, root, 3)
    twins.evm.system_call(consensus.address, on_witnesses(consensus, [right]))
    assert rewards.call("witnessed", proven, 3) == (True, proven)
    assert consensus.call("failed_hooks") == 0
    for contract in (consensus, rewards):
        with pytest.raises(RevertedError, match="only the protocol reports blocks"):
            contract.send(carrier, "on_witnesses", [right.fields])


def test_parameters_of_the_property_count_witnesses() -> None:
    rewards = start(WITNESSED).layer.rewards
    assert rewards.call("parameters")["witnesses"] is True
    assert start(SHORT).layer.rewards.call("parameters")["witnesses"] is False
