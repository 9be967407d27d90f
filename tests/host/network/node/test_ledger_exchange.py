"""A light node learns accounts of its ledger and places of payloads from peers that it does not
trust."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from proofmill.host.network.certificates.answers import account_answer, block_answer
from proofmill.host.network.node.certificate_exchange import ANSWER_SECONDS
from proofmill.host.network.node.era_exchange import nothing
from proofmill.host.network.node.era_maker import MOST_LEDGERS
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.ledger_exchange import (
    MOST_OPEN,
    AccountQuestion,
    Find,
    KnownPayload,
    LedgerAnswer,
    LedgerExchange,
    LedgerQuestion,
    PlaceQuestion,
    Question,
    nothing_known,
    serve_ledger,
)
from proofmill.host.network.node.light_peer import ASK_MS
from proofmill.host.network.node.wire import LIMITS, Topic
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from tests.host.network.certificates.test_light_ledger import LEDGER
from tests.host.network.node.test_eras import LENGTH, Chain, Maker, Net

PROVEN = 2 * LENGTH
OTHER = LEDGER.credited(1, 1)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def maker(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maker]:
    """A full node with both eras; what it has for the ledger after the second is `LEDGER`."""
    made = Maker(tmp_path_factory.mktemp("maker"), chain)
    made.eras.hear(chain.final_blocks)
    made.work()
    made.eras.ledgers[LEDGER.root] = LEDGER
    yield made
    made.close()


def informed(net: Net, maker: Maker, chain: Chain) -> Net:
    """A light node that has taken both eras, and to which `LEDGER` is the ledger after them."""
    for first in (0, LENGTH):
        found = maker.eras.answer(first, chain.finals[1].root)
        assert found is not None
        net.eras.ledger.take(*found, "an era", chain.finals[1])
    net.eras.ledger.root = LEDGER.root
    return net


def play(net: Net, story: Callable[[], None]) -> None:
    """With its peers connected; until nobody owes an answer."""
    questions = net.light.questions
    assert questions is not None
    net.played(story, lambda: not questions.owing)


def test_a_full_node_knows_what_it_has(chain: Chain, maker: Maker, tmp_path: Path) -> None:
    ledger = informed(Net(tmp_path, chain, {}), maker, chain).eras.ledger
    about = maker.eras.about
    for place, block_hash in enumerate(chain.hashes):
        data = about(PlaceQuestion(block_hash, PROVEN))
        if place < PROVEN:
            assert ledger.place_of(block_hash, data, "a node") == place
        else:   # of an era that is not whole
            assert data == b""
    # Of an era that the asker does not know it would be no answer.
    assert about(PlaceQuestion(chain.hashes[LENGTH], PROVEN - 1)) == b""
    assert about(PlaceQuestion(bytes(32), PROVEN)) == b""
    for number in range(LEDGER.size.accounts):
        assert about(AccountQuestion(LEDGER.root, number)) == account_answer(LEDGER, number)
    assert about(AccountQuestion(LEDGER.root, LEDGER.size.accounts)) == b""
    assert about(AccountQuestion(OTHER.root, 1)) == b""


def test_nobody_asks_for_a_place_in_an_era_that_is_not_whole(
        chain: Chain, maker: Maker, tmp_path: Path) -> None:
    """Who says that more blocks are proven than there are learns nothing, and changes no answer
    that others get later."""
    question = PlaceQuestion(chain.hashes[0], PROVEN)
    early = Maker(tmp_path, chain)
    early.eras.hear(chain.final_blocks[:LENGTH - 1])
    assert early.eras.about(question._replace(blocks=2**64 - 1)) == b""
    early.eras.hear(chain.final_blocks[LENGTH - 1:])
    assert early.eras.about(question) == maker.eras.about(question) != b""
    early.close()


def test_the_latest_ledgers_are_kept(chain: Chain, tmp_path: Path) -> None:
    maker = Maker(tmp_path, chain)
    maker.eras.ledgers.update({root: LEDGER for root in range(MOST_LEDGERS)})
    maker.eras.hear(chain.final_blocks[:PROVEN])
    ends = [chain.blocks[number].after for number in (LENGTH - 1, PROVEN - 1)]
    assert list(maker.eras.ledgers) == [*range(2, MOST_LEDGERS), *ends]
    maker.close()


def forged(change: Callable[[Any], object], answer: bytes) -> bytes:
    document = json.loads(answer)
    change(document)
    return json.dumps(document).encode()


def lies(chain: Chain, maker: Maker) -> dict[str, tuple[Find, str]]:
    """What each liar answers to any question, and what is said of it."""
    account = account_answer(LEDGER, 2)
    place = maker.eras.about(PlaceQuestion(chain.hashes[1], PROVEN))
    told = {
        "balance": (forged(lambda it: it["account"].update(balance=201), account),
                    "does not lead to the ledger's root"),
        "no account": (forged(lambda it: it.update(account=None), account),
                       "does not lead to the ledger's root"),
        "another ledger": (account_answer(OTHER, 2), "does not lead to the ledger's root"),
        "another account": (account_answer(LEDGER, 1), "does not lead to the ledger's root"),
        "noise": (b"\xff", "ask another peer"),
        "another place": (forged(lambda it: it.update(place=0), place), "leads to no era"),
        "another era": (block_answer(1, []), "leads to no era"),
        "another branch": (forged(lambda it: it["branch"].__setitem__(0, "00" * 32), place),
                           "leads to no era"),
    }
    return {name: ((lambda question, lie=lie: lie), said)  # type: ignore[misc]
            for name, (lie, said) in told.items()}


def test_no_forged_answer_is_believed(chain: Chain, maker: Maker, tmp_path: Path) -> None:
    """Each liar alone knows what it did, is scored, and keeps nobody away from the honest one."""
    told = lies(chain, maker)
    accounts = {name: each for name, each in told.items() if "root" in each[1] or name == "noise"}
    places = {name: each for name, each in told.items() if name not in accounts}

    def about(name: str) -> Find:
        kind = AccountQuestion if name in accounts else PlaceQuestion
        return lambda question: told[name][0](question) if isinstance(question, kind) else b""

    net = informed(Net(tmp_path, chain, {name: nothing for name in [*told, "the honest"]}), maker,
                   chain)
    for name, peer in net.peers.items():
        peer.about = maker.eras.about if name == "the honest" else about(name)
    play(net, lambda: net.light.ask([2], [chain.hashes[1]]))
    report = net.light.report()
    (shown,), (proven,) = report.accounts, report.payloads
    assert (shown.number, shown.root, shown.blocks, shown.account, shown.peer) == (
        2, LEDGER.root, PROVEN, LEDGER.accounts[2], "the honest")
    assert (proven.place, proven.peer) == (1, "the honest")
    refused = dict(report.refused)
    assert len(report.refused) == len(told) and refused.keys() == told.keys()
    for name, (_, sentence) in told.items():
        assert sentence in refused[name], name
        assert refused[name].startswith("account 2" if name in accounts else "block 0x"), name
        assert net.light.gossip.standing.score(name) > 0
    assert places and net.light.gossip.standing.score("the honest") == 0


def test_what_nobody_has_is_not_known(chain: Chain, maker: Maker, tmp_path: Path) -> None:
    """An account that is none is shown to be none; that a payload is not proven nobody can show."""
    net = informed(Net(tmp_path, chain, {"a": nothing, "b": nothing}), maker, chain)
    net.peers["b"].about = maker.eras.about
    unproven = chain.hashes[PROVEN]
    play(net, lambda: net.light.ask([3, 1 << 40], [unproven, chain.hashes[0]]))
    report = net.light.report()
    assert [(each.number, each.account) for each in report.accounts] == [(3, None)]
    assert {each.block_hash: each.place for each in report.payloads} == {
        unproven: None, chain.hashes[0]: 0}
    assert report.refused == ()


def question(of: Question) -> bytes:
    about, number = of
    return bytes(LedgerQuestion(
        about=about if isinstance(about, bytes) else about.to_bytes(32, "big"),
        number=number).encode_bytes())


def answered(of: Question, answer: bytes) -> bytes:
    asked = LedgerQuestion.decode_bytes(question(of))
    return bytes(LedgerAnswer(about=asked.about, number=asked.number, answer=answer).encode_bytes())


def test_only_what_was_asked_for_is_heard(chain: Chain, maker: Maker, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = informed(Net(tmp_path, chain, {}), maker, chain).eras.ledger
    sent, said = list[tuple[str, Topic, bytes]](), list[tuple[str, str]]()
    peers = ["a", "b"]
    exchange = LedgerExchange(ledger, lambda *each: sent.append(each),
                              lambda *each: said.append(each), lambda: peers)
    of, right = AccountQuestion(LEDGER.root, 2), account_answer(LEDGER, 2)
    unasked = Reception.REJECT, "an answer to what was not asked"
    assert exchange.hear(Topic.ACCOUNT, answered(of, right), "a") == unasked
    exchange.ask_account(2)
    exchange.ask_account(2)
    assert sent == [("a", Topic.ACCOUNT_REQUEST, question(of))] and exchange.owing == ["a"]
    for data, topic, peer in (
            (answered(of, right), Topic.ACCOUNT, "b"),
            (answered(of, right), Topic.PLACE, "a"),
            (answered(AccountQuestion(LEDGER.root, 1), right), Topic.ACCOUNT, "a"),
            (answered(AccountQuestion(OTHER.root, 2), right), Topic.ACCOUNT, "a")):
        assert exchange.hear(topic, data, peer) == unasked
    for noise in (b"", b"\1" * 39, b"\1" * 100):
        assert exchange.hear(Topic.ACCOUNT, noise, "a")[0] is Reception.REJECT
    # Who does not answer is told of, and who has gone is not; the next is asked.
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + ANSWER_SECONDS + 1)
    exchange.tick()
    assert said == [("a", "ACCOUNT_REQUEST: no answer for 20 s")] and exchange.owing == ["b"]
    peers.append("c")
    exchange.left("b")
    assert exchange.owing == ["c"]
    # The ledger may have gone on meanwhile: what is shown is of the one that was asked for.
    ledger.root = OTHER.root
    assert exchange.hear(Topic.ACCOUNT, answered(of, right), "c") == (Reception.KEEP, "")
    assert exchange.accounts[2].root == LEDGER.root and exchange.owing == []
    # Who has shown something is asked first.
    exchange.ask_payload(chain.hashes[0])
    assert sent[-1][:2] == ("c", Topic.PLACE_REQUEST)
    peers.clear()
    exchange.left("c")
    assert exchange.payloads == {chain.hashes[0]: KnownPayload(chain.hashes[0], PROVEN, None)}


def test_questions_are_bounded(chain: Chain, tmp_path: Path) -> None:
    light = Net(tmp_path, chain, {}).light
    exchange = cast(LedgerExchange, light.questions)
    for number in range(MOST_OPEN):
        exchange.ask_account(number)    # nobody is connected, so they stay open
    with pytest.raises(ValueError, match="128 questions are open"):
        exchange.ask_account(MOST_OPEN)
    with pytest.raises(ValueError, match="more than 64 bits"):
        exchange.ask_account(1 << 64)
    light.tick(1, ASK_MS)
    assert exchange.owing == []
    sent: list[tuple[str, Topic, bytes]] = []

    def serve(find: Find, topic: Topic, data: bytes) -> Reception:
        return serve_ledger(topic, data, "a", find, lambda *each: sent.append(each))[0]

    of = AccountQuestion(LEDGER.root, 2)
    deep = Ledger(LEDGER.size.__class__(32, 1), LEDGER.accounts)
    assert serve(lambda each: account_answer(deep, 2) if each == of else b"",
                 Topic.ACCOUNT_REQUEST, question(of)) is Reception.KEEP
    assert sent[-1][:2] == ("a", Topic.ACCOUNT)
    assert len(sent[-1][2]) <= LIMITS[Topic.ACCOUNT]
    place = PlaceQuestion(b"\1" * 32, 7)
    assert serve(lambda each: b"x" if each == place else b"", Topic.PLACE_REQUEST,
                 question(place)) is Reception.KEEP
    assert sent[-1] == ("a", Topic.PLACE, answered(place, b"x"))
    assert serve(nothing_known, Topic.PLACE_REQUEST, b"\1") is Reception.REJECT
