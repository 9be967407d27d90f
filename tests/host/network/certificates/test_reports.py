"""Reports of a beacon chain by anybody: headers say which of them hold, and only those are paid."""

import json
from dataclasses import replace
from functools import cache

import pytest
from eth_abi import encode
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.reports import (
    MOST_BLOCKS,
    NOTHING,
    Anchor,
    BlockHeader,
    Reports,
    Said,
    ShownBlock,
    base_of,
    linked,
    path,
)
from proofmill.host.network.consensus.blocks import base_reward_gwei
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.mechanism.provisional import Reported
from tests.host.network.certificates.report_vectors import FILE, SPANS, document, made
from tests.host.network.certificates.reporting import (
    CHAIN_ID,
    DEPOSIT,
    ETHER,
    GENESIS,
    REGISTRY,
    Branch,
    World,
)
from tests.host.network.consensus.conftest import (  # noqa: F401
    MakeChain,
    circuit,
    make_chain,
    prover,
    verify,
)

PROVER = b"\x77" * 20


def test_the_vectors_are_what_the_reference_makes() -> None:
    """Four of six reports of what is proven hold, and spans of each standing are there."""
    found = json.loads(FILE.read_text())
    assert found == document()
    assert {each["slot"] for each in found["reports"] if each["holds"]} == {1, 2, 5, 8}
    assert {each["is"] for each in found["standing"]} == {"UNKNOWN", "HOLDS", "VOID"}


@cache
def _made() -> tuple[World, object]:
    world = World()
    return world, world.evm.snapshot()


@pytest.fixture
def world() -> World:
    """Contracts that are made once; each test begins with them as they were."""
    made, start = _made()
    made.evm.revert(start)
    made.begin()
    return made


def proof_of(said: Said, slot: int) -> list[int]:
    """What the verifier of these tests takes for prover 0."""
    tag = keccak(encode(("uint256", "uint64", "uint64", "address"), (CHAIN_ID, slot, 0, PROVER)))
    return [said.old_root, said.new_root, said.commitment, int.from_bytes(tag, "big"), 0, 0, 0, 0]


def test_real_blocks_are_shown(make_chain: MakeChain) -> None:  # noqa: F811
    """With an empty slot among them; their roots are the specification's."""
    chain = make_chain()
    genesis = bytes(chain.head.root)
    anchor = Anchor(genesis, 0, chain.execution_layer.genesis_hash,
                    chain.execution_layer.ledger(chain.execution_layer.genesis_hash).root)
    twin, said, blocks = Reports(anchor), {}, {}
    for slot in range(1, 6):
        if slot == 3:
            chain.leave_empty()
            continue
        chain.advance()
        block = chain.block(slot)
        parent = chain.store.blocks[block.parent_root]
        header, said[slot] = b"", NOTHING
        if parent.slot:
            before = chain.block(int(parent.slot))
            known = chain.proof_engine.payload(before.request_root)
            assert known is not None
            header = chain.execution_layer.header(before.request)
            said[slot] = Said(before.slot, bytes(before.payload.block_hash), known.old_root,
                              known.new_root, known.batch_commitment,
                              bytes(before.payload.fee_recipient))
        shown = ShownBlock.of(chain.store.blocks[block.root], header)
        assert shown.header.root(block.parent_root) == block.root
        blocks[block.root] = block.parent_root, shown
        twin.report(slot, said[slot])
    head = bytes(chain.head.root)
    shown_blocks = path(blocks, genesis, head)
    twin.prove(shown_blocks, head)
    assert twin.blocks == said and twin.standing(0, 5) is Reported.HOLDS
    assert path(blocks, bytes(32), head) == []
    state = chain.head_state
    total = [sum(int(each.effective_balance) for each in state.validators)] * 4
    assert base_of(total, 0, 5) == int(base_reward_gwei(state)) * 10**9


def test_a_reward_waits_for_the_headers(world: World) -> None:
    branch = Branch()
    world.layer.bonds.send(world.account, "register", PROVER, value=10 * ETHER)
    rewards = world.layer.rewards
    for slot in (1, 2, 4):
        world.report(slot, branch.add(slot))
    said = branch.said[4]
    assert said.slot == 2
    rewards.send(world.account, "submit", 2, 0, proof_of(said, 2))
    for slot in range(5, 18):
        world.report(slot, branch.add(slot, full=slot != 7))
    assert rewards.call("record", 2)["won"] and not rewards.call("record", 6)["opened"]
    base = world.layer.consensus.call("statement", 2)["base"]
    assert base == base_of(REGISTRY.totals, 0, 2) == world.reports.call("base", 2)
    for reason in ("not proven", "not known to be final"):
        with pytest.raises(RevertedError, match=reason):
            if reason == "not proven":
                rewards.send(world.account, "mature", 2)
            else:
                world.prove(branch.blocks[:8])
    assert world.reports.call("standing", 2, 4) == Reported.UNKNOWN == world.twin.standing(2, 4)
    # Nobody is settled before, although all windows have passed.
    assert rewards.call("settled_epochs") == 0
    world.finalise(1, branch.roots[6])
    receipt = world.prove(branch.blocks[:7])
    assert receipt.gas_used < 120_000 * 7
    assert world.reports.call("standing", 2, 4) == Reported.HOLDS == world.twin.standing(2, 4)
    rewards.send(world.account, "mature", 2)
    record = rewards.call("record", 2)
    assert rewards.call("balanceOf", PROVER) == record["prover_amount"] > 0
    before = world.evm.balance(world.anybody.address)
    world.reports.send(world.account, "release", [1, 2, 4])
    assert world.evm.balance(world.anybody.address) == before + 3 * DEPOSIT
    # Once, and passed over where there is none: slot 3 has no block.
    world.reports.send(world.account, "release", [1, 2, 3, 5])
    assert world.evm.balance(world.anybody.address) == before + 4 * DEPOSIT
    with pytest.raises(RevertedError, match="not known yet"):
        world.reports.send(world.account, "release", [6, 12])
    world.report(18, branch.add(18))
    assert world.layer.consensus.call("finalized_slot") == branch.blocks[6].header.slot


FORGED = {
    "slot": 1, "payload": b"\x01" * 32, "old_root": 1, "new_root": 1, "commitment": 1,
    "proposer": b"\x02" * 20}


@pytest.mark.parametrize("name", [*FORGED, "no block", "nothing to prove"])
def test_what_is_forged_is_void(world: World, name: str) -> None:
    """Whatever of a report is not what the headers say: nothing is paid that hangs on it, nobody is
    fined, and the deposit burns."""
    branch = Branch()
    world.layer.bonds.send(world.account, "register", PROVER, value=10 * ETHER)
    rewards = world.layer.rewards
    for slot in (1, 2):
        world.report(slot, branch.add(slot))
    forged = branch.said[2] if name == "no block" else branch.add(3)
    if name == "nothing to prove":
        forged = NOTHING
    elif name != "no block":
        forged = replace(forged, **{name: FORGED[name]})
    if name == "no block":
        forged = replace(forged, slot=2, payload=b"\x03" * 32)
    world.report(3, forged, world.liar)
    proven = forged.slot if forged.slot > 1 else 1
    said = forged if forged.slot > 1 else branch.said[2]
    rewards.send(world.account, "submit", proven, 0, proof_of(said, proven))
    for slot in range(4, 14):
        world.report(slot, branch.add(slot))
    assert rewards.call("record", proven)["won"]
    world.finalise(1, branch.roots[-1])
    world.prove(branch.blocks)
    assert world.reports.call("standing", proven, 3) == Reported.VOID
    assert world.twin.standing(proven, 3) is Reported.VOID
    with pytest.raises(RevertedError, match="is void"):
        rewards.send(world.account, "mature", proven)
    assert world.reports.call("standing", 3, 13) == Reported.HOLDS == world.twin.standing(3, 13)
    burned = world.evm.balance(bytes(20))
    world.reports.send(world.liar, "release", [3, 4])
    assert world.evm.balance(bytes(20)) == burned + DEPOSIT


def test_no_forged_header_is_taken(world: World) -> None:
    branch = Branch()
    for slot in (1, 2, 4, 5):
        branch.add(slot, full=slot != 5)
    world.finalise(1, branch.roots[-1])
    shown = branch.blocks
    header, payload, nodes = shown[2].header, shown[2].payload, shown[2].branch
    other = b"\x05" * 32
    wrong = [
        replace(shown[2], header=replace(header, slot=3)),
        replace(shown[2], header=replace(header, slot=2)),
        replace(shown[2], header=replace(header, slot=1 << 64)),
        replace(shown[2], header=replace(header, proposer=9)),
        replace(shown[2], header=replace(header, state_root=other)),
        replace(shown[2], header=replace(header, body_root=other)),
        replace(shown[2], payload=b""), replace(shown[2], payload=shown[1].payload),
        replace(shown[2], branch=(*nodes[:-1], other)), replace(shown[2], branch=nodes[1:]),
        replace(shown[2], branch=(*nodes, other)), replace(shown[2], payload=payload[:400]),
        *(replace(shown[2], payload=payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1:])
          for at in (0, 3, 4, 69, 80, 90, 100, 448, 449, 462, 470, 500)),
    ]
    for each in wrong:
        blocks = [*shown[:2], each, shown[3]]
        with pytest.raises(RevertedError):
            world.reports.send(world.liar, "prove", [one.fields for one in blocks])
        with pytest.raises(ProofmillError):
            world.twin.prove(blocks, world.final_root)
    for blocks in (shown[1:], shown[:-1], [*shown, shown[-1]], [shown[0], shown[0], *shown[1:]]):
        with pytest.raises(RevertedError):
            world.reports.send(world.liar, "prove", [one.fields for one in blocks])
        with pytest.raises(ProofmillError):
            world.twin.prove(blocks, world.final_root)
    world.prove(shown)


def test_a_long_time_without_finality_is_linked(world: World) -> None:
    """More blocks than one call proves: headers lead back to one in the middle."""
    branch = Branch()
    for slot in range(1, MOST_BLOCKS + 6):
        branch.add(slot, full=slot < 8)
    world.finalise(1, branch.roots[-1])
    with pytest.raises(RevertedError):
        world.prove(branch.blocks)
    with pytest.raises(RevertedError, match="not known to be final"):
        world.prove(branch.blocks[:5])
    headers = linked(branch.blocks, GENESIS.root)[:4:-1]

    def link(root: bytes, chosen: list[tuple[bytes, BlockHeader]]) -> None:
        world.reports.send(world.anybody, "link", root, [header.fields for _, header in chosen],
                           [parent for parent, _ in chosen])

    for root, chosen in ((branch.roots[-2], headers), (branch.roots[-1], headers[1:]),
                         (branch.roots[-1], [*headers[:3], *headers[4:]])):
        with pytest.raises(RevertedError):
            link(root, chosen)
        with pytest.raises(ProofmillError):
            world.twin.link(root, chosen, world.final_root)
    link(branch.roots[-1], headers)
    world.twin.link(branch.roots[-1], headers, world.final_root)
    world.finalise(3, b"\x09" * 32)  # the next is final meanwhile
    world.prove(branch.blocks[:5])
    world.prove(branch.blocks[5:])


def test_the_contract_says_what_the_vectors_say(world: World) -> None:
    branch, twin = made()
    for slot, said in twin.reported.items():
        world.report(slot, said)
    count = len(twin.blocks)
    world.finalise(1, branch.roots[count - 1])
    world.prove(branch.blocks[:count])
    for first, last in SPANS:
        if last in twin.reported:
            assert world.reports.call("standing", first, last) == twin.standing(first, last)


def test_who_may_report_and_what(world: World) -> None:
    branch = Branch()
    world.report(1, branch.add(1))
    said = branch.add(2)
    world.at(2)
    reports = world.reports
    for data, value, reason in (
            (said.fields, 0, "comes with its deposit"), (said.fields, 2 * DEPOSIT, "its deposit"),
            (replace(said, slot=2).fields, DEPOSIT, "parent is not before")):
        with pytest.raises(RevertedError, match=reason):
            reports.send(world.liar, "report", data, value=value)
    world.report(2, said)
    with pytest.raises(RevertedError, match="has reported already"):
        reports.send(world.liar, "report", said.fields, value=DEPOSIT)
    with pytest.raises(RevertedError, match="only the protocol"):
        world.layer.consensus.send(world.account, "on_block", (
            0, bytes(32), 0, 0, 0, 0, 0, bytes(20)), 0, 0)
    # What a proof of slot 1 has to state stays as it was first said.
    world.report(3, replace(said, new_root=99), world.liar)
    assert world.layer.consensus.call("statement", 1)["new_root"] == said.new_root
    with pytest.raises(RevertedError, match="only the creator"):
        reports.send(world.liar, "connect", world.liar.address)
    with pytest.raises(RevertedError, match="connected already"):
        reports.send(world.account, "connect", world.liar.address)


def test_a_lie_about_one_slot_leaves_the_next_report_possible(world: World) -> None:
    """Whoever reports slot 3 knows the payload that slot 4's report will speak of."""
    branch = Branch()
    for slot in (1, 2):
        world.report(slot, branch.add(slot))
    said, following = branch.add(3), branch.add(4)
    world.report(3, replace(said, payload=following.payload), world.liar)
    world.report(4, following)
    assert world.layer.rewards.call("record", 3)["payload_root"] == following.payload_root
    world.finalise(1, branch.roots[-1])
    world.prove(branch.blocks)
    for first, last, standing in ((2, 3, Reported.VOID), (3, 4, Reported.HOLDS)):
        assert world.reports.call("standing", first, last) == standing


def test_who_gives_too_little_gas_reports_nothing(world: World) -> None:
    """Or a report could keep the contract of rewards from being told, and with it proofs."""
    branch = Branch()
    used = [world.report(slot, branch.add(slot)).gas_used for slot in (1, 2)]
    said = branch.add(3)
    world.at(3)
    for gas in range(used[1] // 2, used[1] * 2, used[1] // 10):
        start = world.evm.snapshot()
        try:
            world.reports.send(world.liar, "report", said.fields, value=DEPOSIT, gas=gas)
        except RevertedError:
            pass
        assert world.layer.consensus.call("failed_hooks") == 0
        world.evm.revert(start)
        world.liar.resynchronise()


def test_epochs_without_a_certificate_are_excused(world: World) -> None:
    branch = Branch()
    for slot in range(1, 26):
        world.report(slot, branch.add(slot))
    world.finalise(2, branch.roots[15])
    world.prove(branch.blocks[:16])
    world.finalise(4, branch.roots[23])
    world.prove(branch.blocks[16:24])
    justified = {0, 2, 3, 4, 5} - {0}   # the root of epoch 0 is none
    for first, last in ((2, 4), (9, 12), (14, 17), (17, 19), (20, 24)):
        assert world.reports.call("was_excused", first, last) == world.twin.was_excused(
            first, last, justified, 8) == (first < 16)


def test_the_base_is_that_of_a_registry_that_certificates_name(world: World) -> None:
    reports = world.reports
    totals = tuple(total - place * 32 * 10**9 for place, total in enumerate(REGISTRY.totals))
    later = replace(REGISTRY, epoch=2, totals=totals)
    parts = [2, later.tree.root, later.totals, later.fork_domain]
    with pytest.raises(RevertedError, match="no registry of this epoch"):
        reports.send(world.liar, "open", *parts)
    signals = [REGISTRY.commitment, later.commitment, 0, 0, 0, 2, 0, 2]
    world.finality.send(world.account, "submit", 0, 2, (2).to_bytes(32, "big"), later.commitment, 1,
                        1, signals)
    for place, wrong in ((0, 0), (1, later.tree.root + 1), (2, REGISTRY.totals),
                         (3, b"\x01" * 32)):
        with pytest.raises(RevertedError, match="has other parts"):
            reports.send(world.liar, "open", *(wrong if at == place else part
                                               for at, part in enumerate(parts)))
    reports.send(world.liar, "open", *parts)
    for slot in (0, 16, 24, 32, 40, 48, 56):
        assert reports.call("base", slot) == base_of(totals, 2, slot)
    assert reports.call("base", 56) < reports.call("base", 32) < base_of(REGISTRY.totals, 0, 1)
    with pytest.raises(RevertedError, match="a later registry is open"):
        reports.send(world.liar, "open", 0, *parts[1:])
